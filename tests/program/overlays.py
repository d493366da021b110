"""Bundles on layers that they share: create, mount, umount, delete, diff, commit."""

import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import time
import unittest

from bundler import BundlerTest
from harness import BUNDLER
from registries import Image, layer_tar, link


NOW = time.time() - 86400  # what is younger was made by the test


def entry(name, kind=tarfile.DIRTYPE, mode=0o755, owner=0, mtime=1_000_000_000, **more):
    made = tarfile.TarInfo(name)
    made.type, made.mode, made.uid, made.gid, made.mtime = kind, mode, owner, owner, mtime
    for member, value in more.items():
        setattr(made, member, value)
    return made


def listing(root, folder_times=True):
    """All of a root file system that can be seen."""
    seen = {}
    for folder, folders, files in os.walk(root):
        for name in [".", *folders, *files]:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            key = os.path.normpath(os.path.relpath(path, root))
            what = os.readlink(path) if os.path.islink(path) else pathlib.Path(path).read_bytes() if os.path.isfile(path) else b""
            # What the flat form writes into the root is newer than the root's entry.
            mtime = "any" if key == "." or (os.path.isdir(path) and not folder_times) else int(st.st_mtime) if st.st_mtime < NOW else "now"
            seen[key] = (oct(st.st_mode), st.st_uid, st.st_gid, st.st_rdev, mtime, what)
    return seen


class Overlays(BundlerTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.unmount_all)

    def unmount_all(self):
        for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
            place = line.split()[4]
            if place.startswith(str(self.folder)):
                subprocess.run(["umount", "--lazy", place], check=True)

    def import_runnable(self):
        self.bundler_ok("import", self.runnable(), "one:v1")

    def create(self, name, image="one:v1", *words):
        self.bundler_ok("create", image, self.folder / name, "--", *words)
        return self.folder / name

    def import_image(self, image, name):
        layout = image.write_layout(self.folder / f"layout-{name}")
        self.bundler_ok("import", layout, name)

    def layers(self):
        return sorted(os.listdir(self.store / "layers"))

    # What a bundle is.

    def test_a_bundle_runs_and_keeps_its_changes_apart_from_the_layers(self):
        self.import_runnable()
        first = self.create("first", "one:v1", "sh", "-c", "echo mine > /written; cat /written")
        second = self.create("second", "one:v1", "sh", "-c", "ls /written || echo absent")
        self.assertEqual(self.run_bundle(first), "mine\n")
        self.assertEqual(self.run_bundle(second).strip(), "absent")
        self.assertEqual((first / "upper/written").read_text(), "mine\n")
        self.assertEqual(len(self.layers()), 1)

    def test_a_bundle_is_whole_or_not_there(self):
        self.import_runnable()
        self.refused_by_bundler("create", "one:v1", self.folder / "b", "--user", "nobody-here", says="nobody-here")
        self.assertEqual([path.name for path in self.folder.iterdir() if "b" in path.name and path.name != "rootfs"], [])
        (self.folder / "taken").mkdir()
        (self.folder / "taken/file").write_text("mine")
        self.refused_by_bundler("create", "one:v1", self.folder / "taken", says="not empty")

    def test_the_working_folder_is_made_in_the_bundle(self):
        self.import_runnable()
        self.bundler_ok("create", "--workdir", "/made/here", "one:v1", self.folder / "b", "sh", "-c", "pwd")
        self.assertEqual(self.run_bundle(self.folder / "b"), "/made/here\n")

    def test_umount_and_mount_again_keep_the_changes(self):
        self.import_runnable()
        bundle = self.create("b")
        (bundle / "rootfs/written").write_text("kept")
        self.bundler_ok("umount", bundle)
        self.assertEqual(list((bundle / "rootfs").iterdir()), [])
        self.bundler_ok("umount", bundle)
        self.bundler_ok("mount", bundle)
        self.bundler_ok("mount", bundle)
        self.assertEqual((bundle / "rootfs/written").read_text(), "kept")
        mounts = [line for line in self.mounts_here() if f" {bundle}/rootfs " in f" {line} "]
        self.assertEqual(len(mounts), 1)

    def test_a_bundle_in_use_is_not_deleted(self):
        self.import_runnable()
        bundle = self.create("b")
        with open(bundle / "rootfs/bin/busybox", "rb"):
            self.refused_by_bundler("delete", bundle, says="in use")
            self.refused_by_bundler("umount", bundle, says="in use")
        self.assertTrue((bundle / "rootfs/bin/busybox").exists())
        self.bundler_ok("delete", bundle)
        self.assertFalse(bundle.exists())

    def test_what_create_did_not_make_is_refused(self):
        self.import_runnable()
        self.bundler_ok("unpack", "one:v1", self.folder / "flat")
        for words in (["diff"], ["delete"], ["mount"], ["umount"]):
            self.refused_by_bundler(*words, self.folder / "flat", says="bundler create")
        self.assertTrue((self.folder / "flat/rootfs/bin/busybox").exists())

    def test_a_record_that_names_a_path_for_a_layer_is_refused(self):
        self.import_runnable()
        bundle = self.create("b")
        self.bundler_ok("umount", bundle)
        record = json.loads((bundle / "image.json").read_text())
        record["layers"] = ["../../../etc"]
        (bundle / "image.json").write_text(json.dumps(record))
        self.refused_by_bundler("mount", bundle, says="no layer's name")

    # Layers.

    def assert_as_flat(self, *layers, folder_times=True):
        """An overlay of the layers shows what unpacking them one over the other gives."""
        name = f"case:{len(list(self.folder.iterdir()))}"
        self.import_image(Image(*layers), name)
        flat, shared = self.folder / f"flat-{name}", self.folder / f"shared-{name}"
        self.bundler_ok("unpack", name, flat)
        self.bundler_ok("create", name, shared)
        self.assertEqual(listing(shared / "rootfs", folder_times), listing(flat / "rootfs", folder_times))

    ROOT = entry("./", mode=0o751, owner=3)
    BASE = {
        "./": ROOT, "etc/": entry("etc/", mode=0o700, owner=7), "etc/a": b"a", "etc/b": b"b", "d/": entry("d/"),
        "d/in": b"in", "d/e/": entry("d/e/"), "d/e/deep": b"deep", "lib": link("lib", "usr/lib"),
        "usr/": entry("usr/"), "usr/lib/": entry("usr/lib/", mode=0o2755, owner=9), "usr/lib/so": b"so",
    }

    def test_whiteouts_hide_files_and_folders(self):
        self.assert_as_flat(self.BASE, {"etc/": entry("etc/"), "etc/.wh.a": b"", ".wh.d": b""})

    def test_an_opaque_folder_hides_all_below_it_but_nothing_of_its_own(self):
        for order in (("d/.wh..wh..opq", "d/new"), ("d/new", "d/.wh..wh..opq")):
            self.assert_as_flat(self.BASE, {"d/": entry("d/"), **{name: b"x" for name in order}})

    def test_a_whiteout_beside_its_own_name_hides_only_what_is_below(self):
        self.assert_as_flat(self.BASE, {".wh.d": b"", "d/": entry("d/", mode=0o711), "d/new": b"x"})
        self.assert_as_flat(self.BASE, {"d/": entry("d/", mode=0o711), "d/new": b"x", ".wh.d": b""})
        self.assert_as_flat(self.BASE, {"etc/": entry("etc/"), "etc/.wh.a": b"", "etc/a": b"again"})

    def test_folders_that_a_layer_takes_for_granted_stay_as_they_are_below(self):
        # The flat form's times are those of what is written into them.
        self.assert_as_flat(self.BASE, {"etc/c": b"c", "usr/lib/more": b"more"}, folder_times=False)
        self.assert_as_flat(
            self.BASE, {"etc/c": b"c", "etc/": entry("etc/", mode=0o710), "new/deep/x": b"x"}, {"new/deep/y": b"y"}, folder_times=False
        )

    def test_a_folder_that_is_taken_for_granted_keeps_its_attributes(self):
        self.import_image(Image({"./": self.ROOT, "d/": entry("d/", pax_headers={"SCHILY.xattr.user.mark": "m"})}, {"d/x": b"x"}), "marked:v1")
        self.bundler_ok("create", "marked:v1", self.folder / "b")
        self.assertEqual(os.getxattr(self.folder / "b/rootfs/d", "user.mark"), b"m")

    def test_an_entry_below_a_link_of_a_lower_layer_goes_where_the_link_leads(self):
        self.assert_as_flat(self.BASE, {"lib/more": b"more"})

    def test_a_hard_link_to_a_file_of_a_lower_layer_has_its_content(self):
        self.assert_as_flat(self.BASE, {"etc/": entry("etc/"), "etc/linked": link("etc/linked", "etc/a", tarfile.LNKTYPE)})

    def test_whiteouts_in_a_folder_that_only_lower_layers_have(self):
        self.assert_as_flat(self.BASE, {"d/e/.wh.deep": b""}, {"d/.wh..wh..opq": b""})

    def test_a_file_over_a_folder_and_a_folder_over_a_file(self):
        self.assert_as_flat(self.BASE, {"d": b"file now"}, {"d/": entry("d/"), "d/again": b"x"})
        self.assert_as_flat(self.BASE, {"lib/": entry("lib/"), "lib/own": b"x"})

    def test_a_root_without_an_entry_is_that_of_the_layer_below(self):
        self.assert_as_flat(self.BASE, {"x": b"x"}, {"y": b"y"})

    def test_the_same_layer_twice(self):
        again = {"etc/": entry("etc/"), "etc/a": b"a"}
        self.assert_as_flat(self.BASE, again, {"etc/": entry("etc/"), "etc/.wh.a": b"", "etc/b": b"c"}, again)

    def test_a_lowest_layer_with_whiteouts_shows_none_of_them(self):
        self.assert_as_flat({".wh.gone": b"", "d/.wh..wh..opq": b"", "d/x": b"x"})

    def test_a_device_that_would_be_a_whiteout_is_left_out(self):
        image = Image({"d/": entry("d/"), "d/a": b"a"}, {"d/": entry("d/"), "d/a": entry("d/a", tarfile.CHRTYPE, devmajor=0, devminor=0)})
        self.import_image(image, "white:v1")
        done = self.bundler_ok("create", "white:v1", self.folder / "b")
        self.assertIn("0:0", done.err)
        self.assertEqual((self.folder / "b/rootfs/d/a").read_bytes(), b"a")

    def test_images_share_a_layer_that_stands_alone_on_different_ones(self):
        shared = {"./": self.ROOT, "app/": entry("app/"), "app/x": b"x"}
        self.import_image(Image(self.BASE, shared), "a:v1")
        self.import_image(Image({"./": self.ROOT, "other": b"o"}, shared), "b:v1")
        self.bundler_ok("create", "a:v1", self.folder / "a")
        before = set(self.layers())
        self.bundler_ok("create", "b:v1", self.folder / "b")
        self.assertEqual(len(set(self.layers()) - before), 1)

    def test_more_layers_than_a_mount_option_can_hold(self):
        count = 120
        self.import_image(Image(*({"./": self.ROOT, f"f{i}": str(i).encode()} for i in range(count))), "many:v1")
        self.bundler_ok("create", "many:v1", self.folder / "b")
        self.assertEqual(len(os.listdir(self.folder / "b/rootfs")), count)

    def test_a_wrong_layer_leaves_no_folder(self):
        image = Image({"good": b"x"}, {"../bad": b"x"})
        self.import_image(image, "bad:v1")
        self.refused_by_bundler("create", "bad:v1", self.folder / "b", says="layer 2")
        self.assertFalse((self.folder / "b").exists())
        self.assertEqual([name for name in self.layers() if name.startswith("new-")], [])

    # Prune.

    def test_prune_keeps_what_bundles_were_made_of(self):
        self.import_runnable()
        bundle = self.create("b")
        self.bundler_ok("remove", "one:v1")
        self.bundler_ok("prune")
        self.assertEqual(len(self.layers()), 1)
        self.bundler_ok("commit", bundle, "again:v1")
        self.bundler_ok("delete", bundle)
        self.bundler_ok("remove", "again:v1")
        self.assertEqual((self.layers(), os.listdir(self.store / "bundles")), ([], []))

    def test_prune_forgets_a_bundle_that_was_removed_by_hand(self):
        self.import_runnable()
        bundle = self.create("b")
        self.bundler_ok("umount", bundle)
        shutil.rmtree(bundle)
        self.bundler_ok("remove", "one:v1")
        self.assertEqual(self.layers(), [])

    def test_prune_removes_what_a_killed_bundler_left_of_a_layer(self):
        self.import_runnable()
        self.create("b")
        (self.store / "layers/new-1-1/diff").mkdir(parents=True)
        self.bundler_ok("prune")
        self.assertEqual(len(self.layers()), 1)

    # Diff and commit.

    CHANGES = "rm /etc/passwd; echo x > /etc/new; chmod 700 /bin; rm -r /tmp; mkdir /tmp; echo y > /tmp/only"

    def changed(self):
        folder = self.runnable()
        (folder / "etc").mkdir(exist_ok=True)
        (folder / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
        (folder / "tmp").mkdir(exist_ok=True)
        (folder / "tmp/old").write_text("old")
        for name in ("dev", "proc", "sys"):
            (folder / name).mkdir(exist_ok=True)
        self.import_runnable()
        bundle = self.create("b", "one:v1", "sh", "-c", self.CHANGES)
        self.run_bundle(bundle)
        return bundle

    def test_diff_tells_what_was_added_changed_and_deleted(self):
        bundle = self.changed()
        lines = self.bundler_ok("diff", bundle).out.splitlines()
        self.assertEqual(
            lines,
            ["C /bin", "C /etc", "A /etc/new", "D /etc/passwd", "C /tmp", "D /tmp/old", "A /tmp/only"],
        )
        self.assertIn({"kind": "deleted", "path": "/etc/passwd"}, self.bundler_ok("diff", "--json", bundle).json)

    def test_an_untouched_bundle_has_no_changes(self):
        self.import_runnable()
        self.assertEqual(self.bundler_ok("diff", self.create("b")).out, "")

    def test_a_committed_image_is_the_container_as_it_was(self):
        bundle = self.changed()
        self.bundler_ok("commit", bundle, "two:v1", "-m", "why", "-a", "me", env={"SOURCE_DATE_EPOCH": "86400"})
        self.bundler_ok("unpack", "two:v1", self.folder / "flat")
        self.bundler_ok("create", "two:v1", self.folder / "again")
        self.assertEqual(listing(self.folder / "flat/rootfs"), listing(bundle / "rootfs"))
        self.assertEqual(listing(self.folder / "again/rootfs"), listing(bundle / "rootfs"))
        (seen,) = self.bundler_ok("inspect", "two:v1").json
        self.assertEqual(seen["history"][-1]["comment"], "why")
        self.assertEqual((seen["author"], seen["created"][:10]), ("me", "1970-01-02"))

    def test_a_commit_of_the_same_changes_at_the_same_time_is_the_same_image(self):
        bundle = self.changed()
        digests = [
            self.bundler_ok("commit", bundle, name, env={"SOURCE_DATE_EPOCH": "1"}).out.strip().split("@")[1] for name in ("a:v1", "b:v1")
        ]
        self.assertEqual(digests[0], digests[1])

    def test_instructions_change_the_configuration_and_leave_the_rest(self):
        image = Image({"bin/": entry("bin/")}, config={"Cmd": ["/hello"], "Env": ["A=1", "B=2"], "Healthcheck": {"Test": ["NONE"]}})
        self.import_image(image, "one:v1")
        bundle = self.create("b")
        changes = ['CMD ["/bin/app","-x"]', "ENV A=3 C='4 5'", "EXPOSE 80", "label who=me", "USER 5:6", "WORKDIR /srv", "STOPSIGNAL SIGINT", 'VOLUME ["/data"]']
        self.bundler_ok("commit", bundle, "two:v1", *(word for change in changes for word in ("-c", change)))
        layout = self.folder / "out"
        self.bundler_ok("export", "two:v1", layout)
        index = json.loads((layout / "index.json").read_text())
        blob = lambda digest: json.loads((layout / "blobs/sha256" / digest.split(":")[1]).read_text())  # noqa: E731
        config = blob(blob(index["manifests"][0]["digest"])["config"]["digest"])["config"]
        self.assertEqual(config["Healthcheck"], {"Test": ["NONE"]})
        self.assertEqual(config["Cmd"], ["/bin/app", "-x"])
        self.assertEqual(config["Env"], ["B=2", "A=3", "C=4 5"])
        self.assertEqual((config["ExposedPorts"], config["Volumes"]), ({"80/tcp": {}}, {"/data": {}}))
        self.assertEqual((config["User"], config["WorkingDir"], config["StopSignal"], config["Labels"]), ("5:6", "/srv", "SIGINT", {"who": "me"}))

    def test_a_wrong_instruction_commits_nothing(self):
        self.import_runnable()
        bundle = self.create("b")
        self.refused_by_bundler("commit", bundle, "two:v1", "-c", "RUN rm -rf /", says=("RUN", "none of CMD"))
        self.refused_by_bundler("commit", bundle, "two:v1", "-c", "ENV x", says="NAME=VALUE")
        self.assertEqual(self.names(), ["docker.io/library/one:v1"])

    @unittest.skipUnless(shutil.which("umoci"), "needs umoci")
    def test_umoci_unpacks_a_committed_image_to_the_same(self):
        bundle = self.changed()
        self.bundler_ok("commit", bundle, "two:v1")
        self.bundler_ok("export", "two:v1", self.folder / "layout")
        (tag,) = [m["annotations"]["org.opencontainers.image.ref.name"] for m in json.loads((self.folder / "layout/index.json").read_text())["manifests"]]
        subprocess.run(["umoci", "unpack", "--image", f"{self.folder}/layout:{tag}", self.folder / "u"], check=True, capture_output=True)
        ours, theirs = listing(bundle / "rootfs"), listing(self.folder / "u/rootfs")
        self.assertEqual({key: value[:4] + value[5:] for key, value in ours.items()}, {key: value[:4] + value[5:] for key, value in theirs.items()})

    # Pulling what is missing.

    def test_what_is_missing_is_pulled_while_it_is_unpacked(self):
        registry = self.registry(Image({"hello": b"x" * 3_000_000}, {"more": b"y"}))
        for command in ("unpack", "create"):
            shutil.rmtree(self.store, ignore_errors=True)
            self.bundler_ok(command, f"{registry.host}/demo", self.folder / command)
            self.assertEqual((self.folder / command / "rootfs/hello").stat().st_size, 3_000_000)
            self.assertEqual(self.names(), [f"{registry.host}/demo:latest"])
        asked = len(registry.requests)
        self.bundler_ok("create", f"{registry.host}/demo", self.folder / "second")
        self.assertEqual(len(registry.requests), asked)
        self.bundler_ok("create", "--pull", "always", f"{registry.host}/demo", self.folder / "third")
        self.assertGreater(len(registry.requests), asked)

    def test_progress_for_programs_is_an_object_to_a_line(self):
        registry = self.registry(Image({"hello": b"x"}))
        done = self.bundler_ok("--progress", "json", "unpack", f"{registry.host}/demo", self.folder / "b")
        events = [json.loads(line) for line in done.err.splitlines()]
        self.assertEqual(sorted(row["event"] for row in events), ["done", "done", "progress", "progress"])
        self.assertEqual({row["what"] for row in events}, {"config", "layer"})
        self.assertTrue(all(row["have"] == row["size"] for row in events if row["event"] == "done"))

    def test_what_the_store_has_for_another_platform_is_missing(self):
        registry = self.registry(Image({"hello": b"x"}))
        self.bundler_ok("pull", f"{registry.host}/demo")
        asked = len(registry.requests)
        self.refused_by_bundler("--quiet", "unpack", "--platform", "linux/s390x", f"{registry.host}/demo", self.folder / "b", says="linux/s390x")
        self.assertGreater(len(registry.requests), asked)

    def test_the_user_sets_the_limits_of_an_image(self):
        self.import_image(Image({"a": b"x" * 600, "b": b"y" * 600}), "two:v1")
        for words, says in ((("--max-size", "1000"), "1000 bytes"), (("--max-entries", "1"), "1 entries"), (("--max-size", "lots"), "--max-size")):
            for command in ("unpack", "create"):
                self.refused_by_bundler("--quiet", command, *words, "two:v1", self.folder / "b", says=says)
        self.bundler_ok("unpack", "--max-size", "0", "--max-entries", "2", "--max-ratio", "0", "two:v1", self.folder / "b")

    def test_what_is_missing_is_not_pulled_when_that_is_not_wanted(self):
        registry = self.registry(Image({"hello": b"x"}))
        for command in ("unpack", "create"):
            self.refused_by_bundler(command, "--pull", "never", f"{registry.host}/demo", self.folder / "b", says="no image")
        self.assertEqual(registry.requests, [])

    def test_a_layer_that_breaks_off_leaves_no_bundle(self):
        image = Image({"hello": os.urandom(2_000_000)}, {"more": b"y"})

        def answer(handler):
            if "/blobs/" in handler.path and len(image.blobs.get(handler.path.rsplit("/", 1)[1], b"")) > 1_000_000:
                handler.send(404)
                return True
            return False

        registry = self.registry(image, answer)
        for command in ("unpack", "create"):
            self.refused_by_bundler("--quiet", command, f"{registry.host}/demo", self.folder / "b", says="404")
            self.assertFalse((self.folder / "b").exists())
        self.assertEqual(self.names(), [])

    def test_a_full_place_for_the_bundle_is_the_error_that_is_told(self):
        registry = self.registry(Image({"hello": b"x" * 3_000_000}))
        small = self.folder / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=True)
        self.refused_by_bundler("--quiet", "unpack", f"{registry.host}/demo", small / "b", says="No space left")
        self.assertEqual(list(small.iterdir()), [])

    # Who may.

    def test_a_root_of_a_user_namespace_creates_with_attributes_of_its_own(self):
        self.import_runnable()
        self.folder.chmod(0o755)
        store = self.folder / "own"
        script = (
            f"{BUNDLER} --store {store} import {self.runnable()} one:v1 && {BUNDLER} --store {store} create one:v1 {self.folder}/b"
            f" && rm {self.folder}/b/rootfs/bin/busybox && {BUNDLER} diff {self.folder}/b && {BUNDLER} delete {self.folder}/b"
        )
        done = self.call("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script)
        self.assertEqual(done.code, 0, done)
        self.assertIn("D /bin/busybox", done.out)
        self.assertTrue(all(name.endswith("-single") for name in os.listdir(store / "layers")))

    def test_an_ordinary_user_is_told_what_to_do(self):
        place = self.folder / "user"
        place.mkdir()
        os.chown(place, 65534, 65534)
        shutil.copy(BUNDLER, place / "bundler")
        shutil.copytree(self.runnable(), place / "tree", symlinks=True)
        run = lambda *words: self.call("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", place / "bundler", "--store", place / "store", *words)  # noqa: E731
        self.assertEqual(run("import", place / "tree", "one:v1").code, 0)
        self.one_line(run("create", "one:v1", place / "b"), "bundler unpack", "user namespace")
        self.assertFalse((place / "b").exists())
