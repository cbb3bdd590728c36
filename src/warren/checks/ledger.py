"""Where a check writes down the work: each task a learner's function begins and finishes, whatever becomes of it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GIVE_UP = (
    60.0  # seconds a held task waits; its process is killed long before, and must not live for ever if nobody does
)
POLL = 0.01


@dataclass(frozen=True)
class Entry:
    """One line: `what` is "begun", "raised" or "done", or "refused", for a wrong call, and then `task` says why.

    `by` says process and thread (`4711:140001:asyncio_0`), `at` is `time.monotonic()`.
    """

    what: str
    task: str
    by: str
    at: float


@dataclass(frozen=True)
class Work:
    """What stands for the work and is handed to the learner's function: `pack(order)`, `resize(photo)`.

    A task in `takes` lasts that many seconds, one in `raises` fails with that text until `Ledger.mend`, one in `holds`
    is worked on until `Ledger.release` (or until its process is killed); `holds=None` holds every one.
    """

    name: str
    folder: str
    takes: Mapping[str, float] = field(default_factory=dict)
    raises: Mapping[str, str] = field(default_factory=dict)
    holds: tuple[str, ...] | None = ()

    def __call__(self, *given: Any, **named: Any) -> None:
        task = self._only(*given, *named.values())
        self._write("begun", task)
        if self.holds is None or task in self.holds:
            self._hold(task)
        time.sleep(self.takes.get(task, 0))
        if task in self.raises and not (Path(self.folder) / "mended").exists():
            self._write("raised", task)
            raise OSError(self.raises[task])
        self._write("done", task)

    def _only(self, *given: Any) -> str:
        if len(given) == 1 and isinstance(given[0], str):
            return given[0]
        if len(given) != 1:
            refused = f"{self.name}(…) takes one argument, a text, and got {len(given)}"
        else:
            decode = ": decode the body with body.decode()" if isinstance(given[0], bytes) else ""
            refused = f"{self.name}(…) takes text and got {type(given[0]).__name__}{decode}"
        self._write("refused", refused)  # a learner's `except` may swallow what is raised
        raise TypeError(refused)

    def _hold(self, task: str) -> None:
        deadline = time.monotonic() + GIVE_UP
        while not self._released(task) and time.monotonic() < deadline:
            time.sleep(POLL)

    def _released(self, task: str) -> bool:
        try:
            named = (Path(self.folder) / "released").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return not named or task in named

    def _write(self, what: str, task: str) -> None:
        """One write of one line: whole or not at all, whoever else writes and whenever this process is killed."""
        thread = threading.current_thread()
        line = json.dumps([what, task, f"{os.getpid()}:{thread.ident}:{thread.name}", time.monotonic()]) + "\n"
        file = os.open(Path(self.folder) / "ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)


class Ledger:
    """The record of one check."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="warren-ledger-"))

    def work(
        self,
        name: str,
        *,
        takes: Mapping[str, float] | None = None,
        raises: Mapping[str, str] | None = None,
        holds: tuple[str, ...] | None = (),
    ) -> Work:
        """A function that the learner's function is to call once per task; see Work."""
        return Work(name, str(self._folder), takes or {}, raises or {}, holds)

    @property
    def entries(self) -> list[Entry]:
        return _read(self._folder)

    def tasks(self, what: str, since: float = 0) -> list[str]:
        """The tasks with that entry, in order, as often as they have it (since that `time.monotonic()`)."""
        return [entry.task for entry in self.entries if entry.what == what and entry.at >= since]

    @property
    def workers(self) -> set[str]:
        """Who began something."""
        return {entry.by for entry in self.entries if entry.what == "begun"}

    def release(self, *tasks: str) -> None:
        """Let held tasks go on, and hold none any more; or let these go on, and hold all others."""
        names = self._folder / "to be released"  # what reads them must never see half of it
        names.write_text("\n".join(tasks), encoding="utf-8")
        names.replace(self._folder / "released")

    def hold(self) -> None:
        """Hold tasks again that are begun from now on."""
        (self._folder / "released").unlink(missing_ok=True)

    def mend(self) -> None:
        """From now on nothing raises any more."""
        (self._folder / "mended").touch()

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _read(folder: Path) -> list[Entry]:
    try:
        text = (folder / "ledger").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [Entry(*json.loads(line)) for line in text.splitlines(keepends=True) if line.endswith("\n")]
