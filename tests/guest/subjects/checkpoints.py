"""Checkpoint and restore of containers that are scopes of systemd."""

GUESTS = ("criu",)

from checkpoint import CheckpointTest  # noqa: E402
from scopes import ScopeTest, shown  # noqa: E402


class Restored(ScopeTest, CheckpointTest):
    def limited_counter(self):
        """A running counter with a limit; gives its id, its bundle and its unit."""
        def change(config):
            config["linux"]["resources"] = {"memory": {"limit": 64 << 20}, "pids": {"limit": 33}}
            self.wanted = config

        name, bundle = self.container(change=change)
        return name, bundle, self.unit(self.wanted)

    def test_a_scope_is_there_again_with_its_limits(self):
        name, bundle, unit = self.limited_counter()
        self.counts_beyond(bundle, 2)
        self.checkpoint(name)
        reached = self.count(bundle)
        self.restore(name, bundle)
        self.counts_beyond(bundle, reached)
        self.assertEqual(shown(unit, "ActiveState", "Slice", "MemoryMax", "TasksMax"), ["active", self.slice, str(64 << 20), "33"])
        self.assertEqual(self.file(self.wanted, "memory.max"), str(64 << 20))
        self.assertEqual(self.own_group(self.state(name)["pid"]), f"/coracle.slice/{self.slice}/{unit}")
        self.stop(name)

    def test_and_is_gone_when_it_is_deleted(self):
        name, bundle, unit = self.limited_counter()
        self.checkpoint(name)
        self.restore(name, bundle)
        self.runtime_ok("delete", "--force", name)
        self.assertEqual(shown(unit, "LoadState"), ["not-found"])
        self.assertEqual(self.cgroups(), [])

    def test_limits_of_a_restored_one_can_be_changed(self):
        name, bundle, unit = self.limited_counter()
        self.checkpoint(name)
        self.restore(name, bundle)
        self.runtime_ok("update", "--pids-limit", "44", name)
        self.assertEqual(shown(unit, "TasksMax"), ["44"])
        self.assertEqual(self.file(self.wanted, "pids.max"), "44")
        self.stop(name)
