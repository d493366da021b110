"""The terminal of a container: size, input, signals, and who gets its master."""

import array
import fcntl
import os
import pty
import signal
import socket
import struct
import subprocess
import termios

from harness import PATIENCE, RUNTIME, RuntimeTest, wait_for


class Terminal(RuntimeTest):
    def on_a_terminal(self, *args):
        """The runtime on a pseudo-terminal of 31 rows and 97 columns; gives the process and our end."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 97, 0, 0))
        process = subprocess.Popen(
            [RUNTIME, "--root", self.root, *args], stdin=theirs, stdout=theirs, stderr=theirs, env=self.environment, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.addCleanup(os.close, ours)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process, ours

    def foreground(self, *args):
        """`runtime run` of these arguments, on a terminal."""
        return self.on_a_terminal("run", "--bundle", self.bundle(self.config(*args, terminal=True)), self.new_id())

    def master_of(self, *args):
        """The terminal's master that this command sends over its console socket."""
        path = self.folder / f"console-{self.new_id()}.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(1)
            self.runtime_ok(*[path if arg == "SOCKET" else arg for arg in args])
            connection, _ = listener.accept()
            with connection:
                _, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        master = array.array("i", ancillary[0][2][:4])[0]
        self.addCleanup(os.close, master)
        return master

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
        self.assertEqual(process.wait(20 * PATIENCE), 0)

    def test_what_is_typed_arrives_and_the_terminal_is_raw(self):
        process, terminal = self.foreground("/bin/sh", "-c", "read line; echo got $line")
        os.write(terminal, b"typed\n")
        self.read_until(terminal, b"got typed")
        self.assertEqual(process.wait(20 * PATIENCE), 0)

    def test_a_new_window_size_is_passed_on(self):
        process, terminal = self.foreground("/probe", "catch")
        self.read_until(terminal, b"ready")
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.read_until(terminal, b"size 40 120")
        self.assertEqual(process.wait(20 * PATIENCE), 0)

    def test_an_interrupt_typed_at_the_terminal_reaches_the_process(self):
        process, terminal = self.foreground("/probe", "catch")
        self.read_until(terminal, b"ready")
        os.write(terminal, b"\x03")
        self.read_until(terminal, f"signal {int(signal.SIGINT)}".encode())
        self.assertEqual(process.wait(20 * PATIENCE), 0)

    def test_the_terminal_comes_over_the_console_socket_when_detached(self):
        config = self.config("/bin/sh", "-c", "tty=$(readlink /proc/self/fd/0); read line; echo $tty $line", terminal=True)
        name = self.new_id()
        master = self.master_of("create", "--bundle", self.bundle(config), "--console-socket", "SOCKET", name)
        self.runtime_ok("start", name)
        os.write(master, b"hello\n")
        self.assertIn("/dev/pts/0 hello", self.read_until(master, b"/dev/pts/0 hello"))
        self.wait_status(name, "stopped")

    def test_a_terminal_and_no_console_socket_is_refused_for_create(self):
        self.refused("create", "--bundle", self.bundle(self.config(terminal=True)), self.new_id(), says="console")

    def test_a_console_socket_without_a_terminal_is_refused(self):
        self.refused(
            "create", "--bundle", self.bundle(), "--console-socket", self.folder / "absent.sock", self.new_id(), says="console"
        )

    def test_exec_gets_a_terminal_of_the_callers_size(self):
        name = self.running()
        process, terminal = self.on_a_terminal("exec", "--tty", name, "/bin/sh", "-c", "test -t 0 && stty size && exit 7")
        self.read_until(terminal, b"31 97")
        self.assertEqual(process.wait(20 * PATIENCE), 7)

    def test_exec_sends_the_master_over_its_console_socket_when_detached(self):
        name = self.running()
        master = self.master_of("exec", "--tty", "--detach", "--console-socket", "SOCKET", name, "/bin/sh", "-c", "read line; echo got $line")
        os.write(master, b"typed\n")
        self.read_until(master, b"got typed")

    def test_a_detached_exec_with_a_terminal_and_no_console_socket_is_refused(self):
        self.refused("exec", "--tty", "--detach", self.running(), "/bin/true", says="--console-socket")

    def test_output_that_goes_to_a_file_has_no_carriage_returns(self):
        config = self.config("/bin/sh", "-c", "test -t 1 && echo one && echo two", terminal=True)
        self.assertEqual(self.output(config), "one\ntwo\n")
