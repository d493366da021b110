"""What a service manager and a supervisor hand over: sockets, descriptors, the word that a service is ready."""

import array
import os
import pathlib
import select
import socket
import subprocess
import threading

from harness import CGROUPS, PATIENCE, RUNTIME, RuntimeTest, ours_only, wait_for


def descriptors_of(listening):
    """What one message on the next connection brings: its text, and the descriptors."""
    connection, _ = listening.accept()
    text, ancillary, _, _ = connection.recvmsg(100, socket.CMSG_SPACE(4))
    numbers = array.array("i")
    for _, _, data in ancillary:
        numbers.frombytes(data)
    return text.decode(), list(numbers)


class Pidfds(RuntimeTest):
    def received(self, *args):
        """The pid that the descriptor leads to which this command sends to its --pidfd-socket."""
        path = self.folder / f"pidfd-{self.new_id()}.sock"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen()
            got = []
            receiver = threading.Thread(target=lambda: got.append(descriptors_of(listening)))
            receiver.start()
            self.runtime_ok(*[str(path) if arg == "SOCKET" else arg for arg in args])
            receiver.join(20)
        (text, (number,)) = got[0]
        try:
            info = pathlib.Path(f"/proc/self/fdinfo/{number}").read_text()
            return text, int(info.split("Pid:")[1].split()[0])
        finally:
            os.close(number)

    def test_create_sends_a_pidfd_of_init(self):
        name = self.new_id()
        text, pid = self.received("create", "--bundle", self.bundle(self.config("/probe", "wait")), "--pidfd-socket", "SOCKET", name)
        self.assertEqual((text, pid), ("standard", self.state(name)["pid"]))

    def test_exec_sends_a_pidfd_of_its_process(self):
        name = self.running()
        pid_file = self.folder / "pid"
        text, pid = self.received("exec", "--detach", "--pid-file", pid_file, "--pidfd-socket", "SOCKET", name, "/probe", "wait")
        self.assertEqual((text, pid), ("setns", int(pid_file.read_text())))

    def test_a_socket_that_nobody_listens_at_fails_the_create(self):
        name = self.new_id()
        self.refused("create", "--bundle", self.bundle(), "--pidfd-socket", "/absent", name, says="--pidfd-socket")
        self.refused("state", name, says="does not exist")


class Descriptors(RuntimeTest):
    def start_with(self, count, *args, listening=False):
        """Runs the runtime with `count` open descriptors from 3 on; with `listening` they are said to be sockets for it."""

        def prepare():
            for number in range(3, 3 + count):
                if number > 3:
                    os.dup2(3, number)
                else:
                    os.dup2(os.open("/dev/null", os.O_RDONLY), 3)
                os.set_inheritable(number, True)
            if listening:
                os.environ.update(LISTEN_FDS=str(count), LISTEN_PID=str(os.getpid()))

        command = [RUNTIME, "--root", str(self.root), *map(str, args)]
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(writer, 1)
            os.dup2(writer, 2)
            os.environ.update(self.environment)
            prepare()
            os.execv(command[0], command)
        os.close(writer)
        with open(reader) as out:
            text = out.read()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text

    def test_sockets_of_systemd_reach_the_process_with_their_variables(self):
        config = self.config("/bin/sh", "-c", "echo $LISTEN_FDS $LISTEN_PID $$; ls /proc/self/fd")
        code, text = self.start_with(2, "run", "--bundle", self.bundle(config), self.new_id(), listening=True)
        self.assertEqual(code, 0, text)
        self.assertEqual(text.splitlines()[0], "2 1 1")
        self.assertLessEqual({"3", "4"}, set(text.split()[3:]))

    def test_they_reach_a_process_of_exec_too_under_its_own_pid(self):
        name = self.running()
        code, text = self.start_with(1, "exec", name, "/bin/sh", "-c", "echo $LISTEN_FDS; test $LISTEN_PID = $$ && echo mine", listening=True)
        self.assertEqual((code, text), (0, "1\nmine\n"))

    def test_sockets_meant_for_another_process_are_not_passed_on(self):
        config = self.config("/bin/sh", "-c", "echo [$LISTEN_FDS]")
        done = self.run_config(config, env={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
        self.assertEqual((done.code, done.out), (0, "[]\n"), done)

    @ours_only
    def test_a_descriptor_to_be_kept_that_is_not_open_is_an_error(self):
        code, text = self.start_with(1, "run", "--bundle", self.bundle(), "--preserve-fds", "2", self.new_id())
        self.assertEqual(code, 1, text)
        self.assertIn("--preserve-fds: descriptor 4 is not open", text)


class Readiness(RuntimeTest):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "manager.sock"
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(self.path))
        self.addCleanup(self.manager.close)
        self.notified = {"NOTIFY_SOCKET": str(self.path)}

    def heard(self):
        """The next message; a barrier is let go, as a service manager does."""
        self.assertTrue(select.select([self.manager], [], [], 20 * PATIENCE)[0], "nothing was said")
        text, ancillary, _, _ = self.manager.recvmsg(4096, socket.CMSG_SPACE(4))
        for _, _, data in ancillary:
            os.close(array.array("i", data)[0])
        return text.decode()

    def hear_until_ready(self):
        texts = []
        thread = threading.Thread(target=lambda: texts.extend([self.heard(), self.heard()]))
        thread.start()
        return thread, texts

    def test_start_returns_once_the_container_is_ready_and_tells_its_main_pid(self):
        name = self.create(self.config("/probe", "notify", "STATUS=warm", "READY=1"), env=self.notified)
        thread, texts = self.hear_until_ready()
        self.runtime_ok("start", name, env=self.notified)
        thread.join(20)
        self.assertEqual(texts, [f"STATUS=warm\nREADY=1\nMAINPID={self.state(name)['pid']}\n", "BARRIER=1"])

    def test_run_in_the_foreground_passes_it_on_meanwhile(self):
        name = self.new_id()
        command = [RUNTIME, "--root", str(self.root), "run", "--bundle", str(self.bundle(self.config("/probe", "notify", "READY=1"))), name]
        process = subprocess.Popen(command, env={**self.environment, **self.notified}, stdin=subprocess.DEVNULL)
        self.assertIn("READY=1\nMAINPID=", self.heard())
        self.assertEqual(self.heard(), "BARRIER=1")
        self.runtime_ok("kill", name, "KILL")
        self.assertEqual(process.wait(20 * PATIENCE), 128 + 9)

    def test_the_container_may_not_say_who_its_main_process_is(self):
        name = self.create(self.config("/probe", "notify", "MAINPID=1", "READY=1"), env=self.notified)
        thread, texts = self.hear_until_ready()
        self.runtime_ok("start", name, env=self.notified)
        thread.join(20)
        self.assertNotIn("MAINPID=1\n", texts[0])

    def test_a_container_that_ends_without_a_word_ends_the_wait(self):
        name = self.create(self.config("/bin/true"), env=self.notified)
        self.runtime_ok("start", name, env=self.notified)
        self.wait_status(name, "stopped")


class Subgroups(RuntimeTest):
    def setUp(self):
        super().setUp()
        self.wanted = self.config("/probe", "wait")
        self.name = self.running(self.wanted)
        self.group = self.wanted["linux"]["cgroupsPath"].lstrip("/")
        if not (CGROUPS / "pids" / self.group).is_dir():
            self.skipTest("no v1 hierarchy of pids")

    def test_exec_runs_in_a_group_inside_the_containers(self):
        (CGROUPS / "pids" / self.group / "inner").mkdir()
        done = self.runtime_ok("exec", "--cgroup", "pids:inner", self.name, "/bin/cat", "/proc/self/cgroup")
        rows = dict(line.split(":")[1:] for line in done.out.splitlines())
        self.assertEqual(rows["pids"], f"/{self.group}/inner")
        self.assertEqual(rows["memory"], f"/{self.group}")

    def test_a_group_that_does_not_exist_is_an_error(self):
        self.refused("exec", "--cgroup", "pids:absent", self.name, "/bin/true", says=("cgroup", "absent"))

    def test_no_path_leads_out_of_the_containers_group(self):
        self.refused("exec", "--cgroup", "pids:inner/../..", self.name, "/bin/true", says="must not lead out")

    def test_a_controller_without_a_hierarchy_is_named(self):
        self.refused("exec", "--cgroup", "nonsense:x", self.name, "/bin/true", says="nonsense")
