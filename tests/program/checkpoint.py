"""Checkpoint and restore through the program criu: whichever of $CRIU, PATH and /opt/criu passes `criu check`."""

import functools
import json
import os
import pathlib
import pty
import shutil
import socket
import subprocess
import tempfile

from harness import PATIENCE, RUNTIME, RuntimeTest, ours_only, text_of, wait_for

COUNTER = "i=0; while true; do i=$((i+1)); echo $i >/count.new; mv /count.new /count; sleep 0.05; done"
MB = 1 << 20


def usable(path):
    """Whether this criu works here: the reason why not, or an empty text."""
    if not path or not os.access(path, os.X_OK):
        return "there is none"
    checked = subprocess.run([path, "check"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if checked.returncode != 0:
        return f"{path} check: {(checked.stderr.strip().splitlines() or ['it failed'])[0]}"
    # `check` of older versions is content with kernels on which every dump fails.
    with tempfile.TemporaryDirectory() as images, subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL) as sleeper:
        dumped = subprocess.run([path, "dump", "--tree", str(sleeper.pid), "--images-dir", images, "--shell-job"], capture_output=True, text=True)
        sleeper.kill()
    if dumped.returncode != 0:
        return f"{path} cannot dump: {(dumped.stderr.strip().splitlines() or ['it failed'])[-1]}"
    return ""


@functools.cache
def find_criu():
    """The path of a criu that works, and why there is none."""
    reason = "there is none"
    for path in (os.environ.get("CRIU"), shutil.which("criu"), "/opt/criu/sbin/criu"):
        if path and not (reason := usable(path)):
            return path, ""
    return None, reason


class CheckpointTest(RuntimeTest):
    def setUp(self):
        super().setUp()
        path, reason = find_criu()
        if not path:
            self.skipTest(f"no usable criu: {reason}")
        # The runtime takes the `criu` that it finds in PATH.
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "criu").symlink_to(path)
        self.environment["PATH"] = f"{tools}:{self.environment['PATH']}"
        self.images = self.folder / "images"

    def container(self, *args, change=None, flags=(), **more):
        """A running container; gives its id and its bundle."""
        config = self.config(*(args or ("sh", "-c", COUNTER)))
        if change:
            change(config)
        bundle, name = self.bundle(config), self.new_id()
        self.runtime_ok("run", "--detach", *flags, "--bundle", bundle, name, **more)
        return name, bundle

    def count(self, bundle):
        try:
            return int((bundle / "rootfs/count").read_text())
        except (OSError, ValueError):
            return 0

    def counts_beyond(self, bundle, number):
        wait_for(lambda: self.count(bundle) > number, f"the counter to pass {number}")

    def checkpoint(self, name, *flags, **more):
        return self.runtime_ok("checkpoint", "--image-path", self.images, *flags, name, **more)

    def restore(self, name, bundle, *flags, **more):
        return self.runtime_ok("restore", "--detach", "--image-path", self.images, "--bundle", bundle, *flags, name, **more)

    def inside(self, name, *args):
        done = self.runtime("exec", name, *args)
        self.assertEqual(done.code, 0, done)
        return done.out


class Checkpoint(CheckpointTest):
    # A container survives.

    def test_a_counter_goes_on_where_it_was(self):
        name, bundle = self.container()
        self.counts_beyond(bundle, 5)
        self.checkpoint(name)
        reached = self.count(bundle)
        self.assertEqual(self.status(name), "stopped")
        self.assertEqual(self.state(name).get("pid", 0), 0)
        (bundle / "rootfs/count").unlink()
        self.restore(name, bundle)
        self.assertEqual(self.status(name), "running")
        self.counts_beyond(bundle, reached)
        self.assertLess(self.count(bundle), reached + 1000)
        self.stop(name)

    def test_a_checkpointed_container_can_be_deleted(self):
        name, _ = self.container()
        self.checkpoint(name)
        self.runtime_ok("delete", name)
        self.refused("state", name, says="does not exist")

    def test_a_restored_container_can_be_checkpointed_again(self):
        name, bundle = self.container()
        self.counts_beyond(bundle, 2)
        for _ in range(2):
            self.checkpoint(name)
            reached = self.count(bundle)
            self.restore(name, bundle)
            self.counts_beyond(bundle, reached)
            shutil.move(self.images, self.folder / f"images-{reached}")
        self.stop(name)

    def test_an_image_becomes_a_container_of_another_name(self):
        name, bundle = self.container()
        self.counts_beyond(bundle, 2)
        self.checkpoint(name)
        self.runtime_ok("delete", name)
        other = self.new_id()
        self.restore(other, bundle)
        self.counts_beyond(bundle, self.count(bundle))
        self.stop(other)

    def test_the_pid_file_and_the_state_name_the_restored_process(self):
        name, bundle = self.container()
        self.checkpoint(name)
        self.restore(name, bundle, "--pid-file", self.folder / "pid")
        pid = (self.folder / "pid").read_text()
        self.assertEqual(self.state(name)["pid"], int(pid))
        self.assertIn(int(pid), self.processes())
        self.assertEqual(self.inside(name, "sh", "-c", "echo $PPID"), "0\n")
        self.stop(name)

    def test_leave_running_leaves_it_running(self):
        name, bundle = self.container()
        self.counts_beyond(bundle, 2)
        pid = self.state(name)["pid"]
        self.checkpoint(name, "--leave-running")
        self.assertEqual((self.status(name), self.state(name)["pid"]), ("running", pid))
        self.counts_beyond(bundle, self.count(bundle))
        self.stop(name)

    def test_a_paused_container_can_be_checkpointed(self):
        name, bundle = self.container()
        self.counts_beyond(bundle, 2)
        self.runtime_ok("pause", name)
        self.checkpoint(name)
        self.assertEqual(self.status(name), "stopped")
        self.restore(name, bundle)
        self.counts_beyond(bundle, self.count(bundle))
        self.stop(name)

    def test_restore_in_the_foreground_gives_the_exit_code_and_deletes(self):
        name, bundle = self.container("sh", "-c", "until test -e /go; do sleep 0.05; done; exit 7")
        self.checkpoint(name)
        (bundle / "rootfs/go").touch()
        done = self.runtime("restore", "--image-path", self.images, "--bundle", bundle, name)
        self.assertEqual(done.code, 7, done)
        self.refused("state", name, says="does not exist")

    def test_a_running_id_is_not_replaced(self):
        name, bundle = self.container()
        self.checkpoint(name, "--leave-running")
        self.refused("restore", "--image-path", self.images, "--bundle", bundle, name, says="already exists")
        self.assertEqual(self.status(name), "running")

    # What belongs to it comes back.

    def test_memory_limits_are_there_again(self):
        def change(config):
            config["linux"]["resources"] = {"memory": {"limit": 64 * MB}, "pids": {"limit": 33}}

        name, bundle = self.container(change=change)
        config = json.loads((bundle / "config.json").read_text())
        self.checkpoint(name)
        self.runtime_ok("delete", name)
        self.assertEqual(self.cgroups(), [])
        self.restore(name, bundle)
        self.assertEqual(self.cgroup_file(config, "memory", "memory.limit_in_bytes", "memory.max").read_text().strip(), str(64 * MB))
        self.assertEqual(self.cgroup_file(config, "pids", "pids.max", "pids.max").read_text().strip(), "33")
        members = self.cgroup_file(config, "memory", "cgroup.procs", "cgroup.procs").read_text().split()
        self.assertIn(str(self.state(name)["pid"]), members)
        self.stop(name)

    def test_a_restored_container_has_one_group_and_no_copy_of_the_others(self):
        name, bundle = self.container()
        before = sorted(self.cgroups())
        self.checkpoint(name)
        self.restore(name, bundle)
        self.assertEqual(sorted(self.cgroups()), before)
        self.assertEqual([str(path) for group in before for path in pathlib.Path(group).iterdir() if path.is_dir()], [])
        self.stop(name)

    def test_bind_mounts_lead_to_the_host(self):
        data = self.folder / "data"
        (data / "sub").mkdir(parents=True)
        (data / "file").write_text("before")

        def change(config):
            config["mounts"] += [
                {"destination": "/data", "type": "bind", "source": str(data), "options": ["rbind"]},
                {"destination": "/etc/given", "type": "bind", "source": str(data / "file"), "options": ["bind", "ro"]},
            ]

        name, bundle = self.container(change=change)
        self.checkpoint(name)
        (data / "file").write_text("after")
        self.restore(name, bundle)
        self.assertEqual(self.inside(name, "cat", "/data/file", "/etc/given"), "afterafter")
        self.assertNotEqual(self.runtime("exec", name, "sh", "-c", "echo x >/etc/given").code, 0)
        self.inside(name, "sh", "-c", "echo new >/data/new")
        self.assertEqual((data / "new").read_text(), "new\n")
        self.stop(name)

    def test_mounts_below_a_recursive_bind_come_too(self):
        data = self.folder / "data"
        (data / "sub").mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "below", data / "sub"], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", data / "sub"], check=True)
        (data / "sub/file").write_text("below")
        self.mounts_before = set(self.mounts_here())

        def change(config):
            config["mounts"].append({"destination": "/data", "type": "bind", "source": str(data), "options": ["rbind", "rprivate"]})

        name, bundle = self.container(change=change)
        self.checkpoint(name)
        self.restore(name, bundle)
        self.assertEqual(self.inside(name, "cat", "/data/sub/file"), "below")
        self.stop(name)
        self.runtime_ok("delete", name)

    def test_a_tmpfs_keeps_its_content(self):
        def change(config):
            config["mounts"].append({"destination": "/scratch", "type": "tmpfs", "source": "tmpfs"})

        name, bundle = self.container("sh", "-c", "echo kept >/scratch/file; touch /ready; sleep 1000", change=change)
        wait_for((bundle / "rootfs/ready").exists, "the file")
        self.checkpoint(name)
        self.restore(name, bundle)
        self.assertEqual(self.inside(name, "cat", "/scratch/file"), "kept\n")
        self.stop(name)

    def test_masked_and_read_only_paths_stay_so(self):
        def change(config):
            config["linux"]["maskedPaths"] = ["/proc/keys", "/proc/acpi", "/proc/scsi"]
            config["linux"]["readonlyPaths"] = ["/proc/sys", "/proc/bus"]

        name, bundle = self.container(change=change)
        self.checkpoint(name)
        self.restore(name, bundle)
        self.assertEqual(self.inside(name, "cat", "/proc/keys"), "")
        self.assertNotEqual(self.runtime("exec", name, "sh", "-c", "echo x >/proc/sys/kernel/hostname").code, 0)
        self.stop(name)

    def test_mount_points_are_made_in_a_fresh_root_file_system(self):
        data = self.folder / "data"
        data.mkdir()

        def change(config):
            config["mounts"].append({"destination": "/new/place", "type": "bind", "source": str(data), "options": ["bind"]})

        name, bundle = self.container("sleep", "1000", change=change)
        self.checkpoint(name)
        self.runtime_ok("delete", name)
        shutil.rmtree(bundle / "rootfs/new")
        self.restore(name, bundle)
        self.inside(name, "touch", "/new/place/seen")
        self.assertTrue((data / "seen").exists())
        self.stop(name)

    def test_a_cgroup_mount_comes_back(self):
        for namespaces in ((), ({"type": "cgroup"},)):
            with self.subTest(namespaces=namespaces):

                def change(config):
                    config["linux"]["namespaces"] += namespaces
                    config["mounts"] += [
                        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]},
                        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid", "noexec", "nodev"]},
                    ]

                name, bundle = self.container("sleep", "1000", change=change)
                before = self.inside(name, "ls", "/sys/fs/cgroup")
                self.checkpoint(name)
                self.restore(name, bundle)
                self.assertEqual(self.inside(name, "ls", "/sys/fs/cgroup"), before)
                self.stop(name)
                self.runtime_ok("delete", name)
                shutil.rmtree(self.images)

    # Descriptors and terminals.

    def test_standard_output_goes_where_restore_points_it(self):
        def reader():
            read, write = os.pipe()
            self.addCleanup(os.close, read)
            return read, write

        def line(read, words):
            text = b""
            while words not in text:
                piece = os.read(read, 4096)
                self.assertTrue(piece, "the pipe ended")
                text += piece
            return text

        config = self.config("sh", "-c", "while true; do echo tick; sleep 0.05; done")
        bundle, name = self.bundle(config), self.new_id()
        read, write = reader()
        subprocess.run([RUNTIME, "--root", self.root, "run", "-d", "--bundle", bundle, name], stdout=write, stderr=write, stdin=subprocess.DEVNULL, env=self.environment, check=True)
        os.close(write)
        line(read, b"tick")
        self.checkpoint(name)
        self.assertIn("pipe:[", (self.images / "descriptors.json").read_text())
        read, write = reader()
        subprocess.run([RUNTIME, "--root", self.root, "restore", "-d", "--image-path", self.images, "--bundle", bundle, name], stdout=write, stderr=write, stdin=subprocess.DEVNULL, env=self.environment, check=True)
        os.close(write)
        line(read, b"tick")
        self.stop(name)

    def test_standard_output_in_a_file_of_the_host_goes_on_in_it(self):
        log = self.folder / "log"
        config = self.config("sh", "-c", "while true; do echo tick; sleep 0.05; done")
        bundle, name = self.bundle(config), self.new_id()

        def with_log(*args):
            with log.open("a") as out:
                done = subprocess.run([RUNTIME, "--root", self.root, *args], stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=self.environment)
            self.assertEqual(done.returncode, 0, log.read_text())

        with_log("run", "-d", "--bundle", bundle, name)
        wait_for(lambda: "tick" in log.read_text(), "output")
        self.checkpoint(name)
        size = log.stat().st_size
        with_log("restore", "-d", "--image-path", self.images, "--bundle", bundle, name)
        wait_for(lambda: log.stat().st_size > size, "more output")
        self.stop(name)

    def test_a_terminal_is_given_to_the_console_socket_again(self):
        path = str(self.folder / "console")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen()
            listening.settimeout(20 * PATIENCE)

            def master():
                with listening.accept()[0] as caller:
                    _, descriptors, _, _ = socket.recv_fds(caller, 64, 1)
                self.addCleanup(os.close, descriptors[0])
                return descriptors[0]

            def change(config):
                config["process"]["terminal"] = True

            name, bundle = self.container("sh", "-c", "stty -echo; while read line; do echo got $line; done", change=change, flags=("--console-socket", path))
            first = master()
            os.write(first, b"one\n")
            wait_for(lambda: b"got one" in os.read(first, 4096), "the echo")
            self.checkpoint(name)
            self.restore(name, bundle, "--console-socket", path)
            second = master()
            os.write(second, b"two\n")
            wait_for(lambda: b"got two" in os.read(second, 4096), "the echo of the restored process")
            self.stop(name)

    def test_restore_in_the_foreground_relays_the_terminal(self):
        def change(config):
            config["process"]["terminal"] = True

        path = str(self.folder / "console")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen()
            listening.settimeout(20 * PATIENCE)
            name, bundle = self.container("sh", "-c", "read line; echo got $line; exit 3", change=change, flags=("--console-socket", path))
            with listening.accept()[0] as caller:
                self.addCleanup(os.close, socket.recv_fds(caller, 64, 1)[1][0])
        self.checkpoint(name)
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        restored = subprocess.Popen(
            [RUNTIME, "--root", self.root, "restore", "--image-path", self.images, "--bundle", bundle, name],
            stdin=theirs, stdout=theirs, stderr=theirs, env=self.environment, start_new_session=True,
        )
        os.close(theirs)
        os.write(ours, b"word\n")
        text = b""
        while b"got word" not in text:
            text += os.read(ours, 4096)
        self.assertEqual(restored.wait(20 * PATIENCE), 3)

    # Connections.

    def test_an_established_connection_survives(self):
        """Both ends are in the container: its network namespace is written whole."""
        server = "nc -l -p 5000 -e sh -c 'while read line; do echo got $line; done'"
        script = f"ip link set lo up; ({server}) & sleep 0.2; mkfifo /tmp/in; nc 127.0.0.1 5000 </tmp/in >/answers & exec 3>/tmp/in; echo one >&3; while true; do read line </tmp/more && echo $line >&3; done"
        config_change = lambda config: config["process"].update(
            args=["/bin/busybox", "sh", "-c", "mkfifo /tmp/more; " + script],
            capabilities={kind: ["CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE", "CAP_DAC_OVERRIDE"] for kind in ("bounding", "effective", "permitted")},
        )
        config = self.config()
        config_change(config)
        bundle, name = self.bundle(config), self.new_id()
        for applet in ("nc", "mkfifo"):
            (bundle / "rootfs/bin" / applet).symlink_to("busybox")
        self.runtime_ok("run", "--detach", "--bundle", bundle, name)
        answers = bundle / "rootfs/answers"
        wait_for(lambda: "got one" in text_of(answers), "the first answer")
        refused = self.runtime("checkpoint", "--image-path", self.images, name)
        self.one_line(refused, "criu", "dump.log")
        self.assertEqual(self.status(name), "running")
        self.checkpoint(name, "--tcp-established")
        self.restore(name, bundle, "--tcp-established")
        self.inside(name, "sh", "-c", "echo two >/tmp/more")
        wait_for(lambda: "got two" in answers.read_text(), "an answer over the restored connection")
        self.stop(name)

    # Hooks.

    def test_the_hooks_that_set_up_the_network_run_again(self):
        seen = self.folder / "seen"

        def change(config):
            script = f'cat >>{seen}; echo >>{seen}; readlink /proc/self/ns/net >>{seen}'
            config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", script]}], "poststop": [{"path": "/bin/touch", "args": ["touch", str(self.folder / "stopped")]}]}

        name, bundle = self.container(change=change)
        self.checkpoint(name)
        seen.unlink()
        self.restore(name, bundle)
        state = json.loads(seen.read_text().splitlines()[0])
        self.assertEqual((state["id"], state["pid"]), (name, self.state(name)["pid"]))
        self.stop(name)
        self.runtime_ok("delete", name)
        self.assertTrue((self.folder / "stopped").exists())

    def test_a_failing_hook_fails_the_restore(self):
        def change(config):
            config["hooks"] = {"prestart": [{"path": "/bin/sh", "args": ["sh", "-c", f"test -e {self.folder}/good"]}]}

        (self.folder / "good").touch()
        name, bundle = self.container(change=change)
        self.checkpoint(name)
        (self.folder / "good").unlink()
        done = self.runtime("restore", "--detach", "--image-path", self.images, "--bundle", bundle, name)
        self.one_line(done, "hooks.prestart[0]")
        self.refused("state", name, says="does not exist")

    # Failures.

    def test_a_failed_restore_leaves_nothing_and_names_the_log(self):
        name, bundle = self.container()
        self.checkpoint(name)
        (self.images / "pstree.img").write_bytes(b"rubbish")
        work = self.folder / "work"
        done = self.runtime("restore", "--detach", "--image-path", self.images, "--work-path", work, "--bundle", bundle, name)
        self.one_line(done, "criu", f"{work}/restore.log")
        self.refused("state", name, says="does not exist")
        self.assertEqual(self.cgroups(), [])
        self.assertEqual(self.processes(), {})

    def test_a_failed_checkpoint_leaves_the_container_running(self):
        name, bundle = self.container("sh", "-c", f"sleep 1000 </dev/pts/0 & {COUNTER}", change=lambda config: None)
        self.images.mkdir()
        (self.images / "core-1.img").mkdir()
        done = self.runtime("checkpoint", "--image-path", self.images, name)
        self.one_line(done, "criu", "dump.log")
        self.assertEqual(self.status(name), "running")
        self.counts_beyond(bundle, self.count(bundle))
        self.stop(name)

    def test_an_image_that_is_not_there_is_named(self):
        bundle = self.bundle()
        self.refused("restore", "--image-path", self.folder / "none", "--bundle", bundle, self.new_id(), says="--image-path")

    def test_only_a_container_that_runs_can_be_checkpointed(self):
        name = self.create()
        self.refused("checkpoint", "--image-path", self.images, name, says="created")
        self.runtime_ok("start", name)
        self.stop(name)
        self.refused("checkpoint", "--image-path", self.images, name, says="stopped")
        self.refused("checkpoint", "--image-path", self.images, "absent", says="does not exist")

    def test_an_idmapped_mount_keeps_its_map(self):
        version = self.call("criu", "--version").out.split()[1]
        if tuple(map(int, version.split(".")[:2])) < (3, 18) and " shared:" in pathlib.Path("/proc/self/mountinfo").read_text():
            self.skipTest(f"criu {version} takes its propagation for that of the root file system (criu pull request 1898)")
        data = self.folder / "data"
        data.mkdir()
        os.chown(data, 1000, 1000)
        mapping = [{"containerID": 1000, "hostID": 0, "size": 1}]

        def change(config):
            config["mounts"].append({"destination": "/mapped", "type": "bind", "source": str(data), "options": ["bind"], "uidMappings": mapping, "gidMappings": mapping})

        name, bundle = self.container(change=change)
        before = self.inside(name, "stat", "-c", "%u:%g", "/mapped")
        self.assertEqual(before, "0:0\n")
        self.checkpoint(name)
        self.restore(name, bundle)
        self.assertEqual(self.inside(name, "stat", "-c", "%u:%g", "/mapped"), before)
        self.stop(name)

    def test_a_user_namespace_comes_back(self):
        def change(config):
            config["linux"]["namespaces"].append({"type": "user"})
            for kind in ("uidMappings", "gidMappings"):
                config["linux"][kind] = [{"containerID": 0, "hostID": 100000, "size": 65536}]

        config = self.config("sleep", "1000")
        change(config)
        bundle, name = self.bundle(config), self.new_id()
        subprocess.run(["chown", "-R", "100000:100000", bundle / "rootfs"], check=True)
        self.runtime_ok("run", "--detach", "--bundle", bundle, name)
        self.checkpoint(name)
        self.restore(name, bundle)
        pid = self.state(name)["pid"]
        self.assertEqual(pathlib.Path(f"/proc/{pid}/uid_map").read_text().split(), ["0", "100000", "65536"])
        self.assertEqual(os.stat(f"/proc/{pid}").st_uid, 100000)
        self.stop(name)

    def test_joined_namespaces_are_joined_again(self):
        holder = subprocess.Popen(["unshare", "--net", "--ipc", "--uts", "sleep", "1000"], env=self.environment)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        kinds = {"network": "net", "ipc": "ipc", "uts": "uts"}
        own = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in kinds.values()}
        wait_for(lambda: all(os.readlink(f"/proc/{holder.pid}/ns/{kind}") != own[kind] for kind in own), "the namespaces")

        def change(config):
            for namespace in config["linux"]["namespaces"]:
                if namespace["type"] in kinds:
                    namespace["path"] = f"/proc/{holder.pid}/ns/{kinds[namespace['type']]}"
            config.pop("hostname")

        name, bundle = self.container(change=change)
        self.checkpoint(name)
        self.restore(name, bundle)
        pid = self.state(name)["pid"]
        for kind in kinds.values():
            self.assertEqual(os.readlink(f"/proc/{pid}/ns/{kind}"), os.readlink(f"/proc/{holder.pid}/ns/{kind}"))
        self.stop(name)

    def test_a_pre_dump_works_or_names_the_feature_that_the_kernel_lacks(self):
        name, bundle = self.container()
        done = self.runtime("checkpoint", "--pre-dump", "--image-path", self.images / "1", name)
        if done.code != 0:
            self.one_line(done, "CONFIG_MEM_SOFT_DIRTY")
        else:
            self.runtime_ok("checkpoint", "--image-path", self.images / "2", "--parent-path", "../1", name)
            self.runtime_ok("restore", "-d", "--image-path", self.images / "2", "--bundle", bundle, name)
        self.assertEqual(self.status(name), "running")
        self.stop(name)


class CommandLine(RuntimeTest):
    def test_help_exits_with_zero(self):
        for command in ("checkpoint", "restore"):
            done = self.runtime_ok(command, "--help")
            self.assertIn("--image-path", done.out)

    @ours_only
    def test_the_probe_of_podman_gets_its_words(self):
        done = self.runtime("restore", "--lsm-mount-context")
        self.assertIn("requires an argument", (done.out + done.err).replace("needs an argument", "requires an argument"))

    def test_an_option_with_one_dash_is_understood(self):
        """containerd writes -no-subreaper."""
        done = self.runtime("restore", "-no-subreaper", "--image-path", self.folder / "none", "--bundle", self.bundle(), self.new_id())
        self.one_line(done)
        self.assertNotIn("subreaper", done.err)

    def test_what_is_mistyped_is_named(self):
        for flags, says in (
            (("--manage-cgroups-mode", "some"), "some"),
            (("--page-server", "nowhere"), "ADDRESS:PORT"),
            (("--empty-ns", "weather"), "weather"),
        ):
            with self.subTest(flags):
                done = self.runtime("checkpoint", *flags, "x")
                self.assertNotEqual(done.code, 0)
                self.assertIn(says, done.err)

    @ours_only
    def test_without_criu_the_error_says_what_to_install(self):
        name = self.running()
        for command in (("checkpoint", name), ("restore", "--bundle", self.bundle(), self.new_id())):
            self.refused(*command, "--image-path", self.folder, env={"PATH": str(self.folder)}, says="install the package criu")
        self.assertEqual(self.status(name), "running")

    def test_the_parent_of_an_image_is_relative_to_it(self):
        path, reason = find_criu()
        if not path:
            self.skipTest(f"no usable criu: {reason}")
        name = self.running()
        env = {"PATH": f"{pathlib.Path(path).parent}:{os.environ['PATH']}"}
        self.refused("checkpoint", "--image-path", self.folder / "i", "--parent-path", "/tmp", name, env=env, says="--parent-path")
        self.refused("checkpoint", "--image-path", self.folder / "i", "--parent-path", "../none", name, env=env, says="--parent-path")
        self.assertEqual(self.status(name), "running")
