"""The guests: a kernel, an init and a security module each; they share one Debian tree."""

import dataclasses

# Words of a kernel's command line that every guest has. Emulation is slow: what only hardens, or only saves time on real
# processors, is off, and grace periods of RCU, which each unmount and each removed cgroup waits for, are short.
COMMON = ("console=ttyS0 quiet panic=-1 psi=1 mitigations=off init_on_alloc=0 nokaslr no_timer_check rcupdate.rcu_expedited=1 "
          "random.trust_cpu=on")
V2 = "cgroup_no_v1=all"
LSM = {
    "apparmor": "security=apparmor apparmor=1",
    "selinux": "security=selinux selinux=1 enforcing=1",
}
INIT = {
    "plain": "guest.init=/usr/local/lib/guest/init",
    "systemd": "systemd.show_status=0 systemd.firstboot=off",
}
# What a kernel is called here, and the suite of Debian whose newest it is.
KERNELS = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "bookworm-backports", "7": "trixie-backports"}


@dataclasses.dataclass(frozen=True)
class Guest:
    name: str
    about: str
    kernel: str = "6.12"
    init: str = "plain"
    lsm: str = "apparmor"
    cgroups: str = V2
    packages: tuple = ()  # of Debian, beside those of every guest
    memory: int = 2048  # MiB
    processors: int = 2

    @property
    def arguments(self):
        return f"{COMMON} {self.cgroups} {LSM[self.lsm]} {INIT[self.init]}"


GUESTS = {guest.name: guest for guest in (
    Guest("v2", "pure cgroup v2 with every controller, a plain init, AppArmor"),
    Guest("systemd", "systemd as PID 1, D-Bus, logind and a user manager to which every controller is delegated", init="systemd"),
    Guest("systemd-hybrid", "systemd with cgroup v1 hierarchies (of a kernel that still has all of them)", kernel="6.1", init="systemd",
          cgroups="systemd.unified_cgroup_hierarchy=0"),
    Guest("selinux", "SELinux, enforcing, with a policy for containers", lsm="selinux"),
    Guest("oldest", "the oldest kernel of Debian that is supported", kernel="6.1"),
    Guest("newest", "the newest kernel of Debian", kernel="7"),
    Guest("callers", "as systemd, with Docker, containerd, podman and buildah", init="systemd",
          packages=("docker.io", "containerd", "podman", "buildah")),
    Guest("criu", "systemd, CRIU, and a kernel of its time", kernel="6.1", init="systemd", packages=("criu",)),
    Guest("refused", "a kernel that is too old", kernel="5.10"),
)}
