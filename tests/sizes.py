#!/usr/bin/env python3
"""Prints what has grown too large in src/, as the author of the next change wants to know it.

    tests/sizes.py SRC      files over 500 lines and names that say nothing are offences (exit 1);
                            functions over 60 lines are only shown: a flat list of calls may be longer
"""
import pathlib
import re
import sys

from layers import BANNED_NAMES, MOST_LINES

MOST_LINES_OF_A_FUNCTION = 60
# As clang-format writes it: a body begins at the end of a line without indent, and ends at a brace of its own.
BEGINS = re.compile(r"^(?!namespace|struct|class|enum|union|extern|constexpr|const|inline constexpr|#|//|\s|\}).*")
NAME = re.compile(r"([\w:~]+)\s*\(")


def functions(lines):
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and BEGINS.match(line) and "(" in line:
            start = number
        if start is not None and line.rstrip().endswith(";") and not line.startswith((" ", "}")):
            start = None
        if start is not None and line.startswith("}"):
            name = NAME.search(" ".join(lines[start - 1 : start + 1]))
            yield start, number - start + 1, name[1] if name else "?"
            start = None


def main():
    src = pathlib.Path(sys.argv[1])
    failed = False
    for file in sorted(path for path in src.rglob("*") if path.suffix in {".h", ".cc"}):
        lines, rel = file.read_text().splitlines(), file.relative_to(src)
        if len(lines) > MOST_LINES:
            failed = True
            print(f"{rel}: {len(lines)} lines, at most {MOST_LINES}")
        for part in rel.with_suffix("").parts:
            if part in BANNED_NAMES:
                failed = True
                print(f"{rel}: the name {part!r} says nothing about the task")
        for start, length, name in functions(lines):
            if length > MOST_LINES_OF_A_FUNCTION:
                print(f"{rel}:{start}: {name} has {length} lines")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
