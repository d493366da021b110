"""features.md and features-linux.md: what a runtime says of itself is well formed, and true."""

import json
import re
import sys

from container import Statement, bind
from required import IDS

TEXT, TRUTH, WORDS, MAP = "a string", "true or false", "a list of strings", "an object of strings"
SWITCH = {"enabled": TRUTH}
# Every member that the specification defines, and of which type.
DEFINED = {
    "ociVersionMin": TEXT, "ociVersionMax": TEXT, "hooks": WORDS, "mountOptions": WORDS, "annotations": MAP,
    "potentiallyUnsafeConfigAnnotations": WORDS,
    "linux": {
        "namespaces": WORDS, "capabilities": WORDS,
        "cgroup": {name: TRUTH for name in ("v1", "v2", "systemd", "systemdUser", "rdma")},
        "seccomp": {"enabled": TRUTH, "actions": WORDS, "operators": WORDS, "archs": WORDS, "knownFlags": WORDS,
                    "supportedFlags": WORDS},
        "apparmor": SWITCH, "selinux": SWITCH, "memoryPolicy": {"modes": WORDS, "flags": WORDS},
        "intelRdt": {"enabled": TRUTH, "schemata": TRUTH, "monitoring": TRUTH},
        "mountExtensions": {"idmap": SWITCH}, "netDevices": SWITCH,
    },
}
SEMANTIC_VERSION = re.compile(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$")
# What needs a mount of another kind than a fresh tmpfs.
BINDING = ("bind", "rbind", "idmap", "ridmap", "remount")
# In the order of their numbers.
CAPABILITIES = [f"CAP_{name}" for name in """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()]
# One filter holds architectures of one byte order.
LITTLE = [f"SCMP_ARCH_{name}" for name in """
    X86 X86_64 X32 ARM AARCH64 MIPSEL MIPSEL64 MIPSEL64N32 PPC64LE RISCV64 LOONGARCH64 SH""".split()]
NOTIFY = "SCMP_ACT_NOTIFY"  # needs an agent, see filters.Listener


def is_a(kind, value):
    if kind is TRUTH:
        return isinstance(value, bool)
    if kind is TEXT:
        return isinstance(value, str)
    if kind is WORDS:
        return isinstance(value, list) and all(isinstance(word, str) for word in value)
    return isinstance(value, dict) and all(isinstance(word, str) for pair in value.items() for word in pair)


def misfits(value, kind, path="features"):
    """Members that the specification does not define, or defines differently; what is null counts as absent."""
    if not isinstance(kind, dict):
        return [] if value is None or is_a(kind, value) else [f"{path} is not {kind}"]
    if not isinstance(value, dict):
        return [] if value is None else [f"{path} is not an object"]
    return [f"{path}.{name} is not defined" for name in value if name not in kind] + [
        misfit for name in kind for misfit in misfits(value.get(name), kind[name], f"{path}.{name}")]


class Features(Statement):
    """The document is optional: a runtime without the command `features` is not asked."""

    def setUp(self):
        super().setUp()
        done = self.runtime("features")
        if done.returncode != 0:
            self.skipTest("it gives no features structure")
        self.told = json.loads(done.stdout)

    def named(self, *path):
        """A list of the document, or a skip where it is absent: then the runtime says nothing."""
        value = self.told
        for name in path:
            value = (value or {}).get(name)
        if value is None:
            self.skipTest(f"it tells nothing of {'.'.join(path)}")
        return value

    def each(self, words, configure):
        """A container is created for each word, with what `configure` puts into its configuration."""
        for word in words:
            with self.subTest(word=word):
                container = self.container()
                configure(container.config, word)
                container.create()
                self.runtime("delete", "--force", container.id)


class Document(Features):
    def test_members(self):
        """features.md#features-structure: has no members but the defined ones, each of its type"""
        self.assertEqual(misfits(self.told, DEFINED), [])

    def test_versions(self):
        """features.md#specification-version: has both versions, and the second is not below the first"""
        for name in ("ociVersionMin", "ociVersionMax"):
            self.assertRegex(self.told[name], SEMANTIC_VERSION)
        lowest, highest = ([*map(int, SEMANTIC_VERSION.match(self.told[name]).groups()[:3])]
                           for name in ("ociVersionMin", "ociVersionMax"))
        self.assertLessEqual(lowest, highest)

    def test_versions_taken(self):
        """features.md#specification-version: both versions are taken in a configuration"""
        self.each([self.told["ociVersionMin"], self.told["ociVersionMax"]],
                  lambda config, version: config.update(ociVersion=version))

    def test_annotations(self):
        """features.md#annotations: annotations are strings by keys that are not empty"""
        annotations = self.named("annotations")
        self.assertTrue(is_a(MAP, annotations))
        self.assertNotIn("", annotations)

    def test_repeats(self):
        """features.md#features-structure: says nothing twice"""
        for path in (("hooks",), ("mountOptions",), ("linux", "namespaces"), ("linux", "capabilities")):
            words = self.named(*path)
            self.assertEqual(sorted(words), sorted(set(words)))


class Promise(Features):
    def test_hooks(self):
        """features.md#hooks: hooks of each kind named run"""
        kinds = self.named("hooks")
        container = self.container("true")
        container.config["hooks"] = {}
        for kind in kinds:
            inside = kind == "startContainer"
            root = "" if inside else str(container.rootfs)
            container.config["hooks"][kind] = [{
                "path": f"{root}/bin/sh", "args": ["sh", "-c", f"cat >/dev/null; echo {kind} >>{root}/log"],
                "env": [f"PATH={root}/bin"]}]
        container.runs()
        container.delete()
        self.assertEqual(sorted((container.rootfs / "log").read_text().split()), sorted(kinds))

    def test_mount_options(self):
        """features.md#mount-options: each option named is known, and no file system's data"""
        options = [option for option in self.named("mountOptions") if option not in BINDING]
        self.each(options, lambda config, option: config["mounts"].append(
            {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": [option]}))

    def test_binding_options(self):
        """features.md#mount-options: each option named that a bind mount takes is known"""
        named = self.named("mountOptions")
        source = self.scratch / "source"
        source.mkdir()

        def configure(config, option):
            if option == "remount":
                config["mounts"].append(bind(source))
            mount = bind(source, option) if option.endswith("bind") else bind(source, "bind", option)
            mapped = {"uidMappings": IDS, "gidMappings": IDS} if option.endswith("idmap") else {}
            config["mounts"].append(mount | mapped)

        known = [option for option in BINDING if self.maps_ids() or not option.endswith("idmap")]
        self.each([option for option in known if option in named], configure)

    def test_namespaces(self):
        """features-linux.md#namespaces: each type of namespace named is known"""
        def configure(config, kind):
            namespaces = config["linux"]["namespaces"]
            if kind not in [namespace["type"] for namespace in namespaces]:
                namespaces.append({"type": kind})
            if kind == "user":
                config["linux"] |= {"uidMappings": IDS, "gidMappings": IDS}

        self.each(self.named("linux", "namespaces"), configure)

    def test_capabilities(self):
        """features-linux.md#capabilities: each capability named is known, and given where the machine has it"""
        named = self.named("linux", "capabilities")
        self.assertLessEqual(set(named), set(CAPABILITIES))
        container = self.container("grep CapBnd /proc/self/status")
        container.config["process"]["capabilities"] = {"bounding": named}
        if container.attempt_create().returncode:
            self.skipTest("it fails where a capability is withheld, which is another statement")
        given = int(container.start().finishes().split()[1], 16)
        asked = sum(1 << CAPABILITIES.index(name) for name in named)
        own = next(int(line.split()[1], 16) for line in open("/proc/self/status") if line.startswith("CapBnd"))
        self.assertEqual(given, own & asked)

    def filtered(self, words, change):
        """A container is created for each word, with the filter that `change` gives for it."""
        self.each(words, lambda config, word: config["linux"].update(
            seccomp={"defaultAction": "SCMP_ACT_ALLOW"} | change(word)))

    def test_actions(self):
        """features-linux.md#seccomp: each action named is known"""
        self.filtered([action for action in self.named("linux", "seccomp", "actions") if action != NOTIFY],
                      lambda action: {"syscalls": [{"names": ["swapoff"], "action": action}]})

    def test_operators(self):
        """features-linux.md#seccomp: each operator named is known"""
        self.filtered(self.named("linux", "seccomp", "operators"), lambda operator: {"syscalls": [{
            "names": ["swapoff"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": operator}]}]})

    def test_architectures(self):
        """features-linux.md#seccomp: each architecture named is known; those of this byte order are asked for"""
        named = self.named("linux", "seccomp", "archs")
        self.filtered([name for name in named if (name in LITTLE) == (sys.byteorder == "little")], lambda name: {
            "architectures": [name], "syscalls": [{"names": ["swapoff"], "action": "SCMP_ACT_ERRNO"}]})

    def test_filter_flags(self):
        """features-linux.md#seccomp: each flag said to be supported is, and is among those known"""
        supported = self.named("linux", "seccomp", "supportedFlags")
        self.assertLessEqual(set(supported), set(self.named("linux", "seccomp", "knownFlags")))
        self.filtered(supported, lambda flag: {
            "flags": [flag], "syscalls": [{"names": ["swapoff"], "action": "SCMP_ACT_ERRNO"}]})

    def test_memory_policies(self):
        """features-linux.md#memorypolicy: each mode and flag named is known"""
        def configure(config, word):
            if word.startswith("MPOL_F_"):
                policy = {"mode": "MPOL_BIND", "nodes": "0", "flags": [word]}
            else:
                policy = {"mode": word} | ({} if word in ("MPOL_DEFAULT", "MPOL_LOCAL") else {"nodes": "0"})
            config["linux"]["memoryPolicy"] = policy

        named = [self.named("linux", "memoryPolicy", kind) for kind in ("modes", "flags")]
        newer = set() if self.linux_is_at_least(6, 9) else {"MPOL_WEIGHTED_INTERLEAVE"}
        self.each([word for word in sum(named, []) if word not in newer], configure)

    def test_idmap(self):
        """features-linux.md#mountextensions: idmap is enabled just where a mount's mapping is applied"""
        self.needs_mapped_ids()
        enabled = self.named("linux", "mountExtensions", "idmap", "enabled")
        source = self.scratch / "source"
        source.mkdir()
        (source / "file").touch()
        container = self.container("stat -c %u /mnt/file")
        container.config["mounts"].append(bind(source, "bind", "idmap") | {"uidMappings": IDS, "gidMappings": IDS})
        applied = container.attempt_create().returncode == 0 and container.start().finishes() == "100000\n"
        self.assertEqual(applied, enabled)
