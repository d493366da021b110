"""config.md#process: terminals, resource limits and capabilities, and what is only warned of."""

import array
import os
import resource
import socket

from container import Statement
from features import CAPABILITIES

CAPABILITY_SETS = ("bounding", "effective", "permitted", "inheritable", "ambient")


class Terminal(Statement):
    def setUp(self):
        super().setUp()
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(str(self.scratch / "console"))
        self.server.listen()
        self.addCleanup(self.server.close)

    def with_terminal(self, script, **process):
        container = self.container(script, terminal=True, **process)
        container.options = ["--console-socket", self.scratch / "console"]
        container.config["mounts"].append({"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                                           "options": ["newinstance", "ptmxmode=0666"]})
        return container

    def shown(self, script, **process):
        """What the program wrote to its terminal."""
        container = self.with_terminal(script, **process).create()
        connection, _ = self.server.accept()
        _, ancillary, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(4))
        connection.close()
        master = array.array("i", ancillary[0][2])[0]
        container.start().becomes("stopped")
        text = b""
        try:
            while part := os.read(master, 1 << 16):
                text += part
        except OSError:
            pass  # the other side is closed
        os.close(master)
        return text.decode().split()

    def test_terminal(self):
        """config.md#process: the standard descriptors are a terminal"""
        self.assertEqual(self.shown("for number in 0 1 2; do test -t $number && echo $number; done"), ["0", "1", "2"])

    def test_size(self):
        """config.md#process: the terminal has the size that is asked for"""
        self.assertEqual(self.shown("busybox stty size", consoleSize={"height": 17, "width": 71}), ["17", "71"])

    def test_console(self):
        """config-linux.md#default-devices: with a terminal there is /dev/console"""
        self.assertEqual(self.shown("test -c /dev/console && echo there"), ["there"])

    def test_size_whole(self):
        """config.md#process: a size of a terminal without height or width is an error"""
        for size in ({"height": 17}, {"width": 71}):
            with self.subTest(size=size):
                container = self.with_terminal("true", consoleSize=size)
                container.refuses_create()

    def test_size_without_terminal(self):
        """config.md#process: a size without a terminal is ignored"""
        container = self.container("test -t 0 || echo none", consoleSize={"height": 17, "width": 71})
        self.assertEqual(container.runs(), "none\n")


class Limits(Statement):
    def test_each(self):
        """config.md#posix-process: each resource limit that the machine has can be set, soft and hard apart"""
        names = {
            "AS": "Max address space", "CORE": "Max core file size", "CPU": "Max cpu time", "DATA": "Max data size",
            "FSIZE": "Max file size", "LOCKS": "Max file locks", "MEMLOCK": "Max locked memory",
            "MSGQUEUE": "Max msgqueue size", "NICE": "Max nice priority", "NOFILE": "Max open files",
            "NPROC": "Max processes", "RSS": "Max resident set", "RTPRIO": "Max realtime priority",
            "RTTIME": "Max realtime timeout", "SIGPENDING": "Max pending signals", "STACK": "Max stack size"}
        # Lower than what the runtime itself has, for a machine may withhold the right to raise.
        numbers = {"LOCKS": 10, "MSGQUEUE": 12, "NICE": 13, "RTPRIO": 14, "RTTIME": 15, "SIGPENDING": 11}
        asked = {}
        for name in names:
            number = numbers.get(name, getattr(resource, f"RLIMIT_{name}", None))
            hard = resource.getrlimit(number)[1]
            hard = 1 << 33 if hard == resource.RLIM_INFINITY else hard
            asked[name] = (hard // 2, hard)
        container = self.container("cat /proc/self/limits", rlimits=[
            {"type": f"RLIMIT_{name}", "soft": soft, "hard": hard} for name, (soft, hard) in asked.items()])
        seen = {}
        for line in container.runs().splitlines()[1:]:
            name, values = line[:26].strip(), line[26:].split()
            seen[name] = tuple(int(value) if value.isdigit() else value for value in values[:2])
        self.assertEqual(seen, {names[name]: limits for name, limits in asked.items()})


class Capabilities(Statement):
    def asked(self, script, capabilities, sets=CAPABILITY_SETS):
        container = self.container(script)
        container.config["process"]["capabilities"] = {kind: capabilities for kind in sets}
        return container

    def warned(self, container, word):
        """Creates and starts the container; one of the two says something about the word."""
        log = self.scratch / "log"
        self.runtime.words += ["--log", str(log)]
        done = container.attempt_create()
        self.assertEqual(done.returncode, 0, f"create failed: {done.stderr}")
        started = container.ask("start", container.id)
        self.assertEqual(started.returncode, 0, f"start failed: {started.stderr}")
        container.becomes("stopped")
        told = done.stderr + started.stderr + (log.read_text() if log.exists() else "")
        self.assertIn(word, told + "".join(line for line in container.printed() if "level=" in line))

    def test_sets(self):
        """config.md#linux-process: each of the five sets is as it is given"""
        container = self.container("grep '^Cap' /proc/self/status", user={"uid": 1, "gid": 1})
        container.config["process"]["capabilities"] = {
            "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"], "permitted": ["CAP_CHOWN", "CAP_KILL"],
            "inheritable": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"]}
        # What an execve by an ordinary user keeps of them.
        seen = {line.split()[0]: int(line.split()[1], 16) for line in container.runs().splitlines()}
        self.assertEqual(seen, {"CapInh:": 0b100001, "CapPrm:": 1, "CapEff:": 1, "CapBnd:": 0b10100001, "CapAmb:": 1})

    def test_unknown(self):
        """config.md#linux-process: a capability that the kernel does not know is warned of"""
        container = self.asked("echo ran", ["CAP_CHOWN", "CAP_NONE_SUCH"], ("bounding", "effective", "permitted"))
        self.warned(container, "CAP_NONE_SUCH")

    def test_withheld(self):
        """config.md#linux-process: a capability that cannot be given is warned of"""
        self.runtime.words[:0] = ["setpriv", "--bounding-set", "-sys_boot", "--inh-caps", "-sys_boot"]
        container = self.asked("echo ran", ["CAP_CHOWN", "CAP_SYS_BOOT"], ("bounding", "effective", "permitted"))
        self.warned(container, "CAP_SYS_BOOT")

    def test_all(self):
        """config.md#linux-process: a container that asks for every capability has those that the machine gives"""
        script = "grep CapBnd /proc/self/status"
        container = self.asked(script, CAPABILITIES, ("bounding", "effective", "permitted"))
        own = next(int(line.split()[1], 16) for line in open("/proc/self/status") if line.startswith("CapBnd"))
        self.assertEqual(int(container.runs().split()[1], 16), own)
