"""The bundler and images of several platforms: indexes as a whole, and what is picked from them."""

import json
import shutil
import subprocess
import tarfile
import unittest

from bundler import BundlerTest
from registries import INDEX_TYPE, MANIFEST_TYPE, DockerRegistry, Image, digest_of

REF_NAME = "org.opencontainers.image.ref.name"
SHARED = {"shared": b"the same everywhere\n"}


def descriptor(document, kind=MANIFEST_TYPE, **more):
    return {"mediaType": kind, "digest": digest_of(document), "size": len(document), **more}


def index_of(*entries):
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": list(entries)}).encode()


def platform(architecture):
    return {"platform": {"os": "linux", "architecture": architecture}}


class Many:
    """One image for two platforms that share a layer, and an index of both."""

    def __init__(self, more=()):
        self.images = {name: Image(SHARED, {"for": name.encode()}, architecture=name) for name in ("amd64", "arm64")}
        self.index = index_of(*[descriptor(image.manifest, **platform(name)) for name, image in self.images.items()], *more)
        self.blobs = {digest: data for image in self.images.values() for digest, data in image.blobs.items()}
        self.documents = {digest_of(image.manifest): image.manifest for image in self.images.values()}
        self.documents[digest_of(self.index)] = self.index

    def serve(self, handler, top=None):
        kind, name = handler.path.rsplit("/", 2)[1:]
        if kind == "manifests":
            document = self.documents.get(name, b"") if ":" in name else top or self.index
            types = json.loads(document or b"{}").get("mediaType", "")
            handler.send(200 if document else 404, document, Content_Type=types)
            return True
        if kind == "blobs" and name in self.blobs:
            handler.send(200, self.blobs[name])
            return True
        return False

    def write_layout(self, folder, entries=None):
        blobs = folder / "blobs/sha256"
        blobs.mkdir(parents=True)
        for digest, data in {**self.blobs, **self.documents}.items():
            (blobs / digest.split(":")[1]).write_bytes(data)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (folder / "index.json").write_bytes(index_of(*(entries or [descriptor(self.index, INDEX_TYPE, annotations={REF_NAME: "latest"})])))
        return folder


class Indexes(BundlerTest):
    def setUp(self):
        super().setUp()
        self.many = Many()

    def imported(self):
        self.bundler_ok("import", "--all-platforms", self.many.write_layout(self.folder / "layout"), "many:1")

    def made_for(self, *options):
        """What the bundle of many:1 was made for."""
        out = self.folder / f"out{len(options)}{''.join(options).replace('/', '')}"
        self.bundler_ok("unpack", *options, "many:1", out)
        return (out / "rootfs/for").read_text()

    def test_a_whole_index_is_pulled_under_its_name(self):
        host = self.registry(self.many.images["amd64"], self.many.serve).host
        self.bundler_ok("pull", "--all-platforms", f"{host}/many:1")
        (row,) = self.images()
        self.assertEqual(row["digest"], digest_of(self.many.index))
        self.assertEqual(row["platforms"], ["linux/amd64", "linux/arm64"])
        self.assertEqual(row["size"], sum(map(len, {**self.many.blobs, **self.many.documents}.values())))
        self.assertIn("many", self.bundler_ok("images").out)

    def test_what_both_share_is_fetched_once(self):
        registry = self.registry(self.many.images["amd64"], self.many.serve)
        self.bundler_ok("pull", "--all-platforms", f"{registry.host}/many:1")
        asked = [path for path, _ in registry.requests if "/blobs/" in path]
        self.assertEqual(len(asked), len(set(asked)))
        self.assertEqual(len(asked), len(self.many.blobs))

    def test_one_image_is_pulled_as_ever_when_there_is_no_index(self):
        image = Image({"hello": b"x"})
        host = self.registry(image).host
        self.bundler_ok("pull", "--all-platforms", f"{host}/one:1")
        self.assertEqual(self.images()[0]["digest"], digest_of(image.manifest))

    def test_a_platform_is_picked_from_it(self):
        self.imported()
        self.assertEqual(self.made_for("--platform", "linux/arm64"), "arm64")
        self.assertEqual(self.made_for("--platform", "linux/amd64"), "amd64")
        self.assertIn(self.made_for(), ("amd64", "arm64"))
        self.refused_by_bundler("unpack", "--pull", "never", "--platform", "linux/s390x", "many:1", self.folder / "no", says=("s390x", "on offer: linux/amd64, linux/arm64"))

    def test_a_single_image_is_not_taken_for_another_platforms(self):
        self.bundler_ok("import", "--platform", "linux/arm64", self.many.write_layout(self.folder / "layout"), "one:1")
        self.refused_by_bundler("unpack", "--pull", "never", "--platform", "linux/amd64", "one:1", self.folder / "no", says="is for linux/arm64, wanted linux/amd64")

    def test_inspect_lists_the_images_or_shows_one(self):
        self.imported()
        (whole,) = self.bundler_ok("inspect", "many:1").json
        self.assertEqual([image["platform"] for image in whole["images"]], ["linux/amd64", "linux/arm64"])
        (one,) = self.bundler_ok("inspect", "--platform", "linux/arm64", "many:1").json
        self.assertEqual((one["architecture"], one["digest"]), ("arm64", whole["images"][1]["digest"]))

    def test_it_is_exported_and_imported_as_a_whole(self):
        self.imported()
        for to in ("whole.tar", "whole"):
            self.bundler_ok("export", "many:1", self.folder / to)
            self.bundler_ok("import", "--all-platforms", self.folder / to, f"again:{to}")
        self.assertEqual({row["digest"] for row in self.images()}, {digest_of(self.many.index)})

    def test_one_platform_is_exported_from_it(self):
        self.imported()
        self.bundler_ok("export", "--platform", "linux/arm64", "many:1", self.folder / "one")
        (entry,) = json.loads((self.folder / "one/index.json").read_text())["manifests"]
        self.assertEqual(entry["digest"], digest_of(self.many.images["arm64"].manifest))
        self.assertEqual(len(list((self.folder / "one/blobs/sha256").iterdir())), 4)
        self.bundler_ok("export", "--platform", "linux/arm64", "--format", "docker-archive", "many:1", self.folder / "docker.tar")
        with tarfile.open(self.folder / "docker.tar") as tar:
            self.assertIn(digest_of(self.many.images["arm64"].config).split(":")[1] + ".json", tar.getnames())

    def test_several_entries_of_a_layout_become_one_index(self):
        entries = [descriptor(image.manifest, **platform(name)) for name, image in self.many.images.items()]
        self.bundler_ok("import", "--all-platforms", self.many.write_layout(self.folder / "layout", entries), "many:1")
        self.assertEqual(self.made_for("--platform", "linux/arm64"), "arm64")

    def test_prune_keeps_it_whole_and_remove_frees_all_of_it(self):
        self.imported()
        self.bundler_ok("tag", "many:1", "many:2")
        self.bundler_ok("remove", "many:1")
        self.assertEqual(self.bundler_ok("prune", "--json").json["blobs"], [])
        self.bundler_ok("export", "many:2", self.folder / "whole")
        self.bundler_ok("remove", "many:2")
        self.assertEqual(list((self.store / "blobs/sha256").iterdir()), [])

    def test_it_is_pushed_as_a_whole_or_one_platform_of_it(self):
        if not shutil.which("docker-registry"):
            self.skipTest("docker-registry is not installed")
        registry = DockerRegistry(self.folder, self.environment)
        self.addCleanup(registry.close)
        self.imported()
        self.bundler_ok("push", "many:1", f"{registry.host}/a:whole")
        self.bundler_ok("push", "--platform", "linux/arm64", "many:1", f"{registry.host}/a:one")
        self.bundler_ok("pull", "--all-platforms", f"{registry.host}/a:whole", f"{registry.host}/a:one")
        digests = {row["name"].rsplit(":", 1)[1]: row["digest"] for row in self.images()}
        self.assertEqual(digests["whole"], digest_of(self.many.index))
        self.assertEqual(digests["one"], digest_of(self.many.images["arm64"].manifest))
        if shutil.which("skopeo"):
            seen = subprocess.run(["skopeo", "copy", "--all", "--insecure-policy", "--src-tls-verify=false", f"docker://{registry.host}/a:whole", f"oci:{self.folder}/sk:x"],
                                  capture_output=True, env=self.environment)
            self.assertEqual(seen.returncode, 0, seen.stderr)

    def test_what_is_not_an_image_in_an_index_is_kept_and_passed_over(self):
        about = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": descriptor(b"{}", "application/vnd.oci.image.config.v1+json"),
                            "layers": [descriptor(b"said", "application/vnd.in-toto+json")]}).encode()
        self.many = Many([descriptor(about, platform={"os": "unknown", "architecture": "unknown"})])
        self.many.documents[digest_of(about)] = about
        self.many.blobs.update({digest_of(b"{}"): b"{}", digest_of(b"said"): b"said"})
        host = self.registry(self.many.images["amd64"], self.many.serve).host
        self.bundler_ok("pull", "--all-platforms", f"{host}/many:1")
        self.assertEqual(self.images()[0]["platforms"], ["linux/amd64", "linux/arm64"])
        self.bundler_ok("export", f"{host}/many:1", self.folder / "whole")
        self.assertTrue((self.folder / "whole/blobs/sha256" / digest_of(b"said").split(":")[1]).exists())

    def test_every_image_of_the_index_must_be_accepted(self):
        host = self.registry(self.many.images["amd64"], self.many.serve).host
        policy = self.folder / "policy.json"
        policy.write_text('{"default": [{"type": "reject"}]}')
        self.refused_by_bundler("--policy", policy, "pull", "--all-platforms", f"{host}/many:1", says=("rejects", digest_of(self.many.images["amd64"].manifest)))

    def test_both_options_at_once_are_refused(self):
        self.refused_by_bundler("pull", "--all-platforms", "--platform", "linux/amd64", "a", says="--platform")


class Abuse(BundlerTest):
    def refuse(self, many, top, says):
        host = self.registry(many.images["amd64"], lambda handler: many.serve(handler, top)).host
        self.refused_by_bundler("pull", "--all-platforms", f"{host}/many:1", says=says)
        self.assertEqual(self.names(), [])

    def test_an_index_nested_too_deep_is_refused(self):
        many = Many()
        top = many.index
        for _ in range(6):
            top = index_of(descriptor(top, INDEX_TYPE))
            many.documents[digest_of(top)] = top
        self.refuse(many, top, "nested more than 4 deep")

    def test_an_index_without_end_is_refused(self):
        many = Many()
        entries = []
        for number in range(1001):
            document = index_of(descriptor(many.images["amd64"].manifest, annotations={"n": str(number)}))
            many.documents[digest_of(document)] = document
            entries.append(descriptor(document, INDEX_TYPE))
        self.refuse(many, index_of(*entries), "more than 1000 documents")

    def test_an_entry_of_another_kind_is_refused(self):
        many = Many([{**descriptor(b"x"), "mediaType": "application/x-what"}])
        self.refuse(many, many.index, "application/x-what")

    def test_an_index_without_any_image_is_refused(self):
        many = Many()
        self.refuse(many, index_of(), "lists no image")
