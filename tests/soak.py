#!/usr/bin/env python3
"""Many containers, several at a time, and afterwards the machine is as it was.

    tests/soak.py [--rounds 2000] [--at-once 8]      RUNTIME and PROBE (or BUILD) as for tests/program

A round is create, start, exec, kill and delete of one container. Compared before and after: mounts, cgroups, the
processes of the rounds, file descriptors of the whole system, shared memory, and folders of state. Ends with
"N passed, N failed, N skipped".
"""

import argparse
import concurrent.futures
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "program"))
from harness import CGROUPS, DEFAULT_CONFIG, RUNTIME, make_rootfs, wait_for

# Other programs of the machine open and close files meanwhile; a leak of one file a round would be far more.
DESCRIPTORS_OF_OTHERS = 200


class Soak:
    def __init__(self, folder, rounds):
        self.folder, self.rounds = folder, rounds
        self.root = folder / "state"
        self.bundle = folder / "bundle"
        self.mark = "soak-" + folder.name.rpartition("-")[2]
        self.environment = {**os.environ, "CORACLE_TEST_MARK": self.mark}
        make_rootfs(self.bundle / "rootfs")
        self.root.mkdir()

    def write_config(self):
        config = {**DEFAULT_CONFIG, "process": {**DEFAULT_CONFIG["process"], "args": ["/probe", "wait"], "env": ["PATH=/bin", f"CORACLE_TEST_MARK={self.mark}"]}}
        config["linux"] = {
            **DEFAULT_CONFIG["linux"],
            "resources": {"memory": {"limit": 64 << 20}, "pids": {"limit": 20}, "devices": [{"allow": False, "access": "rwm"}]},
            "maskedPaths": ["/proc/kcore", "/proc/timer_list"],
            "readonlyPaths": ["/proc/sys"],
        }
        (self.bundle / "config.json").write_text(json.dumps(config))

    def runtime(self, *args):
        done = subprocess.run(
            [RUNTIME, "--root", self.root, *args], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            raise AssertionError(f"runtime {' '.join(map(str, args))}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def round(self, number):
        name = f"{self.mark}-{number}"
        pid_file = self.folder / f"pid-{number}"
        # What a created container keeps open must not be our pipes.
        with open(os.devnull, "r+b") as null:
            done = subprocess.run(
                [RUNTIME, "--root", self.root, "create", "--bundle", self.bundle, "--pid-file", pid_file, name],
                env=self.environment, stdin=null, stdout=null, stderr=null, timeout=120,
            )
        if done.returncode != 0:
            raise AssertionError(f"create: exit code {done.returncode}")
        self.runtime("start", name)
        if self.runtime("exec", name, "/bin/echo", name) != name + "\n":
            raise AssertionError("exec: printed something else")
        self.runtime("kill", name, "KILL")
        wait_for(lambda: json.loads(self.runtime("state", name))["status"] == "stopped", "the end", 60)
        self.runtime("delete", name)
        pid_file.unlink()

    def processes(self):
        marked = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and f"CORACLE_TEST_MARK={self.mark}".encode() in (entry / "environ").read_bytes():
                    marked.append(int(entry.name))
            except OSError:
                pass  # it ended meanwhile
        return marked

    def look(self):
        """What there is of everything that a round makes."""
        return {
            "mounts": len(pathlib.Path("/proc/self/mountinfo").read_text().splitlines()),
            "cgroups": sorted(path for depth in ("*", "*/*", "*/*/*") for path in glob.glob(f"{CGROUPS}/{depth}{self.mark}*")),
            "processes": self.processes(),
            "shared memory": sorted(os.listdir("/dev/shm")),
            "folders of state": sorted(os.listdir(self.root)),
            "descriptors of ours": len(os.listdir("/proc/self/fd")),
        }

    def run(self, at_once):
        """The failures of the rounds."""
        failures = []
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            rounds = {pool.submit(self.round, number): number for number in range(self.rounds)}
            for done in concurrent.futures.as_completed(rounds):
                if done.exception():
                    failures.append(f"round {rounds[done]}: {done.exception()}")
        return failures


def open_files():
    return int(pathlib.Path("/proc/sys/fs/file-nr").read_text().split()[0])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=2000)
    options.add_argument("--at-once", type=int, default=8)
    chosen = options.parse_args()
    if os.geteuid() != 0:
        print("skipped  soak: needs root\n0 passed, 0 failed, 1 skipped")
        return 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="coracle-soak-"))
    try:
        return soak(folder, chosen)
    finally:
        shutil.rmtree(folder)


def soak(folder, chosen):
    soak = Soak(folder, chosen.rounds)
    soak.write_config()
    before, files_before, began = soak.look(), open_files(), time.monotonic()
    failures = soak.run(chosen.at_once)
    seconds = time.monotonic() - began
    passed = chosen.rounds - len(failures)
    print(f"{chosen.rounds} rounds, {chosen.at_once} at a time: {seconds:.0f} s, {chosen.rounds / seconds:.1f} a second", flush=True)
    after = soak.look()
    for what in before:
        if before[what] == after[what]:
            passed += 1
            print(f"ok      {what}: as before ({before[what]})")
        else:
            failures.append(f"{what}: {before[what]} before, {after[what]} after")
    # The kernel closes files a moment later.
    try:
        wait_for(lambda: open_files() < files_before + DESCRIPTORS_OF_OTHERS, "file descriptors to be closed", 20)
        passed += 1
        print("ok      descriptors of the system: as before")
    except AssertionError:
        failures.append(f"descriptors of the system: {files_before} before, {open_files()} after")
    for failure in failures[:20]:
        print(f"FAILED  {failure}")
    print(f"{passed} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
