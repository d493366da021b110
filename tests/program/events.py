"""events: what containers use, and when their memory runs out."""

import contextlib
import json
import os
import select
import subprocess
import time
import unittest

from harness import CGROUPS, PATIENCE, RUNTIME, TOP, RuntimeTest, ours_only, text_of, wait_for, wait_until_it_polls

try:
    import jsonschema
except ImportError:
    jsonschema = None

MB = 1 << 20
SCHEMA = json.loads((TOP / "schema/events.schema.json").read_text())
LONG = "1h"  # an interval that no test waits for


class Events(RuntimeTest):
    def limited(self, *args, **resources):
        config = self.config(*(args or ("/probe", "wait")))
        config["linux"]["resources"] = resources
        return config

    def stats(self, name):
        """The only line of --stats, as a value."""
        lines = self.runtime_ok("events", "--stats", name).out.splitlines()
        self.assertEqual(len(lines), 1, lines)
        return self.event(lines[0])

    def event(self, line):
        event = json.loads(line)
        if jsonschema:
            jsonschema.Draft7Validator(SCHEMA).validate(event)
        return event

    @contextlib.contextmanager
    def stream(self, *args):
        """The command while it runs, and what it has written that no test has looked at."""
        command = [RUNTIME, "--root", str(self.root), "events", *args]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=self.environment
        )
        process.unread = b""
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close(), process.stderr.close()

    def next_event(self, process, seconds=20):
        """The next line; none within this time is a failure, and so is the end."""
        while b"\n" not in process.unread:
            self.assertTrue(select.select([process.stdout], [], [], seconds * PATIENCE)[0], f"no line within {seconds} s")
            more = os.read(process.stdout.fileno(), 1 << 16)
            if not more:
                self.fail(f"it has ended: {process.wait()} {process.stderr.read()}")
            process.unread += more
        line, process.unread = process.unread.split(b"\n", 1)
        return self.event(line)

    def ends(self, process, seconds=20):
        """It ends by itself, with success; gives the lines that were left."""
        rest, complaint = process.communicate(timeout=seconds * PATIENCE)
        self.assertEqual((process.returncode, complaint), (0, b""))
        return [self.event(line) for line in (process.unread + rest).splitlines()]

    def test_stats_tell_usage_and_limits(self):
        name = self.running(self.limited(memory={"limit": 64 * MB}, pids={"limit": 17}))
        event = self.stats(name)
        self.assertEqual((event["type"], event["id"]), ("stats", name))
        data = event["data"]
        self.assertEqual(data["pids"], {"current": 1, "limit": 17})
        self.assertEqual(data["memory"]["usage"]["limit"], 64 * MB)
        self.assertGreater(data["memory"]["usage"]["usage"], 4096)
        self.assertGreater(data["cpu"]["usage"]["total"], 100_000)

    def test_processor_time_is_in_nanoseconds(self):
        bundle = self.bundle(self.config("/bin/sh", "-c", "/probe busy 2 > /tmp/used; exec /probe wait"))
        name = self.new_id()
        self.runtime_ok("run", "-d", "--bundle", bundle, name)
        used = bundle / "rootfs/tmp/used"
        wait_for(lambda: text_of(used).endswith("\n"), "the busy loop to end", 60)
        milliseconds = int(used.read_text())
        usage = self.stats(name)["data"]["cpu"]["usage"]
        # The loop's own clock, and what it took to start all of it.
        self.assertGreaterEqual(usage["total"], milliseconds * 1_000_000)
        self.assertLess(usage["total"], (milliseconds + 2000) * 1_000_000)
        self.assertGreater(usage["user"] + usage["kernel"], milliseconds * 1_000_000 * 0.8)

    def test_throttling_is_told(self):
        name = self.running(self.limited("/probe", "busy", "20", cpu={"quota": 5000, "period": 50000}))
        deadline = time.monotonic() + 20 * PATIENCE
        while "throttledTime" not in self.stats(name)["data"]["cpu"]["throttling"]:
            self.assertLess(time.monotonic(), deadline)

    def test_stats_of_a_container_that_waits_and_of_a_paused_one(self):
        name = self.create(self.limited())
        self.assertEqual(self.stats(name)["id"], name)
        self.runtime_ok("start", name)
        self.runtime_ok("pause", name)
        self.assertEqual(self.stats(name)["id"], name)
        self.runtime_ok("resume", name)

    def test_an_update_is_seen(self):
        name = self.running(self.limited(pids={"limit": 17}))
        self.runtime_ok("update", "--pids-limit", "18", name)
        self.assertEqual(self.stats(name)["data"]["pids"]["limit"], 18)

    @ours_only
    def test_a_line_at_each_interval_until_the_container_ends(self):
        name = self.running(self.limited())
        with self.stream("--interval", "100ms", name) as process:
            began = time.monotonic()
            for _ in range(4):
                self.assertEqual(self.next_event(process)["type"], "stats")
            self.assertGreater(time.monotonic() - began, 0.25)
            self.runtime_ok("kill", name, "KILL")
            self.ends(process)

    @ours_only
    def test_the_end_is_noticed_at_once(self):
        name = self.running(self.limited())
        with self.stream("--interval", LONG, name) as process:
            wait_until_it_polls(process, "the stream to begin")
            self.runtime_ok("kill", name, "KILL")
            self.assertEqual(self.ends(process), [])

    def test_a_container_that_is_deleted_meanwhile_is_a_clean_end(self):
        name = self.running(self.limited())
        with self.stream("--interval", "20ms", name) as process:
            self.next_event(process)
            self.runtime_ok("delete", "--force", name)
            for event in self.ends(process):
                self.assertEqual(event["type"], "stats")

    @ours_only
    def test_want_of_memory_is_told_as_it_happens(self):
        name = self.running(self.limited(memory={"limit": 30 * MB, "swap": 30 * MB}))
        with self.stream("--interval", LONG, name) as process:
            wait_until_it_polls(process, "the stream to begin")
            for _ in range(2):
                self.assertNotEqual(self.runtime("exec", name, "/probe", "alloc", "100").code, 0)
                self.assertEqual(self.next_event(process), {"type": "oom", "id": name})

    @ours_only
    def test_want_of_memory_that_ends_the_container_is_told_before_the_end(self):
        config = self.limited("/probe", "alloc", "100", memory={"limit": 30 * MB, "swap": 30 * MB})
        name = self.create(config)
        with self.stream("--interval", LONG, name) as process:
            wait_until_it_polls(process, "the stream to begin")
            self.runtime_ok("start", name)
            self.assertEqual(self.ends(process), [{"type": "oom", "id": name}])

    @ours_only
    def test_several_containers_in_one_call(self):
        names = [self.running(self.limited()) for _ in range(3)]
        lines = self.runtime_ok("events", "--stats", *names[:2]).out.splitlines()
        self.assertEqual([self.event(line)["id"] for line in lines], names[:2])
        lines = self.runtime_ok("events", "--stats", "--all").out.splitlines()
        self.assertEqual({self.event(line)["id"] for line in lines}, set(names))
        with self.stream("--interval", "50ms", *names[:2]) as process:
            self.assertEqual({self.next_event(process)["id"] for _ in range(2)}, set(names[:2]))
            self.runtime_ok("kill", names[0], "KILL")
            # What was told while the kill was under way comes first.
            told = []
            wait_for(lambda: told.append(self.next_event(process)["id"]) or told[-4:] == [names[1]] * 4, "only the other to be told of")
            self.runtime_ok("kill", names[1], "KILL")
            self.ends(process)

    @ours_only
    def test_all_finds_containers_that_come_later(self):
        first = self.running(self.limited())
        with self.stream("--interval", "50ms", "--all") as process:
            self.assertEqual(self.next_event(process)["id"], first)
            second = self.running(self.limited())
            deadline = time.monotonic() + 20 * PATIENCE
            while self.next_event(process)["id"] != second:
                self.assertLess(time.monotonic(), deadline)

    @ours_only
    def test_it_ends_when_nobody_reads(self):
        name = self.running(self.limited())
        with self.stream("--interval", LONG, name) as process:
            wait_until_it_polls(process, "the stream to begin")
            process.stdout.close()
            self.assertEqual(process.wait(20 * PATIENCE), 0)

    def test_a_container_that_has_stopped_or_never_was_is_refused(self):
        name = self.running(self.limited())
        self.stop(name)
        self.refused("events", "--stats", name, says="not running")
        self.refused("events", name, says="not running")
        self.refused("events", "--stats", "nowhere", says="does not exist")

    @ours_only
    def test_what_is_no_time_or_no_container_is_refused(self):
        for args, says in [
            (("--interval", "5", "c1"), "--interval"),
            (("--interval", "0", "c1"), "--interval"),
            (("--interval", "-5s", "c1"), "--interval"),
            ((), "CONTAINER"),
            (("--all", "c1"), "--all"),
        ]:
            with self.subTest(args=args):
                done = self.runtime("events", *args)
                self.assertEqual(done.code, 1, done)
                self.assertIn(says, done.err)

    @ours_only
    @unittest.skipUnless((CGROUPS / "unified/cpu.pressure").exists() or (CGROUPS / "cpu.pressure").exists(), "the kernel counts no pressure")
    def test_pressure_is_told(self):
        name = self.running(self.limited())
        data = self.stats(name)["data"]
        for part in ("cpu", "memory", "blkio"):
            self.assertIn("avg10", data[part]["psi"]["some"])
