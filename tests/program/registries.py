"""Registries for the bundler's tests: Debian's docker-registry, and one that misbehaves as it is told."""

import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import pathlib
import socket
import subprocess
import tarfile
import threading
import urllib.request

from harness import PATIENCE, wait_for

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer_tar(files):
    """A tar of these entries: name → bytes, or a ready TarInfo with no content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def link(name, target, kind=tarfile.SYMTYPE):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


class Image:
    """An image as bytes: its blobs by digest, and its manifest."""

    def __init__(self, *layers, config=None, architecture=None):
        tars = [layer if isinstance(layer, bytes) else layer_tar(layer) for layer in layers]
        packed = [gzip.compress(tar, mtime=0) for tar in tars]
        document = {
            "architecture": architecture or MACHINES[os.uname().machine],
            "os": "linux",
            "config": config or {"Cmd": ["/hello"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
        }
        self.config = json.dumps(document).encode()
        self.layers = packed
        self.blobs = {digest_of(data): data for data in [self.config, *packed]}
        self.manifest = json.dumps({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "digest": digest_of(self.config), "size": len(self.config)},
            "layers": [{"mediaType": LAYER_TYPE, "digest": digest_of(data), "size": len(data)} for data in packed],
        }).encode()

    def write_layout(self, folder):
        """The image as an OCI image layout."""
        blobs = folder / "blobs/sha256"
        blobs.mkdir(parents=True)
        for digest, data in {**self.blobs, digest_of(self.manifest): self.manifest}.items():
            (blobs / digest.split(":")[1]).write_bytes(data)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        descriptor = {"mediaType": MANIFEST_TYPE, "digest": digest_of(self.manifest), "size": len(self.manifest),
                      "annotations": {"org.opencontainers.image.ref.name": "latest"}}
        (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [descriptor]}))
        return folder


class FakeRegistry:
    """Serves one image under every name; answer(handler) may do something else and return True. With a
    context of ssl it speaks TLS."""

    def __init__(self, image, answer=lambda handler: False, tls=None):
        self.image, self.answer, self.requests = image, answer, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or every body waits for the headers to be acknowledged

            def do_GET(self):
                outer.requests.append((self.path, dict(self.headers)))
                if not outer.answer(self):
                    outer.serve(self)

            do_HEAD = do_POST = do_PUT = do_PATCH = do_GET

            def log_message(self, *_):
                pass

            def send(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:  # the handshake in the connection's own thread
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.handle_error = lambda *_: None  # a client that was killed
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def serve(self, handler):
        path = handler.path
        if path.rstrip("/") == "/v2":
            handler.send(200)
        elif "/manifests/" in path:
            handler.send(200, self.image.manifest, Content_Type=MANIFEST_TYPE)
        elif "/blobs/" in path and path.rsplit("/", 1)[1] in self.image.blobs:
            handler.send(200, self.image.blobs[path.rsplit("/", 1)[1]], Content_Type="application/octet-stream")
        else:
            handler.send(404, b'{"errors":[{"code":"NAME_UNKNOWN","message":"not here"}]}', Content_Type="application/json")


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class DockerRegistry:
    """Debian's docker-registry on a free port of the loopback, with its data in a folder."""

    def __init__(self, folder, environment):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.host = f"localhost:{probe.getsockname()[1]}"
        config = pathlib.Path(folder) / "registry.yml"
        config.write_text(json.dumps({  # JSON is YAML
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(pathlib.Path(folder) / "registry")}},
            "http": {"addr": self.host.replace("localhost", "127.0.0.1")},
        }))
        self.log = open(pathlib.Path(folder) / "registry.log", "w")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=self.log, stderr=self.log, env=environment)
        wait_for(self.answers, "the registry to answer")

    def answers(self):
        try:
            return urllib.request.urlopen(f"http://{self.host}/v2/", timeout=1).status == 200
        except OSError:
            return False

    def close(self):
        self.process.terminate()
        self.process.wait(20 * PATIENCE)
        self.log.close()
