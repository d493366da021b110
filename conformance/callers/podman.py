"""podman: containers that run to their end. podman_life.py has those that stay, podman_resources.py limits, pods and
checkpoints."""

import os
import re
import signal
import urllib.request
from pathlib import Path

from caller import IMAGE, SUBORDINATE, Caller, Check
from checks import quick

SIZE = "stty size"
GATEWAY = "10.88.0.1"  # podman's usual one


class Podman(Caller):
    packages = {"podman": "podman", "conmon": "conmon", "catatonit": "catatonit"}

    def begin(self):
        self.own = Path(self.program).name
        (self.folder / "containers.conf").write_text(f"""[containers]
log_driver = "k8s-file"
init_path = "/usr/bin/catatonit"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "{self.own}"
runtime_supports_json = ["{self.own}"]
runtime_supports_nocgroup = ["{self.own}"]
helper_binaries_dir = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/bin"]
[engine.runtimes]
{self.own} = ["{self.runtime}"]
""")
        self.environment["CONTAINERS_CONF"] = str(self.folder / "containers.conf")
        self.must("load", "-i", self.archive)

    def words(self, *words):
        return ["podman", "--root", self.folder / "root", "--runroot", self.folder / "runroot",
                "--tmpdir", self.folder / "state", "--storage-driver", "overlay", *words]

    def podman(self, *words, **more):
        return self.call(*self.words(*words), **more)

    def must(self, *words, **more):
        return self.does(*self.words(*words), **more)

    def about(self, name, what):
        """A piece of what `inspect` tells of a container, as Go's template names it."""
        return self.must("inspect", "--format", "{{" + what + "}}", name).out.strip()


class OfPodman(Check):
    by = Podman

    def words(self, *words, options=(), network="none"):
        """The words of `podman run`, for a container that is gone when it ends unless it is detached."""
        options = [str(option) for option in options]
        keep = {"--detach", "--rm"} & set(options)
        return self.caller.words("run", *([] if keep else ["--rm"]), "--network", network, *options, IMAGE, *words)

    def run_in(self, *words, options=(), network="none", **more):
        return self.caller.call(*self.words(*words, options=options, network=network), **more)

    def shell(self, script, *options, **more):
        return self.run_in("sh", "-c", script, options=options, **more)

    def prints(self, script, expected, *options, **more):
        """What a script in a container prints, and that it ends well."""
        done = self.shell(script, *options, **more)
        self.assertEqual((done.code, done.out.strip()), (0, expected), done)

    def detached(self, *words, options=(), network="none", **more):
        """A container in the background; gives its name."""
        name = self.name()
        self.addCleanup(self.remove, name)
        options = ["--detach", "--name", name, *options]
        self.caller.does(*self.words(*(words or ["sleep", "600"]), options=options, network=network), **more)
        return name

    def remove(self, name):
        self.caller.podman("rm", "--force", "--time", "0", "--ignore", "--volumes", name)

    def pid(self, name):
        return int(self.caller.about(name, ".State.Pid"))

    def becomes(self, name, status):
        self.eventually(lambda: self.caller.about(name, ".State.Status") == status, f"{name} never became {status}")

    def exec_in(self, name, *words, options=(), **more):
        return self.caller.podman("exec", *options, name, *words, **more)

    def logs(self, name):
        return self.caller.must("logs", name).out

    def logged(self, name, word):
        self.eventually(lambda: word in self.logs(name), lambda: f"{name} never wrote {word!r}, but: {self.logs(name)}")


class Run(OfPodman):
    @quick
    def test_exit_code(self):
        """the exit code is that of the program, and its two outputs stay apart"""
        done = self.shell("echo out; echo err >&2; exit 7")
        self.assertEqual((done.code, done.out, done.err), (7, "out\n", "err\n"), done)

    def test_exit_by_signal(self):
        """a program that a signal ends gives 128 and the signal's number"""
        name = self.name()
        run = self.background(*self.words("sh", "-c", "echo ready; sleep 600", options=["--rm", "--name", name]))
        run.shows("ready")
        self.caller.must("kill", "--signal", "KILL", name)
        self.assertEqual(run.ends().code, 128 + signal.SIGKILL)

    def test_environment(self):
        """the environment is the image's and what --env adds"""
        self.prints("echo $PATH $WORD $container", "/bin one two podman", "--env", "WORD=one two")

    def test_user(self):
        """--user and --group-add take names and numbers, and umask is set"""
        self.prints("id -u; id -g; id -G; umask", "1000\n1000\n1000 77\n0027", "--user", "user", "--group-add", "77", "--umask", "0027")
        self.prints("id -u; id -g", "12\n34", "--user", "12:34")

    def test_folder(self):
        """--workdir sets the folder, which must be there"""
        self.prints("pwd", "/tmp", "--workdir", "/tmp")
        self.assertNotEqual(self.shell("pwd", "--workdir", "/absent").code, 0)

    @quick
    def test_stdin(self):
        """the program reads what its caller writes, to the end"""
        done = self.shell("wc -l", "--interactive", input="line\n" * 10000)
        self.assertEqual((done.code, done.out.strip()), (0, "10000"), done)

    def test_much_output(self):
        """no output is lost"""
        self.assertEqual(len(self.shell("yes | head -c 5000000").out), 5000000)

    @quick
    def test_terminal(self):
        """a terminal has the size of the caller's, and follows it"""
        script = f"{SIZE}; trap '{SIZE}; exit 5' WINCH; echo ready; while :; do sleep 0.05; done"
        terminal = self.terminal(*self.words("sh", "-c", script, options=["-it"]), rows=33, columns=111)
        terminal.shows("ready")
        # podman sets the size once the container runs.
        terminal.resize(44, 122)
        terminal.shows("44 122")
        self.assertEqual(terminal.ends().code, 5)

    def test_terminal_is_the_console(self):
        """at a terminal the standard descriptors are /dev/console's device, and what is typed arrives"""
        terminal = self.terminal(*self.words("sh", "-c", "tty; stat -c %t /dev/console; read x; echo got $x", options=["-it"]))
        terminal.shows("88")
        terminal.write("typed\n")
        terminal.shows("got typed")
        self.assertIn("/dev/", terminal.ends().out)

    def test_hostname(self):
        """--hostname names the host"""
        self.prints("hostname; cat /etc/hostname", "named\nnamed", "--hostname", "named")

    def test_init(self):
        """--init puts an init before the program, which reaps and passes signals on"""
        self.prints("cat /proc/1/comm", "podman-init", "--init")
        name = self.detached("sh", "-c", "trap 'exit 6' TERM; echo ready; while :; do sleep 0.05; done", options=["--init"])
        self.logged(name, "ready")
        self.caller.must("stop", name)
        self.assertEqual(self.caller.about(name, ".State.ExitCode"), "6")

    def test_systemd(self):
        """--systemd=always makes the places that an init system writes to"""
        self.prints("echo $container; for place in /run /run/lock /tmp; do stat -f -c %T $place; touch $place/x; done",
                    "podman\ntmpfs\ntmpfs\ntmpfs", "--systemd", "always")

    def test_rootfs(self):
        """--rootfs runs on a folder, without an image"""
        done = self.caller.podman("run", "--rm", "--network", "none", "--rootfs", self.caller.folder / "rootfs", "/bin/echo", "here")
        self.assertEqual((done.code, done.out), (0, "here\n"), done)

    def test_pid_file(self):
        """--pidfile holds the process of the container"""
        name = self.detached(options=["--pidfile", self.folder / "pid"])
        self.assertEqual((self.folder / "pid").read_text(), str(self.pid(name)))

    def test_preserved_descriptors(self):
        """--preserve-fds hands descriptors on"""
        (self.folder / "file").write_text("handed on")
        script = 'exec 3<"$1"; shift; exec "$@"'
        words = self.words("sh", "-c", "cat <&3; ls /proc/self/fd | wc -l", options=["--preserve-fds", "1"])
        done = self.caller.does("sh", "-c", script, "-", self.folder / "file", *words)
        # Standard descriptors, the one handed on, and that of ls.
        self.assertEqual(done.out, "handed on5\n")

    def test_personality(self):
        """--personality sets the execution domain"""
        self.prints("uname -m | sed s/i.86/x86/", "x86" if os.uname().machine == "x86_64" else "armv8l", "--personality", "LINUX32")

    def test_hooks(self):
        """hooks of --hooks-dir run at their stages, and read the state"""
        (self.folder / "hooks").mkdir()
        for stage in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"):
            # startContainer's is looked for, and writes, in the container.
            script = f'cat >{self.folder}/{stage}.json'
            (self.folder / f"hooks/{stage}.json").write_text(
                '{"version": "1.0.0", "when": {"always": true}, "stages": ["%s"],'
                ' "hook": {"path": "/bin/sh", "args": ["sh", "-c", "%s"]}}' % (stage, script))
        command = self.caller.words("--hooks-dir", self.folder / "hooks", "run", "--rm", "--network", "none", "--annotation", "a.b=c",
                                    "--volume", f"{self.folder}:{self.folder}", IMAGE, "true")
        self.caller.does(*command)
        expected = {"prestart": "created", "createRuntime": "created", "createContainer": "created", "startContainer": "created",
                    "poststart": "running", "poststop": "stopped"}
        for stage, status in expected.items():
            with self.subTest(stage):
                state = self.caller.does("cat", self.folder / f"{stage}.json").json
                self.assertEqual(state["annotations"]["a.b"], "c")
                self.assertEqual(state["status"], status)


class Errors(OfPodman):
    def fails(self, code, pattern, *words, options=()):
        """A container that cannot begin: the exit code, and one line that says why."""
        done = self.run_in(*words, options=options)
        self.assertEqual(done.code, code, done)
        self.assertRegex(done.err, rf"(?i)\A[^\n]*{pattern}[^\n]*\n\Z", done)
        self.assertRegex(done.err, rf"\AError: (OCI runtime error: )?{self.caller.own}: ", done)

    @quick
    def test_missing_program(self):
        """a program that is missing is 127, in one sentence that names it"""
        self.fails(127, "/bin/missing.*(no such file|not found)", "/bin/missing")
        self.fails(127, "missing.*(no such file|not found)", "missing")

    @quick
    def test_not_executable(self):
        """a program that may not be executed is 126, in one sentence that names it"""
        self.fails(126, "/etc/passwd.*(permission denied|not permitted)", "/etc/passwd")
        self.fails(126, "/etc.*(permission denied|not permitted|is a directory)", "/etc")

    def test_other(self):
        """any other failure is one sentence too, and leaves nothing"""
        self.fails(126, "ip_default_ttl.*invalid argument", "true", options=["--sysctl", "net.ipv4.ip_default_ttl=x", "--name", "half-made"])
        self.assertEqual(self.caller.must("ps", "--all", "--quiet", "--filter", "name=half-made").out, "")
        left = [path for path in Path("/sys/fs/cgroup").glob("*/libpod_parent/libpod-*") if not path.name.startswith("libpod-conmon")]
        self.assertEqual(left, [])

    def test_own_failure(self):
        """a failure of podman's own is 125"""
        self.assertEqual(self.run_in("true", options=["--pull", "never", "--entrypoint", "/bin/true", "--pod", "absent"]).code, 125)


class Mounts(OfPodman):
    @quick
    def test_volume(self):
        """--volume binds a folder, writable or read-only"""
        (self.folder / "file").write_text("shared")
        self.prints("cat /mnt/file; echo more >/mnt/written", "shared", "--volume", f"{self.folder}:/mnt")
        self.assertEqual((self.folder / "written").read_text(), "more\n")
        self.assertIn("Read-only file system", self.shell("touch /mnt/refused", "--volume", f"{self.folder}:/mnt:ro").err)

    def test_volume_of_a_file(self):
        """a file is bound upon a path that the image lacks"""
        (self.folder / "file").write_text("shared")
        self.prints("cat /new/place/file", "shared", "--volume", f"{self.folder}/file:/new/place/file:ro")

    def test_named_volume(self):
        """a named volume is filled from the image, and keeps what is written"""
        name = self.name()
        self.addCleanup(self.caller.podman, "volume", "rm", "--force", name)
        self.prints("ls /etc; echo kept >/etc/kept", "group\nhostname\nhosts\nmtab\npasswd", "--volume", f"{name}:/etc")
        self.prints("cat /mnt/kept; ls /mnt/passwd", "kept\n/mnt/passwd", "--volume", f"{name}:/mnt")

    def test_overlay_volume(self):
        """a volume with :O can be written without changing its source"""
        (self.folder / "file").write_text("shared")
        self.prints("echo mine >/mnt/file; cat /mnt/file", "mine", "--volume", f"{self.folder}:/mnt:O")
        self.assertEqual((self.folder / "file").read_text(), "shared")

    def test_idmapped_volume(self):
        """a volume with :idmap has the ids of the container's user namespace"""
        (self.folder / "file").write_text("shared")
        os.chown(self.folder / "file", 7, 8)
        # The image's root must be one that can be idmapped too, or is shifted by podman itself.
        self.prints("stat -c '%u %g' /mnt/file; touch /mnt/made", "7 8", "--volume", f"{self.folder}:/mnt:idmap",
                    "--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536")
        self.assertEqual((self.folder / "made").stat().st_uid, 0)

    def test_propagation(self):
        """a volume's propagation is the one asked for"""
        source = self.folder / "source"
        source.mkdir()
        self.caller.does("mount", "-t", "tmpfs", "tmpfs", source)
        self.addCleanup(self.caller.does, "umount", "-R", source)
        self.caller.does("mount", "--make-shared", source)
        for option, field in (("rshared", "shared:"), ("rslave", "master:"), ("rprivate", "-")):
            self.prints("grep ' /mnt ' /proc/self/mountinfo | cut -d' ' -f7 | sed 's/[0-9]*//g'", field, "--volume", f"{source}:/mnt:{option}")

    def test_image_mount(self):
        """an image can be mounted"""
        self.prints("ls -d /mnt/bin/sh", "/mnt/bin/sh", "--mount", f"type=image,source={IMAGE},destination=/mnt")

    def test_tmpfs(self):
        """--tmpfs has its options, and a copy of what it covers"""
        self.prints("stat -f -c %T /etc; df -k /etc | tail -1 | tr -s ' ' | cut -d' ' -f2; ls /etc/passwd; stat -c %a /new",
                    "tmpfs\n640\n/etc/passwd\n700", "--tmpfs", "/etc:size=640k", "--tmpfs", "/new:mode=700")

    def test_read_only(self):
        """--read-only makes the root read-only, and leaves places to write"""
        done = self.shell("touch /tmp/x /run/x /dev/shm/x && touch /refused", "--read-only")
        self.assertRegex(done.err, r"\Atouch: /refused: Read-only file system\n\Z")
        self.assertIn("/tmp/x: Read-only", self.shell("touch /tmp/x", "--read-only", "--read-only-tmpfs=false").err)

    def test_shared_memory(self):
        """--shm-size is the size of /dev/shm"""
        self.prints("df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2", "1024", "--shm-size", "1m")

    def test_hidden_processes(self):
        """--security-opt proc-opts are those of /proc"""
        self.prints("grep -c ' /proc .*hidepid=' /proc/self/mountinfo", "1", "--security-opt", "proc-opts=hidepid=2")

    def test_secret(self):
        """a secret is a file that only its owner reads"""
        name = self.name()
        (self.folder / "secret").write_text("hidden")
        self.caller.must("secret", "create", name, self.folder / "secret")
        self.addCleanup(self.caller.podman, "secret", "rm", name)
        self.prints(f"cat /run/secrets/{name}; stat -c ' %a' /run/secrets/{name}", "hidden 400", "--secret", f"{name},mode=0400")


class Privileges(OfPodman):
    def capabilities(self, *options):
        done = self.shell("grep -E 'Cap(Eff|Bnd)' /proc/self/status", *options)
        return [int(line.split()[1], 16) for line in done.lines]

    @quick
    def test_capabilities(self):
        """--cap-add adds a capability and --cap-drop takes one"""
        for mask in self.capabilities("--cap-add", "SYS_TIME", "--cap-drop", "CHOWN"):
            self.assertEqual((mask >> 25 & 1, mask & 1, mask >> 1 & 1), (1, 0, 1), hex(mask))

    def test_all_capabilities(self):
        """--cap-drop all takes every capability"""
        self.assertEqual(self.capabilities("--cap-drop", "all"), [0, 0])

    @quick
    def test_privileged(self):
        """--privileged gives all capabilities of the caller, and no masks"""
        own = re.search(r"CapEff:\s*(\w+)", Path("/proc/self/status").read_text()).group(1)
        self.assertEqual(self.capabilities("--privileged")[0], int(own, 16))
        self.prints("grep ' /proc/' /proc/self/mountinfo; grep Seccomp: /proc/self/status | tr -d '\\t'", "Seccomp:0", "--privileged")

    def test_no_new_privileges(self):
        """--security-opt no-new-privileges forbids them"""
        script = "grep NoNewPrivs /proc/self/status | tr -d '\\t'"
        self.prints(script, "NoNewPrivs:0")
        self.prints(script, "NoNewPrivs:1", "--security-opt", "no-new-privileges")

    @quick
    def test_seccomp(self):
        """the usual profile filters, one's own is taken, unconfined has none"""
        script = "grep Seccomp: /proc/self/status | tr -d '\\t'; mkdir /made"
        (self.folder / "profile.json").write_text(
            '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 3}]}')
        self.prints(script, "Seccomp:2")
        self.prints(script, "Seccomp:0", "--security-opt", "seccomp=unconfined")
        self.assertIn("No such process", self.shell(script, "--security-opt", f"seccomp={self.folder}/profile.json").err)

    def test_masks(self):
        """paths are masked, --security-opt mask adds one and unmask takes all away"""
        script = "head -c 1 /proc/interrupts | wc -c; wc -c </etc/passwd; grep -q ' /proc/' /proc/self/mountinfo && echo masks"
        self.prints(script, "1\n0\nmasks", "--security-opt", "mask=/etc/passwd")
        self.prints("touch /sys/absent; " + script.replace("/etc/passwd", "/etc/group") + "; true", "1\n23", "--security-opt", "unmask=ALL")

    def test_devices(self):
        """--device gives a device with the access asked for"""
        script = "stat -c '%t:%T' /dev/other; : </dev/other && echo read; echo >/dev/other"
        done = self.shell(script, "--device", "/dev/kmsg:/dev/other:r", "--cap-add", "SYSLOG")
        self.assertEqual(done.out, "1:b\nread\n", done)
        self.assertIn("not permitted", done.err)

    def test_device_rule(self):
        """--device-cgroup-rule allows what is made by hand"""
        script = "mknod /null c 1 7; echo >/null"
        self.assertIn("No space left", self.shell(script, "--device-cgroup-rule", "c 1:7 rwm").err)
        self.assertIn("not permitted", self.shell(script.replace("1 7", "4 64"), "--device-cgroup-rule", "c 1:7 rwm").err)

    def test_limits(self):
        """--ulimit sets resource limits"""
        # podman raises the number of processes, which not every root may, unless it is given.
        self.prints("ulimit -Sn; ulimit -Hn; ulimit -Hc; grep processes /proc/self/limits | tr -s ' ' | cut -d' ' -f3,4", "100\n200\n0\n50 60",
                    "--ulimit", "nofile=100:200", "--ulimit", "core=0", "--ulimit", "nproc=50:60")

    def test_sysctl(self):
        """--sysctl sets parameters of the container's namespaces"""
        self.prints("cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_default_ttl", "9000\n70",
                    "--sysctl", "kernel.msgmax=9000", "--sysctl", "net.ipv4.ip_default_ttl=70")

    def test_oom_score(self):
        """--oom-score-adj is that of the program"""
        self.prints("cat /proc/self/oom_score_adj", "77", "--oom-score-adj", "77")


class Namespaces(OfPodman):
    KINDS = ("pid", "ipc", "uts")

    def inside(self, kind, *options, **more):
        return self.shell(f"readlink /proc/self/ns/{kind}", *options, **more).out.strip()

    def test_private(self):
        """each container has namespaces of its own"""
        for kind in ("pid", "ipc", "uts", "mnt", "net"):
            with self.subTest(kind):
                self.assertNotIn(self.inside(kind), ("", os.readlink(f"/proc/self/ns/{kind}")))

    @quick
    def test_of_the_host(self):
        """--pid, --ipc, --uts and --network host are the host's"""
        for kind in self.KINDS:
            with self.subTest(kind):
                self.assertEqual(self.inside(kind, f"--{kind}", "host"), os.readlink(f"/proc/self/ns/{kind}"))
        self.assertEqual(self.inside("net", network="host"), os.readlink("/proc/self/ns/net"))

    def test_of_a_container(self):
        """--pid, --ipc, --uts and --network container:NAME are another container's"""
        name = self.detached(options=["--ipc", "shareable"])
        theirs = {kind: os.readlink(f"/proc/{self.pid(name)}/ns/{kind}") for kind in (*self.KINDS, "net")}
        for kind in self.KINDS:
            with self.subTest(kind):
                self.assertEqual(self.inside(kind, f"--{kind}", f"container:{name}"), theirs[kind])
        self.assertEqual(self.inside("net", network=f"container:{name}"), theirs["net"])

    def test_bridge(self):
        """a port of a container on a bridge is published"""
        if not Path("/usr/lib/podman/netavark").exists():
            self.skipTest("needs Debian's package netavark")
        name = self.detached("httpd", "-f", "-p", "80", "-h", "/etc", options=["--publish", "8080:80"], network="bridge")
        address = self.caller.about(name, ".NetworkSettings.IPAddress")
        for place in (f"{address}:80", f"{GATEWAY}:8080"):
            with self.subTest(place):
                self.eventually(lambda: self.fetch(f"http://{place}/passwd").startswith("root:"), f"{place} cannot be reached")

    @staticmethod
    def fetch(address):
        try:
            with urllib.request.urlopen(address, timeout=3) as answer:
                return answer.read().decode()
        except OSError as error:
            return str(error)

    def test_cgroup(self):
        """--cgroupns private hides the groups above, host shows them"""
        script = "cut -d: -f3 /proc/self/cgroup | sort -u"
        self.prints(script, "/", "--cgroupns", "private")
        self.assertIn("libpod", self.shell(script, "--cgroupns", "host").out)

    @quick
    def test_user(self):
        """--uidmap and --gidmap make a user namespace, in which root owns its files"""
        first = SUBORDINATE[1]
        name = self.detached(options=["--uidmap", f"0:{first}:1000", "--gidmap", f"0:{first + 5}:1000"])
        status = Path(f"/proc/{self.pid(name)}/status").read_text()
        self.assertIn(f"Uid:\t{first}\t", status)
        self.assertIn(f"Gid:\t{first + 5}\t", status)
        done = self.exec_in(name, "sh", "-c", "id -u; stat -c %u:%g /bin/sh; tr -s ' ' <proc/self/uid_map; touch /made; hostname x && echo no")
        self.assertEqual(done.lines[:3], ["0", "0:0", f" 0 {first} 1000"], done)

    def test_user_by_name(self):
        """--userns with a user's subordinate ids, and its file systems"""
        user, first, _ = SUBORDINATE
        self.prints("tr -s ' ' </proc/self/uid_map | cut -d' ' -f3; stat -c %u /proc/1 /sys; touch /dev/shm/x /tmp/x", f"{first}\n0\n65534",
                    "--subuidname", user, "--subgidname", user, network="none")

    def test_user_of_a_container(self):
        """--userns container:NAME is another container's"""
        first = SUBORDINATE[1]
        name = self.detached(options=["--uidmap", f"0:{first}:1000", "--gidmap", f"0:{first}:1000"])
        self.assertEqual(self.inside("user", "--userns", f"container:{name}"), os.readlink(f"/proc/{self.pid(name)}/ns/user"))
