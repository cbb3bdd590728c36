"""The learner's copies: handed out, renewed, and never lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest

from warren import course, work
from warren.work import WorkUnwritable

LESSON, LAB = "notebooks/01_hello_queue.ipynb", "labs/01_hello_queue.ipynb"


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one lesson with a lab, and a work folder with a space and an umlaut in its path."""
    folder = tmp_path / "a course"
    (folder / "course.toml").parent.mkdir()
    (folder / "course.toml").write_text(
        '[[part]]\ntitle = "Start"\n[[part.lesson]]\nnumber = "01"\nslug = "hello_queue"\ntitle = "Hello"\n'
        'minutes = 5\nteaches = "it"\nlab = true\n'
    )
    monkeypatch.setenv("WARREN_ROOT", str(folder))
    monkeypatch.setenv("WARREN_WORK", str(tmp_path / "my wörk"))
    course.lessons.cache_clear()
    for name in (LESSON, LAB):
        publish(folder / name, "first")
    yield folder
    course.lessons.cache_clear()


def publish(path: Path, source: str, output: str = "") -> None:
    """Write a notebook of one cell, and of its output if it has been run."""
    cell = nbformat.v4.new_code_cell(source, id="cell")
    if output:
        cell.outputs = [nbformat.v4.new_output("stream", text=output)]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def source(name: str) -> str:
    return str(nbformat.read(work.folder() / name, as_version=4).cells[0].source)


def test_the_first_time_everything_is_handed_out() -> None:
    """Lessons and labs are copied; a second time there is nothing to do."""
    assert work.hand_out().new == [LESSON, LAB]
    again = work.hand_out()
    assert (again.new, again.refreshed, again.kept) == ([], [], [])
    assert source(LESSON) == "first"


def test_a_copy_that_was_only_run_is_renewed(checkout: Path) -> None:
    """Outputs and counts are no edit: the course's new version replaces the copy."""
    work.hand_out()
    publish(work.folder() / LESSON, "first", output="ran")
    publish(checkout / LESSON, "second")
    assert work.hand_out().refreshed == [LESSON]
    assert source(LESSON) == "second"


def test_an_edited_copy_stays_and_that_is_said(checkout: Path) -> None:
    """Edited by the learner and changed by the course: theirs stays, however often `warren lab` runs."""
    work.hand_out()
    publish(work.folder() / LAB, "my answer")
    assert work.hand_out().kept == []
    publish(checkout / LAB, "second")
    for _ in range(2):
        assert work.hand_out().kept == [LAB]
        assert source(LAB) == "my answer"


def test_an_edit_that_was_taken_back_is_no_edit(checkout: Path) -> None:
    """A copy with the handed-out sources again is renewed like one never touched."""
    work.hand_out()
    publish(work.folder() / LAB, "my answer")
    work.hand_out()
    publish(work.folder() / LAB, "first")
    publish(checkout / LAB, "second")
    assert work.hand_out().refreshed == [LAB]


def test_what_was_handed_out_being_forgotten_costs_no_edit(checkout: Path) -> None:
    """Without the record of what was handed out, or with a broken one, a copy that differs counts as edited."""
    for broken in ("", "[1", "3"):
        work.hand_out()
        publish(work.folder() / LAB, "my answer")
        record = work.folder() / ".handed-out.json"
        record.write_text(broken) if broken else record.unlink()
        publish(checkout / LAB, f"newer {broken}")
        assert work.hand_out().kept == [LAB]
        assert source(LAB) == "my answer"


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"cells": 3}', '{"cells": [{"source": 5}]}'])
def test_a_copy_that_is_no_notebook_any_more_stays(checkout: Path, content: str) -> None:
    """Half a file, or another file by that name, is the learner's and not ours to replace."""
    work.hand_out()
    (work.folder() / LAB).write_text(content)
    publish(checkout / LAB, "second")
    assert work.hand_out().kept == [LAB]
    assert (work.folder() / LAB).read_text() == content


def test_restoring_keeps_every_version_of_the_learners() -> None:
    """`restore` brings the course's version back; each of theirs is kept under a new name."""
    work.hand_out()
    notebook = course.lessons()[0].lab_notebook
    for number in (1, 2):
        publish(work.folder() / LAB, f"try {number}")
        kept = work.restore(notebook)
        assert kept == work.folder() / f"{LAB}.bak-{number}"
        assert f"try {number}" in kept.read_text()
        assert source(LAB) == "first"


def test_restoring_a_copy_that_is_not_there_hands_it_out() -> None:
    """A deleted copy comes back."""
    assert work.restore(course.lessons()[0].lab_notebook) is None
    assert source(LAB) == "first"


def test_a_notebook_the_course_does_not_have_yet_is_passed_over(checkout: Path) -> None:
    """A lesson may be in the order before its lab exists."""
    (checkout / LAB).unlink()
    assert work.hand_out().new == [LESSON]


def test_a_work_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the folder and the variable that moves it; a file in its place stands for any such fault."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WARREN_WORK", str(tmp_path / "file"))
    with pytest.raises(WorkUnwritable, match=r"cannot be written to .*file .*WARREN_WORK"):
        work.hand_out()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_work_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user in a folder of somebody else's gets the sentence."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    monkeypatch.setenv("WARREN_WORK", str(locked / "work"))
    with pytest.raises(WorkUnwritable, match="Make it writable"):
        work.hand_out()


def test_a_full_disk_costs_no_copy(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails half-way leaves the old copy whole."""
    work.hand_out()
    publish(checkout / LESSON, "second")

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WorkUnwritable, match="No space left"):
        work.hand_out()
    assert source(LESSON) == "first"


def test_the_record_holds_one_digest_for_each_copy() -> None:
    """`.handed-out.json` is what decides between renewing and keeping."""
    work.hand_out()
    assert sorted(json.loads((work.folder() / ".handed-out.json").read_text())) == [LAB, LESSON]
