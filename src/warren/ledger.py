"""A ledger: what became of each message, in a file that a crash does not take along, and its balance."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from warren.errors import WarrenError

STEPS = ("published", "confirmed", "nacked", "returned", "delivered", "done", "acked", "dead-lettered")
PATIENCE = 10.0  # seconds to wait while another process writes; a note takes far below a millisecond

SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (at INTEGER PRIMARY KEY, step TEXT NOT NULL, message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS notes_of_message ON notes (message);
"""


@dataclass(frozen=True)
class Balance:
    """How a ledger's messages ended. `steps` says how often each step was noted, a message counting each time.

    `queued` are those the broker still has. `lost` were published and are nowhere: neither done, nor dead-lettered,
    nor queued. `twice` were done more than once.
    """

    steps: dict[str, int]
    queued: int
    lost: int
    twice: int

    def __repr__(self) -> str:
        noted = [f"{step} {self.steps[step]}" for step in STEPS if step in self.steps]
        rest = [f"still queued {self.queued}"] if self.queued else []
        return f"{' · '.join([*noted, *rest]) or 'nothing noted'}\nlost {self.lost} · done twice {self.twice}"


class Ledger:
    """A table of notes, "this message took that step", in the SQLite file `path`, which is made if it is not there.

    Threads and processes may share it. A note that was made stays, also if its process is killed at once; a power cut
    may take the last ones along (SQLite's WAL mode with `synchronous = NORMAL`).
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._file = sqlite3.connect(self.path, PATIENCE, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.executescript(SCHEMA)

    def note(self, step: str, *messages: str) -> None:
        """Write down that these messages took this step, e.g. `note("acked", "payment 7")`: all of them or none.

        Raises WarrenError if there is no such step.
        """
        if step not in STEPS:
            raise WarrenError(f"A ledger knows no step {step!r}. It knows: {', '.join(STEPS)}.")
        with self._lock, self._file:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT INTO notes (step, message) VALUES (?, ?)", [(step, one) for one in messages])

    def history(self, message: str) -> list[str]:
        """The steps of one message, in order."""
        return [step for step, noted in self._notes() if noted == message]

    def messages(self, *steps: str) -> set[str]:
        """The messages that took at least one of these steps."""
        return {message for step, message in self._notes() if step in steps}

    def missing(self) -> set[str]:
        """The messages that were published, and were neither done nor dead-lettered so far."""
        return self.messages("published") - self.messages("done", "dead-lettered")

    def twice(self) -> set[str]:
        """The messages that were done more than once."""
        done = Counter(message for step, message in self._notes() if step == "done")
        return {message for message, times in done.items() if times > 1}

    def balance(self, queued: int = 0) -> Balance:
        """Published against done. `queued` is how many of the missing the broker still has, ready or unacknowledged."""
        steps = Counter(step for step, _ in self._notes())
        return Balance(dict(steps), queued, max(0, len(self.missing()) - queued), len(self.twice()))

    def close(self) -> None:
        """Let go of the file; it stays."""
        with self._lock:
            self._file.close()

    def _notes(self) -> list[tuple[str, str]]:
        with self._lock:
            return self._file.execute("SELECT step, message FROM notes ORDER BY at").fetchall()

    def __reduce__(self) -> tuple[type[Ledger], tuple[Path]]:
        return Ledger, (self.path,)  # a worker process opens the same file
