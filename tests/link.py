#!/usr/bin/env python3
"""Holds the linked runtime to what it may need: the C library alone, and no thread.

    tests/link.py RUNTIME      exit 1 if it needs more; 77 where it cannot be told
"""
import re
import shutil
import subprocess
import sys

# libm comes with the C library, and is named where a header of C++ mentions it.
MAY_NEED = re.compile(r"^(libc\.so|libm\.so|ld-linux)")
# Whoever starts threads must not go on after a clone of one of them.
NEVER = {"pthread_create", "thrd_create", "system", "popen", "getpwnam", "getpwuid"}


def read(*words):
    return subprocess.run(["readelf", "--wide", *words, sys.argv[1]], check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    if not shutil.which("readelf"):
        print("skipped: readelf is not installed")
        sys.exit(77)
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", read("--dynamic"))
    # number, value, size, kind, binding, visibility, UND, name@version
    undefined = {words[7].split("@")[0] for words in map(str.split, read("--dyn-syms").splitlines()) if len(words) > 7 and words[6] == "UND"}
    if not needed or "execve" not in undefined:
        print("this is no dynamically linked runtime")
        sys.exit(1)
    # g++ links them, clang puts them into the program.
    if any(name.startswith(("libasan", "libubsan")) for name in needed) or "__asan_init" in read("--symbols"):
        print("skipped: a sanitizer's build needs its libraries, and starts its threads")
        sys.exit(77)
    wrong = [f"needs {name}" for name in needed if not MAY_NEED.match(name)]
    wrong += [f"calls {name}" for name in sorted(undefined & NEVER)]
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
