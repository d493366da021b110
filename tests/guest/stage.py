"""The project as a guest sees it: programs without what only a debugger wants, and the tests, in a folder of its own."""

import pathlib
import shutil
import subprocess

import cache

TOP = pathlib.Path(__file__).resolve().parents[2]
AT = "/project"  # where it stands in the guest
PROGRAMS = ("src/runtime/runtime", "src/bundler/bundler", "src/engine/engine", "tests/probe")
TESTS = ("tests/apply/test_apply", "tests/container/test_container", "tests/fs/test_fs")
FOLDERS = ("tests", "bundles", "schema", "conformance")
FILES = ("README.md",)  # whose lines for engines are tried


def build(folder, jobs):
    """Has ninja make what goes into a guest, where it is not up to date."""
    done = subprocess.run(["ninja", "-C", folder, "-j", str(jobs), *PROGRAMS, *TESTS], capture_output=True, text=True)
    if done.returncode:
        raise cache.Failure(f"the programs are not built in {folder}:\n{done.stdout[-2000:]}")


def left_out(folder, names):
    """What was made here: byte code, and root file systems in bundles."""
    return [name for name in names if name == "__pycache__" or (name == "rootfs" and (pathlib.Path(folder) / name).is_dir())]


def make(build_folder, target):
    """Fills the folder."""
    for name in FOLDERS:
        shutil.copytree(TOP / name, target / name, symlinks=True, ignore=left_out)
    for name in FILES:
        shutil.copy(TOP / name, target)
    for name in (*PROGRAMS, *TESTS):
        place = target / "build" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["strip", "--strip-debug", "-o", place, pathlib.Path(build_folder) / name], check=True)
    target.chmod(0o755)


def environment(patience):
    """What the tests find the programs by, in the guest."""
    return {"BUILD": f"{AT}/build", "PATIENCE": str(patience), "PYTHONDONTWRITEBYTECODE": "1"}
