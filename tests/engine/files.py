"""engine cp, diff, export, commit: a container's files."""

import io
import subprocess
import tarfile

from containers import EngineTest


class Copy(EngineTest):
    def setUp(self):
        super().setUp()
        self.image()
        self.engine_ok("run", "-d", "--name", "bird", "--net=none", *self.marked(), "box", "sleep", "1000")
        self.here = self.folder / "here"
        (self.here / "d/sub").mkdir(parents=True)
        (self.here / "d/a").write_text("a\n")
        (self.here / "f").write_text("f\n")

    def inside(self, script):
        return self.engine_ok("exec", "bird", "sh", "-c", script).out

    def test_files_and_folders_both_ways(self):
        self.engine_ok("cp", self.here / "f", "bird:/tmp/")
        self.engine_ok("cp", self.here / "d", "bird:/tmp/new")
        self.engine_ok("cp", self.here / "d", "bird:/tmp/new")
        self.engine_ok("cp", f"{self.here}/d/.", "bird:/root")
        self.assertEqual(self.inside("cat /tmp/f /tmp/new/a /tmp/new/d/a /root/a"), "f\na\na\na\n")
        self.engine_ok("cp", "bird:/tmp/new", self.here / "back")
        self.assertEqual((self.here / "back/d/a").read_text(), "a\n")

    def test_refusals(self):
        for words, says in (
            (("cp", self.here / "nosuch", "bird:/"), "nosuch"),
            (("cp", self.here / "f", "bird:/nope/"), "not there"),
            (("cp", self.here / "d", "bird:/etc/passwd"), "not a folder"),
            (("cp", "bird:/nosuch", self.here), "nosuch"),
            (("cp", self.here / "f", self.here / "g"), "CONTAINER"),
        ):
            with self.subTest(words=words):
                self.refused(*words, says=says)

    def test_no_link_leads_out_of_the_container(self):
        outside = self.folder / "outside"
        outside.mkdir()
        (outside / "secret").write_text("secret")
        self.inside(f"/bin/busybox ln -s {outside} /tmp/x; /bin/busybox ln -s ../../../../../../..{outside} /tmp/y")
        for link in ("x", "y"):
            self.refused("cp", self.here / "f", f"bird:/tmp/{link}/f")
            self.refused("cp", f"bird:/tmp/{link}/secret", self.here)
        self.assertEqual([path.name for path in outside.iterdir()], ["secret"])

    def test_streams(self):
        archive = subprocess.run(self.command("cp", "bird:/etc", "-"), env=self.environment, stdout=subprocess.PIPE, check=True).stdout
        self.assertIn("etc/passwd", tarfile.open(fileobj=io.BytesIO(archive)).getnames())
        subprocess.run(self.command("cp", "-", "bird:/tmp"), env=self.environment, input=archive, check=True)
        self.assertIn("root:", self.inside("cat /tmp/etc/passwd"))

    def test_a_container_that_does_not_run(self):
        self.engine_ok("stop", "-t", "0", "bird")
        self.engine_ok("cp", self.here / "f", "bird:/tmp/f")
        self.engine_ok("cp", "bird:/tmp/f", self.here / "g")
        self.assertEqual((self.here / "g").read_text(), "f\n")

    def test_changes_are_listed_exported_and_committed(self):
        self.inside("echo new > /tmp/new; rm /bin/true")
        self.assertEqual(self.engine_ok("diff", "bird").out, "C /bin\nD /bin/true\nC /tmp\nA /tmp/new\n")
        self.engine_ok("export", "-o", self.folder / "bird.tar", "bird")
        names = tarfile.open(self.folder / "bird.tar").getnames()
        self.assertIn("./tmp/new", names)
        self.assertNotIn("./bin/true", names)
        self.assertRegex(self.engine_ok("commit", "-c", "ENV A=5", "bird", "birds:tame").out, "^sha256:")
        self.assertEqual(self.engine_ok("run", "--rm", "--net=none", *self.marked(), "birds:tame", "sh", "-c", "cat /tmp/new; echo $A").out, "new\n5\n")
        self.assertEqual(self.status("bird"), "running")
