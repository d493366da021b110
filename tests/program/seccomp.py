"""System call filters."""

import array
import contextlib
import fcntl
import json
import os
import select
import socket
import struct
import threading

from harness import OURS, PATIENCE, PROBE, RuntimeTest, ours_only


RECEIVE, ANSWER = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND
EDQUOT = 122


class Agent(threading.Thread):
    """Takes one listener, and lets every call that it is told of fail with EDQUOT."""

    def __init__(self, path):
        super().__init__()
        self.state = None
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(path)
        self.door.listen(1)
        self.door.settimeout(20 * PATIENCE)

    def run(self):
        with contextlib.closing(self.door), contextlib.closing(self.door.accept()[0]) as caller:
            text, rights, _, _ = caller.recvmsg(65536, socket.CMSG_SPACE(4))
            listener = array.array("i", rights[0][2])[0]
            self.state = json.loads(text)
        self.answer(listener)
        os.close(listener)

    def answer(self, listener):
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while poll.poll(20_000)[0][1] & select.POLLIN:
            notice = bytearray(80)
            fcntl.ioctl(listener, RECEIVE, notice)
            number = struct.unpack_from("Q", notice)[0]
            fcntl.ioctl(listener, ANSWER, bytearray(struct.pack("QqiI", number, 0, -EDQUOT, 0)))


class Seccomp(RuntimeTest):
    def number(self, name):
        return self.call(PROBE, "nr", name).out.strip()

    def filtered(self, *args, default="SCMP_ACT_ALLOW", flags=None, syscalls=(), **process):
        config = self.config(*args, **process)
        config["linux"]["seccomp"] = {"defaultAction": default, "syscalls": list(syscalls)}
        if flags is not None:
            config["linux"]["seccomp"]["flags"] = flags
        return config

    def test_a_call_gets_the_errno_of_its_rule(self):
        rule = {"names": ["acct"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42}
        for privileges in (True, False):
            with self.subTest(noNewPrivileges=privileges):
                config = self.filtered("/probe", "syscall", self.number("acct"), syscalls=[rule], noNewPrivileges=privileges)
                self.assertEqual(self.output(config), "ENOMSG\n")

    def test_a_rule_looks_at_arguments(self):
        rule = {"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
                "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]}
        for argument, answer in (("8", "EPERM\n"), ("0", "0\n")):
            with self.subTest(argument):
                self.assertEqual(self.output(self.filtered("/probe", "syscall", self.number("personality"), argument, syscalls=[rule])), answer)

    def test_a_call_that_must_kill_kills(self):
        rule = {"names": ["acct"], "action": "SCMP_ACT_KILL_PROCESS"}
        done = self.run_config(self.filtered("/probe", "syscall", self.number("acct"), syscalls=[rule]))
        self.assertEqual(done.code, 128 + 31, done)  # SIGSYS

    def test_a_filter_is_in_force_with_empty_and_with_given_flags(self):
        rule = {"names": ["acct"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42}
        for flags in ([], *([["SECCOMP_FILTER_FLAG_LOG"]] if OURS else [])):
            with self.subTest(flags):
                seen = self.see(self.filtered("/probe", syscalls=[rule], flags=flags))
                self.assertEqual(seen["status"]["Seccomp"], "2")

    def test_a_call_newer_than_the_profile_is_answered_with_enosys(self):
        # Some calls of a calm program; the profile knows calls up to statx; number 600 is newer: programs must see "not there", not "forbidden".
        calm = ["read", "write", "exit", "exit_group", "execve", "brk", "mmap", "munmap", "mprotect", "arch_prctl", "prctl",
                "set_tid_address", "set_robust_list", "rseq", "prlimit64", "readlinkat", "getrandom", "newfstatat", "fstat",
                "close", "getdents64", "lseek", "fstatfs", "close_range", "statx", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "futex", "ioctl", "getpid",
                "openat", "readlink", "poll", "ppoll", "sigaltstack", "fcntl", "access", "faccessat", "getcwd", "chdir", "fchdir"]
        native = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}[os.uname().machine]
        config = self.filtered("/probe", "syscall", "600", default="SCMP_ACT_ERRNO", noNewPrivileges=True,
                               syscalls=[{"names": calm, "action": "SCMP_ACT_ALLOW"}])
        config["linux"]["seccomp"]["architectures"] = [native]
        self.assertEqual(self.output(config), "ENOSYS\n")

    def test_an_agent_gets_the_listener_and_answers(self):
        rule = {"names": ["acct"], "action": "SCMP_ACT_NOTIFY"}
        for privileges in (True, False):
            with self.subTest(noNewPrivileges=privileges):
                config = self.filtered("/probe", "syscall", self.number("acct"), syscalls=[rule], noNewPrivileges=privileges)
                path = str(self.folder / f"agent-{privileges}")
                config["linux"]["seccomp"].update(listenerPath=path, listenerMetadata="about it")
                agent = Agent(path)
                agent.start()
                self.assertEqual(self.output(config), "EDQUOT\n")
                agent.join(20)
                self.assertEqual(agent.state["fds"], ["seccompFd"])
                self.assertEqual(agent.state["metadata"], "about it")
                self.assertGreater(agent.state["pid"], 1)

    @ours_only
    def test_an_agent_that_is_not_there_is_named(self):
        config = self.filtered("/probe", syscalls=[{"names": ["acct"], "action": "SCMP_ACT_NOTIFY"}])
        config["linux"]["seccomp"]["listenerPath"] = "/nowhere/agent"
        self.refused("run", "--bundle", self.bundle(config), self.new_id(), says=["linux.seccomp.listenerPath", "/nowhere/agent"])

    @ours_only
    def test_an_unknown_action_is_named(self):
        config = self.filtered("/probe", default="SCMP_ACT_NOSUCH")
        self.refused("run", "--bundle", self.bundle(config), self.new_id(), says=["linux.seccomp.defaultAction", "SCMP_ACT_NOSUCH"])
