"""The bundler's store: names, what they keep, and images to and from other programs."""

import json
import os
import shutil
import subprocess
import unittest

from bundler import BundlerTest
from harness import BUNDLER

FORMATS = {"oci-layout": "oci:{}:v1", "oci-archive": "oci-archive:{}", "docker-archive": "docker-archive:{}"}


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"needs {program}")


class Store(BundlerTest):
    def setUp(self):
        super().setUp()
        self.bundler_ok("import", self.runnable(), "one:v1")

    def blobs(self):
        return sorted(os.listdir(self.store / "blobs/sha256"))

    def test_inspect_tells_configuration_and_layers(self):
        (seen,) = self.bundler_ok("inspect", "one:v1").json
        self.assertEqual(seen["name"], "docker.io/library/one:v1")
        self.assertEqual(seen["config"]["Cmd"], ["/bin/sh"])
        self.assertEqual(len(seen["layers"]), 1)
        self.assertIn(seen["layers"][0]["digest"].removeprefix("sha256:"), self.blobs())
        self.refused_by_bundler("inspect", "absent", says=("absent", "no image"))

    def test_a_further_name_keeps_the_image_when_the_first_is_taken_away(self):
        before = self.blobs()
        self.bundler_ok("tag", "one:v1", "localhost:5000/two:v2")
        self.bundler_ok("remove", "one:v1")
        self.assertEqual((self.names(), self.blobs()), (["localhost:5000/two:v2"], before))
        self.bundler_ok("remove", "localhost:5000/two:v2")
        self.assertEqual((self.names(), self.blobs()), ([], []))

    def test_removing_what_is_not_there_is_an_error(self):
        self.refused_by_bundler("remove", "absent", says=("absent", "no image"))
        self.assertEqual(len(self.names()), 1)

    def test_a_tag_must_be_a_tag(self):
        self.refused_by_bundler("tag", "one:v1", "two@sha256:" + "0" * 64, says="must be a tag")

    def test_prune_frees_what_no_name_leads_to(self):
        (self.store / "blobs/sha256" / ("0" * 64)).write_text("left by a killed bundler")
        self.assertEqual(self.bundler_ok("prune", "--json").json, {"blobs": ["sha256:" + "0" * 64], "bytes": 24, "layers": []})
        self.assertEqual(len(self.blobs()), 3)

    def test_each_format_comes_back_as_the_same_root_file_system(self):
        (original,) = self.bundler_ok("inspect", "one:v1").json
        for number, form in enumerate(FORMATS):
            with self.subTest(form):
                path = self.folder / f"exported-{form}"
                self.bundler_ok("export", "--format", form, "one:v1", path)
                self.bundler_ok("import", path, f"again:{number}")
                (again,) = self.bundler_ok("inspect", f"again:{number}").json
                self.assertEqual([layer["diff_id"] for layer in again["layers"]], [layer["diff_id"] for layer in original["layers"]])
                self.assertEqual(again["config"], original["config"])

    def test_an_archive_can_go_to_standard_output_and_a_layout_cannot(self):
        path = self.folder / "out.tar"
        with open(path, "wb") as out:
            subprocess.run([BUNDLER, "--store", self.store, "export", "one:v1", "-"], stdout=out, check=True)
        self.bundler_ok("import", path, "again")
        self.refused_by_bundler("export", "--format", "oci-layout", "one:v1", "-", says="standard output")

    def test_an_archive_appears_whole_or_not_at_all(self):
        blob = self.bundler_ok("inspect", "one:v1").json[0]["layers"][0]["digest"].removeprefix("sha256:")
        (self.store / "blobs/sha256" / blob).write_bytes(b"damage")
        self.refused_by_bundler("export", "one:v1", self.folder / "out.tar", says="blob")
        self.assertEqual([name for name in os.listdir(self.folder) if "out.tar" in name], [])

    @needs("skopeo")
    def test_skopeo_reads_each_format_and_we_read_its(self):
        for number, (form, name) in enumerate(FORMATS.items()):
            with self.subTest(form):
                path, copy = self.folder / f"ours-{form}", self.folder / f"its-{form}"
                self.bundler_ok("export", "--format", form, "one:v1", path)
                tag = "docker-archive:{}:localhost/one:v1" if form == "docker-archive" else name
                done = self.call("skopeo", "--insecure-policy", "--tmpdir", self.folder, "copy", name.format(path), tag.format(copy))
                self.assertEqual(done.code, 0, done)
                self.bundler_ok("import", copy, f"skopeo:{number}")
                bundle = self.folder / f"bundle-{form}"
                self.bundler_ok("unpack", f"skopeo:{number}", bundle, "/bin/echo", form)
                self.assertEqual(self.run_bundle(bundle), form + "\n")

    @needs("umoci")
    def test_umoci_unpacks_our_layout(self):
        layout, bundle = self.folder / "layout", self.folder / "umoci"
        self.bundler_ok("export", "one:v1", layout)
        done = self.call("umoci", "unpack", "--image", f"{layout}:v1", bundle)
        self.assertEqual(done.code, 0, done)
        self.assertTrue((bundle / "rootfs/probe").exists())
        self.assertEqual(json.loads((bundle / "config.json").read_text())["process"]["args"], ["/bin/sh"])
