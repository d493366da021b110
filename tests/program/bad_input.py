"""Bad input to the runtime: one clear error that names the thing, and nothing left of the attempt."""

import json

from harness import DEFAULT_CONFIG, OURS, RuntimeTest, ours_only


class BadInput(RuntimeTest):
    def attempt(self, config, *words):
        """`create` refuses in one line with these words; no state, cgroup, process or mount is left."""
        bundle = self.bundle(config)
        self.refused("create", "--bundle", bundle, self.new_id(), says=words if OURS else ())
        self.assertEqual(self.cgroups(), [])
        self.assertEqual(self.processes(), {})
        if self.root.exists():
            self.assertEqual([path.name for path in self.root.iterdir()], [])

    def changed(self, change):
        config = self.config()
        change(config)
        return config

    def test_a_configuration_cut_short(self):
        self.attempt(json.dumps(self.config())[:200], "config.json")

    def test_a_configuration_that_is_empty(self):
        self.attempt("", "config.json")

    def test_a_configuration_that_is_no_json(self):
        self.attempt("this is no JSON", "config.json")

    def test_a_bundle_without_a_configuration(self):
        bundle = self.bundle()
        (bundle / "config.json").unlink()
        self.refused("create", "--bundle", bundle, self.new_id(), says="config.json")

    def test_a_bundle_that_does_not_exist(self):
        self.refused("create", "--bundle", self.folder / "nowhere", self.new_id(), says="nowhere")

    def test_a_rootfs_that_does_not_exist(self):
        self.attempt(self.changed(lambda config: config["root"].update(path="nowhere")), "nowhere")

    def test_a_rootfs_that_is_a_file(self):
        self.attempt(self.changed(lambda config: config["root"].update(path="config.json")), "config.json")

    @ours_only
    def test_wrong_types_are_told_by_their_path_in_the_document(self):
        for change, path in (
            (lambda config: config["process"].update(args="/probe"), "process.args"),
            (lambda config: config["process"].update(args=["/probe", 1]), "process.args[1]"),
            (lambda config: config["process"].update(cwd=5), "process.cwd"),
            (lambda config: config["process"]["user"].update(uid="root"), "process.user.uid"),
            (lambda config: config["process"]["user"].update(uid=-1), "process.user.uid"),
            (lambda config: config.update(mounts={}), "mounts"),
            (lambda config: config["mounts"][0].update(options="ro"), "mounts[0].options"),
            (lambda config: config["linux"].update(namespaces=[{"type": 3}]), "linux.namespaces[0].type"),
            (lambda config: config["linux"].update(resources={"memory": {"limit": "much"}}), "linux.resources.memory.limit"),
            (lambda config: config.update(hooks={"prestart": [{"path": 1}]}), "hooks.prestart[0].path"),
        ):
            with self.subTest(path):
                self.attempt(self.changed(change), path)

    @ours_only
    def test_values_outside_the_specification_are_named_with_their_place(self):
        for change, words in (
            (lambda config: config["linux"]["namespaces"].append({"type": "weather"}), ("linux.namespaces[5]", "weather")),
            (lambda config: config["linux"]["namespaces"].append({"type": "pid"}), ("linux.namespaces", "pid")),
            (lambda config: config["process"].update(cwd="relative"), ("process.cwd", "relative")),
            (lambda config: config["process"].update(rlimits=[{"type": "RLIMIT_NOSUCH", "soft": 1, "hard": 1}]), ("process.rlimits[0]", "RLIMIT_NOSUCH")),
            (lambda config: config["linux"].update(rootfsPropagation="upwards"), ("linux.rootfsPropagation", "upwards")),
            (lambda config: config.update(ociVersion="invalid"), ("ociVersion", "invalid")),
            (lambda config: config.update(ociVersion="2.0.0"), ("ociVersion", "2.0.0")),
            (lambda config: config["root"].pop("path"), ("root.path",)),
            (lambda config: config.pop("ociVersion"), ("ociVersion",)),
        ):
            with self.subTest(words):
                self.attempt(self.changed(change), *words)

    def test_an_unknown_namespace(self):
        self.attempt(self.changed(lambda config: config["linux"]["namespaces"].append({"type": "weather"})), "weather")

    def test_a_mount_source_that_does_not_exist(self):
        mount = {"destination": "/mnt", "type": "bind", "source": "/no/such/source", "options": ["bind"]}
        self.attempt(self.changed(lambda config: config["mounts"].append(mount)), "/no/such/source")

    def test_a_file_system_that_does_not_exist(self):
        mount = {"destination": "/mnt", "type": "nosuchfs", "source": "none"}
        self.attempt(self.changed(lambda config: config["mounts"].append(mount)), "nosuchfs")

    @ours_only
    def test_a_namespace_path_that_does_not_exist(self):
        self.attempt(self.changed(lambda config: config["linux"]["namespaces"].append({"type": "cgroup", "path": "/no/such/ns"})), "/no/such/ns")

    @ours_only
    def test_arguments_are_needed_to_start_not_to_create(self):
        config = self.config()
        del config["process"]
        name = self.create(config)
        self.refused("start", name, says="process")

    def test_unknown_members_are_ignored(self):
        config = self.config("/bin/true")
        config["org.example"] = {"any": ["thing"]}
        config["linux"]["nosuch"] = 1
        self.assertEqual(self.output(config), "")

    def test_every_version_of_the_specification_is_taken(self):
        for version in ("1.0.0", "1.0.2-dev", "1.1.0", "1.2.1", *(("1.3.0", "1.9.0") if OURS else ())):
            with self.subTest(version):
                config = self.config("/bin/true")
                config["ociVersion"] = version
                self.assertEqual(self.output(config), "")

    @ours_only
    def test_a_configuration_nested_without_end_is_refused(self):
        self.attempt('{"a":' * 100000, "config.json")

    def test_an_environment_of_200_kilobytes_arrives(self):
        big = [f"BIG_{n}=" + "x" * 1000 for n in range(200)]
        seen = self.see(self.config(env=big))
        self.assertTrue(set(big) <= set(seen["env"]))

    def test_500_masked_folders(self):
        config = self.config("/bin/ls", "/etc/many/499")
        config["linux"]["maskedPaths"] = [f"/etc/many/{n}" for n in range(500)]
        bundle = self.bundle(config)
        for n in range(500):
            (bundle / f"rootfs/etc/many/{n}").mkdir(parents=True)
            (bundle / f"rootfs/etc/many/{n}/secret").touch()
        self.assertEqual(self.runtime_ok("run", "--bundle", bundle, self.new_id()).out, "")
