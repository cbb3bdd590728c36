"""The solved lab as the source of `lab.solution(n)`."""

from __future__ import annotations

import re

from warren import course
from warren.errors import CourseError

_MARKER = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[ \t]*\n?", re.MULTILINE)


def solution(lab: course.Lesson, exercise: int) -> str:
    """The code of the solution regions that stand before `lab.check(exercise`, and after the check before.

    Raises CourseError where the solved lab is not installed, or does not solve that exercise.
    """
    import nbformat  # takes 1 to 2 s (its schema library builds a grammar), and every lab would wait for it to open

    try:
        notebook = nbformat.read(lab.solution_notebook, as_version=4)
    except OSError as error:
        raise CourseError(f"The solutions of lab {lab.number} are not here ({error.strerror}).") from error
    found: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and "### BEGIN SOLUTION" in cell.source:
            found.append(_MARKER.sub("", cell.source).strip())
        if checked := re.search(r"\blab\.check\(\s*(\d+)", cell.source):
            if int(checked[1]) == exercise and found:
                return "\n\n".join(found)
            found = []
    raise CourseError(f"The solved lab {lab.number} has no solution of exercise {exercise}.")
