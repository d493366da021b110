"""The bundler and what registries keep: push, login, logout, credential helpers."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from bundler import HELLO, BundlerTest
from registries import DockerRegistry, Image, basic, digest_of, layer_tar

HELPER = """#!/bin/sh
echo "$1" >> "$0.calls"
case $1 in
get) read server; [ -f "$0.secret" ] || { echo "credentials not found in native keychain"; exit 1; }; cat "$0.secret";;
store) cat > "$0.secret";;
erase) rm -f "$0.secret";;
esac
"""


def guarded(handler):
    """A registry that lets only me in."""
    if handler.headers["Authorization"] == basic("me", "secret"):
        return False
    handler.send(401, WWW_Authenticate='Basic realm="tested"')
    return True


class Login(BundlerTest):
    def setUp(self):
        super().setUp()
        self.auth = self.folder / "keep/auth.json"
        self.environment["REGISTRY_AUTH_FILE"] = str(self.auth)
        self.host = self.registry(HELLO, guarded).host

    def log_in(self, password="secret"):
        return self.bundler("login", "-u", "me", "--password-stdin", self.host, input=password + "\n")

    def helper(self, text=HELPER):
        program = self.folder / "bin/docker-credential-tested"
        program.parent.mkdir()
        program.write_text(text)
        program.chmod(0o755)
        self.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
        self.auth.parent.mkdir()
        self.auth.write_text(json.dumps({"credHelpers": {self.host: "tested"}}))
        return program

    def test_what_login_keeps_is_used_and_logout_forgets_it(self):
        self.refused_by_bundler("pull", f"{self.host}/demo", says="no credentials")
        self.assertEqual(self.log_in().code, 0)
        self.assertEqual(self.auth.stat().st_mode & 0o777, 0o600)
        self.bundler_ok("pull", f"{self.host}/demo")
        self.bundler_ok("logout", self.host)
        self.refused_by_bundler("pull", f"{self.host}/other", says="no credentials")
        self.refused_by_bundler("logout", self.host, says=self.host)

    def test_a_wrong_password_is_not_kept(self):
        self.one_line(self.log_in("wrong"), "401", self.host)
        self.assertFalse(self.auth.exists())

    def test_without_a_terminal_the_password_must_come_by_standard_input(self):
        self.refused_by_bundler("login", "-u", "me", self.host, says="--password-stdin")

    def test_a_helper_keeps_gives_and_forgets_the_secret(self):
        program = self.helper()
        self.assertEqual(self.log_in().code, 0)
        self.assertNotIn(basic("me", "secret").split()[1], self.auth.read_text())
        self.bundler_ok("pull", f"{self.host}/demo")
        self.bundler_ok("logout", self.host)
        self.assertEqual(pathlib.Path(f"{program}.calls").read_text().split(), ["store", "get", "erase"])

    def test_a_helper_that_fails_is_named(self):
        self.helper("#!/bin/sh\necho the vault is closed\nexit 3\n")
        self.refused_by_bundler("pull", f"{self.host}/demo", says=("tested", "the vault is closed"))


class Push(BundlerTest):
    def setUp(self):
        super().setUp()
        self.image = Image(layer_tar({"hello": os.urandom(3000000)}), {"small": b"x"})
        self.bundler_ok("import", self.image.write_layout(self.folder / "layout"), "mine:1")

    def docker_registry(self):
        if not shutil.which("docker-registry"):
            self.skipTest("docker-registry is not installed")
        registry = DockerRegistry(self.folder, self.environment)
        self.addCleanup(registry.close)
        return registry

    def test_what_is_pushed_can_be_pulled_again(self):
        host = self.docker_registry().host
        self.bundler_ok("push", "mine:1", f"{host}/a/b:v1")
        (mine,) = self.bundler_ok("inspect", "mine:1").json
        self.bundler_ok("remove", "mine:1")
        self.bundler_ok("pull", f"{host}/a/b:v1")
        (again,) = self.bundler_ok("inspect", f"{host}/a/b:v1").json
        self.assertEqual((again["digest"], again["layers"]), (mine["digest"], mine["layers"]))

    def test_a_blob_of_another_repository_is_mounted_and_not_sent(self):
        host = self.docker_registry().host
        self.bundler_ok("tag", "mine:1", f"{host}/one:v1")
        self.bundler_ok("push", f"{host}/one:v1")
        done = self.bundler_ok("--debug", "push", f"{host}/one:v1", f"{host}/two:v1")
        self.assertEqual([line for line in done.err.splitlines() if "PATCH" in line], [], done.err)
        self.bundler_ok("pull", f"{host}/two:v1")

    @unittest.skipUnless(shutil.which("skopeo"), "needs skopeo")
    def test_skopeo_reads_what_was_pushed(self):
        host = self.docker_registry().host
        self.bundler_ok("push", "mine:1", f"{host}/a:v1")
        seen = subprocess.run(["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{host}/a:v1"],
                              check=True, capture_output=True, env=self.environment).stdout
        self.assertEqual(digest_of(seen), self.bundler_ok("inspect", "mine:1").json[0]["digest"])

    def test_another_digest_than_the_images_is_refused(self):
        self.refused_by_bundler("push", "mine:1", "127.0.0.1:1/a@sha256:" + "0" * 64, says="another digest")
