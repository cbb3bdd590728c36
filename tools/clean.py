"""Removes what can be made again: `.venv` and caches. The learner's `work/` stays. Standard library only."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOP = (".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", "test-artifacts")
DEEP = ("__pycache__", ".ipynb_checkpoints")
OURS = ("benchmarks", "labs", "notebooks", "solutions", "src", "tests", "tools")


def main() -> None:
    """Stop the broker that runs from `.venv` and remove everything that is not source."""
    for warren in ROOT.glob(".venv/*/warren*"):
        subprocess.run([warren, "down"], capture_output=True, check=False)
    caches = [found for folder in OURS for name in DEEP for found in (ROOT / folder).rglob(name)]
    for folder in [*(ROOT / name for name in TOP), *caches]:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
