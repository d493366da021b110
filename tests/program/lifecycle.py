"""A container's life: create, start, state, kill, delete, run, list."""

import json
import os
import signal
import subprocess

from harness import OURS, RUNTIME, RuntimeTest, ours_only, wait_for


class Lifecycle(RuntimeTest):
    def test_a_container_goes_through_the_states_that_the_specification_names(self):
        name = self.create()
        self.assertEqual(self.status(name), "created")
        self.runtime_ok("start", name)
        self.assertEqual(self.status(name), "running")
        self.runtime_ok("kill", name, "KILL")
        self.wait_status(name, "stopped")
        self.runtime_ok("delete", name)
        self.refused("state", name, says="does not exist")

    def test_state_has_the_members_that_the_specification_asks_for(self):
        config = self.config("/probe", "wait")
        config["annotations"] = {"org.example.colour": "blue"}
        name = self.create(config)
        state = self.state(name)
        self.assertEqual(state["id"], name)
        self.assertTrue(state["ociVersion"].startswith("1."))
        self.assertTrue(os.path.isabs(state["bundle"]))
        self.assertEqual(state["annotations"]["org.example.colour"], "blue")
        self.assertTrue(os.path.exists(f"/proc/{state['pid']}"))

    def test_the_program_does_not_run_before_start(self):
        config = self.config("/bin/touch", "/tmp/ran")
        bundle = self.bundle(config)
        name = self.new_id()
        self.runtime_ok("create", "--bundle", bundle, name)
        self.assertFalse((bundle / "rootfs/tmp/ran").exists())
        self.runtime_ok("start", name)
        wait_for((bundle / "rootfs/tmp/ran").exists, "the program to run")

    def test_a_second_create_with_the_same_id_is_refused_and_harms_nothing(self):
        name = self.create()
        before = self.state(name)
        self.refused("create", "--bundle", self.bundle(), name, says="container with given ID already exists")
        self.assertEqual(self.state(name), before)
        self.runtime_ok("start", name)

    def test_a_second_start_is_refused_and_the_process_goes_on(self):
        name = self.running()
        self.refused("start", name, says="cannot start an already running container")
        self.assertEqual(self.status(name), "running")

    def test_start_of_a_stopped_container_is_refused(self):
        name = self.running(self.config("/bin/true"))
        self.wait_status(name, "stopped")
        self.refused("start", name, says="cannot start a container that has stopped")

    def test_delete_of_a_running_container_is_refused_and_the_process_goes_on(self):
        name = self.running()
        self.refused("delete", name, says=[name, "not stopped: running"])
        self.assertEqual(self.status(name), "running")

    @ours_only
    def test_delete_of_a_created_container_is_refused_without_force(self):
        name = self.create()
        self.refused("delete", name, says=[name, "not stopped: created"])
        self.assertEqual(self.status(name), "created")

    def test_delete_force_ends_a_running_container_and_can_be_repeated(self):
        name = self.running()
        self.runtime_ok("delete", "--force", name)
        self.runtime_ok("delete", "--force", name)
        self.refused("state", name, says="does not exist")

    def test_delete_force_of_a_created_container_leaves_nothing(self):
        name = self.create()
        self.runtime_ok("delete", "-f", name)
        self.assertEqual(self.cgroups(), [])

    def test_delete_kill_and_start_of_an_absent_container_say_that_it_does_not_exist(self):
        for command in ("delete", "kill", "start", "state", "ps"):
            with self.subTest(command):
                self.refused(command, "absent", says="does not exist")

    def test_kill_of_a_stopped_container_says_that_it_is_not_running(self):
        name = self.running(self.config("/bin/true"))
        self.wait_status(name, "stopped")
        self.refused("kill", name, "KILL", says="container not running")

    def test_a_created_container_can_be_killed_and_deleted(self):
        name = self.create()
        self.stop(name)
        self.runtime_ok("delete", name)

    def test_start_fails_at_once_when_the_created_process_was_killed_from_outside(self):
        name = self.create()
        os.kill(self.state(name)["pid"], signal.SIGKILL)
        self.wait_status(name, "stopped")
        done = self.runtime("start", name, timeout=10)
        self.one_line(done, "stopped" if OURS else "")

    def test_a_stopped_container_has_no_pid(self):
        name = self.running(self.config("/bin/true"))
        self.wait_status(name, "stopped")
        self.assertEqual(self.state(name).get("pid", 0), 0)

    def test_the_id_must_be_a_plain_word(self):
        for name in ("", "..", ".", "a/b", "a b"):
            with self.subTest(name):
                done = self.runtime("create", "--bundle", self.bundle(), "--", name)
                self.assertNotEqual(done.code, 0, done)

    @ours_only
    def test_a_create_killed_at_any_moment_can_be_deleted_with_all_that_it_made(self):
        # Each round lets it get a little further; the last ones may have come to the end.
        for milliseconds in (0, 1, 2, 3, 5, 8, 12, 20, 30):
            with self.subTest(milliseconds=milliseconds):
                name = self.new_id()
                command = [RUNTIME, "--root", self.root, "create", "--bundle", self.bundle(self.config()), name]
                process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    process.wait(milliseconds / 1000)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                self.runtime_ok("delete", "--force", name)
                wait_for(lambda: not self.cgroups() and not self.processes(), "everything to be gone")


class Run(RuntimeTest):
    def test_run_passes_on_the_exit_code(self):
        self.assertEqual(self.run_config(self.config("/probe", "exit", "7")).code, 7)

    def test_run_gives_128_and_the_signal_when_the_process_is_killed(self):
        name = self.new_id()
        command = [RUNTIME, "--root", self.root, "run", "--bundle", self.bundle(self.config("/probe", "wait")), name]
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            self.runtime_ok("kill", name, "KILL")
        self.assertEqual(process.returncode, 128 + 9)

    def test_run_leaves_nothing_in_the_list(self):
        self.run_config(self.config("/bin/true"))
        self.assertEqual(self.runtime_ok("list", "-q").out, "")

    def test_run_passes_standard_input_and_output_through(self):
        done = self.run_config(self.config("/bin/cat"), input="from outside\n")
        self.assertEqual((done.code, done.out), (0, "from outside\n"))

    def test_run_detached_returns_while_the_process_runs(self):
        name = self.new_id()
        self.runtime_ok("run", "--detach", "--bundle", self.bundle(self.config("/probe", "wait")), name)
        self.assertEqual(self.status(name), "running")

    def test_run_passes_signals_on(self):
        command = [RUNTIME, "--root", self.root, "run", "--bundle", self.bundle(self.config("/probe", "catch")), self.new_id()]
        process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        with process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.send_signal(signal.SIGUSR1)
            self.assertEqual(process.stdout.readline().split(" size")[0], f"signal {int(signal.SIGUSR1)}")
        self.assertEqual(process.returncode, 0)

    @ours_only
    def test_run_takes_a_folder_that_holds_a_config_as_the_bundle(self):
        bundle = self.bundle(self.config("/bin/echo", "from the folder"))
        done = self.runtime_ok("run", bundle.name, cwd=bundle.parent)
        self.assertEqual(done.out, "from the folder\n")

    def test_run_takes_the_current_folder_as_the_bundle(self):
        bundle = self.bundle(self.config("/bin/echo", "from here"))
        self.assertEqual(self.runtime_ok("run", self.new_id(), cwd=bundle).out, "from here\n")

    def test_run_keep_leaves_a_stopped_container(self):
        name = self.new_id()
        self.runtime_ok("run", "--keep", "--bundle", self.bundle(self.config("/bin/true")), name)
        self.assertEqual(self.status(name), "stopped")


class Pause(RuntimeTest):
    def test_a_paused_container_says_so_and_goes_on_after_resume(self):
        name = self.running()
        self.runtime_ok("pause", name)
        self.assertEqual(self.status(name), "paused")
        self.runtime_ok("resume", name)
        self.assertEqual(self.status(name), "running")

    def test_exec_in_a_paused_container_is_refused(self):
        name = self.running()
        self.runtime_ok("pause", name)
        self.refused("exec", name, "/bin/true", says="cannot exec in a paused container")
        self.runtime_ok("resume", name)

    def test_a_paused_container_can_be_deleted_by_force(self):
        name = self.running()
        self.runtime_ok("pause", name)
        self.runtime_ok("delete", "--force", name)


class List(RuntimeTest):
    def test_list_shows_each_container_with_its_state(self):
        first, second = self.create(), self.running()
        rows = {row["id"]: row for row in self.runtime_ok("list", "--format", "json").json}
        self.assertEqual(rows[first]["status"], "created")
        self.assertEqual(rows[second]["status"], "running")
        self.assertEqual(rows[second]["pid"], self.state(second)["pid"])

    def test_the_table_has_the_columns_that_scripts_read(self):
        name = self.running()
        head, row = self.runtime_ok("list").out.splitlines()
        self.assertEqual(head.split(), ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"])
        self.assertEqual(row.split()[0], name)
        self.assertEqual(row.split()[2], "running")

    def test_quiet_prints_ids_only(self):
        name = self.create()
        self.assertEqual(self.runtime_ok("list", "--quiet").out, f"{name}\n")

    @ours_only
    def test_a_container_that_cannot_be_read_does_not_hide_the_others(self):
        name = self.create()
        broken = self.root / "broken"
        broken.mkdir()
        for file in (self.root / name).iterdir():
            if file.is_file():
                (broken / file.name).write_text('{"cut')
        done = self.runtime("list", "--format", "json")
        self.assertIn(name, [row["id"] for row in json.loads(done.out)])
        for file in broken.iterdir():
            file.unlink()
        broken.rmdir()
