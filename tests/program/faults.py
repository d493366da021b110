"""What goes wrong around a container: commands that are killed or meet each other, hooks that misbehave, callers
that close what they should not."""

import os
import pathlib
import signal
import subprocess
import time

from harness import PATIENCE, RUNTIME, RuntimeTest, ours_only, wait_for


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Faults(RuntimeTest):
    def script(self, text, **more):
        return {"path": "/bin/sh", "args": ["sh", "-c", text], "env": ["PATH=/bin:/usr/bin", f"CORACLE_TEST_MARK={self.mark}"], **more}

    def hooked(self, moment, text, *args, **more):
        config = self.config(*(args or ("/probe", "wait")))
        config["hooks"] = {moment: [self.script(text, **more)]}
        return config

    def begin(self, *args):
        process = subprocess.Popen(
            [RUNTIME, "--root", str(self.root), *map(str, args)],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def nothing_is_left(self, name):
        wait_for(lambda: not self.cgroups() and not self.processes(), f"everything of {name} to be gone")
        self.assertFalse((self.root / name).exists())

    @ours_only
    def test_delete_force_ends_a_create_whose_hook_hangs(self):
        config = self.hooked("createRuntime", f"touch {self.folder}/hangs; exec sleep 1000")
        name = self.new_id()
        creating = self.begin("create", "--bundle", self.bundle(config), name)
        wait_for((self.folder / "hangs").exists, "the hook to run")
        self.runtime_ok("delete", "--force", name, timeout=20)
        self.assertNotEqual(creating.wait(10 * PATIENCE), 0)
        self.assertIn("init has ended meanwhile", creating.stderr.read())
        self.nothing_is_left(name)

    @ours_only
    def test_delete_force_during_create_leaves_nothing_at_any_moment(self):
        bundle = self.bundle(self.config("/probe", "wait"))
        for milliseconds in (0, 1, 2, 3, 4, 6, 8, 10, 12, 15):
            with self.subTest(milliseconds=milliseconds):
                name = self.new_id()
                creating = self.begin("create", "--bundle", bundle, name)
                wait_for(lambda: (self.root / name).exists() or creating.poll() is not None, "the id to be taken")
                try:
                    creating.wait(milliseconds / 1000)
                except subprocess.TimeoutExpired:
                    pass
                self.runtime_ok("delete", "--force", name)
                creating.wait(20 * PATIENCE)
                self.nothing_is_left(name)

    @ours_only
    def test_delete_force_does_not_wait_for_a_poststart_hook_that_hangs(self):
        name = self.create(self.hooked("poststart", f"touch {self.folder}/hangs; exec sleep 1000"))
        starting = self.begin("start", name)
        wait_for((self.folder / "hangs").exists, "the hook to run")
        self.runtime_ok("delete", "--force", name, timeout=30)
        starting.kill()
        self.nothing_is_left(name)

    @ours_only
    def test_a_hook_does_not_outlive_a_runtime_that_is_killed(self):
        config = self.hooked("createRuntime", f"touch {self.folder}/hangs; exec sleep 1000")
        name = self.new_id()
        creating = self.begin("create", "--bundle", self.bundle(config), name)
        wait_for((self.folder / "hangs").exists, "the hook to run")
        creating.kill()
        creating.wait()
        self.runtime_ok("delete", "--force", name)
        self.nothing_is_left(name)

    @ours_only
    def test_the_runtime_sleeps_while_a_hook_with_closed_descriptors_runs(self):
        config = self.hooked("createRuntime", f"exec <&- >&- 2>&-; echo > {self.folder}/closed; read x < {self.folder}/go")
        os.mkfifo(self.folder / "go")
        creating = self.begin("create", "--bundle", self.bundle(config), self.new_id())
        wait_for((self.folder / "closed").exists, "the hook to close all")
        before = cpu_seconds(creating.pid)
        time.sleep(0.5)  # the time that is measured
        used = cpu_seconds(creating.pid) - before
        (self.folder / "go").write_text("on\n")
        self.assertEqual(creating.wait(20 * PATIENCE), 0)
        self.assertLess(used, 0.1)

    @ours_only
    def test_a_hook_that_never_stops_talking_is_ended_in_time(self):
        config = self.hooked("createRuntime", "exec yes", timeout=1)
        done = self.runtime("create", "--bundle", self.bundle(config), self.new_id(), timeout=20)
        self.assertIn("not finished after 1 s", done.err)

    @ours_only
    def test_a_hook_gets_no_descriptor_of_the_caller(self):
        config = self.hooked("createRuntime", f"ls /proc/self/fd > {self.folder}/fds", "/bin/true")
        with open(self.folder / "open", "w") as file:
            os.set_inheritable(file.fileno(), True)
            self.runtime_ok("create", "--bundle", self.bundle(config), self.new_id(), close_fds=False)
            number = str(file.fileno())
        found = (self.folder / "fds").read_text().split()
        self.assertEqual(len(found), 4, found)  # 0, 1, 2, and the folder that ls lists
        self.assertGreater(int(number), 2)

    def test_a_container_that_is_paused_before_start_can_be_resumed_and_started(self):
        name = self.create()
        self.runtime_ok("pause", name)
        self.assertEqual(self.status(name), "paused")
        self.refused("start", name, says="paused", timeout=10)
        self.runtime_ok("resume", name)
        self.assertEqual(self.status(name), "created")
        self.runtime_ok("start", name)

    @ours_only
    def test_a_config_that_is_no_file_is_refused_at_once(self):
        bundle = self.bundle()
        (bundle / "config.json").unlink()
        os.mkfifo(bundle / "config.json")
        self.refused("create", "--bundle", bundle, self.new_id(), says="config.json is not a regular file", timeout=10)

    def test_closed_standard_descriptors_become_dev_null(self):
        config = self.config("/bin/sh", "-c", "for n in 0 2; do readlink /proc/self/fd/$n; done > /out/seen")
        out = self.folder / "out"
        out.mkdir()
        config["mounts"].append({"destination": "/out", "type": "bind", "source": str(out), "options": ["bind", "rw"]})
        shell = '"$@" <&- >&- 2>&-'
        done = self.call("sh", "-c", shell, "sh", RUNTIME, "--root", self.root, "run", "--bundle", self.bundle(config), self.new_id())
        self.assertEqual(done.code, 0, done)
        seen = (out / "seen").read_text().split()
        self.assertEqual(seen, ["/dev/null", "/dev/null"])

    def test_two_starts_at_once_run_the_program_once(self):
        for _ in range(5):
            name = self.create()
            both = [self.begin("start", name) for _ in range(2)]
            self.assertEqual(sorted(process.wait(20 * PATIENCE) != 0 for process in both), [False, True])
            self.stop(name)

    def test_exec_during_the_end_of_the_container_ends(self):
        for _ in range(5):
            name = self.running()
            several = [self.begin("exec", name, "/bin/true") for _ in range(3)]
            self.runtime_ok("delete", "--force", name)
            for process in several:
                process.wait(20 * PATIENCE)
            wait_for(lambda: not self.cgroups() and not self.processes(), "everything to be gone")
