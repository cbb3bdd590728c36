"""Waiting in tests: never a sleep and a hope, always a condition and a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(condition: Callable[[], Found], within: float = 30) -> Found:
    """Poll until the condition holds, and return what it gave; fails after that many seconds."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {within} s in vain"
        time.sleep(0.02)
    return answer
