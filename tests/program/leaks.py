"""No path of a container leads to its host by a descriptor of the runtime. cve: 2024-21626"""

import shutil

from harness import BUSYBOX, RuntimeTest, wait_for

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

    def test_by_a_look_into_the_process_of_exec(self):
        # cve: 2016-9962
        secret = self.folder / "secret"
        secret.write_text("ESCAPED\n")
        look = f"for n in 3 4 5 6 7 8 9; do cat /proc/$p/fd/$n{'/..' * 12}{secret} >>/tmp/seen; done"
        watch = f"touch /tmp/seen; while :; do for p in /proc/[0-9]*; do p=${{p#/proc/}}; [ $p = 1 ] || {{ {look}; }} 2>/dev/null; done; done"
        config = self.config("/bin/sh", "-c", watch)
        config["process"]["capabilities"] = {kind: ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"] for kind in ("bounding", "effective", "permitted")}
        folder, name = self.bundle(config), self.new_id()
        self.runtime_ok("run", "--detach", "--bundle", folder, name)
        wait_for((folder / "rootfs/tmp/seen").exists, "the watch to begin")
        for _ in range(30):
            self.runtime_ok("exec", name, "/bin/true")
        self.assertEqual((folder / "rootfs/tmp/seen").read_text(), "")
