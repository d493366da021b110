"""One QEMU process and the channels to it. Nothing of it is a file: it ends with this program, and leaves nothing."""

import collections
import json
import os
import selectors
import signal
import socket
import subprocess
import time

import cache
import packages

SHARES = 4  # places for folders of the host; a kept state has all of them
DEAD = "the machine ended"


def accelerator():
    """Arguments of QEMU. /dev/kvm alone proves nothing: without svm or vmx it is emulated too, and slower than QEMU does."""
    words = open("/proc/cpuinfo").read().split()
    if os.access("/dev/kvm", os.W_OK) and ("svm" in words or "vmx" in words):
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi", "-cpu", "max,la57=off"]


class Machine:
    """A guest's QEMU. Ports: control and monitor are read by lines, stdout and stderr as they come, the console is kept."""

    PORTS = ("control", "stdout", "stderr")

    def __init__(self, guest, kernel, disk, memory, shares=(), more=()):
        self.sockets, self.lines = {}, {"control": [], "monitor": []}
        self.rests = {"control": b"", "monitor": b""}
        self.console = collections.deque(maxlen=200)
        self.sinks = {}
        self.selector = selectors.DefaultSelector()
        passed, arguments = [], []
        for name in (*self.PORTS, "monitor", "console"):
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            self.sockets[name] = ours
            self.selector.register(ours, selectors.EVENT_READ, name)
            passed.append(theirs)
            arguments += ["-chardev", f"socket,id={name},fd={theirs.fileno()}"]
        for name in self.PORTS:
            arguments += ["-device", f"virtserialport,chardev={name},name={name}"]
        arguments += ["-mon", "chardev=monitor,mode=control", "-serial", "chardev:console"]
        for slot in range(SHARES):
            source = str(shares[slot] if slot < len(shares) else cache.folder() / "empty").replace(",", ",,")
            arguments += ["-fsdev", f"local,id=share{slot},path={source},security_model=passthrough,multidevs=remap",
                          "-device", f"virtio-9p-pci,fsdev=share{slot},mount_tag=share{slot}"]
        (cache.folder() / "empty").mkdir(exist_ok=True)
        command = ["setpriv", "--pdeathsig", "KILL", packages.QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                   "-machine", "q35,vmport=off,memory-backend=ram", *accelerator(), "-smp", str(guest.processors), "-m", str(guest.memory),
                   "-object", f"{memory},id=ram,size={guest.memory}M", "-kernel", str(kernel.image), "-initrd", str(kernel.initramfs),
                   "-append", guest.arguments, "-drive", f"{disk},if=none,id=disk", "-device", "virtio-blk-pci,drive=disk",
                   "-drive", f"file={kernel.modules},format=raw,if=none,id=modules,readonly=on", "-device", "virtio-blk-pci,drive=modules",
                   "-device", "virtio-serial-pci", "-device", "vmgenid,guid=auto", *arguments, *more]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        pass_fds=[end.fileno() for end in passed])
        for end in passed:
            end.close()
        self.ask("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        for end in self.sockets.values():
            end.close()
        self.selector.close()

    # --- channels ---

    def send(self, name, text):
        end = self.sockets[name]
        end.setblocking(True)
        end.sendall(text.encode() + b"\n")
        end.setblocking(False)

    def turn(self, seconds):
        """Takes what has arrived within this time; false when the machine has ended and all is read."""
        events = self.selector.select(seconds)
        for key, _ in events:
            try:
                data = key.fileobj.recv(1 << 16)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                data = b""
            if not data:
                self.selector.unregister(key.fileobj)
            elif key.data in self.lines:
                *whole, self.rests[key.data] = (self.rests[key.data] + data).split(b"\n")
                self.lines[key.data] += [json.loads(line) for line in whole if line.strip()]
            elif key.data == "console":
                self.console.append(data.decode(errors="replace"))
            elif key.data in self.sinks:
                self.sinks[key.data](data)
        return bool(self.selector.get_map())

    def wait(self, name, wanted, deadline, seconds=0.5):
        """The first line on this channel that is wanted; None when the time is up."""
        while True:
            while self.lines[name]:
                line = self.lines[name].pop(0)
                if wanted(line):
                    return line
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if not self.turn(min(left, seconds)):
                raise cache.Failure(f"{DEAD}: {self.last_words()}")

    def drain(self):
        """What is on its way: all of it lies in the sockets when the guest has said that it finished."""
        while any(key.data in self.sinks for key, _ in self.selector.select(0)):
            self.turn(0)

    def last_words(self):
        said = self.process.stdout.read().decode(errors="replace") if self.process.poll() is not None else ""
        return (said + "".join(self.console)).strip()[-2000:] or f"exit code {self.process.poll()}"

    # --- the monitor ---

    def ask(self, command, **arguments):
        """A command of QEMU's monitor and its answer."""
        self.send("monitor", json.dumps({"execute": command, "arguments": arguments}))
        answer = self.wait("monitor", lambda line: "return" in line or "error" in line, time.monotonic() + 60)
        if answer is None or "error" in answer:
            raise cache.Failure(f"QEMU refuses {command}: {answer}")
        return answer["return"]

    def migration(self, seconds=120):
        """Waits until a state is written, or read."""
        found = self.wait("monitor", lambda line: line.get("event") == "MIGRATION" and line["data"]["status"] in ("completed", "failed"),
                          time.monotonic() + seconds)
        if not found or found["data"]["status"] != "completed":
            raise cache.Failure(f"QEMU cannot move the machine's state: {self.ask('query-migrate').get('error-desc', 'it takes too long')}")


def stop_on_signals():
    """Being told to end is an exit that undoes what was begun."""
    def leave(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)
