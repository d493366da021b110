"""config.md: the configuration as the container's own processes see it."""

import os
import subprocess

from container import Statement, bind


class Reading(Statement):
    def test_unknown_property(self):
        """config.md#extensibility: an unknown property is ignored"""
        container = self.container("echo ran")
        container.config["unknown"] = {"nested": [1, 2]}
        container.config["process"]["unknown"] = True
        self.assertEqual(container.runs(), "ran\n")

    def test_unknown_annotation(self):
        """config.md#annotations: an unknown annotation is ignored"""
        container = self.container("echo ran")
        container.config["annotations"] = {"org.example.unknown": ""}
        self.assertEqual(container.runs(), "ran\n")

    def test_version(self):
        """config.md#specification-version: a version that is none is an error"""
        container = self.container()
        container.config["ociVersion"] = "invalid"
        container.refuses_create()

    def test_invalid_value(self):
        """config.md#valid-values: an invalid value is an error"""
        for member, value in (("cwd", "relative"), ("env", "not a list"), ("user", {"uid": "root"})):
            with self.subTest(member=member):
                container = self.container()
                container.config["process"][member] = value
                container.refuses_create()

    def test_missing_file(self):
        """bundle.md#filesystem-bundle: a configuration that is no JSON is an error"""
        container = self.container()
        (container.bundle / "config.json").write_text("{")
        container.refuses("create", "--bundle", container.bundle, container.id)
        self.assertFalse(container.exists())


class Root(Statement):
    def test_readonly(self):
        """config.md#root: a read-only root cannot be written"""
        container = self.container("touch /file 2>/dev/null || echo refused")
        container.config["root"]["readonly"] = True
        self.assertEqual(container.runs(), "refused\n")

    def test_writable(self):
        """config.md#root: a root is writable unless said otherwise"""
        container = self.container("touch /file && echo written")
        self.assertEqual(container.runs(), "written\n")
        self.assertTrue((container.rootfs / "file").exists())

    def test_absolute(self):
        """config.md#root: the path may be absolute"""
        container = self.container("echo ran")
        container.config["root"]["path"] = str(container.rootfs)
        self.assertEqual(container.runs(), "ran\n")

    def test_missing(self):
        """config.md#root: a path that is no folder is an error"""
        container = self.container()
        container.config["root"]["path"] = "nowhere"
        container.refuses_create()

    def test_hostname(self):
        """config.md#hostname: the container has the host name"""
        container = self.container("hostname")
        container.config["hostname"] = "statement"
        self.assertEqual(container.runs(), "statement\n")


class Mounts(Statement):
    def folder(self, name):
        made = self.scratch / name
        made.mkdir()
        (made / name).touch()
        return str(made)

    def mounted(self, script, *mounts):
        container = self.container(script)
        container.config["mounts"] += mounts
        return container.runs()

    def test_order(self):
        """config.md#mounts: entries are mounted in the listed order"""
        one, two = self.folder("one"), self.folder("two")
        self.assertEqual(self.mounted("ls /mnt", bind(one), bind(two)), "two\n")

    def test_readonly(self):
        """config.md#linux-mount-options: ro makes a bind mount read-only"""
        script = "ls /mnt; touch /mnt/file 2>/dev/null || echo refused"
        self.assertEqual(self.mounted(script, bind(self.folder("one"), "bind", "ro")), "one\nrefused\n")

    def test_recursive(self):
        """config.md#linux-mount-options: rbind brings what is mounted below, bind does not"""
        for option, seen in (("rbind", True), ("bind", False)):
            with self.subTest(option=option):
                listed = self.mounted("grep -c ' /mnt/' /proc/self/mountinfo", bind("/dev", option))
                self.assertEqual(int(listed) > 0, seen)

    def test_file(self):
        """config.md#mounts: a file can be mounted upon a file that is not there yet"""
        source = self.scratch / "source"
        source.write_text("content\n")
        self.assertEqual(self.mounted("cat /new/file", bind(source) | {"destination": "/new/file"}), "content\n")

    def test_data(self):
        """config.md#linux-mount-options: options that are none of mount's are the file system's"""
        mount = {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["mode=0700", "size=64k"]}
        self.assertEqual(self.mounted("stat -c %a /mnt", mount), "700\n")

    def test_no_escape(self):
        """config.md#mounts: a destination with a link stays inside the root"""
        container = self.container("ls /inside/mnt")
        (container.rootfs / "inside").mkdir()
        (container.rootfs / "link").symlink_to("/inside")
        container.config["mounts"].append(bind(self.folder("one")) | {"destination": "/link/mnt"})
        self.assertEqual(container.runs(), "one\n")


class Process(Statement):
    def test_groups(self):
        """config.md#posix-platform-user: the process has the additional groups"""
        container = self.container("id -G", user={"uid": 1, "gid": 2, "additionalGids": [3, 4]})
        self.assertEqual(container.runs().split(), ["2", "3", "4"])

    def test_umask(self):
        """config.md#posix-platform-user: the process has the umask"""
        container = self.container("umask", user={"uid": 0, "gid": 0, "umask": 0o27})
        self.assertEqual(container.runs(), "0027\n")

    def test_environment(self):
        """config.md#process: the process has the variables, and none of the runtime's own"""
        container = self.container(env=["PATH=/bin", "A=1"])
        container.config["process"]["args"] = ["/bin/env"]
        printed = [line for line in container.runs().splitlines() if not line.startswith("HOME=")]
        self.assertEqual(printed, ["PATH=/bin", "A=1"])

    def test_search(self):
        """config.md#process: a program without a slash is searched in the container's PATH"""
        container = self.container()
        container.config["process"]["args"] = ["echo", "found"]
        self.assertEqual(container.runs(), "found\n")

    def test_rlimits(self):
        """config.md#posix-process: the process has the resource limits"""
        container = self.container("ulimit -Sn; ulimit -Hn",
                                   rlimits=[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}])
        self.assertEqual(container.runs().split(), ["100", "200"])

    def test_unknown_rlimit(self):
        """config.md#posix-process: an unknown resource limit is an error"""
        self.container(rlimits=[{"type": "RLIMIT_STATEMENT", "soft": 1, "hard": 1}]).refuses_create()

    def test_repeated_rlimit(self):
        """config.md#posix-process: a resource limit given twice is an error"""
        limit = {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}
        self.container(rlimits=[limit, limit]).refuses_create()

    def test_capabilities(self):
        """config.md#linux-process: the process has the capabilities, and no others"""
        container = self.container("grep -E 'Cap(Prm|Eff|Bnd|Inh)' /proc/self/status")
        container.config["process"]["capabilities"] = {
            "bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"]}
        seen = {line.split()[0]: int(line.split()[1], 16) for line in container.runs().splitlines()}
        # Root's execve gains what is in the bounding set.
        self.assertEqual(seen["CapBnd:"], 0b100001)
        self.assertEqual(seen["CapInh:"], 0)

    def test_no_new_privileges(self):
        """config.md#linux-process: noNewPrivileges is set when asked for, and not otherwise"""
        for asked in (True, False):
            with self.subTest(asked=asked):
                container = self.container("grep NoNewPrivs /proc/self/status", noNewPrivileges=asked)
                self.assertEqual(container.runs().split()[1], "1" if asked else "0")

    def test_oom_score(self):
        """config.md#linux-process: oomScoreAdj is set when given, and left alone otherwise"""
        script = "cat /proc/self/oom_score_adj"
        self.assertEqual(self.container(script, oomScoreAdj=345).runs(), "345\n")
        self.assertEqual(self.container(script).runs(), open("/proc/self/oom_score_adj").read())

    def test_exit_before_start(self):
        """config.md#process: a program that is not there is an error of create or start"""
        container = self.container()
        container.config["process"]["args"] = ["/no/such/program"]
        if container.attempt_create().returncode == 0:
            container.refuses("start", container.id)


class Linux(Statement):
    def test_descriptors(self):
        """runtime-linux.md#file-descriptors: only the standard descriptors are open"""
        container = self.container("echo started; while true; do sleep 1; done").create().start()
        container.prints("started")
        self.assertEqual(sorted(os.listdir(f"/proc/{container.state()['pid']}/fd"))[:4], ["0", "1", "2"])

    def test_links(self):
        """runtime-linux.md#dev-symbolic-links: /dev has fd, stdin, stdout and stderr"""
        container = self.container("for name in fd stdin stdout stderr; do readlink /dev/$name; done")
        targets = ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"]
        self.assertEqual(container.runs().split(), targets)

    def test_default_devices(self):
        """config-linux.md#default-devices: /dev has the default devices, and they work"""
        container = self.container("""
            cd /dev
            for name in null zero full random urandom tty; do stat -c '%n %t:%T' $name; done
            echo x >/dev/null && echo written
            test -e ptmx && echo ptmx""")
        container.config["mounts"].append({"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                                           "options": ["newinstance", "ptmxmode=0666"]})
        self.assertEqual(container.runs().splitlines(), [
            "null 1:3", "zero 1:5", "full 1:7", "random 1:8", "urandom 1:9", "tty 5:0", "written", "ptmx"])

    def test_device(self):
        """config-linux.md#devices: a device is made as it is described"""
        container = self.container("stat -c '%F %t:%T %a %u:%g' /dev/made")
        container.config["linux"]["devices"] = [
            {"path": "/dev/made", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 5, "gid": 6}]
        self.assertEqual(container.runs(), "character special file 1:3 640 5:6\n")

    def test_masked_paths(self):
        """config-linux.md#masked-paths: masked files and folders cannot be read"""
        container = self.container("cat /secret/file /open/file 2>&1; ls /secret")
        for folder in ("secret", "open"):
            (container.rootfs / folder).mkdir()
            (container.rootfs / folder / "file").write_text("told\n")
        container.config["linux"]["maskedPaths"] = ["/secret", "/open/file", "/not/there"]
        self.assertNotIn("told", container.runs())

    def test_readonly_paths(self):
        """config-linux.md#readonly-paths: read-only paths can be read, not written"""
        container = self.container("cat /kept/file; touch /kept/other 2>/dev/null || echo refused")
        (container.rootfs / "kept").mkdir()
        (container.rootfs / "kept/file").write_text("told\n")
        container.config["linux"]["readonlyPaths"] = ["/kept", "/not/there"]
        self.assertEqual(container.runs().split(), ["told", "refused"])

    def test_sysctl(self):
        """config-linux.md#sysctl: kernel parameters are set in the container's namespaces"""
        container = self.container("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax")
        container.config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4096"}
        self.assertEqual(container.runs().split(), ["1", "4096"])

    def test_new_namespaces(self):
        """config-linux.md#namespaces: a namespace without a path is new, one not listed is the runtime's"""
        container = self.container("for name in uts ipc; do readlink /proc/self/ns/$name; done")
        container.config["linux"]["namespaces"] = [{"type": "mount"}, {"type": "pid"}, {"type": "uts"}]
        uts, ipc = container.runs().split()
        self.assertNotEqual(uts, os.readlink("/proc/self/ns/uts"))
        self.assertEqual(ipc, os.readlink("/proc/self/ns/ipc"))

    def test_joined_namespace(self):
        """config-linux.md#namespaces: a namespace with a path is joined"""
        first = self.container("while true; do sleep 1; done").create()
        path = f"/proc/{first.state()['pid']}/ns/uts"
        second = self.container("readlink /proc/self/ns/uts")
        second.config["linux"]["namespaces"] = [
            {"type": "mount"}, {"type": "pid"}, {"type": "uts", "path": path}]
        self.assertEqual(second.runs().strip(), os.readlink(path))

    def test_repeated_namespace(self):
        """config-linux.md#namespaces: a namespace listed twice is an error"""
        container = self.container()
        container.config["linux"]["namespaces"].append({"type": "uts"})
        container.refuses_create()

    def test_user_namespace(self):
        """config-linux.md#user-namespace-mappings: the process has the ids of the mapping"""
        container = self.container("cat /proc/self/uid_map; id -u")
        mapping = [{"containerID": 0, "hostID": 100000, "size": 1000}]
        container.config["linux"]["namespaces"].append({"type": "user"})
        container.config["linux"] |= {"uidMappings": mapping, "gidMappings": mapping}
        self.assertEqual(container.runs().split(), ["0", "100000", "1000", "0"])

    def test_seccomp(self):
        """config-linux.md#seccomp: a forbidden call fails with the error given"""
        container = self.container("mkdir /made 2>&1 || echo refused")
        container.config["linux"]["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
        self.assertEqual(container.runs().splitlines()[-1], "refused")
        self.assertIn("No space left", container.output.read_text())

    def test_pids_limit(self):
        """config-linux.md#pids: the number of processes is limited"""
        container = self.container("for n in 1 2 3 4 5 6 7 8 9; do sleep 5 & done 2>&1; echo done")
        container.config["linux"]["resources"] = {"pids": {"limit": 4}}
        self.assertIn("fork", container.runs())

    def test_cgroup_path(self):
        """config-linux.md#cgroups-path: the container is in the group that is named"""
        container = self.container("while true; do sleep 1; done")
        container.config["linux"]["cgroupsPath"] = "/statement/of/path"
        container.create()
        groups = open(f"/proc/{container.state()['pid']}/cgroup").read()
        self.assertIn(":/statement/of/path", groups)


class Newer(Statement):
    """What the specification has gained since its 1.0; an old runtime does not know it."""

    def test_domainname(self):
        """config.md#domainname: the container has the domain name"""
        container = self.container("cat /proc/sys/kernel/domainname")
        container.config["domainname"] = "statement.example"
        self.assertEqual(container.runs(), "statement.example\n")

    def test_personality(self):
        """config-linux.md#personality: the execution domain is set"""
        container = self.container("cat /proc/self/personality")
        container.config["linux"]["personality"] = {"domain": "LINUX32"}
        self.assertEqual(container.runs(), "00000008\n")

    def test_time(self):
        """config-linux.md#offset-for-time-namespace: the clocks are set off"""
        container = self.container("cat /proc/uptime")
        container.config["linux"]["namespaces"].append({"type": "time"})
        container.config["linux"]["timeOffsets"] = {"boottime": {"secs": 10000000, "nanosecs": 0}}
        self.assertGreater(float(container.runs().split()[0]), 10000000)

    def test_scheduler(self):
        """config.md#linux-process: the scheduling policy and nice value are set"""
        container = self.container("cat /proc/self/stat", scheduler={"policy": "SCHED_BATCH", "nice": 5})
        fields = container.runs().rpartition(")")[2].split()
        self.assertEqual((fields[16], fields[38]), ("5", "3"))

    def test_io_priority(self):
        """config.md#linux-process: the I/O priority is set"""
        container = self.container("ionice", ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 7})
        self.assertEqual(container.runs(), "best-effort: prio 7\n")

    def test_recursive_readonly(self):
        """config.md#linux-mount-options: rro makes what is mounted below read-only too"""
        source = self.scratch / "source"
        (source / "below").mkdir(parents=True)
        container = self.container("ls /mnt; touch /mnt/below/file 2>/dev/null || echo refused")
        container.config["mounts"].append(bind(source, "rbind", "rro"))
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source / "below"], check=True)
        try:
            self.assertEqual(container.runs(), "below\nrefused\n")
        finally:
            subprocess.run(["umount", source / "below"], check=True)

    def test_idmapped_mount(self):
        """config.md#mounts: a mount's own mapping of ids is applied"""
        self.needs_mapped_ids()
        source = self.scratch / "source"
        source.mkdir(mode=0o755)
        (source / "file").touch()
        container = self.container("stat -c %u:%g /mnt/file")
        mapping = [{"containerID": 0, "hostID": 70000, "size": 1000}]
        ids = {"uidMappings": mapping, "gidMappings": mapping}
        container.config["mounts"].append(bind(source, "bind", "idmap") | ids)
        self.assertEqual(container.runs(), "70000:70000\n")
