#!/usr/bin/env python3
"""Holds samples and outputs against schema/, with a JSON Schema library of its own.

    tests/spec/schemas.py SCHEMA SAMPLES DOCUMENTS...
SCHEMA is the folder of the schemas, SAMPLES that of the sample configurations, each DOCUMENTS a program that takes
configurations and prints {"config": [...], "state": [...]} and the like. Exit 77 where python3-jsonschema is not installed.
"""
import json
import pathlib
import subprocess
import sys
import warnings

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed (bundles/setup test)")
    sys.exit(77)
warnings.simplefilter("ignore", DeprecationWarning)

SCHEMA, SAMPLES = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
DIGEST = "sha256:" + "0" * 64
DESCRIPTOR = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 2}
RECORD = {"id": "a", "bundle": "/b", "rootfs": "/b/rootfs", "created": "2026-01-02T03:04:05Z", "owner": 0, "pid": 0, "startTime": 0, "ready": False}

# (schema, definition, document, lawful): the small documents that no sample holds.
SMALL = [
    ("log", "", {"level": "error", "msg": "a", "time": "2026-01-02T03:04:05.678901Z"}, True),
    ("log", "", {"level": "error", "msg": "a", "time": "yesterday"}, False),
    ("log", "", {"level": "error", "msg": "a", "time": "2026-01-02T03:04:05Z", "code": "not-found", "errno": "ENOENT"}, True),
    ("log", "", {"level": "error", "msg": "a", "time": "2026-01-02T03:04:05Z", "code": "something"}, False),
    ("log", "", {"level": "fatal", "msg": "a", "time": "2026-01-02T03:04:05Z"}, False),
    ("log", "", {"level": "error", "time": "2026-01-02T03:04:05Z"}, False),
    ("state", "", {"ociVersion": "1.3.0", "id": "a", "status": "running", "pid": 0, "bundle": "/b"}, False),
    ("state", "", {"ociVersion": "1.3.0", "id": "../a", "status": "stopped", "pid": 0, "bundle": "/b"}, False),
    ("state", "", {"ociVersion": "1.3.0", "id": "a", "status": "stopped", "pid": 0, "bundle": "b"}, False),
    ("record", "", RECORD, True),
    ("record", "", {**RECORD, "id": "../a"}, False),
    ("record", "", {**RECORD, "pid": -1}, False),
    ("record", "", {**RECORD, "ready": True}, False),
    ("record", "", {**RECORD, "unknown": 1}, False),
    ("record", "", {**RECORD, "cgroup": [{"mount": "/sys/fs/cgroup", "v2": True, "path": "c1", "made": 1}]}, False),
    ("events", "", {"type": "oom", "id": "a"}, True),
    ("events", "", {"type": "oom", "id": "a", "data": {}}, False),
    ("events", "", {"type": "stats", "id": "a"}, False),
    ("features", "", {"ociVersionMin": "1.1.0"}, False),
    ("image", "layout", {"imageLayoutVersion": "1.0.0"}, True),
    ("image", "layout", {"imageLayoutVersion": "2.0.0"}, False),
    ("image", "descriptor", DESCRIPTOR, True),
    ("image", "descriptor", {**DESCRIPTOR, "digest": "sha256:0"}, False),
    ("image", "descriptor", {**DESCRIPTOR, "size": -1}, False),
    ("image", "index", {"schemaVersion": 2, "manifests": [{**DESCRIPTOR, "platform": {"architecture": "arm64", "os": "linux"}}]}, True),
    ("image", "index", {"schemaVersion": 2, "manifests": [], "layers": []}, False),
    ("image", "manifest", {"schemaVersion": 2, "config": DESCRIPTOR, "layers": [DESCRIPTOR]}, True),
    ("image", "manifest", {"schemaVersion": 1, "config": DESCRIPTOR, "layers": []}, False),
    ("image", "manifest", {"schemaVersion": 2, "config": DESCRIPTOR, "layers": [], "manifests": []}, False),
    ("image", "config", {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [DIGEST]}, "config": {"Cmd": ["sh"], "Env": None}}, True),
    ("image", "config", {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["a"]}}, False),
]

failures = 0
checked = 0


def fail(what, why):
    global failures
    failures += 1
    print(f"{what}: {why}")


def without_nulls(value):
    """A null member counts as absent."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


SCHEMAS = {path.name: json.loads(path.read_text()) for path in sorted(SCHEMA.glob("*.schema.json"))}


def validator(name, definition=""):
    schema = SCHEMAS[name + ".schema.json"]
    if definition:
        schema = {"$ref": "#/definitions/" + definition, "definitions": schema["definitions"]}
    # References between files are by file name; the "" is the schema itself.
    store = {**SCHEMAS, "": schema}
    return jsonschema.Draft7Validator(schema, resolver=jsonschema.RefResolver("", schema, store=store))


def hold(what, check, document, lawful):
    global checked
    checked += 1
    error = next(iter(check.iter_errors(document)), None)
    if lawful and error:
        fail(what, f"{'.'.join(str(step) for step in error.absolute_path)}: {error.message}")
    if not lawful and not error:
        fail(what, "is allowed, and should not be: " + json.dumps(document))


for name, schema in SCHEMAS.items():
    try:
        jsonschema.Draft7Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        fail(name, error.message)

config = validator("config")
for path in sorted(SAMPLES.glob("samples/*.json")):
    hold(path.name, config, without_nulls(json.loads(path.read_text())), True)
for path in sorted((SCHEMA.parent / "bundles").glob("*/config.json")):
    hold(f"bundles/{path.parent.name}", config, json.loads(path.read_text()), True)
for case in json.loads((SAMPLES / "bad.json").read_text()):
    document = without_nulls({"ociVersion": "1.3.0", "root": {"path": "rootfs"}, **case["config"]})
    hold("bad.json: " + case["error"], config, document, not case["schema"])

for program in sys.argv[3:]:
    written = json.loads(subprocess.run([program, *sorted(SAMPLES.glob("samples/*.json"))], check=True, stdout=subprocess.PIPE).stdout)
    for kind, documents in written.items():
        for number, document in enumerate(documents):
            hold(f"{kind} {number}", validator(kind), document, True)

for name, definition, document, lawful in SMALL:
    hold(f"{name} {definition}", validator(name, definition), document, lawful)

print(f"{checked} documents held against {len(SCHEMAS)} schemas, {failures} failures")
sys.exit(1 if failures else 0)
