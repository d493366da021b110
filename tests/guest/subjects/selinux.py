"""SELinux enforcing: the label of a container's process, of what exec adds, of its file systems, terminal and keyring."""

import ctypes
import json
import os
import pathlib
import socket
import subprocess
import tempfile

GUESTS = ("selinux",)

from harness import RuntimeTest, wait_for  # noqa: E402

PROCESS = "system_u:system_r:container_t:s0:c1,c2"
FILES = "system_u:object_r:container_file_t:s0:c1,c2"
CURRENT = "/proc/self/attr/current"
NR_KEYCTL, KEYCTL_GET_SECURITY = 250, 17


def label_of(path):
    return os.getxattr(path, "security.selinux").decode().rstrip("\0")


def give_label(path, label):
    subprocess.run(["chcon", "--recursive", "--no-dereference", label, path], check=True)


def label_of_key(number):
    text = ctypes.create_string_buffer(4096)
    size = ctypes.CDLL(None, use_errno=True).syscall(NR_KEYCTL, KEYCTL_GET_SECURITY, number, text, len(text))
    if size < 0:
        raise OSError(ctypes.get_errno(), f"the label of key {number:x}")
    return text.value.decode()


class SelinuxTest(RuntimeTest):
    """What containers here may use is labelled for all of them, unless a test labels it for one."""

    def setUp(self):
        super().setUp()
        give_label(self.folder, "system_u:object_r:container_file_t:s0")
        # Files that standard descriptors lead to: whoever may not use one has it taken away at execve.
        tempfile.tempdir, former = str(self.folder), tempfile.tempdir
        self.addCleanup(setattr, tempfile, "tempdir", former)
        self.enforced = pathlib.Path("/sys/fs/selinux/enforce").read_text()
        self.assertEqual(self.enforced, "1", "SELinux does not enforce here")

    def bundle(self, config=None):
        folder = super().bundle(config)
        (folder / "rootfs/etc/secret").write_text("secret\n")
        (folder / "rootfs/etc/masked").mkdir()
        give_label(folder, "system_u:object_r:container_file_t:s0")
        give_label(folder / "rootfs/etc/secret", "system_u:object_r:shadow_t:s0")
        return folder

    def labelled(self, *args, label=PROCESS, files=FILES, **process):
        config = self.config(*args, selinuxLabel=label, **process)
        config["linux"]["mountLabel"] = files
        config["mounts"] += [
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "nodev", "mode=1777"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "nodev"]},
        ]
        return config

    def inside(self, name, path):
        return pathlib.Path(f"/proc/{self.state(name)['pid']}/root{path}")


class Process(SelinuxTest):
    """spec: config.md#linux-process, selinuxLabel"""

    def test_the_process_has_its_label(self):
        self.assertEqual(self.output(self.labelled("/bin/cat", CURRENT)).rstrip("\0"), PROCESS)

    def test_init_has_it_from_execve_on(self):
        name = self.create(self.labelled("/probe", "wait"))
        current = pathlib.Path(f"/proc/{self.state(name)['pid']}/attr/current")
        ours = pathlib.Path(CURRENT).read_text()
        self.assertEqual(current.read_text(), ours)
        self.runtime_ok("start", name)
        self.assertEqual(current.read_text().rstrip("\0"), PROCESS)

    def test_what_the_policy_denies_is_denied(self):
        done = self.run_config(self.labelled("/bin/sh", "-c", "cat /etc/passwd; cat /etc/secret"))
        self.assertIn("root:x:0:0", done.out)
        self.assertIn("'/etc/secret': Permission denied", done.err)
        self.assertEqual(self.output(self.config("/bin/cat", "/etc/secret")), "secret\n")

    def test_levels_keep_two_containers_apart(self):
        script = "cat /data/mine && echo more >>/data/mine"
        other = "system_u:system_r:container_t:s0:c3,c4"
        data = self.folder / "data"
        data.mkdir()
        (data / "mine").write_text("mine\n")
        give_label(data, FILES)
        for label, files, allowed in ((PROCESS, FILES, True), (other, FILES.replace("c1,c2", "c3,c4"), False)):
            with self.subTest(label):
                config = self.labelled("/bin/sh", "-c", script, label=label, files=files)
                config["mounts"].append({"destination": "/data", "source": str(data), "options": ["bind"]})
                done = self.run_config(config)
                self.assertEqual((done.code == 0, "mine" in done.out), (allowed, allowed), done)
                self.assertEqual("Permission denied" in done.err, not allowed, done)
        self.assertEqual((data / "mine").read_text(), "mine\nmore\n")

    def test_no_new_privileges_does_not_keep_it_off_where_the_policy_allows_that(self):
        config = self.labelled("/bin/cat", CURRENT, noNewPrivileges=True, user={"uid": 1000, "gid": 1000}, capabilities={})
        self.assertEqual(self.output(config).rstrip("\0"), PROCESS)

    def test_a_program_that_the_label_may_not_begin_with_is_refused(self):
        folder = self.bundle(self.labelled("/probe", "wait"))
        give_label(folder / "rootfs/probe", "system_u:object_r:etc_t:s0")
        self.refused("run", "--bundle", folder, self.new_id(), says=["exec", "/probe", "ermission denied"])

    def test_a_procfs_of_the_image_takes_no_label(self):
        # cve: 2019-16884: a folder of the image with such a file in the place of procfs.
        config = self.labelled("/bin/cat", "/proc/self/attr/exec", "/etc/secret")
        config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] != "/proc"]
        folder = self.bundle(config)
        place = folder / "rootfs/proc/self/attr"
        place.mkdir(parents=True)
        for name in ("exec", "keycreate"):
            (place / name).write_text("untouched")
        give_label(folder / "rootfs/proc", "system_u:object_r:container_file_t:s0")
        done = self.runtime("run", "--bundle", folder, self.new_id())
        self.assertEqual(done.out, "untouched")
        self.assertIn("'/etc/secret': Permission denied", done.err)


class Refusal(SelinuxTest):
    def test_a_label_that_the_policy_does_not_know_is_named_before_the_container_starts(self):
        for label in ("nonsense", "system_u:system_r:no_such_t:s0", "system_u:system_r:container_t:s0:c9999"):
            with self.subTest(label):
                folder = self.bundle(self.labelled("/bin/true", label=label))
                said = f'process.selinuxLabel: SELinux\'s policy here has no such label: "{label}"'
                for words in (("run",), ("create", "--no-new-keyring")):
                    self.refused(*words, "--bundle", folder, self.new_id(), says=said)
        self.assertEqual(list(self.root.iterdir()), [])

    def test_so_is_one_of_mounts(self):
        for files in ("nonsense", "system_u:object_r:no_such_t:s0"):
            for mounts in (None, []):
                with self.subTest(f"{files}, {mounts}"):
                    config = self.labelled("/bin/true", files=files)
                    if mounts is not None:
                        config["mounts"], config["linux"]["maskedPaths"] = mounts, ["/etc/masked"]
                    self.one_line(self.run_config(config), f'linux.mountLabel: SELinux\'s policy here has no such label: "{files}"')

    def test_and_one_that_exec_asks_for(self):
        name = self.running(self.labelled("/probe", "wait"))
        self.refused("exec", "--process-label", "nonsense", name, "/bin/true", says=["process.selinuxLabel", '"nonsense"'])
        self.assertEqual(self.status(name), "running")


class Exec(SelinuxTest):
    def of_exec(self, name, *flags):
        return self.runtime_ok("exec", *flags, name, "/bin/cat", CURRENT).out.rstrip("\0")

    def test_it_has_the_label_of_the_container_or_the_one_that_is_asked_for(self):
        name = self.running(self.labelled("/probe", "wait"))
        self.assertEqual(self.of_exec(name), PROCESS)
        other = PROCESS.replace("c1,c2", "c1,c2,c7")
        self.assertEqual(self.of_exec(name, "--process-label", other), other)

    def test_or_that_of_its_document(self):
        name = self.running(self.labelled("/probe", "wait"))
        document = self.folder / "process.json"
        other = PROCESS.replace("c1,c2", "c1,c2,c8")
        document.write_text(json.dumps({"args": ["/bin/cat", CURRENT], "cwd": "/", "user": {"uid": 0, "gid": 0}, "selinuxLabel": other}))
        self.assertEqual(self.of_exec(name, "--process", document).replace("\0", ""), other)

    def test_what_is_denied_to_the_container_is_denied_to_it(self):
        name = self.running(self.labelled("/probe", "wait"))
        self.assertIn("Permission denied", self.runtime("exec", name, "/bin/cat", "/etc/secret").err)


class Mounts(SelinuxTest):
    """spec: config-linux.md#mount-label"""

    def test_new_file_systems_have_the_label_and_so_has_all_in_them(self):
        name = self.running(self.labelled("/bin/sh", "-c", "echo x >/dev/shm/file; exec /probe wait"))
        wait_for(lambda: self.inside(name, "/dev/shm/file").exists(), "the file in /dev/shm")
        for path in ("/dev", "/dev/null", "/dev/pts", "/dev/pts/ptmx", "/dev/shm", "/dev/shm/file", "/dev/mqueue"):
            with self.subTest(path):
                self.assertEqual(label_of(self.inside(name, path)), FILES)

    def test_what_belongs_to_the_kernel_or_the_image_keeps_its_own(self):
        name = self.running(self.labelled("/probe", "wait"))
        self.assertIn(":proc_t:", label_of(self.inside(name, "/proc")))
        self.assertIn(":container_file_t:s0", label_of(self.inside(name, "/etc/passwd")))
        self.assertIn(":shadow_t:", label_of(self.inside(name, "/etc/secret")))

    def test_masked_directories_can_be_listed(self):
        config = self.labelled("/bin/sh", "-c", "ls -A /etc/masked && exec /probe wait")
        config["linux"]["maskedPaths"] = ["/etc/masked"]
        name = self.running(config)
        self.assertEqual(label_of(self.inside(name, "/etc/masked")), FILES)

    def test_a_mount_may_have_a_context_of_its_own(self):
        config = self.labelled("/probe", "wait")
        own = FILES.replace("c1,c2", "c1")
        for place, options in (("/one", [f"context={own}"]), ("/two", [f'context="{FILES.replace("c1,c2", "c2,c1")}"'])):
            config["mounts"].append({"destination": place, "type": "tmpfs", "source": "tmpfs", "options": options})
        name = self.running(config)
        self.assertEqual(label_of(self.inside(name, "/one")), own)
        self.assertEqual(label_of(self.inside(name, "/two")), FILES)

    def test_a_label_that_is_longer_than_the_kernel_takes_at_once(self):
        # man: fsconfig(2) takes 255 bytes.
        files = "system_u:object_r:container_file_t:s0:" + ",".join(f"c{number}" for number in range(0, 160, 2))
        name = self.create(self.labelled("/probe", "wait", label="", files=files))
        self.assertEqual(label_of(self.inside(name, "/dev/shm")), files)

    def test_copied_directories_take_the_label_of_the_mount(self):
        config = self.labelled("/probe", "wait")
        config["mounts"].append({"destination": "/etc/masked", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]})
        folder = self.bundle(config)
        (folder / "rootfs/etc/masked/file").write_text("")
        give_label(folder / "rootfs/etc/masked/file", "system_u:object_r:container_file_t:s0:c9")
        name = self.new_id()
        self.runtime_ok("create", "--bundle", folder, name)
        self.assertEqual(label_of(self.inside(name, "/etc/masked/file")), FILES)

    def test_in_a_user_namespace_too(self):
        config = self.labelled("/probe", "wait")
        config["linux"]["namespaces"].append({"type": "user"})
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 200000, "size": 65536}]
        name = self.new_id()
        done = self.runtime_ok("create", "--bundle", self.bundle(config), name)
        for path in ("/dev", "/dev/pts", "/dev/shm"):
            with self.subTest(path):
                self.assertEqual(label_of(self.inside(name, path)), FILES)
        # An extended attribute of that kind is not for a user namespace to set.
        self.assertIn("linux.mountLabel: a mqueue of a user namespace keeps the label of SELinux's policy", done.err)
        self.assertNotEqual(label_of(self.inside(name, "/dev/mqueue")), FILES)


class Terminal(SelinuxTest):
    def test_the_terminal_and_the_console_have_the_label_of_mounts(self):
        path = self.folder / "console.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(1)
            name = self.running(self.labelled("/bin/sh", "-c", "echo at work; exec /probe wait", terminal=True), "--console-socket", path)
            connection, _ = listener.accept()
            with connection:
                _, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
        self.addCleanup(os.close, descriptors[0])
        said = b""
        while not said.endswith(b"\n"):  # it comes in pieces
            said += os.read(descriptors[0], 100)
        self.assertEqual(said, b"at work\r\n")
        for place in ("/dev/console", "/dev/pts/0"):
            with self.subTest(place):
                self.assertEqual(label_of(self.inside(name, place)), FILES)


class Keyring(SelinuxTest):
    def keyring_of(self, text, name):
        line = next(line for line in text.splitlines() if f"_ses.{name}:" in line)
        return int(line.split()[0], 16)

    def test_the_session_keyring_has_the_label_of_the_process(self):
        name = self.running(self.labelled("/probe", "wait"))
        keys = self.runtime_ok("exec", name, "/bin/cat", "/proc/keys").out
        self.assertEqual(label_of_key(self.keyring_of(keys, name)), PROCESS)

    def test_what_exec_adds_has_the_same_one(self):
        name = self.running(self.labelled("/probe", "wait"))
        found = {self.keyring_of(self.runtime_ok("exec", name, "/bin/cat", "/proc/keys").out, name) for _ in range(2)}
        self.assertEqual(len(found), 1)
        everything = [line for line in pathlib.Path("/proc/keys").read_text().splitlines() if f"_ses.{name}:" in line]
        self.assertEqual(len(everything), 1, everything)

    def test_what_is_made_later_has_the_policy_s_label_again(self):
        name = self.running(self.labelled("/probe", "wait"))
        self.assertEqual(self.runtime_ok("exec", name, "/bin/cat", "/proc/self/attr/keycreate").out.rstrip("\0"), "")
