"""The images that are measured: made without a network from what the machine has below /usr, the same bytes each time."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import stat
import subprocess
import tarfile

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
LIBRARIES = f"/usr/lib/{os.uname().machine}-linux-gnu"
FOLDERS_TIME = 1600000000  # files have their package's time, folders that of the installation
MB = 1 << 20

# Image → layers → (folder of the machine, at most so many MB of it).
IMAGES = {
    "small": [[("/bin/busybox", 8), ("/usr/share/zoneinfo", 2), ("/usr/share/common-licenses", 1)]],
    "debian": [
        [(LIBRARIES, 45), ("/usr/bin", 12)],
        [("/usr/share/perl", 20), ("/usr/share/zoneinfo", 8)],
        [("/usr/sbin", 10), ("/usr/share/doc", 15)],
    ],
    "python": [
        [(LIBRARIES, 70), ("/usr/bin", 30)],
        [("/usr/lib/python3.11", 60), ("/usr/lib/python3", 60)],
        [("/usr/include", 90)],
        [("/usr/share/doc", 40), ("/usr/share/perl", 20)],
        [("/usr/share", 60)],
    ],
}
COMPRESSIONS = {
    "gzip": lambda tar: gzip.compress(tar, 6, mtime=0),
    "zstd": lambda tar: subprocess.run(["zstd", "-3", "-q", "-c"], input=tar, stdout=subprocess.PIPE, check=True).stdout,
}


def files_below(top, most):
    """The paths below this one, folders before what they hold, until `most` bytes of content are reached."""
    waiting, total = [pathlib.Path(top)], 0
    while waiting:
        path = waiting.pop()
        if path.name == "__pycache__" or not os.path.lexists(path):
            continue  # written by whoever ran the program first
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            if total + status.st_size > most:
                continue
            total += status.st_size
        yield path, status
        if stat.S_ISDIR(status.st_mode):
            waiting += sorted(path.iterdir(), reverse=True)


def add(tar, path, status):
    entry = tarfile.TarInfo(str(path).lstrip("/"))
    entry.mode, entry.mtime = stat.S_IMODE(status.st_mode), int(status.st_mtime)
    if stat.S_ISDIR(status.st_mode):
        entry.type, entry.mtime = tarfile.DIRTYPE, FOLDERS_TIME
    elif stat.S_ISLNK(status.st_mode):
        entry.type, entry.linkname, entry.mtime = tarfile.SYMTYPE, os.readlink(path), FOLDERS_TIME
    elif stat.S_ISREG(status.st_mode):
        entry.size = status.st_size
        with open(path, "rb") as content:
            tar.addfile(entry, content)
        return
    else:
        return  # a socket or a device: not of a package
    tar.addfile(entry)


def layer(parts):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for top, megabytes in parts:
            for path, status in files_below(top, megabytes * MB):
                add(tar, path, status)
    return out.getvalue()


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def write_layouts(name, folder):
    """The image as one OCI layout for each compression: FOLDER/NAME-COMPRESSION. Nothing is made again that is there."""
    places = {compression: folder / f"{name}-{compression}" for compression in COMPRESSIONS}
    if not all((place / "index.json").exists() for place in places.values()):
        tars = [layer(parts) for parts in IMAGES[name]]
        for compression, place in places.items():
            write_layout(place, compression, tars)
    return places


def write_layout(place, compression, tars):
    (place / "blobs/sha256").mkdir(parents=True, exist_ok=True)

    def put(data, media_type):
        (place / "blobs/sha256" / digest_of(data).split(":")[1]).write_bytes(data)
        return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}

    config = {
        "architecture": MACHINES[os.uname().machine],
        "os": "linux",
        "config": {"Cmd": ["/bin/busybox", "true"], "Env": ["PATH=/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": put(json.dumps(config).encode(), CONFIG_TYPE),
        "layers": [put(COMPRESSIONS[compression](tar), LAYER_TYPE + compression) for tar in tars],
    }
    top = put(json.dumps(manifest).encode(), MANIFEST_TYPE)
    (place / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [top]}))


def layers_of(place):
    """The layers' descriptors of a layout that write_layout wrote."""
    read = lambda descriptor: json.loads((place / "blobs/sha256" / descriptor["digest"].split(":")[1]).read_text())
    return read(json.loads((place / "index.json").read_text())["manifests"][0])["layers"]
