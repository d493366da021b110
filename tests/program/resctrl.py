"""A file system that behaves as the kernel's resctrl: for machines without the hardware, by the protocol of FUSE.

A new folder has `schemata`, `tasks` and `mon_groups`, a folder there `tasks`; a folder is removed with its files. What is
written is kept as a list, each write by itself. Linux: Documentation/filesystems/fuse, include/uapi/linux/fuse.h
"""

import errno
import os
import stat
import struct
import subprocess
import threading

LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, RMDIR, OPEN, READ, WRITE, STATFS, RELEASE = 1, 2, 3, 4, 9, 11, 14, 15, 16, 17, 18
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT, DESTROY, BATCH_FORGET = 25, 26, 27, 28, 29, 34, 36, 38, 42
SILENT = (FORGET, BATCH_FORGET, INTERRUPT)
DIRECT_IO = 1
DEFAULT = "    L3:0=7ff;1=7ff\n    MB:0=100;1=100\n"


class Node:
    def __init__(self, folder, text=""):
        self.folder, self.text, self.entries, self.writes = folder, text, {}, []

    def add(self, name, node):
        self.entries[name] = node
        return node


def group(monitoring=False):
    """What the kernel puts into a new folder."""
    node = Node(True)
    node.add("tasks", Node(False))
    if not monitoring:
        node.add("schemata", Node(False, DEFAULT))
        node.add("mon_groups", Node(True))
    return node


class Resctrl:
    """Mounted at `path` in a mount namespace of its own, where `command` runs programs."""

    def __init__(self, path, table):
        self.path, self.table = path, table
        self.root = group()
        self.root.add("info", Node(True)).add("last_cmd_status", Node(False, "ok\n"))
        self.refuse = None  # (the text of a write, an errno, the kernel's reason)
        self.nodes, self.numbers = {1: self.root}, {id(self.root): 1}
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        script = f'mount -i -t fuse -o fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other resctrl "$0" && echo ready && read end'
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[self.device], text=True,
        )
        if self.holder.stdout.readline() != "ready\n":
            raise OSError("the file system cannot be mounted")
        # Nothing can be read of a device that is not mounted.
        self.server = threading.Thread(target=self.serve, daemon=True)
        self.server.start()

    def close(self):
        self.holder.communicate("\n")
        self.server.join(20)
        os.close(self.device)

    def command(self, *command):
        """A command that runs this one where the file system is, under a mount table that calls it resctrl."""
        script = f'(cat /proc/self/mountinfo; echo "9999 1 0:999 / {self.path} rw - resctrl resctrl rw") >"$0" && mount --bind "$0" /proc/$$/mountinfo && exec "$@"'
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "sh", "-c", script, str(self.table), *command]

    def at(self, path):
        node = self.root
        for name in path.split("/"):
            node = node.entries.get(name) if node else None
        return node

    def writes(self, path):
        return self.at(path).writes

    def serve(self):
        while True:
            try:
                request = os.read(self.device, 1 << 18)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                return  # unmounted
            _, opcode, unique, number = struct.unpack_from("<IIQQ", request)
            if opcode in SILENT:
                continue
            try:
                code, body = 0, self.answer(opcode, self.nodes.get(number), request[40:])
            except OSError as error:
                code, body = -error.errno, b""
            os.write(self.device, struct.pack("<IiQ", 16 + len(body), code, unique) + body)

    def answer(self, opcode, node, body):
        if opcode == INIT:
            return struct.pack("<IIIIHHIIHH8I", 7, 31, 0, 0, 16, 12, 1 << 16, 1, 0, 0, *[0] * 8)
        if opcode == LOOKUP:
            return self.entry(node.entries.get(name_of(body)))
        if opcode in (GETATTR, SETATTR):
            return struct.pack("<QII", 0, 0, 0) + self.attributes(node)
        if opcode == MKDIR:
            return self.entry(self.make(node, name_of(body[8:])))
        if opcode == RMDIR:
            if not node.entries.pop(name_of(body), None):
                raise OSError(errno.ENOENT, "")
            return b""
        if opcode in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, DIRECT_IO, 0)
        if opcode == READ:
            offset, size = struct.unpack_from("<QI", body, 8)
            return node.text.encode()[offset : offset + size]
        if opcode == WRITE:
            return self.write(node, body[40:].decode())
        if opcode == STATFS:
            return bytes(80)
        if opcode in (READDIR, RELEASE, RELEASEDIR, FLUSH, ACCESS, DESTROY):
            return b""
        raise OSError(errno.ENOSYS, "")

    def make(self, node, name):
        if name in node.entries:
            raise OSError(errno.EEXIST, "")
        monitoring = any(other.entries.get("mon_groups") is node for other in [self.root, *self.root.entries.values()])
        return node.add(name, group(monitoring))

    def write(self, node, text):
        if self.refuse and self.refuse[0] in text:
            self.at("info/last_cmd_status").text = self.refuse[2] + "\n"
            raise OSError(self.refuse[1], "")
        node.writes.append(text)
        return struct.pack("<II", len(text), 0)

    def entry(self, node):
        if not node:
            raise OSError(errno.ENOENT, "")
        number = self.numbers.setdefault(id(node), len(self.nodes) + 1)
        self.nodes[number] = node
        return struct.pack("<QQQQII", number, 0, 0, 0, 0, 0) + self.attributes(node)

    def attributes(self, node):
        mode = stat.S_IFDIR | 0o755 if node.folder else stat.S_IFREG | 0o644
        return struct.pack("<6Q10I", self.numbers.get(id(node), 1), len(node.text), 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def name_of(body):
    return body.split(b"\0")[0].decode()
