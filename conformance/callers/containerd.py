"""containerd, driven by its own client ctr."""

from caller import IMAGE, Caller, Check
from checks import quick


class Containerd(Caller):
    packages = {"containerd": "containerd", "ctr": "containerd"}

    def begin(self):
        config = self.folder / "config.toml"
        config.write_text(f"""version = 2
root = "{self.folder}/root"
state = "{self.folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{self.socket}"
""")
        self.serve("containerd", "-c", config, ready=lambda: self.ctr("version").code == 0)
        self.must("images", "import", self.archive)

    @property
    def socket(self):
        return self.folder / "containerd.sock"

    def ctr(self, *words, **more):
        return self.call("ctr", "-a", self.socket, *words, **more)

    def must(self, *words, **more):
        return self.does("ctr", "-a", self.socket, *words, **more)


class Run(Check):
    by = Containerd

    def ctr_run(self, *words, options=(), **more):
        """`ctr run`, to the end of the container."""
        name = self.name()
        return self.caller.ctr("run", "--rm", "--runc-binary", self.caller.runtime, *options, IMAGE, name, *words, **more)

    @quick
    def test_exit_code(self):
        """the exit code is that of the program"""
        done = self.ctr_run("sh", "-c", "echo hello; exit 7")
        self.assertEqual((done.code, done.out), (7, "hello\n"), done)
