"""Root and mounts: options, propagation, devices, masked and read-only paths."""

from harness import RuntimeTest, ours_only


def row(mounts, destination):
    """The fields of the last mount at a destination, in mountinfo's words."""
    for line in reversed(mounts):
        if line.split()[4] == destination:
            left, right = line.split(" - ")
            return {"root": left.split()[3], "options": left.split()[5].split(","), "tags": left.split()[6:],
                    "type": right.split()[0], "source": right.split()[1], "super": right.split()[2].split(",")}
    raise AssertionError(f"no mount at {destination}")


class Mounts(RuntimeTest):
    def mounted(self, *mounts, args=()):
        config = self.config(*args)
        config["mounts"] += mounts
        return config

    def source(self, name="source"):
        folder = self.folder / name
        folder.mkdir()
        (folder / "file").write_text("from outside\n")
        return folder

    def bind(self, source, destination, *options):
        return {"destination": destination, "type": "bind", "source": str(source), "options": ["bind", *options]}

    def test_a_folder_is_bound(self):
        config = self.mounted(self.bind(self.source(), "/a/new/place"), args=("/bin/cat", "/a/new/place/file"))
        self.assertEqual(self.output(config), "from outside\n")

    def test_a_file_is_bound(self):
        config = self.mounted(self.bind(self.source() / "file", "/etc/bound"), args=("/bin/cat", "/etc/bound"))
        self.assertEqual(self.output(config), "from outside\n")

    def test_a_read_only_bind_cannot_be_written(self):
        config = self.mounted(self.bind(self.source(), "/mnt", "ro"), args=("/probe", "write", "/mnt/file", "x"))
        done = self.run_config(config)
        self.assertEqual(done.err.strip(), "probe: /mnt/file: EROFS")

    def test_each_option_word_reaches_the_mount(self):
        for words in (["nosuid", "nodev", "noexec"], ["noatime"], ["ro", "nodiratime"], ["strictatime"], ["relatime"]):
            with self.subTest(words):
                found = row(self.see(self.mounted({"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": words}))["mounts"], "/t")
                for word in set(words) - {"strictatime"}:
                    self.assertIn(word, found["options"])

    def test_data_options_reach_the_file_system(self):
        config = self.mounted({"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["size=4m", "mode=701"]}, args=("/bin/stat", "-c", "%a", "/t"))
        self.assertEqual(self.output(config), "701\n")
        found = row(self.see(self.mounted({"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["size=4m"]}))["mounts"], "/t")
        self.assertIn("size=4096k", found["super"])

    def test_tmpcopyup_keeps_what_lay_below(self):
        config = self.mounted({"destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}, args=("/bin/cat", "/etc/group"))
        self.assertIn("root:x:0:", self.output(config))

    def test_a_shared_mount_says_so(self):
        found = row(self.see(self.mounted(self.bind(self.source(), "/mnt", "shared")))["mounts"], "/mnt")
        self.assertTrue(any(tag.startswith("shared:") for tag in found["tags"]), found)

    def test_a_private_mount_of_the_container_does_not_reach_the_host(self):
        folder = self.source()
        config = self.mounted(self.bind(folder, "/mnt", "rbind", "private"),
                              args=("/bin/mount", "-t", "tmpfs", "tmpfs", "/mnt"), )
        config["process"]["capabilities"] = {kind: ["CAP_SYS_ADMIN"] for kind in ("bounding", "permitted", "effective")}
        self.assertEqual(self.output(config), "")
        self.assertTrue((folder / "file").exists())

    @ours_only
    def test_a_recursive_read_only_bind_reaches_what_is_mounted_below(self):
        config = self.mounted(
            {"destination": "/t", "type": "tmpfs", "source": "tmpfs"},
            self.bind("/proc", "/all", "rbind", "rro"),
        )
        self.assertIn("ro", row(self.see(config)["mounts"], "/all")["options"])

    def test_a_read_only_root(self):
        config = self.config("/probe", "write", "/tmp/x", "x")
        config["root"]["readonly"] = True
        self.assertEqual(self.run_config(config).err.strip(), "probe: /tmp/x: EROFS")

    def test_the_hosts_mounts_are_not_to_be_seen(self):
        mounts = self.see()["mounts"]
        self.assertLessEqual(len([line for line in mounts if not line.split()[4].startswith(("/proc", "/dev"))]), 1, mounts)

    def test_masked_paths_are_empty(self):
        config = self.config("/bin/sh", "-c", "cat /etc/passwd; ls /root")
        config["linux"]["maskedPaths"] = ["/etc/passwd", "/root", "/not/there"]
        bundle = self.bundle(config)
        (bundle / "rootfs/root/secret").touch()
        self.assertEqual(self.runtime_ok("run", "--bundle", bundle, self.new_id()).out, "")

    def test_read_only_paths_can_be_read_and_not_written(self):
        config = self.config("/bin/sh", "-c", "cat /etc/group; /probe write /etc/group x")
        config["linux"]["readonlyPaths"] = ["/etc", "/not/there"]
        done = self.run_config(config)
        self.assertIn("root:x:0:", done.out)
        self.assertEqual(done.err.strip(), "probe: /etc/group: EROFS")

    def test_the_default_devices_and_links_are_there(self):
        seen = self.see()["dev"]
        for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "fd", "stdin", "stdout", "stderr"):
            self.assertIn(name, seen)

    def test_device_nodes_have_their_numbers_mode_and_owner(self):
        config = self.config("/bin/stat", "-c", "%F %t %T %a %u %g", "/dev/here", "/dev/pipe")
        config["linux"]["devices"] = [
            {"path": "/dev/here", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 5, "gid": 6},
            {"path": "/dev/pipe", "type": "p", "fileMode": 0o600},
        ]
        self.assertEqual(self.output(config).splitlines(), ["character special file 1 3 640 5 6", "fifo 0 0 600 0 0"])

    @ours_only
    def test_a_cgroup_mount_shows_only_the_containers_own_group(self):
        config = self.mounted({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid", "noexec", "nodev"]},
                              args=("/bin/sh", "-c", "cat /sys/fs/cgroup/pids/cgroup.procs || cat /sys/fs/cgroup/cgroup.procs"))
        config["mounts"].insert(3, {"destination": "/sys", "type": "tmpfs", "source": "tmpfs"})
        self.assertIn("1", self.output(config).split())

    def test_the_order_of_mounts_is_kept(self):
        first, second = self.source("first"), self.source("second")
        (second / "file").write_text("second\n")
        config = self.mounted(self.bind(first, "/mnt"), self.bind(second, "/mnt"), args=("/bin/cat", "/mnt/file"))
        self.assertEqual(self.output(config), "second\n")


class Escapes(RuntimeTest):
    """What a hostile rootfs tries: everything inside it is reached beneath its root."""

    def attempt(self, prepare, mount, outside):
        """Runs with a mount whose destination leads astray; nothing may appear in the folder outside."""
        config = self.config("/bin/true")
        config["mounts"].append(mount)
        bundle = self.bundle(config)
        prepare(bundle / "rootfs")
        self.runtime("run", "--bundle", bundle, self.new_id())
        self.assertEqual(list(outside.iterdir()), [])

    def test_a_link_in_the_rootfs_does_not_lead_a_mount_point_outside(self):
        outside = self.folder / "outside"
        outside.mkdir()
        for target in (str(outside), "../../outside", f"/proc/1/root{outside}"):
            with self.subTest(target):
                self.attempt(lambda rootfs: (rootfs / "way").symlink_to(target),
                             {"destination": "/way/made", "type": "tmpfs", "source": "tmpfs"}, outside)

    def test_dots_in_a_destination_do_not_lead_outside(self):
        outside = self.folder / "outside"
        outside.mkdir()
        self.attempt(lambda rootfs: None, {"destination": "/../../outside/made", "type": "tmpfs", "source": "tmpfs"}, outside)

    def test_a_link_named_dev_does_not_lead_device_nodes_outside(self):
        # cve: 2026-47766, 2026-41579
        outside = self.folder / "outside"
        outside.mkdir()
        config = self.config("/bin/true")
        config["mounts"] = [mount for mount in config["mounts"] if not mount["destination"].startswith("/dev")]
        bundle = self.bundle(config)
        (bundle / "rootfs/dev").rmdir()
        (bundle / "rootfs/dev").symlink_to(outside)
        self.runtime("run", "--bundle", bundle, self.new_id())
        self.assertEqual(list(outside.iterdir()), [])

    def test_a_working_folder_by_a_descriptor_does_not_lead_outside(self):
        # cve: 2024-21626
        for number in (3, 7, 8, 9):
            with self.subTest(number):
                done = self.run_config(self.config("/bin/ls", cwd=f"/proc/self/fd/{number}"))
                # Refused, or a folder of the container's own, whose root holds the probe.
                self.assertTrue(done.code != 0 or "probe" in done.out.split(), done)
