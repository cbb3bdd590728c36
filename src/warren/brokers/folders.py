"""Where Warren keeps things: the state of the broker it runs, and the broker it downloaded."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path, user_state_path

from warren.errors import BrokerUnavailable

NEEDED_BY_NODE = 100  # MiB; RabbitMQ stops publishers below 50 MiB free, and a lesson needs room beside that
NEEDED_BY_DOWNLOAD = 250  # MiB; 54 MB of packages and 105 MB unpacked, twice while an older one is replaced


def state() -> Path:
    """The folder of the broker this user runs: `WARREN_STATE`, or the platform's state folder. Made if missing."""
    return _folder("WARREN_STATE", user_state_path("warren"))


def cache() -> Path:
    """The folder of downloaded brokers: `WARREN_CACHE`, or the platform's cache folder. Made if missing."""
    return _folder("WARREN_CACHE", user_cache_path("warren"))


def _folder(variable: str, default: Path) -> Path:
    named = os.environ.get(variable)
    path = Path(named).expanduser() if named else default
    if not named and not path.is_absolute():  # neither HOME nor an entry in the user database
        path = Path(tempfile.gettempdir()) / f"warren-{os.getuid()}" / variable.removeprefix("WARREN_").lower()
    path = path.absolute()
    with explained(path, variable):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):  # the only honest test: permissions, read-only mounts, quotas
            pass
    return path


def need(path: Path, mebibytes: int, variable: str) -> None:
    """Raises BrokerUnavailable, with both numbers, unless the disk of `path` has that much room."""
    free = shutil.disk_usage(path).free // 2**20
    if free < mebibytes:
        raise BrokerUnavailable(
            f"{path} has {free} MiB free and Warren needs {mebibytes} MiB there: free some space, "
            f"or set {variable} to a folder on a larger disk."
        )


@contextmanager
def explained(path: Path, variable: str) -> Iterator[None]:
    """Turns a failure to write below `path` into one sentence with the path and the cure."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "is full" if full else f"cannot be written to ({error.strerror})"
        cure = "Free some space" if full else "Make it writable"
        raise BrokerUnavailable(f"The folder {path} {what}. {cure}, or set {variable} to another folder.") from error
