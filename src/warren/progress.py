"""What this learner has done: `work/progress.json`, on this machine only."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from warren import work
from warren.checks.result import Result

# {"01": {"1": {"state": "wrong", "done": "2026-05-04"}}}: `state` is the last result, `done` the day it was first done
Exercises = dict[str, dict[str, Any]]
Progress = dict[str, Exercises]

LOCK_WITHIN = 5.0  # seconds; each holder needs milliseconds


class Broken(Exception):
    """The file cannot be read as progress. Its text is a sentence; the file has been kept under another name."""


def path() -> Path:
    return work.folder() / "progress.json"


def read() -> Progress:
    """All that is recorded. Raises Broken once for a file that cannot be read, and begins anew after it.

    Raises work.WorkUnwritable where that file cannot be put aside.
    """
    try:
        found = json.loads(path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        found = None
    if _is_progress(found):
        return dict(found)
    kept = next(
        name for number in range(1, 10_000) if not (name := path().with_name(f"progress.json.broken-{number}")).exists()
    )
    with work.writing():
        path().rename(kept)
    raise Broken(f"progress.json could not be read, so progress begins anew; the old file is kept as {kept.name}.")


def _is_progress(found: Any) -> bool:
    labs = found.values() if isinstance(found, dict) else [None]
    return all(isinstance(lab, dict) and all(isinstance(one, dict) for one in lab.values()) for lab in labs)


def keep(lab: str, exercise: int, result: Result) -> Result:
    """Record the result and return it; with a note if that failed, for a check never fails because of its record."""
    _report(exercise, result)
    try:
        with _locked():
            note = _write(lab, exercise, result)
    except (OSError, TimeoutError, work.WorkUnwritable) as error:
        note = f"This could not be kept for `warren progress` ({getattr(error, 'strerror', None) or error})."
    return replace(result, note=note)


def _write(lab: str, exercise: int, result: Result) -> str:
    note = ""
    try:
        progress = read()
    except Broken as broken:
        progress, note = {}, str(broken)
    kept = progress.setdefault(lab, {}).setdefault(str(exercise), {})
    kept["state"] = result.state
    if result.done:
        kept.setdefault("done", datetime.datetime.now(datetime.UTC).date().isoformat())
    new = path().with_name(".progress.json.new")  # whole or not at all
    new.write_text(json.dumps(progress, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    new.replace(path())
    return note


def done(progress: Progress, lab: str, exercise: int) -> bool:
    """True if that exercise was done once; a later attempt that fails does not take it away."""
    return "done" in progress.get(lab, {}).get(str(exercise), {})


def _report(exercise: int, result: Result) -> None:
    """Tell `warren check`, which runs the notebook in a kernel of its own, by the file it names."""
    if report := os.environ.get("WARREN_RESULTS"):
        with Path(report).open("a", encoding="utf-8") as file:
            file.write(json.dumps([exercise, result.state, result.because]) + "\n")


@contextmanager
def _locked() -> Iterator[None]:
    with work.writing():
        path().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path().with_name(".progress.lock"), timeout=LOCK_WITHIN):
        yield
