"""A container's life: started, stopped, started again, removed; and what a crash of each part leaves."""

import fcntl
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from containers import EngineTest
from harness import PATIENCE, RUNTIME, text_of, wait_for, wait_until_it_polls


class Life(EngineTest):
    def setUp(self):
        super().setUp()
        self.image()

    def detached(self, *words, name="bird", options=()):
        """A container in the background; gives its record."""
        self.engine_ok("run", "--detach", "--net=none", "--name", name, *self.marked(), *options, "box", *(words or ("sleep", "1000")))
        return self.record(name)

    def record(self, name="bird"):
        identity = os.readlink(self.data / "names" / name)
        return json.loads((self.data / "containers" / identity / "engine.json").read_text())

    def row(self, name="bird"):
        return next((row for row in self.engine_ok("ps", "--all", "--json").json if row["name"] == name), None)

    def end_of(self, pid):
        """Kills a process and waits until it is gone."""
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), f"process {pid} to be gone")

    def bundle(self, name="bird"):
        return self.data / "containers" / self.record(name)["id"] / "bundle"

    def upper(self, name="bird"):
        """What the container wrote, as the host sees it."""
        return self.bundle(name) / "upper"

    def run_folders(self):
        return [path.name for path in (self.run_folder / ".engine").glob("*") if path.is_dir()]


class Usual(Life):
    def test_it_runs_in_the_background_and_is_listed(self):
        self.detached()
        row = self.row()
        self.assertEqual((row["status"], row["image"]), ("running", "box"))
        self.assertIn("bird", self.engine_ok("ps").out)
        self.engine_ok("stop", "--time", "0", "bird")
        self.assertNotIn("bird", self.engine_ok("ps").out)
        self.assertIn("Exited (137)", self.engine_ok("ps", "-a").out)

    def test_a_stopped_container_keeps_its_writes_and_start_finds_them(self):
        self.detached("sh", "-c", "echo more >> /kept; cat /kept; exec sleep 1000")
        wait_for(lambda: (self.upper() / "kept").exists(), "the write to be seen on the host")
        self.engine_ok("kill", "bird")
        self.assertEqual((self.upper() / "kept").read_text(), "more\n")
        self.engine_ok("start", "bird")
        wait_for(lambda: text_of(self.upper() / "kept") == "more\nmore\n", "the second write")
        self.engine_ok("rm", "--force", "bird")
        self.assertEqual(self.containers(), [])
        self.assertEqual(os.listdir(self.data / "containers"), [])

    def test_stop_asks_first_and_kills_who_does_not_listen(self):
        self.detached("sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done")
        self.engine_ok("stop", "bird")
        self.assertEqual(self.row()["exitCode"], 9)
        self.detached("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done", name="deaf")
        self.engine_ok("stop", "-t", "0", "deaf")
        self.assertEqual(self.row("deaf")["exitCode"], 137)

    def test_the_program_that_starts_is_told_the_end_by_wait(self):
        self.detached("sh", "-c", "until [ -e /go ]; do sleep 0.02; done; exit 5")
        waiting = self.start_engine("wait", "bird", stdout=subprocess.PIPE, text=True)
        (self.bundle() / "rootfs/go").touch()
        self.assertEqual(waiting.communicate(timeout=20 * PATIENCE)[0], "5\n")
        self.assertEqual(self.engine_ok("wait", "bird").out, "5\n")

    def test_wait_hears_the_end_of_one_that_is_removed_by_it(self):
        self.detached("sh", "-c", "until [ -e /go ]; do sleep 0.02; done; exit 6", options=["--rm"])
        waiting = self.start_engine("wait", "bird", stdout=subprocess.PIPE, text=True)
        wait_until_it_polls(waiting, "wait to listen")
        (self.bundle() / "rootfs/go").touch()
        self.assertEqual(waiting.communicate(timeout=20 * PATIENCE)[0], "6\n")
        wait_for(lambda: self.containers() == [], "the container to be removed")

    def test_names_are_taken_once_and_can_change(self):
        self.detached()
        self.refused("create", "--name", "bird", "--net=none", "box", says=("already in use", "bird"), code=125)
        self.engine_ok("rename", "bird", "eagle")
        self.assertEqual(self.containers(), ["eagle"])
        self.engine_ok("create", "--name", "bird", "--net=none", "box")
        self.refused("rename", "eagle", "bird", says="already in use")
        self.refused("rename", "eagle", "no/name", says="must be letters")

    def test_a_container_is_found_by_the_beginning_of_its_id(self):
        identity = self.detached()["id"]
        self.engine_ok("kill", identity[:5])
        self.assertEqual(self.row()["status"], "exited")
        self.refused("kill", "nobody", says="no such container: nobody", code=1)

    def test_pause_and_unpause(self):
        self.detached()
        self.engine_ok("pause", "bird")
        self.assertEqual(self.row()["status"], "paused")
        self.assertIn("(Paused)", self.engine_ok("ps").out)
        self.refused("pause", "bird", says="is paused", code=1)
        self.engine_ok("unpause", "bird")
        self.assertEqual(self.row()["status"], "running")
        self.engine_ok("pause", "bird")
        self.engine_ok("stop", "-t", "0", "bird")
        self.assertEqual(self.row()["status"], "exited")

    def test_a_running_container_is_not_removed_unless_that_is_forced(self):
        self.detached()
        self.refused("rm", "bird", says=("is running", "--force"), code=1)
        self.engine_ok("rm", "-f", "bird")
        self.assertEqual(self.run_folders(), [])

    def test_restart_is_stop_and_start(self):
        first = self.detached()["state"]["init"]["pid"]
        self.engine_ok("restart", "-t", "0", "bird")
        self.assertNotEqual(self.record()["state"]["init"]["pid"], first)
        self.assertEqual(self.row()["status"], "running")

    def test_restart_keeps_what_goes_at_its_end(self):
        first = self.detached("sh", "-c", "echo more >> /kept; echo more >> /volume/kept; exec sleep 1000", options=["--rm", "--volume", "/volume"])
        volume = self.data / "volumes" / first["volumes"][0]["name"] / "_data"
        wait_for(lambda: (volume / "kept").exists(), "the write to the volume")
        self.engine_ok("restart", "-t", "0", "bird")
        wait_for(lambda: (volume / "kept").read_text() == "more\nmore\n", "the second write to the same volume")
        self.assertEqual((self.upper() / "kept").read_text(), "more\nmore\n")
        self.assertNotEqual(self.record()["state"]["init"], first["state"]["init"])
        self.engine_ok("stop", "-t", "0", "bird")
        self.assertEqual((self.containers(), volume.exists()), ([], False))

    def test_several_at_once_each_get_what_is_theirs(self):
        for name in ("one", "two"):
            self.detached(name=name)
        done = self.engine("kill", "one", "nobody", "two")
        self.assertEqual((done.code, done.out), (1, "one\ntwo\n"))
        self.assertIn("no such container: nobody", done.err)

    def test_what_a_service_manager_says_to_the_engine_goes_no_further(self):
        words = {name: "3" for name in ("WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")}
        words["NOTIFY_SOCKET"] = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(words["NOTIFY_SOCKET"])
            made = ("--name", "bird", "--net=none", *self.marked(), "--env", "LISTEN_FDS", "box", "sleep", "1000")
            self.engine_ok("run", "--detach", *made, env=words, timeout=20)
            self.engine_ok("restart", "-t", "0", "bird", env=words, timeout=20)
            self.assertEqual(self.engine_ok("exec", "bird", "sh", "-c", "echo $LISTEN_FDS", env=words, timeout=20).out, "3\n")
        given = pathlib.Path(f"/proc/{self.record()['state']['monitor']['pid']}/environ").read_bytes().split(b"\0")
        self.assertEqual([entry for entry in given if entry.split(b"=")[0].decode() in words], [])

    def test_ten_at_the_same_time(self):
        processes = [
            self.start_engine("run", "--rm", "--net=none", *self.marked(), "box", "sh", "-c", f"echo {n}; exit {n}", stdout=subprocess.PIPE, text=True)
            for n in range(10)
        ]
        for n, process in enumerate(processes):
            self.assertEqual((process.communicate(timeout=60 * PATIENCE)[0], process.returncode), (f"{n}\n", n))
        self.assertEqual(self.containers(), [])


class Exits(Life):
    def test_what_cannot_be_found_is_127_and_what_cannot_be_executed_126(self):
        self.refused("run", "--rm", "--net=none", "box", "nothing-like-it", says="nothing-like-it", code=127)
        self.refused("run", "--rm", "--net=none", "box", "/etc/passwd", says="/etc/passwd", code=126)
        self.assertEqual(self.containers(), [])

    def test_what_the_engine_cannot_do_is_125(self):
        self.refused("run", "--rm", "--net=none", "--pull=never", "no-such-image", "true", says="no-such-image", code=125)
        self.refused("run", "--no-such-option", "box", "true", says="--no-such-option", code=125)
        self.refused("run", says="an image must be named", code=125)
        self.assertEqual(self.containers(), [])

    def test_a_signals_end_is_128_and_its_number(self):
        done = self.engine("run", "--rm", "--net=none", "box", "sh", "-c", "kill -9 $$; sleep 1; kill -9 1", timeout=20)
        self.assertIn(done.code, (0, 1, 137))
        self.detached(name="shot")
        self.engine_ok("kill", "shot")
        self.assertEqual(self.row("shot")["exitCode"], 137)

    def test_a_failed_start_is_told_by_ps_and_can_be_removed(self):
        self.engine_ok("create", "--name", "wrong", "--net=none", "box", "nothing-like-it")
        self.refused("start", "wrong", says="nothing-like-it", code=1)
        self.assertEqual((self.row("wrong")["status"], self.row("wrong")["exitCode"]), ("created", 127))
        self.assertEqual(self.run_folders(), [])


class Restarts(Life):
    def test_on_failure_starts_again_so_many_times(self):
        self.detached("sh", "-c", "echo x >> /runs; exit 3", options=["--restart", "on-failure:2"])
        wait_for(lambda: self.row()["status"] == "exited" and self.record()["state"]["restarts"] == 2, "two restarts")
        self.assertEqual((self.upper() / "runs").read_text(), "x\nx\nx\n")
        self.assertEqual(self.row()["exitCode"], 3)

    def test_always_goes_on_until_a_person_stops_it(self):
        self.detached("sh", "-c", "echo x >> /runs", options=["--restart", "always"])
        wait_for(lambda: text_of(self.upper() / "runs").count("x") >= 3, "three runs")
        self.engine_ok("stop", "bird")
        wait_for(lambda: self.row()["status"] == "exited", "it to stay ended")
        self.assertEqual(self.run_folders(), [])

    def who_restarts(self):
        """The process that waits until a container that fails at once is to be started again."""
        self.detached("false", options=["--restart", "always"])

        def waits_long():
            record = self.record()
            state, words = record["state"], f" finish {record['id']} {record['state']['run']} "
            if state["status"] != "restarting" or state["restarts"] < 4:
                return None
            return next((pid for pid, line in self.processes().items() if line.endswith(words)), None)

        pid = wait_for(waits_long, "a longer pause")
        with open(self.bundle().parent / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # it sleeps without
        return pid

    def test_a_restart_that_nobody_sees_to_any_more_is_an_end(self):
        restarting = self.who_restarts()
        waiting = self.start_engine("wait", "bird", stdout=subprocess.PIPE, text=True)
        following = self.start_engine("logs", "--follow", "bird")
        for process in (waiting, following):
            wait_until_it_polls(process, "both to listen")
        self.end_of(restarting)
        self.assertEqual(waiting.communicate(timeout=20 * PATIENCE)[0], "1\n")
        self.assertEqual(following.wait(20 * PATIENCE), 0)
        self.assertEqual((self.row()["status"], self.row()["exitCode"]), ("exited", 1))
        self.engine_ok("start", "bird")

    def test_a_restart_does_not_outlast_the_machines(self):
        restarting = self.who_restarts()
        os.kill(restarting, signal.SIGSTOP)
        record = self.record()
        path = self.data / "containers" / record["id"] / "engine.json"
        path.write_text(path.read_text().replace(record["state"].get("boot", "none"), "another-boot"))
        self.assertEqual((self.row()["status"], self.row()["exitCode"]), ("exited", 1))
        self.end_of(restarting)

    def test_after_a_boot_those_start_that_are_meant_to(self):
        self.detached(name="always", options=["--restart", "always"])
        self.detached(name="never")
        for name in ("always", "never"):
            self.lose(name)
        self.assertEqual({self.row(name)["status"] for name in ("always", "never")}, {"exited"})
        self.engine_ok("start", "--after-boot")
        self.assertEqual((self.row("always")["status"], self.row("never")["status"]), ("running", "exited"))

    def lose(self, name):
        """As a loss of power does."""
        state = self.record(name)["state"]
        self.end_of(state["monitor"]["pid"])
        self.end_of(state["init"]["pid"])


class Crashes(Life):
    def test_without_its_monitor_it_runs_on_is_shown_so_and_can_be_stopped(self):
        state = self.detached()["state"]
        self.end_of(state["monitor"]["pid"])
        self.assertIn("(no monitor)", self.engine_ok("ps").out)
        self.assertEqual(self.row()["status"], "running")
        self.engine_ok("stop", "-t", "0", "bird")
        self.assertEqual(self.row()["status"], "exited")
        self.engine_ok("start", "bird")
        self.assertEqual(self.row()["status"], "running")

    def test_without_its_monitor_it_can_be_removed(self):
        state = self.detached()["state"]
        self.end_of(state["monitor"]["pid"])
        self.engine_ok("rm", "-f", "bird")
        self.assertEqual(self.run_folders(), [])

    def test_the_foreground_says_when_the_monitor_is_gone(self):
        process = self.start_engine(
            "run", "--name", "bird", "--net=none", *self.marked(), "box", "sleep", "1000", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wait_for(lambda: self.row() and self.row()["status"] == "running", "it to run")
        self.end_of(self.record()["state"]["monitor"]["pid"])
        self.assertIn("the monitor of container bird is gone", process.communicate(timeout=20 * PATIENCE)[1])
        self.assertEqual(self.row()["status"], "running")

    def test_a_machine_that_restarted_shows_it_as_ended(self):
        record = self.detached()
        state = record["state"]
        os.kill(state["monitor"]["pid"], signal.SIGKILL)
        self.end_of(state["init"]["pid"])
        path = self.data / "containers" / record["id"] / "engine.json"
        text = path.read_text().replace(state["boot"], "another-boot")
        path.write_text(text)
        self.assertEqual((self.row()["status"], self.row()["exitCode"]), ("exited", 255))
        self.assertEqual(self.run_folders(), [])
        self.engine_ok("start", "bird")

    def test_a_killed_init_is_the_monitors_to_tell(self):
        state = self.detached()["state"]
        os.kill(state["init"]["pid"], signal.SIGKILL)
        self.assertEqual(self.engine_ok("wait", "bird").out, "137\n")

    def test_an_engine_that_is_killed_at_any_moment_leaves_what_can_be_removed(self):
        for moment in [step / 1000 for step in range(0, 80, 4)]:
            with self.subTest(moment=moment):
                process = self.start_engine(
                    "run", "--detach", "--name", "bird", "--net=none", *self.marked(), "box", "sleep", "1000", stdout=subprocess.DEVNULL
                )
                time.sleep(moment)  # the moment is what is tested
                process.kill()
                process.wait()
                if (self.data / "names/bird").is_symlink() and self.engine("stop", "-t", "0", "bird").code == 0:
                    wait_for(lambda: "sleep 1000 " not in self.processes().values(), "what ran to be ended by stop")
                if self.row():
                    self.engine_ok("rm", "--force", "bird")
                self.assertIsNone(self.row())
                self.assertEqual(self.run_folders(), [])
                wait_for(lambda: not self.processes(), "all processes to be gone")

    def test_an_engine_that_is_killed_at_any_moment_leaves_what_can_be_started(self):
        self.engine_ok("create", "--name", "bird", "--net=none", *self.marked(), "box", "sleep", "1000")
        for moment in [step / 1000 for step in range(0, 60, 4)]:
            with self.subTest(moment=moment):
                process = self.start_engine("start", "bird", stdout=subprocess.DEVNULL)
                time.sleep(moment)  # the moment is what is tested
                process.kill()
                process.wait()
                self.engine_ok("start", "bird")
                self.assertEqual(self.row()["status"], "running")
                self.engine_ok("kill", "bird")
                self.assertEqual(self.run_folders(), [])

    def killed_at_start(self, *args, began=True):
        """An engine that is killed when the runtime has started the process, or is about to."""
        script = self.folder / "runtime"
        kill = 'case " $* " in *" start "*) kill -9 $PPID; exit;; esac'
        script.write_text("\n".join(["#!/bin/sh", f'{RUNTIME} "$@" || exit', kill] if began else ["#!/bin/sh", kill, f'exec {RUNTIME} "$@"']))
        script.chmod(0o755)
        done = self.call(*[script if word == RUNTIME else word for word in self.command(*args)])
        self.assertEqual(done.code, -signal.SIGKILL, done)

    def killed_run(self, *words, options=(), began=True):
        made = ("--name", "bird", "--net=none", *self.marked(), *options, "box", *(words or ("sleep", "1000")))
        self.killed_at_start("run", "--detach", *made, began=began)
        return self.record()["state"]

    def test_one_that_began_when_its_engine_was_killed_runs(self):
        self.assertEqual(self.killed_run()["status"], "created")
        self.assertIn("Up ", self.engine_ok("ps").out)
        self.assertEqual(self.row()["status"], "running")
        self.refused("rm", "bird", says="is running", code=1)
        first = self.record()["state"]
        self.engine_ok("start", "bird")
        self.assertEqual(self.record()["state"], first)

    def test_one_that_began_when_its_engine_was_killed_can_be_ended(self):
        for command in (["stop", "-t", "0"], ["kill"], ["rm", "--force"]):
            with self.subTest(command=command):
                pid = self.killed_run()["init"]["pid"]
                self.engine_ok(*command, "bird")
                self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
                if self.row():
                    self.assertEqual((self.row()["status"], self.row()["exitCode"]), ("exited", 137))
                self.assertEqual(self.run_folders(), [])
                self.engine("rm", "bird")

    def test_one_that_began_when_its_engine_was_killed_is_finished_at_its_end(self):
        for options in ([], ["--rm"]):
            with self.subTest(options=options):
                self.killed_run("sh", "-c", "until [ -e /go ]; do sleep 0.02; done; exit 5", options=options)
                (self.bundle() / "rootfs/go").touch()
                wait_for(lambda: self.run_folders() == [], "its monitor to finish it")
                if options:
                    wait_for(lambda: self.containers() == [], "it to be removed")
                else:
                    state = self.record()["state"]
                    self.assertEqual((state["status"], state["exitCode"]), ("exited", 5))
                    self.engine_ok("rm", "bird")

    def test_one_that_did_not_begin_before_its_engine_was_killed_is_created(self):
        self.killed_run(began=False)
        self.assertEqual((self.row()["status"], self.run_folders()), ("created", []))
        self.engine_ok("start", "bird")
        self.assertEqual(self.row()["status"], "running")

    def test_what_was_committed_to_a_container_survives_the_kill_of_everything(self):
        state = self.detached("sh", "-c", "echo precious > /kept; sync; exec sleep 1000")["state"]
        wait_for(lambda: text_of(self.upper() / "kept"), "the write")
        for pid in (state["monitor"]["pid"], state["init"]["pid"]):
            self.end_of(pid)
        self.assertEqual((self.upper() / "kept").read_text(), "precious\n")
        self.engine_ok("start", "bird")
        self.engine_ok("rm", "-f", "bird")
