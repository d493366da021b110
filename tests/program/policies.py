"""The bundler and signature policies: what is accepted, what is refused and why."""

import base64
import json
import pathlib
import shutil
import subprocess
import unittest

from bundler import HELLO, BundlerTest
from registries import MANIFEST_TYPE, DockerRegistry, Image, digest_of, layer_tar

ACCEPT = [{"type": "insecureAcceptAnything"}]
REJECT = [{"type": "reject"}]
SIGNATURE = "dev.cosignproject.cosign/signature"
PAYLOAD_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"


def payload(name, manifest, kind="atomic container signature", **more):
    critical = {"type": kind, "image": {"docker-manifest-digest": digest_of(manifest)}, "identity": {"docker-reference": name}, **more}
    return json.dumps({"critical": critical, "optional": None if "cosign" in kind else {"creator": "tests"}}).encode()


class PolicyTest(BundlerTest):
    def setUp(self):
        super().setUp()
        self.config = pathlib.Path(self.environment["HOME"]) / ".config/containers"
        self.config.mkdir(parents=True)

    def policy(self, otherwise, **transports):
        (self.config / "policy.json").write_text(json.dumps({"default": otherwise, "transports": transports}))

    def places(self, text):
        (self.config / "registries.d").mkdir(exist_ok=True)
        (self.config / "registries.d/tests.yaml").write_text(text)

    def run_tool(self, *words, **more):
        return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, **more).stdout


class Rules(PolicyTest):
    def setUp(self):
        super().setUp()
        self.host = self.registry(HELLO).host

    def test_what_the_policy_rejects_is_not_pulled_and_no_layer_is_fetched(self):
        registry = self.registry(HELLO)
        self.policy(REJECT)
        self.refused_by_bundler("pull", f"{registry.host}/demo", says="the policy rejects it")
        self.assertEqual([path for path, _ in registry.requests if "/blobs/" in path], [])
        self.assertEqual(self.names(), [])

    def test_the_most_specific_scope_counts(self):
        self.policy(REJECT, docker={self.host: REJECT, f"{self.host}/a": ACCEPT, f"{self.host}/a/b": REJECT, f"{self.host}/a/b:good": ACCEPT})
        self.bundler_ok("pull", f"{self.host}/a/c", f"{self.host}/a/b:good")
        self.refused_by_bundler("pull", f"{self.host}/a/b:other", says="rejects")
        self.refused_by_bundler("pull", f"{self.host}/ab", says="rejects")

    def test_every_requirement_must_hold(self):
        self.policy(ACCEPT + REJECT)
        self.refused_by_bundler("pull", f"{self.host}/demo", says="rejects")

    def test_the_policy_of_the_command_line_comes_first(self):
        self.policy(REJECT)
        file = self.folder / "mine.json"
        file.write_text(json.dumps({"default": ACCEPT}))
        self.bundler_ok("--policy", file, "pull", f"{self.host}/demo")
        self.refused_by_bundler("--policy", self.folder / "none.json", "pull", f"{self.host}/demo", says="none.json")

    def test_what_a_policy_has_and_we_do_not_know_is_an_error(self):
        for policy, says in [
            ({}, "default"),
            ({"default": []}, "default: must not be empty"),
            ({"default": [{"type": "insecureacceptanything"}]}, "default[0].type"),
            ({"default": [{"type": "reject", "except": "me"}]}, "default[0].except"),
            ({"default": ACCEPT, "transport": {}}, "transport"),
            ({"default": ACCEPT, "transports": {"dokcer": {}}}, "dokcer"),
            ({"default": ACCEPT, "transports": {"oci": {"relative": REJECT}}}, "relative"),
            ({"default": [{"type": "signedBy", "keyType": "X509", "keyPath": "/k"}]}, "GPGKeys"),
            ({"default": [{"type": "signedBy", "keyType": "GPGKeys"}]}, "exactly one of"),
            ({"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k", "keyData": "aaaa"}]}, "exactly one of"),
            ({"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k", "signedIdentity": {"type": "matchAll"}}]}, "signedIdentity.type"),
            ({"default": [{"type": "sigstoreSigned", "keyPath": "/k", "rekorPublicKeyPath": "/r"}]}, "rekorPublicKeyPath is not supported"),
            ({"default": [{"type": "sigstoreSigned", "fulcio": {}}]}, "fulcio is not supported"),
        ]:
            with self.subTest(policy):
                (self.config / "policy.json").write_text(json.dumps(policy))
                self.refused_by_bundler("pull", f"{self.host}/demo", says=says)

    def test_what_is_imported_is_asked_about_by_its_transport_and_path(self):
        layout = Image({"hello": b"x"}).write_layout(self.folder / "layout")
        archive = self.folder / "archive.tar"
        self.policy(ACCEPT)
        self.bundler_ok("import", layout, "one:1")
        self.bundler_ok("export", "one:1", archive)
        self.policy(ACCEPT, oci={"": REJECT, str(self.folder / "layout"): ACCEPT}, **{"oci-archive": {str(self.folder): REJECT}, "tarball": {"": REJECT}})
        self.bundler_ok("import", layout, "two:1")
        shutil.copytree(layout, self.folder / "elsewhere")
        self.refused_by_bundler("import", self.folder / "elsewhere", "three:1", says="rejects")
        self.refused_by_bundler("import", archive, "three:1", says="rejects")
        (self.folder / "root").mkdir()
        self.refused_by_bundler("import", self.folder / "root", "three:1", says="rejects")
        link = self.folder / "link"
        link.symlink_to(self.folder / "layout")
        self.bundler_ok("import", link, "four:1")


class Signed(PolicyTest):
    def check(self, says=None, name="demo:tag"):
        self.environment["TMPDIR"] = str(self.folder)
        if says:
            self.refused_by_bundler("pull", f"{self.host}/{name}", says=says)
        else:
            self.bundler_ok("pull", f"{self.host}/{name}")
        self.assertEqual([path.name for path in self.folder.glob("coracle-gpg-*")], [])


@unittest.skipUnless(shutil.which("gpg"), "needs gpg")
class SimplySigned(Signed):
    def setUp(self):
        super().setUp()
        self.host = self.registry(HELLO).host
        self.lookaside = self.folder / "lookaside"
        self.places(f"docker:\n  {self.host}:\n    lookaside: file://{self.lookaside}\n")
        self.key = self.new_key("me")
        self.policy(REJECT, docker={self.host: [self.requirement()]})

    def new_key(self, name, *options):
        home = self.folder / f"gnupg-{name}"
        home.mkdir(mode=0o700)
        gpg = ["gpg", "--homedir", home, "--batch", "--no-tty", "--passphrase", "", *options]
        self.addCleanup(subprocess.run, ["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, env=self.environment)
        self.run_tool(*gpg, "--quick-generate-key", f"{name}@example.com", "rsa2048", "sign", "never")
        (self.folder / f"{name}.gpg").write_bytes(self.run_tool(*gpg, "--export"))
        return gpg

    def requirement(self, key="me", **more):
        return {"type": "signedBy", "keyType": "GPGKeys", "keyPath": str(self.folder / f"{key}.gpg"), **more}

    def sign(self, data, number=1, key=None):
        place = self.lookaside / f"demo@{digest_of(HELLO.manifest).replace(':', '=')}"
        place.mkdir(parents=True, exist_ok=True)
        signature = self.run_tool(*(key or self.key), "--sign", "--output", "-", input=data)
        (place / f"signature-{number}").write_bytes(signature)
        return place / f"signature-{number}"

    def test_a_good_signature_is_accepted(self):
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest))
        self.check()

    def test_without_a_signature_it_is_refused(self):
        self.check(says="there is none")

    def test_a_signature_of_another_key_is_refused(self):
        other = self.new_key("other")
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest), key=other)
        self.check(says="which the policy does not trust")

    def test_one_good_signature_among_others_is_enough(self):
        other = self.new_key("other")
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest), key=other)
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest), number=2)
        self.check()

    def test_all_signers_that_are_wanted_must_have_signed(self):
        self.new_key("other")
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest))
        self.policy(REJECT, docker={self.host: [self.requirement(), self.requirement("other")]})
        self.check(says="does not trust")

    def test_several_keys_may_be_in_several_files_or_in_the_policy(self):
        self.new_key("other")
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest))
        both = [str(self.folder / "other.gpg"), str(self.folder / "me.gpg")]
        self.policy(REJECT, docker={self.host: [{"type": "signedBy", "keyType": "GPGKeys", "keyPaths": both}]})
        self.check()
        data = base64.b64encode((self.folder / "me.gpg").read_bytes()).decode()
        self.policy(REJECT, docker={self.host: [{"type": "signedBy", "keyType": "GPGKeys", "keyData": data}]})
        self.check()

    def test_a_signature_of_another_manifest_is_refused(self):
        self.sign(payload(f"{self.host}/demo:tag", b"another"))
        self.check(says=("is for the digest", digest_of(HELLO.manifest)))

    def test_a_signature_of_another_name_is_refused(self):
        self.sign(payload(f"{self.host}/demo:other", HELLO.manifest))
        self.check(says=("is for the name", "demo:other"))

    def test_a_changed_signature_is_refused(self):
        file = self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest))
        file.write_bytes(payload(f"{self.host}/demo:tag", HELLO.manifest))
        self.check(says="is no signed OpenPGP message")

    def test_a_signature_that_says_more_than_we_know_is_refused(self):
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest, surprise=1))
        self.check(says="not known")

    def test_an_expired_signature_is_refused(self):
        past = self.new_key("past", "--faked-system-time", "20200101T000000", "--default-sig-expire", "1d")
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest), key=past)
        self.policy(REJECT, docker={self.host: [self.requirement("past")]})
        self.check(says="has expired")

    def test_a_key_file_without_keys_is_an_error(self):
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest))
        (self.folder / "me.gpg").write_bytes(b"nothing")
        self.check(says="me.gpg")

    def test_the_identity_may_be_the_repositorys_or_another_ones(self):
        self.sign(payload("vendor.example.com/product:v1", HELLO.manifest))
        exact = {"type": "exactReference", "dockerReference": "vendor.example.com/product:v1"}
        for identity, says in [
            (exact, None),
            ({**exact, "dockerReference": "vendor.example.com/product:v2"}, "is for the name"),
            ({"type": "exactRepository", "dockerRepository": "vendor.example.com/product"}, None),
            ({"type": "matchRepository"}, "is for the name"),
            ({"type": "remapIdentity", "prefix": f"{self.host}/demo", "signedPrefix": "vendor.example.com/product"}, None),
        ]:
            with self.subTest(identity):
                self.policy(REJECT, docker={self.host: [self.requirement(signedIdentity=identity)]})
                self.check(says, name="demo:v1")

    def test_by_digest_any_tag_of_the_repository_will_do_unless_it_must_be_exact(self):
        self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest))
        name = f"demo@{digest_of(HELLO.manifest)}"
        self.check(name=name)
        self.policy(REJECT, docker={self.host: [self.requirement(signedIdentity={"type": "matchExact"})]})
        self.check(says="is for the name", name=name)

    def test_signatures_come_by_http_too(self):
        signature = self.sign(payload(f"{self.host}/demo:tag", HELLO.manifest)).read_bytes()

        def answer(handler):
            known = handler.path.endswith("/signature-1") and handler.path.startswith("/keep/demo@sha256=")
            handler.send(200 if known else 404, signature if known else b"")
            return True

        self.places(f"docker:\n  {self.host}:\n    sigstore: http://{self.registry(HELLO, answer).host}/keep/\n")
        self.check()

    def test_a_registries_d_that_we_do_not_understand_is_an_error(self):
        for text, says in [("docker: [", "tests.yaml"), ("dokcer: {}", "dokcer"), ("default-docker:\n  lookaside: ftp://a/b", "lookaside"), ("docker: {a: &x {}, b: *x}", "aliases")]:
            with self.subTest(text):
                self.places(text)
                self.check(says=says)

    @unittest.skipUnless(shutil.which("skopeo") and shutil.which("docker-registry"), "needs skopeo and docker-registry")
    def test_what_skopeo_signs_is_accepted(self):
        registry = DockerRegistry(self.folder, self.environment)
        self.addCleanup(registry.close)
        self.host = registry.host
        # This skopeo reads no other folder than it is told.
        places = self.folder / "registries.d"
        places.mkdir()
        text = f"docker:\n  {self.host}:\n    sigstore: file://{self.lookaside}\n    lookaside: file://{self.lookaside}\n"
        (places / "tests.yaml").write_text(text)
        self.places(text)
        layout = Image(layer_tar({"hello": b"signed"})).write_layout(self.folder / "layout")
        home = {**self.environment, "GNUPGHOME": str(self.folder / "gnupg-me")}
        subprocess.run(["skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--registries.d", str(places), "--sign-by", "me@example.com",
                        f"oci:{layout}:latest", f"docker://{self.host}/demo:tag"], check=True, env=home, stdout=subprocess.PIPE)
        self.policy(REJECT, docker={self.host: [self.requirement()]})
        self.check()
        # The same image under a name that nobody signed.
        self.run_tool("skopeo", "copy", "--insecure-policy", "--src-tls-verify=false", "--dest-tls-verify=false", "--remove-signatures",
                      f"docker://{self.host}/demo:tag", f"docker://{self.host}/demo:other")
        self.check(says="is for the name", name="demo:other")


class SigstoreRegistry:
    """Answers for one image with what stands beside it."""

    def __init__(self, signatures):
        self.blobs = {digest_of(data): data for data, _ in signatures}
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(b"{}"), "size": 2},
            "layers": [{"mediaType": PAYLOAD_TYPE, "digest": digest_of(data), "size": len(data), "annotations": {SIGNATURE: signature}} for data, signature in signatures],
        }).encode()
        self.tag = digest_of(HELLO.manifest).replace(":", "-") + ".sig"

    def __call__(self, handler):
        last = handler.path.rsplit("/", 1)[1]
        if last.endswith(".sig"):
            known = last == self.tag and self.blobs
            handler.send(200 if known else 404, self.manifest if known else b"{}", Content_Type=MANIFEST_TYPE)
            return True
        if last in self.blobs:
            handler.send(200, self.blobs[last])
            return True
        return False


@unittest.skipUnless(shutil.which("openssl"), "needs openssl")
class SigstoreSigned(Signed):
    def new_key(self, name, *how):
        self.run_tool("openssl", "genpkey", *(how or ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")), "-out", self.folder / f"{name}.key")
        self.run_tool("openssl", "pkey", "-in", self.folder / f"{name}.key", "-pubout", "-out", self.folder / f"{name}.pub")

    def sign(self, data, key="me"):
        return base64.b64encode(self.run_tool("openssl", "dgst", "-sha256", "-sign", self.folder / f"{key}.key", input=data)).decode()

    def requirement(self, key="me", **more):
        return {"type": "sigstoreSigned", "keyPath": str(self.folder / f"{key}.pub"), **more}

    def serve(self, *signatures, **more):
        self.host = self.registry(HELLO, SigstoreRegistry(signatures)).host
        self.places(f"docker:\n  {self.host}:\n    use-sigstore-attachments: true\n")
        more = more or {"signedIdentity": {"type": "exactRepository", "dockerRepository": "vendor.example.com/product"}}
        self.policy(REJECT, docker={self.host: [self.requirement(**more)]})

    def claim(self, manifest=HELLO.manifest, name="vendor.example.com/product"):
        return payload(name, manifest, "cosign container image signature")

    def setUp(self):
        super().setUp()
        self.new_key("me")

    def test_a_good_signature_is_accepted(self):
        self.serve((self.claim(), self.sign(self.claim())))
        self.check()

    def test_an_rsa_key_is_as_good(self):
        self.new_key("me", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        self.serve((self.claim(), self.sign(self.claim())))
        self.check()

    def test_another_kind_of_key_is_refused(self):
        self.new_key("me", "-algorithm", "ED25519")
        self.serve((self.claim(), "aaaa"))
        self.check(says="neither ECDSA nor RSA")

    def test_without_a_signature_it_is_refused(self):
        self.serve()
        self.check(says="there is none")

    def test_a_signature_of_another_key_is_refused(self):
        self.new_key("other")
        self.serve((self.claim(), self.sign(self.claim(), "other")))
        self.check(says="does not trust")

    def test_another_payload_than_the_signed_one_is_refused(self):
        self.serve((self.claim(), self.sign(self.claim(name="vendor.example.com/other"))))
        self.check(says="has been changed")

    def test_a_signature_of_another_manifest_is_refused(self):
        self.serve((self.claim(b"another"), self.sign(self.claim(b"another"))))
        self.check(says="is for the digest")

    def test_a_signature_that_names_no_tag_is_not_that_of_a_tag(self):
        self.serve((self.claim(), self.sign(self.claim())), signedIdentity={"type": "matchRepoDigestOrExact"})
        self.check(says="is for the name")

    def test_a_simple_signatures_document_is_refused(self):
        data = payload("vendor.example.com/product", HELLO.manifest)
        self.serve((data, self.sign(data)))
        self.check(says="must be another type")

    def test_attachments_are_not_looked_for_unless_registries_d_says_so(self):
        self.serve((self.claim(), self.sign(self.claim())))
        self.places("docker: {}\n")
        self.check(says="use-sigstore-attachments")
