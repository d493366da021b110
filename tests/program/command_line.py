"""The command line as people meet it: help, refusals, completion in the real shells, colours, what is installed."""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time

from harness import BUNDLER, PATIENCE, RUNTIME, ProgramTest, RuntimeTest, ours_only

SHELLS = ("bash", "zsh", "fish")

# Each prints what the shell offers at the end of the line $1, with the script $2 loaded; one a line.
BASH = r"""
source "$2"
read -ra COMP_WORDS <<<"$1"
[[ $1 != *" " ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=${3:-9} COMPREPLY=()
"_$(basename "${COMP_WORDS[0]}")"
printf '%s\n' "${COMPREPLY[@]}"
"""
FISH = 'source $argv[2]; complete -C "$argv[1]"'
# zsh completes only at a terminal: the offers are written to a file by the function that collects them.
ZSH = r"""
PROMPT=; unsetopt zle_bracketed_paste 2>/dev/null; autoload -Uz compinit; compinit -u -D
source {script}
compadd() {{
  if [[ ${{@[1,(i)(-|--)]}} != *-(O|A|D)\ * ]]; then local -a offered_; builtin compadd -O offered_ "$@"; print -rl -- $offered_ >>{out}; fi
  builtin compadd "$@"
}}
told() {{ zle complete-word; print done >>{out}; }}
zle -N told; bindkey '^I' told
print ready >>{out}
"""


def ask_zsh(line, script, folder, environment):
    """Types the line and a tab into a zsh of its own, and gives what it offered."""
    out, setup = folder / "offers", folder / "setup.zsh"
    out.write_text("")
    setup.write_text(ZSH.format(script=script, out=out))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**environment, "TERM": "xterm", "HOME": str(folder)})
    try:
        os.write(terminal, f"source {setup}\n".encode())
        read_until(terminal, out, "ready\n")
        os.write(terminal, f"{line}\t".encode())
        read_until(terminal, out, "done\n")
    finally:
        os.kill(pid, 9)
        os.close(terminal)
        os.waitpid(pid, 0)
    return [name for name in out.read_text().splitlines() if name not in ("ready", "done", "")]


def read_until(terminal, file, end):
    deadline = time.monotonic() + 30 * PATIENCE
    while not file.read_text().endswith(end):
        if time.monotonic() > deadline:
            raise AssertionError(f"zsh did not come to {end!r}")
        if select.select([terminal], [], [], 0.05)[0]:
            os.read(terminal, 65536)


@ours_only
class Completion(RuntimeTest):
    def offers(self, shell, program, line, *more):
        """The names that the shell offers at the end of this line, whose first word is the program."""
        if not shutil.which(shell):
            self.skipTest(f"{shell} is not installed (bundles/setup test)")
        script = self.folder / f"{pathlib.Path(program).name}.{shell}"
        script.write_text(self.call(program, "completion", shell).out)
        line = f"{program} {line}"
        if shell == "zsh":
            return ask_zsh(line, script, self.folder, self.environment)
        words = ["bash", "-c", BASH, "bash"] if shell == "bash" else ["fish", "--no-config", "-c", FISH]
        done = self.call(*words, line, script, *more, env={"HOME": str(self.folder)})
        self.assertEqual(done.err, "", done)
        return [name if more else name.split("\t")[0] for name in done.out.splitlines() if name]

    def each(self, program, line, wanted):
        for shell in SHELLS:
            with self.subTest(shell=shell, line=line):
                self.assertEqual(sorted(set(self.offers(shell, program, line))), sorted(wanted))

    def test_commands(self):
        self.each(RUNTIME, "st", ["start", "state"])
        self.each(BUNDLER, "un", ["unpack"])

    def test_options_of_the_command(self):
        self.each(RUNTIME, "exec --tt", ["--tty"])
        self.each(BUNDLER, "unpack --mem", ["--memory"])

    def test_choices_of_an_option_and_of_a_word(self):
        self.each(RUNTIME, "list --format ", ["json", "table"])
        self.each(BUNDLER, "images --format ", ["json", "table"])
        self.each(RUNTIME, "completion ", SHELLS)

    def test_folders_where_a_folder_is_wanted(self):
        (self.folder / "here/bundle").mkdir(parents=True)
        (self.folder / "here/file").touch()
        for shell in SHELLS:
            with self.subTest(shell):
                found = self.offers(shell, RUNTIME, f"create --bundle {self.folder}/here/")
                self.assertEqual([name.rstrip("/").rsplit("/", 1)[-1] for name in set(found)], ["bundle"])

    def test_containers_below_the_root_that_the_line_names(self):
        name = self.create()
        for line in (f"--root {self.root} start ", f"--root={self.root} kill ", f"--root {self.root} exec --tty "):
            self.each(RUNTIME, line, [name])
        self.each(RUNTIME, f"--root {self.folder}/other start ", [])

    def test_nothing_of_ours_behind_the_container_of_exec(self):
        self.each(RUNTIME, "exec c1 --tt", [])

    def test_images_of_the_store_that_the_line_names(self):
        folder = self.folder / "rootfs"
        (folder / "bin").mkdir(parents=True)
        store = self.folder / "store"
        done = self.call(BUNDLER, "--store", store, "import", folder, "localhost:5000/mine:1")
        self.assertEqual(done.code, 0, done)
        self.each(BUNDLER, f"--store {store} unpack loc", ["localhost:5000/mine:1"])

    def test_explanations_in_a_list_of_bash(self):
        lines = self.offers("bash", RUNTIME, "st", "63")
        self.assertRegex(lines[0], r"^start +\(.+\)$")


@ours_only
class Words(ProgramTest):
    def refused(self, program, line, *words):
        self.one_line(self.call(program, *line.split()), *words)

    def test_what_is_mistyped_is_answered_with_the_nearest_name(self):
        self.refused(RUNTIME, "creat c1", '"creat"', "did you mean create?", "runtime --help")
        self.refused(RUNTIME, "exec --tyt c1 sh", "--tyt", "did you mean --tty?", "runtime exec --help")
        self.refused(RUNTIME, "list --form json", "did you mean --format?")
        self.refused(RUNTIME, "state --root /x c1", "before the command")
        self.refused(BUNDLER, "upack a b", "did you mean unpack?", "bundler --help")
        self.refused(BUNDLER, "unpack a b --memroy 5M sh", "did you mean --memory?", "bundler unpack --help")

    def test_what_is_like_nothing_gets_no_advice(self):
        for program in (RUNTIME, BUNDLER):
            self.assertNotIn("did you mean", self.call(program, "zzzz").err)

    def test_every_help_has_the_whole_line_and_an_example_and_speaks_in_words(self):
        for program in (RUNTIME, BUNDLER):
            name = pathlib.Path(program).name
            top = self.call(program, "--help").out
            commands = re.findall(r"^  ([a-z-]+) {2,}", top.partition("Commands:")[2].partition("\n\n")[0], re.M)
            self.assertIn("completion", commands)
            for command in commands:
                with self.subTest(f"{name} {command}"):
                    text = self.call(program, command, "--help").out
                    self.assertTrue(text.startswith(f"Usage: {name} {command} [OPTION...]"), text)
                    self.assertIn("\nExample:\n", text)
                    self.assertIsNone(re.search(r" (TEXT|U?INT|FLOAT|ENUM)\b", text), text)


@ours_only
class Terminal(ProgramTest):
    """What moves is drawn on a terminal alone, and not where NO_COLOR or a dumb terminal forbids it."""

    def on_terminal(self, **env):
        folder = self.folder / "rootfs"
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        store = self.folder / "store"
        self.call(BUNDLER, "--store", store, "import", folder, "mine:1")
        bundle = tempfile.mkdtemp(dir=self.folder) + "/bundle"
        master, slave = pty.openpty()
        environment = {**self.environment, "TERM": "xterm", **env}
        command = [BUNDLER, "--store", store, "unpack", "mine:1", bundle]
        done = subprocess.run(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        self.assertEqual(done.returncode, 0)
        out = b""
        while select.select([master], [], [], 0.1)[0]:
            try:
                out += os.read(master, 65536)
            except OSError:  # the other end is closed, and all is read
                break
        os.close(master)
        return out

    def test_on_a_terminal(self):
        self.assertIn(b"\033[", self.on_terminal(NO_COLOR=""))

    def test_not_with_no_color_nor_on_a_dumb_terminal(self):
        self.assertNotIn(b"\033", self.on_terminal(NO_COLOR="1"))
        self.assertNotIn(b"\033", self.on_terminal(TERM="dumb"))
