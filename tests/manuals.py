#!/usr/bin/env python3
"""Holds the manual pages to the programs: a page for each command, each option of --help in its page and no other,
each cross reference to a page that exists, the example of --help in it, and no complaint of mandoc's lint.

    tests/manuals.py SRC RUNTIME BUNDLER ENGINE     "N passed, N failed, N skipped"; 77 when nothing could be seen
"""
import pathlib
import re
import shutil
import subprocess
import sys

SRC = pathlib.Path(sys.argv[1])
PROGRAMS = {"runtime": (sys.argv[2], 8), "bundler": (sys.argv[3], 1), "engine": (sys.argv[4], 1)}
counts = {"passed": 0, "failed": 0, "skipped": 0}


def tell(what, wrong):
    counts["failed" if wrong else "passed"] += 1
    if wrong:
        print(f"FAILED {what}: {'; '.join(wrong)}")


def help_of(program, *command):
    return subprocess.run([program, *command, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def names_of_row(line):
    """What stands before the explanation; names that are too long for their column have the line for themselves."""
    return line[:30] if line[28:30] == "  " else line


def options_of_help(text):
    """The names in front of each explanation; the example below may hold others."""
    lines = text.partition("\nExample:")[0].splitlines()
    return {name for line in lines if re.match(r" +-", line) for name in re.findall(r"(?<![\w-])--?[a-z][\w-]*", names_of_row(line))}


def options_of_page(text):
    """Those of the tags, ".It Fl b , Fl -bundle Ar dir"."""
    return {"-" + name for line in re.findall(r"^\.It (Fl .*)$", text, re.M) for name in re.findall(r"Fl (-?[a-z][\w-]*)", line)}


def commands_of_help(text):
    return re.findall(r"^  ([a-z-]+)(?: {2,}|$)", text.partition("\nCommands:")[2].partition("\n\n")[0], re.M)


def check_page(page, text, shown):
    """`shown` is the help of all commands that the page is about: one, or a group's."""
    options = set().union(*map(options_of_help, shown))
    wrong = [f"{name} is in --help only" for name in options - options_of_page(text)]
    wrong += [f"{name} is in the page only" for name in options_of_page(text) - options]
    for one in shown:
        example = one.partition("\nExample:\n")[2].partition("\n")[0].strip()
        if not example or f"$ {example.split('  ')[0].split(' && ')[0]}" not in text:
            wrong.append(f"the example {example!r} of --help is missing")
    tell(f"{page.name} says what --help says", wrong)


def check_references(pages):
    for name, page in pages.items():
        wrong = []
        for to, section in re.findall(r"^\.(?:It )?Xr (\S+) (\d)", page.read_text(), re.M):
            if to.split("-")[0] in PROGRAMS and f"{to}.{section}" not in pages:
                wrong.append(f"there is no {to}({section})")
        tell(f"{name} refers to pages that exist", wrong)


def main():
    pages = {page.name: page for name in PROGRAMS for page in sorted((SRC / name / "man").glob("*"))}
    expected, shown_by = set(), {}
    for name, (program, section) in PROGRAMS.items():
        top = help_of(program)
        for command in [None, *commands_of_help(top)]:
            page = f"{name}-{command}.{section}" if command else f"{name}.{section}"
            expected.add(page)
            if page not in pages:
                tell(page, ["there is no such page"])
                continue
            shown = help_of(program, command) if command else top
            inner = commands_of_help(shown) if command else []
            # One page may stand for another: ".so man1/engine-run.1".
            other = re.match(r"\.so man\d/(\S+)$", pages[page].read_text().strip())
            shown_by.setdefault(other[1] if other else page, []).extend([help_of(program, command, one) for one in inner] or [shown])
    for page, shown in shown_by.items():
        check_page(pages[page], pages[page].read_text(), shown)
    tell("each page is about a command", [f"{page} is about none" for page in sorted(set(pages) - expected)])
    check_references(pages)
    if shutil.which("mandoc"):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *(str(pages[page]) for page in shown_by)], stdout=subprocess.PIPE, text=True)
        tell("mandoc has nothing to say", done.stdout.splitlines())
    else:
        counts["skipped"] += 1
        print("skipped mandoc is not installed")
    print(", ".join(f"{number} {word}" for word, number in counts.items()))
    sys.exit(1 if counts["failed"] else 0)


if __name__ == "__main__":
    main()
