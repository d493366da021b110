"""Debian's packages for the guests, by an apt of our own: the machine's lists, pins and sources stay as they are.

The mirror is the one that the machine's own apt uses.
"""

import os
import re
import shutil
import subprocess

import cache

RELEASE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
QEMU = "qemu-system-x86_64"
QEMU_OLDEST = 9  # older ones emulate Linux 6.12 and newer unreliably
# Of Debian 12 itself; bundles/setup guests installs them.
TOOLS = {"mmdebstrap": "mmdebstrap", "mkfs.ext4": "e2fsprogs", "cpio": "cpio", "xz": "xz-utils", "zstd": "zstd", "depmod": "kmod",
         "setpriv": "util-linux"}


def mirror():
    asked = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)", "Origin: Debian"], capture_output=True, text=True)
    for site in asked.stdout.split():
        if site.endswith("/debian"):
            return site
    raise cache.Failure("apt knows no mirror of Debian: a source whose address ends with /debian is needed")


def sources(suites):
    """The lines of a sources.list with these suites; the release comes with its updates."""
    site = mirror()
    places = []
    for suite in suites:
        places.append((site, suite))
        if suite == RELEASE:
            places += [(site, f"{RELEASE}-updates"), (f"{site}-security", f"{RELEASE}-security")]
    return "".join(f"deb [signed-by={KEYRING}] {place} {name} main\n" for place, name in places)


class Apt:
    """apt with the lists of these suites, and no others."""

    def __init__(self, *suites):
        self.suites = suites
        self.folder = cache.folder() / "apt" / "+".join(suites)
        self.list = self.folder / "sources.list"

    def options(self):
        paths = {"Dir::Etc::sourcelist": self.list, "Dir::Etc::sourceparts": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
                 "Dir::Etc::preferences": self.folder / "preferences", "Dir::State::lists": self.folder / "lists",
                 "Dir::Cache::pkgcache": "", "Dir::Cache::srcpkgcache": "", "APT::Sandbox::User": "root", "Acquire::Retries": 3,
                 "Acquire::Languages": "none"}
        return [word for name, value in paths.items() for word in ("-o", f"{name}={value}")]

    def update(self):
        (self.folder / "lists/partial").mkdir(parents=True, exist_ok=True)
        self.list.write_text(sources(self.suites))
        # Backports are taken only where they are asked for; QEMU is, with what is built of its source.
        (self.folder / "preferences").write_text(
            f"Package: *\nPin: release n={RELEASE}-backports\nPin-Priority: 50\n\n"
            f"Package: src:qemu src:seabios\nPin: release n={RELEASE}-backports\nPin-Priority: 600\n")
        self.call("apt-get", "-qq", "update")

    def call(self, program, *words, **more):
        more.setdefault("env", {**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        return cache.run(program, *self.options(), *words, **more)

    def kernel(self):
        """The packages of the newest kernel of the suites; newer ones come in several parts."""
        told = self.call("apt-cache", "depends", "linux-image-amd64")
        found = re.search(r"Depends: (linux-image-([0-9]\S+))", told)
        if not found:
            raise cache.Failure(f"{' and '.join(self.suites)}: no kernel that linux-image-amd64 names")
        image, version = found.groups()
        parts = re.findall(rf"Depends: (linux-(?:base|binary|modules)-{re.escape(version)})\n", self.call("apt-cache", "depends", image))
        return [image, *parts]

    def unpack(self, names, folder):
        """What the packages hold, below the folder."""
        self.call("apt-get", "-qq", "download", *names, cwd=folder)
        for archive in folder.glob("*.deb"):
            cache.run("dpkg-deb", "-x", archive, folder)
            archive.unlink()


def qemu_version():
    if not shutil.which(QEMU):
        return 0
    told = subprocess.run([QEMU, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"version (\d+)", told)
    return int(found.group(1)) if found else 0


def missing():
    """Why no guest can be made or run on this machine, as far as it can be told; None when nothing is in the way."""
    if os.geteuid() != 0:
        return "guests need root"
    if os.uname().machine != "x86_64":
        return "guests are x86-64 machines so far, and this is none"
    if not shutil.which("apt-get"):
        return "guests are made of Debian's packages, and this machine has no apt-get"
    return None


def install():
    """QEMU, and the tools that make an image, where they are not there yet."""
    absent = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if absent:
        raise cache.Failure(f"not installed: {' '.join(absent)} (bundles/setup guests)")
    if qemu_version() >= QEMU_OLDEST and shutil.which("qemu-img"):
        return
    with cache.lock("install"):
        if qemu_version() >= QEMU_OLDEST and shutil.which("qemu-img"):
            return
        cache.say(f"installing QEMU of {RELEASE}-backports")
        apt = Apt(RELEASE, f"{RELEASE}-backports")
        apt.update()
        # Not by cache.run: dpkg is not to be killed half way.
        done = subprocess.run(["apt-get", *apt.options(), "-qq", "-y", "--no-install-recommends", "install", "qemu-system-x86", "qemu-utils"],
                              env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode or qemu_version() < QEMU_OLDEST:
            raise cache.Failure(f"QEMU {QEMU_OLDEST} or newer cannot be installed: {(done.stderr.strip().splitlines() or ['apt-get found none'])[-1]}")
