"""What unpacking costs, counted in system calls: they do not depend on how busy the machine is."""

import re
import shutil
import tarfile
import unittest

from bundler import BundlerTest
from harness import BUNDLER
from registries import Image


@unittest.skipUnless(shutil.which("strace"), "strace is missing (bundles/setup test)")
class Cost(BundlerTest):
    def calls(self, name, files):
        """The system calls of an unpack, by name."""
        self.bundler_ok("import", Image(files).write_layout(self.folder / name), f"local/{name}")
        log = self.folder / f"{name}.strace"
        done = self.call("strace", "-f", "-c", "-o", log, BUNDLER, "--store", self.store, "unpack", f"local/{name}", self.folder / f"{name}-bundle")
        self.assertEqual(done.code, 0, done)
        rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$", log.read_text(), re.M)
        return {call: int(count) for count, call in rows if call != "total"}

    def more(self, few, many, count):
        """How many more calls the second takes than the first, for each of `count` things that it has more."""
        return {call: (many[call] - few.get(call, 0)) / count for call in many if (many[call] - few.get(call, 0)) / count > 0.1}

    def test_a_small_file_takes_four_calls(self):
        few, many = (self.calls(f"files-{n}", {f"etc/{i}": b"x" * 100 for i in range(n)}) for n in (100, 600))
        self.assertEqual(self.more(few, many, 500), {"openat": 1, "pwrite64": 1, "utimensat": 1, "close": 1})

    def test_a_folder_takes_seven_calls(self):
        """Made, looked at, opened, looked at, closed; in the end looked at again and given its time."""
        def tree(count):
            files = {}
            for i in range(count):
                files |= {f"etc/{i}": folder(f"etc/{i}"), f"etc/{i}/x": b"x"}
            return files

        few, many = (self.calls(f"folders-{n}", tree(n)) for n in (100, 600))
        cost = self.more(few, many, 500)
        of_file = {"openat": 1, "pwrite64": 1, "utimensat": 1, "close": 1}
        self.assertEqual({call: count - of_file.get(call, 0) for call, count in cost.items() if count != of_file.get(call, 0)},
                         {"mkdirat": 1, "newfstatat": 3, "openat2": 1, "close": 1, "utimensat": 1})


def folder(name):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    return entry
