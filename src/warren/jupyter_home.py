"""JupyterLab as the course wants it, without touching the user's own Jupyter and IPython settings.

Everything lies in `.jupyter` beside the learner's copies, so their theme and their open tabs are there the next time.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from warren import course, work

SETTINGS = {
    # a course opens with its first lesson, not with questions
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # another program's view of the same notebook must not stop the learner with a dialog
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 30},
}


def environment() -> dict[str, str]:
    """Write the settings and return the variables that make Jupyter use them. Raises work.WorkUnwritable."""
    home = work.folder() / ".jupyter"
    with work.writing():
        _write_json(home / "config" / "labconfig" / "default_setting_overrides.json", SETTINGS)
        _write_json(home / "kernels" / "kernels" / "python3" / "kernel.json", _kernel())
        _open_first_lesson(home / "config" / "lab" / "workspaces" / "default-37a8.jupyterlab-workspace")
        (home / "ipython").mkdir(exist_ok=True)
    path = os.pathsep.join(filter(None, [str(home / "kernels"), os.environ.get("JUPYTER_PATH")]))
    return {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_PATH": path,  # before a `python3` kernel of the user's that runs some other Python
        "IPYTHONDIR": str(home / "ipython"),
    }


def _kernel() -> dict[str, object]:
    """The Python that runs this, with the course's IPython extension; the name it goes by is the standard one."""
    run = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return {
        "argv": [*run, "--IPKernelApp.extra_extensions=warren.cells", "--IPKernelApp.log_level=ERROR"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "metadata": {"debugger": True},
    }


def _open_first_lesson(workspace: Path) -> None:
    """The default workspace of a learner who has none yet: the first lesson left, the output of its scope right.

    `37a8` is what JupyterLab makes of the name `default`; the layout is what it writes itself.
    """
    if workspace.exists():
        return
    first = course.lessons()[0].notebook
    path = f"{first.parent.name}/{first.name}"
    tabs: dict[str, dict[str, object]] = {f"notebook:{path}": {"path": path, "factory": "Notebook"}}
    if (scope := _scope_cell(first)) is not None:
        tabs[f"cloned-outputs:{path}:{scope}"] = {"path": path, "index": scope}
    areas = [{"type": "tab-area", "currentIndex": 0, "widgets": [tab]} for tab in tabs]
    dock = {"type": "split-area", "orientation": "horizontal", "sizes": [0.6, 0.4][: len(areas)], "children": areas}
    layout = {"main": {"dock": dock, "current": f"notebook:{path}"}, "left": {"collapsed": True}}
    data = {"layout-restorer:data": layout, "file-browser-filebrowser:cwd": {"path": first.parent.name}}
    data |= {tab: {"data": arguments} for tab, arguments in tabs.items()}
    _write_json(workspace, {"data": data, "metadata": {"id": "default"}})


def _scope_cell(notebook: Path) -> int | None:
    """The place of the first cell that shows a scope; None if there is none."""
    cells = json.loads(notebook.read_bytes())["cells"]
    watching = (place for place, cell in enumerate(cells) if ".watch(" in "".join(cell["source"]))
    return next((place for place in watching if cells[place]["cell_type"] == "code"), None)


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
