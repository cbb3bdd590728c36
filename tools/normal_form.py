"""The one form a notebook of the course has on disk, so that running it again changes no byte.

Kept: sources, cell ids, tags and slide types, text, HTML and pictures of outputs. Gone: kernel and Python versions,
timings, widget state (widget metadata without state makes GitHub refuse the whole notebook), widget views (model ids
are random; text and picture beside them stay), and the traceback of an expected error but for its last line (it names
files of the machine it ran on).
"""

# mypy: disable-error-code="no-untyped-call"
# nbformat is typed only in part

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("tags", "slideshow", "jupyter")  # `jupyter` holds source_hidden; anything else is an editor's own
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


IGNORED = "nbval-ignore-output"  # tag of a cell whose output differs from run to run


class NotebookError(Exception):
    """A notebook that cannot be used as it is. Its text says which, where and what to do."""


def read(path: Path) -> NotebookNode:
    """The notebook at `path`, with an id for each cell that has none: the same id each time.

    Raises NotebookError if the file is not a notebook of format 4.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        for number, cell in enumerate(raw["cells"]):
            cell.setdefault("id", _id(number, cell))
        notebook = nbformat.reads(json.dumps(raw | {"nbformat": 4, "nbformat_minor": 5}), as_version=4)
        nbformat.validate(notebook)
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise NotebookError(f"{path.name} is not a notebook of format 4 ({reason}).") from error
    return notebook


def text(notebook: NotebookNode) -> str:
    """The notebook as it stands on disk."""
    return nbformat.writes(notebook) + "\n"


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Bring the notebook to its normal form, in place; its cells' sources lose only trailing white space."""
    notebook.metadata = nbformat.from_dict(METADATA)
    count = 0
    for cell in notebook.cells:
        cell.metadata = NotebookNode({name: cell.metadata[name] for name in CELL_METADATA if cell.metadata.get(name)})
        cell.source = "\n".join(line.rstrip() for line in cell.source.strip("\n").split("\n"))
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count if cell.execution_count is not None else None
            cell.outputs = [_output(output, cell.execution_count) for output in _merged(cell.outputs)]
    return notebook


def keep_pictures(notebook: NotebookNode, before: NotebookNode) -> None:
    """Take from `before` what differs with each run, as far as all code and all other outputs up to it are the same.

    That is the pixels of a figure, and the outputs of a cell tagged `nbval-ignore-output`: both would only be noise in
    the history.
    """
    old = [cell for cell in before.cells if cell.cell_type == "code"]
    new = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for was, now in zip(old, new, strict=False):
        if was.source != now.source or _steady(was) != _steady(now):
            return
        now.outputs = was.outputs


def _steady(cell: NotebookNode) -> list[Any]:
    """What of the cell's outputs is the same in each run."""
    ignored = IGNORED in cell.metadata.get("tags", [])
    return [
        [
            ignored,
            output.output_type,
            {mime: mime.startswith("image/") or ignored or data for mime, data in _data(output)},
        ]
        for output in cell.outputs
    ]


def _data(output: NotebookNode) -> list[tuple[str, str]]:
    if "data" in output:
        return list(output.data.items())
    return [(output.get("name", output.get("ename", "")), output.get("text", output.get("evalue", "")))]


def _id(number: int, cell: dict[str, Any]) -> str:
    source = "".join(cell.get("source", ""))
    return hashlib.sha256(f"{number}\n{source}".encode()).hexdigest()[:8]


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """One output per stream and cell: how a kernel cuts its text into messages is chance."""
    merged: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        if output.output_type == "stream":
            streams[output.name] = output
        merged.append(output)
    return merged


def _output(output: NotebookNode, count: int | None) -> NotebookNode:
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    if "data" in output:
        output.data = NotebookNode({mime: data for mime, data in output.data.items() if mime != WIDGET_VIEW})
        # a picture's size on screen is metadata; the rest is a front end's
        output.metadata = NotebookNode({mime: value for mime, value in output.metadata.items() if mime in output.data})
    if output.output_type == "execute_result":
        output.execution_count = count
    return output
