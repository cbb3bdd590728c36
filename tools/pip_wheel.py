"""The wheel of pip that comes with Python; pip runs straight out of it, which saves two seconds of unpacking it first.

Debian's `python3` without `python3-venv` has none: there it comes out of Debian's own package, and needs no root.
"""

from __future__ import annotations

import contextlib
import subprocess
import sysconfig
from pathlib import Path

ADVICE = (
    "This Python cannot make a virtual environment, because its `ensurepip` is not installed: "
    "on Debian and Ubuntu run `apt-get install python3-venv` as root, then the same command again."
)


def find(folder: Path) -> Path | None:
    """pip's wheel, fetched into `folder` where Python has none; None where that cannot be done."""
    return bundled() or from_debian(folder)


def bundled() -> Path | None:
    """The wheel that `ensurepip` would install."""
    try:
        import ensurepip
    except ImportError:
        return None
    shared = sysconfig.get_config_var("WHEEL_PKG_DIR")  # Debian and Fedora keep it there
    folders = [Path(ensurepip.__file__).parent / "_bundled", *([Path(shared)] if shared else [])]
    return next((wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))), None)


def from_debian(folder: Path) -> Path | None:
    """The wheel in Debian's package `python3-pip-whl`, downloaded and unpacked into `folder`."""
    own = ["-o", f"Dir::State={folder}/state", "-o", f"Dir::Cache={folder}/cache", "-o", "APT::Sandbox::User="]
    attempts = (  # with the machine's package lists; where it has none, with lists of our own
        [["apt-get", "download", "python3-pip-whl"]],
        [["apt-get", *own, "update"], ["apt-get", *own, "download", "python3-pip-whl"]],
    )
    (folder / "state/lists/partial").mkdir(parents=True)
    (folder / "cache/archives/partial").mkdir(parents=True)
    for attempt in attempts:
        for command in [*attempt, ["sh", "-c", "dpkg-deb -x *.deb ."]]:
            with contextlib.suppress(OSError):  # no apt-get: not Debian
                subprocess.run(command, cwd=folder, capture_output=True, check=False)
        for found in sorted(folder.glob("usr/share/python-wheels/pip-*.whl")):
            return found
    return None
