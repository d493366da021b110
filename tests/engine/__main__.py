"""Runs the tests of the engine, as a person would use it: python3 tests/engine [SUBJECT…] [-k WORD] [-f]

SUBJECT is the name of a file here (all of them when none is given). ENGINE, RUNTIME, BUNDLER and PROBE name the
programs to test; BUILD the folder to find them in. Ends with "N passed, N failed, N skipped".
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent), str(HERE.parent / "program")]
import runner  # noqa: E402

if __name__ == "__main__":
    runner.main(HERE, ("containers",), __doc__)
