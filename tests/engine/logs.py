"""engine logs: what a container has written, and what it writes."""

import subprocess

from containers import EngineTest
from harness import PATIENCE


class Logs(EngineTest):
    def ended(self, script, *options, name="bird"):
        self.image()
        self.engine("run", "--name", name, "--net=none", *self.marked(), *options, "box", "sh", "-c", script)
        return name

    def test_both_streams_come_back_apart(self):
        done = self.engine_ok("logs", self.ended("echo out; echo err >&2; printf end"))
        self.assertEqual((done.out, done.err), ("out\nend", "err\n"))

    def test_only_the_last_lines(self):
        name = self.ended("echo 1; echo 2; echo 3")
        self.assertEqual(self.engine_ok("logs", "-n", "2", name).out, "2\n3\n")
        self.assertEqual(self.engine_ok("logs", "--tail", "0", name).out, "")
        self.assertEqual(self.engine_ok("logs", "--tail", "all", name).out, "1\n2\n3\n")
        self.refused("logs", "--tail", "x", name, says="--tail")

    def test_times_of_lines_and_spans(self):
        name = self.ended("echo 1")
        self.assertRegex(self.engine_ok("logs", "-t", name).out, r"^20\d\d-.*Z 1\n$")
        self.assertEqual(self.engine_ok("logs", "--since", "10m", name).out, "1\n")
        self.assertEqual(self.engine_ok("logs", "--until", "10m", name).out, "")
        self.refused("logs", "--since", "yesterday", name, says=("--since", "yesterday"))

    def test_following_ends_with_the_container(self):
        self.image()
        self.engine_ok("run", "-d", "-i", "--name", "bird", "--net=none", *self.marked(), "box", "sh", "-c", "echo one; sleep 1; echo two")
        process = self.start_engine("logs", "-f", "bird", stdout=subprocess.PIPE)
        out, _ = process.communicate(timeout=30 * PATIENCE)
        self.assertEqual((process.returncode, out), (0, b"one\ntwo\n"))

    def test_no_such_container(self):
        self.refused("logs", "nobody", says="no such container", code=1)
