"""What happens to transfers on the way: broken off and continued, told to wait, led elsewhere, through a proxy."""

import email.utils
import json
import os
import select
import socket
import subprocess
import threading
import time

from bundler import HELLO, BundlerTest
from harness import BUNDLER, PATIENCE, wait_for
from registries import MANIFEST_TYPE, Image, basic, digest_of, layer_tar
from tls import TlsTest

BIG = Image(layer_tar({"big": os.urandom(3000000)}))
LAYER = digest_of(BIG.layers[0])


def is_layer(handler):
    return handler.path.endswith(LAYER)


def whole(handler):
    """The layer, or what is asked for of it."""
    data = BIG.layers[0]
    wanted = handler.headers["Range"]
    if not wanted:
        handler.send(200, data)
        return
    start = int(wanted.removeprefix("bytes=").rstrip("-"))
    handler.send(206, data[start:], Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")


def first_million(handler):
    """The layer's beginning; the connection stays as it is."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(BIG.layers[0])))
    handler.end_headers()
    handler.wfile.write(BIG.layers[0][:1000000])
    handler.wfile.flush()


class Resume(BundlerTest):
    """A layer that was broken off in one call is continued by the next."""

    def setUp(self):
        super().setUp()
        self.host_of = self.registry(BIG)
        self.name = f"{self.host_of.host}/demo:1"

    @property
    def part(self):
        return self.store / "ingest" / (LAYER.replace(":", "-") + ".part")

    def asked(self):
        return [headers.get("Range") for path, headers in self.host_of.requests if path.endswith(LAYER)]

    def kill_in_the_middle(self):
        def stuck(handler):
            if not is_layer(handler):
                return False
            first_million(handler)
            wait_for(lambda: process.poll() is not None, "the bundler to be killed")
            return True

        self.host_of.answer = stuck
        process = subprocess.Popen([BUNDLER, "--store", self.store, "pull", self.name], env=self.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.part.exists() and self.part.stat().st_size == 1000000, "a million bytes to arrive")
        process.kill()
        process.wait()
        self.host_of.requests.clear()

    def serve_ranges(self):
        self.host_of.answer = lambda handler: is_layer(handler) and (whole(handler) or True)

    def is_whole(self):
        self.assertEqual((self.store / "blobs/sha256" / LAYER.split(":")[1]).read_bytes(), BIG.layers[0])
        self.assertFalse(self.part.exists())

    def test_after_a_kill_only_the_rest_is_asked_for(self):
        self.kill_in_the_middle()
        self.serve_ranges()
        self.bundler_ok("pull", self.name)
        self.assertEqual(self.asked(), ["bytes=1000000-"])
        self.is_whole()

    def test_after_lost_connections_too(self):
        def lost(handler):
            if not is_layer(handler):
                return False
            first_million(handler) if not handler.headers["Range"] else handler.send(503)
            handler.close_connection = True
            return True

        self.host_of.answer = lost
        self.refused_by_bundler("pull", "-q", self.name, says="503")
        self.host_of.requests.clear()
        self.serve_ranges()
        self.bundler_ok("pull", self.name)
        self.assertEqual(self.asked(), ["bytes=1000000-"])
        self.is_whole()

    def test_a_registry_that_knows_no_ranges_sends_all_and_the_rest_is_used(self):
        self.kill_in_the_middle()
        self.host_of.answer = lambda handler: False
        self.bundler_ok("pull", self.name)
        self.is_whole()

    def test_a_part_that_is_wrong_is_dropped_and_all_is_fetched_once(self):
        self.kill_in_the_middle()
        with open(self.part, "r+b") as file:
            file.write(b"damaged")
        self.serve_ranges()
        self.bundler_ok("pull", self.name)
        self.assertEqual(self.asked(), ["bytes=1000000-", None])
        self.is_whole()

    def test_a_part_that_is_too_long_is_dropped(self):
        self.kill_in_the_middle()
        with open(self.part, "ab") as file:
            file.write(bytes(len(BIG.layers[0])))
        self.serve_ranges()
        self.bundler_ok("pull", self.name)
        self.assertEqual(self.asked(), [None])
        self.is_whole()

    def test_a_part_that_is_all_needs_no_request(self):
        self.kill_in_the_middle()
        self.part.write_bytes(BIG.layers[0])
        self.bundler_ok("pull", self.name)
        self.assertEqual(self.asked(), [])
        self.is_whole()

    def test_a_range_that_is_refused_or_another_is_not_the_end(self):
        for wrong in (lambda handler: handler.send(416), lambda handler: handler.send(206, b"x", Content_Range="bytes 5-5/6")):
            self.kill_in_the_middle()
            self.host_of.answer = lambda handler: is_layer(handler) and bool(handler.headers["Range"]) and (wrong(handler) or True)
            self.bundler_ok("pull", self.name)
            self.is_whole()
            self.bundler_ok("remove", self.name)

    def test_two_at_once_neither_wait_nor_mix(self):
        both, arrived = threading.Barrier(2), []

        def together(handler):
            if is_layer(handler):
                arrived.append(handler.headers["Range"])
                first_million(handler)
                both.wait(30 * PATIENCE)
                handler.wfile.write(BIG.layers[0][1000000:])
                return True

        self.host_of.answer = together
        command = [BUNDLER, "--store", self.store, "pull", self.name]
        two = [subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
        for process in two:
            error = process.communicate(timeout=60 * PATIENCE)[1]
            self.assertEqual(process.returncode, 0, error)
        self.assertEqual(arrived, [None, None])
        self.is_whole()
        self.assertEqual([path.name for path in (self.store / "ingest").iterdir()], ["lock"])

    def test_prune_removes_what_was_left_and_remove_does_not(self):
        self.kill_in_the_middle()
        self.bundler_ok("import", HELLO.write_layout(self.folder / "layout"), "other")
        self.bundler_ok("remove", "other")
        self.assertTrue(self.part.exists())
        self.assertGreaterEqual(self.bundler_ok("prune", "--json").json["bytes"], 1000000)
        self.assertFalse(self.part.exists())


class Patience(BundlerTest):
    """A registry that is busy says when to come back."""

    def came_back_after(self, status, **headers):
        times = []

        def busy(handler):
            if "/manifests/" not in handler.path:
                return False
            times.append(time.monotonic())
            if len(times) == 1:
                handler.send(status, **{name: value() for name, value in headers.items()})
            return len(times) == 1

        self.bundler_ok("pull", f"{self.registry(HELLO, busy).host}/demo")
        self.assertEqual(len(times), 2)
        return times[1] - times[0]

    def test_so_many_seconds(self):
        self.assertGreaterEqual(self.came_back_after(429, Retry_After=lambda: "1"), 0.99)
        self.assertGreaterEqual(self.came_back_after(503, Retry_After=lambda: "1"), 0.99)

    def test_until_a_date(self):
        # Dates are in whole seconds: two of them ahead is more than one away.
        self.assertGreaterEqual(self.came_back_after(429, Retry_After=lambda: email.utils.formatdate(time.time() + 2, usegmt=True)), 0.9)

    def test_without_a_word_soon(self):
        for status in (429, 500, 502, 503, 504):
            self.assertLess(self.came_back_after(status), 0.9)

    def test_what_is_wrong_is_not_asked_again(self):
        registry = self.registry(HELLO, lambda handler: handler.send(403) or True)
        self.refused_by_bundler("pull", f"{registry.host}/demo", says="403")
        self.assertEqual(len(registry.requests), 1)


class Elsewhere(BundlerTest):
    """Redirects and addresses of layers: no secret goes with them."""

    def setUp(self):
        super().setUp()
        self.other = self.registry(BIG)

    def guarded(self, answer):
        """A registry that wants my password, and then answers so."""
        def guard(handler):
            if handler.headers["Authorization"] != basic("me", "secret"):
                handler.send(401, WWW_Authenticate='Basic realm="tested"')
                return True
            return answer(handler)

        registry = self.registry(BIG, guard)
        auth = self.folder / "auth.json"
        auth.write_text(json.dumps({"auths": {registry.host: {"auth": basic("me", "secret").split()[1]}}}))
        self.environment["REGISTRY_AUTH_FILE"] = str(auth)
        return registry

    def led_to(self, place):
        return self.guarded(lambda handler: "/blobs/" in handler.path and (handler.send(307, Location=place(handler)) or True))

    def test_a_redirect_to_another_host_goes_without_credentials(self):
        registry = self.led_to(lambda handler: f"http://{self.other.host}{handler.path}")
        self.bundler_ok("pull", f"{registry.host}/demo")
        self.assertTrue(self.other.requests)
        self.assertEqual({headers.get("Authorization") for _, headers in self.other.requests}, {None})

    def test_another_host_cannot_ask_for_the_credentials(self):
        self.other.answer = lambda handler: handler.send(401, WWW_Authenticate='Basic realm="mine"') or True
        registry = self.led_to(lambda handler: f"http://{self.other.host}{handler.path}")
        self.refused_by_bundler("pull", "-q", f"{registry.host}/demo", says="401")
        self.assertEqual({headers.get("Authorization") for _, headers in self.other.requests}, {None})

    def test_a_redirect_to_another_kind_of_address_is_refused(self):
        for place in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"):
            registry = self.led_to(lambda handler: place)
            self.refused_by_bundler("pull", "-q", f"{registry.host}/demo", says=("redirect", "neither http nor https"))

    def test_redirects_without_end_are_refused(self):
        registry = self.led_to(lambda handler: handler.path)
        self.refused_by_bundler("pull", "-q", f"{registry.host}/demo", says="redirects")

    def foreign(self, url):
        """The image with a layer that its registry does not have, but somebody else."""
        manifest = json.loads(BIG.manifest)
        manifest["layers"][0]["urls"] = [url]
        text = json.dumps(manifest).encode()

        def answer(handler):
            if "/manifests/" in handler.path:
                handler.send(200, text, Content_Type=MANIFEST_TYPE)
            elif is_layer(handler):
                handler.send(404)
            else:
                return False
            return True

        return self.guarded(answer)

    def test_a_foreign_layer_is_fetched_without_credentials(self):
        registry = self.foreign(f"http://{self.other.host}/v2/x/blobs/{LAYER}")
        self.bundler_ok("pull", f"{registry.host}/demo")
        self.assertEqual([headers.get("Authorization") for _, headers in self.other.requests], [None])

    def test_the_host_of_a_foreign_layer_cannot_ask_for_the_credentials(self):
        asked = []
        self.other.answer = lambda handler: asked.append(handler.path) or handler.send(
            401, WWW_Authenticate=f'Bearer realm="http://{self.other.host}/token"') or True
        registry = self.foreign(f"http://{self.other.host}/layer")
        self.refused_by_bundler("pull", "-q", f"{registry.host}/demo", says="401")
        self.assertEqual(asked, ["/layer"])

    def test_a_foreign_layer_in_a_file_is_refused(self):
        registry = self.foreign("file:///etc/passwd")
        self.refused_by_bundler("pull", "-q", f"{registry.host}/demo", says="neither http nor https")


class Tokens(BundlerTest):
    """Tokens that do not last."""

    def with_tokens(self, valid):
        """A registry with a token service; valid(number of the token, handler) says whether it is let in."""
        self.scopes = []

        def answer(handler):
            if handler.path.startswith("/token"):
                self.scopes.append(handler.path)
                handler.send(200, json.dumps({"token": f"t{len(self.scopes)}"}).encode())
                return True
            word = handler.headers["Authorization"] or ""
            number = int(word.removeprefix("Bearer t")) if word else 0
            if number and valid(number, handler):
                return False
            more = ',error="insufficient_scope",scope="repository:demo:pull repository:base:pull"' if number else ',scope="repository:demo:pull"'
            handler.send(401, WWW_Authenticate=f'Bearer realm="http://{registry.host}/token",service="s"{more}')
            return True

        registry = self.registry(HELLO, answer)
        return registry

    def test_a_token_that_ends_in_the_middle_is_renewed_once(self):
        # The first is good for the manifest alone.
        registry = self.with_tokens(lambda number, handler: number > 1 or "/manifests/" in handler.path)
        self.bundler_ok("pull", f"{registry.host}/demo")
        self.assertEqual(len(self.scopes), 2)

    def test_a_scope_that_does_not_reach_is_widened(self):
        registry = self.with_tokens(lambda number, handler: number > 1)
        self.bundler_ok("pull", f"{registry.host}/demo")
        self.assertNotIn("base", self.scopes[0])
        self.assertIn("repository%3Abase%3Apull", self.scopes[1])

    def test_tokens_that_never_do_are_the_end(self):
        registry = self.with_tokens(lambda number, handler: False)
        self.refused_by_bundler("pull", f"{registry.host}/demo", says="401")
        self.assertLess(len(self.scopes), 5)


class Proxy(TlsTest):
    """Registries that are reached through a proxy; names ending in .test exist behind it alone."""

    def proxy(self, target):
        """Leads every request to the target. Gives its address, and the first lines it was sent."""
        listener = socket.create_server(("127.0.0.1", 0))
        lines, host, port = [], *target.split(":")

        def serve(client):
            with client, socket.create_connection((host, int(port))) as server:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(65536)
                line = head.split(b"\r\n")[0].decode()
                lines.append(line)
                if line.startswith("CONNECT"):
                    client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                else:  # one request to a connection
                    method, url, _ = line.split(" ")
                    path = "/" + url.split("/", 3)[3]
                    rest = head.split(b"\r\n", 1)[1].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
                    server.sendall(f"{method} {path} HTTP/1.1\r\n".encode() + rest)
                ends = {client: server, server: client}
                while True:
                    for end in select.select(list(ends), [], [])[0]:
                        data = end.recv(65536)
                        if not data:
                            return
                        ends[end].sendall(data)

        def accept():
            while True:
                try:
                    client = listener.accept()[0]
                except OSError:
                    return
                threading.Thread(target=serve, args=(client,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        self.addCleanup(lambda: (listener.shutdown(socket.SHUT_RDWR), listener.close(), thread.join()))
        return f"http://127.0.0.1:{listener.getsockname()[1]}", lines

    def test_http_goes_by_the_proxy(self):
        address, lines = self.proxy(self.registry(HELLO).host)
        self.bundler_ok("pull", "--plain-http", "registry.test/demo", env={"http_proxy": address})
        self.assertTrue(lines and all(line.startswith("GET http://registry.test/v2/demo/") for line in lines), lines)

    def test_tls_goes_through_the_proxy(self):
        self.signed("server", "ca", "subjectAltName=DNS:registry.test")
        address, lines = self.proxy(self.tls_registry().host)
        self.known("registry.test", ca_crt="ca.crt")
        self.bundler_ok("pull", "registry.test/demo", env={"https_proxy": address})
        self.assertTrue(lines and set(lines) == {"CONNECT registry.test:443 HTTP/1.1"}, lines)

    def test_no_proxy_and_this_machine_are_reached_without(self):
        registry = self.registry(HELLO)
        address, lines = self.proxy(registry.host)
        self.bundler_ok("pull", f"{registry.host}/demo", env={"http_proxy": address, "https_proxy": address})
        self.refused_by_bundler("pull", "--plain-http", "registry.test/demo", says="registry.test", env={"http_proxy": address, "no_proxy": ".test"})
        self.assertEqual(lines, [])

    def test_a_proxy_that_is_not_there_is_named(self):
        self.refused_by_bundler("pull", "--plain-http", "registry.test/demo", says="127.0.0.1 port 1", env={"http_proxy": "http://127.0.0.1:1"})
