"""config.md#linux-mount-options: every option that a runtime must know, by what the kernel says of the mount."""

import subprocess

from container import Statement, bind

# The option, after one that it must undo; then words that the mount has, or has not, among its own and its file
# system's flags.
FLAGS = """
    nosuid          has nosuid              | nosuid suid               lacks nosuid
    nodev           has nodev               | nodev dev                 lacks nodev
    noexec          has noexec              | noexec exec               lacks noexec
    ro              has ro                  | ro rw                     lacks ro
"""
TIMES = """
    noatime         has noatime             | noatime atime             lacks noatime
    nodiratime      has nodiratime          | nodiratime diratime       lacks nodiratime
    relatime        has relatime            | strictatime nostrictatime has relatime
    strictatime     lacks relatime
"""
FILE_SYSTEM = """
    sync            has sync                | sync async                lacks sync
    dirsync         has dirsync             | lazytime                  has lazytime
    lazytime nolazytime lacks lazytime
"""
# Those that leave nothing in mountinfo.
SILENT = ("defaults", "silent", "loud", "iversion", "noiversion", "norelatime")


def parsed(table):
    for row in table.replace("\n", "|").split("|"):
        if words := row.split():
            yield words[:-2], words[-2], words[-1]


class Option(Statement):
    def mounted(self, *mounts):
        """The mountinfo lines of /mnt and below: (point, flags, optional fields)."""
        container = self.container("grep ' /mnt' /proc/self/mountinfo")
        container.config["mounts"] += mounts
        lines = [line.split() for line in container.runs().splitlines()]
        return [(line[4], {*line[5].split(","), *line[-1].split(",")}, line[6:line.index("-")]) for line in lines]

    def check(self, table):
        for options, verb, word in parsed(table):
            with self.subTest(options=" ".join(options)):
                mount = {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": options}
                seen = [flags for point, flags, _ in self.mounted(mount) if point == "/mnt"][-1]
                self.assertEqual(word in seen, verb == "has", f"{' '.join(options)}: {sorted(seen)}")

    def test_flags(self):
        """config.md#linux-mount-options: suid, dev, exec and rw, and what undoes them"""
        self.check(FLAGS)

    def test_flags_of_bind(self):
        """config.md#linux-mount-options: flags of a bind mount, and what undoes them"""
        for options, verb, word in parsed(FLAGS):
            with self.subTest(options=" ".join(options)):
                source = self.scratch / "source"
                source.mkdir(exist_ok=True)
                _, seen, _ = self.mounted(bind(source, "bind", *options))[-1]
                # The file system's own flags are its owner's: it may well be writable.
                self.assertEqual(word in seen, verb == "has", sorted(seen))

    def test_times(self):
        """config.md#linux-mount-options: the options about times of access, and what undoes them"""
        self.check(TIMES)

    def test_file_system(self):
        """config.md#linux-mount-options: sync, dirsync and lazytime, and what undoes them"""
        self.check(FILE_SYSTEM)

    def test_without_trace(self):
        """config.md#linux-mount-options: options that leave no trace are no file system's data"""
        for option in SILENT:
            with self.subTest(option=option):
                mount = {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": [option, "size=64k"]}
                (_, seen, _), = self.mounted(mount)
                self.assertIn("size=64k", seen)

    def test_unknown(self):
        """config.md#linux-mount-options: an option that tmpfs refuses does not go unnoticed"""
        mount = {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["nonesuch"]}
        container = self.container()
        container.config["mounts"].append(mount)
        container.refuses_create()

    def test_remount(self):
        """config.md#linux-mount-options: remount changes the mount that is there"""
        first = {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k"]}
        seen = self.mounted(first, first | {"options": ["remount", "ro"]})
        self.assertEqual(len(seen), 1, "a second mount")
        self.assertIn("ro", seen[0][1])

    def propagation(self, *options):
        """What mountinfo says of a bind mount and of the mount below it; the source is shared with others."""
        source = self.scratch / f"source-{len(self.containers)}"
        (source / "below").mkdir(parents=True)
        for point in (source, source / "below"):
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", point], check=True)
            subprocess.run(["mount", "--make-shared", point], check=True)
            (source / "below").mkdir(exist_ok=True)
        try:
            found = self.mounted(bind(source, "rbind", *options))
        finally:
            subprocess.run(["umount", "--recursive", source], check=True)
        return [[field.partition(":")[0] for field in fields] for _, _, fields in found]

    def check_propagation(self, kind, holds, alone=False):
        """The option makes the mount so, the one with an r those below too; `alone`: the former spares those."""
        for option, recursive in ((kind, False), (f"r{kind}", True)):
            with self.subTest(option=option):
                top, below = self.propagation(option)
                self.assertTrue(holds(top), f"{option}: {top}")
                if recursive:
                    self.assertTrue(holds(below), f"{option}, below: {below}")
                elif alone:
                    self.assertFalse(holds(below), f"{option}, below: {below}")

    def test_private(self):
        """config.md#linux-mount-options: private and rprivate end propagation, at the mount or below it too"""
        self.check_propagation("private", lambda told: not told)

    def test_slave(self):
        """config.md#linux-mount-options: slave and rslave receive what is mounted at the source"""
        self.check_propagation("slave", lambda told: "master" in told)

    def test_shared(self):
        """config.md#linux-mount-options: shared and rshared make the mount, or those below too, shared"""
        self.check_propagation("shared", lambda told: "shared" in told)

    def test_unbindable(self):
        """config.md#linux-mount-options: unbindable and runbindable make the mount, or those below too, unbindable"""
        self.check_propagation("unbindable", lambda told: "unbindable" in told, alone=True)

    def test_relative_destination(self):
        """config.md#mounts: a destination that is relative is relative to the root folder"""
        source = self.scratch / "source"
        source.mkdir()
        (point, _, _), = self.mounted(bind(source) | {"destination": "mnt"})
        self.assertEqual(point, "/mnt")
