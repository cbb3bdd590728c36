"""What is written by a program in the course: labs out of solutions, navigation cells, the README's table.

Sources: `course.toml` for the order, `solutions/` for the labs.
"""

# mypy: disable-error-code="no-untyped-call"
# nbformat is typed only in part

from __future__ import annotations

import copy
import re
from itertools import groupby
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from normal_form import NotebookError
from warren import course

REGION = re.compile(r"^([ \t]*)### BEGIN SOLUTION[ \t]*\n(?:.*\n)*?[ \t]*### END SOLUTION[ \t]*$", re.MULTILINE)
CHECK = re.compile(r"\blab\.check\(\s*(\d+)")
NAVIGATION = "navigation"  # tag of the first and the last cell
SOLUTION_ONLY = "solution-only"  # tag of a cell that a lab does not get
TABLE_BEGINS, TABLE_ENDS = "<!-- course:begin -->", "<!-- course:end -->"


def lab_of(solution: NotebookNode) -> NotebookNode:
    """The lab a solved lab leads to: no outputs, and a stub that cannot pass in place of each solution region.

    A stub names the exercise whose `lab.check(n)` comes next. Raises NotebookError for a region that does not end or
    has no check after it, and where there is no region at all.
    """
    lab = copy.deepcopy(solution)
    lab.cells = [cell for cell in lab.cells if SOLUTION_ONLY not in cell.metadata.get("tags", [])]
    stubs = 0
    for position, cell in enumerate(lab.cells):
        if cell.cell_type != "code":
            continue
        cell.execution_count, cell.outputs = None, []
        exercise = _next_check(lab.cells[position:])
        cell.source, replaced = REGION.subn(lambda region, n=exercise: _stub(region[1], n), cell.source)  # type: ignore[misc]
        stubs += replaced
        if "# BEGIN SOLUTION" in cell.source or "# END SOLUTION" in cell.source:
            raise NotebookError(f"A solution region does not begin and end in one cell: {cell.source!r}.")
    if not stubs:
        raise NotebookError("There is no region from `### BEGIN SOLUTION` to `### END SOLUTION` to make a lab of.")
    return lab


def _next_check(cells: list[NotebookNode]) -> str | None:
    checks = (CHECK.search(cell.source) for cell in cells if cell.cell_type == "code")
    return next((check[1] for check in checks if check), None)


def _stub(indent: str, exercise: str | None) -> str:
    if exercise is None:
        raise NotebookError("A solution region has no `lab.check(n)` after it, so nothing says which exercise it is.")
    return f'{indent}raise NotImplementedError("exercise {exercise}: your code goes here")'


def navigate(notebook: NotebookNode, lesson: course.Lesson, kind: str) -> None:
    """Write the first and the last cell: where this notebook stands in the course. `kind` is "notebooks" or "labs"."""
    cells = [cell for cell in notebook.cells if NAVIGATION not in cell.metadata.get("tags", [])]
    links = _lesson_links(lesson) if kind == "notebooks" else _lab_links(lesson)
    top, bottom = (" · ".join(link for link in side if link) for side in links)
    notebook.cells = [_cell("navigation-top", top), *cells, _cell("navigation-end", bottom)]


def _cell(name: str, source: str) -> NotebookNode:
    cell: NotebookNode = nbformat.v4.new_markdown_cell(source, id=name, metadata={"tags": [NAVIGATION]})
    return cell


def _lesson_links(lesson: course.Lesson) -> tuple[list[str], list[str]]:
    before, after = _neighbours(lesson)
    back = f"[◂ {before.number} {before.title}]({before.name}.ipynb)" if before else ""
    on = f"[{after.number} {after.title} ▸]({after.name}.ipynb)" if after else ""
    lab = f"**[Lab {lesson.number} ▸](../labs/{lesson.name}.ipynb)**" if lesson.lab else ""
    return [back, f"{lesson.part}", on], [back, lab, on]


def _lab_links(lesson: course.Lesson) -> tuple[list[str], list[str]]:
    _, after = _neighbours(lesson)
    back = f"[◂ Lesson {lesson.number} {lesson.title}](../notebooks/{lesson.name}.ipynb)"
    on = f"**[Lesson {after.number} {after.title} ▸](../notebooks/{after.name}.ipynb)**" if after else ""
    return [back], [back, on]


def _neighbours(lesson: course.Lesson) -> tuple[course.Lesson | None, course.Lesson | None]:
    order = course.lessons()
    here = order.index(lesson)
    return (order[here - 1] if here else None), (order[here + 1] if here + 1 < len(order) else None)


def table() -> str:
    """The course as the README shows it: a table per part."""
    parts = groupby(course.lessons(), key=lambda lesson: lesson.part)
    return "\n\n".join("\n".join([f"### {part}", "", *_rows(list(lessons))]) for part, lessons in parts)


def _rows(lessons: list[course.Lesson]) -> list[str]:
    head = ["| | lesson | minutes | what you see | lab |", "|---|---|---|---|---|"]
    return head + [
        f"| {lesson.number} | [{lesson.title}](notebooks/{lesson.name}.ipynb) | {lesson.minutes} | {lesson.teaches} | "
        + (f"[lab](labs/{lesson.name}.ipynb) |" if lesson.lab else "|")
        for lesson in lessons
    ]


def with_table(readme: str) -> str:
    """The README's text with the course table of today. Raises NotebookError where the two marker lines are missing."""
    before, begins, rest = readme.partition(TABLE_BEGINS)
    _, ends, after = rest.partition(TABLE_ENDS)
    if not begins or not ends:
        raise NotebookError(f"README.md needs the lines `{TABLE_BEGINS}` and `{TABLE_ENDS}` around its course table.")
    return f"{before}{TABLE_BEGINS}\n{table()}\n{TABLE_ENDS}{after}"


def expected_files() -> set[Path]:
    """Every notebook that `course.toml` promises."""
    lessons = course.lessons()
    labs = [lesson for lesson in lessons if lesson.lab]
    return {
        *(lesson.notebook for lesson in lessons),
        *(lesson.solution_notebook for lesson in labs),
        *(lesson.lab_notebook for lesson in labs),
    }
