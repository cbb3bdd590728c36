"""The learner's progress on disk."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from warren import progress
from warren.checks.result import Result, done, wrong
from warren.cli import app


@pytest.fixture(autouse=True)
def work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A learner's folder of its own, with a space and an accent in its name."""
    folder = tmp_path / "mes études"
    monkeypatch.setenv("WARREN_WORK", str(folder))
    return folder


def test_what_was_done_stays_done() -> None:
    """A later attempt that fails does not take an exercise away; an attempt alone does not give it."""
    progress.keep("01", 1, wrong("x"))
    assert not progress.done(progress.read(), "01", 1)
    progress.keep("01", 1, done("x"))
    progress.keep("01", 1, wrong("x"))
    assert progress.done(progress.read(), "01", 1)
    assert progress.read()["01"]["1"]["state"] == "wrong"
    assert not progress.done(progress.read(), "01", 2)


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"01": 3}', '{"01": {"1": "done"}}', "\x00\xff"])
def test_a_broken_file_is_kept_and_said_once(work: Path, broken: str) -> None:
    """A file that is no progress is put aside under another name, with a sentence, and progress begins anew."""
    work.mkdir()
    progress.path().write_text(broken, encoding="latin-1")
    result = progress.keep("01", 1, done("x"))
    assert "the old file is kept as progress.json.broken-1" in result.note
    assert result.note in repr(result)
    assert (work / "progress.json.broken-1").read_text(encoding="latin-1") == broken
    assert progress.done(progress.read(), "01", 1)
    assert progress.keep("01", 2, done("x")).note == ""


def test_a_folder_that_cannot_be_written_does_not_spoil_a_check(work: Path) -> None:
    """Where progress cannot be kept the result stays what it is, with a note."""
    work.write_text("a file where the folder should be", encoding="utf-8")
    result = progress.keep("01", 1, done("x"))
    assert result.done
    assert "could not be kept" in result.note


def keep_ten(exercise: int) -> None:
    for _ in range(10):
        progress.keep("01", exercise, Result("done", "x"))


def test_two_kernels_lose_nothing_of_each_other() -> None:
    """Several processes that record at once all find their exercises recorded."""
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(keep_ten, range(1, 5))
    assert set(progress.read()["01"]) == {"1", "2", "3", "4"}
    json.loads(progress.path().read_text(encoding="utf-8"))


def test_progress_shows_the_course_and_what_is_done() -> None:
    """`warren progress` names every lesson and counts the exercises done."""
    progress.keep("01", 1, done("x"))
    progress.keep("01", 2, wrong("x"))
    shown = CliRunner().invoke(app, ["progress"])
    assert shown.exit_code == 0
    assert "Hello, queue" in shown.output
    assert "1 of 3 done" in shown.output
    assert "✔ 1 Send the orders" in shown.output
    assert "· 2 Take so many" in shown.output
    assert "0 of 3 done" in shown.output


def test_progress_without_a_folder_to_work_in_is_a_sentence(work: Path) -> None:
    """With a file where the work folder should be, `warren progress` says so, and shows the course."""
    work.write_text("a file where the folder should be", encoding="utf-8")
    shown = CliRunner().invoke(app, ["progress"])
    assert shown.exception is None
    assert "set WARREN_WORK to another folder" in " ".join(shown.output.split())
    assert "0 of 3 done" in shown.output


def test_progress_of_a_broken_file_is_a_sentence(work: Path) -> None:
    """`warren progress` says that the file could not be read, and shows the course."""
    work.mkdir()
    progress.path().write_text("{", encoding="utf-8")
    shown = CliRunner().invoke(app, ["progress"])
    assert shown.exit_code == 0
    assert "the old file is kept as progress.json.broken-1" in " ".join(shown.output.split())
    assert "Work queues" in shown.output
