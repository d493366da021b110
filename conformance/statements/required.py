"""config.md and config-linux.md: what a configuration must have, and values that none may have."""

import copy

from container import Statement, bind
from resources import disk

READING = {"path": "/bin/sh", "args": ["sh", "-c", "cat >/dev/null"]}  # a hook that takes its input
IDS = [{"containerID": 0, "hostID": 100000, "size": 1000}]


def put(config, path, value):
    """Sets a member, with the objects above it; a number in the path is an index, one past the end appends."""
    for name, following in zip(path, path[1:]):
        if isinstance(name, str):
            config = config.setdefault(name, [] if isinstance(following, int) else {})
        else:
            config = config[name]
    if isinstance(path[-1], int) and path[-1] == len(config):
        config.append(value)
    else:
        config[path[-1]] = value


class Judged(Statement):
    def given(self, path, value):
        container = self.container()
        put(container.config, path, copy.deepcopy(value))
        return container

    def takes(self, path, value):
        """The configuration with this value is created: a refusal of another has then no other cause."""
        container = self.given(path, value).create()
        self.runtime("delete", "--force", container.id)

    def refuses(self, path, value):
        with self.subTest(f"{'.'.join(map(str, path))}: {value}"):
            container = self.given(path, value)
            container.refuses_create()
            self.assertFalse(container.exists())

    def needs(self, path, value, *members, control=True):
        """The object is taken whole, and refused without any of the members."""
        if control:
            self.takes(path, value)
        for member in members:
            self.refuses(path, {name: each for name, each in value.items() if name != member})


class Member(Judged):
    """Members that are REQUIRED: without one of them a configuration is refused."""

    def test_version(self):
        """config.md#specification-version: a configuration without a version is an error"""
        container = self.container()
        del container.config["ociVersion"]
        container.refuses_create()

    def test_root(self):
        """config.md#root: a configuration without a root, or a root without a path, is an error"""
        container = self.container()
        del container.config["root"]
        container.refuses_create()
        self.refuses(("root",), {})

    def test_mount(self):
        """config.md#mounts: a mount without a destination is an error"""
        self.needs(("mounts", 2), bind(self.scratch), "destination")

    def test_working_folder(self):
        """config.md#process: a process without a working folder is an error"""
        container = self.container()
        del container.config["process"]["cwd"]
        container.refuses_create()

    def test_arguments(self):
        """config.md#process: a process without a single argument is an error"""
        self.refuses(("process", "args"), [])
        container = self.container()
        del container.config["process"]["args"]
        container.refuses_create()

    def test_rlimit(self):
        """config.md#posix-process: a resource limit without type, soft or hard limit is an error"""
        self.needs(("process", "rlimits", 0), {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}, "type", "soft", "hard")

    def test_scheduler(self):
        """config.md#linux-process: a scheduler without a policy is an error"""
        self.needs(("process", "scheduler"), {"policy": "SCHED_BATCH", "nice": 5}, "policy")

    def test_io_priority(self):
        """config.md#linux-process: an I/O priority without a class or priority is an error"""
        self.needs(("process", "ioPriority"), {"class": "IOPRIO_CLASS_BE", "priority": 7}, "class", "priority")

    def test_user(self):
        """config.md#posix-platform-user: a user without a user or group id is an error"""
        self.needs(("process", "user"), {"uid": 5, "gid": 6}, "uid", "gid")

    def test_hook(self):
        """config.md#posix-platform-hooks: a hook without a path is an error"""
        for kind in ("prestart", "createRuntime", "createContainer"):
            self.needs(("hooks", kind, 0), READING, "path")

    def test_namespace(self):
        """config-linux.md#namespaces: a namespace without a type is an error"""
        self.needs(("linux", "namespaces", 5), {"type": "cgroup"}, "type")
        self.refuses(("linux", "namespaces", 5), {"path": "/proc/self/ns/cgroup"})

    def test_mapping(self):
        """config-linux.md#user-namespace-mappings: a mapping without an id of either side or a size is an error"""
        mapping = {"containerID": 0, "hostID": 100000, "size": 1000}
        for kind in ("uidMappings", "gidMappings"):
            for member in mapping:
                with self.subTest(kind=kind, member=member):
                    container = self.container()
                    container.config["linux"]["namespaces"].append({"type": "user"})
                    container.config["linux"] |= {"uidMappings": IDS, "gidMappings": IDS}
                    container.config["linux"][kind] = [{name: mapping[name] for name in mapping if name != member}]
                    container.refuses_create()

    def test_device(self):
        """config-linux.md#devices: a device without type, path or, unless it is a fifo, numbers is an error"""
        path = ("linux", "devices", 0)
        self.needs(path, {"type": "c", "path": "/dev/made", "major": 1, "minor": 3}, "type", "path", "major", "minor")
        self.takes(path, {"type": "p", "path": "/dev/made"})

    def test_device_rule(self):
        """config-linux.md#allowed-device-list: a rule that does not say whether it allows is an error"""
        self.needs(("linux", "resources", "devices", 0), {"allow": False, "access": "rwm"}, "allow")

    def test_throttle(self):
        """config-linux.md#block-io: a limit of a device without numbers or a rate is an error"""
        path = ("linux", "resources", "blockIO")
        major, minor = disk() or (7, 0)
        for kind in ("ReadBps", "WriteBps", "ReadIOPS", "WriteIOPS"):
            self.needs((*path, f"throttle{kind}Device", 0), {"major": major, "minor": minor, "rate": 1 << 20},
                       "major", "minor", "rate", control=disk())
        # Whether a kernel has weights depends on the scheduler of the disk.
        device = {"major": major, "minor": minor, "weight": 10}
        self.needs((*path, "weightDevice", 0), device, "major", "minor", control=False)

    def test_block_weight(self):
        """config-linux.md#block-io: a device's weight without weight and leafWeight is an error"""
        self.refuses(("linux", "resources", "blockIO", "weightDevice", 0), {"major": 253, "minor": 0})

    def test_huge_pages(self):
        """config-linux.md#huge-page-limits: a limit of huge pages without size or limit is an error"""
        self.needs(("linux", "resources", "hugepageLimits", 0), {"pageSize": "2MB", "limit": 1 << 21},
                   "pageSize", "limit", control=False)

    def test_network_priority(self):
        """config-linux.md#network: a network priority without name or priority is an error"""
        self.needs(("linux", "resources", "network", "priorities", 0), {"name": "lo", "priority": 5},
                   "name", "priority", control=False)

    def test_rdma(self):
        """config-linux.md#rdma: a limit of RDMA that limits nothing is an error"""
        self.refuses(("linux", "resources", "rdma", "mlx5_1"), {})

    def test_memory_policy(self):
        """config-linux.md#memory-policy: a memory policy without a mode is an error"""
        self.needs(("linux", "memoryPolicy"), {"mode": "MPOL_BIND", "nodes": "0"}, "mode")

    def test_seccomp(self):
        """config-linux.md#seccomp: a filter, rule or argument without what it must have is an error"""
        argument = {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}
        rule = {"names": ["swapoff"], "action": "SCMP_ACT_ERRNO", "args": [argument]}
        path = ("linux", "seccomp")
        whole = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
        self.needs(path, whole, "defaultAction")
        for member in ("names", "action"):
            short = {name: rule[name] for name in rule if name != member}
            self.refuses(path, whole | {"syscalls": [short]})
        self.refuses(path, whole | {"syscalls": [rule | {"names": []}]})
        for member in argument:
            short = {name: argument[name] for name in argument if name != member}
            self.refuses(path, whole | {"syscalls": [rule | {"args": [short]}]})

    def test_personality(self):
        """config-linux.md#personality: an execution domain that is not named is an error"""
        self.needs(("linux", "personality"), {"domain": "LINUX"}, "domain")


class Value(Judged):
    """Values that a configuration must not have."""

    def test_words(self):
        """config.md#valid-values: a word that means nothing is an error"""
        for path, value in (
                (("linux", "namespaces", 5), {"type": "none-such"}),
                (("linux", "rootfsPropagation"), "none-such"),
                (("linux", "devices", 0), {"type": "x", "path": "/dev/made", "major": 1, "minor": 3}),
                (("linux", "seccomp"), {"defaultAction": "SCMP_ACT_NONE_SUCH"})):
            self.refuses(path, value)

    def test_newer_words(self):
        """config.md#valid-values: a word that means nothing is an error, in newer members too"""
        for path, value in (
                (("linux", "personality"), {"domain": "NONE_SUCH"}),
                (("linux", "memoryPolicy"), {"mode": "MPOL_NONE_SUCH"}),
                (("process", "scheduler"), {"policy": "SCHED_NONE_SUCH"}),
                (("process", "ioPriority"), {"class": "IOPRIO_CLASS_NONE_SUCH", "priority": 0})):
            self.refuses(path, value)

    def test_annotations(self):
        """config.md#annotations: annotations that map no strings to strings are an error"""
        self.takes(("annotations",), {"org.example.key": ""})
        for value in (["org.example.key"], "org.example.key", {"org.example.key": 5}):
            self.refuses(("annotations",), value)

    def test_annotation_key(self):
        """config.md#annotations: an empty key is an error"""
        self.refuses(("annotations",), {"": "value"})

    def test_hook_path(self):
        """config.md#posix-platform-hooks: a hook's path that is not absolute is an error"""
        self.refuses(("hooks", "createRuntime", 0), READING | {"path": "sh"})

    def test_hook_timeout(self):
        """config.md#posix-platform-hooks: a hook's timeout that is not above zero is an error"""
        self.takes(("hooks", "createRuntime", 0), READING | {"timeout": 5})
        for timeout in (0, -1):
            self.refuses(("hooks", "createRuntime", 0), READING | {"timeout": timeout})

    def test_lonely_mapping(self):
        """config.md#posix-platform-mounts: a mount's mapping of one kind of ids alone is an error"""
        self.refuses(("mounts", 2), bind(self.scratch, "bind", "idmap") | {"uidMappings": IDS})
        self.refuses(("mounts", 2), bind(self.scratch, "bind", "idmap") | {"gidMappings": IDS})

    def test_idmap_without_mapping(self):
        """config.md#linux-mount-options: idmap and ridmap without a mapping anywhere are an error"""
        self.refuses(("mounts", 2), bind(self.scratch, "bind", "idmap"))
        self.refuses(("mounts", 2), bind(self.scratch, "rbind", "ridmap"))

    def test_namespace_path(self):
        """config-linux.md#namespaces: a namespace's path that is relative is an error"""
        self.refuses(("linux", "namespaces", 3), {"type": "uts", "path": "proc/self/ns/uts"})

    def test_namespace_type(self):
        """config-linux.md#namespaces: a path that is a namespace of another type, or none, is an error"""
        for path in ("/proc/self/ns/ipc", "/proc/self/status", "/no/such/namespace"):
            self.refuses(("linux", "namespaces", 3), {"type": "uts", "path": path})

    def test_device_exists(self):
        """config-linux.md#devices: a file of another kind at a device's path is an error"""
        container = self.given(("linux", "devices", 0), {"type": "c", "path": "/made", "major": 1, "minor": 3})
        (container.rootfs / "made").write_text("a file\n")
        container.refuses_create()
        self.assertEqual((container.rootfs / "made").read_text(), "a file\n")

    def test_hidden_paths(self):
        """config-linux.md#masked-paths: a masked or read-only path that is relative is an error"""
        for member in ("maskedPaths", "readonlyPaths"):
            self.takes(("linux", member), ["/tmp"])
            self.refuses(("linux", member), ["tmp"])
