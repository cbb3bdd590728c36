"""The tool run on a small course: it needs kernels, but no broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import notebooks
from course_pages import TABLE_BEGINS, TABLE_ENDS
from normal_form import NotebookError, normalise, read, text
from notebooks import Run, execute, main, stray_notebooks
from warren import course

COURSE = """
[[part]]
title = "Start"
[[part.lesson]]
number = "00"
slug = "tiny"
title = "Tiny"
minutes = 1
teaches = "nothing"
lab = true
"""
SOLVED = "def answer():\n    ### BEGIN SOLUTION\n    return 42\n    ### END SOLUTION"
FIGURE = """import base64, os
display({"text/plain": "a figure", "image/png": base64.b64encode(os.urandom(9)).decode()}, raw=True)"""


@pytest.fixture
def small_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A course of one lesson with a lab, as an author leaves it: never run."""
    monkeypatch.setenv("WARREN_ROOT", str(tmp_path))
    course.lessons.cache_clear()
    (tmp_path / "course.toml").write_text(COURSE, encoding="utf-8")
    (tmp_path / "README.md").write_text(f"# Small\n{TABLE_BEGINS}\n{TABLE_ENDS}\n", encoding="utf-8")
    for folder in ("notebooks", "solutions", "labs"):
        (tmp_path / folder).mkdir()
    lesson = [new_markdown_cell("# Tiny"), *map(new_code_cell, ["print('one')\nprint('two')", "6 * 7", FIGURE])]
    solution = [new_markdown_cell("# Lab"), *map(new_code_cell, [SOLVED, "print(answer())  # lab.check(1, answer)"])]
    for folder, cells in (("notebooks", lesson), ("solutions", solution)):
        (tmp_path / folder / "00_tiny.ipynb").write_text(text(new_notebook(cells=cells)), encoding="utf-8")
    yield tmp_path
    course.lessons.cache_clear()


def run(**options: bool) -> Run:
    """One call of the tool without its broker: nothing here needs one."""
    done = Run(**options)
    notebooks._each(done, course.lessons())
    return done


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_running_twice_changes_no_byte(small_course: Path) -> None:
    """The first run writes lesson, solution, lab and README; the second, with a figure of other pixels, nothing."""
    assert len(run().changed) == 4
    before = files(small_course)
    again = run()
    assert not again.changed
    assert not again.problems
    assert files(small_course) == before


def test_new_pictures_are_taken_when_asked(small_course: Path) -> None:
    """After a change of how figures are drawn the author says so, and only pictures change."""
    run()
    assert [path.name for path in run(pictures=True).changed] == ["00_tiny.ipynb"]


def test_check_names_what_would_change_and_writes_nothing(
    small_course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` is what a gate or a careful author runs."""
    before = files(small_course)
    assert main(["--check"]) == 1
    assert "out of date (run `make notebooks`): labs/00_tiny.ipynb" in capsys.readouterr().out
    assert files(small_course) == before


def test_check_is_content_after_a_run(small_course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a run wrote is what the check wants."""
    run()
    capsys.readouterr()
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == "Nothing to change.\n"


def test_what_is_promised_or_not_is_told(small_course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A lesson of course.toml without a notebook, and a notebook without a line there, are each one sentence."""
    (small_course / "notebooks" / "00_tiny.ipynb").rename(small_course / "notebooks" / "07_lost.ipynb")
    assert main(["--no-run"]) == 1
    told = capsys.readouterr().err
    assert "notebooks/00_tiny.ipynb does not exist; course.toml asks for it." in told
    assert "notebooks/07_lost.ipynb is not in course.toml." in told
    assert [path.name for path in stray_notebooks()] == ["07_lost.ipynb"]


def test_an_unknown_number_is_one_sentence(small_course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The author learns which numbers there are."""
    assert main(["42", "--check"]) == 1
    assert "There is no lesson '42'. The course has: 00 Tiny." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("print(1)\nraise ValueError('first\\nsecond')", "Code cell 2 raised ValueError: second"),
        ("1 / 0", "Code cell 2 raised ZeroDivisionError: division by zero"),
        ("import sys; print('careful', file=sys.stderr)", "Code cell 2 wrote to stderr, .*: careful"),
        ("import os; os._exit(3)", "The kernel died in code cell 2."),
        ("import time\nwhile True: time.sleep(0.1)", "Code cell 2 was not done after 1 s."),
    ],
    ids=["raises", "raises one line", "stderr", "kernel dies", "never ends"],
)
def test_a_cell_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, sentence: str
) -> None:
    """The author reads which cell and its last line, not nbclient's traceback."""
    monkeypatch.setattr(notebooks, "CELL_TIMEOUT", 1)
    failing = new_notebook(cells=[new_markdown_cell("# T"), new_code_cell("print('fine')"), new_code_cell(source)])
    with pytest.raises(NotebookError, match=sentence):
        execute(failing, tmp_path)


def test_an_expected_error_is_an_output(tmp_path: Path) -> None:
    """A cell tagged `raises-exception` shows its error, without paths of this machine."""
    refused = new_code_cell("{}['order']", metadata={"tags": ["raises-exception"]})
    notebook = new_notebook(cells=[refused, new_code_cell("print('on')")])
    execute(notebook, tmp_path)
    normalise(notebook)
    assert notebook.cells[0].outputs[0].traceback == ["KeyError: 'order'"]
    assert notebook.cells[1].outputs[0].text == "on\n"


def test_one_failing_notebook_does_not_stop_the_others(small_course: Path) -> None:
    """What can be written is written, and what cannot is told; the failing file stays as it was."""
    path = small_course / "notebooks" / "00_tiny.ipynb"
    broken = read(path)
    broken.cells[1].source = "1 / 0"
    path.write_text(text(broken), encoding="utf-8")
    before = path.read_bytes()
    done = run()
    assert done.problems == ["notebooks/00_tiny.ipynb: Code cell 1 raised ZeroDivisionError: division by zero"]
    assert small_course / "labs" / "00_tiny.ipynb" in done.changed
    assert path.read_bytes() == before


def test_an_edit_during_the_run_is_not_lost(small_course: Path) -> None:
    """An author who saves the notebook while it runs keeps what they wrote, and is told."""
    path = small_course / "notebooks" / "00_tiny.ipynb"
    edited = text(new_notebook(cells=[new_markdown_cell("# Better")]))
    source = read(path)
    source.cells.append(new_code_cell(f"from pathlib import Path\n_ = Path('00_tiny.ipynb').write_text({edited!r})"))
    path.write_text(text(source), encoding="utf-8")
    assert run().problems == [
        "notebooks/00_tiny.ipynb: It was edited while it ran, so nothing was written; run it again."
    ]
    assert path.read_text(encoding="utf-8") == edited
