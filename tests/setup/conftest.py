"""Copies of the checkout to set up, one per test or one per file."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that is already set up; each test writes the lock it wants."""
    made = Checkout(tmp_path_factory.mktemp("made"))
    done = made.install()
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def without_ensurepip(tmp_path: Path) -> str:
    """A PYTHONPATH on which Python has no ensurepip, like Debian's without python3-venv."""
    (tmp_path / "ensurepip.py").write_text("raise ImportError\n")
    return str(tmp_path)
