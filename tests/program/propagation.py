"""Propagation of mounts between a container and a host whose mounts are shared, as systemd makes them."""

import json
import os

from harness import RUNTIME, RuntimeTest

COVERED = "/proc/keys"  # by a copy of the host's /dev/null
TO_USER = [{"containerID": 0, "hostID": 100000, "size": 65536}]


class Propagation(RuntimeTest):
    def full_config(self, *args):
        """A configuration with a mount of every kind."""
        config = self.config(*args)
        folder = self.folder / "source"
        folder.mkdir(exist_ok=True)
        (folder / "file").write_text("")
        config["mounts"] += [
            {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "ro"]},
            {"destination": "/mnt/folder", "type": "bind", "source": str(folder), "options": ["bind"]},
            {"destination": "/mnt/file", "type": "bind", "source": str(folder / "file"), "options": ["bind", "ro"]},
            {"destination": "/mnt/tmpfs", "type": "tmpfs", "source": "tmpfs"},
        ]
        config["linux"]["devices"] = [{"path": "/dev/more", "type": "c", "major": 1, "minor": 5}]
        config["linux"]["maskedPaths"] = [COVERED, "/proc/timer_list", "/proc/irq"]
        config["linux"]["readonlyPaths"] = ["/proc/sys", "/proc/bus"]
        return config

    def in_user_namespace(self, config):
        config["linux"]["namespaces"].append({"type": "user"})
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = TO_USER
        config["linux"]["devices"] = []
        return config

    def owned_by_user(self, bundle):
        for folder, folders, files in os.walk(bundle / "rootfs"):
            for name in (".", *folders, *files):
                os.lchown(os.path.join(folder, name), 100000, 100000)
        return bundle

    def on_a_host_of_its_own(self, script, run):
        """The script with this command, where all mounts are shared, but not with this machine."""
        return self.call("unshare", "--mount", "sh", "-c", f"mount --make-rshared / && {script}", "sh", *run)

    def on_shared_mounts(self, config, then="true"):
        """What a run, and a command on the host after it, print."""
        bundle = self.bundle(config)
        if "uidMappings" in config["linux"]:
            self.owned_by_user(bundle)
        run = [RUNTIME, "--root", self.root, "run", "--bundle", bundle, self.new_id()]
        done = self.on_a_host_of_its_own(f'"$@" && {then}', run)
        self.assertEqual(done.code, 0, done)
        return done.out

    def shared(self, config):
        """Where the container has mounts that are shared with others."""
        lines = self.on_shared_mounts(config).splitlines()
        self.assertGreater(len(lines), 10)
        return [line.split()[4] for line in lines if " shared:" in line]

    def test_nothing_of_a_container_is_shared_with_the_host(self):
        self.assertEqual(self.shared(self.full_config("/bin/cat", "/proc/self/mountinfo")), [])

    def test_nor_where_it_has_a_user_namespace_and_the_hosts_devices(self):
        self.assertEqual(self.shared(self.in_user_namespace(self.full_config("/bin/cat", "/proc/self/mountinfo"))), [])

    def test_nor_is_its_terminal(self):
        config = self.full_config("/bin/cat", "/proc/self/mountinfo")
        config["process"]["terminal"] = True
        self.assertEqual(self.shared(config), [])

    def test_what_covers_a_masked_path_is_not_shared_where_the_root_is_to_be(self):
        config = self.full_config("/bin/cat", "/proc/self/mountinfo")
        config["linux"]["rootfsPropagation"] = "shared"
        shared = self.shared(config)
        self.assertIn("/", shared)
        self.assertNotIn(COVERED, shared)

    def rights(self, config):
        """Those to mount; where there is a user namespace they are worth little on the host."""
        config["process"]["capabilities"] = {name: ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"] for name in ("bounding", "effective", "permitted")}
        return config

    def in_a_container_of(self, script, *mounts):
        """What a script prints in a container with a user namespace, to which /vol of a host with these mounts is bound."""
        volume = self.folder / "vol"
        for folder in (volume, volume / "hide", volume / "still"):
            folder.mkdir(exist_ok=True)
        (volume / "hide/secret").write_text("SECRET\n")
        config = self.rights(self.in_user_namespace(self.config("/bin/sh", "-c", script)))
        config["mounts"].append({"destination": "/vol", "type": "bind", "source": str(volume), "options": ["rbind"]})
        run = [RUNTIME, "--root", self.root, "run", "--bundle", self.owned_by_user(self.bundle(config)), self.new_id()]
        done = self.call("unshare", "--mount", "sh", "-c", " && ".join([*mounts, '"$@"']), "sh", *run, cwd=volume)
        self.assertEqual(done.code, 0, done)
        return done.out

    def test_what_the_host_has_covered_stays_covered_in_a_user_namespace(self):
        seen = self.in_a_container_of("umount /vol/hide; cat /vol/hide/secret; echo end", "mount -t tmpfs tmpfs hide")
        self.assertEqual(seen, "end\n")

    def test_what_the_host_has_read_only_stays_so_in_a_user_namespace(self):
        seen = self.in_a_container_of("mount -o remount,bind,rw /vol/still; touch /vol/still/new; ls /vol/still; echo end",
                                      "mount -t tmpfs -o mode=777 tmpfs still", "mount -o remount,bind,ro still")
        self.assertEqual(seen, "end\n")

    def on_a_shared_mount(self, config, *flags, root="rootfs", then):
        """What a command on the host prints after a run, whose bundle is on a shared mount of its own."""
        bundle, place, name = self.bundle(config), self.folder / "own", self.new_id()
        place.mkdir()
        (self.folder / "link").symlink_to(place / "bundle")
        script = f'mount -t tmpfs tmpfs {place} && cp -a {bundle} {place}/bundle && "$@" && {then}'
        config["root"]["path"] = root if root == "rootfs" else str(self.folder / root)
        (bundle / "config.json").write_text(json.dumps(config))
        run = [RUNTIME, "--root", self.root, "run", *flags, "--bundle", place / "bundle", name]
        done = self.on_a_host_of_its_own(script, run)
        self.assertEqual(done.code, 0, done)
        return done.out

    def shared_root(self):
        config = self.full_config("/bin/true")
        config["linux"]["rootfsPropagation"] = "shared"
        return config

    def test_without_pivot_root_the_hosts_own_file_systems_stay(self):
        seen = self.on_a_shared_mount(self.shared_root(), "--no-pivot", then="cat /proc/self/comm && ls /sys")
        self.assertIn("cat\n", seen)
        self.assertIn("fs\n", seen)

    def test_nothing_is_left_on_the_host_by_a_root_whose_path_has_a_link(self):
        self.assertEqual(self.on_a_shared_mount(self.shared_root(), root="link/rootfs", then="grep -c link/rootfs /proc/self/mountinfo || true"), "0\n")

    def test_a_mount_in_a_container_does_not_come_to_the_host(self):
        for change in (lambda config: config, self.in_user_namespace):
            for place in ("/dev/null", COVERED):
                config = self.rights(change(self.full_config("/bin/mount", "--bind", "/etc/passwd", place)))
                with self.subTest(place, user=change == self.in_user_namespace):
                    self.assertEqual(self.on_shared_mounts(config, "grep passwd /proc/self/mountinfo || true"), "")
