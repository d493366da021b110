"""podman: limits of resources, pods, images that are built, checkpoints."""

import json
import os
import signal
from pathlib import Path

from caller import IMAGE, groups_of, limit_of
from checks import quick
from podman import OfPodman

MIB = 1 << 20


class Limits(OfPodman):
    def limited(self, *options):
        """The process of a container with these limits."""
        return self.pid(self.detached(options=options))

    @quick
    def test_memory(self):
        """--memory, --memory-reservation and --memory-swap"""
        pid = self.limited("--memory", "64m", "--memory-reservation", "32m", "--memory-swap", "96m")
        self.assertEqual(limit_of(pid, "memory", "memory.limit_in_bytes", "memory.max"), str(64 * MIB))
        self.assertEqual(limit_of(pid, "memory", "memory.soft_limit_in_bytes", "memory.low"), str(32 * MIB))
        if "memory" in groups_of(pid):
            self.assertEqual(limit_of(pid, "memory", "memory.memsw.limit_in_bytes", ""), str(96 * MIB))
        else:
            self.assertEqual(limit_of(pid, "memory", "", "memory.swap.max"), str(32 * MIB))

    def test_swappiness(self):
        """--memory-swappiness, and --oom-kill-disable, which cgroup2 does not have"""
        if "memory" not in groups_of("self"):
            self.skipTest("needs the memory controller of cgroup v1")
        pid = self.limited("--memory-swappiness", "7", "--oom-kill-disable", "--memory", "64m")
        self.assertEqual(limit_of(pid, "memory", "memory.swappiness", ""), "7")
        self.assertIn("oom_kill_disable 1", limit_of(pid, "memory", "memory.oom_control", ""))

    @quick
    def test_processors(self):
        """--cpus, --cpu-shares and --cpuset-cpus"""
        pid = self.limited("--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0", "--cpuset-mems", "0")
        self.assertEqual(limit_of(pid, "cpuset", "cpuset.cpus", "cpuset.cpus"), "0")
        if "cpu" in groups_of(pid):
            self.assertEqual(limit_of(pid, "cpu", "cpu.cfs_quota_us", ""), "50000")
            self.assertEqual(limit_of(pid, "cpu", "cpu.shares", ""), "512")
        else:
            self.assertEqual(limit_of(pid, "cpu", "", "cpu.max"), "50000 100000")

    def test_period_and_quota(self):
        """--cpu-period and --cpu-quota"""
        pid = self.limited("--cpu-period", "50000", "--cpu-quota", "20000")
        if "cpu" in groups_of(pid):
            self.assertEqual(limit_of(pid, "cpu", "cpu.cfs_period_us", ""), "50000")
            self.assertEqual(limit_of(pid, "cpu", "cpu.cfs_quota_us", ""), "20000")
        else:
            self.assertEqual(limit_of(pid, "cpu", "", "cpu.max"), "20000 50000")

    @quick
    def test_processes(self):
        """--pids-limit limits, and 2048 is podman's own"""
        self.assertEqual(limit_of(self.limited("--pids-limit", "33"), "pids", "pids.max", "pids.max"), "33")
        self.assertEqual(limit_of(self.limited(), "pids", "pids.max", "pids.max"), "2048")
        self.assertEqual(limit_of(self.limited("--pids-limit", "-1"), "pids", "pids.max", "pids.max"), "max")
        done = self.shell("for i in 1 2 3 4 5 6 7 8; do sleep 1 & done", "--pids-limit", "4")
        self.assertIn("can't fork", done.err)

    def test_block_devices(self):
        """--device-read-bps and its like limit a block device"""
        devices = sorted(Path("/sys/block").glob("[vsn][dv]*"))
        if not devices or not Path("/dev", devices[0].name).is_block_device():
            self.skipTest("needs a disk")
        device, number = f"/dev/{devices[0].name}", (devices[0] / "dev").read_text().strip()
        pid = self.limited("--device-read-bps", f"{device}:1mb", "--device-write-iops", f"{device}:100")
        if "blkio" in groups_of(pid):
            self.assertEqual(limit_of(pid, "blkio", "blkio.throttle.read_bps_device", ""), f"{number} {MIB}")
            self.assertEqual(limit_of(pid, "blkio", "blkio.throttle.write_iops_device", ""), f"{number} 100")
        else:
            self.assertEqual(limit_of(pid, "blkio", "", "io.max"), f"{number} rbps={MIB} wbps=max riops=max wiops=100")

    def test_group(self):
        """--cgroup-parent holds the container's group"""
        name = self.detached(options=["--cgroup-parent", "/of/mine"])
        groups = [folder for folder in groups_of(self.pid(name)).values() if f"of/mine/libpod-{self.caller.about(name, '.Id')}" in str(folder)]
        self.assertGreater(len(groups), 0)
        self.remove(name)
        self.assertEqual([folder for folder in groups if folder.exists()], [])

    def test_no_group(self):
        """--cgroups=disabled leaves the container in the caller's groups"""
        name = self.detached(options=["--cgroups", "disabled"])
        self.assertEqual([folder for folder in groups_of(self.pid(name)).values() if "libpod" in str(folder)], [])
        self.assertEqual(self.exec_in(name, "true").code, 0)
        self.caller.must("kill", name)
        self.becomes(name, "exited")

    @quick
    def test_out_of_memory(self):
        """a process of a container that runs out of memory is killed, and conmon knows why"""
        # The first process outlives the killed one: conmon misses what happens as the container ends.
        script = "sh -c 'x=$(yes | head -c 200000000); echo $x'; echo $?; sleep 1"
        name = self.detached("sh", "-c", script, options=["--memory", "32m", "--memory-swap", "32m"], cwd=self.folder)
        self.becomes(name, "exited")
        self.assertEqual(self.logs(name), "137\n")
        # podman 4.3 looks for conmon's notice elsewhere than conmon, which takes the caller's folder, leaves it.
        self.assertTrue((self.folder / "oom").exists() or self.caller.about(name, ".State.OOMKilled") == "true")

    @quick
    def test_update(self):
        """update changes the limits of a running container"""
        name = self.detached(options=["--memory", "64m", "--memory-swap", "64m"])
        pid = self.pid(name)
        self.caller.must("update", "--cpus", "0.25", "--cpu-shares", "256", "--memory", "128m", "--memory-swap", "128m", name)
        self.assertEqual(limit_of(pid, "memory", "memory.limit_in_bytes", "memory.max"), str(128 * MIB))
        if "cpu" in groups_of(pid):
            self.assertEqual(limit_of(pid, "cpu", "cpu.cfs_quota_us", ""), "25000")
            self.assertEqual(limit_of(pid, "cpu", "cpu.shares", ""), "256")
        else:
            self.assertEqual(limit_of(pid, "cpu", "", "cpu.max"), "25000 100000")
        self.caller.must("update", "--cpuset-cpus", "0", name)
        self.assertEqual(limit_of(pid, "cpuset", "cpuset.cpus", "cpuset.cpus"), "0")
        self.assertEqual(limit_of(pid, "memory", "memory.limit_in_bytes", "memory.max"), str(128 * MIB))


class Pods(OfPodman):
    def pod(self, *options):
        name = self.name()
        self.addCleanup(self.caller.podman, "pod", "rm", "--force", "--time", "0", "--ignore", name)
        self.caller.must("pod", "create", "--name", name, "--network", "none", *options)
        return name

    def member(self, pod, *words):
        return self.caller.must("run", "--detach", "--pod", pod, IMAGE, *(words or ["sleep", "600"])).out.strip()

    @quick
    def test_namespaces(self):
        """the containers of a pod share its namespaces, not their files"""
        pod = self.pod()
        first, second = self.member(pod), self.member(pod)
        for kind, same in (("net", True), ("ipc", True), ("uts", True), ("pid", False), ("mnt", False)):
            with self.subTest(kind):
                namespaces = {os.readlink(f"/proc/{self.pid(name)}/ns/{kind}") for name in (first, second)}
                self.assertEqual(len(namespaces), 1 if same else 2)

    def test_process_namespace(self):
        """with --share pid the containers of a pod see each other"""
        pod = self.pod("--share", "pid,ipc")
        self.member(pod, "sleep", "611")
        other = self.member(pod)
        self.assertIn("sleep 611", self.exec_in(other, "ps").out)
        self.assertEqual(self.exec_in(other, "cat", "/proc/1/comm").out, "catatonit\n")

    def test_life(self):
        """a pod is paused, resumed, stopped, started and removed as a whole"""
        pod = self.pod()
        name = self.member(pod, "sh", "-c", "trap exit TERM; while :; do sleep 0.05; done")
        for operation, status in (("pause", "paused"), ("unpause", "running"), ("stop", "exited"), ("start", "running"), ("restart", "running")):
            with self.subTest(operation):
                self.caller.must("pod", operation, *(["--time", "5"] if operation == "stop" else []), pod)
                self.becomes(name, status)
        pid = self.pid(name)
        self.caller.must("pod", "rm", "--force", "--time", "0", pod)
        self.assertFalse(Path(f"/proc/{pid}").exists())

    def test_group(self):
        """the containers of a pod are in the pod's group, which has its limits and goes with it"""
        pod = self.pod("--cpus", "0.5", "--memory", "64m")
        groups = groups_of(self.pid(self.member(pod)))
        above = groups.get("memory", groups.get("")).parent
        limit = (above / ("memory.limit_in_bytes" if "memory" in groups else "memory.max")).read_text()
        self.assertEqual(limit, f"{64 * MIB}\n")
        self.caller.must("pod", "rm", "--force", "--time", "0", pod)
        self.assertFalse(above.exists())

    @quick
    def test_kubernetes(self):
        """play kube makes a pod of two containers with limits, variables and a volume, and takes it down"""
        name = self.name()
        (self.folder / "shared").mkdir()

        def container(called, command, **more):
            return {"name": called, "image": IMAGE, "imagePullPolicy": "Never", "command": ["sh", "-c", command],
                    "volumeMounts": [{"name": "shared", "mountPath": "/shared"}], **more}

        (self.folder / "pod.json").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {
                "containers": [
                    container("one", "echo $WORD >/shared/one; sleep 600", env=[{"name": "WORD", "value": "told"}],
                              resources={"limits": {"memory": "64Mi", "cpu": "500m"}}),
                    container("two", "id -u >/shared/two; sleep 600", securityContext={"runAsUser": 1000, "readOnlyRootFilesystem": True}),
                ],
                "volumes": [{"name": "shared", "hostPath": {"path": str(self.folder / "shared")}}],
            },
        }))
        (self.folder / "shared").chmod(0o777)
        self.addCleanup(self.caller.podman, "pod", "rm", "--force", "--time", "0", "--ignore", name)
        self.caller.must("play", "kube", "--network", "none", self.folder / "pod.json")
        for file, content in (("one", "told\n"), ("two", "1000\n")):
            path = self.folder / "shared" / file
            self.eventually(lambda: path.exists() and path.read_text() == content, f"{file} was never written")
        pid = self.pid(f"{name}-one")
        self.assertEqual(limit_of(pid, "memory", "memory.limit_in_bytes", "memory.max"), str(64 * MIB))
        self.caller.must("play", "kube", "--down", self.folder / "pod.json", limit=90)
        self.assertFalse(Path(f"/proc/{pid}").exists())


class Build(OfPodman):
    def test_build(self):
        """build runs its steps, and the image runs"""
        (self.folder / "Containerfile").write_text(
            f"FROM {IMAGE}\nRUN echo made >/made && id -u >>/made\nUSER 1000\nWORKDIR /tmp\nRUN id -u >mine; pwd >>mine\n")
        tag = f"localhost/{self.name()}"
        self.addCleanup(self.caller.podman, "rmi", "--force", tag)
        self.caller.must("build", "--isolation", "oci", "--network", "none", "--tag", tag, self.folder, limit=120)
        done = self.caller.must("run", "--rm", "--network", "none", tag, "cat", "/made", "/tmp/mine")
        self.assertEqual(done.lines, ["made", "0", "1000", "/tmp"])

    def test_failing_step(self):
        """a failing step fails the build with its exit code"""
        (self.folder / "Containerfile").write_text(f"FROM {IMAGE}\nRUN exit 7\n")
        done = self.caller.podman("build", "--isolation", "oci", "--network", "none", self.folder, limit=120)
        self.assertEqual(done.code, 7, done)


class Checkpoint(OfPodman):
    def setUp(self):
        super().setUp()
        self.needs_criu()

    def counting(self, *options):
        name = self.detached("sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.05; done", options=options)
        self.eventually(lambda: self.count(name) > 2, "it never counted")
        return name

    def count(self, name):
        done = self.exec_in(name, "cat", "/count")
        return int(done.out) if done.out.strip().isdigit() else 0

    def went_on(self, name, before):
        after = self.count(name)
        self.assertGreaterEqual(after, before)
        self.eventually(lambda: self.count(name) > after, "it stands still")

    @quick
    def test_restore(self):
        """a container is checkpointed and stopped, and restored where it was"""
        name = self.counting("--memory", "64m")
        before = self.count(name)
        self.caller.must("container", "checkpoint", name)
        self.becomes(name, "exited")
        self.caller.must("container", "restore", name)
        self.went_on(name, before)
        self.assertEqual(limit_of(self.pid(name), "memory", "memory.limit_in_bytes", "memory.max"), str(64 * MIB))
        self.caller.must("kill", name)
        self.becomes(name, "exited")
        self.assertEqual(self.caller.about(name, ".State.ExitCode"), str(128 + signal.SIGKILL))

    def test_leave_running(self):
        """a checkpoint with --leave-running leaves the container running"""
        name = self.counting()
        before = self.count(name)
        self.caller.must("container", "checkpoint", "--leave-running", name)
        self.assertEqual(self.caller.about(name, ".State.Status"), "running")
        self.went_on(name, before)

    def test_export(self):
        """a checkpoint is exported, and restored under another name, twice"""
        name = self.counting()
        before = self.count(name)
        self.caller.must("container", "checkpoint", "--export", self.folder / "checkpoint.tar", name)
        self.remove(name)
        for _ in range(2):
            other = self.name()
            self.addCleanup(self.remove, other)
            self.caller.must("container", "restore", "--import", self.folder / "checkpoint.tar", "--name", other)
            self.went_on(other, before)
