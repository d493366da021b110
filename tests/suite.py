#!/usr/bin/env python3
"""The steps of tests/run: builds, the tests in each build, and the checks of style.

    tests/suite.py [STEP…]     all of them when none is given; the groups stand in GROUPS

Slow steps (sanitize, fuzz, package, soak, callers, guests) run a short form among all, and whole when they are named.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
BUILD = os.environ.get("BUILD", "build")  # the folders are BUILD and BUILD-clang
JOBS = str(os.cpu_count() or 2)
SANITIZERS = {
    # What clones leaves its parent's memory behind: that is no leak.
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
# Lines are enough for reports: with all that a debugger wants to know g++ compiles up to twice as long.
LINES = ["-Ddebug=false", "-Dcpp_args=-g1"]
# The second compiler's build carries its sanitizers: one build less.
FLAVOURS = {
    "": [*LINES, "-Doptimization=2"],
    "-clang": [*LINES, "-Doptimization=0", "-Db_sanitize=address,undefined", "-Db_lundef=false"],
}
# Subjects of tests/program that the short form of the step sanitize runs.
SANITIZED = (
    "archives bad_input bundler events exec_ps faults hooks image_attacks lifecycle limits mounts namespaces overlays process pushes seccomp services "
    "terminal transfers update"
).split()
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
DOCTEST = re.compile(r"^\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped", re.M)


class Tally:
    """Counts what passed, failed and was left out, with the reasons."""

    def __init__(self, named=()):
        self.passed, self.failures, self.skips = 0, [], []
        self.failed = 0
        self.named = set(named)  # a slow step that was asked for by its name runs whole

    def ok(self, what):
        print(f"  ok       {what}", flush=True)
        self.passed += 1

    def fail(self, what, detail="", count=1):
        print(f"  FAILED   {what}", flush=True)
        if detail:
            print("    " + detail.strip().replace("\n", "\n    "), flush=True)
        self.failed += count
        self.failures.append(what)

    def skip(self, what, reason, count=1):
        print(f"  skipped  {what}: {reason}", flush=True)
        self.skips += [f"{what}: {reason}"] * count

    def check(self, what, done):
        """One check that is a command: it holds when the command ends well."""
        if done.returncode == 0:
            self.ok(what)
        else:
            self.fail(what, "\n".join((done.stdout + done.stderr).splitlines()[-60:]))
        return done.returncode == 0


def call(*command, **more):
    command = [str(part) for part in command]
    line = " ".join(command)
    print(f"  $ {line if len(line) < 160 else line[:150] + ' …'}", flush=True)
    more.setdefault("timeout", 1800)
    try:
        return subprocess.run(command, cwd=TOP, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, **more)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, 124, "", f"took longer than {late.timeout} s")


def call_aloud(*command, env, shown):
    """As call, whose bound is `timeout` here: prints the lines that begin with one of these as they come, and gives the others."""
    print(f"  $ {' '.join(command)}", flush=True)
    others = []
    with subprocess.Popen(command, cwd=TOP, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as run:
        for line in run.stdout:
            if line.startswith(shown):
                print(f"  {line}", end="", flush=True)
            else:
                others.append(line)
    return subprocess.CompletedProcess(command, run.returncode, "".join(others), "")


def sources(*suffixes):
    return sorted(str(path.relative_to(TOP)) for folder in ("src", "tests") for path in (TOP / folder).rglob("*") if path.suffix in suffixes)


def configure_and_build(tally, flavour):
    """Makes BUILD<flavour> with warnings as errors; false when that fails."""
    folder = TOP / (BUILD + flavour)
    env = {**os.environ, "CC": "clang", "CXX": "clang++"} if flavour == "-clang" else None
    options = [*FLAVOURS[flavour], "-Dwerror=true"]
    if (folder / "build.ninja").exists():
        done = call("meson", "configure", folder, *options, env=env)
    else:
        done = call("meson", "setup", folder, *options, env=env)
    if done.returncode == 0:
        done = call("ninja", "-C", folder, "-j", JOBS, env=env)
    return tally.check(f"builds without a warning in {folder.name}", done)


def meson_tests(tally, flavour, *suites, names=()):
    """The tests that meson knows, counted by their own cases, not by executables; of the suites, or of these names."""
    folder = TOP / (BUILD + flavour)
    env = {**os.environ, **(SANITIZERS if flavour == "-clang" else {})}
    chosen = [*(f"--suite={suite}" for suite in suites), *names]
    call("meson", "test", "-C", folder, "--no-rebuild", "--num-processes", JOBS, "--timeout-multiplier", "4", *chosen, env=env)
    log = folder / "meson-logs/testlog.json"
    if not log.exists():
        tally.fail(f"meson test in {folder.name}", "it left no log")
        return
    for line in log.read_text().splitlines():
        count_one(tally, f"{folder.name}: {json.loads(line)['name']}", json.loads(line))
    log.unlink()


def count_one(tally, name, test):
    output = test.get("stdout", "") + test.get("stderr", "")
    cases = DOCTEST.search(output) or COUNTS.search(output)
    if test["returncode"] == 77:
        last = [line for line in output.splitlines() if line.strip()][-1:] or ["it cannot run here"]
        tally.skip(name, last[0].strip())
        return
    if not cases:
        if test["result"] == "OK":
            tally.ok(name)
        else:
            tally.fail(name, f"{test['result']}\n" + "\n".join(output.splitlines()[-40:]))
        return
    passed, failed, skipped = map(int, cases.groups())
    tally.passed += passed
    reasons = re.findall(r"^skipped +(.*)$", output, re.M)
    for reason in reasons[:skipped]:
        tally.skip(name, reason)
    if skipped > len(reasons):
        tally.skip(name, f"{skipped - len(reasons)} cases, left out by the test itself", skipped - len(reasons))
    if failed or test["result"] != "OK":
        tally.fail(f"{name}: {failed} of {passed + failed} cases", failures_in(output), max(failed, 1))
    else:
        print(f"  ok       {name}: {passed} cases", flush=True)


def failures_in(output):
    """What the reader needs of a long output: the blocks that name a failure, or its end."""
    lines = output.splitlines()
    kept = [line for line in lines if not line.startswith(("ok ", "passed ", "skipped "))]
    return "\n".join(kept[-120:])


def built(tally):
    """Whether the first build is there, or can be made."""
    return (TOP / BUILD / "build.ninja").exists() or configure_and_build(tally, "")


def build(tally):
    configure_and_build(tally, "")


def suites(*names):
    def step(tally):
        if built(tally):
            meson_tests(tally, "", *names)

    return step


def sanitize(tally):
    """In clang's build. All tests when it is named; else those of the programs that go through most code in least time."""
    if not configure_and_build(tally, "-clang"):
        return
    if "sanitize" in tally.named:
        meson_tests(tally, "-clang")
        return
    meson_tests(tally, "-clang", "unit", "kernel")
    meson_tests(tally, "-clang", names=[f"program {subject}" for subject in SANITIZED])
    tally.skip("sanitize: the other tests of the programs", "take long: tests/run sanitize")


def format_check(tally):
    tally.check("clang-format has nothing to change", call("clang-format", "--dry-run", "-Werror", *sources(".cc", ".h")))


def tidy(tally):
    folder = TOP / (BUILD + "-clang")
    if not (folder / "compile_commands.json").exists() and not configure_and_build(tally, "-clang"):
        return
    done = call("run-clang-tidy", "-quiet", "-j", JOBS, "-p", folder, f"^{re.escape(str(TOP))}/src/.*")
    # It repeats each file's command line: keep what a reader can act upon.
    found = [line for line in done.stdout.splitlines() if re.search(r"(error|warning):", line)]
    tally.check("clang-tidy has nothing to say", subprocess.CompletedProcess([], done.returncode, "\n".join(sorted(set(found))), ""))


def fuzz(tally):
    """Each fuzzer from made seeds for FUZZ_SECONDS: by default a few among all, a minute when it is named."""
    seconds = os.environ.get("FUZZ_SECONDS", "60" if "fuzz" in tally.named else "5")
    folder = TOP / (BUILD + "-clang")
    if not (folder / "build.ninja").exists():
        call("meson", "setup", folder, *FLAVOURS["-clang"], "-Dwerror=true", env={**os.environ, "CC": "clang", "CXX": "clang++"})
    names = sorted(path.stem for path in (TOP / "tests/fuzz").glob("*.cc"))
    if not tally.check("the fuzzers are built", call("ninja", "-C", folder, "-j", JOBS, *(f"tests/fuzz/fuzz_{name}" for name in names))):
        return
    with tempfile.TemporaryDirectory(prefix="coracle-fuzz-") as place:
        crashes = folder / "crashes"
        crashes.mkdir(exist_ok=True)
        call("tests/fuzz/seeds.py", place)
        for written in (pathlib.Path(place), crashes, *pathlib.Path(place).iterdir()):
            written.chmod(0o777)  # the fuzzer of layers is not root
        for name in names:
            found = f"-artifact_prefix={crashes}/{name}-"
            done = call(folder / f"tests/fuzz/fuzz_{name}", f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", found, f"{place}/{name}",
                        env={**os.environ, "FUZZ_FOLDER": place}, timeout=int(seconds) + 300)
            tally.check(f"fuzz {name} for {seconds} s", done)


def quickstart(tally):
    if os.geteuid() != 0:
        tally.skip("bundles/quickstart", "needs root")
        return
    with tempfile.TemporaryDirectory(prefix="coracle-quickstart-") as folder:
        tally.check("bundles/quickstart works in a folder of its own", call("bundles/quickstart", folder, timeout=600))


def package(tally):
    """What is installed; named, the Debian package, built twice, checked and installed in a root of its own."""
    named = "package" in tally.named
    form = ["--twice"] if named else ["--installed", TOP / BUILD]
    if not named:
        tally.skip("the Debian package", "takes as long as the first build: tests/run package")
    done = call("tests/package.py", *form, timeout=3600)
    count_one(tally, "package", {"stdout": done.stdout, "stderr": done.stderr, "returncode": done.returncode, "result": "OK" if done.returncode == 0 else "FAIL"})


def conformance(tally):
    if os.geteuid() != 0:
        tally.skip("conformance", "needs root")
        return
    done = call("conformance/statements/run", "--runtime", TOP / BUILD / "src/runtime/runtime")
    count_one(tally, "statements of the specification", counted(done))
    tally.skip("the official validation", "takes long and needs Go: bundles/setup bench; conformance/validation build/src/runtime/runtime")


def soak(tally):
    rounds = "2000" if "soak" in tally.named else "100"
    done = call("tests/soak.py", "--rounds", rounds, env={**os.environ, "BUILD": str(TOP / BUILD)}, timeout=3000)
    count_one(tally, f"soak of {rounds} rounds", counted(done))


def counted(done):
    """A finished program that counts its own cases, as count_one reads it."""
    return {"stdout": done.stdout, "stderr": done.stderr, "returncode": done.returncode, "result": "OK" if done.returncode == 0 else "FAIL"}


def callers(tally):
    if os.geteuid() != 0:
        tally.skip("real callers", "they need root")
        return
    form = [] if "callers" in tally.named else ["--quick"]
    done = call("conformance/callers/run", "--runtime", TOP / BUILD / "src/runtime/runtime", *form)
    count_one(tally, "real callers", counted(done))


def guests(tally):
    """In virtual machines: every suite when it is named; else what only guests can show."""
    if not built(tally):
        return
    form = [] if "guests" in tally.named else ["--quick"]
    done = call_aloud("timeout", str(4 * 3600), "tests/guest/run", *form, env={**os.environ, "BUILD": str(TOP / BUILD)}, shown=("ok ", "FAILED ", "        ", "guest: ", "guests: "))
    count_one(tally, "guests", counted(done))
    if form and done.returncode != 77:
        tally.skip("guests: the other suites", "take long: tests/run guests")


# In the order in which they run.
STEPS = {
    "build": build,
    "unit": suites("layers", "unit"),
    "kernel": suites("kernel"),
    "program": suites("program"),
    "engine": suites("engine"),
    "sanitize": sanitize,
    "format": format_check,
    "tidy": tidy,
    "fuzz": fuzz,
    "quickstart": quickstart,
    "package": package,
    "conformance": conformance,
    "callers": callers,
    "soak": soak,
    "guests": guests,
}
GROUPS = {"all": list(STEPS), "quick": ["build", "unit", "kernel", "program", "engine", "format"], "style": ["format", "tidy"]}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("steps", nargs="*", metavar="STEP", help=", ".join([*STEPS, *GROUPS]))
    named = options.parse_args().steps or ["all"]
    unknown = [name for name in named if name not in STEPS and name not in GROUPS]
    if unknown:
        options.error(f"unknown step {unknown[0]!r}: say {', '.join([*STEPS, *GROUPS])}")

    chosen = {step for name in named for step in GROUPS.get(name, [name])}
    tally, began = Tally(named), time.monotonic()
    for name in [step for step in STEPS if step in chosen]:
        print(f"== {name} ({int(time.monotonic() - began)} s)", flush=True)
        STEPS[name](tally)

    print(f"== result ({int(time.monotonic() - began)} s)")
    for skip in sorted(set(tally.skips)):
        print(f"  skipped  {skip}")
    for failure in tally.failures:
        print(f"  FAILED   {failure}")
    print(f"{tally.passed} passed, {tally.failed} failed, {len(tally.skips)} skipped")
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
