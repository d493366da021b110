"""engine run: what a person gets for a command in a container."""

from containers import EngineTest


class Run(EngineTest):
    def test_its_output_and_exit_code_are_the_commands(self):
        self.image()
        done = self.engine("run", "--rm", "--net=none", "box", "sh", "-c", "echo out; echo err >&2; exit 7")
        self.assertEqual((done.code, done.out, done.err), (7, "out\n", "err\n"))

    def test_it_has_a_process_list_a_name_and_a_root_of_its_own(self):
        seen = self.run_box("sh", "-c", "echo $$; ps -o pid,args; hostname; ls /")
        lines = seen.splitlines()
        self.assertEqual(lines[0], "1")
        self.assertIn("probe", lines)
