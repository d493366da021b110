"""What commands cost: wall and processor time, the memory of the largest process.

GNU time runs each command: it is small, so that its own memory does not hide that of the command, and it counts all
processes of the command that were waited for. Memory is the peak of the largest of them, not their sum (a pipe's
members share little; the sum would need sampling). A daemon is read from /proc before and after.
"""

import os
import pathlib
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MB = 1024.0


class Failed(Exception):
    """A contestant cannot do this; the reason in one line."""


class Cost:
    def __init__(self, wall=0.0, cpu=0.0, memory=0.0):
        self.wall, self.cpu, self.memory = wall, cpu, memory

    def __add__(self, other):
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.memory, other.memory))


class Daemon:
    """A program in the background, and what it has cost so far."""

    def __init__(self, command, log):
        self.log = open(log, "w")
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def cost(self):
        proc = pathlib.Path(f"/proc/{self.process.pid}")
        fields = (proc / "stat").read_text().rpartition(")")[2].split()
        peak = next(line for line in (proc / "status").read_text().splitlines() if line.startswith("VmHWM"))
        # With the children it has waited for. man: proc(5), /proc/PID/stat
        return Cost(0.0, sum(map(int, fields[11:15])) / TICKS, int(peak.split()[1]) / PAGE_MB)

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def run(command, scratch, environment, daemon=None):
    """The cost of one command; `scratch` is a folder for its output."""
    told, before = scratch / "time", daemon.cost() if daemon else Cost()
    with open(scratch / "output", "w+") as output:
        began = time.perf_counter()
        words = ["/usr/bin/time", "-q", "-f", "%U %S %M", "-o", told, *command]
        process = subprocess.Popen([str(word) for word in words], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        try:
            code = process.wait()
        except BaseException:  # we are told to end: nothing goes on without us
            os.killpg(process.pid, signal.SIGKILL)
            raise
        wall = time.perf_counter() - began
        if code != 0:
            output.seek(0)
            lines = [line.strip() for line in output if line.strip()] or ["no word"]
            raise Failed(f"{pathlib.Path(command[0]).name}: {lines[-1][:160]}")
    user, system, kilobytes = told.read_text().split()
    cost = Cost(wall, float(user) + float(system), int(kilobytes) / PAGE_MB)
    if daemon:
        after = daemon.cost()
        cost = cost + Cost(0.0, after.cpu - before.cpu, after.memory)
    return cost


def settle():
    """Writes out what is dirty, so that nobody pays for what was done before."""
    os.sync()


def size_mb(folder):
    """What the files below occupy, each once; without what is mounted there."""
    seen, total, device = set(), 0, os.stat(folder).st_dev
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(top, name))
            except FileNotFoundError:
                continue
            if status.st_dev == device and status.st_ino not in seen:
                seen.add(status.st_ino)
                total += status.st_blocks * 512
    return total / (1 << 20)
