"""The bundler when it is killed, when the disk is full or read-only, when the registry goes away, and beside itself."""

import hashlib
import random
import shutil
import subprocess
import threading
import time

from bundler import BundlerTest
from harness import BUNDLER, PATIENCE
from registries import Image

NOISE = random.Random(7).randbytes(1 << 20)  # does not compress
LARGE = Image({"hello": b"hello\n", **{f"etc/{i}": NOISE[i * 1000 : i * 1000 + 60000] for i in range(60)}}, {"usr/x": NOISE})


class ImageFaults(BundlerTest):
    def check_store(self):
        """Every blob is what its name says, and every name leads to an image that is whole."""
        self.names()  # a store that was not even begun is begun
        for blob in (self.store / "blobs/sha256").iterdir():
            self.assertEqual(hashlib.sha256(blob.read_bytes()).hexdigest(), blob.name)
        for name in self.names():
            self.bundler_ok("inspect", name)

    def left(self, folder):
        return sorted(path.name for path in folder.iterdir())

    def moments(self, *args):
        """Thirty moments of a command that is run once to see how long it takes."""
        began = time.monotonic()
        self.bundler_ok(*args)
        taken = time.monotonic() - began
        return [taken * step / 30 for step in range(30)]

    def forget(self):
        """The store has nothing any more: the next command has to do all of its work."""
        self.bundler_ok("remove", *self.names())
        self.bundler_ok("prune")
        self.assertEqual(self.left(self.store / "blobs/sha256"), [])

    def killed(self, moment, *args):
        """Runs the bundler and kills it after so many seconds, wherever it is then; whether that was before its end."""
        process = subprocess.Popen([str(part) for part in (BUNDLER, "--store", self.store, *args)], env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return process.returncode == -9

    def killed_at_any_moment(self, command):
        kills = 0
        for moment in self.moments(*command):
            self.forget()
            kills += self.killed(moment, *command)
            self.check_store()
            self.bundler_ok(*command)
            self.check_store()
            self.assertEqual([name for name in self.left(self.store / "ingest") if name.endswith(".part")], [])
        self.assertGreater(kills, 0)

    def test_a_pull_that_is_killed_at_any_moment_goes_on_the_next_time(self):
        registry = self.registry(LARGE)
        command = ("pull", "--quiet", f"{registry.host}/demo")
        self.killed_at_any_moment(command)

    def test_an_unpack_that_is_killed_at_any_moment_leaves_no_bundle_and_can_be_repeated(self):
        self.bundler_ok("import", LARGE.write_layout(self.folder / "layout"), "local/demo")
        place, kills = self.folder / "bundles", 0
        place.mkdir()
        for moment in self.moments("unpack", "local/demo", self.folder / "first"):
            kills += self.killed(moment, "unpack", "local/demo", place / "b")
            if (place / "b").exists():
                self.assertEqual((place / "b/rootfs/usr/x").read_bytes(), NOISE)
                self.assertTrue((place / "b/config.json").exists())
                shutil.rmtree(place / "b")
        self.assertGreater(kills, 0)
        self.bundler_ok("unpack", "local/demo", place / "b")
        self.assertEqual(self.left(place), ["b"], "an unfinished bundle is left")

    def test_an_import_that_is_killed_at_any_moment_leaves_a_store_that_works(self):
        self.killed_at_any_moment(("import", "--quiet", LARGE.write_layout(self.folder / "layout"), "local/demo"))

    def in_small_space(self, script, size="3m"):
        """Runs a script with a small file system at $SMALL, in a mount namespace that ends with it."""
        small = self.folder / "small"
        small.mkdir(exist_ok=True)
        text = f'set -e; mount -t tmpfs -o size={size} small "$SMALL"; {script}'
        return self.call("unshare", "-m", "-p", "-f", "--mount-proc", "sh", "-c", text,
                         env={"SMALL": str(small), "BUNDLER": BUNDLER, "LAYOUT": str(self.folder / "layout"), "STORE": str(self.store)})

    def test_a_full_disk_is_named_and_what_did_not_fit_is_gone(self):
        LARGE.write_layout(self.folder / "layout")
        done = self.in_small_space('"$BUNDLER" --store "$SMALL/store" import "$LAYOUT" local/demo && exit 9; '
                                   'find "$SMALL/store" -name "*.part" >&2; "$BUNDLER" --store "$SMALL/store" images --quiet')
        self.assertEqual((done.code, done.out), (0, ""), done)
        self.one_line_of(done.err, "No space left on device")

    def test_a_pull_to_a_full_disk_names_it_and_leaves_no_piece(self):
        registry = self.registry(LARGE)
        done = self.in_small_space(f'"$BUNDLER" --store "$SMALL/store" pull --quiet {registry.host}/demo && exit 9; '
                                   'find "$SMALL/store" -name "*.part" >&2; "$BUNDLER" --store "$SMALL/store" images --quiet',
                                   size="1m")
        self.assertEqual((done.code, done.out), (0, ""), done)

    def test_an_unpack_to_a_full_disk_leaves_nothing(self):
        self.bundler_ok("import", LARGE.write_layout(self.folder / "layout"), "local/demo")
        done = self.in_small_space('"$BUNDLER" --store "$STORE" unpack --quiet local/demo "$SMALL/b" && exit 9; ls -A "$SMALL"')
        self.assertEqual((done.code, done.out), (0, ""), done)
        self.one_line_of(done.err, "No space left on device")

    def one_line_of(self, text, *words):
        self.assertEqual(len(text.strip().splitlines()), 1, text)
        for word in words:
            self.assertIn(word, text)

    def test_a_store_that_is_read_only_is_refused_in_one_line(self):
        self.bundler_ok("import", LARGE.write_layout(self.folder / "layout"), "local/demo")
        done = self.call("unshare", "-m", "-p", "-f", "--mount-proc", "sh", "-c", 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; "$2" --store "$1" import "$3" local/two',
                         "sh", self.store, BUNDLER, self.folder / "layout")
        self.one_line(done, "Read-only file system")
        self.assertEqual(len(self.names()), 1)

    def test_a_registry_that_goes_away_in_the_middle_is_named_and_the_next_pull_ends_well(self):
        gone = threading.Event()

        def answer(handler):
            if gone.is_set():
                handler.close_connection = True
                return True
            if handler.path.rsplit("/", 1)[1] == "sha256:" + hashlib.sha256(LARGE.layers[1]).hexdigest():
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(LARGE.layers[1])))
                handler.end_headers()
                handler.wfile.write(LARGE.layers[1][:300000])
                gone.set()
                handler.close_connection = True
                return True
            return False

        registry = self.registry(LARGE, answer)
        self.refused_by_bundler("pull", "--quiet", f"{registry.host}/demo", says=["demo", "hung up"], timeout=120)
        self.assertEqual(self.names(), [])
        self.check_store()
        registry.answer = lambda handler: False
        self.bundler_ok("pull", f"{registry.host}/demo")
        self.check_store()

    def test_two_bundlers_at_once_unpack_import_and_prune_in_one_store(self):
        layout = LARGE.write_layout(self.folder / "layout")
        self.bundler_ok("import", layout, "local/zero")
        commands = []
        for n in range(3):
            commands += [("import", layout, f"local/n{n}"), ("unpack", "local/zero", self.folder / f"b{n}"), ("prune",)]
        processes = [(command, subprocess.Popen([str(part) for part in (BUNDLER, "--store", self.store, *command)], env=self.environment,
                                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)) for command in commands]
        for command, process in processes:
            said = process.communicate(timeout=120 * PATIENCE)[1].decode()
            self.assertEqual(process.returncode, 0, f"{command}: {said}")
        self.assertEqual(len(self.names()), 4)
        self.check_store()
        for n in range(3):
            self.assertEqual((self.folder / f"b{n}/rootfs/usr/x").read_bytes(), NOISE)
