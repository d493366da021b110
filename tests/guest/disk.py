"""What guests are booted of: a Debian tree, and a disk with it and with our own files."""

import pathlib
import re
import shutil

import cache
import packages

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE / "files"          # go into the disk as they stand
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
MASKED = (
    "apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer getty.target "
    "systemd-hwdb-update.service systemd-timesyncd.service systemd-update-utmp.service console-getty.service systemd-journal-flush.service "
    "systemd-random-seed.service systemd-update-utmp-runlevel.service iptables.service nftables.service getty@tty1.service "
    "serial-getty@ttyS0.service systemd-udev-settle.service systemd-pcrphase.service systemd-pcrphase-sysinit.service "
    "docker-registry.service"
).split()


def tree(more=()):
    """The Debian tree, from packages alone: those of every guest, and more."""
    wanted = (*PACKAGES, *more)

    def make(part):
        packages.install()
        apt = packages.Apt(packages.RELEASE)
        apt.update()
        excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
        cache.run("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={','.join(wanted)}",
                  "--dpkgopt=force-unsafe-io", '--aptopt=Acquire::Languages "none"', *excluded, packages.RELEASE, part / "root", apt.list)

    name = f"tree-{cache.digest(packages.RELEASE, *wanted, *LEFT_OUT)}"
    return cache.entry(name, " ".join(("the guests' Debian tree, of packages", *(["with", *more] if more else []))), make) / "root"


def disk(more=()):
    """The file with the root file system, with these packages, too."""
    def make(part):
        root = part / "root"
        cache.run("cp", "-a", "--reflink=auto", tree(more), root)
        furnish(root)
        label(root)
        image = part / "root.ext4"
        with open(image, "wb") as file:
            file.truncate(8 << 30)
        cache.run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1", "-d", root, image)
        shutil.rmtree(root)

    parts = (packages.RELEASE, *PACKAGES, *more, *LEFT_OUT, FILES, *MASKED, pathlib.Path(__file__))
    return cache.entry(f"disk-{cache.digest(*parts)}", "the guests' disk", make) / "root.ext4"


def furnish(root):
    """Our own files, an ordinary user, and nothing at boot that no test needs."""
    shutil.copytree(FILES, root, dirs_exist_ok=True, symlinks=True)
    (root / "usr/lib/modules").mkdir(exist_ok=True)  # the kernel's disk is mounted there
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
