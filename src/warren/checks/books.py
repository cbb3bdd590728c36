"""The books that a learner's function writes: a SQLite file, and how a check stops a writer between two statements."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATIENCE = 5.0  # seconds for a writer that is at work; a transaction of a payment takes some milliseconds
ROW = 1.0  # seconds between two looks of one row, at most; usually it is some milliseconds
NAME = "books.sqlite"
OURS = "warren_"  # begins the names of what stops a writer

# A statement that runs into this is at work until its process is killed: in the middle of its transaction.
FOREVER = """
CREATE VIEW warren_forever AS
WITH RECURSIVE numbers (one) AS (SELECT 1 UNION ALL SELECT one + 1 FROM numbers) SELECT one FROM numbers
"""


class Books:
    """A SQLite file with one table of the check's; the learner's functions may add their own. `close` removes it."""

    def __init__(self, table: str, columns: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="warren-books-"))
        self._table, self._columns = table, ", ".join(column.split()[0] for column in columns.split(","))
        self.path = str(self._folder / NAME)
        self._file = sqlite3.connect(self.path, PATIENCE, isolation_level=None)
        self._file.execute(f"CREATE TABLE {table} ({columns})")
        self._ours: list[tuple[Any, ...]] = []
        self._looks: dict[str, tuple[float, float]] = {}  # when the first of a row of looks was, and the last

    def rows(self, table: str = "") -> list[tuple[Any, ...]]:
        """What is committed in a table, in the order it was written; the check's own columns if none is named."""
        columns = "*" if table else self._columns  # a learner may add columns
        return self._file.execute(f'SELECT {columns} FROM "{table or self._table}"').fetchall()  # noqa: S608  the file's own names

    def write(self, statement: str, *values: object) -> None:
        """Run one statement of the check's own."""
        self._file.execute(statement, values)
        self._ours = self.rows()

    @property
    def changed(self) -> bool:
        """True if others have committed something to the check's table."""
        return self.rows() != self._ours

    def marks(self) -> list[Any]:
        """Everything that is committed in the tables the learner's functions have added."""
        return [value for table in self._added() for row in self.rows(table) for value in row]

    def other_files(self) -> list[str]:
        """The names of files that somebody has put beside the books; SQLite's own are not meant."""
        names = sorted(path.name for path in self._folder.iterdir())
        return [name for name in names if name not in {NAME, *(NAME + end for end in ("-journal", "-wal", "-shm"))}]

    def being_written(self) -> bool:
        """True if somebody has a transaction open that writes."""
        looking = sqlite3.connect(self.path, 0, isolation_level=None)
        try:
            looking.execute("BEGIN IMMEDIATE")
            looking.execute("ROLLBACK")
        except sqlite3.OperationalError:  # locked
            return True
        finally:
            looking.close()
        return False

    def seen_by_others(self) -> list[tuple[Any, ...]] | None:
        """What somebody reads who opens the file now; None if nobody is let in, as while a commit waits."""
        looking = sqlite3.connect(self.path, 0, isolation_level=None)
        try:
            return looking.execute(f'SELECT {self._columns} FROM "{self._table}"').fetchall()  # noqa: S608  the file's own names
        except sqlite3.OperationalError:  # locked
            return None
        finally:
            looking.close()

    @contextlib.contextmanager
    def being_read(self) -> Iterator[None]:
        """For `with`: everything can be written meanwhile, and a commit waits for the end (in WAL mode it does not)."""
        self._file.execute("BEGIN")
        try:
            self.rows()
            yield
        finally:
            self._file.execute("ROLLBACK")

    def written_for(self) -> float:
        """For how many seconds somebody has had one open at every look with this; 0 if nobody has one now."""
        return self._for("written", self.being_written())

    def shut_for(self) -> float:
        """For how many seconds nobody else was let in at any look with this; 0 if others can read now."""
        return self._for("shut", self.seen_by_others() is None)

    def _for(self, what: str, so: bool) -> float:
        now = time.monotonic()
        first, last = self._looks.pop(what, (now, now))
        if not so:
            return 0.0
        first = first if now - last < ROW else now  # nobody knows what was between two looks far apart
        self._looks[what] = (first, now)
        return max(now - first, 1e-9)  # a first look has seen it too

    @contextlib.contextmanager
    def failing(self) -> Iterator[None]:
        """For `with`: who adds a row to the check's table gets an OperationalError, as on a disk that is full."""
        overflow = "SELECT abs(-9223372036854775808)"  # RAISE would be an IntegrityError
        self._file.execute(f"CREATE TRIGGER {OURS}failing BEFORE INSERT ON {self._table} BEGIN {overflow}; END")
        try:
            yield
        finally:
            self.go_on()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """For `with`: the file can be read meanwhile, and who writes waits for the end (as long as its own timeout)."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self._file.execute("ROLLBACK")

    def stop_in_between(self, about: str, written: str) -> None:
        """From now on who has written the effect and is about to write the mark never comes to it; nor the reverse.

        `about` is the SQL for "this row of the check's table is the one" (`NEW.payment = 'payment 4'`), `written` for
        "its effect is there". Marks are the rows of the tables the learner's functions have added; without such a
        table the writer is stopped before the effect.
        """
        self._file.execute(FOREVER)
        marked = " + ".join(f'(SELECT count(*) FROM "{table}")' for table in self._added())  # noqa: S608  the file's own names
        first = f"{marked} > {sum(len(self.rows(table)) for table in self._added())}" if marked else "TRUE"
        self._stop(self._table, f"{about} AND {first}")
        for table in self._added():
            self._stop(table, written)

    def go_on(self) -> None:
        """Stop nobody any more. The writer that was stopped has been killed."""
        for kind in ("trigger", "view"):
            for (name,) in self._file.execute("SELECT name FROM sqlite_master WHERE type = ?", (kind,)).fetchall():
                if name.startswith(OURS):
                    self._file.execute(f"DROP {kind} {name}")

    def close(self) -> None:
        self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _added(self) -> list[str]:
        found = self._file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return [name for (name,) in found if name != self._table and not name.startswith("sqlite_")]

    def _stop(self, table: str, when: str) -> None:
        for event in ("INSERT", "UPDATE"):
            what = "BEGIN SELECT count(*) FROM warren_forever; END"
            trigger = f'CREATE TRIGGER "{OURS}{event}_{table}" BEFORE {event} ON "{table}" WHEN {when} {what}'
            self._file.execute(trigger)
