"""A runtime that is broken on purpose, to see which statements notice: run as `mutants.py NAME PROGRAM [WORD…]`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from container import minimal_config

OPERATIONS = ("create", "start", "state", "kill", "delete", "features")


def plain(config):
    """Forgets whatever a statement adds to the configuration; the program stays."""
    least = minimal_config(config.get("process", {}).get("args", ["/bin/true"]))
    least["root"]["path"] = config.get("root", {}).get("path", "rootfs")
    return least


def open_hearted(config):
    """Names everything from the host: no namespaces of its own but the least."""
    config["linux"]["namespaces"] = [{"type": "mount"}]
    return config


def lavish(config):
    """Has more than it was asked for: every capability, a root that is read-only, hooks twice over, a second option."""
    if "process" in config:
        config["process"] |= {"noNewPrivileges": True, "oomScoreAdj": 7, "terminal": False, "umask": 0}
        config["process"].setdefault("env", []).append("MORE=than asked")
        capabilities = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SYS_CHROOT"]
        config["process"]["capabilities"] = {kind: capabilities for kind in ("bounding", "permitted", "inheritable")}
    if "root" in config:
        config["root"]["readonly"] = True
    for kind, hooks in config.get("hooks", {}).items():
        config["hooks"][kind] = hooks + hooks if isinstance(hooks, list) else hooks
    return config


def strict(config):
    """Takes nothing but the least: whether a configuration has only what every one here has."""
    least = minimal_config([])
    if config.get("root") != least["root"] or len(config.get("mounts", [])) > len(least["mounts"]):
        return False
    if not config.get("process", {}).get("args", ["/"])[0].startswith("/"):
        return False
    return (config.keys() <= least.keys() and config.get("process", {}).keys() <= least["process"].keys()
            and config.get("linux", {}).keys() <= least["linux"].keys())


def told_wrongly(state):
    """The state of a container, in which only the id, the status and the process are right."""
    return state | {"ociVersion": 1, "bundle": "relative", "annotations": {"a": 1}}


def boasting(features):
    """A features structure with words that nobody knows, in the wrong order, and one member too many."""
    def more(value):
        if isinstance(value, dict):
            return {name: more(each) for name, each in value.items()} | {"nonesuch": True}
        if isinstance(value, list):
            return [*value, "NONE_SUCH", "NONE_SUCH"]
        return not value if isinstance(value, bool) else value
    return more(features) | {"ociVersionMin": "9.9.9", "ociVersionMax": "0.0.1"}


CONFIGURATIONS = {"plain": plain, "open-hearted": open_hearted, "lavish": lavish}
# In the order in which they are tried on a statement: the subtle ones first.
NAMES = ("plain", "forgiving", "lying", "eager", "lazy", "harsh", "leaky", "covering", "late", "open-hearted", "lavish",
         "strict")


def main(name, program, *words):
    operation = next((word for word in words if word in OPERATIONS), "")
    if name == "lazy" and operation in ("kill", "delete") and "--force" not in words:
        return 0  # says that it is done
    if name == "late" and operation == "start" and len(words) > 3:  # reads the configuration once more
        before = words[:words.index("start")]
        state = subprocess.run([program, *before, "state", words[-1]], stdout=subprocess.PIPE, text=True)
        if state.returncode == 0:
            subprocess.run([program, *before, "delete", "--force", words[-1]])
            subprocess.run([program, *before, "create", "--bundle", json.loads(state.stdout)["bundle"], words[-1]])
    if name == "eager" and operation == "start":
        return 0  # says that it is done
    if operation == "create" and "--bundle" in words:
        file = Path(words[words.index("--bundle") + 1]) / "config.json"
        if file.exists() and file.stat().st_size > 2:
            config = json.loads(file.read_text())
            if name == "strict" and not strict(config):
                return 1
            if name in CONFIGURATIONS:
                file.write_text(json.dumps(CONFIGURATIONS[name](config)))
    if name == "lying" and operation in ("state", "features"):
        done = subprocess.run([program, *words], stdout=subprocess.PIPE, text=True)
        if done.returncode == 0:
            change = told_wrongly if operation == "state" else boasting
            print(json.dumps(change(json.loads(done.stdout))))
        return done.returncode
    if name == "leaky" and operation == "create":  # the third descriptor is the program's too
        os.dup2(0, 3)
        at = words.index("create") + 1
        return subprocess.run([program, *words[:at], "--preserve-fds", "1", *words[at:]], pass_fds=[3]).returncode
    status = subprocess.run([program, *words]).returncode
    if name == "eager" and operation == "create" and status == 0:
        return subprocess.run([program, *words[:words.index("create")], "start", words[-1]]).returncode
    if name == "covering" and operation == "create" and status == 0:  # something new upon /dev
        state = subprocess.run([program, *words[:words.index("create")], "state", words[-1]], stdout=subprocess.PIPE)
        enter = ["nsenter", "--target", str(json.loads(state.stdout)["pid"]), "--mount", "--root"]
        subprocess.run([*enter, "/bin/busybox", "mount", "-t", "tmpfs", "tmpfs", "/dev"])
    if name == "harsh" and operation == "delete":  # takes more than it was given
        for folder in Path(words[1]).parent.glob("*"):
            if folder.name == "outside" or folder.name.startswith("bundle-"):
                shutil.rmtree(folder / "rootfs/bin", ignore_errors=True)
    return 0 if name == "forgiving" else status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
