"""engine inspect, stats, events: what is known of containers."""

from containers import EngineTest


class Look(EngineTest):
    def setUp(self):
        super().setUp()
        self.image()
        self.engine_ok("run", "-d", "--name", "bird", "--net=none", *self.marked(), "box", "sleep", "1000")

    def format(self, template):
        return self.engine_ok("inspect", "--format", template, "bird").out

    def test_inspect_in_dockers_shape(self):
        one = self.inspect("bird")
        self.assertEqual((one["Path"], one["Args"], one["State"]["Status"], one["Name"]), ("sleep", ["1000"], "running", "bird"))
        self.assertGreater(one["State"]["Pid"], 0)
        self.assertEqual(self.engine_ok("inspect", "--type", "image", "box").json[0]["RepoTags"], ["box:latest"])
        self.assertEqual(self.engine("inspect", "nobody").code, 1)

    def test_templates(self):
        self.assertEqual(self.format("{{.State.Status}} {{json .Args}} {{len .Args}}"), 'running ["1000"] 1\n')
        self.assertEqual(self.format("{{range .Args}}<{{.}}>{{end}}"), "<1000>\n")
        self.refused("inspect", "--format", "{{if .Id}}", "bird", says="--format")
        self.refused("inspect", "--format", "{{.Nosuch}}", "bird", says="Nosuch")

    def test_stats_once(self):
        one = self.engine_ok("stats", "--no-stream", "--json", "bird").json
        self.assertEqual((one["name"], one["pids"]), ("bird", 1))
        self.assertIn("MEM USAGE / LIMIT", self.engine_ok("stats", "--no-stream").out)

    def test_events_of_the_past(self):
        self.engine_ok("stop", "-t", "0", "bird")
        lines = self.engine_ok("events", "--since", "1h", "--until", "0s", "--filter", "container=bird", "--filter", "type=container").out.splitlines()
        actions = [line.split()[2] for line in lines]
        self.assertEqual(actions, ["create", "start", "die", "stop"])
        self.refused("events", "--filter", "what=1", says="--filter")
