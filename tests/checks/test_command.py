"""`warren check`: the learner's notebook, run from its first cell to its last on a kernel of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from typer.testing import CliRunner

from warren import course, progress, work
from warren.cli import app

HELLO = course.lab("01")


@pytest.fixture
def check(broker: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Runs `warren check 01` in a work folder of its own; the terminal is wide."""
    monkeypatch.setenv("WARREN_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("COLUMNS", "300")
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_PATH", "IPYTHONDIR"):  # the command sets them
        monkeypatch.setenv(name, "")
    return lambda *arguments: CliRunner().invoke(app, ["check", "01", *arguments])


def hand_in(notebook: Path, change: Callable[[nbformat.NotebookNode], None] = lambda notebook: None) -> Path:
    """Make it the learner's copy of lab 01, changed."""
    copy = work.copy_of(HELLO.lab_notebook)
    copy.parent.mkdir(parents=True)
    content = nbformat.read(notebook, as_version=4)
    change(content)
    nbformat.write(content, copy)
    return copy


def replace(old: str, new: str) -> Callable[[nbformat.NotebookNode], None]:
    """A change of the first code cell that holds `old`."""

    def change(notebook: nbformat.NotebookNode) -> None:
        cell = next(cell for cell in notebook.cells if cell.cell_type == "code" and old in cell.source)
        cell.source = new

    return change


def test_a_lab_as_handed_out_is_not_yet_done(check: Callable[..., Any]) -> None:
    """Without a copy the lab is handed out first; every exercise is reported, and the exit code says no."""
    shown = check()
    assert shown.exit_code == 1
    assert shown.output.count("· not yet: send_orders is still to be written") == 1
    assert shown.output.count("· not yet: ") == 3
    assert work.copy_of(HELLO.lab_notebook).exists()


def test_a_solved_lab_is_done_and_counts(check: Callable[..., Any]) -> None:
    """A solved notebook gives exit code 0, is kept as progress, and is left as it was."""
    copy = hand_in(HELLO.solution_notebook)
    before = copy.read_bytes()
    shown = check()
    assert shown.exit_code == 0, shown.output
    assert shown.output.count("· done: ") == 3
    assert all(progress.done(progress.read(), "01", exercise) for exercise in (1, 2, 3))
    assert copy.read_bytes() == before


def test_the_kernel_is_this_python_and_says_nothing_of_its_own(
    check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A `python3` kernel of the user's that cannot run is not taken, and no kernel writes to the terminal."""
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["false"], "display_name": "mine", "language": "python"}', encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    hand_in(HELLO.solution_notebook)
    assert check().exit_code == 0
    assert capfd.readouterr().err == ""


def test_without_a_broker_nothing_is_told_of_the_answers(
    check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No exercise of a solved lab is `not yet` because no broker answers: each is `cannot tell`, and says why."""
    hand_in(HELLO.solution_notebook)
    monkeypatch.setenv("WARREN_URL", "amqp://u:p@127.0.0.1:1/")
    shown = check()
    assert shown.exit_code == 1
    assert shown.output.count("· cannot tell: No broker answers at 127.0.0.1:1") == 3
    assert "not defined" not in shown.output


def test_cells_that_raise_are_told_and_the_others_run(check: Callable[..., Any]) -> None:
    """A cell that raises costs its own exercise; a function that is missing is an exercise not yet done."""

    def change(notebook: nbformat.NotebookNode) -> None:
        replace("def send_orders", "1 / 0")(notebook)
        replace("lab.close()", "raise ValueError('mine')")(notebook)

    hand_in(HELLO.solution_notebook, change)
    shown = check()
    assert shown.exit_code == 1
    assert "Exercise 1 · Send the orders · not yet: name 'send_orders' is not defined" in shown.output
    assert shown.output.count("· done: ") == 2
    assert "Cell 2 of 8 raised ZeroDivisionError: division by zero" in shown.output
    assert "Cell 8 of 8 raised ValueError: mine" in shown.output
    assert "Traceback" not in shown.output


def test_a_cell_that_never_ends_is_stopped(check: Callable[..., Any]) -> None:
    """An endless cell is named and stopped; what was checked before counts, what comes after has not run."""
    hand_in(HELLO.solution_notebook, replace("def take_orders", "while True: pass"))
    shown = check("--within", "8")
    assert shown.exit_code == 1
    assert "Exercise 1 · Send the orders · done: " in shown.output
    assert shown.output.count("· not yet: its check did not run") == 2
    assert "Cell 4 of 8 was still running after 8 s and was stopped; no later one ran." in shown.output


def test_a_cell_that_kills_its_kernel_is_told(check: Callable[..., Any]) -> None:
    """A kernel that dies is one sentence, not a traceback."""
    hand_in(HELLO.lab_notebook, replace("def send_orders", "import os; os._exit(1)"))
    shown = check()
    assert shown.exit_code == 1
    assert "The kernel died in cell 2 of 8; no later one ran." in shown.output


def test_a_file_that_is_no_notebook_is_told(check: Callable[..., Any]) -> None:
    """A notebook that cannot be read is a sentence that names it."""
    hand_in(HELLO.lab_notebook).write_text("{", encoding="utf-8")
    shown = check()
    assert shown.exit_code == 1
    assert "01_hello_queue.ipynb cannot be read as a notebook" in shown.output


def test_a_lab_that_is_not_there_is_told() -> None:
    """`warren check 99` names the lessons there are."""
    shown = CliRunner().invoke(app, ["check", "99"])
    assert shown.exit_code == 1
    assert "There is no lesson '99'. The course has: 00 Start here" in " ".join(shown.output.split())
