"""The engine of an ordinary user, with subordinate ids and with a single id: the whole life of containers."""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import unittest

from containers import ENGINE, EngineTest
from harness import BUNDLER, PATIENCE, RUNTIME, make_rootfs, wait_for

USER = 41234
FIRST, COUNT = 3_000_000, 65536

# The user exists in these mounts alone; so do his ids, and a device for slirp4netns that he may open.
ENTER = """
for name in passwd subuid subgid; do mount --bind "$1/$name" "/etc/$name" || exit 99; done
[ -e /dev/net/tun ] && mount --bind "$1/tun" /dev/net/tun
cd "$2"; shift 2
exec setpriv --reuid=%d --regid=%d --clear-groups --inh-caps=-all "$@"
""" % (USER, USER)


def for_others(program, folder):
    """The program's path, or that of a copy where others cannot reach it."""
    path = pathlib.Path(shutil.which(program))
    if all(parent.stat().st_mode & 1 for parent in path.parents):
        return path
    return shutil.copy(path, folder)


class RootlessTest(EngineTest):
    RANGES = True
    UNSHARE = ("--mount",)

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.home, self.xdg, self.etc = (self.folder / name for name in ("home", "xdg", "etc"))
        for folder in (self.home, self.xdg, self.etc):
            folder.mkdir(exist_ok=True)
        os.mknod(self.etc / "tun", 0o666 | stat.S_IFCHR, os.makedev(10, 200))
        (self.etc / "tun").chmod(0o666)
        lines = pathlib.Path("/etc/passwd").read_text().splitlines(keepends=True)
        (self.etc / "passwd").write_text("".join(lines) + f"person:x:{USER}:{USER}::{self.home}:/bin/sh\n")
        for name in ("subuid", "subgid"):
            (self.etc / name).write_text(f"person:{FIRST}:{COUNT}\n" if self.RANGES else "")
        for folder in (self.home, self.xdg):
            os.chown(folder, USER, USER)
            folder.chmod(0o700)
        self.data, self.run_folder = self.home / ".local/share/coracle", self.xdg / "coracle"
        self.store = self.data / "images"
        self.programs = {name: for_others(name, self.folder) for name in (ENGINE, RUNTIME, BUNDLER)}
        keep = {name: self.environment[name] for name in ("PATH", "CORACLE_TEST_MARK", "LANG") if name in self.environment}
        self.environment = {**keep, "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.xdg)}
        if self.user("unshare", "--user", "true").code != 0:
            self.skipTest("unprivileged user namespaces are off")

    def user_command(self, *words):
        return ["unshare", *self.UNSHARE, "sh", "-c", ENTER, "sh", str(self.etc), str(self.home), *map(str, words)]

    def user(self, *words, **more):
        return self.call(*self.user_command(*words), **more)

    def command(self, *args):
        return self.user_command(self.programs[ENGINE], "--runtime", self.programs[RUNTIME], *args)

    def image(self, name="box", *import_options, rootfs=None):
        """The files of user 1000 are in it as well."""
        folder = rootfs or self.folder / "box"
        if not folder.exists():
            make_rootfs(folder)
            (folder / "tmp").chmod(0o1777)
            (folder / "joe").mkdir()
            os.chown(folder / "joe", 1000, 1000)
        done = self.user(self.programs[BUNDLER], "import", *import_options, folder, name)
        self.assertEqual(done.code, 0, done)
        return name

    def start_box(self, name, *words, options=()):
        self.image()
        return self.engine_ok("run", "--detach", "--net=none", "--name", name, *self.marked(), *options, "box", *words)

    def records(self):
        return [json.loads(path.read_text()) for path in self.data.glob("containers/*/engine.json")]

    def owner(self, path):
        st = os.stat(path, follow_symlinks=False)
        return st.st_uid, st.st_gid

    def mounts_anywhere(self):
        """Lines of any process's table that name the folder of this test, but for those that bring the user."""
        found = set()
        for table in pathlib.Path("/proc").glob("[0-9]*/mountinfo"):
            try:
                found.update(line for line in table.read_text().splitlines() if str(self.home) in line)
            except OSError:
                pass
        return found


class WithRanges(RootlessTest):
    def test_root_in_the_container_is_the_user_and_others_are_his_subordinate_ids(self):
        maps = self.run_box("cat", "/proc/self/uid_map", "/proc/self/gid_map").split()
        self.assertEqual(maps, ["0", str(USER), "1", "1", str(FIRST), str(COUNT)] * 2)

    def test_files_keep_their_owners(self):
        self.assertEqual(self.run_box("stat", "-c", "%u:%g", "/joe", "/bin").split(), ["1000:1000", "0:0"])
        layer = next((self.store / "layers").iterdir())
        self.assertTrue(layer.name.endswith("-user"), layer)
        self.assertEqual(self.owner(layer / "joe"), (FIRST + 999, FIRST + 999))

    def test_a_user_of_the_image(self):
        self.assertEqual(self.run_box("id", "-u", options=("--user", "1000")), "1000\n")

    def test_files_made_in_the_container_have_the_right_owner_outside(self):
        work = self.home / "work"
        work.mkdir(mode=0o777)
        work.chmod(0o777)
        os.chown(work, USER, USER)
        self.run_box("touch", "/work/of-root", options=("-v", f"{work}:/work"))
        self.run_box("touch", "/work/of-joe", options=("-v", f"{work}:/work", "--user", "1000:1000"))
        self.assertEqual(self.owner(work / "of-root"), (USER, USER))
        self.assertEqual(self.owner(work / "of-joe"), (FIRST + 999, FIRST + 999))

    def test_a_named_volume_is_the_users(self):
        self.run_box("touch", "/v/file", options=("-v", "mine:/v"))
        self.assertEqual(self.owner(self.data / "volumes/mine/_data/file"), (USER, USER))
        self.assertEqual(self.run_box("ls", "/v", options=("-v", "mine:/v")), "file\n")

    def test_relative_paths_mean_what_they_meant(self):
        (self.home / "vars").write_text("COLOUR=green\n")
        for _ in range(2):  # in namespaces that are made, and in those that are joined
            self.assertIn("COLOUR=green", self.run_box("env", options=("--env-file", "vars")))
            self.start_box(f"holder{_}", "sleep", "1000")

    def test_files_that_user_1000_wrote_go_with_the_container(self):
        self.start_box("joes", "sh", "-c", "mkdir /joe/x && chmod 700 /joe/x && touch /joe/x/y; sleep 1000", options=("--user", "1000:1000"))
        self.engine_ok("rm", "--force", "joes")
        self.assertEqual(list((self.data / "containers").iterdir()), [])


class WithOneId(RootlessTest):
    RANGES = False

    def test_the_only_id_is_the_users(self):
        self.assertEqual(self.run_box("cat", "/proc/self/uid_map").split(), ["0", str(USER), "1"])

    def test_owners_are_left_out_and_layers_have_a_name_of_their_own(self):
        done = self.engine("--debug", "run", "--rm", "--net=none", self.image(), "stat", "-c", "%u:%g", "/joe")
        self.assertEqual(done.out, "0:0\n", done)
        self.assertIn("note: owners other than root are left out", done.err)
        self.assertIn("one id only: /etc/subuid has no ids", done.err)
        self.assertTrue(next((self.store / "layers").iterdir()).name.endswith("-single"))

    def test_another_user_is_refused_with_the_remedy(self):
        self.image()
        self.refused("run", "--net=none", "--user", "1000", "box", "true", says=["--user 0", "/etc/subuid"], code=125)
        self.assertEqual(self.containers(), [])

    def test_newuidmap_that_fails_leaves_the_single_id(self):
        # The range is another's, as newuidmap sees it: so it refuses what getsubids was made to promise.
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "getsubids").write_text(f"#!/bin/sh\necho '0: person {FIRST} {COUNT}'\n")
        (tools / "getsubids").chmod(0o755)
        self.environment["PATH"] = f"{tools}:{self.environment['PATH']}"
        done = self.engine("--debug", "run", "--rm", "--net=none", self.image(), "cat", "/proc/self/uid_map")
        self.assertEqual(done.out.split(), ["0", str(USER), "1"], done)
        self.assertIn("newuidmap", done.err)


class Network(RootlessTest):
    """The way out, in a network namespace of the test's own."""

    def setUp(self):
        if os.geteuid() != 0 or not shutil.which("slirp4netns"):
            self.skipTest("needs root, and slirp4netns")
        # Before all else, so that it goes last.
        command = ["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep 1000"]
        self.holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.holder.stdout.close)
        self.addCleanup(self.holder.wait)
        self.addCleanup(self.holder.kill)
        self.assertEqual(self.holder.stdout.readline(), "ready\n")
        super().setUp()

    def user_command(self, *words):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *super().user_command(*words)]

    def fetch(self, address):
        program = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end='')"
        return self.call("nsenter", f"--net=/proc/{self.holder.pid}/ns/net", sys.executable, "-c", program, f"http://{address}/")

    def serves(self, name, *options):
        self.image()
        self.engine_ok("run", "--detach", "--name", name, *options, *self.marked(), "box",
                       "sh", "-c", "mkdir /www; echo served >/www/index.html; exec busybox httpd -f -p 80 -h /www")

    def test_the_usual_network_has_a_way_out(self):
        self.image()
        done = self.engine_ok("run", "--rm", *self.marked(), "box", "sh", "-c", "ip -o -4 addr; ip route; cat /etc/resolv.conf")
        self.assertIn("10.0.2.100/24", done.out)
        self.assertIn("default via 10.0.2.2", done.out)
        self.assertIn("nameserver 10.0.2.3", done.out)

    def test_a_published_port(self):
        self.serves("web", "-p", "127.0.0.1:8080:80")
        wait_for(lambda: self.fetch("127.0.0.1:8080").out == "served\n", "the page")
        self.engine_ok("rm", "--force", "web")
        self.assertNotEqual(self.fetch("127.0.0.1:8080").code, 0)

    def test_the_port_is_there_again_after_a_restart(self):
        self.serves("web", "-p", "8080:80")
        self.engine_ok("restart", "--time", "0", "web")
        wait_for(lambda: self.fetch("127.0.0.1:8080").out == "served\n", "the page")

    def test_a_port_of_root_is_refused(self):
        self.image()
        self.refused("run", "--rm", "-p", "80:80", "box", "true", says=["80", "without root"], code=125)
        self.assertEqual(self.containers(), [])

    def test_without_any_of_the_programs_the_engine_says_what_to_install(self):
        self.image()
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("conmon", "newuidmap", "newgidmap", "getsubids", "id", "sh", "mount", "setpriv"):
            (tools / name).symlink_to(shutil.which(name))
        # Of all that follows, the engine alone is to find less.
        done = self.user("env", f"PATH={tools}", self.programs[ENGINE], "--runtime", self.programs[RUNTIME], "run", "--rm", "box", "true")
        self.one_line(done, "slirp4netns", "passt", "--net none")
        self.assertEqual(self.containers(), [])


class Life:
    """What holds with ranges and with one id alike."""

    def test_the_whole_life(self):
        self.start_box("bird", "sh", "-c", "echo sings; touch /trace; trap 'exit 3' TERM; while :; do sleep 0.05; done")
        wait_for(lambda: self.engine_ok("logs", "bird").out == "sings\n", "the log")
        self.assertEqual(self.engine_ok("exec", "bird", "sh", "-c", "id -u; ls /trace").out, "0\n/trace\n")
        self.assertEqual(self.engine("exec", "bird", "sh", "-c", "exit 7").code, 7)
        self.engine_ok("stop", "bird")
        self.assertEqual(self.status("bird"), "exited")
        self.engine_ok("start", "bird")
        self.assertEqual(self.engine_ok("exec", "bird", "ls", "/trace").out, "/trace\n")
        self.engine_ok("kill", "bird")
        self.wait_status("bird", "exited")
        self.engine_ok("rm", "bird")
        wait_for(lambda: not self.processes(), "all processes to end")
        self.assertEqual(self.mounts_anywhere(), set())
        self.assertEqual(list((self.data / "containers").iterdir()), [])
        left = {path.name for path in self.run_folder.rglob("*")}
        self.assertLessEqual(left, {".engine", "journal", "journal.lock", "namespaces", "namespaces.lock"})

    def test_files_go_in_and_out_and_an_image_is_made(self):
        self.start_box("bird", "sh", "-c", "echo song >/song; sleep 1000")
        wait_for(lambda: self.engine("exec", "bird", "cat", "/song").out == "song\n", "the file")
        self.engine_ok("cp", "bird:/song", "copy")  # in the working directory, which is the home
        self.assertEqual((self.home / "copy").read_text(), "song\n")
        self.assertEqual(self.owner(self.home / "copy"), (USER, USER))
        self.engine_ok("commit", "bird", "sung")
        self.engine_ok("stop", "--time", "0", "bird")
        self.engine_ok("cp", "copy", "bird:/copy")
        self.assertEqual(self.engine_ok("diff", "bird").out.split(), ["A", "/copy", "A", "/song"])
        self.assertEqual(self.engine_ok("run", "--rm", "--net=none", *self.marked(), "sung", "cat", "/song").out, "song\n")

    def test_two_containers_share_the_namespaces_and_are_both_within_reach(self):
        self.image()
        starts = [self.start_engine("run", "--detach", "--net=none", "--name", name, *self.marked(), "box", "sleep", "1000",
                                    stdout=subprocess.DEVNULL) for name in ("one", "two")]
        self.assertEqual([start.wait(timeout=60 * PATIENCE) for start in starts], [0, 0])
        spaces = {os.readlink(f"/proc/{record['state']['init']['pid']}/ns/user") for record in self.records()}
        self.assertEqual(len(spaces), 1)
        self.assertNotIn(os.readlink("/proc/self/ns/user"), spaces)
        for name in ("one", "two"):
            self.assertEqual(self.engine_ok("exec", name, "echo", name).out, f"{name}\n")

    def test_a_container_whose_monitor_was_killed_is_removed(self):
        self.start_box("bird", "sleep", "1000")
        for pid, line in self.processes().items():
            if "conmon" in line:
                os.kill(pid, 9)
        self.engine_ok("rm", "--force", "bird")
        self.assertEqual(self.containers(), [])

    def test_a_terminal(self):
        line = " ".join(f"'{word}'" for word in self.command("run", "--rm", "-ti", "--net=none", *self.marked(), self.image(), "sh", "-c", "test -t 0 && echo a terminal"))
        done = self.call("script", "-qec", line.replace("'\n", "'"), "/dev/null")
        self.assertIn("a terminal", done.out)

    def test_the_hosts_network(self):
        outside = os.listdir("/sys/class/net")
        self.assertEqual(sorted(self.run_box("ls", "/sys/class/net", network="host").split()), sorted(outside))

    def test_without_an_xdg_runtime_dir_a_folder_in_tmp_is_used_if_it_is_the_users(self):
        del self.environment["XDG_RUNTIME_DIR"]
        place = pathlib.Path(f"/tmp/coracle-{USER}")
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        self.assertEqual(self.run_box("echo", "hello"), "hello\n")
        self.assertEqual(self.owner(place), (USER, USER))
        shutil.rmtree(place)
        place.mkdir(mode=0o777)
        self.refused("ps", says=[str(place), "this user's"])

    def test_limits_without_a_cgroup_of_ones_own_are_refused(self):
        self.run_box("true")  # what unpacking has to say is said
        done = self.engine("run", "--rm", "--net=none", "--memory", "100M", "box", "true")
        if done.code == 0:
            self.skipTest("this user may make cgroups")
        self.one_line(done, "cgroup")
        self.assertEqual(self.containers(), [])

    def test_what_needs_root_is_refused_in_one_line(self):
        self.image()
        for options, says in (
            (["--cgroup-parent", "/x"], "--cgroup-parent"),
            (["--net=bridge"], "need root"),
        ):
            with self.subTest(options=options):
                self.refused("run", "--rm", *options, "box", "true", says=says, code=125)
        self.assertEqual(self.containers(), [])

    def test_privileged_is_as_much_as_the_namespace_allows(self):
        text = self.run_box("cat", "/proc/self/status", options=("--privileged",))
        mask = next(line.split()[1] for line in text.splitlines() if line.startswith("CapEff:"))
        self.assertGreaterEqual(bin(int(mask, 16)).count("1"), 38)


class LifeWithRanges(Life, RootlessTest):
    pass


class LifeWithOneId(Life, RootlessTest):
    RANGES = False


if __name__ == "__main__":
    unittest.main()
