"""Docker Engine: what a container sees, and what it is kept from. docker_life.py has the rest."""

import json
import os
import re
import signal
from pathlib import Path

from caller import IMAGE, SUBORDINATE, Caller, Check, groups_of, limit_of, lines_of_readme
from checks import quick


class Docker(Caller):
    packages = {"dockerd": "docker.io", "docker": "docker.io", "iptables": "iptables"}
    settings = {}
    prefix = []

    def begin(self):
        # Docker's own builder takes the program "runc" that it finds, whatever the default runtime is.
        (self.folder / "bin").mkdir()
        (self.folder / "bin/runc").symlink_to(self.runtime)
        self.environment["PATH"] = f"{self.folder}/bin:{self.environment['PATH']}"
        self.environment["DOCKER_HOST"] = f"unix://{self.folder}/docker.sock"
        (self.folder / "daemon.json").write_text(json.dumps({
            **json.loads(lines_of_readme("Docker:", self.runtime)),
            "live-restore": True,
            "experimental": True,
            "storage-driver": "overlay2",
            **self.settings,
        }))
        self.daemon = self.start()
        self.must("load", "--input", self.archive)

    def start(self):
        folder = self.folder
        return self.serve(*self.prefix, "dockerd", "--config-file", folder / "daemon.json", "--data-root", folder / "root", "--exec-root",
                          folder / "exec", "--pidfile", folder / "pid", "--host", self.environment["DOCKER_HOST"], "--group", "root",
                          ready=lambda: self.docker("version").code == 0)

    def docker(self, *words, **more):
        return self.call("docker", *words, **more)

    def must(self, *words, **more):
        return self.does("docker", *words, **more)


class OfDocker(Check):
    by = Docker

    def words(self, *words, options=(), name=None):
        name = name or self.name()
        self.addCleanup(self.caller.docker, "rm", "--force", "--volumes", name)
        return ["run", "--name", name, *options, IMAGE, *words]

    def run_in(self, *words, options=(), **more):
        """`docker run --rm`, to the end of the container."""
        return self.caller.docker("run", "--rm", "--name", self.name(), *options, IMAGE, *words, **more)

    def shell(self, script, *options, **more):
        return self.run_in("sh", "-c", script, options=options, **more)

    def prints(self, script, expected, *options, **more):
        """What a script in a container prints, and that it ends well."""
        done = self.shell(script, *options, **more)
        self.assertEqual((done.code, done.out.strip()), (0, expected), done)

    def detached(self, *words, options=()):
        """A container in the background; gives its name."""
        name = self.name()
        self.caller.must(*self.words(*(words or ["sleep", "600"]), options=["--detach", *options], name=name))
        return name

    def inspect(self, name, path):
        """A member of what `docker inspect` tells, such as State.Pid."""
        found = self.caller.must("inspect", name).json[0]
        for part in path.split("."):
            found = found[part]
        return found

    def pid(self, name):
        return self.inspect(name, "State.Pid")

    def becomes(self, name, status, limit=30):
        self.eventually(lambda: self.inspect(name, "State.Status") == status, f"{name} never became {status}", limit)

    def exec_in(self, name, *words, options=(), **more):
        return self.caller.docker("exec", *options, name, *words, **more)


class Run(OfDocker):
    @quick
    def test_exit_code(self):
        """the exit code is that of the program, and its two outputs stay apart"""
        done = self.shell("echo out; echo err >&2; exit 7")
        self.assertEqual((done.code, done.out, done.err), (7, "out\n", "err\n"), done)

    def test_exit_by_signal(self):
        """a killed container gives 137"""
        name = self.name()
        run = self.background("docker", *self.words("sleep", "600", name=name))
        self.eventually(lambda: self.caller.docker("kill", name).code == 0, "it never ran")
        self.assertEqual(run.ends().code, 128 + signal.SIGKILL)

    @quick
    def test_missing(self):
        """a program that is missing gives 127, by path and by name"""
        for word in ("/bin/missing", "missing"):
            done = self.run_in(word)
            self.assertEqual(done.code, 127, done)
            self.assertIn(word, done.err)

    @quick
    def test_not_executable(self):
        """a program that may not be executed gives 126, and so does a folder"""
        for word in ("/etc/passwd", "/etc"):
            done = self.run_in(word)
            self.assertEqual(done.code, 126, done)

    def test_refused(self):
        """what Docker itself refuses gives 125"""
        self.assertEqual(self.run_in("true", options=["--no-such-option"]).code, 125)

    def test_environment(self):
        """the environment is the image's and what --env and --env-file add"""
        (self.folder / "env").write_text("FROM=file\n")
        self.prints("echo $PATH $WORD $FROM", "/bin one two file", "--env", "WORD=one two", "--env-file", self.folder / "env")

    def test_user(self):
        """--user takes numbers and names, --group-add adds groups"""
        self.prints("id -u; id -g; id -G", "1000\n1000\n1000 50", "--user", "1000:1000", "--group-add", "50")
        self.prints("id -un; echo $HOME", "user\n/tmp", "--user", "user")

    def test_workdir(self):
        """--workdir sets the folder, which is made where it is absent"""
        self.prints("pwd", "/made/here", "--workdir", "/made/here")

    def test_stdin(self):
        """the program reads what its caller writes, to the end"""
        done = self.run_in("wc", "-l", options=["--interactive"], input="line\n" * 10000)
        self.assertEqual((done.code, done.out.strip()), (0, "10000"), done)

    def test_much_output(self):
        """no output is lost"""
        self.assertEqual(len(self.shell("yes | head -c 5000000").out), 5000000)

    @quick
    def test_terminal(self):
        """a terminal has the size of the caller's, and follows it"""
        terminal = self.terminal("docker", *self.words("sh", options=["--rm", "-it"]), rows=33, columns=111)
        terminal.shows("# ")
        terminal.answers("stty size", "33 111")
        terminal.resize(44, 122)
        terminal.answers("stty size", "44 122")
        terminal.write("exit 5\n")
        self.assertEqual(terminal.ends().code, 5)

    def test_hostname(self):
        """--hostname names the container, in /etc/hosts too"""
        self.prints("hostname; grep -c named /etc/hosts", "named\n1", "--hostname", "named")

    def test_entrypoint(self):
        """--entrypoint replaces the image's"""
        done = self.run_in("-n", "here", options=["--entrypoint", "echo"])
        self.assertEqual((done.code, done.out), (0, "here"))

    @quick
    def test_init(self):
        """--init puts an init before the program, that reaps"""
        self.prints("cat /proc/1/comm; (sleep 0.1 &); sleep 0.5; grep -l Z /proc/*/stat 2>/dev/null | wc -l", "docker-init\n0", "--init")

    def test_parallel(self):
        """ten containers at once all run"""
        runs = [self.background("docker", *self.words("sh", "-c", f"exit {code}")) for code in range(10)]
        self.assertEqual([run.ends(120).code for run in runs], list(range(10)))


class Files(OfDocker):
    def test_volume(self):
        """a named volume keeps what a container writes"""
        name = self.name()
        self.addCleanup(self.caller.docker, "volume", "rm", "--force", name)
        self.prints("echo kept >/data/file", "", "--volume", f"{name}:/data")
        self.prints("cat /data/file", "kept", "--volume", f"{name}:/data:ro")
        self.assertIn("Read-only file system", self.shell("touch /data/file", "--volume", f"{name}:/data:ro").err)

    def test_anonymous_volume(self):
        """an anonymous volume takes over the image's files"""
        self.prints("grep -c ' /etc ' /proc/self/mountinfo; wc -l </etc/passwd", "1\n2", "--volume", "/etc")

    def test_bind(self):
        """a folder and a file of the host are bound, writable or read-only"""
        (self.folder / "file").write_text("shared\n")
        self.prints("cat /file; cat /mnt/file; echo more >/mnt/written", "shared\nshared", "-v", f"{self.folder}/file:/file:ro", "-v", f"{self.folder}:/mnt")
        self.assertEqual((self.folder / "written").read_text(), "more\n")
        self.assertIn("Read-only file system", self.shell("echo >/file", "-v", f"{self.folder}/file:/file:ro").err)

    def test_volumes_from(self):
        """--volumes-from gives another container's volumes"""
        other = self.detached("sh", "-c", "echo theirs >/data/file; sleep 600", options=["--volume", "/data"])
        self.prints("until cat /data/file 2>/dev/null; do sleep 0.05; done", "theirs", "--volumes-from", other)

    def test_propagation(self):
        """a mount made on the host appears in a container whose volume is a slave"""
        source = self.folder / "source"
        (source / "inner").mkdir(parents=True)
        self.caller.does("mount", "--bind", source, source)
        self.addCleanup(self.caller.call, "umount", "--recursive", source)
        self.caller.does("mount", "--make-shared", source)
        name = self.detached(options=["--volume", f"{source}:/mnt:rslave"])
        self.caller.does("mount", "-t", "tmpfs", "tmpfs", source / "inner")
        (source / "inner/file").write_text("late\n")
        self.assertEqual(self.exec_in(name, "cat", "/mnt/inner/file").out, "late\n")

    def test_tmpfs(self):
        """--tmpfs has its size and mode"""
        self.prints("stat -f -c %T /new; stat -c %a /new; df -k /new | tail -1 | tr -s ' ' | cut -d' ' -f2", "tmpfs\n700\n64",
                    "--tmpfs", "/new:size=64k,mode=700")

    def test_read_only(self):
        """--read-only makes the root read-only, but not a tmpfs in it"""
        done = self.shell("touch /mnt/file && touch /refused", "--read-only", "--tmpfs", "/mnt")
        self.assertIn("/refused: Read-only file system", done.err)

    def test_shm(self):
        """--shm-size is that of /dev/shm"""
        self.prints("df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2", "8192", "--shm-size", "8m")

    def test_copy(self):
        """cp takes files out of a container and puts them in, running or not"""
        (self.folder / "in").write_text("from outside\n")
        name = self.detached()
        self.caller.must("cp", self.folder / "in", f"{name}:/tmp/in")
        self.assertEqual(self.exec_in(name, "cat", "/tmp/in").out, "from outside\n")
        self.caller.must("kill", name)
        self.caller.must("cp", f"{name}:/tmp/in", self.folder / "out")
        self.assertEqual((self.folder / "out").read_text(), "from outside\n")


class Isolation(OfDocker):
    def mask(self, *options, line="CapEff"):
        done = self.shell(f"grep {line} /proc/self/status", *options)
        self.assertEqual(done.code, 0, done)
        return int(done.out.split()[1], 16)

    def test_capabilities(self):
        """--cap-add adds a capability, --cap-drop takes one, or all"""
        mask = self.mask("--cap-add", "SYS_TIME", "--cap-drop", "CHOWN")
        self.assertEqual((mask >> 25 & 1, mask & 1, mask >> 1 & 1), (1, 0, 1), hex(mask))
        self.assertEqual(self.mask("--cap-drop", "ALL", "--cap-add", "KILL"), 1 << 5)

    def test_capabilities_of_a_user(self):
        """a user that is not root has none in effect"""
        self.assertEqual(self.mask("--user", "1000", "--cap-add", "SYS_TIME"), 0)

    @quick
    def test_privileged(self):
        """--privileged gives the capabilities of the host's root, its devices, and a /proc/sys to write to"""
        own = int(re.search(r"CapBnd:\s*(\w+)", Path("/proc/self/status").read_text()).group(1), 16)
        self.assertEqual(self.mask("--privileged"), own & (1 << 38) - 1)  # Docker 20.10 knows no newer ones
        self.prints("mount -t tmpfs tmpfs /mnt && test -c /dev/kmsg && echo 1 >/proc/sys/kernel/domainname && echo fine", "fine", "--privileged")

    def test_no_new_privileges(self):
        """--security-opt no-new-privileges forbids them"""
        script = "grep NoNewPrivs /proc/self/status | tr -d '\\t'"
        self.prints(script, "NoNewPrivs:0")
        self.prints(script, "NoNewPrivs:1", "--security-opt", "no-new-privileges")

    def test_seccomp(self):
        """Docker's filter is loaded, and unconfined is without"""
        script = "grep Seccomp: /proc/self/status | tr -d '\\t'"
        self.prints(script, "Seccomp:2")
        self.prints(script, "Seccomp:0", "--security-opt", "seccomp=unconfined")

    @quick
    def test_seccomp_profile(self):
        """a filter of one's own is loaded, together with no-new-privileges and another user"""
        profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 18}]}
        (self.folder / "profile.json").write_text(json.dumps(profile))
        options = ["--security-opt", f"seccomp={self.folder}/profile.json"]
        self.assertIn("Invalid cross-device link", self.shell("mkdir /tmp/refused", *options).err)
        options += ["--security-opt", "no-new-privileges", "--user", "1000"]
        self.assertIn("Invalid cross-device link", self.shell("mkdir /tmp/refused", *options).err)

    def test_masks(self):
        """masked and read-only paths are so, unless systempaths=unconfined"""
        script = "echo 1 >/proc/sys/kernel/panic; wc -c </proc/keys"
        done = self.shell(script)
        self.assertIn("Read-only file system", done.err)
        self.assertEqual(done.out.strip(), "0")
        self.prints("grep -c ' /proc/' /proc/self/mountinfo || true", "0", "--security-opt", "systempaths=unconfined")

    def test_ulimit(self):
        """--ulimit sets a limit"""
        self.prints("ulimit -n; ulimit -Hn; ulimit -c", "100\n200\n0", "--ulimit", "nofile=100:200", "--ulimit", "core=0")

    def test_sysctl(self):
        """--sysctl sets a parameter of the container's namespaces"""
        self.prints("cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/msgmax", "77\n9000", "--sysctl", "net.ipv4.ip_default_ttl=77", "--sysctl", "kernel.msgmax=9000")

    def test_oom_score(self):
        """--oom-score-adj is that of the program"""
        self.prints("cat /proc/self/oom_score_adj", "500", "--oom-score-adj", "500")

    def test_device(self):
        """--device gives a device of the host, with the rights that are asked for"""
        device = self.folder / "device"
        os.mknod(device, 0o20666, os.makedev(1, 11))
        options = ["--cap-add", "SYSLOG", "--device", f"{device}:/dev/given:r"]
        self.prints("test -c /dev/given && : </dev/given && echo fine", "fine", *options)
        self.assertIn("Operation not permitted", self.shell(": >/dev/given", *options).err)
        self.assertIn("Operation not permitted", self.shell("mknod /tmp/kmsg c 1 11 && : </tmp/kmsg", "--cap-add", "SYSLOG").err)

    def test_device_rule(self):
        """--device-cgroup-rule allows a device that the container makes"""
        self.prints("mknod /tmp/kmsg c 1 11 && : </tmp/kmsg && echo fine", "fine", "--cap-add", "SYSLOG",
                    "--device-cgroup-rule", "c 1:11 rwm")

    def test_joined_namespaces(self):
        """a container joins namespaces of another one"""
        other = self.detached(options=["--ipc", "shareable"])
        options = [word for kind in ("--network", "--ipc", "--pid") for word in (kind, f"container:{other}")]
        done = self.shell("readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; ps | grep -c '[s]leep 600'", *options)
        links = [os.readlink(f"/proc/{self.pid(other)}/ns/{kind}") for kind in ("net", "ipc")]
        self.assertEqual(done.lines, [*links, "1"], done)

    def test_host_namespaces(self):
        """a container stays in the host's namespaces where it is told to"""
        options = ["--network", "host", "--pid", "host", "--ipc", "host", "--uts", "host"]
        script = "; ".join(f"readlink /proc/self/ns/{kind}" for kind in ("net", "pid", "ipc", "uts"))
        self.assertEqual(self.shell(script, *options).lines, [os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "pid", "ipc", "uts")])

    def test_group_namespace(self):
        """--cgroupns private shows the container its own group as the root"""
        self.prints("cut -d: -f3 /proc/self/cgroup | sort -u", "/", "--cgroupns", "private")


class Limits(OfDocker):
    def limits(self, name, *files):
        """The limits of a container: of each (controller, file of v1, file of v2)."""
        pid = self.pid(name)
        return [limit_of(pid, *file) for file in files]

    MEMORY = ("memory", "memory.limit_in_bytes", "memory.max")
    RESERVATION = ("memory", "memory.soft_limit_in_bytes", "memory.low")
    PIDS = ("pids", "pids.max", "pids.max")
    CPUSET = ("cpuset", "cpuset.cpus", "cpuset.cpus")

    def test_memory(self):
        """--memory and --memory-reservation are the limits of the group"""
        name = self.detached(options=["--memory", "64m", "--memory-reservation", "32m"])
        self.assertEqual(self.limits(name, self.MEMORY, self.RESERVATION), [str(64 << 20), str(32 << 20)])

    def test_swap(self):
        """--memory-swap is the limit of memory and swap together"""
        name = self.detached(options=["--memory", "64m", "--memory-swap", "64m"])
        if "memory" in groups_of(self.pid(name)):
            self.assertEqual(self.limits(name, ("memory", "memory.memsw.limit_in_bytes", "")), [str(64 << 20)])
        else:
            self.assertEqual(self.limits(name, ("memory", "", "memory.swap.max")), ["0"])

    def test_cpus(self):
        """--cpus is the share of processor time, --cpuset-cpus the processors"""
        name = self.detached(options=["--cpus", "0.5", "--cpuset-cpus", "0"])
        quota = [("cpu", "cpu.cfs_quota_us", ""), ("cpu", "cpu.cfs_period_us", "")] if "cpu" in groups_of(self.pid(name)) else [("cpu", "", "cpu.max")]
        self.assertEqual(" ".join(self.limits(name, *quota)), "50000 100000")
        self.assertEqual(self.limits(name, self.CPUSET), ["0"])

    def test_shares(self):
        """--cpu-shares is the weight"""
        name = self.detached(options=["--cpu-shares", "512"])
        # As a weight 512 shares are 59, or 20 by the older conversion.
        self.assertIn(self.limits(name, ("cpu", "cpu.shares", "cpu.weight"))[0], ("512",) if "cpu" in groups_of(self.pid(name)) else ("59", "20"))

    def test_pids(self):
        """--pids-limit is the limit of processes, and holds"""
        name = self.detached(options=["--pids-limit", "20"])
        self.assertEqual(self.limits(name, self.PIDS), ["20"])
        self.assertIn("can't fork", self.exec_in(name, "sh", "-c", "for i in $(seq 30); do sleep 5 & done").err)

    def test_parent(self):
        """--cgroup-parent is the parent of the container's group"""
        name = self.detached(options=["--cgroup-parent", "/named"])
        self.assertIn("/named/", str(list(groups_of(self.pid(name)).values())[0]))

    @quick
    def test_out_of_memory(self):
        """a container that runs out of memory is killed, and marked so"""
        name = self.detached("sh", "-c", "sleep 0.5; x=$(yes | head -c 100000000); echo $x", options=["--memory", "16m", "--memory-swap", "16m"])
        self.becomes(name, "exited")
        self.eventually(lambda: self.inspect(name, "State.OOMKilled"), "it is not marked")
        self.assertEqual(self.inspect(name, "State.ExitCode"), 137)

    def test_stats(self):
        """stats tells memory and processes"""
        name = self.detached(options=["--memory", "64m"])
        done = self.caller.must("stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}}", name)
        self.assertRegex(done.out, r"[1-9][.\d]*[kKM]iB / 64MiB 1\n")

    @quick
    def test_update(self):
        """update changes the limits of a running container"""
        name = self.detached(options=["--memory", "64m", "--memory-swap", "64m", "--pids-limit", "20"])
        self.caller.must("update", "--memory", "128m", "--memory-swap", "128m", "--pids-limit", "30", "--cpuset-cpus", "0", name)
        self.assertEqual(self.limits(name, self.MEMORY, self.PIDS, self.CPUSET), [str(128 << 20), "30", "0"])
        self.caller.must("update", "--cpus", "0.25", name)
        self.assertEqual(self.limits(name, self.MEMORY), [str(128 << 20)])

    def test_update_refused(self):
        """an update that the kernel refuses is an error that says why"""
        name = self.detached()
        done = self.caller.docker("update", "--cpuset-cpus", "9999", name)
        self.assertNotEqual(done.code, 0)
        self.assertRegex(done.err, "(?i)cpu")

    def test_no_group_is_left(self):
        """the groups of a removed container are gone"""
        name = self.detached()
        folders = [folder for folder in groups_of(self.pid(name)).values() if "docker" in str(folder)]
        self.assertGreater(len(folders), 0)
        self.caller.must("rm", "--force", name)
        self.assertEqual([folder for folder in folders if folder.exists()], [])


class Remapped(Docker):
    """A daemon whose containers are in user namespaces."""

    settings = {"userns-remap": SUBORDINATE[0], "bridge": "none", "iptables": False, "ip6tables": False}
    prefix = ["unshare", "--net"]  # a daemon without a bridge removes that of another one


class RemappedUsers(OfDocker):
    by = Remapped

    def test_map(self):
        """with userns-remap root in the container is an ordinary user outside, who owns the container's files"""
        _, first, count = SUBORDINATE
        self.prints("tr -s ' ' </proc/self/uid_map; id -u; touch /made && stat -c %u /made /etc/passwd", f"0 {first} {count}\n0\n0\n0")

    def test_volume(self):
        """with userns-remap a volume belongs to the container's root"""
        self.prints("echo kept >/data/file && stat -c %u /data/file && cat /data/file", "0\nkept", "--volume", "/data")

    def test_exec(self):
        """with userns-remap exec is in the namespaces, and at a terminal"""
        name = self.detached()
        self.assertEqual(self.exec_in(name, "id", "-u", options=["--user", "1000"]).out, "1000\n")
        terminal = self.terminal("docker", "exec", "-it", name, "sh", "-c", "echo typed >$(tty); exit 3")
        self.assertEqual(terminal.ends().code, 3)
        self.assertIn("typed", terminal.seen)

    def test_host(self):
        """with userns-remap a privileged container of the host's user namespace is root"""
        self.prints("tr -s ' ' </proc/self/uid_map; id -u", "0 0 4294967295\n0", "--userns", "host", "--privileged")
