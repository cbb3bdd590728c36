"""Authors' tool: run the course's notebooks, bring them to their normal form, write what is derived from them.

    python tools/notebooks.py             everything: run lessons and solutions, then labs, navigation, README table
    python tools/notebooks.py 01 02       these lessons only
    python tools/notebooks.py --no-run    only what needs no broker: normal form, labs, navigation, README table
    python tools/notebooks.py --check     as --no-run, but write nothing and name what would change
    python tools/notebooks.py --pictures  take new pictures even where code and text outputs stayed the same

To write a lesson as a Python file instead: `jupytext --to py:percent notebooks/01_hello_queue.ipynb`, edit, then
`jupytext --update --to ipynb notebooks/01_hello_queue.py` (keeps ids and outputs) and this tool.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbclient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_pages import expected_files, lab_of, navigate, with_table
from normal_form import NotebookError, keep_pictures, normalise, read, text
from warren import course
from warren.errors import WarrenError

CELL_TIMEOUT = 60  # seconds; the same deadline nbval has. A whole lesson should take 12


@dataclass
class Run:
    """One call of the tool: what it may do, and what it found."""

    execute: bool = True
    write: bool = True
    pictures: bool = False
    changed: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def lesson(self, lesson: course.Lesson) -> None:
        """Bring one lesson, its solution and its lab up to date; what is wrong goes to `problems`."""
        self._try(self._source, lesson.notebook, lesson, "notebooks")
        if lesson.lab:
            self._try(self._solution, lesson.solution_notebook, lesson, "labs")

    def readme(self) -> None:
        """Bring the README's course table up to date."""
        self._try(self._readme, course.root() / "README.md")

    def _try(self, step, path: Path, *arguments: object) -> None:  # type: ignore[no-untyped-def]  # three shapes of step
        try:
            step(path, *arguments)
        except FileNotFoundError:
            self.problems.append(f"{_short(path)} does not exist; course.toml asks for it.")
        except (NotebookError, WarrenError) as error:
            self.problems.append(f"{_short(path)}: {error}")

    def _source(self, path: Path, lesson: course.Lesson, kind: str) -> NotebookNode:
        stood, before, notebook = path.read_bytes(), normalise(read(path)), read(path)
        navigate(notebook, lesson, kind)
        if self.execute:
            print(f"{_short(path)} …", flush=True)
            execute(notebook, path.parent)
        normalise(notebook)
        if self.execute and not self.pictures:
            keep_pictures(notebook, before)
        if path.read_bytes() != stood:
            raise NotebookError("It was edited while it ran, so nothing was written; run it again.")
        self._put(path, text(notebook))
        return notebook

    def _solution(self, path: Path, lesson: course.Lesson, kind: str) -> None:
        self._put(lesson.lab_notebook, text(lab_of(self._source(path, lesson, kind))))

    def _readme(self, path: Path) -> None:
        self._put(path, with_table(path.read_text(encoding="utf-8")))

    def _put(self, path: Path, content: str) -> None:
        if path.exists() and path.read_text(encoding="utf-8") == content:
            return
        self.changed.append(path)
        if self.write:
            beside = path.with_name(f".{path.name}.new")
            beside.write_text(content, encoding="utf-8")
            beside.replace(path)  # a reader, or a Ctrl-C, never meets half a notebook


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run every cell on a fresh kernel whose working directory is `folder`, in place.

    Raises NotebookError, with the code cell's number, for a cell that raises, writes to stderr or takes over a minute.
    """
    at = {"cell": 0}
    codes = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]

    def start(**seen: Any) -> None:
        at["cell"] = codes.index(seen["cell_index"]) + 1 if seen["cell_index"] in codes else at["cell"]

    client = nbclient.NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        on_cell_start=start,
        extra_arguments=["--Application.log_level=ERROR"],  # each kernel warns that it talks over loopback unencrypted
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise NotebookError(f"Code cell {at['cell']} raised {error.ename}: {_last_line(error.evalue)}") from error
    except CellTimeoutError as error:
        raise NotebookError(f"Code cell {at['cell']} was not done after {CELL_TIMEOUT} s.") from error
    except DeadKernelError as error:
        raise NotebookError(f"The kernel died in code cell {at['cell']}.") from error
    _refuse_stderr(notebook)


def _refuse_stderr(notebook: NotebookNode) -> None:
    """A lesson has no stderr: nbval compares it, and warnings differ from machine to machine."""
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        said = [output.text for output in cell.outputs if output.get("name") == "stderr"]
        if said:
            raise NotebookError(f"Code cell {number} wrote to stderr, which a lesson must not: {_last_line(said[0])}")


def _last_line(said: str) -> str:
    """Where an error says what it is; without terminal colours."""
    return (re.sub(r"\x1b\[[0-9;]*m", "", said).strip().splitlines() or [""])[-1]


def _short(path: Path) -> str:
    return str(path.relative_to(course.root())) if path.is_relative_to(course.root()) else str(path)


@contextmanager
def broker_of_its_own() -> Iterator[None]:
    """A broker and a work folder that are not the author's, so that running a solution marks no lab of theirs as done.

    A `WARREN_URL` or `WARREN_STATE` that is set is used as it is.
    """
    from warren import brokers

    own = not (os.environ.get("WARREN_URL") or os.environ.get("WARREN_STATE"))
    folder = Path(tempfile.mkdtemp(prefix="warren-notebooks-"))
    os.environ["WARREN_WORK"] = str(folder / "work")
    if own:
        os.environ |= {"WARREN_STATE": str(folder / "state"), "WARREN_OWNER": str(os.getpid())}
    try:
        brokers.find()
        yield
    finally:
        if own:
            brokers.down()
        shutil.rmtree(folder, ignore_errors=True)


def stray_notebooks() -> list[Path]:
    """Notebooks in the course's folders that `course.toml` does not know."""
    folders = [course.root() / name for name in ("notebooks", "labs", "solutions")]
    return sorted({path for folder in folders for path in folder.glob("*.ipynb")} - expected_files())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lessons", nargs="*", metavar="NN", help="numbers of lessons; none means all")
    parser.add_argument("--no-run", action="store_true", help="run no notebook")
    parser.add_argument("--check", action="store_true", help="run and write nothing; fail if something would change")
    parser.add_argument("--pictures", action="store_true", help="take new pictures everywhere")
    options = parser.parse_args(arguments)
    run = Run(execute=not (options.no_run or options.check), write=not options.check, pictures=options.pictures)
    try:
        chosen = [course.lesson(number) for number in options.lessons if number != "all"] or course.lessons()
        if run.execute:
            with broker_of_its_own():
                _each(run, chosen)
        else:
            _each(run, chosen)
    except WarrenError as error:
        run.problems.append(str(error))
    return _report(run)


def _each(run: Run, chosen: tuple[course.Lesson, ...] | list[course.Lesson]) -> None:
    for lesson in chosen:
        run.lesson(lesson)
    run.readme()
    run.problems += [f"{_short(path)} is not in course.toml." for path in stray_notebooks()]


def _report(run: Run) -> int:
    verb = "written" if run.write else "out of date (run `make notebooks`)"
    for path in run.changed:
        print(f"{verb}: {_short(path)}")
    for problem in run.problems:
        print(problem, file=sys.stderr)
    if not run.changed and not run.problems:
        print("Nothing to change.")
    return 1 if run.problems or (run.changed and not run.write) else 0


if __name__ == "__main__":
    sys.exit(main())
