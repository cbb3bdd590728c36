"""What is written down about the broker Warren runs: one file, readable by its user only."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import psutil

from warren.brokers.broker import Kind

Phase = Literal["starting", "ready", "restarting", "failed", "stopped"]


@dataclass(frozen=True)
class Process:
    """A process by its number and the time it started: a number alone may be somebody else's by now."""

    pid: int
    started: float  # seconds since 1970

    @classmethod
    def of(cls, pid: int) -> Process:
        return cls(pid, psutil.Process(pid).create_time())

    def alive(self) -> bool:
        """True while this very process runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            # 2 s: the system derives the time from a boot time that it rounds
            same = abs(process.create_time() - self.started) < 2
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def signal(self, number: int) -> None:
        """Send a signal, if it is still this very process."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def end(processes: Sequence[Process], patience: float = 15.0) -> None:
    """End these processes: politely, after `patience` seconds with SIGKILL. Strangers of their numbers are spared."""
    for process in processes:
        process.signal(signal.SIGTERM)
    deadline = time.monotonic() + patience
    while any(process.alive() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in processes:
        process.signal(signal.SIGKILL)


@dataclass(frozen=True)
class State:
    """The broker of one state folder. `generation` counts its boots; `reason` says why it failed."""

    kind: Kind
    version: str
    username: str
    password: str = field(repr=False)
    ports: dict[str, int] = field(default_factory=dict)  # amqp, management, stream, prometheus, dist, epmd
    installation: dict[str, Any] = field(default_factory=dict)  # what `node.Installation` holds
    phase: Phase = "starting"
    generation: int = 0
    reason: str = ""
    supervisor: Process | None = None
    processes: tuple[Process, ...] = ()
    container: str | None = None
    port_taken: bool = False  # it failed because somebody listens on a port of ours

    @property
    def supervised(self) -> bool:
        return self.supervisor is not None and self.supervisor.alive()

    def but(self, **changes: Any) -> State:
        return replace(self, **changes)


def file(folder: Path) -> Path:
    return folder / "broker.json"


def read(folder: Path) -> State | None:
    """What the folder's file says, or None where there is no file, or none that can be understood."""
    try:
        row = json.loads(file(folder).read_text(encoding="utf-8"))
        supervisor = row.pop("supervisor")
        processes = row.pop("processes")
        return State(
            **row,
            supervisor=Process(**supervisor) if supervisor else None,
            processes=tuple(Process(**process) for process in processes),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write(folder: Path, state: State) -> None:
    """Replace the file as a whole; a reader sees the old one or the new one."""
    private(folder / "broker.json.new", json.dumps(asdict(state), indent=1)).replace(file(folder))


def private(path: Path, text: str) -> Path:
    """Write a file only its user may read (0600), whatever the umask."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    return path


def touch(folder: Path) -> None:
    """Note that the broker is in use."""
    (folder / "used").touch(mode=0o600)


def touched(folder: Path) -> float:
    """When it was last noted, in seconds since 1970."""
    try:
        return (folder / "used").stat().st_mtime
    except OSError:
        return 0.0
