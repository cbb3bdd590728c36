"""The normal form itself, on small notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from normal_form import NotebookError, keep_pictures, normalise, read, text

PIXEL, OTHER_PIXEL = "aGVsbG8=", "d29ybGQ="


def notebook(*cells: NotebookNode) -> NotebookNode:
    return new_notebook(cells=list(cells))


def cell(source: str, *outputs: NotebookNode, count: int | None = 1) -> NotebookNode:
    return new_code_cell(source, outputs=list(outputs), execution_count=count, id=f"id-{abs(hash(source)) % 10**6}")


def stream(said: str, name: str = "stdout") -> NotebookNode:
    return new_output("stream", name=name, text=said)


def figure(pixels: str, said: str = "<Figure>") -> NotebookNode:
    return new_output("display_data", {"text/plain": said, "image/png": pixels})


def test_counts_become_one_to_n() -> None:
    """However often a cell was run before, its count and its result's count are its place among the code cells."""
    result = new_output("execute_result", {"text/plain": "2"}, execution_count=41)
    done = normalise(notebook(cell("a", count=40), cell("1 + 1", result, count=41)))
    assert [each.execution_count for each in done.cells] == [1, 2]
    assert done.cells[1].outputs[0].execution_count == 2


def test_a_cell_that_was_not_run_stays_without_a_count() -> None:
    """A count that no run produced would let nbval compare nothing and pass."""
    assert normalise(notebook(cell("a", count=None))).cells[0].execution_count is None


def test_versions_timings_and_widget_state_go() -> None:
    """What differs between two machines or two runs is not in the file."""
    messy = notebook(cell("a"))
    messy.metadata = {"widgets": {"x": {}}, "language_info": {"name": "python", "version": "3.11.7"}}
    messy.cells[0].metadata = {"execution": {"iopub.status.busy": "2026"}, "scrolled": True, "tags": ["keep"]}
    written = json.loads(text(normalise(messy)))
    assert "widgets" not in written["metadata"]
    assert written["metadata"]["language_info"] == {"name": "python"}
    assert written["cells"][0]["metadata"] == {"tags": ["keep"]}


def test_a_widget_leaves_its_text_and_its_picture() -> None:
    """GitHub shows the picture and nbval compares the text; the model's random id is of no use to either."""
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1a2b"}, "text/plain": "Scope", "image/png": PIXEL}
    output = normalise(notebook(cell("scope", new_output("display_data", view)))).cells[0].outputs[0]
    assert output.data == {"text/plain": "Scope", "image/png": PIXEL}


def test_streams_are_merged() -> None:
    """How a kernel cuts its text into messages is chance, so a cell has one output per stream."""
    outputs = normalise(notebook(cell("a", stream("one\n"), figure(PIXEL), stream("two\n")))).cells[0].outputs
    assert [output.output_type for output in outputs] == ["stream", "display_data"]
    assert outputs[0].text == "one\ntwo\n"


def test_an_expected_error_keeps_its_last_line_only() -> None:
    """A traceback names files and lines of the machine it ran on."""
    error = new_output("error", ename="ValueError", evalue="no", traceback=["/some/where/file.py", "ValueError: no"])
    assert normalise(notebook(cell("a", error))).cells[0].outputs[0].traceback == ["ValueError: no"]


def test_missing_ids_are_the_same_each_time(tmp_path: Path) -> None:
    """A notebook without ids (an old editor's) gets ids that do not change with each run."""
    path = tmp_path / "old.ipynb"
    raw = json.loads(text(notebook(cell("a"), cell("b"))))
    for each in raw["cells"]:
        del each["id"]
    path.write_text(json.dumps(raw), encoding="utf-8")
    first = [each.id for each in read(path).cells]
    assert first == [each.id for each in read(path).cells]
    assert len(set(first)) == 2


def test_ids_that_are_there_are_kept(tmp_path: Path) -> None:
    """A learner's copy and a diff find a cell again by its id."""
    path = tmp_path / "new.ipynb"
    path.write_text(text(notebook(cell("a"))), encoding="utf-8")
    assert read(path).cells[0].id == cell("a").id


def test_normal_form_of_a_normal_form_is_itself(tmp_path: Path) -> None:
    """Normalising is idempotent to the byte, through the disk."""
    path = tmp_path / "some.ipynb"
    path.write_text(text(normalise(notebook(cell("print(1)   \n\n", stream("1\n"), figure(PIXEL))))), encoding="utf-8")
    assert text(normalise(read(path))) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", ["", "[]", '{"cells": 3}', '{"worksheets": []}', '{"cells": [{"source": "a"}]}'])
def test_a_file_that_is_no_notebook_is_one_sentence(tmp_path: Path, content: str) -> None:
    """A broken file is named, not a traceback from three libraries down."""
    path = tmp_path / "broken.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(NotebookError, match=r"^broken.ipynb is not a notebook of format 4 \(.*\)\.$"):
        read(path)


def test_a_picture_drawn_again_stays_the_old_one() -> None:
    """A figure whose code and text did not change keeps its bytes, so that a diff shows only what changed."""
    before, after = notebook(cell("plot", figure(PIXEL))), notebook(cell("plot", figure(OTHER_PIXEL)))
    keep_pictures(after, before)
    assert after.cells[0].outputs[0].data["image/png"] == PIXEL


def test_an_output_that_nbval_ignores_stays_the_old_one() -> None:
    """The seconds a cell took are new each time, and not worth a line in the history."""
    before, after = notebook(cell("took()", stream("1.2 s\n"))), notebook(cell("took()", stream("1.3 s\n")))
    for each in (before.cells[0], after.cells[0]):
        each.metadata.tags = ["nbval-ignore-output"]
    keep_pictures(after, before)
    assert after.cells[0].outputs[0].text == "1.2 s\n"


@pytest.mark.parametrize(
    "before",
    [
        [cell("publish(10)", stream("10\n")), cell("plot", figure(PIXEL))],
        [cell("publish(20)", stream("10\n")), cell("plot", figure(PIXEL))],
        [cell("publish(20)", stream("20\n")), cell("plot", figure(PIXEL, "<Figure of 10>"))],
        [cell("publish(20)", stream("20\n")), cell("plot", new_output("display_data", {"text/plain": "<Figure>"}))],
    ],
    ids=["text before it changed", "code before it changed", "its own text changed", "there was none"],
)
def test_a_picture_of_something_else_is_taken_anew(before: list[NotebookNode]) -> None:
    """An old picture never stands under new code or new numbers, not even when they changed in a cell above it."""
    after = notebook(cell("publish(20)", stream("20\n")), cell("plot", figure(OTHER_PIXEL)))
    keep_pictures(after, notebook(*before))
    assert after.cells[1].outputs[0].data["image/png"] == OTHER_PIXEL


def test_what_is_written_is_a_valid_notebook() -> None:
    """JupyterLab and GitHub read what we write."""
    nbformat.validate(nbformat.reads(text(normalise(notebook(cell("a", stream("1\n"))))), as_version=4))
