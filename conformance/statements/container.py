"""A container under test: a bundle in a scratch folder, and the five operations of the specification upon it."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PATIENCE = 10 * float(os.environ.get("PATIENCE", "1"))  # seconds that anything may take; the variable: how many times longer here
APPLETS = """
    cat echo env grep head hostname id ionice ls mkdir mknod pwd readlink sh sleep stat test touch true wc
""".split()


class Runtime:
    """A runtime program with a state folder of its own; reached by the command line that runc made customary."""

    def __init__(self, program, root):
        self.words = [program, "--root", str(root)]

    def __call__(self, *words, output=None):
        """Runs one operation. Containers inherit the output, so it goes to a file: a pipe would wait for their end."""
        with tempfile.TemporaryFile("w+") as answer, tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run([*self.words, *map(str, words)], stdin=subprocess.DEVNULL, stdout=output or answer,
                                  stderr=errors, timeout=3 * PATIENCE)
            answer.seek(0), errors.seek(0)
            done.stdout, done.stderr = answer.read(), errors.read()
        return done


def minimal_config(args):
    """The least that a Linux container needs; statements add to it."""
    return {
        "ociVersion": "1.0.2",
        "process": {
            "args": args,
            "cwd": "/",
            "env": ["PATH=/bin"],
            "user": {"uid": 0, "gid": 0},
            "capabilities": {kind: ["CAP_KILL", "CAP_CHOWN"] for kind in ("bounding", "effective", "permitted")},
        },
        "root": {"path": "rootfs"},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]},
    }


def bind(source, *options):
    """A mount of the source upon /mnt."""
    return {"destination": "/mnt", "type": "bind", "source": str(source), "options": list(options) or ["bind"]}


class Container:
    """Every operation asserts that it succeeds; `refuses` asserts that it does not."""

    def __init__(self, test, script, identifier, **process):
        self.test = test
        self.runtime = test.runtime
        self.id = identifier
        self.bundle = Path(tempfile.mkdtemp(prefix="bundle-", dir=test.scratch))
        self.bundle.chmod(0o755)
        self.rootfs = self.bundle / "rootfs"
        self.output = self.bundle / "output"
        self.options = []  # more words for create
        self.config = minimal_config(["/bin/sh", "-c", script])
        self.config["process"].update(process)
        (self.rootfs / "bin").mkdir(parents=True)
        for name in ("proc", "dev", "sys", "tmp"):
            (self.rootfs / name).mkdir()
        shutil.copy("/bin/busybox", self.rootfs / "bin")
        for applet in APPLETS:
            (self.rootfs / "bin" / applet).symlink_to("busybox")

    def save(self):
        (self.bundle / "config.json").write_text(json.dumps(self.config))

    def ask(self, *words):
        return self.runtime(*words)

    def does(self, *words):
        done = self.ask(*words)
        self.test.assertEqual(done.returncode, 0, f"{' '.join(map(str, words))} failed: {done.stderr or done.stdout}")
        return done.stdout

    def refuses(self, *words):
        done = self.ask(*words)
        self.test.assertNotEqual(done.returncode, 0, f"{' '.join(map(str, words))} succeeded")
        self.test.assertGreater(done.returncode, 0, f"{' '.join(map(str, words))} died of a signal")
        return done.stderr or done.stdout

    # The operations, and their refusals.

    def attempt_create(self):
        self.save()
        with open(self.output, "w") as output:
            return self.runtime("create", "--bundle", self.bundle, *self.options, self.id, output=output)

    def create(self):
        done = self.attempt_create()
        self.test.assertEqual(done.returncode, 0, f"create failed: {done.stderr} {self.output.read_text()}")
        return self

    def refuses_create(self):
        done = self.attempt_create()
        self.test.assertGreater(done.returncode, 0, "create succeeded")

    def start(self):
        self.does("start", self.id)
        return self

    def kill(self, signal="KILL"):
        self.does("kill", self.id, signal)

    def delete(self):
        self.does("delete", self.id)

    def state(self):
        return json.loads(self.does("state", self.id))

    def status(self):
        return self.state()["status"]

    def exists(self):
        return self.ask("state", self.id).returncode == 0

    # What the program did.

    def runs(self):
        """Creates, starts, waits for the end; gives what the program printed."""
        return self.create().start().finishes()

    def finishes(self):
        self.becomes("stopped")
        return self.output.read_text()

    def becomes(self, status):
        self.test.eventually(lambda: self.status() == status, f"the container never became {status}")

    def prints(self, line):
        self.test.eventually(lambda: line in self.output.read_text().splitlines(), f"the program never printed {line}")

    def printed(self):
        return self.output.read_text().splitlines()


class Statement(unittest.TestCase):
    """A sentence of the specification: each test's docstring is its anchor and what it demands."""

    program = "runc"

    def setUp(self):
        self.scratch = Path(tempfile.mkdtemp(prefix="statement-"))
        self.scratch.chmod(0o711)
        self.runtime = Runtime(self.program, self.scratch / "state")
        self.containers = []

    def tearDown(self):
        for container in self.containers:
            self.runtime("delete", "--force", container.id)
        shutil.rmtree(self.scratch)

    def linux_is_at_least(self, major, minor):
        found = os.uname().release.split(".")
        return (int(found[0]), int(found[1])) >= (major, minor)

    def maps_ids(self):
        """Whether the kernel maps the ids of tmpfs, where everything here stands."""
        return self.linux_is_at_least(6, 3)

    def needs_mapped_ids(self):
        if not self.maps_ids():
            self.skipTest("Linux before 6.3 maps no ids of tmpfs, where the bundles are")

    def container(self, script="true", identifier=None, **process):
        if identifier is None:
            identifier = f"statement-{os.getpid()}-{len(self.containers)}"
        made = Container(self, script, identifier, **process)
        self.containers.append(made)
        return made

    def eventually(self, holds, otherwise):
        deadline = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), deadline, otherwise)
            time.sleep(0.01)


def cgroup_folders():
    return {folder for folder, _, _ in os.walk("/sys/fs/cgroup")}
