"""Where guests are kept: a folder of entries, each named by what it is made of, made once and never changed.

CORACLE_GUESTS names the folder; by default it is /var/cache/coracle-guests. Nothing here expires by itself: `vm --clean`
removes what the guests of today are not made of.
"""

import contextlib
import contextvars
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import time


# The names that were asked for, while none is made (only_named).
NAMED = contextvars.ContextVar("NAMED", default=None)


class Failure(Exception):
    """The guest, or what it is made of, failed: one sentence."""


def folder():
    return pathlib.Path(os.environ.get("CORACLE_GUESTS", "/var/cache/coracle-guests"))


def say(text):
    print(f"guest: {text}", file=sys.stderr, flush=True)


def digest(*parts):
    """Twelve digits that stand for these texts and for the files below these folders."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, pathlib.Path):
            for path in sorted(path for path in [part, *part.rglob("*")] if path.is_file() and "__pycache__" not in path.parts):
                name = str(path.relative_to(part)) if path != part else path.name
                found.update(f"{name} {path.stat().st_mode & 0o111}\0".encode() + path.read_bytes() + b"\0")
        else:
            found.update(str(part).encode() + b"\0")
    return found.hexdigest()[:12]


def size(path):
    return subprocess.run(["du", "-sh", path], capture_output=True, text=True).stdout.split("\t")[0]


@contextlib.contextmanager
def lock(name):
    """Held by one program at a time; who has to wait says so."""
    locks = folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / name, "w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another program that makes {name}")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def entry(name, what, make):
    """The folder of this name, made by `make(folder)` when it is not there; parallel callers wait for the first."""
    done = folder() / name
    if (named := NAMED.get()) is not None:
        named.add(name)
        return done
    if done.exists():
        return done
    with lock(name):
        if done.exists():
            return done
        began = time.monotonic()
        say(f"making {what} ({done})")
        part = folder() / f"{name}.part"  # of a maker that was killed: none is at work, the lock is ours
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        try:
            make(part)
            part.rename(done)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        say(f"made {what}: {size(done)}, {time.monotonic() - began:.0f} s")
    return done


@contextlib.contextmanager
def only_named():
    """No entry is made meanwhile; gives the names of those that are asked for."""
    token = NAMED.set(set())
    try:
        yield NAMED.get()
    finally:
        NAMED.reset(token)


def clean(needed):
    """Removes the entries that are none of these."""
    for path in sorted(folder().glob("*-*")):
        if path.name not in needed:
            with lock(path.name):
                say(f"removing {path}: {size(path)}")
                shutil.rmtree(path)


def run(*command, log=None, **more):
    """A command to its end, with all that it starts: they die with this program, their mounts with them."""
    command = [str(part) for part in command]
    away = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(open(log, "ab")) if log else subprocess.PIPE
        done = subprocess.run(["setpriv", "--pdeathsig", "KILL", *away, *command], stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT, **more)
    if done.returncode:
        text = pathlib.Path(log).read_bytes() if log else done.stdout
        last = text.decode(errors="replace").strip().splitlines()[-8:]
        raise Failure(f"{' '.join(command)[:120]} ended with {done.returncode}:\n  " + "\n  ".join(last))
    return "" if log else done.stdout.decode(errors="replace")
