"""What a guest is booted of: a Debian tree, a disk with it and with our own files, and kernels with their modules."""

import lzma
import os
import pathlib
import re
import shutil
import subprocess

import cache
import packages
from catalogue import KERNELS

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE / "files"          # go into the disk as they stand
INITRAMFS = HERE / "initramfs"
PACKAGES = (
    # the system
    "systemd systemd-sysv dbus dbus-user-session libpam-systemd udev kmod apparmor selinux-utils policycoreutils selinux-policy-default "
    "iproute2 iptables nftables procps psmisc e2fsprogs attr acl libcap2-bin sudo "
    # what the programs under test need
    "libcurl4 libgpgme11 libyaml-0-2 libisal2 libzstd1 libseccomp2 libcap2 libprotobuf-c1 zlib1g uidmap slirp4netns conmon "
    "containernetworking-plugins catatonit ca-certificates "
    # what their tests need
    "python3 python3-jsonschema busybox-static docker-registry gnupg openssl strace tmux curl jq bpftool socat binutils "
    # peers
    "runc crun"
).split()
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
# Modules of a kernel that a guest keeps, below kernel/.
MODULES = (
    "arch block crypto fs lib mm net security virt drivers/block drivers/char drivers/md drivers/virtio drivers/net/dummy drivers/net/tun "
    "drivers/net/tap drivers/net/veth drivers/net/macvlan drivers/net/ipvlan drivers/net/vxlan drivers/net/bonding drivers/net/net_failover "
    "drivers/net/virtio_net drivers/infiniband"
).split()
BOOT_MODULES = ("virtio_pci", "virtio_blk", "ext4")  # what the initramfs needs to reach the disks
MASKED = (
    "apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer getty.target "
    "systemd-hwdb-update.service systemd-timesyncd.service systemd-update-utmp.service console-getty.service systemd-journal-flush.service "
    "systemd-random-seed.service systemd-update-utmp-runlevel.service iptables.service nftables.service getty@tty1.service "
    "serial-getty@ttyS0.service systemd-udev-settle.service systemd-pcrphase.service systemd-pcrphase-sysinit.service "
    "docker-registry.service"
).split()


def tree():
    """The Debian tree, from packages alone."""
    def make(part):
        packages.install()
        apt = packages.Apt(packages.RELEASE)
        apt.update()
        excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
        cache.run("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}",
                  "--dpkgopt=force-unsafe-io", '--aptopt=Acquire::Languages "none"', *excluded, packages.RELEASE, part / "root", apt.list)

    name = f"tree-{cache.digest(packages.RELEASE, *PACKAGES, *LEFT_OUT)}"
    return cache.entry(name, "the guests' Debian tree, of packages", make) / "root"


def disk():
    """The file with the root file system."""
    def make(part):
        root = part / "root"
        cache.run("cp", "-a", "--reflink=auto", tree(), root)
        furnish(root)
        label(root)
        image = part / "root.ext4"
        with open(image, "wb") as file:
            file.truncate(8 << 30)
        cache.run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1", "-d", root, image)
        shutil.rmtree(root)

    parts = (packages.RELEASE, *PACKAGES, *LEFT_OUT, FILES, *MASKED, pathlib.Path(__file__))
    return cache.entry(f"disk-{cache.digest(*parts)}", "the guests' disk", make) / "root.ext4"


def furnish(root):
    """Our own files, an ordinary user, and nothing at boot that no test needs."""
    shutil.copytree(FILES, root, dirs_exist_ok=True, symlinks=True)
    units = root / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    (units / "default.target").unlink(missing_ok=True)
    (units / "default.target").symlink_to("guest.target")
    (units / "guest.target.wants").mkdir()
    (units / "guest.target.wants/guest-agent.service").symlink_to("../guest-agent.service")
    (root / "etc/hostname").write_text("guest\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost guest\n::1 localhost guest\n")
    (root / "etc/fstab").write_text("")
    (root / "etc/machine-id").write_text("00112233445566778899aabbccddeeff\n")
    cache.run("chroot", root, "useradd", "--create-home", "--uid", "1000", "--shell", "/bin/bash", "user")
    for name in ("subuid", "subgid"):
        (root / "etc" / name).write_text("user:100000:65536\n")
    lingering = root / "var/lib/systemd/linger"
    lingering.mkdir(parents=True, exist_ok=True)
    (lingering / "user").touch()
    selinux = root / "etc/selinux/config"
    selinux.write_text(re.sub(r"(?m)^SELINUX=.*", "SELINUX=enforcing", selinux.read_text()))


def label(root):
    """Debian's policy knows no containers: a small module for them, and labels for the tree. Without SELinux they do no harm."""
    contexts = "/etc/selinux/default/contexts/files/file_contexts"
    script = ('mount -t proc proc "$1/proc" && chroot "$1" semodule -n -s default -i /usr/local/lib/guest/container.cil && '
              'exec chroot "$1" setfiles -F -e /proc -e /sys -e /dev "$2" /')
    cache.run("sh", "-c", script, "-", root, contexts)


class Kernel:
    """A kernel, an initramfs and a disk with the modules."""

    def __init__(self, name):
        suite = KERNELS[name]

        def make(part):
            work = part / "unpacked"
            work.mkdir()
            apt = packages.Apt(suite)
            apt.update()
            apt.unpack(apt.kernel(), work)
            version = next((work / "lib/modules").iterdir()).name
            modules = part / "modules"
            keep_modules(work / "lib/modules" / version, modules / "lib/modules" / version)
            cache.run("depmod", "-b", modules, version)
            shutil.copy(next((work / "boot").glob("vmlinuz-*")), part / "vmlinuz")
            make_initramfs(modules, version, part / "initramfs")
            image = part / "modules.ext4"
            with open(image, "wb") as file:
                file.truncate(512 << 20)
            cache.run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-d", modules / "lib/modules", image)
            (part / "version").write_text(version + "\n")
            shutil.rmtree(work)
            shutil.rmtree(modules)

        parts = (suite, *MODULES, *BOOT_MODULES, INITRAMFS, pathlib.Path(__file__))
        self.folder = cache.entry(f"kernel-{name}-{cache.digest(*parts)}", f"kernel {name} of {suite}", make)
        self.image, self.initramfs, self.modules = (self.folder / name for name in ("vmlinuz", "initramfs", "modules.ext4"))


def keep_modules(source, target):
    target.mkdir(parents=True)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        if (source / name).exists():
            shutil.copy(source / name, target)
    for item in MODULES:
        for path in (source / "kernel" / item, *(source / "kernel" / item).parent.glob(f"{pathlib.Path(item).name}.ko*")):
            place = target / path.relative_to(source)
            if path.is_dir():
                shutil.copytree(path, place, dirs_exist_ok=True)
            elif path.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)


def make_initramfs(modules, version, target):
    """busybox, the modules that reach the disks, and a script that goes over to the root file system."""
    root = target.parent / "initramfs.d"
    shutil.copytree(INITRAMFS, root)
    for name in ("bin", "dev", "proc", "modules", "root"):
        (root / name).mkdir(exist_ok=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    order = []
    for module in BOOT_MODULES:
        told = cache.run("modprobe", "-d", modules, "-S", version, "--show-depends", module)
        order += [path for path in re.findall(r"^insmod (\S+)", told, re.M) if path not in order]
    for number, path in enumerate(order):
        (root / f"modules/{number:02}.ko").write_bytes(uncompressed(pathlib.Path(path)))
    (root / "init").chmod(0o755)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with open(target, "wb") as out:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root, input=names.encode(), stdout=out, check=True)
    shutil.rmtree(root)


def uncompressed(path):
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    return path.read_bytes()
