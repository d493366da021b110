"""The container's process: user, environment, capabilities, limits, scheduling, terminal, descriptors."""

import array
import fcntl
import os
import pty
import signal
import socket
import struct
import subprocess
import termios

from harness import OURS, RUNTIME, RuntimeTest, ours_only, wait_for

# The numbers of linux/capability.h.
CAPABILITIES = {"CAP_CHOWN": 0, "CAP_KILL": 5, "CAP_NET_BIND_SERVICE": 10, "CAP_AUDIT_WRITE": 29}


def bits(*names):
    return sum(1 << CAPABILITIES[name] for name in names)


class Process(RuntimeTest):
    def test_it_is_process_1_of_its_pid_namespace(self):
        self.assertEqual(self.see()["pid"], 1)

    def test_arguments_and_environment_arrive_as_written(self):
        args = ["/probe", "see", "", "a b", "$HOME", 'quote " and \\', "ünïcode"]
        seen = self.see(self.config(*args, env=["PATH=/bin", "EMPTY=", "TEXT=a=b c"]))
        self.assertEqual(seen["args"], args)
        for entry in ("PATH=/bin", "EMPTY=", "TEXT=a=b c"):
            self.assertIn(entry, seen["env"])

    def test_a_bare_name_is_found_in_the_path_of_the_container(self):
        self.assertEqual(self.output(self.config("echo", "found", env=["PATH=/nowhere:/bin"])), "found\n")

    def test_a_missing_program_is_named(self):
        self.refused_run(self.config("/bin/nosuch"), "/bin/nosuch", "no such file or directory")

    def test_a_missing_bare_name_is_said_not_to_be_in_the_path(self):
        self.refused_run(self.config("nosuch"), "nosuch", "executable file not found in $PATH")

    def test_a_program_that_may_not_be_executed_is_named(self):
        self.refused_run(self.config("/etc/passwd"), "/etc/passwd", "permission denied")

    @ours_only
    def test_a_folder_is_no_program(self):
        self.refused_run(self.config("/etc"), "/etc")

    def refused_run(self, config, *words):
        return self.refused("run", "--bundle", self.bundle(config), self.new_id(), says=words)

    def test_user_group_additional_groups_and_umask(self):
        seen = self.see(self.config(user={"uid": 1000, "gid": 1001, "additionalGids": [5, 7], "umask": 0o27}))
        self.assertEqual((seen["uid"], seen["gid"], seen["umask"]), (1000, 1001, 0o27))
        self.assertEqual(sorted(set(seen["groups"]) - {1001}), [5, 7])

    def test_the_working_folder(self):
        self.assertEqual(self.see(self.config(cwd="/tmp"))["cwd"], "/tmp")

    def test_a_missing_working_folder_is_made(self):
        self.assertEqual(self.see(self.config(cwd="/new/folder"))["cwd"], "/new/folder")

    def test_each_capability_set_is_as_configured(self):
        some, fewer = ["CAP_CHOWN", "CAP_KILL", "CAP_AUDIT_WRITE"], ["CAP_CHOWN", "CAP_KILL"]
        sets = {"bounding": some, "permitted": some, "effective": fewer, "inheritable": fewer, "ambient": ["CAP_KILL"]}
        status = self.see(self.config(capabilities=sets))["status"]
        for kind, row in (("bounding", "CapBnd"), ("permitted", "CapPrm"), ("effective", "CapEff"), ("inheritable", "CapInh"), ("ambient", "CapAmb")):
            with self.subTest(kind):
                # Root's execve gives permitted and effective what is in the bounding set.
                expected = some if kind in ("permitted", "effective") else sets[kind]
                self.assertEqual(int(status[row], 16), bits(*expected))

    def test_ambient_capabilities_reach_a_user_who_is_not_root(self):
        sets = {kind: ["CAP_NET_BIND_SERVICE"] for kind in ("bounding", "permitted", "effective", "inheritable", "ambient")}
        seen = self.see(self.config(user={"uid": 1000, "gid": 1000}, capabilities=sets))
        self.assertEqual(int(seen["status"]["CapEff"], 16), bits("CAP_NET_BIND_SERVICE"))

    @ours_only
    def test_a_capability_that_cannot_be_granted_is_warned_about_and_left_out(self):
        sets = {kind: ["CAP_CHOWN", "CAP_NO_SUCH"] for kind in ("bounding", "permitted", "effective")}
        done = self.run_config(self.config(capabilities=sets))
        self.assertEqual(done.code, 0, done)
        self.assertEqual(int(done.json["status"]["CapBnd"], 16), bits("CAP_CHOWN"))
        self.assertIn("CAP_NO_SUCH", done.err)

    def test_no_capabilities_when_the_sets_are_empty(self):
        status = self.see(self.config(capabilities={}))["status"]
        for row in ("CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb"):
            self.assertEqual(int(status[row], 16), 0, row)

    def test_resource_limits(self):
        limits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
        seen = self.see(self.config(rlimits=limits))["rlimits"]
        self.assertEqual((seen["RLIMIT_NOFILE"], seen["RLIMIT_CORE"]), ([100, 200], [0, 0]))

    def test_no_new_privileges_is_on_only_when_asked_for(self):
        self.assertEqual(self.see(self.config(noNewPrivileges=True))["no_new_privs"], 1)
        self.assertEqual(self.see(self.config(noNewPrivileges=False))["no_new_privs"], 0)

    def test_oom_score_adj(self):
        self.assertEqual(self.see(self.config(oomScoreAdj=321))["oom_score_adj"], "321\n")

    @ours_only
    def test_scheduler_policy_and_nice_value(self):
        seen = self.see(self.config(scheduler={"policy": "SCHED_BATCH", "nice": 5}))
        self.assertEqual((seen["sched_policy"], seen["sched_nice"]), (3, 5))

    @ours_only
    def test_io_priority(self):
        seen = self.see(self.config(ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 6}))
        self.assertEqual(seen["ioprio"], 2 << 13 | 6)

    @ours_only
    def test_personality(self):
        config = self.config()
        config["linux"]["personality"] = {"domain": "LINUX32"}
        self.assertEqual(self.see(config)["personality"] & 0xFF, 8)

    def test_only_the_standard_descriptors_are_open(self):
        self.assertEqual(sorted(self.see()["fds"]), ["0", "1", "2"])

    def test_descriptors_are_passed_on_when_asked_for(self):
        def open_three():
            os.dup2(os.open("/dev/null", os.O_RDONLY), 3)
            os.set_inheritable(3, True)

        seen = self.see(self.config(), "--preserve-fds", "1", close_fds=False, preexec_fn=open_three)
        self.assertIn("3", seen["fds"])

    def test_dev_null_as_standard_input_keeps_its_owner(self):
        before = os.stat("/dev/null")
        self.see(self.config(user={"uid": 1000, "gid": 1000}))
        after = os.stat("/dev/null")
        self.assertEqual((before.st_uid, before.st_gid), (after.st_uid, after.st_gid))


class Terminal(RuntimeTest):
    def foreground(self, *args, **process):
        """`runtime run` on a pseudo-terminal of 31 rows and 97 columns; gives the process and our end."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 97, 0, 0))
        bundle = self.bundle(self.config(*args, terminal=True, **process))
        command = [RUNTIME, "--root", self.root, "run", "--bundle", bundle, self.new_id()]
        process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=self.environment, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.addCleanup(os.close, ours)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process, ours

    def read_until(self, terminal, word):
        os.set_blocking(terminal, False)
        text = b""

        def arrived():
            nonlocal text
            try:
                text += os.read(terminal, 65536)
            except BlockingIOError:
                pass
            except OSError:  # the other end is closed
                return True
            return word in text

        wait_for(arrived, f"{word!r} on the terminal")
        self.assertIn(word, text)
        return text.decode()

    def test_the_process_has_a_terminal_of_the_callers_size(self):
        process, terminal = self.foreground("/bin/sh", "-c", "test -t 0 && test -t 1 && stty size && echo end")
        self.assertIn("31 97", self.read_until(terminal, b"end"))
        self.assertEqual(process.wait(20), 0)

    def test_what_is_typed_arrives_and_the_terminal_is_raw(self):
        process, terminal = self.foreground("/bin/sh", "-c", "read line; echo got $line")
        os.write(terminal, b"typed\n")
        self.read_until(terminal, b"got typed")
        self.assertEqual(process.wait(20), 0)

    def test_a_new_window_size_is_passed_on(self):
        process, terminal = self.foreground("/probe", "catch")
        self.read_until(terminal, b"ready")
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.read_until(terminal, b"size 40 120")
        self.assertEqual(process.wait(20), 0)

    def test_an_interrupt_typed_at_the_terminal_reaches_the_process(self):
        process, terminal = self.foreground("/probe", "catch")
        self.read_until(terminal, b"ready")
        os.write(terminal, b"\x03")
        self.read_until(terminal, f"signal {int(signal.SIGINT)}".encode())
        self.assertEqual(process.wait(20), 0)

    def test_the_terminal_comes_over_the_console_socket_when_detached(self):
        path = self.folder / "console.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(1)
            config = self.config("/bin/sh", "-c", "tty=$(readlink /proc/self/fd/0); read line; echo $tty $line", terminal=True)
            name = self.create(config, "--console-socket", path)
            connection, _ = listener.accept()
            with connection:
                _, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        descriptors = array.array("i", ancillary[0][2][:4])
        self.addCleanup(os.close, descriptors[0])
        self.runtime_ok("start", name)
        os.write(descriptors[0], b"hello\n")
        self.assertIn("/dev/pts/0 hello", self.read_until(descriptors[0], b"/dev/pts/0 hello"))
        self.wait_status(name, "stopped")

    def test_a_terminal_and_no_console_socket_is_refused_for_create(self):
        self.refused("create", "--bundle", self.bundle(self.config(terminal=True)), self.new_id(), says="console")

    def test_a_console_socket_without_a_terminal_is_refused(self):
        self.refused(
            "create", "--bundle", self.bundle(), "--console-socket", self.folder / "absent.sock", self.new_id(), says="console"
        )
