"""The whole course under nbval against the time its cells take by themselves."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import nbclient
import nbformat
from measure import Row, seconds

from warren import brokers

ROOT = Path(__file__).resolve().parents[1]


def measure() -> list[Row]:
    """Runs every lesson and solution twice: by nbval, and cell by cell."""
    brokers.find()
    notebooks = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("solutions/*.ipynb")])
    cells = sum(map(own_time, notebooks))
    rows = []
    for processes in ("0", "2"):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            processes,
            "-p",
            "no:cacheprovider",
            *map(str, notebooks),
        ]
        took = seconds(lambda command=command: subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL))
        how = "one process" if processes == "0" else f"{processes} processes"
        what = f"nbval over {len(notebooks)} notebooks, {how}, each with a broker of its own"
        rows.append(Row(what, took, "their cells' own run time", cells, "under 1.6 ×"))
    return rows


def own_time(path: Path) -> float:
    """Seconds between a cell's start and its reply, all cells of a notebook together."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    times = [cell.metadata.execution for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    return sum((moment(one["shell.execute_reply"]) - moment(one["iopub.status.busy"])).total_seconds() for one in times)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
