#!/usr/bin/env python3
"""Seeds for the fuzzers, made rather than kept: FOLDER/FUZZER/NUMBER.

    tests/fuzz/seeds.py FOLDER
"""

import gzip
import io
import json
import pathlib
import sys
import tarfile

ZSTD = bytes.fromhex("28b52ffd240661000068656c6c6f0a9b8ed5b1")  # "hello\n"; the checksum may be wrong
DIGEST = "sha256:" + "0123456789abcdef" * 4


def tar(*entries, form=tarfile.PAX_FORMAT):
    """Entries: (name, content) a file; (name, type, link) anything else."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, *rest in entries:
            entry = tarfile.TarInfo(name)
            entry.mode = 0o755
            if isinstance(rest[0], bytes) and len(rest) == 1 and rest[0] not in (tarfile.DIRTYPE, tarfile.FIFOTYPE):
                entry.size = len(rest[0])
                archive.addfile(entry, io.BytesIO(rest[0]))
                continue
            entry.type = rest[0]
            entry.linkname = rest[1] if len(rest) > 1 else ""
            archive.addfile(entry)
    return out.getvalue()


LINK, HARD, FOLDER = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
TARS = [
    tar(("a", FOLDER), ("a/file", b"content"), ("b", LINK, "a/file"), ("c", HARD, "a/file"), ("f", tarfile.FIFOTYPE)),
    tar(("../outside/victim", b"x"), ("/outside/victim", b"x")),
    tar(("l", LINK, "../outside"), ("l/victim", b"x"), ("l/made", FOLDER)),
    tar(("l", LINK, ".."), ("l/outside/victim", HARD, "l/outside/victim")),
    tar(("h", HARD, "../outside/victim"), ("h", b"x")),
    tar(("d", FOLDER), ("d/x", b"1"), ("d", LINK, "../outside"), ("d/victim", b"2")),
    tar(("l", LINK, "../outside"), (".wh.l", b""), ("l/.wh.victim", b""), ("l/.wh..wh..opq", b"")),
    tar((".wh..", b""), (".wh...", b""), (".wh.", b"")),
    tar(("a" * 120 + "/" + "b" * 120, b"long"), ("é" * 90, b"pax")),
    tar(("a" * 120 + "/" + "b" * 120, b"long"), ("s", LINK, "t" * 150), form=tarfile.GNU_FORMAT),
]


def descriptor(kind, **more):
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": DIGEST, "size": 7, **more}


MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": descriptor("config.v1+json"),
            "layers": [descriptor("layer.v1.tar+gzip"), descriptor("layer.v1.tar+zstd", annotations={"a": "b"}, urls=["https://h/x"])]}
INDEX = {"schemaVersion": 2, "manifests": [descriptor("manifest.v1+json", platform={"os": "linux", "architecture": "arm", "variant": "v7"}),
                                           descriptor("index.v1+json", data="aGVsbG8K")]}
CONFIG = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [DIGEST, DIGEST]},
          "config": {"User": "a:b", "Env": ["A=b"], "Cmd": ["x"], "Volumes": {"/v": {}}, "ExposedPorts": {"80/tcp": {}}, "Labels": {"l": "m"}, "StopSignal": "SIGTERM"},
          "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "x", "empty_layer": True}]}

SEEDS = {
    "archive": TARS,
    "extract": [bytes([flags]) + layers for flags in range(4) for layers in [*TARS, TARS[2] + TARS[5], TARS[4] + TARS[6]]],
    "compression": [gzip.compress(b"hello\n" * 50, mtime=0), gzip.compress(b"a") + gzip.compress(b"b") + bytes(20), ZSTD, b"plain"],
    "reference": [b"alpine", b"localhost:5000/a/b:tag", b"a.example/b@" + DIGEST.encode(), b"[::1]:5000/x", b"a/b/../c", b"x\r\nHost: y"],
    "values": [b"true", b"uint64 5", b"[1, 2]", b"@a(st) [('/dev/sda', 7)]", b"('x', [byte 0x1f], -2.5e3)", b"@as []", b"'a\\'b'"],
    "documents": [json.dumps(value).encode() for value in (MANIFEST, INDEX, CONFIG, {**MANIFEST, **INDEX})],
    "headers": [b'Bearer realm="https://auth.example/token",service="s",scope="repository:a/b:pull"', b"Basic realm=x, Negotiate abc==, Bearer a=b",
                b"https://h:443/a?b#c", b"http://169.254.169.254/latest", b"//[fe80::1]/x", b"../up?digest=x", b"file:///etc/passwd", b"https://u:p@h/"],
    "credentials": [json.dumps(value).encode() for value in (
        {"auths": {"localhost:5000": {"auth": "dXNlcjpzZWNyZXQ="}, "https://index.docker.io/v1/": {"identitytoken": "t"}}},
        {"auths": {"localhost:5000/a": {"auth": "c2VjcmV0"}}, "credsStore": "x", "credHelpers": {"localhost:5000": "y"}})],
}


def write(folder):
    for fuzzer, seeds in SEEDS.items():
        place = pathlib.Path(folder) / fuzzer
        place.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            (place / str(number)).write_bytes(seed)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(sys.argv[1])
