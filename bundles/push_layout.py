#!/usr/bin/env python3
"""Puts an image of an OCI image layout into a registry, by the distribution protocol over plain HTTP.

    push_layout.py LAYOUT HOST:PORT/NAME:TAG [REF]     REF: which image, when the layout holds several

Only what a demonstration on the own machine needs: no TLS, no credentials. spec: distribution-spec spec.md#push
"""

import http.client
import json
import pathlib
import sys
import urllib.parse

REF_NAME = "org.opencontainers.image.ref.name"


class Registry:
    def __init__(self, host):
        self.connection = http.client.HTTPConnection(host, timeout=30)

    def ask(self, method, path, wanted, body=None, **headers):
        """One request; gives its answer, or fails when the status is not among the wanted."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in wanted:
            sys.exit(f"push_layout: {method} {path}: {answer.status} {text.decode(errors='replace')}")
        return answer

    def put_blob(self, name, digest, data):
        if self.ask("HEAD", f"/v2/{name}/blobs/{digest}", (200, 404)).status == 200:
            return
        place = self.ask("POST", f"/v2/{name}/blobs/uploads/", (202,), Content_Length="0").headers["Location"]
        parts = urllib.parse.urlsplit(place)
        query = "&".join(filter(None, [parts.query, urllib.parse.urlencode({"digest": digest})]))
        self.ask("PUT", f"{parts.path}?{query}", (201,), data, Content_Type="application/octet-stream")

    def put_manifest(self, name, tag, media_type, data):
        self.ask("PUT", f"/v2/{name}/manifests/{tag}", (201,), data, Content_Type=media_type)


def blob(layout, digest):
    algorithm, _, value = digest.partition(":")
    return (layout / "blobs" / algorithm / value).read_bytes()


def chosen(layout, ref):
    """The descriptor of the image: the one of this name, or the only one."""
    found = json.loads((layout / "index.json").read_text())["manifests"]
    if ref:
        found = [entry for entry in found if entry.get("annotations", {}).get(REF_NAME) == ref]
    if len(found) != 1:
        sys.exit(f"push_layout: {layout} holds {len(found)} images{f' of the name {ref}' if ref else ', name one'}")
    return found[0]


def push_image(registry, layout, name, tag, descriptor):
    """The parts first, then the manifest that names them."""
    data = blob(layout, descriptor["digest"])
    manifest = json.loads(data)
    for part in manifest.get("manifests", []):  # an index: its images by their digests
        push_image(registry, layout, name, part["digest"], part)
    for part in [*manifest.get("layers", []), *([manifest["config"]] if "config" in manifest else [])]:
        registry.put_blob(name, part["digest"], blob(layout, part["digest"]))
    registry.put_manifest(name, tag, descriptor["mediaType"], data)


def push(layout, target, ref=None):
    host, _, rest = target.partition("/")
    name, _, tag = rest.rpartition(":")
    layout = pathlib.Path(layout)
    push_image(Registry(host), layout, name, tag, chosen(layout, ref))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    push(*sys.argv[1:])
