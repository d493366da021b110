"""What the program tests share: bundles in a temporary folder, running the two programs, and the check
that nothing is left of a test: no mount, no cgroup, no process, no state."""

import copy
import glob
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", TOP / "build"))
RUNTIME = os.environ.get("RUNTIME", str(BUILD / "src/runtime/runtime"))
BUNDLER = os.environ.get("BUNDLER", str(BUILD / "src/bundler/bundler"))
PROBE = os.environ.get("PROBE", str(BUILD / "tests/probe"))
BUSYBOX = "/bin/busybox"
CGROUPS = pathlib.Path("/sys/fs/cgroup")
# How many times longer than on a usual machine anything may take: guests are emulated.
PATIENCE = float(os.environ.get("PATIENCE", "1"))

# The tests can be tried on another runtime (RUNTIME=runc); what only ours promises is then skipped.
OURS = pathlib.Path(RUNTIME).name == "runtime"
ours_only = unittest.skipUnless(OURS, "says what Coracle promises beyond runc")

APPLETS = "sh cat echo env grep head hostname id ip kill ls mkdir mount od printf ps readlink rm sleep stat stty test touch true tty false umount".split()

DEFAULT_CONFIG = {
    "ociVersion": "1.3.0",
    "process": {
        "user": {"uid": 0, "gid": 0},
        "args": ["/probe"],
        "env": ["PATH=/bin"],
        "cwd": "/",
    },
    "root": {"path": "rootfs"},
    "hostname": "tested",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
        {
            "destination": "/dev/pts",
            "type": "devpts",
            "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
        },
    ],
    "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]},
}


def wait_for(condition, what, seconds=20.0):
    """Polls until the condition is true and gives its value; a test never sleeps for a guess of time."""
    deadline = time.monotonic() + seconds * PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * PATIENCE:.0f} s for {what}")
        time.sleep(0.005)
    return value


def wait_until_it_polls(process, what):
    """Waits until a process of ours has what it waits for: what happens before that is not told by it."""
    wchan = pathlib.Path(f"/proc/{process.pid}/wchan")
    wait_for(lambda: process.poll() is not None or "poll" in wchan.read_text(), what)


def text_of(path):
    """What has been written to a file; nothing while it is not there."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def make_rootfs(folder):
    """A root file system: busybox with links to it, and the probe."""
    for name in ("bin", "etc", "tmp", "proc", "sys", "dev", "root"):
        (folder / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, folder / "bin/busybox")
    shutil.copy(PROBE, folder / "probe")
    for name in APPLETS:
        (folder / "bin" / name).symlink_to("busybox")
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n")
    (folder / "etc/group").write_text("root:x:0:\nuser:x:1000:\n")
    return folder


class Finished:
    """A program that has ended: its exit code and what it wrote."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit code {self.code}\nstdout: {self.out}\nstderr: {self.err}"

    @property
    def json(self):
        return json.loads(self.out)


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own, that leaves the machine as it found it."""

    maxDiff = None

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="coracle-test-"))
        self.folder.chmod(0o711)
        self.mark = "t" + self.folder.name.removeprefix("coracle-test-").replace("_", "-")
        self.environment = {**os.environ, "CORACLE_TEST_MARK": self.mark}
        self.mounts_before = set(self.mounts_here())
        self.addCleanup(self.check_nothing_is_left)

    def mounts_here(self):
        """But for those of tests that run beside this one."""
        lines = [line.split(" ", 4)[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
        return [line for line in lines if "/coracle-test-" not in line or f"{self.folder}/" in line]

    def processes(self):
        """The processes that descend from this test: they carry its mark in their environment."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if f"CORACLE_TEST_MARK={self.mark}".encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                pass  # it ended meanwhile
        return found

    def cgroups(self):
        # Not pathlib's, which fails when a group of somebody else vanishes meanwhile.
        return [path for depth in ("*", "*/*", "*/*/*") for path in glob.glob(f"{CGROUPS}/{depth}{self.mark}*")]

    def check_nothing_is_left(self):
        left = []
        try:
            wait_for(lambda: not self.processes(), "the processes of the test to end", 3)
        except AssertionError:
            left.append(f"processes: {self.processes()}")
            for pid in self.processes():
                os.kill(pid, 9)
        left += [f"mount: {line}" for line in set(self.mounts_here()) - self.mounts_before]
        left += [f"cgroup: {path}" for path in self.cgroups()]
        for path in sorted(self.cgroups(), reverse=True):
            os.rmdir(path)
        shutil.rmtree(self.folder, ignore_errors=True)
        if left:
            self.fail("left behind: " + "; ".join(left))

    def call(self, program, *args, stdin=subprocess.DEVNULL, input=None, timeout=60, cwd=None, **more):
        """Runs to the end. Output goes by files: a container that lives on may keep them open."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as text:
            if input is not None:
                text.write(input.encode())
                text.seek(0)
                stdin = text
            command = [str(part) for part in (program, *args)]
            environment = {**self.environment, **more.pop("env", {})}
            done = subprocess.run(
                command, stdin=stdin, stdout=out, stderr=err, timeout=timeout * PATIENCE, cwd=cwd, env=environment, **more
            )
            out.seek(0), err.seek(0)
            return Finished(done.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"))

    def one_line(self, done, *words):
        """A refusal: a failure that says why in one line, which holds these words."""
        self.assertNotEqual(done.code, 0, done)
        self.assertEqual(len(done.err.strip().splitlines()), 1, f"not one line: {done}")
        for word in words:
            self.assertIn(word, done.err)
        return done


class RuntimeTest(ProgramTest):
    """A test of the runtime, with its state in the test's folder."""

    def setUp(self):
        super().setUp()
        self.root = self.folder / "state"
        self.last_id = 0
        self.addCleanup(self.delete_all)

    def delete_all(self):
        for folder in sorted(self.root.iterdir()) if self.root.exists() else []:
            self.runtime("delete", "--force", folder.name)
        if self.root.exists():
            self.assertEqual([path.name for path in self.root.iterdir() if path.is_dir()], [], "state is left")

    def runtime(self, *args, **more):
        return self.call(RUNTIME, "--root", self.root, *args, **more)

    def runtime_ok(self, *args, **more):
        done = self.runtime(*args, **more)
        self.assertEqual(done.code, 0, f"runtime {' '.join(map(str, args))}: {done}")
        return done

    def refused(self, *args, says=(), **more):
        """The runtime refuses, in one line that holds the words."""
        return self.one_line(self.runtime(*args, **more), *([says] if isinstance(says, str) else says))

    def new_id(self):
        self.last_id += 1
        return f"{self.mark}-{self.last_id}"

    def config(self, *args, **process):
        """A configuration that runs these arguments; further members go to "process"."""
        config = copy.deepcopy(DEFAULT_CONFIG)
        config["process"].update(process)
        if args:
            config["process"]["args"] = list(args)
        config["process"]["env"] = [*config["process"]["env"], f"CORACLE_TEST_MARK={self.mark}"]
        # A path of its own below the hierarchies' roots: found again by its name when it is left behind.
        config["linux"]["cgroupsPath"] = f"/{self.new_id()}-group"
        return config

    def bundle(self, config=None):
        """Writes a bundle with this configuration (a value, or text as it stands); gives its folder."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="bundle-", dir=self.folder))
        folder.chmod(0o755)
        make_rootfs(folder / "rootfs")
        config = self.config() if config is None else config
        (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
        return folder

    def run_config(self, config, *flags, **more):
        """`runtime run` in the foreground."""
        return self.runtime("run", "--bundle", self.bundle(config), *flags, self.new_id(), **more)

    def see(self, config=None, *flags, **more):
        """What the probe sees when it is run with this configuration."""
        done = self.run_config(config or self.config(), *flags, **more)
        self.assertEqual(done.code, 0, done)
        return done.json

    def output(self, config, *flags, **more):
        """What the container's process writes to its standard output."""
        done = self.run_config(config, *flags, **more)
        self.assertEqual(done.code, 0, done)
        return done.out

    def create(self, config=None, *flags, **more):
        """A created container; gives its id."""
        name = self.new_id()
        self.runtime_ok("create", "--bundle", self.bundle(config or self.config("/probe", "wait")), *flags, name, **more)
        return name

    def running(self, config=None, *flags, **more):
        """A container whose process runs; gives its id."""
        name = self.create(config, *flags, **more)
        self.runtime_ok("start", name)
        return name

    def state(self, name):
        return self.runtime_ok("state", name).json

    def status(self, name):
        return self.state(name)["status"]

    def wait_status(self, name, status):
        wait_for(lambda: self.status(name) == status, f"{name} to be {status}")

    def stop(self, name):
        self.runtime_ok("kill", name, "KILL")
        self.wait_status(name, "stopped")

    def cgroup_file(self, config, controller, v1, v2):
        """The file of the container's cgroup, whichever version the controller is on."""
        path = config["linux"]["cgroupsPath"].lstrip("/")
        if (CGROUPS / controller).is_dir():
            return CGROUPS / controller / path / v1
        return CGROUPS / path / v2
