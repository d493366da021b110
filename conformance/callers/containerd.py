"""containerd, driven by its own client ctr: what a container sees, and what it is kept from. containerd_life.py has the rest."""

import json
import os
import re
import shutil
import signal
from pathlib import Path

from caller import IMAGE, SUBORDINATE, Caller, Check, groups_of, limit_of, lines_of_readme, make_archive
from checks import quick

AS_USER = "localhost/as-user:latest"  # an image whose configuration names a user and a folder


class Containerd(Caller):
    packages = {"containerd": "containerd", "ctr": "containerd"}

    def begin(self):
        self.config = self.folder / "config.toml"
        cri = lines_of_readme("containerd: for its CRI", self.runtime).removeprefix("version = 2\n")
        self.config.write_text(f"""version = 2
root = "{self.folder}/root"
state = "{self.folder}/state"
[grpc]
address = "{self.socket}"
{cri}""")
        self.daemon = self.start()
        make_archive(self.folder / "rootfs", self.folder / "user.tar", AS_USER, User="1000:1000", WorkingDir="/tmp")
        self.must("images", "import", self.archive)
        self.must("images", "import", self.folder / "user.tar")

    def start(self):
        return self.serve("containerd", "-c", self.config, ready=lambda: self.ctr("version").code == 0)

    @property
    def socket(self):
        return self.folder / "containerd.sock"

    def words(self, *words):
        return ["ctr", "-a", self.socket, *words]

    def ctr(self, *words, **more):
        return self.call(*self.words(*words), **more)

    def must(self, *words, **more):
        return self.does(*self.words(*words), **more)

    def task(self, name):
        """The process and the status of a task; None where there is none."""
        for line in self.must("tasks", "list").lines[1:]:
            found, pid, status = line.split()
            if found == name:
                return int(pid), status
        return None


class OfContainerd(Check):
    by = Containerd

    def words(self, *words, options=(), image=IMAGE, name=None):
        return self.caller.words("run", "--runc-binary", self.caller.runtime, *options, image, name or self.name(), *words)

    def run_in(self, *words, options=(), image=IMAGE, **more):
        """`ctr run --rm`, to the end of the container."""
        return self.caller.call(*self.words(*words, options=["--rm", *options], image=image), **more)

    def shell(self, script, *options, **more):
        return self.run_in("sh", "-c", script, options=options, **more)

    def prints(self, script, expected, *options, **more):
        """What a script in a container prints, and that it ends well."""
        done = self.shell(script, *options, **more)
        self.assertEqual((done.code, done.out.strip()), (0, expected), done)

    def detached(self, *words, options=(), **more):
        """A container in the background; gives its name."""
        name = self.name()
        self.caller.does(*self.words(*(words or ["sleep", "600"]), options=["--detach", *options], name=name, **more))
        self.addCleanup(self.remove, name)
        return name

    def remove(self, name):
        self.caller.ctr("tasks", "rm", "--force", name)
        self.caller.ctr("containers", "rm", name)

    def pid(self, name):
        return self.caller.task(name)[0]

    def becomes(self, name, status):
        self.eventually(lambda: (self.caller.task(name) or (0, "absent"))[1] == status, f"{name} never became {status}")

    def exec_in(self, name, *words, options=(), **more):
        return self.caller.ctr("tasks", "exec", "--exec-id", self.name(), *options, name, *words, **more)


class Run(OfContainerd):
    @quick
    def test_exit_code(self):
        """the exit code is that of the program, and its two outputs stay apart"""
        done = self.shell("echo out; echo err >&2; exit 7")
        self.assertEqual((done.code, done.out, done.err), (7, "out\n", "err\n"), done)

    def test_exit_by_signal(self):
        """a program that a signal ends gives 128 and the signal's number"""
        name = self.name()
        run = self.background(*self.words("sleep", "600", options=["--rm"], name=name))
        self.becomes(name, "RUNNING")
        self.caller.must("tasks", "kill", "-s", "KILL", name)
        self.assertEqual(run.ends().code, 128 + signal.SIGKILL)

    def test_environment(self):
        """the environment is the image's and what --env adds"""
        self.prints("echo $PATH $WORD", "/bin one two", "--env", "WORD=one two")

    def test_user_and_folder(self):
        """user and folder are those of the image's configuration"""
        self.prints("id -u; id -g; pwd", "1000\n1000\n/tmp", image=AS_USER)

    def test_cwd(self):
        """--cwd sets the folder, which is made where it is absent"""
        self.prints("pwd", "/made/here", "--cwd", "/made/here")

    @quick
    def test_stdin(self):
        """the program reads what its caller writes"""
        # Not to its end: ctr at times does not pass on that its input has ended.
        done = self.run_in("head", "-n", "10000", input="line\n" * 10000)
        self.assertEqual((done.code, done.out), (0, "line\n" * 10000))

    def test_much_output(self):
        """no output is lost"""
        self.assertEqual(len(self.shell("yes | head -c 5000000").out), 5000000)

    @quick
    def test_terminal(self):
        """a terminal has the size of the caller's, and follows it"""
        terminal = self.terminal(*self.words("sh", options=["--rm", "--tty"]), rows=33, columns=111)
        terminal.answers("stty size", "33 111")
        terminal.resize(44, 122)
        terminal.answers("stty size", "44 122")
        terminal.write("exit 5\n")
        self.assertEqual(terminal.ends().code, 5)

    def test_terminal_is_the_console(self):
        """at a terminal the standard descriptors are /dev/console's device, and what is typed arrives"""
        terminal = self.terminal(*self.words("sh", "-c", "tty; stat -c %t /dev/console; read x; echo got $x", options=["--rm", "-t"]))
        terminal.shows("88")
        terminal.write("typed\n")
        terminal.shows("got typed")
        self.assertIn("/dev/", terminal.ends().out)

    def test_rootfs(self):
        """--rootfs runs on a folder, without an image"""
        shutil.copytree(self.caller.folder / "rootfs", self.folder / "rootfs", symlinks=True)
        words = ["run", "--rm", "--runc-binary", self.caller.runtime, "--rootfs", self.folder / "rootfs", self.name(), "/bin/echo", "here"]
        self.assertEqual(self.caller.must(*words).out, "here\n")

    def test_no_pivot(self):
        """--no-pivot works, and the host's files are not seen"""
        self.prints("ls -d /var /usr 2>/dev/null | wc -l", "0", "--no-pivot")

    def test_pid_file(self):
        """--pid-file holds the process of the task"""
        name = self.detached(options=["--pid-file", self.folder / "pid"])
        self.assertEqual((self.folder / "pid").read_text(), str(self.pid(name)))

    def test_own_config(self):
        """a configuration of the user's own runs, with its hooks"""
        name = self.detached()
        config = self.caller.must("containers", "info", name).json["Spec"]
        config["process"].update(args=["hostname"], env=["PATH=/bin"])
        config["hostname"] = "named"
        config["root"]["path"] = str(self.caller.folder / "rootfs")
        config["linux"]["cgroupsPath"] += "-own"
        touch = {"path": "/bin/sh", "args": ["sh", "-c", f"cat >{self.folder}/hooked"]}
        config["hooks"] = {"createRuntime": [touch]}
        (self.folder / "config.json").write_text(json.dumps(config))
        done = self.caller.must("run", "--rm", "--runc-binary", self.caller.runtime, "--config", self.folder / "config.json", self.name())
        self.assertEqual(done.out, "named\n", done)
        self.assertEqual(json.loads((self.folder / "hooked").read_text())["ociVersion"][:2], "1.")


class Isolation(OfContainerd):
    def test_mounts(self):
        """--mount binds a folder, writable or read-only"""
        (self.folder / "file").write_text("shared")
        source = f"type=bind,src={self.folder},dst=/mnt,options=rbind"
        self.prints("cat /mnt/file; echo more >/mnt/written", "shared", "--mount", source + ":rw")
        self.assertEqual((self.folder / "written").read_text(), "more\n")
        done = self.shell("touch /mnt/refused", "--mount", source + ":ro")
        self.assertIn("Read-only file system", done.err)

    def test_tmpfs(self):
        """--mount makes a tmpfs with its options"""
        mount = "type=tmpfs,src=tmpfs,dst=/new,options=size=64k:mode=700"
        self.prints("stat -f -c %T /new; stat -c %a /new; df -k /new | tail -1 | tr -s ' ' | cut -d' ' -f2", "tmpfs\n700\n64", "--mount", mount)

    def test_read_only(self):
        """--read-only makes the root read-only"""
        self.assertIn("Read-only file system", self.shell("touch /refused", "--read-only").err)

    def test_propagation(self):
        """--rootfs-propagation is that of the root"""
        self.prints("grep -c ' / / .* shared:' /proc/self/mountinfo", "1", "--rootfs-propagation", "shared")

    def capabilities(self, *options):
        done = self.shell("grep -E 'Cap(Eff|Bnd)' /proc/self/status", *options)
        return [int(line.split()[1], 16) for line in done.lines]

    def test_capabilities(self):
        """--cap-add adds a capability and --cap-drop takes one"""
        for mask in self.capabilities("--cap-add", "CAP_SYS_TIME", "--cap-drop", "CAP_CHOWN"):
            self.assertEqual((mask >> 25 & 1, mask & 1, mask >> 1 & 1), (1, 0, 1), hex(mask))

    def test_privileged(self):
        """--privileged gives all capabilities of the caller"""
        own = re.search(r"CapEff:\s*(\w+)", Path("/proc/self/status").read_text()).group(1)
        self.assertEqual(self.capabilities("--privileged")[0], int(own, 16))

    def test_no_new_privileges(self):
        """new privileges are forbidden, unless --allow-new-privs"""
        script = "grep NoNewPrivs /proc/self/status | tr -d '\\t'"
        self.prints(script, "NoNewPrivs:1")
        self.prints(script, "NoNewPrivs:0", "--allow-new-privs")

    def test_seccomp(self):
        """--seccomp loads containerd's filter, and --seccomp-profile one's own"""
        self.prints("grep Seccomp: /proc/self/status | tr -d '\\t'", "Seccomp:2", "--seccomp")
        profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
        (self.folder / "profile.json").write_text(json.dumps(profile))
        done = self.shell("mkdir /tmp/refused", "--seccomp", "--seccomp-profile", self.folder / "profile.json")
        self.assertIn("Operation not permitted", done.err, done)

    def test_masks(self):
        """masked and read-only paths are so"""
        done = self.shell("echo 1 >/proc/sys/kernel/panic; wc -c </proc/keys")
        self.assertIn("Read-only file system", done.err)
        self.assertEqual(done.out.strip(), "0")

    def test_device(self):
        """--device gives a device of the host, and no other one can be made and opened"""
        device = self.folder / "device"
        os.mknod(device, 0o20666, os.makedev(1, 5))
        self.prints(f"head -c 3 {device} | wc -c", "3", "--device", str(device))
        done = self.shell("mknod /tmp/mem c 1 1 && cat /tmp/mem", "--allow-new-privs")
        self.assertIn("Operation not permitted", done.err)

    def test_joined_namespaces(self):
        """--with-ns joins namespaces of another container"""
        other = self.detached()
        options = [word for kind, file in (("network", "net"), ("ipc", "ipc"), ("pid", "pid"))
                   for word in ("--with-ns", f"{kind}:/proc/{self.pid(other)}/ns/{file}")]
        done = self.shell("readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; ps | grep -c '[s]leep 600'", *options)
        links = [os.readlink(f"/proc/{self.pid(other)}/ns/{kind}") for kind in ("net", "ipc")]
        self.assertEqual(done.lines, [*links, "1"], done)

    def test_host_network(self):
        """--net-host stays in the host's network namespace"""
        self.prints("readlink /proc/self/ns/net", os.readlink("/proc/self/ns/net"), "--net-host")

    @quick
    def test_user_namespace(self):
        """--uidmap and --gidmap make a user namespace, and root in it owns the files"""
        _, first, count = SUBORDINATE
        options = ["--uidmap", f"0:{first}:{count}", "--gidmap", f"0:{first}:{count}"]
        self.prints("tr -s ' ' </proc/self/uid_map; id -u; stat -c %u /bin/busybox; touch /made && stat -c %u /made",
                    f"0 {first} {count}\n0\n0\n0", *options)


class Limits(OfContainerd):
    @quick
    def test_memory(self):
        """--memory-limit is the limit of the group"""
        name = self.detached(options=["--memory-limit", str(64 << 20)])
        self.assertEqual(limit_of(self.pid(name), "memory", "memory.limit_in_bytes", "memory.max"), str(64 << 20))

    def test_cpus(self):
        """--cpus is the share of processor time, --cpu-shares the weight"""
        name = self.detached(options=["--cpus", "0.5", "--cpu-shares", "512"])
        if "cpu" in groups_of(self.pid(name)):
            self.assertEqual(limit_of(self.pid(name), "cpu", "cpu.cfs_quota_us", ""), "50000")
            self.assertEqual(limit_of(self.pid(name), "cpu", "cpu.shares", ""), "512")
        else:
            self.assertEqual(limit_of(self.pid(name), "cpu", "", "cpu.max"), "50000 100000")

    def test_group(self):
        """--cgroup names the group, which is gone afterwards"""
        name = self.detached(options=["--cgroup", "/named/group"])
        folders = [folder for folder in groups_of(self.pid(name)).values() if str(folder).endswith("/named/group")]
        self.assertGreater(len(folders), 0)
        self.remove(name)
        self.assertEqual([folder for folder in folders if folder.exists()], [])

    def test_out_of_memory(self):
        """a container that runs out of memory is killed, and the event says so"""
        events = self.background(*self.caller.words("events"))
        self.eventually(lambda: (self.shell("true"), events.read(), events.seen)[2], "no event ever came")
        name = self.detached("sh", "-c", "sleep 1; x=$(yes | head -c 100000000); echo $x", options=["--memory-limit", str(32 << 20)])
        self.becomes(name, "STOPPED")
        self.eventually(lambda: (events.read(), re.search(rf"/tasks/oom .*{name}", events.seen))[1], lambda: f"no oom event in {events.seen}")

    def test_metrics(self):
        """the metrics of a task can be read"""
        name = self.detached()
        self.assertRegex(self.caller.must("tasks", "metrics", name).out, r"memory\.usage|memory\.current")


class Settings(OfContainerd):
    def test_cri(self):
        """the plugin for Kubernetes takes the runtime from the lines in README.md"""
        self.assertRegex(self.caller.must("plugins", "list").out, r"\bcri\b.*\bok\b")
        dump = self.caller.does("containerd", "-c", self.caller.config, "config", "dump").out
        table = dump.split('.containerd.runtimes.coracle.options]', 1)[1]
        self.assertIn(f'BinaryName = "{self.caller.runtime}"', table.split("[", 1)[0])


class Errors(OfContainerd):
    @quick
    def test_missing_program(self):
        """a program that is missing is told by name"""
        self.assertRegex(self.run_in("/bin/missing").err, r"(?i)/bin/missing.*(no such file or directory|not found)")
        self.assertRegex(self.run_in("missing").err, r"(?i)missing.*(not found|no such file)")

    def test_not_executable(self):
        """a program that may not be executed is told so"""
        self.assertRegex(self.run_in("/etc/passwd").err, r"(?i)permission denied")

    def test_missing_mount(self):
        """a mount whose source is missing is told, and nothing is left"""
        done = self.shell("true", "--mount", "type=bind,src=/no/such/place,dst=/mnt,options=rbind")
        self.assertNotEqual(done.code, 0)
        self.assertRegex(done.err, r"/no/such/place|/mnt")
        self.assertEqual(self.shell("true").code, 0)
