"""config-linux.md#seccomp: system call filters, and the agent that is asked about calls."""

import array
import json
import os
import socket
import threading

from container import PATIENCE, Statement

REFUSE = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}
NOTIFY = {"names": ["swapoff"], "action": "SCMP_ACT_NOTIFY"}  # a call that nothing here makes


class Filtered(Statement):
    def filtered(self, script="true", **members):
        container = self.container(script)
        container.config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW"} | members
        return container

    def refused(self, **members):
        with self.subTest(members=members):
            container = self.filtered(**members)
            # libseccomp may be the one that checks, when the program is about to run.
            if container.attempt_create().returncode == 0:
                container.refuses("start", container.id)


class Filter(Filtered):
    MAKE = "mkdir /made 2>&1 && echo made || true"

    def test_error(self):
        """config-linux.md#seccomp: a refused call fails with EPERM, or the error given"""
        self.assertIn("not permitted", self.filtered(self.MAKE, syscalls=[REFUSE]).runs())
        self.assertIn("No space", self.filtered(self.MAKE, syscalls=[REFUSE | {"errnoRet": 28}]).runs())

    def test_killed(self):
        """config-linux.md#seccomp: a call that kills ends the process"""
        kill = REFUSE | {"action": "SCMP_ACT_KILL_PROCESS"}
        self.assertEqual(self.filtered("mkdir /made; echo $?", syscalls=[kill]).runs().splitlines()[-1], "159")

    def test_arguments(self):
        """config-linux.md#seccomp: an argument is compared as the operator says"""
        mode, flag = 0o777, 0o700
        for operator, value, second, matches in (
                ("EQ", mode, 0, True), ("EQ", mode + 1, 0, False), ("NE", mode, 0, False), ("NE", 1, 0, True),
                ("LT", mode, 0, False), ("LT", mode + 1, 0, True), ("LE", mode, 0, True), ("LE", mode - 1, 0, False),
                ("GT", mode, 0, False), ("GT", mode - 1, 0, True), ("GE", mode, 0, True), ("GE", mode + 1, 0, False),
                ("MASKED_EQ", flag, flag, True), ("MASKED_EQ", flag, 0, False)):
            with self.subTest(operator=operator, value=value):
                argument = {"value": value, "valueTwo": second, "op": f"SCMP_CMP_{operator}"}
                rules = [{"names": [name], "action": "SCMP_ACT_ERRNO", "args": [argument | {"index": index}]}
                         for name, index in (("mkdir", 1), ("mkdirat", 2))]
                printed = self.filtered("umask 0; " + self.MAKE, syscalls=rules).runs()
                self.assertEqual("not permitted" in printed, matches, printed)

    def test_error_without_use(self):
        """config-linux.md#seccomp: an error number for an action that takes none is an error"""
        for action in ("SCMP_ACT_KILL", "SCMP_ACT_ALLOW", "SCMP_ACT_TRAP"):
            self.refused(syscalls=[REFUSE | {"action": action, "errnoRet": 28}])
        self.refused(defaultErrnoRet=28)

    def test_unknown_words(self):
        """config-linux.md#seccomp: an action, operator, architecture or flag that is none is an error"""
        self.refused(syscalls=[REFUSE | {"action": "SCMP_ACT_NONE_SUCH"}])
        self.refused(syscalls=[REFUSE | {"args": [{"index": 0, "value": 0, "op": "SCMP_CMP_NONE_SUCH"}]}])
        self.refused(syscalls=[REFUSE], architectures=["SCMP_ARCH_NONE_SUCH"])
        self.refused(syscalls=[REFUSE], flags=["SECCOMP_FILTER_FLAG_NONE_SUCH"])

    def test_unknown_call(self):
        """config-linux.md#seccomp: a name that is no system call of this machine does not matter"""
        self.assertIn("not permitted", self.filtered(self.MAKE, syscalls=[
            REFUSE | {"names": ["no_such_call", *REFUSE["names"]]}]).runs())


class Agent:
    """Listens on a socket, and keeps what each connection brings: the descriptors of each message, and the text."""

    def __init__(self, path):
        self.path = str(path)
        self.connections = []
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            text, descriptors, ended = b"", [], False
            try:
                while not ended:
                    part, ancillary, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(64))
                    received = array.array("i")
                    for level, kind, data in ancillary:
                        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                            received.frombytes(data)
                    text, ended = text + part, not part
                    if part:
                        descriptors.append(list(received))
            except TimeoutError:
                pass
            self.connections.append((text, descriptors, ended))

    def end(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for _, descriptors, _ in self.connections:
            for descriptor in sum(descriptors, []):
                os.close(descriptor)


class Listener(Filtered):
    def asked(self, metadata=None, script="true"):
        """What an agent was sent for one container: the state, and each message's descriptors."""
        agent = Agent(self.scratch / "agent")
        self.addCleanup(agent.end)
        members = {"listenerPath": agent.path} | ({"listenerMetadata": metadata} if metadata else {})
        container = self.filtered(script, syscalls=[NOTIFY], **members)
        container.config["annotations"] = {"org.example.key": "value"}
        container.create()
        self.process = container.state()["pid"]
        container.start()
        self.eventually(lambda: agent.connections, "the agent was sent nothing")
        self.assertEqual(len(agent.connections), 1)
        text, descriptors, ended = agent.connections[0]
        self.assertTrue(ended, "the connection stays open")
        return container, json.loads(text), descriptors

    def test_state(self):
        """config-linux.md#the-container-process-state: one state per connection, which is then closed"""
        container, told, _ = self.asked()
        self.assertRegex(told["ociVersion"], r"^\d+\.\d+\.\d+")
        self.assertEqual(told["pid"], self.process)
        state = told["state"]
        self.assertEqual((state["id"], state["bundle"]), (container.id, str(container.bundle)))
        self.assertIn(state["status"], ("creating", "created", "running"))
        self.assertEqual(state["annotations"]["org.example.key"], "value")
        self.assertRegex(state["ociVersion"], r"^\d+\.\d+\.\d+")

    def test_descriptors(self):
        """config-linux.md#the-container-process-state: descriptors come with the first message, as many as are named"""
        _, told, descriptors = self.asked()
        self.assertEqual(told["fds"], ["seccompFd"])
        self.assertEqual(len(descriptors[0]), 1)
        self.assertEqual(sum(map(len, descriptors[1:])), 0)
        self.assertIn("seccomp notify", os.readlink(f"/proc/self/fd/{descriptors[0][0]}"))

    def test_metadata(self):
        """config-linux.md#seccomp: the metadata is passed on as it is"""
        _, told, _ = self.asked(metadata="any \"text\" at all")
        self.assertEqual(told["metadata"], "any \"text\" at all")

    def test_no_agent(self):
        """config-linux.md#seccomp: an agent that cannot be reached is an error"""
        self.refused(syscalls=[NOTIFY], listenerPath=str(self.scratch / "nobody"))

    def test_unused(self):
        """config-linux.md#seccomp: without a rule that asks an agent, its path does not matter"""
        container = self.filtered("echo ran", syscalls=[REFUSE], listenerPath=str(self.scratch / "nobody"))
        self.assertEqual(container.runs(), "ran\n")

    def test_without_path(self):
        """config-linux.md#seccomp: an agent's metadata, or a rule that asks it, without its path is an error"""
        self.refused(syscalls=[REFUSE], listenerMetadata="text")
        self.refused(syscalls=[NOTIFY])
