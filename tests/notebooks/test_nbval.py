"""What nbval sees of a notebook in normal form, and what it does not see: the reasons for some of our own gates."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from normal_form import normalise, text

ACKED = new_output("stream", text="acked 10\n")
FIGURE = new_output("display_data", {"image/png": "b2xk", "text/plain": "a figure"})
LATE = "import sys; print('acked 10'); print('late', file=sys.stderr)"
SLIDER = "import ipywidgets; ipywidgets.IntSlider(3)"


def slider(said: str) -> NotebookNode:
    return new_output("execute_result", {"text/plain": said}, execution_count=1)


PICTURE = "display({'image/png': 'bmV3', 'text/plain': 'a figure'}, raw=True)"

CASES = {  # what a cell is: its source, the output on disk (False: it was never run), nbval's verdict
    "the same text": ("print('acked 10')", ACKED, "PASSED"),
    "another text": ("print('acked 9')", ACKED, "FAILED"),
    "no text any more": ("acked = 10", ACKED, "FAILED"),
    "a new stderr": (LATE, ACKED, "FAILED"),
    "a widget on disk without its view": (SLIDER, slider("IntSlider(value=3)"), "PASSED"),
    "another widget": (SLIDER, slider("IntSlider(value=4)"), "FAILED"),
    "a figure of other pixels": (
        "display({'image/png': 'bmV3', 'text/plain': 'a figure'}, raw=True)",
        FIGURE,
        "PASSED",
    ),
    "an exception": ("1 / 0", None, "FAILED"),
    "never run: the vacuous pass that test_gates refuses": ("print('whatever')", False, "PASSED"),
}


def test_nbval_fails_where_it_should(tmp_path: Path) -> None:
    """It compares text and a widget's text, not views or pixels, and is blind to a cell that was never run."""
    cells = [
        new_code_cell(source, outputs=[output] if output else [], execution_count=None if output is False else 1)
        for source, output, _ in CASES.values()
    ]
    (tmp_path / "cases.ipynb").write_text(text(normalise(new_notebook(cells=cells))), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-v", "-p", "no:cacheprovider"]
    report = subprocess.run([*command, "."], cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    verdicts = dict(re.findall(r"::Cell (\d+) (PASSED|FAILED)", report))
    found = {name: verdicts[str(number)] for number, name in enumerate(CASES)}
    assert found == {name: verdict for name, (_, _, verdict) in CASES.items()}
