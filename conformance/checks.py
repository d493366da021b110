"""What the programs statements/run and callers/run share: they find their checks, enter a cell (see ./cell), judge each
check against what known.json says of the runtime, print one line for it, and keep the results.

A check is a method of unittest.TestCase, told by the first line of its docstring. One that a runtime is known to fail is
listed, with the reason, in known.json: it is run all the same, told as "known", and is a failure when it unexpectedly
holds, unless the reason begins with "at times".
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import traceback
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent


class Report(unittest.TestResult):
    """One line per check."""

    def __init__(self, known, width=36):
        super().__init__()
        self.known = known
        self.width = width
        self.counts = {"passed": 0, "failed": 0, "known": 0, "skipped": 0}
        self.faults = []
        self.results = {}

    def startTest(self, test):
        super().startTest(test)
        self.faults = []

    def stopTest(self, test):
        super().stopTest(test)
        name = identifier(test)
        reason = self.known.get(name)
        if test in (skipped for skipped, _ in self.skipped):
            self.tell("skipped", name, test, self.skipped[-1][1])
        elif self.faults and reason:
            self.tell("known", name, test, reason)
        elif self.faults:
            self.tell("failed", name, test, "\n".join(self.faults))
        elif reason and not reason.startswith("at times "):
            self.tell("failed", name, test, f"holds, but known.json says: {reason}")
        else:
            self.tell("passed", name, test)

    def addFailure(self, test, error):
        self.faults.append(str(error[1]))

    def addError(self, test, error):
        line = traceback.extract_tb(error[2])[-1]
        self.faults.append(f"{error[0].__name__}: {error[1]} ({Path(line.filename).name}:{line.lineno})")

    def addSubTest(self, test, subtest, error):
        if error:
            self.faults.append(f"{subtest._subDescription()}: {error[1]}")

    def tell(self, verdict, name, test, more=""):
        self.counts[verdict] += 1
        self.results[name] = {"says": test.shortDescription(), "verdict": verdict}
        if verdict == "skipped":
            more, reason = "", f": {more}"
        else:
            reason = ""
        print(f"{verdict:8}{name:{self.width}}{test.shortDescription()}{reason}", flush=True)
        for line in more.splitlines():
            print(f"{'':8}{line}")

    def keep(self, target, kind, version, names):
        """Writes the results; those of checks that were not asked for stay as they were."""
        kept = json.loads(target.read_text())[kind] if names and target.exists() else {}
        kept = {name: result for name, result in kept.items() if not chosen(name, names)}
        results = dict(sorted({**kept, **self.results}.items()))
        target.write_text(json.dumps({"runtime": version, kind: results}, indent=1) + "\n")
        subprocess.run([sys.executable, TOP / "table"], check=True)


def identifier(test):
    """module.Class.test_name without the decoration: lifecycle.Kill.signal."""
    return test.id().replace(".test_", ".")


def chosen(name, names):
    return not names or any(name.startswith(asked) for asked in names)


def find(modules, names, wanted):
    """The checks whose name begins with one of the names (all of them without names)."""
    modules = [module for module in modules if not names or any(module.startswith(name.partition(".")[0]) for name in names)]
    for suite in unittest.defaultTestLoader.loadTestsFromNames(modules):
        for case in suite:
            for test in case:
                if chosen(identifier(test), names) and wanted(test):
                    yield test


def command_line(kind, about):
    parser = argparse.ArgumentParser(prog="run", description=about.split("\n", 1)[0])
    parser.add_argument("--runtime", default="runc", metavar="RUNTIME", help="program name or path (default: runc)")
    parser.add_argument("--without-unified", action="store_true",
                        help="hide cgroup2 from the runtime, for one that refuses a hybrid layout")
    parser.add_argument("--list", action="store_true", help=f"print the {kind} and stop")
    parser.add_argument("--quick", action="store_true", help="only those that are marked as quick")
    parser.add_argument("--record", metavar="COLUMN",
                        help=f"keep the results in results/COLUMN-{kind}.json and refresh the tables in README.md")
    parser.add_argument("--in-cell", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME", help="the beginning of the names of those to run")
    return parser


def enter(options, folder):
    """Starts the program once more in a cell, if it is not in one; gives the runtime's path."""
    program = shutil.which(options.runtime)
    if not program:
        sys.exit(f"run: no program \"{options.runtime}\"")
    if not options.in_cell:
        cell = [str(TOP / "cell"), *(["--without-unified"] if options.without_unified else []), "--"]
        arguments = [argument for argument in sys.argv[1:] if argument != "--without-unified"]
        os.execv(cell[0], [*cell, sys.executable, "-B", str(folder / "run"), "--in-cell", *arguments])
    return os.path.realpath(program)


def known_of(folder, program):
    """What known.json says of the program on this machine. Where cgroups are v2 alone, "PROGRAM-v2" adds to it, and null takes away."""
    known = json.loads((folder / "known.json").read_text())
    here = known.get(f"{program}-v2", {}) if Path("/sys/fs/cgroup/cgroup.controllers").exists() else {}
    return {name: reason for name, reason in {**known.get(program, {}), **here}.items() if reason}


def main(folder, kind, about, modules, prepare):
    """The program: `prepare` is given the runtime's path, in the cell, before the first check runs."""
    parser = command_line(kind, about)
    options = parser.parse_intermixed_args()
    sys.path.insert(0, str(folder))
    tests = list(find(modules, options.names, lambda test: not options.quick or is_quick(test)))
    if not tests:
        parser.error(f"no {kind} of this name")
    width = max(len(identifier(test)) for test in tests) + 2
    if options.list:
        for test in tests:
            print(f"{identifier(test):{width}}{test.shortDescription()}")
        return 0
    program = enter(options, folder)
    version = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True).stdout.partition("\n")[0]
    report = Report(known_of(folder, version.partition(" ")[0]), width)
    prepare(program)
    unittest.TestSuite(tests).run(report)
    counts = report.counts
    if counts["known"]:
        print(f"{counts['known']} known not to hold")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    if options.record:
        report.keep(TOP / "results" / f"{options.record}-{kind}.json", kind, version, options.names)
    return 1 if counts["failed"] else 0


def quick(test):
    """Marks a check that the short form of the tests runs too."""
    test.quick = True
    return test


def is_quick(test):
    return getattr(getattr(test, test._testMethodName), "quick", False)
