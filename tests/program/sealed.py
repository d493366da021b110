"""What a container can reach of the runtime itself. cve: 2019-5736"""

import errno
import hashlib
import os
import pathlib
import shutil
import subprocess

from harness import RUNTIME, RuntimeTest


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).digest()


class Sealed(RuntimeTest):
    def setUp(self):
        super().setUp()
        # A copy: a test that fails must not have damaged the program.
        self.copy = self.folder / "a folder, with: signs" / "runtime"
        self.copy.parent.mkdir()
        shutil.copy(RUNTIME, self.copy)
        self.before = digest(self.copy)

    def create_with_copy(self, *prefix):
        name = self.new_id()
        command = [*prefix, self.copy, "--root", self.root, "create", "--bundle", self.bundle(self.config("/proc/self/exe", "--version")), name]
        null = subprocess.DEVNULL
        self.assertEqual(subprocess.run(command, env=self.environment, stdin=null, stdout=null).returncode, 0)
        return name

    def cannot_be_written(self, name, in_memory):
        """What /proc/PID/exe of a waiting init leads to, kept open until nobody executes it any more, is not writable."""
        pid = self.state(name)["pid"]
        self.assertNotEqual(os.stat(f"/proc/{pid}/exe").st_dev, os.stat(self.copy).st_dev)
        self.assertEqual(os.readlink(f"/proc/{pid}/exe").startswith("/memfd:"), in_memory)
        kept = os.open(f"/proc/{pid}/exe", os.O_RDONLY)
        try:
            self.runtime_ok("delete", "--force", name)
            with self.assertRaises(OSError) as refused:
                os.write(os.open(f"/proc/self/fd/{kept}", os.O_WRONLY), b"evil")
            self.assertIn(refused.exception.errno, (errno.EROFS, errno.EPERM, errno.EACCES))
        finally:
            os.close(kept)
        self.assertEqual(digest(self.copy), self.before)

    def test_a_waiting_init_does_not_lead_to_the_runtimes_file(self):
        self.cannot_be_written(self.create_with_copy(), in_memory=False)

    def test_nor_where_overlayfs_cannot_be_had(self):
        # On a file system in memory below an overlay of two levels there is no third.
        mounts = "for n in 1 2; do mkdir -p $D/$n; mount -t overlay -o lowerdir=$L:/sys overlay $D/$n; L=$D/$n; done; "
        inside = ["unshare", "--mount", "sh", "-ec", f'L=$1; D=$2; {mounts} shift 3; exec "$L/runtime" "$@"', "sh", self.copy.parent, self.folder / "layers"]
        renamed = self.folder / "plain"
        self.copy.parent.rename(renamed)
        self.copy = renamed / "runtime"
        inside[-2] = renamed
        self.cannot_be_written(self.create_with_copy(*inside), in_memory=True)

    def test_a_mark_that_somebody_else_set_is_not_believed(self):
        pid = self.state(self.create(env={"CORACLE_SEALED": "1"}))["pid"]
        self.assertNotEqual(os.stat(f"/proc/{pid}/exe").st_dev, os.stat(RUNTIME).st_dev)

    def test_the_mark_does_not_reach_the_container(self):
        self.assertNotIn("CORACLE_SEALED", str(self.see()["env"]))
