"""Removes what can be made again: `.venv` and caches. The learner's `work/` stays. Standard library only."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOP = (".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", "test-artifacts")
DEEP = ("__pycache__", ".ipynb_checkpoints")
OURS = ("benchmarks", "labs", "notebooks", "solutions", "src", "tests", "tools")


def main() -> int:
    """Stop the broker that runs from `.venv` and remove everything that is not source. Returns the exit code."""
    for warren in ROOT.glob(".venv/*/warren*"):
        with contextlib.suppress(OSError):  # a broken `.venv` is what people clean up
            subprocess.run([warren, "down"], capture_output=True, check=False)
    caches = [found for folder in OURS for name in DEEP for found in (ROOT / folder).rglob(name)]
    for folder in [*(ROOT / name for name in TOP), *caches]:
        shutil.rmtree(folder, ignore_errors=True)
    left = [name for name in TOP if (ROOT / name).exists()]
    if left:
        print(f"{', '.join(left)} could not be removed: do its files belong to somebody else?", file=sys.stderr)
    return len(left)


if __name__ == "__main__":
    sys.exit(main())
