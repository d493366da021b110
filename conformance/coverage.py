"""Holds statements/coverage.json against the statements, and against the specification where that is at hand.

coverage.json lists, by document and anchor, each line of the specification that says MUST, REQUIRED or SHALL: a few
words about it, and either the statements that test it (`by`) or the reason why none can (`not`); `lines` where an entry is
about more than one.
"""

import collections
import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEMANDS = re.compile(r"\b(?:MUST|REQUIRED|SHALL)\b")


def read(name):
    return json.loads((HERE / name).read_text())


def entries():
    """(document#anchor, entry) of the whole list."""
    for document, anchors in read("statements/coverage.json").items():
        for anchor, listed in anchors.items():
            for entry in listed:
                yield f"{document}#{anchor}", entry


def complaints(statements):
    """What is wrong: `statements` maps the name of each statement to what it says."""
    for where, entry in entries():
        if bool(entry.get("by")) == bool(entry.get("not")):
            yield f"{where}: \"{entry['says']}\" has neither a statement nor a reason, or both"
        for name in entry.get("by", []):
            if name not in statements:
                yield f"{where}: no statement \"{name}\""
    for file, reason in read("reasons.json").items():
        for name in reason.get("statements", []):
            if name not in statements:
                yield f"reasons.json: {file}: no statement \"{name}\""
    for column, known in read("statements/known.json").items():
        for name in known.keys() - statements.keys():
            yield f"known.json: {column}: no statement \"{name}\""
    for name, says in statements.items():
        if not re.match(r"[a-z-]+\.md#[a-z0-9-]+: ", says or ""):
            yield f"{name} does not say which sentence it tests"


def demands(text):
    """(anchor as GitHub makes it, whether it demands something) of each line of a document that is no code."""
    seen, anchor, code = collections.Counter(), "", False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            code = not code
        elif line.startswith("#") and not code:
            title = re.sub(r"<a .*?/>", "", line.lstrip("#")).strip().lower()
            anchor = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
            seen[anchor] += 1
            anchor += f"-{seen[anchor] - 1}" if seen[anchor] > 1 else ""
            yield anchor, False
        if not code:
            yield anchor, bool(DEMANDS.search(line))


def against(folder, statements):
    """Complaints about demands that are listed too often or not often enough, and about anchors that are none."""
    listed = collections.Counter()
    for where, entry in entries():
        listed[where] += entry.get("lines", 1)
    asked, anchors = collections.Counter(), set()
    for document in {where.partition("#")[0] for where in listed}:
        for anchor, demand in demands((Path(folder) / document).read_text()):
            anchors.add(f"{document}#{anchor}")
            asked[f"{document}#{anchor}"] += demand
    for where in sorted(asked.keys() | listed.keys()):
        if asked[where] != listed[where]:
            yield f"{where}: {asked[where]} lines demand something, {listed[where]} are listed"
    for name, says in statements.items():
        where = says.partition(": ")[0]
        if where not in anchors:
            yield f"{name}: no anchor {where}"


def summary():
    tested = sum(entry.get("lines", 1) for _, entry in entries() if "by" in entry)
    left = sum(entry.get("lines", 1) for _, entry in entries() if "not" in entry)
    return f"{tested + left} lines of the specification demand something: {tested} are tested, {left} cannot be here"
