"""Registries and archives that mean harm. What a layer could do is in tests/image/extract.cc and layer.cc."""

import json

from bundler import HELLO, BundlerTest
from registries import INDEX_TYPE, Image, basic, digest_of

ENDLESS = 64 << 20


class Registry(BundlerTest):
    def attempt(self, answer, *words):
        registry = self.registry(HELLO, answer)
        self.refused_by_bundler("pull", "--quiet", f"{registry.host}/demo:tag", says=["demo", *words], timeout=120)
        self.assertEqual(self.names(), [])
        return registry

    def redirected(self, place):
        def answer(handler):
            if "/blobs/" not in handler.path:
                return False
            handler.send(307, Location=place)
            return True

        return answer

    def test_a_redirect_to_a_file_or_to_where_clouds_keep_secrets_is_not_followed(self):
        for place in ("file:///etc/passwd", "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/x", "gopher://127.0.0.1/x", "ftp://127.0.0.1/x"):
            with self.subTest(place=place):
                self.attempt(self.redirected(place))

    def test_redirects_in_a_circle_end(self):
        registry = self.attempt(lambda handler: "/blobs/" in handler.path and (handler.send(307, Location=handler.path) or True))
        self.assertLess(len([path for path, _ in registry.requests if "/blobs/" in path]), 100)

    def test_a_redirect_to_another_place_takes_no_credentials_along(self):
        elsewhere = self.registry(HELLO)

        def answer(handler):
            if handler.headers["Authorization"] != basic("me", "secret"):
                handler.send(401, WWW_Authenticate='Basic realm="tested"')
            elif "/blobs/" in handler.path:
                handler.send(307, Location=f"http://{elsewhere.host}{handler.path}")
            else:
                return False
            return True

        registry = self.registry(HELLO, answer)
        self.bundler_ok("login", registry.host, "-u", "me", "--password-stdin", input="secret")
        self.bundler_ok("pull", f"{registry.host}/demo")
        self.assertEqual([headers.get("Authorization") for _, headers in elsewhere.requests], [None] * len(elsewhere.requests))
        self.assertGreater(len(elsewhere.requests), 0)

    def test_a_manifest_without_an_end_is_cut_off(self):
        def answer(handler):
            if "/manifests/" not in handler.path:
                return False
            handler.send_response(200)
            handler.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            handler.send_header("Content-Length", str(ENDLESS))
            handler.end_headers()
            try:
                for sent in range(ENDLESS >> 20):
                    most_sent.append(sent)
                    handler.wfile.write(b" " * (1 << 20))
            except OSError:
                handler.close_connection = True
            return True

        most_sent = []
        self.attempt(answer)
        self.assertLess(max(most_sent), 32, "megabytes that were taken")

    def test_indexes_that_lead_to_indexes_without_an_end_are_given_up(self):
        documents = {}
        data = HELLO.manifest
        for _ in range(50):
            digest = digest_of(data)
            documents[digest] = data
            data = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [{"mediaType": INDEX_TYPE, "digest": digest, "size": len(data)}]}).encode()

        def answer(handler):
            if "/manifests/" not in handler.path:
                return False
            name = handler.path.rsplit("/", 1)[1]
            handler.send(200, documents.get(name, data), Content_Type=INDEX_TYPE)
            return True

        registry = self.attempt(answer, "inside each other")
        self.assertLess(len([path for path, _ in registry.requests if "/manifests/" in path]), 20)

    def test_a_digest_that_is_a_path_is_refused(self):
        manifest = json.loads(HELLO.manifest)
        manifest["layers"][0]["digest"] = "sha256:../../../../etc/passwd"
        self.attempt(lambda handler: "/manifests/" in handler.path and (
            handler.send(200, json.dumps(manifest).encode(), Content_Type=manifest["mediaType"]) or True), "digest")

    def test_more_layers_than_the_configuration_knows_are_refused(self):
        image = Image({"a": b"a"}, {"b": b"b"})
        config = json.loads(image.config)
        config["rootfs"]["diff_ids"].pop()
        image.config = json.dumps(config).encode()
        image.blobs[digest_of(image.config)] = image.config
        manifest = json.loads(image.manifest)
        manifest["config"] |= {"digest": digest_of(image.config), "size": len(image.config)}
        image.manifest = json.dumps(manifest).encode()
        registry = self.registry(image)
        done = self.bundler("pull", "--quiet", f"{registry.host}/demo")
        if done.code == 0:
            done = self.bundler("unpack", "--quiet", f"{registry.host}/demo", self.folder / "b")
        self.one_line(done, "2", "1")
        self.assertFalse((self.folder / "b").exists())


class References(BundlerTest):
    def test_a_reference_cannot_carry_a_header_or_a_path(self):
        for name in ("h.io/a\r\nX: y", "h.io/a/../../b", "h.io/a?x=y", "h.io/a#b", "u:p@h.io/a", "h.io/a:t/../x", "h.io/a@sha256:../.."):
            with self.subTest(name=name):
                self.refused_by_bundler("pull", "--quiet", name)
