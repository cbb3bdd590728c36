"""The package as somebody installs it who has no checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from checkout import ROOT

from warren.scope import view


def test_the_wheel_holds_the_widgets_page(tmp_path: Path) -> None:
    """A wheel built of this checkout has every module there is, and every part of the page that the widget loads."""
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--offline", "--out-dir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        held = set(opened.namelist())
    source = ROOT / "src"
    page = view.PAGE.relative_to(source)
    assert {f"{page}/scope.css", *(f"{page}/{part}.js" for part in view.PARTS)} <= held
    there = {str(path.relative_to(source)) for path in (source / "warren").rglob("*.py")}
    assert there <= held


def test_no_part_of_the_page_is_forgotten() -> None:
    """Each JavaScript file of the page is one of the parts its one module is made of."""
    assert {path.stem for path in view.PAGE.glob("*.js")} == set(view.PARTS)
