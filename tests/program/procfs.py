"""What stands at /proc: masked by an outer container, made up by an image, covered by a mount; labels and sysctls get to the kernel all the same,
or it is said why not."""

import json

from harness import RUNTIME, RuntimeTest, ours_only

FORWARD = "/proc/sys/net/ipv4/ip_forward"


def in_outer(script, command, user_namespace=False):
    """The words for a command whose host is what the script has made of a mount namespace of its own."""
    # Mounts of a more privileged namespace are locked to a less privileged one. man: mount_namespaces(7)
    inner = ["unshare", "--mount", "--user", "--map-root-user", "--"] if user_namespace else []
    return ["unshare", "--mount", "--", "/bin/sh", "-euc", f'{script}\nexec "$@"', "outer", *inner, *command]


READ_ONLY_SYS = "mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys; mount --bind /dev/null /proc/version"
PROCESSES_ALONE = "mount -t proc -o subset=pid proc /proc; ! test -e /proc/sys"
COVERED_SYS = "mount -t tmpfs tmpfs /proc/sys; mkdir -p /proc/sys/net/ipv4; echo 0 >/proc/sys/net/ipv4/ip_forward"


class Outer(RuntimeTest):
    """The runtime in a container of somebody else's."""

    def run_in(self, script, config, user_namespace=False):
        self.last = self.bundle(config)
        command = [RUNTIME, "--root", self.root, "run", "--bundle", self.last, self.new_id()]
        return self.call(*in_outer(script, command, user_namespace))

    def forwarding(self):
        config = self.config("/bin/cat", FORWARD)
        config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
        return config

    def test_sysctls_are_set_where_proc_sys_is_masked(self):
        for script in (READ_ONLY_SYS, PROCESSES_ALONE, COVERED_SYS):
            with self.subTest(script):
                done = self.run_in(script, self.forwarding())
                self.assertEqual((done.code, done.out), (0, "1\n"), done)

    def test_what_covers_proc_sys_is_not_written_to(self):
        # cve: 2025-52881
        script = f"{COVERED_SYS}\n\"$@\"; exec cat {FORWARD}"
        self.assertEqual(self.run_in(script, self.forwarding()).out, "1\n0\n")

    def test_the_rest_works_there_too(self):
        for script in (READ_ONLY_SYS, PROCESSES_ALONE, COVERED_SYS):
            with self.subTest(script):
                done = self.run_in(script, self.config("/probe", oomScoreAdj=321, rlimits=[{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 99}]))
                self.assertEqual(done.code, 0, done)
                self.assertEqual(done.json["oom_score_adj"].strip(), "321")

    @ours_only
    def test_in_a_user_namespace_a_sysctl_that_is_out_of_reach_is_named(self):
        config = self.forwarding()
        del config["linux"]["cgroupsPath"]
        config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] == "/dev"]
        done = self.run_in(READ_ONLY_SYS, config, user_namespace=True)
        self.one_line(done, 'linux.sysctl["net.ipv4.ip_forward"]: /proc/sys/net/ipv4/ip_forward: something is mounted over it, and a procfs of our own is refused')

    @ours_only
    def test_in_a_user_namespace_a_new_procfs_is_refused_with_the_reason(self):
        config = self.config("/bin/true")
        del config["linux"]["cgroupsPath"]
        done = self.run_in(READ_ONLY_SYS, config, user_namespace=True)
        self.one_line(done, 'mounts[0]: mount proc on "/proc"', "not itself masked")

    def test_in_a_user_namespace_the_masked_procfs_itself_can_be_had(self):
        config = self.config("/bin/sh", "-c", "test -c /proc/version && readlink /proc/self")
        del config["linux"]["cgroupsPath"]
        config["linux"]["namespaces"] = [space for space in config["linux"]["namespaces"] if space["type"] != "pid"]
        config["mounts"][0] = {"destination": "/proc", "source": "/proc", "options": ["rbind"]}
        done = self.run_in(READ_ONLY_SYS, config, user_namespace=True)
        self.assertEqual(done.code, 0, done)
        self.assertTrue(int(done.out) > 0, done)

    @ours_only
    def test_a_proc_that_is_no_procfs_is_refused(self):
        done = self.run_in("mount -t tmpfs tmpfs /proc; mkdir -p /proc/self/attr /proc/self/fd", self.config("/bin/true"))
        self.one_line(done, "/proc: is not a proc file system")


class Images(RuntimeTest):
    """What an image or a volume has in the place of procfs is not taken for it."""

    def without_proc(self, config):
        config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] != "/proc"]
        return config

    def test_sysctls_are_the_kernel_s_whatever_the_image_has_at_proc(self):
        # cve: 2019-16884, 2025-52881
        config = self.without_proc(self.config("/bin/cat", "/seen/sys/net/ipv4/ip_forward", FORWARD))
        config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
        config["mounts"].append({"destination": "/seen", "type": "proc", "source": "proc"})
        for way in ("folder", "link", "tmpfs"):
            with self.subTest(way):
                folder = self.bundle(config)
                place = folder / "rootfs" / ("fake" if way == "link" else "proc") / "sys/net/ipv4"
                place.mkdir(parents=True)
                (place / "ip_forward").write_text("untouched\n")
                if way == "link":
                    (folder / "rootfs/proc").rmdir()
                    (folder / "rootfs/proc").symlink_to("fake")
                if way == "tmpfs":
                    changed = json.loads((folder / "config.json").read_text())
                    changed["mounts"].append({"destination": "/proc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]})
                    (folder / "config.json").write_text(json.dumps(changed))
                done = self.runtime("run", "--bundle", folder, self.new_id())
                self.assertEqual((done.code, done.out), (0, "1\nuntouched\n"), done)

    @ours_only
    def test_nothing_is_mounted_over_what_labels_and_sysctls_are_written_to(self):
        # cve: 2019-16884, 2023-27561, 2025-52881
        for place in ("/proc/self", "/proc/self/attr", "/proc/self/attr/exec", "/proc/thread-self/attr/apparmor/exec", "/proc/1/attr/exec",
                      "/proc/sys", "/proc/sys/kernel/core_pattern", "/proc/../proc/self", "//proc/./sysrq-trigger"):
            for kind in ({"source": "/tmp", "options": ["bind"]}, {"type": "tmpfs", "source": "tmpfs"}):
                with self.subTest(f"{place} {kind}"):
                    config = self.config("/bin/true")
                    config["mounts"].append({"destination": place, **kind})
                    self.one_line(self.run_config(config), "mounts[3]", "inside /proc")

    @ours_only
    def test_nothing_but_a_procfs_is_bound_on_proc(self):
        config = self.without_proc(self.config("/bin/true"))
        (self.folder / "fake").mkdir()
        config["mounts"].append({"destination": "/proc", "source": str(self.folder / "fake"), "options": ["bind"]})
        self.one_line(self.run_config(config), "only a procfs may be mounted on /proc")

    @ours_only
    def test_a_volume_that_another_container_changes_does_not_lead_a_mount_into_proc(self):
        # cve: 2025-52881: the link may come at any moment, so it is looked at when the place is open.
        config = self.config("/bin/true")
        config["mounts"] += [
            {"destination": "/volume", "source": str(self.folder / "volume"), "options": ["bind"]},
            {"destination": "/volume/attr", "type": "tmpfs", "source": "tmpfs"},
        ]
        (self.folder / "volume").mkdir()
        for target in ("/proc/self/attr", "../proc/self/attr", "/proc/sys"):
            with self.subTest(target):
                (self.folder / "volume/attr").unlink(missing_ok=True)
                (self.folder / "volume/attr").symlink_to(target)
                self.one_line(self.run_config(config), 'mounts[4]: mount tmpfs on "/volume/attr"')
