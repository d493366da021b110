"""The sample bundles: each one runs, and its process prints what the sample is there to show."""

import fcntl
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import tempfile
import termios

from harness import CGROUPS, PATIENCE, RUNTIME, TOP, RuntimeTest, ours_only

BUNDLES = TOP / "bundles"

# The whole output of the samples that need nothing but `runtime run`, as a regular expression.
SHOWN = {
    "devices": r"""
        /dev/blank character special file 644 1000 1:5
        /dev/kmsg character special file 600 0 1:b
        /dev/pipe fifo 600 0 0:0
        00000000
        may be written
        """,
    "io": r"7:0 (rbps=)?1048576( wbps=max riops=max wiops=100)?",
    "limits": r"""
        67108864
        50000( 100000)?
        0
        32
        """,
    "minimal": "hello from a container",
    "mounts": r"""
        /tmp rw,nosuid,nodev,noexec,noatime -
        /etc rw,relatime -
        /mnt/bin ro,nosuid(,nodev)?(,relatime|,noatime)? -
        /mnt/sys ro,nosuid,nodev,noexec(,relatime)? -
        /mnt/sys/fs/cgroup ro,nosuid,nodev,noexec(,relatime)? -
        /mnt/shared rw,relatime shared
        1
        """,
    "namespaces": r"""
        pid 1
        sample
        1
        1
        /
         *0 +100000 +65536
        monotonic +3600 +5
        boottime +86400 +0
        """,
    "personality": "(i686|armv8l)",
    "process": r"""
        uid=1000\(user\) gid=1000\(user\) groups=5,20(,1000\(user\))?
        hello
        /tmp
        0027
        256
        512
        CapEff:\t0000000000000400
        CapBnd:\t0000000000000400
        NoNewPrivs:\t1
        100
        5 3
        best-effort: prio 6
        """,
    "readonly": r"""
        0
        0
        written
        """,
    "rootless": r"""
        0
        65534
         *0 +1000 +1
        written
        """,
    "seccomp": r"""
        Seccomp:\t2
        allowed
        """,
    "sysctl": r"""
        sample
        example.org
        4321
        1
        """,
    "unified": r"""
        67108864
        32
        """,
    "user-namespace": r"""
        0
        65534
         *0 +100000 +1000
         *1000 +200000 +1
         *0 +100000 +65536
        """,
}

# What the process is refused, on its standard error.
REFUSED = {
    "devices": ["can't open /dev/kmsg: Operation not permitted"],
    "readonly": ["/file: Read-only file system", "/proc/sys/kernel/msgmax: Read-only file system"],
    "seccomp": ["'/tmp/folder': Disk quota exceeded", "personality(0x8): Operation not permitted"],
}


class Samples(RuntimeTest):
    @classmethod
    def setUpClass(cls):
        """One root file system, which the samples get copies of."""
        cls.made = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="coracle-test-")))
        cls.made_by = subprocess.run([BUNDLES / "rootfs", cls.made], capture_output=True, text=True)

    def setUp(self):
        super().setUp()
        self.assertEqual((self.made_by.returncode, self.made_by.stdout, self.made_by.stderr), (0, "", ""))

    def sample(self, name):
        """A copy of the sample with a root file system; gives its folder."""
        folder = self.folder / name
        folder.mkdir(mode=0o755)
        shutil.copy(BUNDLES / name / "config.json", folder)
        shutil.copytree(self.made / "rootfs", folder / "rootfs", symlinks=True)
        return folder

    def shows(self, name):
        done = self.runtime("run", "--bundle", self.sample(name), self.new_id())
        wanted = "\n".join(line.removeprefix(" " * 8) for line in SHOWN[name].strip("\n").split("\n")).strip("\n") + "\n"
        self.assertTrue(re.fullmatch(wanted.rstrip(" "), done.out), f"wanted:\n{wanted}got: {done}")
        for words in REFUSED.get(name, ()):
            self.assertIn(words, done.err)
        if name not in REFUSED:
            self.assertEqual((done.code, done.err), (0, ""))

    def test_every_sample_is_tested(self):
        there = {path.parent.name for path in BUNDLES.glob("*/config.json")}
        self.assertEqual(there, {*SHOWN, "hooks", "terminal"})

    def test_every_sample_has_its_line_in_the_readme(self):
        text = (BUNDLES / "README.md").read_text()
        for path in BUNDLES.glob("*/config.json"):
            self.assertIn(f"| `{path.parent.name}` |", text)

    def test_a_root_file_system_that_is_there_stays_as_it_is(self):
        folder = self.sample("minimal")
        (folder / "rootfs/mine").write_text("mine\n")
        self.assertEqual(self.call(BUNDLES / "rootfs", folder).code, 0)
        self.assertTrue((folder / "rootfs/mine").exists())

    def test_a_root_file_system_is_made_only_in_a_folder_that_exists(self):
        done = self.call(BUNDLES / "rootfs", self.folder / "nowhere")
        self.assertEqual(done.code, 2)
        self.assertIn("usage", done.err)

    @ours_only  # runc needs a /proc in every container
    def test_minimal(self):
        self.shows("minimal")

    @ours_only  # scheduler and ioPriority are newer than Debian's runc
    def test_process(self):
        self.shows("process")

    def test_terminal(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 97, 0, 0))
        command = [RUNTIME, "--root", self.root, "run", "--bundle", self.sample("terminal"), self.new_id()]
        process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=self.environment, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.assertEqual(process.wait(20 * PATIENCE), 0)
        self.assertEqual(os.read(ours, 4096).split(), [b"/dev/pts/0", b"31", b"97"])

    @ours_only  # rro and its like are newer than Debian's runc
    def test_mounts(self):
        self.shows("mounts")

    def test_readonly(self):
        self.shows("readonly")

    def test_devices(self):
        self.shows("devices")

    @ours_only  # the time namespace is newer than Debian's runc
    def test_namespaces(self):
        self.shows("namespaces")

    def test_user_namespace(self):
        self.shows("user-namespace")

    def test_rootless(self):
        self.shows("rootless")

    def test_limits(self):
        self.shows("limits")

    def test_io(self):
        if not pathlib.Path("/sys/block/loop0").exists():
            self.skipTest("this machine has no loop0, whose speed the sample limits")
        self.shows("io")

    def test_unified(self):
        controllers = CGROUPS / "cgroup.controllers"
        if not controllers.exists() or not {"memory", "pids"} <= set(controllers.read_text().split()):
            self.skipTest("memory and pids are no cgroup v2 controllers here")
        self.shows("unified")

    @ours_only  # flags are newer than Debian's runc
    def test_seccomp(self):
        self.shows("seccomp")

    @ours_only  # runc has createContainer start in the root file system, and poststop where its caller is
    def test_hooks(self):
        folder = self.sample("hooks")
        done = self.runtime("run", "--bundle", folder, self.new_id())
        self.assertEqual(done.code, 0, done)
        before = ["createContainer", "createRuntime", "prestart", "startContainer"]
        self.assertEqual(sorted(done.out.split()), [f"/tmp/{moment}" for moment in before])
        self.assertEqual(sorted(os.listdir(folder / "rootfs/root")), ["poststart", "poststop"])

    @ours_only  # the domain name is newer than Debian's runc
    def test_sysctl(self):
        self.shows("sysctl")

    @ours_only
    def test_personality(self):
        self.shows("personality")
