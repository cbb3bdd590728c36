"""Timing, and one row of the report."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measurement beside another of the same run; both in seconds, or in `unit` if it is a `rate` or count."""

    what: str
    value: float
    other: str
    other_value: float
    target: str = ""
    rate: bool = False
    unit: str = "/s"

    @property
    def time(self) -> str:
        return self._shown(self.value)

    @property
    def other_time(self) -> str:
        return self._shown(self.other_value)

    @property
    def ratio(self) -> str:
        return f"{self.value / self.other_value:.3g} ×"

    def _shown(self, value: float) -> str:
        if self.rate:
            return f"{value:,.0f}{self.unit}"
        return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.1f} s"


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def median(action: Callable[[], object], times: int) -> float:
    """The median of so many calls."""
    return statistics.median(seconds(action) for _ in range(times))
