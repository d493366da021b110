"""Runs the program tests: python3 tests/program [SUBJECT…] [-k WORD] [-f]

SUBJECT is the name of a file here (all of them when none is given). RUNTIME, BUNDLER and PROBE name the
programs to test; BUILD the folder to find them in. Ends with "N passed, N failed, N skipped".
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
import runner  # noqa: E402

if __name__ == "__main__":
    runner.main(HERE, ("harness", "registries", "resctrl"), __doc__)
