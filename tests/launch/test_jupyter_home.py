"""JupyterLab's settings for the course, apart from the user's own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

from warren import course, jupyter_home


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WARREN_WORK", str(tmp_path / "work"))
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    return tmp_path / "work"


def test_nothing_is_outside_the_work_folder(work: Path) -> None:
    """Every folder that Jupyter and IPython are pointed at lies beside the learner's copies."""
    variables = jupyter_home.environment()
    assert set(variables) == {"JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_PATH", "IPYTHONDIR"}
    assert all(Path(value).is_relative_to(work / ".jupyter") for value in variables.values())


def test_a_path_of_the_users_comes_after_ours(monkeypatch: pytest.MonkeyPatch, work: Path) -> None:
    """Kernels that the user has put on JUPYTER_PATH stay reachable, and ours is the `python3`."""
    monkeypatch.setenv("JUPYTER_PATH", "/opt/kernels")
    ours, theirs = jupyter_home.environment()["JUPYTER_PATH"].split(os.pathsep)
    assert theirs == "/opt/kernels"
    kernel = json.loads((Path(ours) / "kernels" / "python3" / "kernel.json").read_text())
    assert kernel["argv"][0] == sys.executable


def test_the_first_workspace_shows_the_first_lesson_and_its_scope(work: Path) -> None:
    """The first lesson is open on the left, the output of its first `watch` cell on the right."""
    layout = workspace(work)["layout-restorer:data"]["main"]["dock"]
    first = course.lessons()[0].notebook
    tabs = [area["widgets"][0] for area in layout["children"]]
    assert tabs[0] == f"notebook:notebooks/{first.name}"
    name, path, index = tabs[1].split(":")
    assert (name, path) == ("cloned-outputs", f"notebooks/{first.name}")
    assert ".watch(" in nbformat.read(first, as_version=4).cells[int(index)].source


def workspace(work: Path) -> dict[str, dict[str, dict[str, dict[str, list[dict[str, list[str]]]]]]]:
    jupyter_home.environment()
    saved = work / ".jupyter" / "config" / "lab" / "workspaces" / "default-37a8.jupyterlab-workspace"
    return dict(json.loads(saved.read_text())["data"])


def test_what_the_learner_has_open_stays_open(work: Path) -> None:
    """The workspace is written once; after that it is the learner's."""
    workspace(work)
    saved = next(work.rglob("*.jupyterlab-workspace"))
    saved.write_text('{"data": {"theirs": {}}}')
    assert list(workspace(work)) == ["theirs"]


def test_no_news_and_no_updates_are_asked_for(work: Path) -> None:
    """The settings that would open a dialog at the first start say no."""
    jupyter_home.environment()
    settings = json.loads(next(work.rglob("default_setting_overrides.json")).read_text())
    assert settings["@jupyterlab/apputils-extension:notification"] == {"fetchNews": "false", "checkForUpdates": False}
