"""engine exec, top: further processes in a container."""

import pty
import os
import subprocess

from containers import EngineTest
from harness import PATIENCE


class Exec(EngineTest):
    def setUp(self):
        super().setUp()
        self.image()
        self.engine_ok("run", "-d", "--name", "bird", "--net=none", *self.marked(), "box", "sleep", "1000")

    def test_it_has_the_streams_and_the_exit_code(self):
        done = self.engine("exec", "-i", "bird", "sh", "-c", "cat; echo err >&2; exit 7", input="typed\n")
        self.assertEqual((done.code, done.out, done.err), (7, "typed\n", "err\n"))
        self.assertEqual(self.engine_ok("exec", "bird", "cat", input="typed\n").out, "")

    def test_user_folder_and_environment(self):
        env = self.folder / "env"
        env.write_text("# no\nA=1\n\nCORACLE_TEST_MARK\n")
        done = self.engine_ok("exec", "-u", "user", "-w", "/tmp", "-e", "B=2 3", "--env-file", env, "bird",
                              "sh", "-c", "id -u; echo $PWD $A $B $CORACLE_TEST_MARK")
        self.assertEqual(done.out, f"1000\n/tmp 1 2 3 {self.mark}\n")
        self.refused("exec", "-u", "nobody", "bird", "true", says="nobody", code=1)

    def test_what_cannot_run_has_its_exit_code(self):
        self.refused("exec", "bird", "nosuch", says="nosuch", code=127)
        self.refused("exec", "bird", "/etc/passwd", says="/etc/passwd", code=126)

    def test_a_container_that_is_paused_or_ended_is_refused(self):
        self.engine_ok("pause", "bird")
        self.refused("exec", "bird", "true", says="paused", code=1)
        self.engine_ok("unpause", "bird")
        self.engine_ok("stop", "-t", "0", "bird")
        self.refused("exec", "bird", "true", says="not running", code=1)

    def test_detached(self):
        self.engine_ok("exec", "-d", "bird", "sh", "-c", "echo x > /tmp/seen")
        self.engine_ok("exec", "bird", "sh", "-c", "while ! test -s /tmp/seen; do sleep 0.01; done")
        self.refused("exec", "-dt", "bird", "true", says="--detach")

    def test_a_terminal(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(self.command("exec", "-ti", "bird", "sh", "-c", "test -t 0 && test -t 1 && exit 9"),
                                   stdin=theirs, stdout=theirs, stderr=theirs, env=self.environment)
        os.close(theirs)
        self.addCleanup(os.close, ours)
        self.assertEqual(process.wait(20 * PATIENCE), 9)

    def test_top_lists_its_processes(self):
        self.assertIn("sleep 1000", self.engine_ok("top", "bird").out)
        self.assertIn("PID", self.engine_ok("top", "bird", "-o", "pid,args").out)
