"""buildah: commands in a working container, and builds of several steps."""

import os
import signal
from pathlib import Path

from caller import IMAGE, Caller, Check
from checks import quick

STATES = ("/run/runc", "/run/crun", "/run/coracle")


class Buildah(Caller):
    packages = {"buildah": "buildah"}

    def begin(self):
        # Nothing of the machine's settings, which can name another runtime.
        (self.folder / "containers.conf").write_text("[engine]\n")
        self.environment["CONTAINERS_CONF"] = str(self.folder / "containers.conf")
        self.must("pull", f"docker-archive:{self.archive}")

    def words(self, *words):
        return ["buildah", "--root", self.folder / "root", "--runroot", self.folder / "runroot", "--storage-driver", "overlay", *words]

    def buildah(self, *words, **more):
        return self.call(*self.words(*words), **more)

    def must(self, *words, **more):
        return self.does(*self.words(*words), **more)

    def isolated(self, command, *words, network="none", runtime=None):
        return self.words(command, "--runtime", runtime or self.runtime, "--isolation", "oci", "--network", network, *words)


class OfBuildah(Check):
    by = Buildah

    def setUp(self):
        super().setUp()
        self.addCleanup(self.leaves_nothing)

    def leaves_nothing(self):
        """Whatever a check does: no container of the runtime, no group, no process is left."""
        states = [path for state in map(Path, STATES) if state.exists() for path in state.iterdir() if path.name.startswith("buildah-")]
        groups = [path for path in Path("/sys/fs/cgroup").glob("*/**/buildah-buildah*")]
        self.assertEqual((states, groups), ([], []))

    def working(self, *options):
        """A working container; gives its name."""
        name = self.caller.must("from", "--pull-never", "--name", self.name(), *options, IMAGE).out.strip()
        self.addCleanup(self.caller.buildah, "rm", name)
        return name

    def run_in(self, *words, options=(), name=None, **more):
        return self.caller.call(*self.caller.isolated("run", *options, name or self.working(), "--", *words), **more)

    def shell(self, script, *options, **more):
        return self.run_in("sh", "-c", script, options=options, **more)

    def prints(self, script, expected, *options, **more):
        done = self.shell(script, *options, **more)
        self.assertEqual((done.code, done.out.strip()), (0, expected), done)

    def processes(self, command):
        """The processes of this command line."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if path.read_bytes().replace(b"\0", b" ").strip() == command.encode():
                    found.append(path.parent.name)
            except OSError:
                continue
        return found

    def runtime_that_tells(self):
        """The runtime behind a program that writes down what it is called with; gives that program, and the file."""
        program, told = self.folder / "telling-runtime", self.folder / "told"
        program.write_text(f'#!/bin/sh\necho "$@" >>{told}\nexec {self.caller.runtime} "$@"\n')
        program.chmod(0o755)
        told.write_text("")
        return program, told

    def interrupt(self, run, number, told):
        """Buildah hears signals from its first question for the state on: an earlier one ends it alone, and its container goes on."""
        self.eventually(lambda: "state" in told.read_text().split(), "buildah does not ask for the state")
        run.process.send_signal(number)
        self.assertNotEqual(run.ends().code, 0)

    def words_of_build(self, recipe, *options, runtime=None):
        (self.folder / "context").mkdir(exist_ok=True)
        (self.folder / "context/Containerfile").write_text(f"FROM {IMAGE}\n{recipe}")
        return self.caller.isolated("build", "--pull-never", *options, self.folder / "context", runtime=runtime)

    def build(self, recipe, *options, **more):
        return self.caller.call(*self.words_of_build(recipe, *options), limit=120, **more)

    def built(self, recipe, *options):
        """Builds, and gives a working container of what was built."""
        tag = f"localhost/{self.name()}"
        done = self.build(recipe, "--tag", tag, *options)
        self.assertEqual(done.code, 0, done)
        self.addCleanup(self.caller.buildah, "rmi", "--force", tag)
        name = self.caller.must("from", "--pull-never", "--name", self.name(), tag).out.strip()
        self.addCleanup(self.caller.buildah, "rm", name)
        return name


class Run(OfBuildah):
    @quick
    def test_exit_code(self):
        """the exit code is that of the program, and its two outputs stay apart"""
        done = self.shell("echo out; echo err >&2; exit 7")
        self.assertEqual((done.code, done.out), (7, "out\n"), done)
        self.assertTrue(done.err.startswith("err\n"), done)

    def test_exit_by_signal(self):
        """a program that a signal ends fails the run"""
        run = self.background(*self.caller.isolated("run", self.working(), "--", "sh", "-c", "echo ready; exec sleep 623"))
        run.shows("ready")
        os.kill(int(self.eventually(lambda: self.processes("sleep 623"), "it never ran")[0]), signal.SIGKILL)
        self.assertNotEqual(run.ends().code, 0)

    @quick
    def test_missing_program(self):
        """a program that is missing is told by name"""
        for program in ("/bin/missing", "missing"):
            done = self.run_in(program)
            self.assertNotEqual(done.code, 0)
            self.assertRegex(done.err, rf"(?i){program}.*(no such file|not found)")

    def test_not_executable(self):
        """a program that may not be executed is told so"""
        done = self.run_in("/etc/passwd")
        self.assertNotEqual(done.code, 0)
        self.assertRegex(done.err, r"(?i)/etc/passwd.*(permission denied|not permitted)")

    @quick
    def test_terminal(self):
        """a terminal has the size of the caller's"""
        terminal = self.terminal(*self.caller.isolated("run", "--terminal", self.working(), "--", "sh"), rows=33, columns=111)
        self.eventually(lambda: (terminal.write("stty size\n"), terminal.read(), "33 111" in terminal.seen)[2], lambda: f"no size in {terminal.seen}")
        terminal.write("tty; exit 5\n")
        done = terminal.ends()
        self.assertEqual(done.code, 5, done)
        self.assertIn("/dev/", done.out)

    def test_stdin(self):
        """the program reads what its caller writes, to the end"""
        done = self.shell("wc -l", input="line\n" * 10000)
        self.assertEqual((done.code, done.out.strip()), (0, "10000"), done)

    def test_user_and_folder(self):
        """--user, --workingdir and --env"""
        self.prints("id -u; id -g; pwd; echo $WORD", "1000\n1000\n/tmp\none two", "--user", "user", "--workingdir", "/tmp", "--env", "WORD=one two")

    def test_volume(self):
        """--volume and --mount bind folders, writable or read-only"""
        (self.folder / "file").write_text("shared")
        self.prints("cat /mnt/file; echo more >/mnt/written", "shared", "--volume", f"{self.folder}:/mnt")
        self.assertEqual((self.folder / "written").read_text(), "more\n")
        done = self.shell("cat /mnt/file && touch /mnt/refused", "--mount", f"type=bind,source={self.folder},destination=/mnt,ro")
        self.assertIn("Read-only file system", done.err)

    def test_capabilities(self):
        """--cap-add adds a capability and --cap-drop takes one"""
        done = self.shell("grep CapEff /proc/self/status | cut -f2", "--cap-add", "CAP_SYS_TIME", "--cap-drop", "CAP_CHOWN")
        mask = int(done.out, 16)
        self.assertEqual((mask >> 25 & 1, mask & 1, mask >> 1 & 1), (1, 0, 1), done)

    def test_host_namespaces(self):
        """--pid, --ipc and --uts host are the host's"""
        for kind in ("pid", "ipc", "uts"):
            with self.subTest(kind):
                self.prints(f"readlink /proc/self/ns/{kind}", os.readlink(f"/proc/self/ns/{kind}"), f"--{kind}", "host")
        self.assertNotEqual(self.shell("readlink /proc/self/ns/pid").out.strip(), os.readlink("/proc/self/ns/pid"))

    def test_kept_files(self):
        """what one run writes, the next one finds"""
        name = self.working()
        self.prints("touch /kept", "", name=name)
        self.prints("ls /kept", "/kept", name=name)

    @quick
    def test_interrupted(self):
        """a run that is ended leaves nothing of the runtime"""
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                runtime, told = self.runtime_that_tells()
                run = self.background(*self.caller.isolated("run", self.working(), "--", "sh", "-c", "echo ready; sleep 621", runtime=runtime))
                run.shows("ready")
                self.interrupt(run, number, told)
                self.eventually(lambda: not self.processes("sleep 621"), "its program goes on")
                self.leaves_nothing()


class Build(OfBuildah):
    @quick
    def test_steps(self):
        """the steps of a build run one upon the other, with user, folder, variables and copied files"""
        (self.folder / "context").mkdir()
        (self.folder / "context/file").write_text("copied")
        name = self.built("""ENV WORD=told
ARG OTHER=default
COPY file /copied
RUN cat /copied >/seen && echo " $WORD $OTHER" >>/seen
USER user
WORKDIR /tmp/new
USER 1000:1000
RUN id -u >/tmp/mine; pwd >>/tmp/mine
USER root
RUN rm /copied && ls -d /copied /seen /tmp/mine >/last 2>/dev/null; true
ENTRYPOINT ["sh"]
""", "--build-arg", "OTHER=given")
        self.prints("cat /seen /tmp/mine /last", "copied told given\n1000\n/tmp/new\n/seen\n/tmp/mine", name=name)

    @quick
    def test_failing_step(self):
        """a failing step fails the build with its exit code"""
        done = self.build("RUN true\nRUN exit 7\nRUN touch /never\n")
        self.assertEqual(done.code, 7, done)

    def test_missing_program(self):
        """a step whose program is missing says so"""
        done = self.build('RUN ["/bin/missing"]\n')
        self.assertNotEqual(done.code, 0)
        self.assertRegex(done.err, r"(?i)/bin/missing.*(no such file|not found)")

    def test_layers(self):
        """with --layers a step that is unchanged comes from the cache"""
        recipe = "RUN head -c 8 /dev/urandom | od -x >/random\nRUN {} >/after\n"
        first = self.built(recipe.format("echo 1"), "--layers")
        second = self.built(recipe.format("echo 2"), "--layers")
        texts = [self.shell("cat /random /after", name=name).lines for name in (first, second)]
        self.assertEqual(texts[0][0], texts[1][0])
        self.assertEqual([text[-1] for text in texts], ["1", "2"])

    def test_volume(self):
        """--volume binds a folder for the steps, and is not in the image"""
        (self.folder / "file").write_text("shared")
        name = self.built("RUN cat /given/file >/seen\n", "--volume", f"{self.folder}:/given:ro")
        self.prints("cat /seen; ls /given", "shared", name=name)

    def test_mounts(self):
        """a step's own mounts: a cache, a tmpfs, a secret"""
        (self.folder / "secret").write_text("hidden")
        name = self.built("RUN --mount=type=tmpfs,target=/fast stat -f -c %T /fast >/seen\n"
                          "RUN --mount=type=secret,id=word cat /run/secrets/word >>/seen\n", "--secret", f"id=word,src={self.folder}/secret")
        self.prints("cat /seen; cat /run/secrets/word 2>/dev/null; true", "tmpfs\nhidden", name=name)

    def test_capabilities(self):
        """--cap-add and --cap-drop hold for the steps"""
        name = self.built("RUN grep CapEff /proc/self/status | cut -f2 >/mask\n", "--cap-add", "CAP_SYS_TIME", "--cap-drop", "CAP_CHOWN")
        mask = int(self.shell("cat /mask", name=name).out, 16)
        self.assertEqual((mask >> 25 & 1, mask & 1), (1, 0), hex(mask))

    def test_limits(self):
        """--memory, --cpu-quota, --ulimit and --shm-size hold for the steps"""
        name = self.built("RUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max >/seen 2>/dev/null; "
                          "ulimit -n >>/seen; df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2 >>/seen\n",
                          "--memory", "64m", "--memory-swap", "64m", "--ulimit", "nofile=100:100", "--shm-size", "1m")
        self.prints("cat /seen", f"{64 << 20}\n100\n1024", name=name)

    def test_at_once(self):
        """builds at once do not disturb each other"""
        runs = [self.background(*self.words_of_build("RUN sleep 0.5; exit 3\n", "--build-arg", f"N={n}")) for n in range(3)]
        self.assertEqual([run.ends(120).code for run in runs], [3, 3, 3])

    @quick
    def test_interrupted(self):
        """a build that is ended leaves nothing of the runtime"""
        runtime, told = self.runtime_that_tells()
        build = self.background(*self.words_of_build("RUN echo ready; sleep 622\n", runtime=runtime))
        build.shows("\nready")
        self.interrupt(build, signal.SIGTERM, told)
        self.eventually(lambda: not self.processes("sleep 622"), "its step goes on")
