"""A container on a person's terminal: size, keys, signals, leaving and coming back."""

import fcntl
import os
import pty
import shutil
import signal
import struct
import subprocess
import termios
import unittest

from containers import EngineTest
from harness import PATIENCE, wait_for


class Terminal(EngineTest):
    def setUp(self):
        super().setUp()
        self.image()
        self.ours, self.theirs = pty.openpty()
        self.addCleanup(os.close, self.ours)
        self.addCleanup(os.close, self.theirs)
        self.resize(31, 97)
        os.set_blocking(self.ours, False)
        self.seen = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def at_terminal(self, *args):
        process = self.start_engine(
            *args, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        )
        return process

    def run_at_terminal(self, *words, options=("--rm",)):
        return self.at_terminal("run", "-ti", "--net=none", "--name", "bird", *self.marked(), *options, "box", *words)

    def read_until(self, word):
        """What the terminal shows up to this; the rest is for the next call."""
        def arrived():
            try:
                self.seen += os.read(self.ours, 65536)
            except BlockingIOError:
                pass
            return word in self.seen

        wait_for(arrived, f"{word!r} on the terminal, which shows {self.seen!r}")
        shown, _, self.seen = self.seen.partition(word)
        return (shown + word).decode()

    def type(self, keys):
        os.write(self.ours, keys)

    def mode(self):
        return termios.tcgetattr(self.theirs)

    def test_a_shell_on_it_has_its_size_and_ends_with_its_exit_code(self):
        process = self.run_at_terminal("sh")
        self.read_until(b"# ")
        self.type(b"stty size; exit 5\n")
        self.read_until(b"31 97")
        self.assertEqual(process.wait(20 * PATIENCE), 5)
        self.assertEqual(self.containers(), [])

    def test_a_new_size_is_the_containers(self):
        process = self.run_at_terminal("sh")
        self.read_until(b"# ")
        self.resize(40, 120)
        os.killpg(process.pid, signal.SIGWINCH)
        self.type(b"until stty size | grep 120; do sleep 0.05; done; exit\n")
        self.read_until(b"40 120")
        self.assertEqual(process.wait(20 * PATIENCE), 0)

    def test_keys_reach_the_container_and_not_the_engine(self):
        process = self.run_at_terminal("sh", "-c", "trap 'echo interrupted; exit 3' INT; echo ready; while :; do sleep 0.05; done")
        self.read_until(b"ready")
        self.type(b"\x03")
        self.read_until(b"interrupted")
        self.assertEqual(process.wait(20 * PATIENCE), 3)

    def test_the_terminal_is_as_it_was_afterwards(self):
        before = self.mode()
        process = self.run_at_terminal("sh")
        self.read_until(b"# ")
        self.assertNotEqual(self.mode(), before)
        self.type(b"exit\n")
        process.wait(20 * PATIENCE)
        self.assertEqual(self.mode(), before)

    def test_a_person_leaves_by_keys_and_comes_back(self):
        before = self.mode()
        process = self.run_at_terminal("sh", "-c", "echo ready; while read word; do echo got $word; [ $word = end ] && exit 4; done", options=())
        self.read_until(b"ready")
        self.type(b"\x10\x11")
        self.assertEqual(process.wait(20 * PATIENCE), 0)
        self.assertEqual(self.mode(), before)
        self.assertEqual(self.status("bird"), "running")
        process = self.at_terminal("attach", "bird")
        wait_for(lambda: self.mode() != before, "attach to take the terminal")
        self.type(b"more\nend\n")
        self.read_until(b"got end")
        self.assertEqual(process.wait(20 * PATIENCE), 4)
        self.assertEqual(self.status("bird"), "exited")

    def test_the_first_of_the_keys_alone_reaches_the_container(self):
        process = self.run_at_terminal("sh", "-c", "stty -echo -icanon; echo ready; head -c 2 | od -c | head -1; exit 6")
        self.read_until(b"ready")
        self.type(b"\x10a")
        self.read_until(b"020   a")
        self.assertEqual(process.wait(20 * PATIENCE), 6)

    def test_other_keys_and_none(self):
        process = self.run_at_terminal("sh", options=("--detach-keys", "ctrl-a,d"))
        self.read_until(b"# ")
        self.type(b"\x01d")
        self.assertEqual(process.wait(20 * PATIENCE), 0)
        self.assertEqual(self.status("bird"), "running")
        self.refused("run", "--rm", "--detach-keys", "tab", "--net=none", "box", "true", says="--detach-keys", code=125)

    def test_what_was_stopped_is_started_on_the_terminal(self):
        process = self.run_at_terminal("sh", options=())
        self.read_until(b"# ")
        self.type(b"echo kept > /file; exit\n")
        self.assertEqual(process.wait(20 * PATIENCE), 0)
        process = self.at_terminal("start", "-ai", "bird")
        self.read_until(b"# ")
        self.type(b"cat /file; exit 2\n")
        self.read_until(b"kept")
        self.assertEqual(process.wait(20 * PATIENCE), 2)

    def test_without_a_terminal_there_is_none_to_give(self):
        self.refused("run", "--rm", "-ti", "--net=none", "box", "true", says="not a terminal", code=125)
        self.assertEqual(self.containers(), [])

    @unittest.skipUnless(shutil.which("script"), "needs script(1)")
    def test_under_script(self):
        command = " ".join(self.command("run", "--rm", "-ti", "--net=none", *self.marked(), "box", "sh", "-c", "'tty; hostname'"))
        done = self.call("script", "--quiet", "--return", "--command", command, "/dev/null")
        self.assertEqual(done.code, 0, done)
        self.assertIn("/dev/pts/0", done.out)

    @unittest.skipUnless(shutil.which("tmux"), "needs tmux")
    def test_under_tmux(self):
        tmux = ["tmux", "-L", self.mark, "-f", "/dev/null"]
        self.addCleanup(subprocess.run, [*tmux, "kill-server"], env=self.environment, stderr=subprocess.DEVNULL)
        command = " ".join(self.command("run", "--rm", "-ti", "--net=none", *self.marked(), "box", "sh"))
        subprocess.run([*tmux, "new-session", "-d", "-x", "90", "-y", "20", command], env=self.environment, check=True)

        def screen():
            return subprocess.run([*tmux, "capture-pane", "-p"], env=self.environment, capture_output=True, text=True).stdout

        wait_for(lambda: "/ #" in screen(), "the shell's prompt")
        subprocess.run([*tmux, "send-keys", "stty size; echo $((2+3))five", "Enter"], env=self.environment, check=True)
        wait_for(lambda: "5five" in screen(), "the answer")
        self.assertIn("20 90", screen().replace("19 90", "20 90"))
        subprocess.run([*tmux, "send-keys", "exit", "Enter"], env=self.environment, check=True)
        wait_for(lambda: self.containers() == [], "the container to be gone")


class Streams(EngineTest):
    def test_standard_input_is_the_commands_only_where_that_is_asked_for(self):
        self.assertEqual(self.run_box("cat", options=("-i",), input="typed\n"), "typed\n")
        self.assertEqual(self.run_box("cat", input="typed\n"), "")

    def test_megabytes_pass_both_ways_unchanged(self):
        text = "".join(f"{n}\n" for n in range(400_000))
        self.assertEqual(self.run_box("cat", options=("-i",), input=text), text)

    def test_a_signal_to_the_engine_is_the_containers(self):
        self.image()
        process = self.start_engine(
            "run", "--rm", "--net=none", *self.marked(), "box", "sh", "-c", "trap 'exit 8' TERM; echo ready; while :; do sleep 0.05; done", stdout=subprocess.PIPE, text=True
        )
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.terminate()
        self.assertEqual(process.wait(20 * PATIENCE), 8)
        process.stdout.close()
