"""The suites: what is run in which guest, one guest for each subject, so that none sees what another has left."""

import ast
import dataclasses
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
# How much slower than a usual machine the emulated one is taken to be: tests wait so many times longer.
PATIENCE = 6
# Subjects of tests/program that the guest v2 is not for: one measures the machine, one needs CRIU.
ELSEWHERE = {"image_cost", "checkpoint"}
# What of tests/program runs in other guests than v2.
LIFE = ("lifecycle", "limits", "process", "namespaces", "mounts", "exec_ps", "update")


@dataclasses.dataclass(frozen=True)
class Suite:
    """A command in a guest, in the project's folder there."""

    name: str
    guest: str
    command: tuple
    seconds: int = 900      # its bound
    quick: bool = False     # part of the short form
    validation: bool = False  # needs the official validation, which is built on this machine

    @property
    def full_name(self):
        return f"{self.guest}: {self.name}"


def python(*words):
    return ("python3", "-B", *words)


def listed(folder):
    """The subjects of a folder of tests."""
    return subprocess.run([sys.executable, "-B", folder, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def subjects():
    """The modules of subjects/, each in the guests that its GUESTS names; in those that QUICK names also in the short form."""
    for path in sorted((HERE / "subjects").glob("*.py")):
        if path.stem.startswith("__"):
            continue
        words = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(path.read_text()).body
                 if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("GUESTS", "QUICK")}
        for guest in words["GUESTS"]:
            yield Suite(f"subject {path.stem}", guest, python("tests/guest/subjects", path.stem), 1800, guest in words.get("QUICK", ()))


def program(guest, names, quick=()):
    return [Suite(f"program {name}", guest, python("tests/program", name), 1800, name in quick) for name in names]


def every():
    whole = [name for name in listed(TOP / "tests/program") if name not in ELSEWHERE]
    found = [*subjects(), *program("v2", whole)]
    for guest in ("oldest", "newest"):
        found += program(guest, LIFE)
    for guest in ("systemd", "selinux"):
        found += program(guest, ("lifecycle", "limits"))
    found += program("criu", ("checkpoint",))
    found += [Suite(f"kernel {name}", "v2", (f"build/tests/{name}/test_{name}",)) for name in ("apply", "container", "fs")]
    found += [Suite(f"kernel {name}", guest, (f"build/tests/{name}/test_{name}",)) for guest in ("oldest", "newest") for name in ("apply", "container")]
    found += [Suite(f"engine {name}", "v2", python("tests/engine", name), 1800) for name in listed(TOP / "tests/engine")]
    runtime = "build/src/runtime/runtime"
    for guest in ("v2", "systemd", "selinux", "oldest", "newest"):
        found.append(Suite("statements", guest, python("conformance/statements/run", "--runtime", runtime), 3600))
    found.append(Suite("callers", "callers", python("conformance/callers/run", "--runtime", runtime, "--quick"), 3600))
    found.append(Suite("validation", "v2", python("conformance/validation", "--judge", "--timeout", "600", runtime), 5400, validation=True))
    return found


def built_validation():
    """(its folder, None), or why there is none."""
    done = subprocess.run([sys.executable, "-B", TOP / "conformance/validation", "--folder"], capture_output=True, text=True)
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or ["it cannot be built"])[-1]
    return done.stdout.strip(), None
