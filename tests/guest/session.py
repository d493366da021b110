"""One command in a guest: its output as it comes, its exit code, inside a time."""

import base64
import dataclasses
import json
import os
import pathlib
import sys
import time

import cache
import machine
import packages
import state
from catalogue import GUESTS

TIMED_OUT = 124
GUEST_FAILED = 125


@dataclasses.dataclass
class Job:
    command: list
    guest: str = "v2"
    user: bool = False                                   # as the guest's ordinary user
    shares: list = dataclasses.field(default_factory=list)      # "DIR[:[AT][:ro]]": folders of the host
    environment: dict = dataclasses.field(default_factory=dict)
    timeout: float = 600                                 # seconds for the command
    cold: bool = False                                   # booted, not taken from a kept state
    input: bytes = b""
    directory: str = ""

    def split_shares(self):
        """(source, place, read-only) of each."""
        for share in self.shares:
            source, at, how = (share.split(":") + ["", ""])[:3]
            source = pathlib.Path(source).resolve(strict=True)
            yield source, at or str(source), how == "ro"

    def start(self):
        """Where the command starts: the caller's folder, when that lies in a share that stands where it does here."""
        if self.directory:
            return self.directory
        here = pathlib.Path.cwd()
        same = [source for source, at, _ in self.split_shares() if str(source) == at]
        return str(here) if any(here == source or source in here.parents for source in same) else "/root"

    def message(self):
        guest = GUESTS[self.guest]
        context = ",context=system_u:object_r:usr_t:s0" if guest.lsm == "selinux" else ""
        # What is not written to stays in the guest's memory once it was read.
        shares = [{"tag": f"share{slot}", "at": at, "options": ("ro,cache=loose" if fixed else "cache=mmap") + context}
                  for slot, (_, at, fixed) in enumerate(self.split_shares())]
        return json.dumps({"time": time.time(), "shares": shares, "command": self.command, "environment": {"GUEST": self.guest, **self.environment},
                           "directory": self.start(), "user": self.user, "input": base64.b64encode(self.input).decode()})


def run(job, stdout=None, stderr=None):
    """Runs it and gives the exit code; 124 when the time was up, 125 when the guest failed, each with a sentence on stderr."""
    stdout = stdout or sys.stdout.buffer
    stderr = stderr or sys.stderr.buffer

    def sink(stream):
        def take(data):
            stream.write(data)
            stream.flush()

        return take

    def tell(text):
        stderr.write(f"guest: {text}\n".encode())
        stderr.flush()

    try:
        packages.install()
        guest = GUESTS[job.guest]
        sources = [source for source, *_ in job.split_shares()]
        if len(sources) > machine.SHARES:
            raise cache.Failure(f"at most {machine.SHARES} shares")
        with (state.booted if job.cold else state.resumed)(guest, sources) as running:
            running.sinks = {"stdout": sink(stdout), "stderr": sink(stderr)}
            running.send("control", job.message())
            answer = running.wait("control", lambda line: line["said"] in ("finished", "failed"), time.monotonic() + job.timeout)
            running.drain()
            if answer is None:
                tell(f"the command has not ended within {job.timeout:.0f} s in {guest.name}: {' '.join(job.command)}")
                return TIMED_OUT
            if answer["said"] == "failed":
                raise cache.Failure(f"the guest {guest.name} cannot do the job: {answer['error']}")
            if "error" in answer:
                tell(answer["error"])
            return answer["code"]
    except (cache.Failure, OSError) as failure:
        tell(str(failure))
        return GUEST_FAILED
