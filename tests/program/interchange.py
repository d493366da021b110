"""Images between the bundler and other tools: what either writes, the other reads. A tool that is absent is skipped."""

import gzip
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

from bundler import BundlerTest
from harness import PATIENCE, wait_for
from registries import DockerRegistry, Image, digest_of, layer_tar, link

FILES = {"bin/tool": b"#!/bin/sh\n" * 2000, "etc/word": b"one\n", "bin/name": link("bin/name", "tool")}
ABOVE = {"etc/.wh.word": b"", "etc/other": b"two\n"}
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, f"needs {', '.join(missing)}")


class InterchangeTest(BundlerTest):
    def setUp(self):
        super().setUp()
        self.image = Image(FILES, ABOVE)
        self.environment.update(TMPDIR=str(self.folder), XDG_RUNTIME_DIR=str(self.folder))

    def tool(self, *words, **more):
        done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, timeout=120, **more)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stderr.decode()}")
        return done.stdout.decode()

    def import_ours(self):
        if not (self.folder / "layout").exists():
            self.bundler_ok("import", self.image.write_layout(self.folder / "layout"), "ours:1")

    def exported(self, name, *options):
        self.import_ours()
        self.bundler_ok("export", *options, "ours:1", self.folder / name)
        return self.folder / name

    def check_theirs(self, path, *options):
        """What another tool wrote holds the same files."""
        self.bundler_ok("import", *options, path, "theirs:1")
        self.bundler_ok("unpack", "theirs:1", self.folder / "theirs")
        self.check_root(self.folder / "theirs/rootfs")

    def check_root(self, root):
        self.assertEqual((root / "bin/tool").read_bytes(), FILES["bin/tool"])
        self.assertEqual(os.readlink(root / "bin/name"), "tool")
        self.assertEqual((root / "etc/other").read_bytes(), b"two\n")
        self.assertFalse((root / "etc/word").exists())


@needs("skopeo")
class Skopeo(InterchangeTest):
    def copy(self, source, to, *options):
        self.tool("skopeo", "copy", "--insecure-policy", *options, source, to)

    def test_it_reads_each_kind_of_ours(self):
        for kind, path in [("oci", self.exported("a")), ("oci-archive", self.exported("a.tar")), ("docker-archive", self.exported("b.tar", "--format", "docker-archive"))]:
            with self.subTest(kind):
                name = f"{kind}:{path}:1" if kind == "oci" else f"{kind}:{path}"
                self.copy(name, f"oci:{self.folder}/from-{kind}:1")
                config = json.loads(self.tool("skopeo", "inspect", "--config", f"oci:{self.folder}/from-{kind}:1"))
                self.assertEqual(config["rootfs"]["diff_ids"], [digest_of(layer_tar(FILES)), digest_of(layer_tar(ABOVE))])

    def test_we_read_each_kind_of_its(self):
        layout = self.image.write_layout(self.folder / "layout")
        for kind in ("oci", "oci-archive", "docker-archive"):
            with self.subTest(kind):
                path = self.folder / f"its-{kind}"
                self.copy(f"oci:{layout}:latest", f"{kind}:{path}:its/image:1")
                self.check_theirs(path)
                shutil.rmtree(self.folder / "theirs")

    def test_we_read_layers_that_it_has_compressed_with_zstd(self):
        layout = self.image.write_layout(self.folder / "layout")
        self.copy(f"oci:{layout}:latest", f"oci:{self.folder}/its:1", "--dest-compress", "--dest-compress-format", "zstd")
        self.check_theirs(self.folder / "its")
        (seen,) = self.bundler_ok("inspect", "theirs:1").json
        self.assertEqual({layer["mediaType"] for layer in seen["layers"]}, {ZSTD})


@needs("umoci")
class Umoci(InterchangeTest):
    def test_it_unpacks_ours(self):
        path = self.exported("ours")
        self.tool("umoci", "unpack", "--image", f"{path}:1", self.folder / "its")
        self.check_root(self.folder / "its/rootfs")

    def test_we_unpack_what_it_packs(self):
        path = self.exported("ours")
        self.tool("umoci", "unpack", "--image", f"{path}:1", self.folder / "its")
        (self.folder / "its/rootfs/etc/new").write_text("new\n")
        self.tool("umoci", "repack", "--image", f"{path}:2", self.folder / "its")
        self.check_theirs(path, "--image", "2")
        self.assertEqual((self.folder / "theirs/rootfs/etc/new").read_text(), "new\n")


@needs("podman")
class Podman(InterchangeTest):
    def podman(self, *words):
        return self.tool("unshare", "-m", "--propagation", "private", "podman", "--root", self.folder / "podman", "--runroot", self.folder / "podman-run",
                         "--tmpdir", self.folder / "podman-tmp", "--storage-driver", "vfs", "--events-backend", "none", "--cgroup-manager", "cgroupfs", *words)

    def test_it_loads_ours_and_we_import_what_it_saves(self):
        for kind in ("oci-archive", "docker-archive"):
            with self.subTest(kind):
                self.podman("load", "--quiet", "--input", self.exported(f"{kind}.tar", "--format", kind))
                (image,) = json.loads(self.podman("images", "--format", "json"))
                self.podman("save", "--quiet", "--format", kind, "--output", self.folder / f"saved-{kind}.tar", image["Id"])
                self.check_theirs(self.folder / f"saved-{kind}.tar")
                shutil.rmtree(self.folder / "theirs")
                self.podman("rmi", "--all", "--force")

    def test_we_pull_what_it_pushes_as_zstd_chunked(self):
        if not shutil.which("docker-registry"):
            self.skipTest("docker-registry is not installed")
        registry = DockerRegistry(self.folder, self.environment)
        self.addCleanup(registry.close)
        # Debian's podman drops what stands behind a tar's end.
        self.image = Image(*[tar.rstrip(b"\0").ljust(-(-len(tar.rstrip(b"\0")) // 512) * 512 + 1024, b"\0") for tar in (layer_tar(FILES), layer_tar(ABOVE))])
        self.podman("load", "--quiet", "--input", self.exported("a.tar"))
        (image,) = json.loads(self.podman("images", "--format", "json"))
        self.podman("push", "--quiet", "--tls-verify=false", "--format", "oci", "--compression-format", "zstd:chunked", image["Id"], f"docker://{registry.host}/chunked:1")
        self.bundler_ok("pull", f"{registry.host}/chunked:1")
        self.bundler_ok("unpack", f"{registry.host}/chunked:1", self.folder / "theirs")
        self.check_root(self.folder / "theirs/rootfs")


CONTAINERD = """version = 2
root = "{folder}/c-root"
state = "{folder}/c-state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "{folder}/c.sock"
[ttrpc]
  address = "{folder}/c.sock.ttrpc"
"""


@needs("containerd", "ctr")
class Containerd(InterchangeTest):
    """A daemon of the test's own, in its own mount and process namespaces: what it leaves goes with them."""

    def setUp(self):
        super().setUp()
        config = self.folder / "containerd.toml"
        config.write_text(CONTAINERD.format(folder=self.folder))
        self.log = open(self.folder / "containerd.log", "w")
        self.daemon = subprocess.Popen(["unshare", "-m", "-p", "-f", "--mount-proc", "--kill-child", "containerd", "-c", str(config)],
                                       stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment)
        self.addCleanup(self.end)
        wait_for(lambda: subprocess.run(self.ctr("version"), capture_output=True).returncode == 0, "containerd to answer")

    def end(self):
        # unshare itself passes no signal on.
        (child,) = pathlib.Path(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGTERM)
        self.daemon.wait(20 * PATIENCE)
        self.log.close()

    def ctr(self, *words):
        return ["ctr", "--address", str(self.folder / "c.sock"), *map(str, words)]

    def test_it_imports_ours_and_we_import_what_it_exports(self):
        for kind in ("oci-archive", "docker-archive"):
            with self.subTest(kind):
                self.tool(*self.ctr("images", "import", self.exported(f"{kind}.tar", "--format", kind)))
                (name,) = self.tool(*self.ctr("images", "list", "--quiet")).split()
                self.assertEqual(name, "docker.io/library/ours:1")
                self.tool(*self.ctr("images", "export", self.folder / f"its-{kind}.tar", name))
                self.check_theirs(self.folder / f"its-{kind}.tar")
                shutil.rmtree(self.folder / "theirs")
                self.tool(*self.ctr("images", "remove", "--sync", name))


class HandMade(InterchangeTest):
    def repack(self, packed, kind):
        """The image with other bytes for its layers, which hold the same."""
        manifest = json.loads(self.image.manifest)
        for entry, data in zip(manifest["layers"], packed):
            self.image.blobs[digest_of(data)] = data
            entry.update(mediaType=kind, digest=digest_of(data), size=len(data))
        self.image.manifest = json.dumps(manifest).encode()
        return self.image.write_layout(self.folder / "layout")

    def test_gzip_of_many_members(self):
        def members(tar):
            return b"".join(gzip.compress(tar[at:at + 700], mtime=0) for at in range(0, len(tar), 700))

        self.check_theirs(self.repack([members(layer_tar(FILES)), members(layer_tar(ABOVE))], "application/vnd.oci.image.layer.v1.tar+gzip"))

    @needs("zstd")
    def test_zstd_of_many_frames_with_a_table_behind_as_zstd_chunked_has_it(self):
        def chunked(tar):
            frames = [subprocess.run(["zstd", "-q", "-c"], input=tar[at:at + 700], stdout=subprocess.PIPE, check=True).stdout for at in range(0, len(tar), 700)]
            table = b'{"version":1,"entries":[]}'
            # A skippable frame: its magic number, its length, and what is passed over.
            return b"".join(frames) + b"\x50\x2a\x4d\x18" + len(table).to_bytes(4, "little") + table

        self.check_theirs(self.repack([chunked(layer_tar(FILES)), chunked(layer_tar(ABOVE))], ZSTD))
