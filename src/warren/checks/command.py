"""`warren check` and `warren progress`."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from warren import course, jupyter_home, work
from warren import progress as kept
from warren.checks.exercise import exercises
from warren.checks.result import FORMS, Result

console = Console(highlight=False)

CELL_WITHIN = 60.0  # seconds for one cell; the slowest check, with a restart of the broker, takes about ten


def check(
    lab: Annotated[str, typer.Argument(help="The lab's number, such as 01.")],
    within: Annotated[float, typer.Option(min=1, help="Seconds one cell may run.")] = CELL_WITHIN,
) -> None:
    """Run your notebook of a lab from top to bottom, and say how each exercise stands. Exit code 0: all are done."""
    from warren.checks.notebook_run import run  # imports what would slow down every other command

    entry = course.lab(lab)
    every = exercises(entry.number)
    notebook = work.copy_of(entry.lab_notebook)
    os.environ |= jupyter_home.environment()  # the kernel that `warren lab` gives this notebook
    if not notebook.exists():
        work.hand_out()
    with console.status(f"Lab {entry.number} · {entry.title}") as status:
        ran = run(notebook, within, lambda cell, of: status.update(f"Lab {entry.number} · cell {cell} of {of}"))
    console.print(f"Lab {entry.number} · {entry.title}", style="bold")
    results = [ran.results.get(one.number, ran.missing) for one in every]
    for one, result in zip(every, results, strict=True):
        console.print(_line(one.name, result), soft_wrap=True)
    for trouble in ran.troubles:
        console.print(trouble, markup=False, soft_wrap=True)
    if not all(result.done for result in results):
        raise typer.Exit(1)


def _line(name: str, result: Result) -> Text:
    sign, joint, colour = FORMS[result.state]
    return Text.assemble((f"{sign} {name} · {result.state}", f"bold {colour}"), joint, result.because.replace("`", ""))


def progress() -> None:
    """Show the course and what you have done of it."""
    try:
        done = kept.read()
    except (kept.Broken, work.WorkUnwritable) as broken:
        console.print(str(broken), markup=False, soft_wrap=True)
        done = {}
    table = Table("", "Lesson", "Lab", title="The course", title_justify="left")
    for lesson in course.lessons():
        table.add_row(lesson.number, lesson.title, _exercises(lesson, done))
    console.print(table)


def _exercises(lesson: course.Lesson, done: kept.Progress) -> Text:
    if not lesson.lab:
        return Text("no lab", style="dim")
    marks = [(one, kept.done(done, lesson.number, one.number)) for one in exercises(lesson.number)]
    count = f"{sum(is_done for _, is_done in marks)} of {len(marks)} done"
    lines = [f"{'✔' if is_done else '·'} {one.number} {one.title}" for one, is_done in marks]
    return Text("\n".join([count, *lines]))
