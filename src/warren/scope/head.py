"""How long the oldest message of a queue has been there, without ever touching a message.

Three sources: the time its publisher stamped on it, where the broker reports that (`head_message_timestamp`, classic
queues, whole seconds); the moment the queue was last empty, which no message in it is older than; and the count of
messages that came: in a queue of n messages that gives the oldest first, the oldest is the n-th from the last. Of a
queue that was never seen empty the beginning is not known.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from warren.management import Row
from warren.scope.dead import came
from warren.scope.entries import Reading

POINTS = 600
"""Counts kept per queue: ten minutes at one a second; then every other one goes."""
LATE = 1.5
"""Seconds a count may be late."""


class Heads:
    """The age of each queue's oldest message, seconds."""

    def __init__(self) -> None:
        self._counts: dict[str, deque[tuple[float, int]]] = {}
        self._empty: dict[str, float] = {}  # when it was last

    def look(self, queue: str, reading: Reading | None, t: float) -> None:
        """The queue as it is now, at t."""
        if reading is None or reading.ready is None:
            self._empty.pop(queue, None)
            self._counts.pop(queue, None)
        elif not _held(reading):
            self._empty[queue] = t

    def age(self, queue: str, reading: Reading | None, t: float, row: Row) -> float | None:
        """Seconds, give or take one; 0 for an empty queue, None where it cannot be known."""
        points = self._count(queue, t, came(row))
        if reading is None or reading.ready is None or "x-max-priority" in (row.get("arguments") or {}):
            return None
        if not _held(reading):
            return 0.0
        if stamp := row.get("head_message_timestamp"):
            return round(max(0.0, time.time() - float(stamp)), 1)
        if (empty := self._empty.get(queue)) is None:
            return None
        arrived = _arrived(points, came(row) - int(row.get("messages") or 0))
        return round(t - (empty if arrived is None or arrived < empty + LATE else arrived), 1)

    def _count(self, queue: str, t: float, count: int) -> deque[tuple[float, int]]:
        points = self._counts.setdefault(queue, deque())
        if points and points[-1][1] > count:
            points.clear()  # purged, or the broker began to count again
        if not points or points[-1][1] != count:
            points.append((t, count))
        if len(points) > POINTS:
            self._counts[queue] = points = deque(list(points)[::2])
        return points


def _arrived(points: Sequence[tuple[float, int]], before: int) -> float | None:
    """When the message came before which so many had come; None where that was before the first count."""
    if before < points[0][1]:
        return None
    return next((t for t, count in points if count > before), None)


def _held(reading: Reading) -> int:
    return (reading.ready or 0) + (reading.unacked or 0) + (reading.delayed or 0)
