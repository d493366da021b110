"""Containers of an ordinary user: the whole life of one, without privileges of any kind."""

import json
import os
import shutil
import subprocess

from harness import BUSYBOX, RUNTIME, ProgramTest, make_rootfs, ours_only, wait_for

USER = 1000


class UserTest(ProgramTest):
    """A test of what a user without privileges can do, with a bundle in a home of its own."""

    def setUp(self):
        super().setUp()
        self.home = self.folder / "home"
        self.run = self.home / "run"
        self.bundle = self.home / "bundle"
        make_rootfs(self.bundle / "rootfs")
        self.run.mkdir()
        # Where the program under test lies may be closed to others.
        self.program = self.home / os.path.basename(RUNTIME)
        shutil.copy(shutil.which(RUNTIME), self.program)
        for folder, _, files in os.walk(self.home):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, USER, USER, follow_symlinks=False)
        self.run.chmod(0o700)
        if self.user(BUSYBOX, "unshare", "-U", "true").code != 0:
            self.skipTest("unprivileged user namespaces are off")
        self.addCleanup(self.delete_all)

    def user(self, program, *args, **more):
        """Runs a program as the user, who has nothing but a home, a name and XDG_RUNTIME_DIR."""
        person = {"user": USER, "group": USER, "extra_groups": []}
        variables = {"XDG_RUNTIME_DIR": str(self.run), "HOME": str(self.home), "USER": "somebody"}
        return self.call(program, *args, cwd=self.bundle, env=variables, **person, **more)

    def runtime(self, *args, **more):
        return self.user(self.program, *args, **more)

    def runtime_ok(self, *args, **more):
        done = self.runtime(*args, **more)
        self.assertEqual(done.code, 0, f"runtime {' '.join(map(str, args))}: {done}")
        return done

    def delete_all(self):
        for line in self.runtime("list", "--quiet").out.split():
            self.runtime("delete", "--force", line)

    def written(self, *args, **linux):
        """The bundle's config.json as `spec --rootless` writes it, with other arguments."""
        path = self.bundle / "config.json"
        path.unlink(missing_ok=True)
        self.runtime_ok("spec", "--rootless")
        config = json.loads(path.read_text())
        config["process"].update(terminal=False, args=list(args))
        config["process"]["env"].append(f"CORACLE_TEST_MARK={self.mark}")
        config["linux"].update(linux)
        path.write_text(json.dumps(config))
        return config

    def status(self, name):
        return self.runtime_ok("state", name).json["status"]


class Rootless(UserTest):
    def test_what_spec_writes_maps_the_caller_to_root(self):
        config = self.written("/probe")
        self.assertEqual(config["linux"]["uidMappings"], [{"containerID": 0, "hostID": USER, "size": 1}])
        self.assertEqual(config["linux"]["gidMappings"], [{"containerID": 0, "hostID": USER, "size": 1}])
        self.assertNotIn("resources", config["linux"])

    def test_run(self):
        self.written("/probe")
        done = self.runtime("run", self.mark)
        self.assertEqual((done.code, done.err), (0, ""), done)
        self.assertEqual((done.json["uid"], done.json["pid"]), (0, 1))
        self.assertEqual([line.split() for line in done.json["uid_map"]], [["0", str(USER), "1"]])
        self.assertNotEqual(done.json["namespaces"]["user"], os.readlink("/proc/self/ns/user"))

    def test_the_exit_code_is_that_of_the_process(self):
        self.written("sh", "-c", "exit 42")
        self.assertEqual(self.runtime("run", self.mark).code, 42)

    def test_a_user_who_is_root_in_a_namespace_of_his_own_finds_his_containers(self):
        self.written("/bin/true")
        self.runtime_ok("create", self.mark)
        inside = self.user(BUSYBOX, "unshare", "-U", "-r", self.program, "list", "--quiet")
        self.assertEqual((inside.code, inside.out), (0, f"{self.mark}\n"), inside)

    def test_the_whole_life(self):
        self.written("sh", "-c", "echo started >/dev/shm/started; exec sleep 1000")
        self.runtime_ok("create", self.mark)
        self.assertEqual(self.status(self.mark), "created")
        self.runtime_ok("start", self.mark)
        self.assertEqual(self.status(self.mark), "running")
        self.assertIn(self.mark, self.runtime_ok("list", "--quiet").out.split())
        ended = lambda: self.runtime("exec", self.mark, "cat", "/dev/shm/started").out == "started\n"
        wait_for(ended, "the process to have written")
        init = json.loads(self.runtime_ok("state", self.mark).out)["pid"]
        self.assertEqual(json.loads(self.runtime_ok("ps", "--format", "json", self.mark).out), [init])
        done = self.runtime_ok("exec", self.mark, "sh", "-c", "id -u; hostname")
        self.assertEqual(done.out.split()[0], "0")
        self.assertEqual(self.runtime("exec", self.mark, "sh", "-c", "exit 7").code, 7)
        self.runtime_ok("kill", self.mark, "KILL")
        wait_for(lambda: self.status(self.mark) == "stopped", "the container to stop")
        self.runtime_ok("delete", self.mark)
        self.assertEqual(self.runtime_ok("list", "--quiet").out, "")

    def test_a_running_container_is_deleted_by_force(self):
        self.written("sleep", "1000")
        self.runtime_ok("run", "--detach", self.mark)
        self.assertEqual(self.status(self.mark), "running")
        self.runtime_ok("delete", "--force", self.mark)
        self.assertNotEqual(self.runtime("state", self.mark).code, 0)

    def test_the_network_of_its_own_has_a_loopback_interface(self):
        config = self.written("ip", "-o", "link")
        self.written("ip", "-o", "link", namespaces=[*config["linux"]["namespaces"], {"type": "network"}])
        self.assertIn("lo: <LOOPBACK,UP", self.runtime_ok("run", self.mark).out)

    def test_files_of_the_container_belong_to_the_user(self):
        self.written("sh", "-c", "touch /work/file && stat -c %u /work/file")
        path = self.bundle / "config.json"
        config = json.loads(path.read_text())
        source = self.home / "work"
        source.mkdir()
        os.chown(source, USER, USER)
        config["mounts"].append({"destination": "/work", "type": "bind", "source": str(source), "options": ["bind", "nosuid", "nodev"]})
        path.write_text(json.dumps(config))
        (self.bundle / "rootfs/work").mkdir()
        self.assertEqual(self.runtime_ok("run", self.mark).out, "0\n")
        self.assertEqual((source / "file").stat().st_uid, USER)

    def test_the_state_lies_below_the_users_runtime_directory(self):
        self.written("sleep", "1000")
        self.runtime_ok("create", self.mark)
        self.assertTrue(list(self.run.glob(f"*/{self.mark}")), list(self.run.rglob("*")))

    @ours_only
    def test_a_limit_that_cannot_be_set_is_refused_by_name(self):
        self.written("/bin/true", resources={"pids": {"limit": 10}})
        self.one_line(self.runtime("run", self.mark), "cgroup")

    @ours_only
    def test_ids_beyond_those_of_the_user_are_refused(self):
        self.written("/bin/true", uidMappings=[{"containerID": 0, "hostID": 0, "size": 1}])
        self.one_line(self.runtime("run", self.mark), "uid")

    @ours_only
    def test_additional_groups_are_refused_with_the_reason(self):
        self.written("/bin/true")
        path = self.bundle / "config.json"
        config = json.loads(path.read_text())
        config["process"]["user"]["additionalGids"] = [5]
        path.write_text(json.dumps(config))
        self.one_line(self.runtime("run", self.mark), "additionalGids")
