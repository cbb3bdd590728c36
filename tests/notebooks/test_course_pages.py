"""What is derived: labs, navigation, the README's table."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_pages import TABLE_BEGINS, TABLE_ENDS, lab_of, navigate, table, with_table
from normal_form import NotebookError, text
from warren import course

SOLVED = '''def send(url, orders):
    """Publish every order."""
    ### BEGIN SOLUTION
    for order in orders:
        if order:
            publish(order)
    ### END SOLUTION'''


def solution(*sources: str) -> NotebookNode:
    cells = [new_code_cell(source, outputs=[new_output("stream", text="x")], execution_count=3) for source in sources]
    return new_notebook(cells=[new_markdown_cell("# Lab"), *cells])


def test_a_region_becomes_a_stub_that_cannot_pass() -> None:
    """The lab keeps name, arguments and docstring, and raises where the answer stood."""
    lab = lab_of(solution(SOLVED, "lab.check(2, send)"))
    assert lab.cells[1].source.splitlines()[-1] == ('    raise NotImplementedError("exercise 2: your code goes here")')
    names: dict[str, object] = {}
    exec(lab.cells[1].source, names)
    with pytest.raises(NotImplementedError, match="exercise 2"):
        names["send"]("amqp://", [1])  # type: ignore[operator]


def test_each_stub_names_its_own_exercise() -> None:
    """The number is that of the check that follows, also when one cell holds two regions."""
    two = f"{SOLVED}\n\n{SOLVED.replace('send', 'drain')}"
    lab = lab_of(solution(SOLVED, "lab.check(1, send)", two, "lab.check(2, send, drain)"))
    assert lab.cells[1].source.count("exercise 1") == 1
    assert lab.cells[3].source.count("exercise 2") == 2


def test_a_lab_has_no_outputs_and_no_counts() -> None:
    """An output of the solution would tell the answer."""
    lab = lab_of(solution(SOLVED, "lab.check(1, send)"))
    assert all(not cell.outputs and cell.execution_count is None for cell in lab.cells[1:])


def test_cells_for_the_solution_only_are_dropped() -> None:
    """An explanation of the answer does not reach the lab."""
    solved = solution(SOLVED, "lab.check(1, send)")
    solved.cells.append(new_markdown_cell("Why this works", metadata={"tags": ["solution-only"]}))
    assert "Why this works" not in text(lab_of(solved))


def test_the_solution_itself_is_not_changed() -> None:
    """Deriving reads its source and leaves it alone."""
    solved = solution(SOLVED, "lab.check(1, send)")
    before = text(solved)
    lab_of(solved)
    assert text(solved) == before


@pytest.mark.parametrize(
    ("sources", "complaint"),
    [
        (["send = 1", "lab.check(1, send)"], "There is no region"),
        ([SOLVED], "has no `lab.check"),
        ([SOLVED.replace("### END SOLUTION", ""), "lab.check(1, send)"], "does not begin and end"),
        ([SOLVED, "### END SOLUTION", "lab.check(1, send)"], "does not begin and end"),
    ],
    ids=["no region", "no check", "no end", "no beginning"],
)
def test_a_solution_no_lab_can_be_made_of(sources: list[str], complaint: str) -> None:
    """A lab that shows the answer, or one nobody can check, is refused when it is made."""
    with pytest.raises(NotebookError, match=complaint):
        lab_of(solution(*sources))


def test_navigation_is_written_once() -> None:
    """Writing it again changes nothing, and the author's cells stay between its two."""
    notebook = new_notebook(cells=[new_markdown_cell("# Mine", id="mine")])
    navigate(notebook, course.lesson("01"), "notebooks")
    once = text(notebook)
    navigate(notebook, course.lesson("01"), "notebooks")
    assert text(notebook) == once
    assert [cell.id for cell in notebook.cells] == ["navigation-top", "mine", "navigation-end"]


@pytest.mark.parametrize("lesson", course.lessons(), ids=lambda lesson: lesson.number)
def test_a_lesson_leads_to_its_neighbours_and_its_lab(lesson: course.Lesson) -> None:
    """The first and the last lesson have one neighbour, the others two, in the order of course.toml."""
    notebook = new_notebook(cells=[])
    navigate(notebook, lesson, "notebooks")
    end = notebook.cells[-1].source
    order = course.lessons()
    here = order.index(lesson)
    neighbours = {other.name for other in (*order[max(here - 1, 0) : here], *order[here + 1 : here + 2])}
    assert {other.name for other in order if f"]({other.name}.ipynb)" in end} == neighbours
    assert (f"](../labs/{lesson.name}.ipynb)" in end) == lesson.lab


def test_the_table_has_a_row_for_each_lesson() -> None:
    """A lesson added to course.toml shows in the README."""
    rows = [line for line in table().splitlines() if "](notebooks/" in line]
    assert len(rows) == len(course.lessons())
    assert all(lesson.teaches in row for lesson, row in zip(course.lessons(), rows, strict=True))


def test_the_readme_keeps_what_stands_around_the_table() -> None:
    """Only what is between the two marker lines is ours."""
    readme = f"before\n{TABLE_BEGINS}\nold\n{TABLE_ENDS}\nafter\n"
    assert with_table(readme) == f"before\n{TABLE_BEGINS}\n{table()}\n{TABLE_ENDS}\nafter\n"
    assert with_table(with_table(readme)) == with_table(readme)


@pytest.mark.parametrize("readme", ["", TABLE_BEGINS, f"{TABLE_ENDS}\n{TABLE_BEGINS}"])
def test_a_readme_without_markers_is_refused(readme: str) -> None:
    """The tool does not guess where a table may go."""
    with pytest.raises(NotebookError, match=r"README\.md needs the lines"):
        with_table(readme)


def test_paths_are_where_the_course_says() -> None:
    """The links above and the package agree on where a lab lies."""
    assert course.lesson("01").lab_notebook == Path(course.root() / "labs" / "01_hello_queue.ipynb")
