"""The whole course under nbval against the time its cells take by themselves."""

from __future__ import annotations

import os
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
    state = os.environ["WARREN_STATE"]
    one = seconds(lambda: nbval(notebooks, "-n", "0", "--warren-state", state))
    two = seconds(lambda: nbval(notebooks, "-n", "2"))
    what = f"nbval over {len(notebooks)} notebooks"
    return [
        Row(f"{what}, one process, a running broker", one, "their cells' own run time", cells, "under 1.6 ×"),
        Row(f"{what}, two processes, brokers of their own", two, "one process, a running broker", one),
    ]


def nbval(notebooks: list[Path], *options: str) -> None:
    """What CI does with the notebooks. Ends the program with pytest's last lines where one fails."""
    command = [sys.executable, "-m", "pytest", "-q", *options, *map(str, notebooks)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    if done.returncode:
        sys.exit("\n".join(done.stdout.splitlines()[-15:]))


def own_time(path: Path) -> float:
    """Seconds between a cell's start and its reply, all cells of a notebook together."""
    notebook = nbformat.read(path, as_version=4)
    options = {"resources": {"metadata": {"path": str(path.parent)}}, "kernel_name": "python3", "timeout": 120}
    quiet = ["--Application.log_level=ERROR"]  # each kernel warns that it talks over loopback unencrypted
    nbclient.NotebookClient(notebook, extra_arguments=quiet, **options).execute()
    times = [cell.metadata.execution for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    return sum((moment(one["shell.execute_reply"]) - moment(one["iopub.status.busy"])).total_seconds() for one in times)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
