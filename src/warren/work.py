"""The learner's own copies of the notebooks: handed out once, refreshed until they are edited, never lost."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from warren import course
from warren.errors import WarrenError


class WorkUnwritable(WarrenError):
    """The folder of the learner's copies cannot be written to."""


@dataclass
class HandedOut:
    """What `hand_out` did, as paths below the work folder.

    `kept` are copies the learner has edited and the course has changed too: they stay as they are.
    """

    new: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def folder() -> Path:
    """Where the learner works: `WARREN_WORK`, or `work` beside the course."""
    return Path(os.environ.get("WARREN_WORK") or course.root() / "work").expanduser().absolute()


def copy_of(notebook: Path) -> Path:
    """The learner's copy of a notebook of the course, e.g. `work/labs/01_hello_queue.ipynb`."""
    return folder() / notebook.parent.name / notebook.name


def hand_out() -> HandedOut:
    """Copy every lesson and lab the learner lacks, and renew those whose code and text nobody has changed.

    Having run a notebook is no change: only the sources of its cells count. Raises WorkUnwritable.
    """
    report, given = HandedOut(), _read_given()
    with writing():
        for notebook in _handed():
            _hand_out_one(notebook, given, report)
        _write(folder() / ".handed-out.json", json.dumps(given, indent=1, sort_keys=True).encode())
    return report


def restore(notebook: Path) -> Path | None:
    """Hand the notebook out anew; returns where the learner's version is kept (`*.bak-1`, …), None if there was none.

    Raises WorkUnwritable.
    """
    copy, given, kept = copy_of(notebook), _read_given(), None
    with writing():
        if copy.exists():
            kept = next(path for path in _backups(copy) if not path.exists())
            copy.rename(kept)
        _hand_out_one(notebook, given, HandedOut())
        _write(folder() / ".handed-out.json", json.dumps(given, indent=1, sort_keys=True).encode())
    return kept


def _backups(copy: Path) -> Iterator[Path]:
    number = 0
    while True:
        number += 1
        yield copy.with_name(f"{copy.name}.bak-{number}")


def _handed() -> list[Path]:
    """The notebooks of the course that exist so far."""
    entries = course.lessons()
    named = [entry.notebook for entry in entries] + [entry.lab_notebook for entry in entries if entry.lab]
    return [notebook for notebook in named if notebook.exists()]


def _hand_out_one(notebook: Path, given: dict[str, str], report: HandedOut) -> None:
    copy, name = copy_of(notebook), f"{notebook.parent.name}/{notebook.name}"
    content = notebook.read_bytes()
    ours = _sources(content)
    theirs = _sources(copy.read_bytes()) if copy.exists() else None
    if theirs == ours:
        given[name] = ours
    elif theirs is None:
        report.new.append(name)
        _write(copy, content)
        given[name] = ours
    elif theirs == given.get(name):
        report.refreshed.append(name)
        _write(copy, content)
        given[name] = ours
    elif given.get(name) != ours:
        report.kept.append(name)


def _sources(content: bytes) -> str:
    """A digest of the cells' types and sources; of the whole content if it is no notebook (the learner's, then)."""
    try:
        cells = [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(content)["cells"]]
    except (ValueError, KeyError, TypeError):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _read_given() -> dict[str, str]:
    """Digests of what was handed out last. Where it is lost, a copy that differs counts as edited."""
    with suppress(OSError, ValueError, TypeError):
        return dict(json.loads((folder() / ".handed-out.json").read_text(encoding="utf-8")))
    return {}


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a full disk must not cost the learner the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


@contextmanager
def writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkUnwritable(
            f"Your copies of the notebooks cannot be written to {folder()} ({error.strerror}). "
            "Make it writable, or set WARREN_WORK to another folder."
        ) from error
