"""The bundler: pull, import, unpack, images."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

from harness import BUNDLER, PATIENCE, TOP, RuntimeTest, make_rootfs, wait_for
from registries import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE, DockerRegistry, FakeRegistry, Image, basic, digest_of, layer_tar, link

sys.path.insert(0, str(TOP / "bundles"))
from push_layout import push  # noqa: E402  (the script that bundles/quickstart uses)


class BundlerTest(RuntimeTest):
    def setUp(self):
        super().setUp()
        self.store = self.folder / "store"
        self.environment["HOME"] = str(self.folder / "home")

    def bundler(self, *args, **more):
        return self.call(BUNDLER, "--store", self.store, *args, **more)

    def bundler_ok(self, *args, **more):
        done = self.bundler(*args, **more)
        self.assertEqual(done.code, 0, f"bundler {' '.join(map(str, args))}: {done}")
        return done

    def refused_by_bundler(self, *args, says=(), **more):
        return self.one_line(self.bundler(*args, **more), *([says] if isinstance(says, str) else says))

    def names(self):
        return [row["name"] for row in self.images()]

    def images(self):
        return self.bundler_ok("images", "--json").json

    def registry(self, image, answer=lambda handler: False):
        registry = FakeRegistry(image, answer)
        self.addCleanup(registry.close)
        return registry

    def runnable(self):
        """A folder to import: busybox and the probe."""
        folder = self.folder / "rootfs"
        return folder if folder.exists() else make_rootfs(folder)

    def run_bundle(self, bundle):
        """Runs a bundle that the bundler made, marked so that nothing of it can be left unseen."""
        config = json.loads((bundle / "config.json").read_text())
        config["process"]["env"].append(f"CORACLE_TEST_MARK={self.mark}")
        config["linux"]["cgroupsPath"] = f"/{self.new_id()}-group"
        (bundle / "config.json").write_text(json.dumps(config))
        done = self.runtime("run", "--bundle", bundle, self.new_id())
        self.assertEqual(done.code, 0, done)
        return done.out


HELLO = Image({"hello": b"hello\n", "etc/word": b"one\n"}, {"etc/word": b"two\n"})


class Pull(BundlerTest):
    def test_an_image_is_pulled_and_listed(self):
        registry = self.registry(HELLO)
        self.bundler_ok("pull", f"{registry.host}/demo:tag")
        self.assertEqual(self.names(), [f"{registry.host}/demo:tag"])

    def test_a_pulled_image_is_unpacked_with_later_layers_on_top(self):
        registry = self.registry(HELLO)
        self.bundler_ok("pull", f"{registry.host}/demo")
        self.bundler_ok("unpack", f"{registry.host}/demo", self.folder / "out")
        self.assertEqual((self.folder / "out/rootfs/etc/word").read_text(), "two\n")
        self.assertEqual(json.loads((self.folder / "out/config.json").read_text())["process"]["args"], ["/hello"])

    def test_what_is_there_is_not_fetched_again(self):
        registry = self.registry(HELLO)
        self.bundler_ok("pull", f"{registry.host}/demo")
        before = len([path for path, _ in registry.requests if "/blobs/" in path])
        self.bundler_ok("pull", f"{registry.host}/demo")
        self.assertEqual(len([path for path, _ in registry.requests if "/blobs/" in path]), before)

    def test_an_image_is_pulled_by_its_digest(self):
        registry = self.registry(HELLO)
        name = f"{registry.host}/demo@{digest_of(HELLO.manifest)}"
        self.bundler_ok("pull", name)
        self.bundler_ok("unpack", name, self.folder / "out")

    def test_from_debians_registry(self):
        if not shutil.which("docker-registry"):
            self.skipTest("docker-registry is not installed")
        registry = DockerRegistry(self.folder, self.environment)
        self.addCleanup(registry.close)
        layout = Image(layer_tar({"hello": b"x" * 3000000})).write_layout(self.folder / "layout")
        push(layout, f"{registry.host}/a/b:v1")
        self.bundler_ok("pull", f"{registry.host}/a/b:v1")
        self.assertEqual(self.names(), [f"{registry.host}/a/b:v1"])

    def test_a_token_is_fetched_with_the_users_credentials_and_used(self):
        def answer(handler):
            if handler.path.startswith("/token"):
                right = handler.headers["Authorization"] == basic("me", "secret")
                handler.send(200 if right else 401, b'{"token":"the-token"}' if right else b"{}", Content_Type="application/json")
                return True
            if handler.headers["Authorization"] == "Bearer the-token":
                return False
            challenge = f'Bearer realm="http://{registry.host}/token",service="tested",scope="repository:demo:pull"'
            handler.send(401, WWW_Authenticate=challenge)
            return True

        registry = self.registry(HELLO, answer)
        self.log_in(registry.host, "me", "secret")
        self.bundler_ok("pull", f"{registry.host}/demo")
        asked = [path for path, _ in registry.requests if path.startswith("/token")]
        self.assertIn("service=tested", asked[0])
        self.assertIn("scope=repository", asked[0])

    def test_basic_credentials_are_used(self):
        def answer(handler):
            if handler.headers["Authorization"] == basic("me", "secret"):
                return False
            handler.send(401, WWW_Authenticate='Basic realm="tested"')
            return True

        registry = self.registry(HELLO, answer)
        self.log_in(registry.host, "me", "secret")
        self.bundler_ok("pull", f"{registry.host}/demo")

    def log_in(self, host, user, password):
        auth = basic(user, password).removeprefix("Basic ")
        path = pathlib.Path(self.environment["HOME"]) / ".docker/config.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"auths": {host: {"auth": auth}}}))

    def test_two_bundlers_at_once_share_a_store(self):
        registries = [self.registry(Image({"hello": bytes([n]) * 2000000})) for n in range(4)]
        commands = [[BUNDLER, "--store", self.store, "pull", f"{registry.host}/demo:{n}"] for n, registry in enumerate(registries)]
        processes = [subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for command in commands]
        for process in processes:
            self.assertEqual(process.communicate(timeout=60 * PATIENCE)[1] * process.returncode, b"")
        self.assertEqual(len(self.names()), 4)

    def test_a_killed_pull_leaves_a_store_that_works(self):
        def slow(handler):
            if "/blobs/" not in handler.path:
                return False
            handler.send_response(200)
            handler.send_header("Content-Length", "100000000")
            handler.end_headers()
            handler.wfile.write(b"x" * 1000000)
            wait_for(lambda: process.poll() is not None, "the bundler to be killed")
            return True

        image = Image({"hello": b"x"})
        registry = self.registry(image, slow)
        process = subprocess.Popen([BUNDLER, "--store", self.store, "pull", f"{registry.host}/demo"], env=self.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: any("/blobs/" in path for path, _ in registry.requests), "a blob to be asked for")
        process.kill()
        process.wait()
        self.assertEqual(self.names(), [])
        registry.answer = lambda handler: False
        self.bundler_ok("pull", f"{registry.host}/demo")
        self.assertEqual(len(self.names()), 1)


class BadRegistry(BundlerTest):
    """Whatever the registry does: one error that names the image, and nothing in the store."""

    def attempt(self, answer, *words, image=HELLO):
        registry = self.registry(image, answer)
        done = self.refused_by_bundler("pull", "--quiet", f"{registry.host}/demo:tag", says=["demo", *words], timeout=120)
        self.assertEqual(self.names(), [])
        left = [path.name for path in self.store.rglob("*") if path.is_file() and path.name not in ("index.json", "oci-layout", "lock")]
        kept = {digest.split(":")[1] for digest in image.blobs} | {digest_of(image.manifest).split(":")[1]}
        # What can be continued may stay.
        kept |= {digest.replace(":", "-") + ".part" for digest in image.blobs}
        self.assertEqual([name for name in left if name not in kept], [], "pieces are left")
        return done

    def test_401(self):
        self.attempt(lambda handler: handler.send(401, WWW_Authenticate='Basic realm="x"') or True, "401")

    def test_404(self):
        self.attempt(lambda handler: handler.path.rstrip("/") != "/v2" and (handler.send(404) or True), "404")

    def test_500(self):
        self.attempt(lambda handler: handler.path.rstrip("/") != "/v2" and (handler.send(500) or True), "500")

    def test_a_registry_that_hangs_up_half_way(self):
        def hang_up(handler):
            if "/blobs/" not in handler.path:
                return False
            data = self.image.blobs.get(handler.path.rsplit("/", 1)[1], b"")
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data[: len(data) // 2])
            handler.close_connection = True
            return True

        self.image = Image({"hello": os.urandom(500000)})
        self.attempt(hang_up, image=self.image)

    def test_a_layer_whose_digest_is_wrong(self):
        def corrupt(handler):
            if not handler.path.endswith(digest_of(HELLO.layers[0])):
                return False
            data = bytearray(HELLO.layers[0])
            data[20] ^= 1
            handler.send(200, bytes(data))
            return True

        self.attempt(corrupt, digest_of(HELLO.layers[0])[:19])

    def test_a_manifest_that_is_no_json(self):
        self.attempt(lambda handler: "/manifests/" in handler.path and (handler.send(200, b"{cut", Content_Type="application/vnd.oci.image.manifest.v1+json") or True))

    def test_a_layer_longer_than_promised(self):
        def long(handler):
            if not handler.path.endswith(digest_of(HELLO.layers[0])):
                return False
            handler.send(200, HELLO.layers[0] + b"more")
            return True

        self.attempt(long)

    def test_what_is_no_image_is_refused_by_its_type(self):
        """Artifacts, unknown layers, schema 1."""
        def with_types(config=CONFIG_TYPE, layer=LAYER_TYPE, manifest=MANIFEST_TYPE):
            document = json.loads(HELLO.manifest)
            document["config"]["mediaType"], document["layers"][0]["mediaType"], document["mediaType"] = config, layer, manifest
            text = json.dumps(document).encode()
            return lambda handler: "/manifests/" in handler.path and (handler.send(200, text, Content_Type=manifest) or True)

        chart = "application/vnd.cncf.helm.config.v1+json"
        strange = "application/vnd.oci.image.layer.v1.tar+lz9"
        schema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
        self.attempt(with_types(config=chart), chart)
        self.attempt(with_types(config="application/vnd.oci.empty.v1+json"), "application/vnd.oci.empty.v1+json")
        self.attempt(with_types(layer=strange), strange)
        self.attempt(with_types(manifest=schema1), schema1)
        self.attempt(with_types(manifest="application/json+strange"), "application/json+strange")

    def test_no_registry_at_all(self):
        self.refused_by_bundler("pull", "127.0.0.1:1/demo", says="127.0.0.1:1")
        self.assertEqual(self.names(), [])


class Import(BundlerTest):
    def test_a_folder_becomes_an_image_and_runs(self):
        self.bundler_ok("import", self.runnable(), "mine:1")
        self.bundler_ok("unpack", "mine:1", self.folder / "out", "/bin/echo", "it runs")
        self.assertEqual(self.run_bundle(self.folder / "out"), "it runs\n")

    def test_a_tar_as_docker_export_makes_it_becomes_an_image_and_runs(self):
        path = self.folder / "export.tar"
        with tarfile.open(path, "w") as tar:
            tar.add(self.runnable(), arcname="")
        self.bundler_ok("import", path, "exported", "/bin/echo", "from tar")
        self.bundler_ok("unpack", "exported", self.folder / "out")
        self.assertEqual(self.run_bundle(self.folder / "out"), "from tar\n")

    def test_a_layout_becomes_an_image(self):
        layout = HELLO.write_layout(self.folder / "layout")
        self.bundler_ok("import", layout, "laid:out")
        self.bundler_ok("unpack", "laid:out", self.folder / "out")
        self.assertEqual((self.folder / "out/rootfs/hello").read_text(), "hello\n")

    def test_owners_modes_times_and_links_survive(self):
        root = self.runnable()
        (root / "owned").write_text("x")
        os.chown(root / "owned", 1234, 5678)
        (root / "owned").chmod(0o4751)
        os.utime(root / "owned", (1000000000, 1000000000))
        os.link(root / "owned", root / "same")
        os.mkfifo(root / "pipe")
        self.bundler_ok("import", root, "mine")
        self.bundler_ok("unpack", "mine", self.folder / "out")
        found = os.stat(self.folder / "out/rootfs/owned")
        self.assertEqual((found.st_uid, found.st_gid, found.st_mode & 0o7777, found.st_mtime), (1234, 5678, 0o4751, 1000000000))
        self.assertEqual(found.st_ino, os.stat(self.folder / "out/rootfs/same").st_ino)
        self.assertTrue((self.folder / "out/rootfs/pipe").is_fifo())
        self.assertEqual(os.readlink(self.folder / "out/rootfs/bin/sh"), "busybox")

    def test_a_source_that_does_not_exist_is_named(self):
        self.refused_by_bundler("import", "/no/such/source", "x:1", says="/no/such/source")
        self.assertEqual(self.names(), [])

    def test_a_file_that_is_no_archive_is_refused(self):
        (self.folder / "text").write_text("this is no archive, only text\n" * 100)
        self.refused_by_bundler("import", self.folder / "text", "x:1", says="text")
        self.assertEqual(self.names(), [])


class Unpack(BundlerTest):
    def unpacked(self, *flags, image=None):
        """config.json of an imported image, with flags on top."""
        layout = (image or HELLO).write_layout(self.folder / f"layout-{self.new_id()}")
        self.bundler_ok("import", layout, "one")
        out = self.folder / f"out-{self.new_id()}"
        self.bundler_ok("unpack", "one", out, *flags)
        return json.loads((out / "config.json").read_text()), out

    def test_limits_and_names_reach_the_configuration(self):
        config, _ = self.unpacked("--cpus", "0.5", "--memory", "100M", "--cpu-shares", "512", "--cpuset-cpus", "0", "--hostname", "here",
                                  "--env", "A=b", "--workdir", "/etc", "--user", "5:6", "--tty", "/run/this", "now")
        resources = config["linux"]["resources"]
        self.assertEqual(resources["cpu"]["quota"] * 2, resources["cpu"]["period"])
        self.assertEqual((resources["cpu"]["shares"], resources["cpu"]["cpus"]), (512, "0"))
        self.assertEqual(resources["memory"]["limit"], 100 << 20)
        process = config["process"]
        self.assertEqual((config["hostname"], process["cwd"], process["args"]), ("here", "/etc", ["/run/this", "now"]))
        self.assertEqual((process["user"]["uid"], process["user"]["gid"], process["terminal"]), (5, 6, True))
        self.assertIn("A=b", process["env"])

    def test_an_option_that_may_be_repeated_takes_one_value_each_time(self):
        config, _ = self.unpacked("--volume", "/tmp:/data", "--env", "A=b", "--env", "C=d", "/run/this", "now")
        self.assertEqual(config["process"]["args"], ["/run/this", "now"])
        self.assertTrue({"A=b", "C=d"} <= set(config["process"]["env"]))

    def test_a_volume_becomes_a_bind_mount(self):
        config, _ = self.unpacked("--volume", "/tmp:/data:ro")
        mount = [mount for mount in config["mounts"] if mount["destination"] == "/data"][0]
        self.assertEqual(mount["source"], "/tmp")
        self.assertIn("ro", mount["options"])

    def test_entrypoint_and_command_of_the_image_are_joined(self):
        image = Image({"hello": b""}, config={"Entrypoint": ["/enter"], "Cmd": ["a"], "Env": ["X=y"], "WorkingDir": "/w", "User": "7"})
        config, _ = self.unpacked(image=image)
        process = config["process"]
        self.assertEqual((process["args"], process["cwd"], process["user"]["uid"]), (["/enter", "a"], "/w", 7))
        self.assertIn("X=y", process["env"])

    def test_a_command_replaces_the_images_command_only(self):
        image = Image({"hello": b""}, config={"Entrypoint": ["/enter"], "Cmd": ["a"]})
        config, _ = self.unpacked("b", "c", image=image)
        self.assertEqual(config["process"]["args"], ["/enter", "b", "c"])

    def test_whiteouts_remove_and_opaque_folders_hide(self):
        image = Image(
            {"keep": b"", "gone": b"", "folder/old": b"", "other/old": b""},
            {".wh.gone": b"", "folder/.wh..wh..opq": b"", "folder/new": b"", "other/new": b""},
        )
        _, out = self.unpacked(image=image)
        found = sorted(str(path.relative_to(out / "rootfs")) for path in (out / "rootfs").rglob("*") if path.is_file())
        self.assertEqual(found, ["folder/new", "keep", "other/new", "other/old"])

    def test_a_bundle_that_exists_is_not_touched(self):
        _, out = self.unpacked()
        before = (out / "config.json").read_bytes()
        self.refused_by_bundler("unpack", "one", out, says=out.name)
        self.assertEqual((out / "config.json").read_bytes(), before)

    def test_an_image_that_is_not_in_the_store_is_named(self):
        self.refused_by_bundler("unpack", "nosuch:1", self.folder / "out", says="nosuch:1")
        self.assertFalse((self.folder / "out").exists())

    def test_a_damaged_blob_is_found_and_leaves_no_bundle(self):
        self.unpacked()
        path = self.store / "blobs/sha256" / digest_of(HELLO.layers[1]).split(":")[1]
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.chmod(0o644)
        path.write_bytes(bytes(data))
        self.refused_by_bundler("unpack", "one", self.folder / "damaged")
        self.assertFalse((self.folder / "damaged").exists())


class Escapes(BundlerTest):
    """What hostile layers try: nothing may appear outside the rootfs."""

    def attempt(self, *layers):
        outside = self.folder / "outside"
        outside.mkdir(exist_ok=True)
        (outside / "victim").write_text("as before\n")
        layers = [{name.replace("OUTSIDE", str(outside).lstrip("/")): content for name, content in layer.items()} for layer in layers]
        self.bundler_ok("import", Image(*layers).write_layout(self.folder / f"layout-{self.new_id()}"), "evil")
        self.bundler("unpack", "evil", self.folder / f"out-{self.new_id()}")
        self.assertEqual([path.name for path in outside.iterdir()], ["victim"])
        self.assertEqual((outside / "victim").read_text(), "as before\n")

    def test_names_with_dots(self):
        self.attempt({"../../outside/new": b"bad"}, {"a/../../../outside/new": b"bad"})

    def test_absolute_names(self):
        self.attempt({"/OUTSIDE/new": b"bad"})

    def test_a_link_and_a_file_through_it(self):
        outside = str(self.folder / "outside")
        self.attempt({"way": link("way", outside), "way/new": b"bad"})
        self.attempt({"way": link("way", outside)}, {"way/new": b"bad"})
        self.attempt({"way": link("way", "../../outside")}, {"way/victim": b"bad"})

    def test_a_hard_link_to_the_outside(self):
        victim = str(self.folder / "outside/victim")
        for target in (victim, "../../outside/victim"):
            self.attempt({"same": link("same", target, tarfile.LNKTYPE)}, {"same": b"bad"})

    def test_a_whiteout_through_a_link(self):
        self.attempt({"way": link("way", str(self.folder / "outside"))}, {"way/.wh.victim": b""})

    def test_a_whiteout_with_dots(self):
        self.attempt({"a/.wh...": b"", "a/.wh..": b""})


class Images(BundlerTest):
    def test_an_empty_store_has_an_empty_table_and_an_empty_list(self):
        self.assertEqual(self.images(), [])
        self.assertEqual(len(self.bundler_ok("images").out.splitlines()), 1)

    def test_the_table_names_each_image(self):
        layout = HELLO.write_layout(self.folder / "layout")
        for name in ("first:1", "second:2"):
            self.bundler_ok("import", layout, name)
        lines = self.bundler_ok("images").out.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("first", lines[1])
        self.assertIn("second", lines[2])

    def test_the_json_has_name_digest_and_size(self):
        self.bundler_ok("import", HELLO.write_layout(self.folder / "layout"), "first:1")
        row = self.images()[0]
        self.assertEqual(row["digest"], digest_of(HELLO.manifest))
        self.assertGreater(row["size"], 0)

    def test_the_store_is_an_image_layout(self):
        self.bundler_ok("import", HELLO.write_layout(self.folder / "layout"), "first:1")
        self.assertEqual(json.loads((self.store / "oci-layout").read_text()), {"imageLayoutVersion": "1.0.0"})
        self.assertEqual(len(json.loads((self.store / "index.json").read_text())["manifests"]), 1)


class Debian(BundlerTest):
    """A Debian folder, made by debootstrap once and kept in /var/cache/coracle."""

    CACHE = pathlib.Path("/var/cache/coracle/debian-bookworm")

    def debian(self):
        if self.CACHE.exists():
            return self.CACHE
        if not shutil.which("debootstrap"):
            self.skipTest("debootstrap is not installed")
        self.CACHE.parent.mkdir(parents=True, exist_ok=True)
        part = self.CACHE.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        made = self.call("debootstrap", "--variant=minbase", "bookworm", part, timeout=900)
        if made.code != 0:
            shutil.rmtree(part, ignore_errors=True)
            self.skipTest(f"debootstrap cannot download Debian here: {made.out.splitlines()[-1:]}")
        part.rename(self.CACHE)
        return self.CACHE

    def test_a_debootstrapped_folder_becomes_a_container(self):
        self.bundler_ok("import", self.debian(), "debian:mine", timeout=300)
        self.bundler_ok("unpack", "debian:mine", self.folder / "out", "/bin/sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME; dpkg-query -W -f '${Status}' dpkg", timeout=300)
        self.assertEqual(self.run_bundle(self.folder / "out"), "bookworm\ninstall ok installed")

    def test_a_debootstrapped_folder_runs_in_place(self):
        config = self.config("/usr/bin/perl", "-e", "print $$", env=["PATH=/usr/bin:/bin"])
        config["root"] = {"path": str(self.debian()), "readonly": True}
        self.assertEqual(self.output(config), "1")
