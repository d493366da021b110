"""What a container that has filled the disk of all containers can still be done to."""

import json
import subprocess

from containers import EngineTest
from harness import wait_for

FILL = "cat /dev/zero > /big 2>/dev/null; "


class FullDisk(EngineTest):
    """The folder of the containers is a small file system, in a mount namespace of the test's own."""

    def setUp(self):
        super().setUp()
        self.image()
        self.disk = self.data / "containers"
        self.disk.mkdir()
        self.inner = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=2m small "$0" && echo ready && exec sleep 1000', self.disk],
            env=self.environment, stdout=subprocess.PIPE, text=True)
        self.assertEqual(self.inner.stdout.readline(), "ready\n")

    def remove_all(self):
        try:
            super().remove_all()
        finally:
            self.inner.kill()
            self.inner.communicate()

    def within(self, *command):
        return ["nsenter", "--target", str(self.inner.pid), "--mount", "--", *map(str, command)]

    def command(self, *args):
        return self.within(*super().command(*args))

    def on_disk(self, *command):
        done = self.call(*self.within(*command), cwd="/")
        self.assertEqual(done.code, 0, done)
        return done.out

    def is_full(self):
        return self.on_disk("stat", "-f", "-c", "%a", self.disk).strip() == "0"

    def filled(self, then="exec sleep 1000", options=()):
        """A container that has filled the disk."""
        self.engine_ok("run", "--detach", "--name", "bird", "--net=none", *self.marked(), *options, "box", "sh", "-c", FILL + then)
        wait_for(self.is_full, "the disk to be full")

    def make_room(self):
        self.on_disk("sh", "-c", 'rm "$0"/*/bundle/upper/big', self.disk)

    def row(self):
        return next(row for row in self.engine_ok("ps", "--all", "--json").json if row["name"] == "bird")

    def saved(self):
        """The state in the record on the disk."""
        return json.loads(self.on_disk("sh", "-c", 'cat "$0"/*/engine.json', self.disk))["state"]

    def ended(self, *command):
        """Ends it, which is done and told with one line; then it is noted as soon as there is room."""
        self.filled()
        done = self.engine_ok(*command, "bird")
        self.assertEqual((done.out, len(done.err.splitlines())), ("bird\n", 1), done)
        for word in ("warning", command[0], "container bird", "No space left on device"):
            self.assertIn(word, done.err)
        self.assertEqual((self.row()["status"], self.row()["exitCode"]), ("exited", 137))
        self.make_room()
        self.row()
        self.assertEqual((self.saved()["status"], self.saved()["exitCode"]), ("exited", 137))

    def test_it_can_be_stopped(self):
        self.ended("stop", "--time", "0")

    def test_it_can_be_killed(self):
        self.ended("kill")

    def test_it_can_be_removed_by_force(self):
        self.filled()
        self.engine_ok("rm", "--force", "bird")
        self.assertEqual((self.containers(), self.on_disk("ls", self.disk)), ([], ""))

    def test_one_that_ends_keeps_its_exit_code_until_there_is_room(self):
        self.filled("exit 7")
        wait_for(lambda: self.row()["status"] == "exited", "it to end")
        self.assertEqual((self.row()["exitCode"], self.saved()["status"]), (7, "running"))
        self.make_room()
        self.assertEqual(self.row()["exitCode"], 7)
        self.assertEqual((self.saved()["status"], self.saved()["exitCode"]), ("exited", 7))

    def test_one_that_goes_at_its_end_goes(self):
        self.engine_ok("run", "--detach", "--rm", "--name", "bird", "--net=none", *self.marked(), "box", "sh", "-c", FILL)
        wait_for(lambda: self.containers() == [], "it to be removed")
        self.assertEqual(self.on_disk("ls", self.disk), "")

    def test_one_that_has_no_room_leaves_no_name(self):
        self.on_disk("sh", "-c", 'cat /dev/zero > "$0/fill" || :', self.disk)
        for name in (["--name", "bird"], []):
            self.refused("create", *name, "--net=none", "box", says=("container ", "No space left on device"), code=125)
        self.assertEqual((self.on_disk("ls", self.disk), list((self.data / "names").iterdir())), ("fill\n", []))
