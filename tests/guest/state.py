"""Kept states: a guest boots once; from then on each run maps the memory that it had, copy-on-write, and goes on from there."""

import pathlib
import subprocess
import time

import cache
import disk
import kernel
import packages
from machine import Machine, accelerator

HERE = pathlib.Path(__file__).resolve().parent
BOOT = 600     # seconds for a boot under emulation, on a machine that has other things to do
SETTLE = 3     # seconds for what the agent does not wait for: systemd's last jobs
# Memory stays where it is, in a file of its own.
IGNORE = [{"capability": "x-ignore-shared", "state": True}, {"capability": "events", "state": True}]


def ready(machine, guest):
    if not machine.wait("control", lambda line: line["said"] == "ready", time.monotonic() + BOOT):
        raise cache.Failure(f"the guest {guest.name} is not up after {BOOT} s: {machine.last_words()}")


def keep(guest):
    """The folder with the guest's memory, devices and disk at the moment when its agent is ready."""
    booted_of, root = kernel.Kernel(guest.kernel), disk.disk(guest.packages)

    def make(part):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", root, part / "disk.qcow2"], check=True)
        with Machine(guest, booted_of, f"file={part}/disk.qcow2,format=qcow2", f"memory-backend-file,mem-path={part}/memory,share=on") as machine:
            ready(machine, guest)
            machine.wait("control", lambda line: False, time.monotonic() + SETTLE)
            machine.ask("migrate-set-capabilities", capabilities=IGNORE)
            machine.ask("migrate", uri=f"file:{part}/devices")
            machine.migration()

    parts = (booted_of.folder.name, root.parent.name, guest, guest.arguments, *accelerator(), packages.qemu_version(), HERE / "machine.py",
             HERE / "state.py")
    return cache.entry(f"state-{guest.name}-{cache.digest(*parts)}", f"the state of the guest {guest.name}, booted once", make)


def resumed(guest, shares):
    folder = keep(guest)
    machine = Machine(guest, kernel.Kernel(guest.kernel), f"file={folder}/disk.qcow2,format=qcow2,snapshot=on",
                      f"memory-backend-file,mem-path={folder}/memory,share=off", shares, ["-incoming", "defer"])
    try:
        machine.ask("migrate-set-capabilities", capabilities=IGNORE)
        machine.ask("migrate-incoming", uri=f"file:{folder}/devices")
        machine.migration()
    except BaseException:
        machine.__exit__()
        raise
    return machine


def booted(guest, shares):
    machine = Machine(guest, kernel.Kernel(guest.kernel), f"file={disk.disk(guest.packages)},format=raw,snapshot=on", "memory-backend-ram", shares)
    try:
        ready(machine, guest)
    except BaseException:
        machine.__exit__()
        raise
    return machine
