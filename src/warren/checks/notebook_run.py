"""Running a learner's lab notebook from its first cell to its last, on a kernel of its own."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from warren.checks.result import Result, cannot_tell, not_yet
from warren.errors import BrokerRefused, BrokerUnavailable, ManagementUnavailable, WarrenError

_PLAIN = re.compile(r"\x1b\[[0-9;]*m")
_CHECK = re.compile(r"\blab\.check\(\s*(\d+)")
_NO_LAB = "name 'lab' is not defined"
_NO_BROKER = {kind.__name__ for kind in (BrokerRefused, BrokerUnavailable, ManagementUnavailable)}


class NotANotebook(WarrenError):
    """The file cannot be run."""


@dataclass
class Run:
    """What came of it: the last result of each exercise, and a sentence for each cell that raised or did not end.

    `missing` is for an exercise whose check the notebook did not reach or does not call.
    """

    results: dict[int, Result] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    missing: Result = field(default_factory=lambda: not_yet("its check did not run"))


def run(notebook: Path, within: float, watch: Callable[[int, int], None]) -> Run:
    """Run every cell, each at most `within` seconds; `watch` is told which cell of how many begins.

    A cell that raises does not end the run, one that does not end does. The file stays as it is. Raises NotANotebook.
    """
    try:
        content = nbformat.read(notebook, as_version=4)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise NotANotebook(f"{notebook.name} cannot be read as a notebook ({str(error).splitlines()[0]}).") from error
    with tempfile.TemporaryDirectory(prefix="warren-check-") as folder:
        report = Path(folder) / "results"
        ended = _execute(content, within, notebook.parent, report, watch)
        ran = Run(_results(report))
    _take_errors(content, ran)
    ran.troubles += ended
    return ran


def _execute(content: Any, within: float, folder: Path, report: Path, watch: Callable[[int, int], None]) -> list[str]:
    code = [index for index, cell in enumerate(content.cells) if cell.cell_type == "code"]
    now = 0

    def begins(cell_index: int, **_: Any) -> None:
        nonlocal now
        now = code.index(cell_index) + 1
        watch(now, len(code))

    client = NotebookClient(
        content,
        timeout=within,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=begins,
    )
    try:
        client.execute(env={**os.environ, "WARREN_RESULTS": str(report)})
    except CellTimeoutError:
        return [f"Cell {now} of {len(code)} was still running after {within:g} s and was stopped; no later one ran."]
    except DeadKernelError:
        return [f"The kernel died in cell {now} of {len(code)}; no later one ran."]
    return []


def _results(report: Path) -> dict[int, Result]:
    lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    return {exercise: Result(state, because) for exercise, state, because in map(json.loads, lines)}


def _take_errors(content: Any, ran: Run) -> None:
    """A sentence for each cell that raised; a check whose function is not there is an exercise not yet done.

    Where there was no broker, no exercise was tried, and the broker's sentence is the only one.
    """
    cells = [cell for cell in content.cells if cell.cell_type == "code"]
    raised = [
        (number, cell.source, output.ename, _PLAIN.sub("", output.evalue))
        for number, cell in enumerate(cells, 1)
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    for number, source, kind, said in raised:
        check = _CHECK.search(source)
        if kind in _NO_BROKER:
            ran.missing = cannot_tell(said)
        elif ran.missing.state == "cannot tell" and said == _NO_LAB:
            continue  # the cell that would have opened it has said why
        elif check and kind == "NameError":
            ran.results[int(check[1])] = not_yet(f"{said}: does the cell that defines it run?")
        else:
            ran.troubles.append(f"Cell {number} of {len(cells)} raised {kind}: {said}")
