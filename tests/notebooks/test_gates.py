"""Every notebook of the course, as it stands on disk, is what STYLE.md and COURSE.md ask for. Nothing is run."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from statistics import median

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from course_pages import CHECK, NAVIGATION
from normal_form import read
from notebooks import Run, stray_notebooks
from warren import course

LESSONS = course.lessons()
LABS = [lesson for lesson in LESSONS if lesson.lab]
RUN = [lesson.notebook for lesson in LESSONS] + [lesson.solution_notebook for lesson in LABS]  # what has outputs
ALL = RUN + [lesson.lab_notebook for lesson in LABS]

FRAME = ("watch", "predict", "break", "fix", "what we learned", "questions", "in production", "clean up")
LONGEST_CELL, MEDIAN_CELL = 20, 5  # lines, STYLE.md
IGNORED_OUTPUTS = 2  # cells a notebook may have whose numbers differ from run to run, STYLE.md
DIFFERS = {  # what no output may hold, since it is another one on the next machine or in the next run
    "a port": r"(?:127\.0\.0\.1|localhost|\[::1\]):\d{2,5}",
    "a server-named queue": r"\bamq[._]gen-",
    "a consumer tag": r"\bctag\d",
    "a memory address": r"\b0x[0-9a-fA-F]{6,}",
    "a path": r"(?<![\w.])/(?:home|tmp|root|Users|work|usr|var)/",
    "a time": r"\b\d{1,2}:\d{2}:\d{2}\b",
    "a date": r"\b20\d\d-\d\d-\d\d\b",
    "a UUID": r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-",
    "a process id": r"\b[pP][iI][dD]\W{0,3}\d",
}

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
each_lab = pytest.mark.parametrize("lesson", LABS, ids=lambda lesson: lesson.name)
each_run = pytest.mark.parametrize("path", RUN, ids=lambda path: f"{path.parent.name}-{path.stem}")
each_notebook = pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}-{path.stem}")


def cells(path: Path, kind: str) -> list[NotebookNode]:
    """The notebook's cells of that kind that an author wrote."""
    return [
        cell for cell in read(path).cells if cell.cell_type == kind and NAVIGATION not in cell.metadata.get("tags", [])
    ]


def outputs(path: Path) -> list[NotebookNode]:
    return [output for cell in cells(path, "code") for output in cell.outputs]


def shown(output: NotebookNode) -> str:
    """All text of an output."""
    data = output.get("data", {})
    return "\n".join(
        [output.get("text", ""), output.get("evalue", ""), data.get("text/plain", ""), data.get("text/html", "")]
    )


def differing(found: list[NotebookNode]) -> list[tuple[str, str]]:
    """What these outputs hold that differs from machine to machine: its kind, and the line it stands in."""
    return [
        (what, line)
        for output in found
        for what, bad in DIFFERS.items()
        for line in re.findall(rf".*{bad}.*", shown(output))
    ]


def lines(cell: NotebookNode) -> list[str]:
    return [line.strip() for line in cell.source.splitlines() if line.strip()]


def headings(path: Path) -> str:
    markdown = "\n".join(cell.source for cell in cells(path, "markdown"))
    return "\n".join(re.findall(r"^#+ (.*)$", markdown, re.MULTILINE)).lower()


# Derived files


@each_lesson
def test_what_is_derived_is_up_to_date(lesson: course.Lesson) -> None:
    """Lesson and solution are in normal form with today's navigation, and the lab is what its solution leads to."""
    run = Run(execute=False, write=False)
    run.lesson(lesson)
    assert not run.problems
    assert not run.changed, "run `make notebooks`"


def test_the_readme_shows_the_course_of_today() -> None:
    """The README's table is the one course.toml leads to."""
    run = Run(execute=False, write=False)
    run.readme()
    assert not run.problems
    assert not run.changed, "run `make notebooks`"


def test_no_notebook_is_unknown_to_the_course() -> None:
    """A notebook without a line in course.toml is one that nobody finds and nothing tests."""
    assert not stray_notebooks()


# What nbval cannot see


@each_run
def test_every_code_cell_was_run_in_order(path: Path) -> None:
    """nbval compares nothing where a count is missing, so every cell has its own: 1 to n."""
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts
    assert counts == list(range(1, len(counts) + 1))


@each_run
def test_no_cell_hides_from_nbval(path: Path) -> None:
    """Outputs are ignored by tag only and in two cells at most; no cell is skipped, none marked by a comment."""
    tags = [tag for cell in cells(path, "code") for tag in cell.metadata.get("tags", [])]
    assert tags.count("nbval-ignore-output") <= IGNORED_OUTPUTS
    assert "nbval-skip" not in tags
    assert not [cell.source for cell in cells(path, "code") if re.search(r"#\s*(NBVAL|PYTEST_VALIDATE)_", cell.source)]


@each_run
def test_some_output_is_compared(path: Path) -> None:
    """A notebook without any text to compare would be green whatever the broker does."""
    compared = [cell for cell in cells(path, "code") if "nbval-ignore-output" not in cell.metadata.get("tags", [])]
    assert sum(bool(cell.outputs) for cell in compared) >= 3


@each_run
def test_outputs_hold_nothing_that_differs(path: Path) -> None:
    """No ports, ids, times, addresses or paths: facts are printed, objects are not."""
    assert not differing(outputs(path))


def test_every_output_is_looked_at_for_what_differs() -> None:
    """A path in the first of two outputs is found."""
    texts = [new_output("stream", text=text) for text in ("/home/ada/shop\n", "3 orders\n")]
    assert [what for what, _ in differing(texts)] == ["a path"]


@each_run
def test_nothing_is_written_to_stderr(path: Path) -> None:
    """Warnings differ from machine to machine, and a red box frightens a learner."""
    assert not [output.text for output in outputs(path) if output.get("name") == "stderr"]


@each_run
def test_every_picture_and_widget_has_its_text(path: Path) -> None:
    """Where there is no picture or no widget (a screen reader, nbval), the text stands for it."""
    data = [output.data for output in outputs(path) if "data" in output]
    assert all(bundle.get("text/plain", "").strip() for bundle in data)
    assert not [mime for bundle in data for mime in bundle if "widget" in mime]


@each_lesson
def test_a_lesson_shows_its_widget_and_a_picture(lesson: course.Lesson) -> None:
    """GitHub and a screen reader get the live view's text and, as pixels, the picture of what it recorded."""
    assert [output for output in outputs(lesson.notebook) if shown(output).strip().startswith("Scope of")]
    assert [output for output in outputs(lesson.notebook) if "image/png" in output.get("data", {})]


@each_run
def test_no_figure_is_text_only(path: Path) -> None:
    """A matplotlib figure that the kernel does not know how to show leaves `<Figure size …>` and nothing to see."""
    figures = [output for output in outputs(path) if re.match(r"<\w+ size \d+x\d+", shown(output).strip())]
    assert all("image/png" in figure.data for figure in figures)


# Style


@each_run
def test_cells_are_short(path: Path) -> None:
    """One idea per cell: half of them have five lines or fewer, none more than twenty, none is empty."""
    lengths = [len(lines(cell)) for cell in cells(path, "code")]
    assert min(lengths) > 0
    assert max(lengths) <= LONGEST_CELL
    assert median(lengths) <= MEDIAN_CELL


@each_notebook
def test_nothing_sleeps_or_blocks_for_good(path: Path) -> None:
    """A cell polls with a deadline; only in a function, a worker's pretended work, may sleep stand."""
    for cell in cells(path, "code"):
        tree = compile(cell.source, path.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        inside = {
            id(node) for function in ast.walk(tree) if isinstance(function, _FUNCTIONS) for node in ast.walk(function)
        }
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert not [ast.unparse(call) for call in calls if _name(call) == "start_consuming"]
        assert not [ast.unparse(call) for call in calls if _name(call) == "sleep" and id(call) not in inside]


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@each_notebook
def test_markdown_is_plain(path: Path) -> None:
    """JupyterLab and GitHub show no MyST directives."""
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    assert not re.findall(r"^(?::::+|```+\{).*", text, re.MULTILINE)


@each_notebook
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link is a notebook beside it, in notebooks/ or in labs/: that holds in a learner's work/, too."""
    markdown = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)\s#]+)", markdown):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), target
            assert re.fullmatch(r"(?:\.\./(?:notebooks|labs)/)?[\w.]+\.ipynb", target), target


def test_no_six_lines_stand_in_two_notebooks() -> None:
    """What two notebooks need belongs to the package, or is taught once."""
    where: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for path in RUN:
        for cell in cells(path, "code"):
            code = lines(cell)
            for start in range(len(code) - 5):
                where[tuple(code[start : start + 6])].add(f"{path.parent.name}/{path.name}")
    assert not {six: found for six, found in where.items() if len(found) > 1}


# The frames of COURSE.md


@each_lesson
def test_a_lesson_begins_with_title_minutes_and_goal(lesson: course.Lesson) -> None:
    """The first cell says what this is, how long it takes and, in at most three points, what one can do afterwards."""
    first = cells(lesson.notebook, "markdown")[0].source
    assert first == read(lesson.notebook).cells[1].source
    assert re.match(rf"# .*{re.escape(lesson.title)}", first)
    assert re.search(rf"\b{lesson.minutes} min", first)
    assert 1 <= len(re.findall(r"^[-*] ", first, re.MULTILINE)) <= 3


@pytest.mark.parametrize("lesson", LABS, ids=lambda lesson: lesson.name)
def test_a_lesson_keeps_the_frame(lesson: course.Lesson) -> None:
    """Every lesson has the same parts, so that a learner knows where they are."""
    said = headings(lesson.notebook)
    assert not [part for part in FRAME if part not in said]


@each_run
def test_the_last_cell_closes(path: Path) -> None:
    """A notebook that ran to its end leaves nothing behind on the broker."""
    assert re.search(r"\b(lesson|lab)\.close\(\)", cells(path, "code")[-1].source)


@each_lab
def test_a_lab_asks_for_what_it_checks(lesson: course.Lesson) -> None:
    """Two to four exercises, numbered from 1, each with a stub to fill and a check; and a lab shows no output."""
    code = cells(lesson.lab_notebook, "code")
    checks = [int(found) for cell in code for found in CHECK.findall(cell.source)]
    stubs = {int(found) for cell in code for found in re.findall(r'Error\("exercise (\d+):', cell.source)}
    assert checks == list(range(1, len(checks) + 1))
    assert 2 <= len(checks) <= 4
    assert stubs == set(checks)
    assert not [cell for cell in code if cell.outputs or cell.execution_count is not None]


@each_lab
def test_a_solution_is_done(lesson: course.Lesson) -> None:
    """Every check of the committed solution says *done*; how the broker sees it, tests/checks proves."""
    for cell in cells(lesson.solution_notebook, "code"):
        if CHECK.search(cell.source):
            assert "done" in "\n".join(shown(output) for output in cell.outputs), cell.source
