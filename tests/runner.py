"""Runs tests of programs by subject: main(folder of the subjects, modules that are none).

    python3 FOLDER [SUBJECT…] [-k WORD] [-f]       SUBJECT is the name of a file there (all of them when none is given)

Ends with "N passed, N failed, N skipped".
"""

import argparse
import importlib
import sys
import unittest

class Report(unittest.TestResult):
    """One line for each test, the reason below what failed."""

    def __init__(self):
        super().__init__()
        self.passed, self.lost, self.left_out = 0, set(), 0

    def say(self, word, test, detail=""):
        name = getattr(test, "_testMethodName", str(test)).removeprefix("test_").replace("_", " ")
        print(f"{word:8}{type(test).__module__}: {name}{detail}", flush=True)

    def addSuccess(self, test):
        self.passed += 1
        self.say("ok", test)

    def addSkip(self, test, reason):
        self.left_out += 1
        self.say("skipped", test, f": {reason}")

    def fault(self, test, error):
        if test.id() not in self.lost:
            self.say("FAILED", test)
        self.lost.add(test.id())
        print("        " + self._exc_info_to_string(error, test).replace("\n", "\n        "), flush=True)

    addFailure = addError = fault

    def addSubTest(self, test, subtest, error):
        if error:
            print(f"        in {subtest._subDescription()}")
            self.fault(test, error)


def main(folder, others, description):
    subjects = sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__main__", *others))
    options = argparse.ArgumentParser(description=description)
    options.add_argument("subjects", nargs="*", default=subjects)
    options.add_argument("-k", dest="words", action="append", default=[], help="only tests whose name holds WORD")
    options.add_argument("-f", dest="failfast", action="store_true", help="stop at the first failure")
    options.add_argument("--list", action="store_true", help="print the subjects and stop")
    chosen = options.parse_args()
    if chosen.list:
        print(*subjects)
        return

    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{word}*" for word in chosen.words] or None
    suite = unittest.TestSuite(loader.loadTestsFromModule(importlib.import_module(name)) for name in chosen.subjects)
    report = Report()
    report.failfast = chosen.failfast
    suite.run(report)
    print(f"{report.passed} passed, {len(report.lost)} failed, {report.left_out} skipped")
    sys.exit(1 if report.lost else 0)
