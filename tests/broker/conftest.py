"""What the broker's tests share: a state folder of their own, and a look at what is left of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from polling import until

from warren import brokers


def ours(folder: Path) -> list[psutil.Process]:
    """Every living process that was started for this state folder: its command line or environment names it."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
            if process.status() != psutil.STATUS_ZOMBIE and any(str(folder) in word for word in words):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return [process for process in found if process.pid != psutil.Process().pid]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder without a broker; whatever the test starts in it is stopped, and leaves nothing behind."""
    folder = tmp_path / "state"
    monkeypatch.setenv("WARREN_STATE", str(folder))
    yield folder
    monkeypatch.setenv("WARREN_STATE", str(folder))
    brokers.down()
    until(lambda: not ours(folder))  # Erlang's little helpers end some milliseconds after their node
