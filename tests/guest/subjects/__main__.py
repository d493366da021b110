"""Runs the subjects that make sense in guests alone: python3 tests/guest/subjects SUBJECT… [-k WORD] [-f]

They run in the guests that they name; tests/guest/run sees to that, and tests/guest/README.md tells how to write one.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parents[1]
sys.path[:0] = [str(HERE), str(TESTS / "program"), str(TESTS)]
import runner  # noqa: E402

if __name__ == "__main__":
    runner.main(HERE, (), __doc__)
