"""AppArmor enforcing: the profile of a container's process, of what exec adds, and what is said when it cannot be."""

import json
import pathlib
import subprocess

GUESTS = ("v2", "oldest", "newest")
QUICK = ("v2",)

from harness import RUNTIME, RuntimeTest  # noqa: E402

# A container may do everything here but read one file.
ALL = "file, capability, mount, umount, pivot_root, signal, ptrace, network, unix, change_profile,"
# Everything but to leave for another profile.
CAPTIVE = ALL.replace(" change_profile,", "")
# What a system container (LXC, Incus, Proxmox) that may have containers of its own is confined to, in the main.
OUTER = f"""{ALL}
    deny /sys/[^fdc]*{{,/**}} wklx,
    deny /sys/fs/[^c]*{{,/**}} wklx,
    deny /proc/sys/[^kn]*{{,/**}} wklx,
    deny /proc/bus/** wklx,
    deny /proc/kcore rwklx,
    deny /proc/sysrq-trigger rwklx,
"""
CURRENT = "/proc/self/attr/apparmor/current"


class AppArmorTest(RuntimeTest):
    def setUp(self):
        super().setUp()
        self.name = f"coracle-{self.mark}"
        self.loaded = []
        self.addCleanup(self.unload)
        self.load(self.name, f"{ALL} deny /etc/secret r,")

    def load(self, name, rules, flags="attach_disconnected,mediate_deleted"):
        text = f"profile {name} flags=({flags}) {{ {rules} }}\n"
        subprocess.run(["apparmor_parser", "--replace", "--skip-cache"], input=text, text=True, check=True)
        self.loaded.append(text)
        return name

    def unload(self):
        for text in self.loaded:
            subprocess.run(["apparmor_parser", "--remove"], input=text, text=True, check=True)

    def bundle(self, config=None):
        folder = super().bundle(config)
        (folder / "rootfs/etc/secret").write_text("secret\n")
        return folder

    def confined(self, *args, profile=None, **process):
        return self.config(*args, apparmorProfile=self.name if profile is None else profile, **process)

    def label(self, pid):
        return pathlib.Path(f"/proc/{pid}/attr/apparmor/current").read_text().strip()


class Profile(AppArmorTest):
    """spec: config.md#linux-process, apparmorProfile"""

    def test_the_process_runs_under_its_profile(self):
        self.assertEqual(self.output(self.confined("/bin/cat", CURRENT)), f"{self.name} (enforce)\n")

    def test_what_the_profile_denies_is_denied_and_nothing_else(self):
        done = self.run_config(self.confined("/bin/cat", "/etc/secret"))
        self.assertNotEqual(done.code, 0)
        self.assertIn("Permission denied", done.err)
        self.assertEqual(self.output(self.confined("/bin/cat", "/etc/passwd")).splitlines()[0], "root:x:0:0:root:/root:/bin/sh")
        self.assertEqual(self.output(self.config("/bin/cat", "/etc/secret")), "secret\n")

    def test_init_is_confined_from_execve_on(self):
        name = self.create(self.confined("/probe", "wait"))
        pid = self.state(name)["pid"]
        self.assertEqual(self.label(pid), "unconfined")
        self.runtime_ok("start", name)
        self.assertEqual(self.label(pid), f"{self.name} (enforce)")

    def test_a_profile_that_only_complains_denies_nothing(self):
        self.load(f"{self.name}-mild", "deny /nothing r,", flags="complain,attach_disconnected,mediate_deleted")
        script = f"cat {CURRENT} /etc/secret"
        seen = self.output(self.confined("/bin/sh", "-c", script, profile=f"{self.name}-mild"))
        self.assertRegex(seen, rf"^{self.name}-mild\S* \(complain\)\nsecret\n$")

    def test_without_a_profile_and_with_unconfined_nothing_is_denied(self):
        for profile in ("", "unconfined"):
            with self.subTest(profile):
                self.assertEqual(self.output(self.confined("/bin/sh", "-c", f"cat {CURRENT} /etc/secret", profile=profile)), "unconfined\nsecret\n")

    def test_no_new_privileges_and_a_user_without_rights_do_not_keep_it_off(self):
        config = self.confined("/bin/cat", CURRENT, noNewPrivileges=True, user={"uid": 1000, "gid": 1000}, capabilities={})
        self.assertEqual(self.output(config), f"{self.name} (enforce)\n")

    def test_it_holds_in_a_user_namespace(self):
        config = self.confined("/bin/sh", "-c", f"cat {CURRENT}; cat /etc/secret")
        config["linux"]["namespaces"].append({"type": "user"})
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 200000, "size": 65536}]
        done = self.run_config(config)
        self.assertEqual(done.out, f"{self.name} (enforce)\n")
        self.assertIn("'/etc/secret': Permission denied", done.err)

    def test_a_procfs_of_the_image_takes_no_label(self):
        # cve: 2019-16884: a folder of the image with such a file in the place of procfs.
        config = self.confined("/bin/cat", "/proc/self/attr/apparmor/exec", "/etc/secret")
        config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] != "/proc"]
        folder = self.bundle(config)
        place = folder / "rootfs/proc/self/attr/apparmor"
        place.mkdir(parents=True)
        for file in (place / "exec", place.parent / "exec"):
            file.write_text("untouched")
        done = self.runtime("run", "--bundle", folder, self.new_id())
        self.assertEqual(done.out, "untouched")
        self.assertIn("'/etc/secret': Permission denied", done.err)


class Refusal(AppArmorTest):
    def test_a_profile_that_is_not_loaded_is_named_before_the_container_starts(self):
        folder = self.bundle(self.confined("/bin/true", profile="not-there"))
        said = 'process.apparmorProfile: AppArmor has no profile "not-there" loaded'
        for command in ("create", "run"):
            self.refused(command, "--bundle", folder, self.new_id(), says=said)
        self.assertEqual(list(self.root.iterdir()), [])
        name = self.running()
        self.refused("exec", "--apparmor", "not-there", name, "/bin/true", says=said)
        self.assertEqual(self.status(name), "running")

    def test_a_name_that_no_profile_can_have_is_refused(self):
        # Of some of these the kernel makes "unconfined".
        for profile in ("a b", ":", "::", "&", "x" * 5000):
            with self.subTest(profile):
                self.one_line(self.run_config(self.confined("/bin/true", profile=profile)), "process.apparmorProfile")

    def test_a_runtime_that_may_not_change_its_profile_says_so(self):
        captive = self.load(f"{self.name}-captive", CAPTIVE)
        folder = self.bundle(self.confined("/bin/true"))
        done = self.call("aa-exec", "-p", captive, "--", RUNTIME, "--root", self.root, "run", "--bundle", folder, self.new_id())
        self.one_line(done, f'process.apparmorProfile: what confines the runtime forbids the change to "{self.name}"')

    def test_a_confined_runtime_that_may_change_its_profile_does(self):
        free = self.load(f"{self.name}-free", ALL)
        folder = self.bundle(self.confined("/bin/cat", CURRENT))
        done = self.call("aa-exec", "-p", free, "--", RUNTIME, "--root", self.root, "run", "--bundle", folder, self.new_id())
        self.assertEqual((done.code, done.out), (0, f"{self.name} (enforce)\n"), done)

    def test_no_new_privileges_keeps_a_confined_runtime_from_giving_more_rights(self):
        # man: apparmor(7): with no_new_privs a profile may only be left for one that allows less.
        free = self.load(f"{self.name}-free", ALL)
        folder = self.bundle(self.confined("/bin/cat", CURRENT, noNewPrivileges=True))
        name = self.new_id()
        done = self.call("aa-exec", "-p", free, "--", RUNTIME, "--root", self.root, "run", "--bundle", folder, name)
        self.one_line(done, "process.apparmorProfile", "no_new_privs")


class Outer(AppArmorTest):
    """Below an outer container's profile. compat: runc#4968: what is opened below a mount that is nowhere has a name like one of /sys"""

    def setUp(self):
        super().setUp()
        self.outer = self.load(f"{self.name}-outer", OUTER)

    def run_below(self, config):
        done = self.call("aa-exec", "-p", self.outer, "--", RUNTIME, "--root", self.root, "run", "--bundle", self.bundle(config), self.new_id())
        self.assertEqual(done.code, 0, done)
        return done.out

    def test_sysctls_are_written(self):
        config = self.config("/bin/cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start", "/proc/sys/kernel/shmmni")
        config["linux"]["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "7", "kernel.shmmni": "77"}
        self.assertEqual(self.run_below(config), "7\n77\n")

    def test_every_usual_part_of_a_container_is_made(self):
        config = self.config("/probe")
        config["linux"]["namespaces"] += [{"type": "user"}, {"type": "cgroup"}]
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 200000, "size": 65536}]
        config["linux"]["maskedPaths"] = ["/proc/kcore", "/proc/keys"]
        config["linux"]["readonlyPaths"] = ["/proc/sys"]
        config["linux"]["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "7"}
        config["linux"]["resources"] = {"memory": {"limit": 64 << 20}, "pids": {"limit": 33}}
        config["mounts"] += [
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "ro"]},
            {"destination": "/etc/group", "source": "/etc/group", "options": ["bind", "ro"]},
        ]
        config["process"]["oomScoreAdj"] = 100
        self.assertIn('"namespaces"', self.run_below(config))

    def test_a_profile_of_the_containers_own_is_taken(self):
        self.assertEqual(self.run_below(self.confined("/bin/cat", CURRENT)), f"{self.name} (enforce)\n")

    def test_exec_works(self):
        name = self.running()
        done = self.call("aa-exec", "-p", self.outer, "--", RUNTIME, "--root", self.root, "exec", name, "/bin/cat", CURRENT)
        self.assertEqual((done.code, done.out), (0, f"{self.outer} (enforce)\n"), done)


class Exec(AppArmorTest):
    def setUp(self):
        super().setUp()
        self.other = self.load(f"{self.name}-other", ALL)

    def of_exec(self, name, *flags):
        return self.runtime_ok("exec", *flags, name, "/bin/cat", CURRENT).out

    def test_it_has_the_profile_of_the_container(self):
        name = self.running(self.confined("/probe", "wait"))
        self.assertEqual(self.of_exec(name), f"{self.name} (enforce)\n")
        done = self.runtime("exec", name, "/bin/cat", "/etc/secret")
        self.assertIn("Permission denied", done.err)

    def test_or_the_one_that_is_asked_for(self):
        name = self.running(self.confined("/probe", "wait"))
        self.assertEqual(self.of_exec(name, "--apparmor", self.other), f"{self.other} (enforce)\n")
        self.assertEqual(self.of_exec(name, "--apparmor", "unconfined"), "unconfined\n")
        self.assertEqual(self.of_exec(self.running(), "--apparmor", self.other), f"{self.other} (enforce)\n")

    def test_or_that_of_its_document(self):
        name = self.running(self.confined("/probe", "wait"))
        document = self.folder / "process.json"
        for profile, seen in ((self.other, f"{self.other} (enforce)\n"), ("", "unconfined\n")):
            document.write_text(json.dumps({"args": ["/bin/cat", CURRENT], "cwd": "/", "user": {"uid": 0, "gid": 0}, "apparmorProfile": profile}))
            self.assertEqual(self.runtime_ok("exec", "--process", document, name).out, seen)


class Ordinary(AppArmorTest):
    """An ordinary user's containers."""

    def test_a_profile_is_given_without_root(self):
        config = self.confined("/bin/sh", "-c", f"cat {CURRENT}; cat /etc/secret")
        config["linux"]["namespaces"] += [{"type": "user"}]
        config["linux"]["uidMappings"] = [{"containerID": 0, "hostID": 1000, "size": 1}]
        config["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 1000, "size": 1}]
        del config["linux"]["cgroupsPath"]
        folder = self.bundle(config)
        subprocess.run(["chown", "-R", "1000:1000", self.folder], check=True)
        root = self.folder / "user-state"
        done = self.call("as-user", RUNTIME, "--root", root, "run", "--bundle", folder, self.new_id())
        self.assertEqual(done.out, f"{self.name} (enforce)\n", done)
        self.assertIn("'/etc/secret': Permission denied", done.err)
