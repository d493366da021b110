#!/usr/bin/env python3
"""Holds src/ to its law: who may include whom, where TRY may not stand, what is banned, how long a file may be.

    tests/layers.py SRC      prints "file:line: reason" for each offence; exit 1 if there is any
"""
import pathlib
import re
import sys

# The layers and what each may include (src/README.md shows the picture).
ALLOWED = {
    "base": set(),
    "sys": {"base"},
    "fs": {"base", "sys"},
    "spec": {"base"},
    "plan": {"base", "spec"},
    "apply": {"base", "sys", "fs", "plan"},
    "criu": {"base", "sys", "fs"},
    "systemd": {"base", "sys", "plan"},
    "container": {"base", "sys", "fs", "spec", "plan", "apply", "criu", "systemd"},
    "programs": {"base", "sys"},
    "image": {"base", "sys", "fs", "spec", "programs"},
    "cli": {"base"},
    "runtime": {"base", "spec", "container", "cli"},
    "bundler": {"base", "image", "spec", "cli"},
    "engine": {"base", "sys", "fs", "spec", "programs", "image", "cli", "bundler"},
}

# Headers that have one home: they are slow to compile, or they open a door that should have one key.
ONLY = {
    "nlohmann/json.hpp": ["base/json.cc"],
    "CLI/CLI.hpp": ["cli/", "runtime/cli", "bundler/cli", "engine/cli"],
    "toml++/toml.h": ["image/toml.cc"],
    "seccomp.h": ["plan/seccomp.cc"],
    "gpgme.h": ["image/simple_signing.cc", "image/late_gpgme.cc"],
    "yaml.h": ["image/yaml.cc"],
    "systemd/sd-bus.h": ["systemd/"],
    "rpc.pb-c.h": ["criu/message.cc"],
    "sys/syscall.h": ["sys/", "base/kernel.h"],
}

BANNED = [
    (r"\b(std::)?(system|popen)\s*\(", "a shell stands between us and the program: use execve"),
    (r"\bgetpw(nam|uid|ent)(_r)?\s*\(", "it loads libraries, after the clone from the container"),
    (r"\bstd::filesystem\b|#\s*include\s*<filesystem>", "it follows links: use fs/"),
    (r"#\s*include\s*<(iostream|fstream|sstream)>", "slow to start, and errors get lost: use base/text.h and fs/"),
    (r"\b(strto(l|ll|ul|ull)|atoi|atol)\s*\(", "it accepts rubbish: use base::parse"),
    (r"(?<![\w.>])::dup\s*\(|(?<![\w.>:])dup\s*\(", "it loses close-on-exec: use F_DUPFD_CLOEXEC"),
    (r"\bthrow\b(?!\(\))", "errors are values: return base::Error"),
]
BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
MOST_LINES = 500

# What may stand between an open brace (a block, never an initialiser) and TRY.
STATEMENT_START = re.compile(r"^\s*(return\s*)?(\(void\))?$|;\s*(return\s*)?$|^[^{,]*\w\s*=\s*$|\b(if|for|while)\b[^{]*$")


def code_of(line):
    """The line without its comment and without what stands in quotes."""
    return re.sub(r"//.*", "", re.sub(r'"(\\.|[^"\\])*"', '""', line))


def includes(rel, line):
    found = re.match(r'\s*#\s*include\s*(["<])([^">]+)', line)
    if not found:
        return
    quoted, name = found[1] == '"', found[2]
    layer, to = rel.split("/")[0], name.split("/")[0]
    if quoted and to != layer and to not in ALLOWED[layer]:
        yield f"{layer}/ may not include {to}/"
    homes = ONLY.get(name, [])
    if not quoted and homes and not any(rel.startswith(home) for home in homes):
        yield f"<{name}> is included only by {', '.join(homes)}"


def tries(line):
    """TRY inside a braced initialiser leaks what was already built, on both compilers."""
    code = code_of(line)
    if "#define" in code:
        return
    for found in re.finditer(r"\bTRY\(", code):
        before = code[: found.start()]
        depth, inside = 0, 0
        for at, letter in enumerate(before):
            depth += {"{": 1, "}": -1}.get(letter, 0)
            inside = at + 1 if letter == "{" else inside
        in_braces = depth > 0 and not STATEMENT_START.search(before[inside:])
        if in_braces or re.search(r"(^|[{,(\s])\.\w+\s*=\s*$", before):
            yield "TRY must not stand in a braced initialiser: name its value first"


def bans(line):
    code = line if "#include" in line.replace(" ", "") else code_of(line)
    for pattern, reason in BANNED:
        if re.search(pattern, code):
            yield f"banned: {reason}"


def offences(src):
    for file in sorted(src.rglob("*")):
        rel = file.relative_to(src).as_posix()
        if file.suffix not in {".h", ".cc"}:
            continue
        if rel.split("/")[0] not in ALLOWED:
            yield rel, 1, "this folder is no layer"
            continue
        for part in file.relative_to(src).with_suffix("").parts:
            if part in BANNED_NAMES:
                yield rel, 1, f"the name {part!r} says nothing about the task"
        lines = file.read_text().splitlines()
        if len(lines) > MOST_LINES:
            yield rel, len(lines), f"longer than {MOST_LINES} lines: split by task"
        for number, line in enumerate(lines, 1):
            for reason in [*includes(rel, line), *tries(line), *bans(line)]:
                yield rel, number, reason


def main():
    found = list(offences(pathlib.Path(sys.argv[1])))
    for rel, number, reason in found:
        print(f"{rel}:{number}: {reason}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
