"""No path of a container leads to its host by a descriptor of the runtime. cve: 2024-21626"""

import shutil

from harness import BUSYBOX, RuntimeTest

NUMBERS = range(3, 24)
TOOL = "/bin/echo"


class Leaks(RuntimeTest):
    def setUp(self):
        super().setUp()
        # What is executed names itself by its first argument.
        self.victim = self.folder / "echo"
        shutil.copy(BUSYBOX, self.victim)

    def by(self, number):
        """A path that leads to the host's file where this descriptor is a directory of the host."""
        return f"/proc/self/fd/{number}{'/..' * 12}{self.victim}"

    def place(self, folder, number):
        tool = folder / "rootfs" / TOOL[1:]
        tool.unlink(missing_ok=True)
        tool.symlink_to(self.by(number))

    def stays_inside(self, run):
        for number in NUMBERS:
            with self.subTest(number):
                self.assertNotIn("ESCAPED", run(number).out)

    def test_by_the_program_of_a_container(self):
        folder = self.bundle(self.config(TOOL, "ESCAPED"))

        def run(number):
            self.place(folder, number)
            return self.runtime("run", "--bundle", folder, self.new_id())

        self.stays_inside(run)

    def test_by_its_interpreter(self):
        folder = self.bundle(self.config("/bin/script"))
        script = folder / "rootfs/bin/script"

        def run(number):
            script.write_text(f"#!{TOOL} ESCAPED\n")
            script.chmod(0o755)
            self.place(folder, number)
            return self.runtime("run", "--bundle", folder, self.new_id())

        self.stays_inside(run)

    def test_by_its_search_path(self):
        def run(number):
            config = self.config("echo", "ESCAPED")
            config["process"]["env"] = [f"PATH={self.by(number).removesuffix('/echo')}"]
            return self.run_config(config)

        self.stays_inside(run)

    def test_by_the_program_of_exec(self):
        folder = self.bundle(self.config("/probe", "wait"))
        name = self.new_id()
        self.runtime_ok("run", "--detach", "--bundle", folder, name)

        def run(number):
            self.place(folder, number)
            return self.runtime("exec", name, TOOL, "ESCAPED")

        self.stays_inside(run)

    def test_by_a_hook_in_the_container(self):
        config = self.config("/bin/ls", "/tmp")
        config["hooks"] = {"startContainer": [{"path": "/bin/hook", "args": ["touch", "/tmp/ESCAPED"]}]}
        folder = self.bundle(config)

        def run(number):
            hook = folder / "rootfs/bin/hook"
            hook.unlink(missing_ok=True)
            hook.symlink_to(self.by(number))
            (folder / "rootfs/tmp/ESCAPED").unlink(missing_ok=True)
            return self.runtime("run", "--bundle", folder, self.new_id())

        self.stays_inside(run)
