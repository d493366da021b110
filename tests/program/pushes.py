"""The bundler and what registries keep: push, login, logout, credential helpers."""

import json
import os
import pathlib
import shutil
import subprocess
import termios
import unittest

from bundler import HELLO, BundlerTest
from harness import BUNDLER, PATIENCE, wait_for
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

    def test_logout_of_all_forgets_every_registry(self):
        self.assertEqual(self.log_in().code, 0)
        document = json.loads(self.auth.read_text())
        document["auths"]["other.test"] = {"auth": "YTpi"}
        self.auth.write_text(json.dumps(document))
        done = self.bundler_ok("logout", "--all")
        self.assertIn(self.host, done.out)
        self.assertIn("other.test", done.out)
        self.assertEqual(json.loads(self.auth.read_text())["auths"], {})
        self.bundler_ok("logout", "--all")
        self.refused_by_bundler("logout", "--all", self.host, says="--all")

    def at_terminal(self, *answers):
        """login with a terminal for its standard input: what it shows there, and how it ends."""
        ours, its = os.openpty()
        process = subprocess.Popen([BUNDLER, "login", self.host], stdin=its, stdout=its, stderr=its, env=self.environment)
        os.close(its)
        shown = b""
        try:
            for question, answer in answers:
                while question not in shown:
                    shown += os.read(ours, 1000)
                # The question stands before the echo is off: wait until it is.
                if question == b"Password: ":
                    wait_for(lambda: not termios.tcgetattr(ours)[3] & termios.ECHO, "the terminal to be silent")
                os.write(ours, answer)
            while True:
                shown += os.read(ours, 1000)
        except OSError:  # EIO: nobody has the other end any more
            pass
        finally:
            os.close(ours)
        return process.wait(20 * PATIENCE), shown

    def test_at_a_terminal_both_are_asked_for_and_the_password_is_not_shown(self):
        code, shown = self.at_terminal((b"Username: ", b"me\n"), (b"Password: ", b"secreX\x7ft\n"))
        self.assertEqual(code, 0, shown)
        self.assertIn(b"Username: me", shown)
        self.assertNotIn(b"secre", shown)
        self.bundler_ok("pull", f"{self.host}/demo")

    def test_at_a_terminal_the_question_can_be_interrupted(self):
        code, shown = self.at_terminal((b"Username: ", b"me\n"), (b"Password: ", b"sec\x03"))
        self.assertEqual(code, 1, shown)
        self.assertIn(b"interrupted", shown)
        self.assertFalse(self.auth.exists())

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

    def test_an_upload_that_breaks_off_goes_on_where_the_registry_stopped(self):
        taken, offsets = bytearray(), []

        def patch(handler):
            left = int(handler.headers["Content-Length"])
            offsets.append(int(handler.headers["Content-Range"].split("-")[0]))
            if len(offsets) == 1:
                taken.extend(handler.rfile.read(1000000))
                handler.close_connection = True  # without an answer
                return
            taken.extend(handler.rfile.read(left))
            handler.send(202, Location="/up/1")

        def answer(handler):
            path = handler.path
            if path.startswith("/up/1") and handler.command == "GET":
                handler.send(204, Location="/up/1", Range=f"0-{len(taken) - 1}")
            elif handler.command == "HEAD":
                handler.send(404)
            elif handler.command == "POST":
                handler.send(202, Location="/up/1")
            elif handler.command == "PATCH":
                patch(handler)
            elif handler.command == "PUT":
                handler.rfile.read(int(handler.headers["Content-Length"]))
                handler.send(201)
            else:
                return False
            return True

        host = self.registry(self.image, answer).host
        self.bundler_ok("push", "mine:1", f"{host}/a:v1")
        self.assertEqual(offsets, [0, 1000000])
        self.assertEqual(digest_of(bytes(taken)), digest_of(self.image.layers[0]))

    def test_another_digest_than_the_images_is_refused(self):
        self.refused_by_bundler("push", "mine:1", "127.0.0.1:1/a@sha256:" + "0" * 64, says="another digest")
