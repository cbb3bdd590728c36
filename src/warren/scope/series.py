"""Values over time, bounded: an hour of ten changes a second, and any time beyond."""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import Any, Generic, TypeVar

READINGS_KEPT = 6_000
"""Changes kept per queue: ten minutes that change at every reading; older ones are thinned to half, again and again."""

Timed = TypeVar("Timed", bound=tuple[Any, ...])


class Series(Generic[Timed]):
    """Tuples that begin with their time, stored only where the rest changes: each holds until the next."""

    def __init__(self) -> None:
        self.points: list[Timed] = []

    def says(self, values: tuple[float | None, ...]) -> bool:
        """True if the last point already has these values."""
        return bool(self.points) and self.points[-1][1:] == values

    def add(self, point: Timed) -> None:
        self.points.append(point)
        if len(self.points) > READINGS_KEPT:
            self._thin()

    def after(self, t: float) -> list[Timed]:
        """The points later than t."""
        return self.points[bisect_right(self.points, t, key=itemgetter(0)) :]

    def _thin(self) -> None:
        """Of each two neighbours in the older half keep the higher, so that peaks stay where they were."""
        half = len(self.points) // 2
        old = self.points[:half]
        self.points[:half] = [max(pair, key=_height) for pair in zip(old[::2], old[1::2], strict=False)]


def _height(point: tuple[Any, ...]) -> float:
    return sum(value or 0 for value in point[1:4])
