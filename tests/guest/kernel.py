"""Kernels of Debian's suites, each with an initramfs and a disk with its modules; the guests' root file system is another's."""

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
INITRAMFS = HERE / "initramfs"
# Modules of a kernel that a guest keeps, below kernel/.
MODULES = (
    "arch block crypto fs lib mm net security virt drivers/block drivers/char drivers/md drivers/virtio drivers/net/dummy drivers/net/tun "
    "drivers/net/tap drivers/net/veth drivers/net/macvlan drivers/net/ipvlan drivers/net/vxlan drivers/net/bonding drivers/net/net_failover "
    "drivers/net/virtio_net drivers/infiniband"
).split()
BOOT_MODULES = ("virtio_pci", "virtio_blk", "ext4")  # what the initramfs needs to reach the disks


def unpacked(name):
    """What is kept of the packages of the newest kernel of its suite: vmlinuz, and modules below modules/VERSION."""
    suite = KERNELS[name]

    def make(part):
        work = part / "packages"
        work.mkdir()
        apt = packages.Apt(suite)
        apt.update()
        apt.unpack(apt.kernel(), work)
        modules = next(path for path in (work / "usr/lib/modules", work / "lib/modules") if path.exists())
        version = next(modules.iterdir()).name
        keep_modules(modules / version, part / "modules" / version)
        shutil.copy(next(path for path in [*work.glob("boot/vmlinuz-*"), modules / version / "vmlinuz"] if path.exists()), part / "vmlinuz")
        shutil.rmtree(work)

    return cache.entry(f"packages-{name}-{cache.digest(suite, *MODULES)}", f"kernel {name} of {suite}", make)


class Kernel:
    """A kernel, an initramfs and a disk with the modules."""

    def __init__(self, name):
        def make(part):
            source = unpacked(name)
            version = next((source / "modules").iterdir()).name
            modules = part / "lib/modules"
            shutil.copytree(source / "modules", modules)
            cache.run("depmod", "-b", part, version)
            label(modules)
            shutil.copy(source / "vmlinuz", part)
            make_initramfs(part, version, part / "initramfs")
            image = part / "modules.ext4"
            with open(image, "wb") as file:
                file.truncate(512 << 20)
            cache.run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-d", modules, image)
            shutil.rmtree(part / "lib")

        parts = (KERNELS[name], *MODULES, *BOOT_MODULES, INITRAMFS, pathlib.Path(__file__))
        self.folder = cache.entry(f"kernel-{name}-{cache.digest(*parts)}", f"the disk of kernel {name}", make)
        self.image, self.initramfs, self.modules = (self.folder / file for file in ("vmlinuz", "initramfs", "modules.ext4"))


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


def label(folder):
    """As Debian's policy has it: under SELinux no program loads modules without a label. Elsewhere it does no harm."""
    for path in (folder, *folder.rglob("*")):
        os.setxattr(path, "security.selinux", b"system_u:object_r:modules_object_t:s0\0", follow_symlinks=False)


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
