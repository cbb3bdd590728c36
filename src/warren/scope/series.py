"""Values over time, bounded: an hour of ten changes a second, and any time beyond."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from operator import itemgetter
from typing import Any, Generic, TypeVar

READINGS_KEPT = 6_000
"""Changes kept per queue and per lane: ten minutes that change at every reading; older ones are thinned to half, again
and again."""

Timed = TypeVar("Timed", bound=tuple[Any, ...])


class Series(Generic[Timed]):
    """Tuples that begin with their time, stored only where the rest changes: each holds until the next."""

    def __init__(self, thin: Callable[[list[Timed]], list[Timed]] | None = None) -> None:
        self.points: list[Timed] = []
        self._thin = thin or _higher

    def says(self, values: tuple[float | str | None, ...]) -> bool:
        """True if the last point already has these values."""
        return bool(self.points) and self.points[-1][1:] == values

    def add(self, point: Timed) -> None:
        self.points.append(point)
        if len(self.points) > READINGS_KEPT:
            half = len(self.points) // 2
            self.points[:half] = self._thin(self.points[:half])

    def after(self, t: float) -> list[Timed]:
        """The points later than t."""
        return self.points[bisect_right(self.points, t, key=itemgetter(0)) :]


def _higher(old: list[Timed]) -> list[Timed]:
    """Of each two neighbours the higher, so that peaks stay where they were."""
    return [max(pair, key=_height) for pair in zip(old[::2], old[1::2], strict=False)]


def _height(point: tuple[Any, ...]) -> float:
    return sum(value or 0 for value in point[1:4])
