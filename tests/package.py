#!/usr/bin/env python3
"""The Debian package: built by one command, without an error of lintian's, installed and removed.

    tests/package.py [--twice]           --twice: and a second build gives the same bytes
    tests/package.py --installed BUILD   no package: only what `meson install` makes of a build that is there

Ends with "N passed, N failed, N skipped".
"""
import argparse
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[1]
FOLDER = TOP / (os.environ.get("BUILD", "build") + "-package")
PROGRAMS = ("runtime", "bundler", "engine")
counts = {"passed": 0, "failed": 0, "skipped": 0}


def tell(what, wrong=""):
    counts["failed" if wrong else "passed"] += 1
    print(f"FAILED {what}: {wrong}" if wrong else f"ok {what}", flush=True)


def call(*words):
    return subprocess.run([str(word) for word in words], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def expected():
    """What must be in it, as paths below /usr; commands are known by their pages."""
    for program in PROGRAMS:
        yield f"bin/{program}"
        yield f"share/bash-completion/completions/{program}.bash"
        yield f"share/zsh/vendor-completions/_{program}"
        yield f"share/fish/vendor_completions.d/{program}.fish"
        for page in sorted((TOP / "src" / program / "man").iterdir()):
            yield f"share/man/man{page.suffix[1:]}/{page.name}.gz"
    yield "share/doc/coracle/copyright"


def check_meson_install(folder):
    """What `meson install` puts below its prefix, of a build that is there."""
    with tempfile.TemporaryDirectory(prefix="coracle-install-") as name:
        done = call("meson", "install", "-C", folder, "--no-rebuild", "--quiet", "--destdir", name)
        root = pathlib.Path(name) / "usr/local"
        plain = [path.replace("vendor-completions", "site-functions").removesuffix(".gz") for path in expected() if "/doc/" not in path]
        missing = [path for path in plain if not (root / path).is_file()]
        tell("meson install installs all that it should", done.stdout if done.returncode else ", ".join(missing))
        for program in PROGRAMS:
            done = call(root / "bin" / program, "--version")
            tell(f"the installed {program} runs", "" if done.returncode == 0 and program in done.stdout else done.stdout)


def build():
    done = call("bundles/package")
    files = sorted(FOLDER.glob("coracle_*.deb"))
    tell("bundles/package builds one package", "" if done.returncode == 0 and len(files) == 1 else done.stdout[-3000:])
    return files[0] if files and done.returncode == 0 else None


def check_second_build(first):
    before = hashlib.sha256(first.read_bytes()).hexdigest()
    second = build()
    same = second and hashlib.sha256(second.read_bytes()).hexdigest() == before
    tell("a second build gives the same bytes", "" if same else "it differs")


def check_install(file):
    """In a root of its own, with a package database of its own."""
    with tempfile.TemporaryDirectory(prefix="coracle-package-") as name:
        root = pathlib.Path(name)
        (root / "var/lib/dpkg/updates").mkdir(parents=True)
        (root / "var/lib/dpkg/info").mkdir()
        for empty in ("status", "available"):
            (root / "var/lib/dpkg" / empty).touch()
        dpkg = ("dpkg", f"--root={root}", "--force-depends", "--force-not-root", "--force-script-chrootless", f"--log={root}/log")
        done = call(*dpkg, "--install", file)
        missing = [path for path in expected() if not (root / "usr" / path).is_file()]
        tell("it installs all that it should", done.stdout if done.returncode else ", ".join(missing))
        for program in PROGRAMS:
            done = call(root / "usr/bin" / program, "--version")
            tell(f"the installed {program} runs", "" if done.returncode == 0 and program in done.stdout else done.stdout)
        done = call(*dpkg, "--purge", "coracle")
        left = [str(path) for path in (root / "usr").rglob("*") if not path.is_dir()]
        tell("it is removed without a trace", done.stdout if done.returncode else ", ".join(left))


def end():
    print(", ".join(f"{number} {word}" for word, number in counts.items()))
    sys.exit(1 if counts["failed"] else 0)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--twice", action="store_true", help="build a second time and compare")
    arguments.add_argument("--installed", metavar="BUILD", help="no package: only what meson install makes of this build")
    options = arguments.parse_args()
    if options.installed:
        check_meson_install(options.installed)
        end()
    if not shutil.which("dpkg-deb") or not shutil.which("apt-get"):
        print("skipped this is not Debian")
        sys.exit(77)
    first = build()
    if first:
        if options.twice:
            check_second_build(first)
        depends = call("dpkg-deb", "--field", first, "Depends").stdout
        tell("it depends on the libraries that it is linked with", "" if re.search(r"libc6 .*libcurl4|libcurl4.*libc6", depends) else depends)
        done = call("lintian", "--fail-on", "error", "--allow-root", first)
        print(done.stdout, end="")
        tell("lintian finds no error", "" if done.returncode == 0 else done.stdout)
        check_install(first)
    end()


if __name__ == "__main__":
    main()
