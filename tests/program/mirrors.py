"""registries.conf: mirrors, rewritten and blocked registries, short names."""

import json
import pathlib

from bundler import HELLO, BundlerTest
from registries import Image, basic


def has_nothing(handler):
    """A registry without images."""
    handler.send(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}')
    return True


class Conf(BundlerTest):
    def conf(self, text, name="registries.conf"):
        path = self.folder / "conf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def pull(self, conf, name, *options, **more):
        return self.bundler("--registries-conf", conf, "pull", *options, name, **more)

    def ok(self, done):
        self.assertEqual(done.code, 0, done)
        return done

    def mirrored(self, *mirrors, more=""):
        tables = "".join(f'[[registry.mirror]]\nlocation = "{place}"\n' for place in mirrors)
        return self.conf(f'[[registry]]\nprefix = "x.test/a"\nlocation = "{self.main.host}/moved"\n{more}{tables}')

    def setUp(self):
        super().setUp()
        self.main = self.registry(HELLO)

    def test_the_first_mirror_that_has_the_image_is_used(self):
        empty, full = self.registry(HELLO, has_nothing), self.registry(HELLO)
        self.ok(self.pull(self.mirrored("127.0.0.1:1/none", empty.host, full.host + "/deep"), "x.test/a/img:1"))
        self.assertEqual(self.names(), ["x.test/a/img:1"])
        self.assertTrue(empty.requests)
        self.assertTrue(all(path.startswith("/v2/deep/img/") for path, _ in full.requests), full.requests)
        self.assertEqual(self.main.requests, [])

    def test_after_the_mirrors_the_registry_itself_is_asked(self):
        empty = self.registry(HELLO, has_nothing)
        self.ok(self.pull(self.mirrored(empty.host), "x.test/a/img:1"))
        self.assertTrue(all(path.startswith("/v2/moved/img/") for path, _ in self.main.requests), self.main.requests)

    def test_where_nobody_has_it_each_place_is_named(self):
        self.main.answer = has_nothing
        empty = self.registry(HELLO, has_nothing)
        self.one_line(self.pull(self.mirrored(empty.host), "x.test/a/img:1"), "x.test/a/img:1", empty.host, self.main.host, "MANIFEST_UNKNOWN")
        self.assertEqual(self.names(), [])

    def test_a_mirror_that_gives_another_manifest_than_the_digest_is_passed_over(self):
        from registries import digest_of
        wrong = self.registry(Image({"other": b"x"}))
        self.ok(self.pull(self.mirrored(wrong.host), f"x.test/a/img@{digest_of(HELLO.manifest)}"))
        self.assertTrue(self.main.requests)

    def test_each_place_is_told_its_own_credentials(self):
        def guarded(handler):
            if handler.headers["Authorization"] == basic("mirror", "secret"):
                return False
            handler.send(401, WWW_Authenticate='Basic realm="tested"')
            return True

        mirror = self.registry(HELLO, guarded)
        auth = self.folder / "auth.json"
        words = {place: {"auth": basic(user, "secret").split()[1]} for place, user in ((mirror.host, "mirror"), ("x.test", "main"))}
        auth.write_text(json.dumps({"auths": words}))
        self.environment["REGISTRY_AUTH_FILE"] = str(auth)
        self.ok(self.pull(self.mirrored(mirror.host), "x.test/a/img:1"))
        said = {headers.get("Authorization") for _, headers in mirror.requests}
        self.assertEqual(said, {None, basic("mirror", "secret")})

    def test_a_blocked_registry_is_not_asked(self):
        conf = self.conf(f'[[registry]]\nlocation = "{self.main.host}"\nblocked = true\n')
        self.one_line(self.pull(conf, f"{self.main.host}/demo"), "blocked", str(conf))
        self.bundler_ok("import", HELLO.write_layout(self.folder / "layout"), "mine")
        self.one_line(self.bundler("--registries-conf", conf, "push", "mine", f"{self.main.host}/demo"), "blocked")
        self.assertEqual(self.main.requests, [])

    def test_an_insecure_registry_may_speak_http(self):
        conf = self.conf(f'[[registry]]\nlocation = "{self.main.host}"\ninsecure = true\n')
        self.ok(self.pull(conf, f"{self.main.host}/demo"))

    def test_a_short_name_is_searched_for_and_found_again_in_the_store(self):
        empty = self.registry(HELLO, has_nothing)
        conf = self.conf(f'unqualified-search-registries = ["{empty.host}", "{self.main.host}"]\n')
        done = self.ok(self.pull(conf, "demo:1"))
        self.assertTrue(done.out.startswith(f"{self.main.host}/demo:1@"), done)
        self.ok(self.bundler("--registries-conf", conf, "unpack", "demo:1", self.folder / "out"))
        self.ok(self.bundler("--registries-conf", conf, "remove", "demo:1"))
        self.assertEqual(self.names(), [])

    def test_a_short_name_with_an_alias_is_that(self):
        conf = self.conf(f'unqualified-search-registries = ["127.0.0.1:1"]\n[aliases]\n"demo" = "{self.main.host}/deep/demo"\n')
        self.ok(self.pull(conf, "demo:1"))
        self.assertEqual(self.names(), [f"{self.main.host}/deep/demo:1"])

    def test_what_is_imported_under_a_short_name_is_found_in_spite_of_the_search(self):
        conf = self.conf('unqualified-search-registries = ["127.0.0.1:1"]\n')
        self.bundler_ok("import", HELLO.write_layout(self.folder / "layout"), "mine")
        self.ok(self.bundler("--registries-conf", conf, "inspect", "mine"))

    def test_a_malformed_file_is_named_with_its_line(self):
        conf = self.conf('\n[[registry]]\nlocation = "x.test\n')
        self.one_line(self.pull(conf, "x.test/a"), f"{conf}:3: ")
        self.one_line(self.pull(self.folder / "none.conf", "x.test/a"), "none.conf")

    def test_an_unknown_key_is_warned_of(self):
        conf = self.conf(f'[[registry]]\nlocation = "{self.main.host}"\nlocatoin = "x"\n')
        self.assertIn(f"{conf}:3: locatoin: is not known", self.ok(self.pull(conf, f"{self.main.host}/demo")).err)

    def test_the_file_is_found_by_the_environment_and_at_its_usual_place(self):
        alias = f'[aliases]\n"demo" = "{self.main.host}/demo"\n'
        named = self.conf("", "named.conf")
        self.conf(alias, "named.conf.d/drop-in.conf")
        self.bundler_ok("pull", "demo:1", env={"CONTAINERS_REGISTRIES_CONF": str(named)})
        usual = pathlib.Path(self.environment["HOME"]) / ".config/containers/registries.conf"
        usual.parent.mkdir(parents=True)
        usual.write_text(alias)
        self.bundler_ok("pull", "demo:2")
        self.assertEqual(self.names(), [f"{self.main.host}/demo:1", f"{self.main.host}/demo:2"])
