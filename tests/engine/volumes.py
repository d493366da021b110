"""Files of the host, volumes and devices in containers: -v, --mount, --tmpfs, --volumes-from, --device, engine volume."""

import json
import os
import pathlib
import shutil
import stat
import unittest

from containers import EngineTest
from harness import BUNDLER


class Private(EngineTest):
    """What containers hold is nobody else's: a program with the set-user-id bit in a volume would be anybody's. cve: 2021-41091"""

    def mode(self, path):
        return stat.S_IMODE(path.stat().st_mode)

    def test_the_data_folder_is_closed_whatever_makes_it(self):
        commands = (("images",), ("volume", "create", "v"), ("ps",), ("network", "ls"), ("load", "--input", "/dev/null"))
        for command in commands:
            with self.subTest(command):
                shutil.rmtree(self.data, ignore_errors=True)
                self.engine(*command)
                self.assertEqual(self.mode(self.data), 0o700)
        shutil.rmtree(self.data)
        done = self.call(BUNDLER, "--store", self.store, "images")
        self.assertEqual((done.code, self.mode(self.data)), (0, 0o700), done)

    def test_one_that_was_open_is_closed(self):
        self.data.mkdir()
        self.data.chmod(0o755)
        self.engine_ok("ps")
        self.assertEqual(self.mode(self.data), 0o700)

    def test_what_happened_is_told_to_root_alone(self):
        self.run_box("true")
        journal = self.run_folder / ".engine/journal"
        self.assertEqual((self.mode(journal), self.mode(journal.parent)), (0o600, 0o700))


class Folders(EngineTest):
    def test_a_folder_of_the_host(self):
        shared = self.folder / "shared"
        shared.mkdir()
        (shared / "note").write_text("hello\n")
        self.assertEqual(self.run_box("sh", "-c", "cat /in/note; echo back > /in/answer", options=["-v", f"{shared}:/in"]), "hello\n")
        self.assertEqual((shared / "answer").read_text(), "back\n")
        self.assertEqual(self.run_box("sh", "-c", "touch /in/x 2>/dev/null || echo refused", options=["-v", f"{shared}:/in:ro"]), "refused\n")
        mount = f"type=bind,src={shared},dst=/in,ro"
        self.assertEqual(self.run_box("sh", "-c", "touch /in/x 2>/dev/null || echo refused", options=["--mount", mount]), "refused\n")

    def test_a_file_of_the_host_and_a_relative_path(self):
        (self.folder / "note").write_text("near\n")
        self.image()
        done = self.engine("run", "--rm", "--net=none", "-v", "./note:/in/note", "box", "cat", "/in/note", cwd=self.folder)
        self.assertEqual(done.out, "near\n", done)

    def test_a_missing_folder_is_made_for_v_and_refused_for_mount(self):
        self.image()
        missing = self.folder / "a/b"
        self.refused("run", "--rm", "--net=none", "--mount", f"type=bind,src={missing},dst=/in", "box", "true", says=("--mount", "a/b"), code=125)
        self.assertFalse(missing.exists())
        self.run_box("touch", "/in/made", options=["-v", f"{missing}:/in"])
        self.assertTrue((missing / "made").exists())

    def test_what_is_no_mount_is_refused(self):
        self.image()
        for options, says in ((["-v", "a/b:/x"], "a/b"), (["-v", "x:y"], "absolute"), (["-v", "/x:/"], "root"), (["-v", "/x:/y:fast"], "fast"),
                              (["--mount", "type=bind,dst=/x"], "src"), (["--mount", "type=disk,dst=/x"], "disk"), (["--mount", "src=x"], "dst"),
                              (["--mount", "src=x,dst=/x,volume-driver=y"], "volume-driver"),
                              (["-v", "/tmp:/x", "--tmpfs", "/x"], "two mounts"), (["--volumes-from", "nobody"], "nobody"),
                              (["--shm-size", "big"], "--shm-size")):
            with self.subTest(options):
                self.refused("run", "--rm", "--net=none", *options, "box", "true", says=says, code=125)
        self.assertEqual(self.containers(), [])

    def test_memory_and_a_root_that_is_read_only(self):
        seen = self.run_box("sh", "-c", "touch /x 2>/dev/null || echo refused; touch /scratch/x && echo made; grep ' /scratch ' /proc/mounts",
                            options=["--read-only", "--tmpfs", "/scratch:size=1m,exec"])
        lines = seen.splitlines()
        self.assertEqual(lines[:2], ["refused", "made"])
        for word in ("size=1024k", "nosuid", "nodev"):
            self.assertIn(word, lines[2])
        self.assertNotIn("noexec", lines[2])
        self.assertIn("size=2048k", self.run_box("grep", " /dev/shm ", "/proc/mounts", options=["--shm-size", "2m"]))


class Named(EngineTest):
    def rows(self, *options):
        return self.engine_ok("volume", "ls", "--json", *options).json

    def test_a_volume_outlives_containers(self):
        self.run_box("sh", "-c", "echo kept > /nest/note", options=["-v", "nest:/nest"])
        self.assertEqual(self.run_box("cat", "/other/note", options=["-v", "nest:/other:ro"]), "kept\n")
        volume = self.engine_ok("volume", "inspect", "nest").json[0]
        self.assertEqual(pathlib.Path(volume["mountpoint"], "note").read_text(), "kept\n")

    def test_an_empty_volume_gets_what_the_image_has(self):
        self.run_box("true", options=["-v", "bin:/bin", "--mount", "type=volume,src=bare,dst=/bin2,volume-nocopy"])
        self.assertIn("sh", os.listdir(self.data / "volumes/bin/_data"))
        self.run_box("rm", "/nest/sh", options=["-v", "bin:/nest"])
        self.assertNotIn("sh", os.listdir(self.data / "volumes/bin/_data"))
        self.run_box("true", options=["-v", "bin:/nest"])
        self.assertNotIn("sh", os.listdir(self.data / "volumes/bin/_data"))

    def test_a_volume_without_a_name_goes_with_its_container(self):
        self.run_box("touch", "/nest/x", options=["-v", "/nest"])
        self.assertEqual(self.rows(), [])
        self.engine_ok("create", "--net=none", "--name", "bird", "-v", "/nest", "box", "true")
        self.assertEqual([row["anonymous"] for row in self.rows()], [True])
        self.engine_ok("rm", "bird")
        self.assertEqual(len(self.rows()), 1)

    def test_prune_takes_what_nobody_named_or_uses(self):
        self.image()
        self.engine_ok("create", "--net=none", "--name", "bird", "-v", "/nest", "-v", "named:/n", "box", "true")
        self.engine_ok("rm", "bird")
        name = next(row["name"] for row in self.rows() if row["anonymous"])
        self.assertEqual(self.engine_ok("volume", "prune").out, f"{name}\n")
        self.assertEqual([row["name"] for row in self.rows()], ["named"])
        self.assertEqual(self.engine_ok("volume", "prune", "--all").out, "named\n")

    def test_volumes_of_the_image(self):
        self.image()
        self.engine_ok("create", "--net=none", "--name", "base", "box", "true")
        bundle = self.folder / "bundle"
        done = self.call(BUNDLER, "--store", self.store, "create", "box", bundle, "true")
        self.assertEqual(done.code, 0, done)
        done = self.call(BUNDLER, "--store", self.store, "commit", bundle, "nested", "-c", "VOLUME /bin")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.call(BUNDLER, "--store", self.store, "delete", bundle).code, 0)
        self.engine_ok("create", "--net=none", "--name", "bird", "nested", "true")
        (volume,) = self.record("bird")["volumes"]
        self.assertEqual((volume["destination"], volume["anonymous"]), ("/bin", True))
        self.assertIn("sh", os.listdir(self.data / "volumes" / volume["name"] / "_data"))

    def test_volumes_from_another(self):
        self.image()
        shared = self.folder / "shared"
        shared.mkdir()
        self.engine_ok("create", "--net=none", "--name", "bird", "-v", "nest:/nest", "-v", f"{shared}:/in", "box", "true")
        seen = self.run_box("sh", "-c", "touch /nest/a /in/b; ls /nest /in", options=["--volumes-from", "bird"])
        self.assertIn("a", seen)
        self.assertTrue((shared / "b").exists())
        self.assertEqual(self.run_box("sh", "-c", "touch /nest/c 2>/dev/null || echo refused", options=["--volumes-from", "bird:ro"]), "refused\n")

    def test_volume_commands(self):
        self.assertEqual(self.engine_ok("volume", "create", "-label", "use=nests", "nests").out, "nests\n")
        self.assertEqual(self.engine_ok("volume", "create", "nests").out, "nests\n")
        name = self.engine_ok("volume", "create").out.strip()
        self.assertEqual(len(name), 64)
        self.assertEqual([row["name"] for row in self.rows("-f", "label=use=nests")], ["nests"])
        self.assertEqual(self.engine_ok("volume", "ls").out.split()[:3], ["DRIVER", "VOLUME", "NAME"])
        self.image()
        self.engine_ok("create", "--net=none", "--name", "bird", "-v", "nests:/n", "box", "true")
        self.assertEqual([row["name"] for row in self.rows("-f", "dangling=true")], [name])
        self.refused("volume", "rm", "nests", says=("nests", "bird"), code=1)
        self.engine_ok("rm", "bird")
        self.engine_ok("volume", "rm", "nests", name)
        self.refused("volume", "rm", "nests", says="no such volume", code=1)
        self.refused("volume", "inspect", "../containers", says="no such volume", code=1)
        self.engine_ok("volume", "rm", "-f", "nests")

    def refused(self, *args, **more):
        if args[:2] == ("volume", "inspect"):
            done = self.engine(*args)
            self.assertEqual(done.code, 1)
            self.assertIn(more["says"], done.err)
            return done
        return super().refused(*args, **more)

    def test_what_is_no_command_is_told_with_the_nearest(self):
        self.refused("volume", says=("volume: a command is required", "engine volume --help"), code=125)
        self.refused("volume", "creat", says=("unknown command", "create"), code=125)
        self.refused("volume", "ls", "--qiuet", says=("volume ls", "--quiet"), code=125)
        self.refused("volume", "create", "a/b", says="a/b", code=1)
        self.assertIn("Usage: engine volume create", self.engine_ok("volume", "create", "--help").out)
        self.assertTrue(self.engine_ok("volume", "create", "--help").out.endswith("More: man engine-volume\n"))


@unittest.skipIf(os.geteuid() != 0, "devices take root's rights")
class Devices(EngineTest):
    def test_a_device_by_another_name(self):
        seen = self.run_box("sh", "-c", "head -c 3 /dev/nil | wc -c; test -c /dev/nil && echo is", options=["--device", "/dev/zero:/dev/nil:r"])
        self.assertEqual(seen.split(), ["3", "is"])

    def test_a_folder_of_devices(self):
        folder = self.folder / "devices"
        (folder / "inner").mkdir(parents=True)
        os.mknod(folder / "inner/nil", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        self.assertEqual(self.run_box("sh", "-c", "test -c /dev/birds/inner/nil && echo is", options=["--device", f"{folder}:/dev/birds"]), "is\n")

    def test_what_is_no_device_is_refused(self):
        self.image()
        for option in ("--device=/etc/passwd", "--device=/no/such", "--device=zero", "--device-cgroup-rule=x", "--device=/dev/zero:/x:q"):
            with self.subTest(option):
                self.refused("run", "--rm", "--net=none", option, "box", "true", says="--device", code=125)

    def test_a_rule_is_written(self):
        self.image()
        self.engine_ok("create", "--net=none", "--name", "bird", "--device-cgroup-rule", "c 42:* rwm", "box", "true")
        config = json.loads((self.data / "containers" / self.record("bird")["id"] / "bundle/config.json").read_text())
        self.assertIn({"allow": True, "type": "c", "major": 42, "access": "rwm"}, config["linux"]["resources"]["devices"])
