"""What the broker's tests share: a state folder of their own, and a look at what is left of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

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


def until(happened: Callable[[], Any], within: float = 30) -> Any:
    """Poll until it happened; the truthy value it gave."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if found := happened():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {within} s in vain")


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder without a broker; whatever the test starts in it is stopped, and leaves nothing behind."""
    folder = tmp_path / "state"
    monkeypatch.setenv("WARREN_STATE", str(folder))
    yield folder
    monkeypatch.setenv("WARREN_STATE", str(folder))
    brokers.down()
    until(lambda: not ours(folder))  # Erlang's little helpers end some milliseconds after their node


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
