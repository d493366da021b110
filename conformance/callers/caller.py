"""What the checks of every caller share: a private machine, a caller in it with folders of its own, an image, commands
with time limits, terminals.

How a caller's file is written (containerd.py is a whole one): one class for the caller, then its checks, grouped in
classes. The first line of a check's docstring says what must hold; the rest is plain unittest.

    from caller import IMAGE, Caller, Check
    from checks import quick

    class Docker(Caller):
        packages = {"dockerd": "docker.io", "docker": "docker.io"}     # program: Debian's package

        def begin(self):                       # once, before the first check; what fails here fails every check
            self.serve("dockerd", "--data-root", self.folder / "root", "--add-runtime", f"yard={self.runtime}", …,
                       ready=lambda: self.docker("info").code == 0)
            self.does("docker", "load", "-i", self.archive)             # tagged IMAGE, a busybox

        def docker(self, *words, **more):
            return self.call("docker", "--host", …, *words, **more)

    class Run(Check):
        by = Docker

        @quick                                 # also in the short form, `run --quick`
        def test_exit_code(self):
            '''the exit code of a container is that of its program'''
            done = self.caller.docker("run", "--rm", IMAGE, "sh", "-c", "exit 7")
            self.assertEqual(done.code, 7, done)

A check has `caller`, a `folder` of its own, `name()` for its containers, `eventually`, `terminal`. What it starts it
ends by addCleanup; servers, and whatever is forgotten, end with the cell. A program that is not installed makes a check
skipped, with the package's name; `self.skipTest(reason)` does so for other needs.
"""

import fcntl
import hashlib
import io
import json
import os
import platform
import shutil
import struct
import subprocess
import tarfile
import tempfile
import termios
import textwrap
import time
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PATIENCE = 30 * float(os.environ.get("PATIENCE", "1"))  # seconds that anything may take
IMAGE = "localhost/busybox:latest"  # the name of the image in Caller.archive
# A user and a group that own nothing; their subordinate ids are for user namespaces.
SUBORDINATE = ("remapped", 100000, 65536)


class Done:
    """A command that has ended: its exit code and what it wrote."""

    def __init__(self, words, code, out, err=""):
        self.words, self.code, self.out, self.err = words, code, out, err

    def __repr__(self):
        return f"{' '.join(self.words)}: exit code {self.code}\nstdout: {self.out}\nstderr: {self.err}"

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return self.out.splitlines()


class Failure(AssertionError):
    """A command did not do what a check needs."""


def groups_of(pid):
    """The folders of the control groups of a process: controller ("" for cgroup2) to path."""
    folders = {}
    top = Path("/sys/fs/cgroup")
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            point = top / (controller.removeprefix("name=") or ("unified" if (top / "unified").is_dir() else "."))
            folders[controller] = point / path.lstrip("/")
    return folders


def limit_of(pid, controller, v1, v2):
    """What a limit's file holds in the group of a process, whichever version its controller is on."""
    groups = groups_of(pid)
    return ((groups[controller] / v1) if controller in groups else (groups[""] / v2)).read_text().strip()


def lines_of_readme(beginning, program):
    """The lines that README.md tells to paste, below the paragraph that begins so, for this program."""
    text = (TOP / "README.md").read_text()
    block = text[text.index(f"\n**{beginning}"):].split("\n\n    ", 1)[1].split("\n\n", 1)[0]
    return textwrap.dedent("    " + block).replace("/usr/local/bin/runtime", program)


# --- the private machine: within the cell, before the first check ----------------------------------------------------


def furnish():
    """Makes private what a caller writes outside of its own folders. The cell has done so with /run, /dev/null and cgroups."""
    folder = Path(tempfile.mkdtemp(prefix="private-"))
    for place in ("/etc", "/opt", "/var"):
        upper, work = folder / f"{place[1:]}-upper", folder / f"{place[1:]}-work"
        upper.mkdir(), work.mkdir()
        layers = f"lowerdir={place},upperdir={upper},workdir={work}"
        subprocess.run(["mount", "-t", "overlay", "-o", layers, "overlay", place], check=True)
    subprocess.run(["busybox", "ip", "link", "set", "lo", "up"], check=True)
    user, first, count = SUBORDINATE
    for file, line in (("passwd", f"{user}:x:65533:65533::/:/bin/false"), ("group", f"{user}:x:65533:"),
                       ("subuid", f"{user}:{first}:{count}"), ("subgid", f"{user}:{first}:{count}")):
        with open(f"/etc/{file}", "a") as out:
            out.write(line + "\n")


# --- the image: a docker-archive, which every engine loads -----------------------------------------------------------


def make_archive(rootfs, target, name=IMAGE, **config):
    """Writes an image of one layer. source: moby/image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset"."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(rootfs, arcname=".")
    layer = layer.getvalue()
    image = json.dumps({
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": "2020-01-01T00:00:00Z",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"], **config},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "a folder"}],
    }).encode()
    manifest = [{"Config": hashlib.sha256(image).hexdigest() + ".json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(target, "w") as tar:
        parts = {manifest[0]["Config"]: image, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
        for path, data in parts.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


# --- a caller ---------------------------------------------------------------------------------------------------------


class Caller:
    """An engine with folders of its own, and the runtime under test."""

    packages = {}  # program: the Debian package that holds it
    program = "runc"  # the runtime under test, set by the program run
    started = {}  # class: the caller, or why it could not begin

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=type(self).__name__.lower() + "-"))
        self.folder.chmod(0o711)
        (self.folder / "tmp").mkdir(mode=0o1777)
        self.runtime = self.program
        self.servers = []
        # Nothing of the person who calls: neither settings nor credentials.
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.folder / "tmp")}

    @classmethod
    def get(cls):
        """The one caller of this class, begun."""
        if cls not in cls.started:
            cls.started[cls] = caller = cls()
            unittest.addModuleCleanup(caller.end)  # a file's checks are over
            try:
                subprocess.run([TOP / "bundles/rootfs", caller.folder], check=True)
                make_archive(caller.folder / "rootfs", caller.archive)
                caller.begin()
            except Exception as error:
                cls.started[cls] = error
        if isinstance(cls.started[cls], Exception):
            raise Failure(f"{cls.__name__} could not begin: {cls.started[cls]}")
        return cls.started[cls]

    @property
    def archive(self):
        return self.folder / "busybox.docker.tar"

    def begin(self):
        """Starts what the checks need; a caller's own file says what that is."""

    def end(self):
        self.started.pop(type(self), None)
        for server in reversed(self.servers):
            server.terminate()
            try:
                server.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        self.servers.clear()

    def call(self, *words, input=None, limit=2 * PATIENCE, env=None, cwd=None):
        """Runs a command to its end. Output goes by files: a pipe would wait for containers that inherit it."""
        words = [str(word) for word in words]
        with tempfile.TemporaryFile() as text, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            text.write((input or "").encode())
            text.seek(0)
            command = subprocess.Popen(words, stdin=subprocess.DEVNULL if input is None else text, stdout=out, stderr=err,
                                       env={**self.environment, **(env or {})}, cwd=cwd or self.folder, start_new_session=True)
            try:
                code = command.wait(limit)
            except subprocess.TimeoutExpired:
                os.killpg(command.pid, 9)
                command.wait()
                code = f"none after {limit} s"
            out.seek(0), err.seek(0)
            return Done(words, code, out.read().decode(errors="replace"), err.read().decode(errors="replace"))

    def does(self, *words, **more):
        """Runs a command that must succeed."""
        done = self.call(*words, **more)
        if done.code != 0:
            raise Failure(repr(done))
        return done

    def serve(self, *words, ready, env=None):
        """Starts a server, and waits until it is ready; what it prints is in FOLDER/PROGRAM.log."""
        words = [str(word) for word in words]
        log = self.folder / f"{Path(words[0]).name}.log"
        with open(log, "a") as out:
            server = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                      env={**self.environment, **(env or {})}, cwd=self.folder)
        self.servers.append(server)
        deadline = time.monotonic() + 2 * PATIENCE
        while not ready():
            if server.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"{words[0]} does not serve:\n" + "\n".join(log.read_text().splitlines()[-20:]))
            time.sleep(0.05)
        return server


class Running:
    """A command in the background, and what it has written until now."""

    def __init__(self, words, folder, env):
        self.words = [str(word) for word in words]
        self.seen = ""
        self.output = tempfile.TemporaryFile(dir=folder)
        self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, env=env, cwd=folder,
                                        start_new_session=True)

    def read(self):
        """Takes what was written; whether more can come."""
        running = self.process.poll() is None
        self.seen = os.pread(self.output.fileno(), os.fstat(self.output.fileno()).st_size, 0).decode(errors="replace")
        return running

    def shows(self, word, limit=PATIENCE):
        """Waits until this was written."""
        deadline = time.monotonic() + limit
        while word not in self.seen:
            if not self.read() and word not in self.seen or time.monotonic() > deadline:
                raise Failure(f"{' '.join(self.words)} never showed {word!r}, but: {self.seen}")
            time.sleep(0.02)

    def ends(self, limit=PATIENCE):
        """Waits for the end of the command."""
        deadline = time.monotonic() + limit
        while self.process.poll() is None:
            self.read()
            if time.monotonic() > deadline:
                raise Failure(f"{' '.join(self.words)} did not end; it showed: {self.seen}")
            time.sleep(0.02)
        self.read()
        return Done(self.words, self.process.returncode, self.seen.replace("\r\n", "\n"))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.output.close()


class Terminal(Running):
    """A command at a terminal of its own."""

    def __init__(self, words, env, rows, columns):
        self.words = [str(word) for word in words]
        self.seen = ""
        master, slave = os.openpty()
        self.output = open(master, "r+b", buffering=0)
        self.resize(rows, columns)
        self.process = subprocess.Popen(self.words, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        os.set_blocking(master, False)

    def resize(self, rows, columns):
        fcntl.ioctl(self.output, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def write(self, text):
        self.output.write(text.encode())

    def answers(self, line, word, limit=PATIENCE):
        """Types a line, again and again, until this was written: sizes and shells come when they come."""
        deadline = time.monotonic() + limit
        while word not in self.seen:
            self.write(line + "\n")
            time.sleep(0.2)
            if not self.read() or time.monotonic() > deadline:
                raise Failure(f"{' '.join(self.words)} never answered {word!r} to {line!r}, but: {self.seen}")

    def read(self):
        try:
            while piece := os.read(self.output.fileno(), 65536):
                self.seen += piece.decode(errors="replace")
        except BlockingIOError:
            return True
        except OSError:  # the last one has closed the terminal
            pass
        return False


class Check(unittest.TestCase):
    """A sentence about a caller and the runtime: the first line of each test's docstring."""

    by = Caller
    numbers = iter(range(1, 1 << 30))

    def setUp(self):
        for program, package in self.by.packages.items():
            if not shutil.which(program):
                self.skipTest(f"needs {program}, of Debian's package {package} (bundles/setup callers)")
        self.caller = self.by.get()
        self.folder = Path(tempfile.mkdtemp(prefix="check-", dir=self.caller.folder))
        self.folder.chmod(0o755)

    def name(self):
        return f"c{next(self.numbers)}-{self._testMethodName.removeprefix('test_').replace('_', '-')}"

    def eventually(self, holds, otherwise, limit=PATIENCE):
        """Waits for a condition, and gives its value."""
        deadline = time.monotonic() + limit
        while not (value := holds()):
            if time.monotonic() > deadline:
                self.fail(otherwise() if callable(otherwise) else otherwise)
            time.sleep(0.05)
        return value

    def needs_criu(self):
        """Skips the check where no CRIU in PATH can work with the kernel."""
        if not shutil.which("criu"):
            self.skipTest("needs criu in PATH")
        done = self.caller.call("criu", "check")
        if done.code != 0:
            self.skipTest(f"criu check fails: {((done.out + done.err).strip().splitlines() or ['it says nothing'])[-1]}")

    def background(self, *words):
        made = Running(words, self.folder, self.caller.environment)
        self.addCleanup(made.close)
        return made

    def terminal(self, *words, rows=24, columns=80):
        made = Terminal(words, self.caller.environment, rows, columns)
        self.addCleanup(made.close)
        return made
