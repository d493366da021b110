"""What the tests of the engine share: images made offline, an engine with folders of its own."""

import json
import os
import subprocess

import jsonschema
from harness import BUILD, BUNDLER, RUNTIME, TOP, ProgramTest, make_rootfs, wait_for

ENGINE = os.environ.get("ENGINE", str(BUILD / "src/engine/engine"))
SCHEMA = json.loads((TOP / "schema/engine.schema.json").read_text())


class EngineTest(ProgramTest):
    """A test with an engine whose containers, volumes and networks are in the test's folder."""

    def setUp(self):
        super().setUp()
        self.data, self.run_folder, self.store = self.folder / "data", self.folder / "run", self.folder / "data/images"
        self.environment["HOME"] = str(self.folder / "home")
        self.addCleanup(self.remove_all)

    def remove_all(self):
        for record in self.data.glob("containers/*/engine.json"):
            jsonschema.validate(json.loads(record.read_text()), SCHEMA)
        self.engine("rm", "--force", "--all")
        self.assertEqual(self.containers(), [], "containers are left")

    def containers(self):
        """The names of all containers, the youngest first."""
        return [row["name"] for row in self.engine_ok("ps", "--all", "--json").json]

    def command(self, *args):
        return [ENGINE, "--data", str(self.data), "--run", str(self.run_folder), "--runtime", RUNTIME, *map(str, args)]

    def engine(self, *args, **more):
        return self.call(*self.command(*args), **more)

    def engine_ok(self, *args, **more):
        done = self.engine(*args, **more)
        self.assertEqual(done.code, 0, f"engine {' '.join(map(str, args))}: {done}")
        return done

    def refused(self, *args, says=(), code=None, **more):
        """The engine refuses, in one line that holds the words."""
        done = self.one_line(self.engine(*args, **more), *([says] if isinstance(says, str) else says))
        if code is not None:
            self.assertEqual(done.code, code, done)
        return done

    def image(self, name="box", *import_options, rootfs=None):
        """An image of busybox and the probe; gives its name."""
        folder = rootfs or self.folder / "box"
        if not folder.exists():
            make_rootfs(folder)
        done = self.call(BUNDLER, "--store", self.store, "import", *import_options, folder, name)
        self.assertEqual(done.code, 0, done)
        return name

    def run_box(self, *words, options=(), network="none", **more):
        """`engine run --rm` of the box; gives what it printed."""
        if not (self.folder / "box").exists():
            self.image()
        done = self.engine("run", "--rm", f"--net={network}", *self.marked(), *options, "box", *words, **more)
        self.assertEqual(done.code, 0, done)
        return done.out

    def marked(self):
        """Options by which whatever is left of a container is found."""
        return ["--env", f"CORACLE_TEST_MARK={self.mark}"]

    def inspect(self, name):
        return self.engine_ok("inspect", name).json[0]

    def record(self, name):
        """What engine.json says of a container."""
        folder = self.data / "containers" / (self.data / "names" / name).readlink().name
        return json.loads((folder / "engine.json").read_text())

    def status(self, name):
        found = [row for row in self.engine_ok("ps", "--all", "--json").json if row["name"] == name]
        return found[0]["status"] if found else None

    def wait_status(self, name, status):
        wait_for(lambda: self.status(name) == status, f"{name} to be {status}")

    def start_engine(self, *args, **more):
        """The engine at work, with pipes; the caller waits for it."""
        process = subprocess.Popen(self.command(*args), env=self.environment, **more)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process
