"""Hooks: when they run, what they are told, and what happens when they fail."""

import json
import time

from harness import OURS, RuntimeTest, ours_only

MOMENTS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
IN_CONTAINER = ("startContainer",)  # its program is looked up in the container


class Hooks(RuntimeTest):
    def hooked(self, hooks, *args):
        config = self.config(*(args or ("/bin/true",)))
        config["hooks"] = hooks
        return config

    def script(self, text, **more):
        return {"path": "/bin/sh", "args": ["sh", "-c", text], "env": ["PATH=/bin:/usr/bin", f"CORACLE_TEST_MARK={self.mark}"], **more}

    def test_each_hook_runs_at_its_moment_in_order(self):
        log = self.folder / "log"
        log.touch()
        config = self.hooked({moment: [self.script(f"echo {moment} >> {log}")] for moment in MOMENTS if moment not in IN_CONTAINER})
        config["hooks"]["startContainer"] = [self.script("echo startContainer >> /log")]
        config["mounts"].append({"destination": "/log", "type": "bind", "source": str(log), "options": ["bind"]})
        name = self.create(config)
        lines = lambda: log.read_text().split()
        self.assertEqual(lines(), ["prestart", "createRuntime", "createContainer"] + ([] if OURS else ["poststart"]))
        self.runtime_ok("start", name)
        self.wait_status(name, "stopped")
        self.runtime_ok("delete", name)
        if OURS:  # poststart and startContainer may overlap the program's own run, never create
            self.assertEqual(lines(), list(MOMENTS))

    def test_a_hook_reads_the_state_from_its_standard_input(self):
        config = self.hooked({"createRuntime": [self.script(f"cat > {self.folder}/state.json")]})
        config["annotations"] = {"org.example.word": "told"}
        bundle = self.bundle(config)
        name = self.new_id()
        self.runtime_ok("create", "--bundle", bundle, name)
        state = json.loads((self.folder / "state.json").read_text())
        self.assertEqual((state["id"], state["bundle"]), (name, str(bundle)))
        self.assertEqual(state["pid"], self.state(name)["pid"])
        self.assertEqual(state["annotations"], {"org.example.word": "told"})
        self.assertIn(state["status"], ("created",) if OURS else ("created", "creating"))

    def test_a_failing_hook_ends_create_with_its_output_and_leaves_nothing(self):
        for moment in ("prestart", "createRuntime", "createContainer"):
            with self.subTest(moment):
                config = self.hooked({moment: [self.script("echo the reason >&2; exit 3")]})
                self.refused("create", "--bundle", self.bundle(config), self.new_id(), says=["the reason"] if OURS else [])
                self.assertEqual((self.cgroups(), self.runtime("list", "-q").out), ([], ""))

    def test_a_hook_that_takes_too_long_is_ended(self):
        began = time.monotonic()
        config = self.hooked({"createRuntime": [self.script("exec sleep 100", timeout=1)]})
        done = self.runtime("create", "--bundle", self.bundle(config), self.new_id(), timeout=30)
        self.assertNotEqual(done.code, 0)
        self.assertLess(time.monotonic() - began, 20)

    @ours_only
    def test_a_hook_that_does_not_read_its_input_does_no_harm(self):
        config = self.hooked({"createRuntime": [self.script("exec true")]})
        config["annotations"] = {f"org.example.{n}": "x" * 1000 for n in range(200)}
        self.create(config)

    @ours_only
    def test_a_failing_poststop_hook_warns_and_delete_goes_on(self):
        name = self.create(self.hooked({"poststop": [self.script("echo trouble >&2; exit 1")]}))
        done = self.runtime_ok("delete", "--force", name)
        self.assertIn("trouble", done.err)
        self.refused("state", name, says="does not exist")

    @ours_only
    def test_a_missing_hook_program_is_named(self):
        config = self.hooked({"createRuntime": [{"path": "/no/such/hook"}]})
        self.refused("create", "--bundle", self.bundle(config), self.new_id(), says=["createRuntime", "/no/such/hook"])
