"""config.md and runtime.md: when hooks run, where, with what, and what their failure means."""

import json
import os

from container import Statement

# In the order of a container's life, with the operation that each belongs to.
CREATE = ("prestart", "createRuntime", "createContainer")
INSIDE = "startContainer"  # the one kind whose path is the container's own
FAILING = "cat >/dev/null; exit 1"


class Hooks(Statement):
    """Hooks write to the container's /log, which the program writes to as well."""

    def hook(self, container, kind, script, **members):
        """Adds a hook that runs a shell script."""
        path = "/bin/sh" if kind == INSIDE else str(container.rootfs / "bin/sh")
        path_variable = f"PATH={self.path(container, kind, '/bin')}"
        added = {"path": path, "args": ["sh", "-c", script], "env": [path_variable]}
        container.config.setdefault("hooks", {}).setdefault(kind, []).append(added | members)

    def logging(self, container, kind, word=None):
        """Adds a hook that takes its input and logs a word."""
        self.hook(container, kind, f"cat >/dev/null; echo {word or kind} >>{self.path(container, kind, '/log')}")

    @staticmethod
    def path(container, kind, path):
        return path if kind == INSIDE else f"{container.rootfs}{path}"

    @staticmethod
    def log(container):
        file = container.rootfs / "log"
        return file.read_text().split() if file.exists() else []

    def state_given(self, kind, operate):
        """What a hook of the kind read from its input."""
        container = self.container("true")
        container.config["annotations"] = {"org.example.key": "value"}
        self.hook(container, kind, f"cat >{self.path(container, kind, '/state')}")
        operate(container)
        return container, json.loads((container.rootfs / "state").read_text())

    def namespaces_seen(self, kind, operate):
        """The uts namespace in which a hook of the kind ran, and that of the container process."""
        container = self.container("echo started; while true; do sleep 1; done")
        self.hook(container, kind, f"cat >/dev/null; readlink /proc/self/ns/uts >{self.path(container, kind, '/seen')}")
        operate(container)
        if kind == INSIDE:
            container.prints("started")
        pid = container.state()["pid"]
        return (container.rootfs / "seen").read_text().strip(), os.readlink(f"/proc/{pid}/ns/uts")


class Order(Hooks):
    def test_of_create(self):
        """config.md#posix-platform-hooks: prestart, createRuntime and createContainer belong to create, in order"""
        container = self.container("echo program >>/log")
        for kind in reversed(CREATE):
            self.logging(container, kind)
        container.create()
        self.assertEqual(self.log(container), list(CREATE))

    def test_of_start(self):
        """config.md#startcontainer-hooks: startContainer belongs to start, before the program"""
        container = self.container("echo program >>/log")
        self.logging(container, "startContainer")
        container.create()
        self.assertEqual(self.log(container), [])
        container.start().finishes()
        self.assertEqual(self.log(container), ["startContainer", "program"])

    def test_of_poststart(self):
        """config.md#poststart: poststart belongs to start, and has run when it returns"""
        container = self.container("while true; do sleep 1; done")
        self.logging(container, "poststart")
        container.create()
        self.assertEqual(self.log(container), [])
        container.start()
        self.assertEqual(self.log(container), ["poststart"])

    def test_of_poststop(self):
        """config.md#poststop: poststop belongs to delete, and has run when it returns"""
        container = self.container("echo program >>/log")
        self.logging(container, "poststop")
        container.runs()
        self.assertEqual(self.log(container), ["program"])
        container.delete()
        self.assertEqual(self.log(container), ["program", "poststop"])

    def test_of_all(self):
        """runtime.md#lifecycle: hooks of all kinds run once in a container's life, in the order of the kinds"""
        container = self.container("echo program >>/log; while true; do sleep 1; done")
        for kind in ("poststop", "poststart", "startContainer", *reversed(CREATE)):
            self.logging(container, kind)
        container.create()
        self.assertEqual(self.log(container), list(CREATE))
        container.start()
        self.eventually(lambda: "program" in self.log(container), "the program never ran")
        # The program has started when poststart hooks run, but not necessarily written.
        self.assertEqual([word for word in self.log(container) if word != "program"],
                         [*CREATE, "startContainer", "poststart"])
        container.kill()
        container.becomes("stopped")
        container.delete()
        self.assertEqual(self.log(container)[-1], "poststop")
        self.assertEqual(len(self.log(container)), 7)

    def test_after_program(self):
        """config.md#poststart: the program has been executed when poststart hooks run"""
        container = self.container()
        container.config["process"]["args"] = ["/bin/sleep", "1000"]
        script = ("cat >{0}/state; pid=$(grep -o '\"pid\": *[0-9]*' {0}/state); "
                  "cat /proc/${{pid##*[: ]}}/cmdline >{0}/seen")
        self.hook(container, "poststart", script.format(container.rootfs))
        container.create().start()
        self.assertEqual((container.rootfs / "seen").read_bytes(), b"/bin/sleep\x001000\x00")

    def test_after_destruction(self):
        """config.md#poststop: the container is destroyed when poststop hooks run"""
        container = self.container()
        container.config["linux"]["cgroupsPath"] = "/statement/poststop"
        container.config["linux"]["resources"] = {"pids": {"limit": 10}}
        groups = "ls -d /sys/fs/cgroup/statement/poststop /sys/fs/cgroup/*/statement/poststop"
        self.hook(container, "createRuntime", f"cat >/dev/null; {groups} >{container.rootfs}/before; true")
        self.hook(container, "poststop", f"cat >/dev/null; {groups} >{container.rootfs}/after; true")
        container.runs()
        container.delete()
        self.assertNotEqual((container.rootfs / "before").read_text(), "")
        self.assertEqual((container.rootfs / "after").read_text(), "")

    def test_as_listed(self):
        """config.md#posix-platform-hooks: hooks of one kind run in the listed order"""
        for kind in (*CREATE, "startContainer", "poststart", "poststop"):
            with self.subTest(kind=kind):
                container = self.container()
                for word in ("one", "two", "three"):
                    self.logging(container, kind, word)
                container.runs()
                container.delete()
                self.assertEqual(self.log(container), ["one", "two", "three"])


class Input(Hooks):
    def check(self, kind, operate, *statuses):
        container, state = self.state_given(kind, operate)
        self.assertEqual(state["id"], container.id)
        self.assertEqual(state["bundle"], str(container.bundle))
        self.assertEqual(state["annotations"], {"org.example.key": "value"})
        self.assertIn("ociVersion", state)
        self.assertIn(state["status"], statuses)
        return state

    def test_of_create(self):
        """runtime.md#state: hooks of create are given the process as their namespace sees it"""
        for kind in CREATE:
            with self.subTest(kind=kind):
                state = self.check(kind, lambda container: container.create(), "creating", "created")
                outside = self.containers[-1].state()["pid"]
                self.assertEqual(state["pid"], 1 if kind == "createContainer" else outside)

    def test_of_start(self):
        """runtime.md#state: startContainer hooks are given the process as the container sees it"""
        state = self.check("startContainer", lambda container: container.runs(), "created")
        self.assertEqual(state["pid"], 1)

    def test_of_poststart(self):
        """runtime.md#lifecycle: poststart hooks are told that the container runs"""
        def operate(container):
            container.config["process"]["args"] = ["/bin/sleep", "1000"]
            container.create().start()

        self.check("poststart", operate, "running")

    def test_of_poststop(self):
        """runtime.md#lifecycle: poststop hooks are told that the container is stopped"""
        def operate(container):
            container.runs()
            container.delete()

        self.check("poststop", operate, "stopped")

    def test_large(self):
        """config.md#posix-platform-hooks: a hook may leave a state that fills a pipe unread"""
        container = self.container()
        container.config["annotations"] = {f"org.example.{number}": "x" * 1000 for number in range(200)}
        for _ in range(5):
            self.hook(container, "createRuntime", "true")
        container.create()


class Place(Hooks):
    def test_of_create_runtime(self):
        """config.md#createruntime-hooks: createRuntime hooks run in the runtime's namespaces"""
        seen, _ = self.namespaces_seen("createRuntime", lambda container: container.create())
        self.assertEqual(seen, os.readlink("/proc/self/ns/uts"))

    def test_of_prestart(self):
        """config.md#prestart: prestart hooks run in the runtime's namespaces"""
        seen, _ = self.namespaces_seen("prestart", lambda container: container.create())
        self.assertEqual(seen, os.readlink("/proc/self/ns/uts"))

    def test_of_create_container(self):
        """config.md#createcontainer-hooks: createContainer hooks run in the container's namespaces"""
        seen, inside = self.namespaces_seen("createContainer", lambda container: container.create())
        self.assertEqual(seen, inside)

    def test_of_start_container(self):
        """config.md#startcontainer-hooks: startContainer hooks run in the container's namespaces"""
        seen, inside = self.namespaces_seen("startContainer", lambda container: container.create().start())
        self.assertEqual(seen, inside)

    def test_of_poststart(self):
        """config.md#poststart: poststart hooks run in the runtime's namespaces"""
        seen, _ = self.namespaces_seen("poststart", lambda container: container.create().start())
        self.assertEqual(seen, os.readlink("/proc/self/ns/uts"))

    def test_of_poststop(self):
        """config.md#poststop: poststop hooks run in the runtime's namespaces"""
        container = self.container()
        self.hook(container, "poststop", f"cat >/dev/null; readlink /proc/self/ns/uts >{container.rootfs}/seen")
        container.runs()
        container.delete()
        self.assertEqual((container.rootfs / "seen").read_text().strip(), os.readlink("/proc/self/ns/uts"))

    def test_outside(self):
        """config.md#posix-platform-hooks: paths of all kinds but startContainer are the runtime's"""
        outside = self.scratch / "outside"
        outside.symlink_to("/bin/busybox")
        for kind in (*CREATE, "poststart", "poststop"):
            with self.subTest(kind=kind):
                container = self.container("while true; do sleep 1; done")
                self.hook(container, kind, f"cat >/dev/null; echo ran >{container.rootfs}/log", path=str(outside))
                container.create().start().kill()
                container.becomes("stopped")
                container.delete()
                self.assertEqual(self.log(container), ["ran"])

    def test_inside(self):
        """config.md#startcontainer-hooks: a startContainer hook's path is the container's"""
        container = self.container()
        (container.rootfs / "inside").symlink_to("/bin/busybox")
        self.hook(container, INSIDE, "cat >/dev/null; echo ran >/log", path="/inside")
        container.runs()
        self.assertEqual(self.log(container), ["ran"])

    def test_before_pivot(self):
        """config.md#createruntime-hooks: prestart and createRuntime hooks run before the root is changed"""
        for kind in ("prestart", "createRuntime"):
            with self.subTest(kind=kind):
                container = self.container()
                script = ("cat >{0}/state; pid=$(grep -o '\"pid\": *[0-9]*' {0}/state); "
                          "ls -d /proc/${{pid##*[: ]}}/root{0} >{0}/seen")
                self.hook(container, kind, script.format(container.rootfs))
                container.create()
                self.assertNotEqual((container.rootfs / "seen").read_text(), "")
                pid = container.state()["pid"]
                self.assertFalse(os.path.exists(f"/proc/{pid}/root{container.rootfs}"))

    def test_environment(self):
        """config.md#posix-platform-hooks: a hook has the environment that it is given"""
        container = self.container()
        self.hook(container, "createRuntime", f"/bin/cat /proc/$$/environ >{container.rootfs}/environment; true",
                  env=["ONLY=this", "AND=that"])
        container.create()
        self.assertEqual((container.rootfs / "environment").read_text(), "ONLY=this\0AND=that\0")


class Failure(Hooks):
    def test_of_create(self):
        """runtime.md#lifecycle: a failing hook of create is an error, and destroys the container"""
        for kind in CREATE:
            with self.subTest(kind=kind):
                container = self.container("echo ran")
                self.hook(container, kind, FAILING)
                self.logging(container, kind, "next")
                container.refuses_create()
                self.assertFalse(container.exists())
                self.assertEqual(self.log(container), [])

    def test_of_start(self):
        """runtime.md#lifecycle: a failing startContainer hook is an error, and the program does not run"""
        container = self.container("echo ran")
        self.hook(container, "startContainer", FAILING)
        container.create()
        container.refuses("start", container.id)
        if container.exists():
            container.becomes("stopped")
        self.assertEqual(container.printed(), [])

    def test_of_poststart(self):
        """runtime.md#lifecycle: a failing poststart hook is an error, and stops the container"""
        container = self.container("while true; do sleep 1; done")
        self.hook(container, "poststart", FAILING)
        container.create()
        container.refuses("start", container.id)
        if container.exists():
            container.becomes("stopped")

    def test_of_poststop(self):
        """runtime.md#lifecycle: a failing poststop hook is no error, and the next ones run"""
        container = self.container()
        self.hook(container, "poststop", FAILING)
        self.logging(container, "poststop")
        container.runs()
        container.delete()
        self.assertEqual(self.log(container), ["poststop"])
        self.assertFalse(container.exists())

    def test_of_poststop_warns(self):
        """runtime.md#lifecycle: a failing poststop hook is warned of"""
        container = self.container()
        self.hook(container, "poststop", FAILING)
        container.runs()
        done = container.ask("delete", container.id)
        self.assertNotEqual(done.stderr, "")

    def test_timeout(self):
        """config.md#posix-platform-hooks: a hook that takes longer than its timeout is aborted"""
        container = self.container()
        self.hook(container, "createRuntime", "sleep 1000", timeout=1)
        container.refuses_create()
        self.assertFalse(container.exists())

    def test_missing(self):
        """runtime.md#lifecycle: a hook that cannot be run is a failing one"""
        container = self.container()
        container.config["hooks"] = {"createRuntime": [{"path": "/no/such/hook"}]}
        container.refuses_create()
        self.assertFalse(container.exists())
