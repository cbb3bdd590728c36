"""How much each queue dead-letters: RabbitMQ counts it for the node as a whole only, so here it is worked out.

Every message that ever came into a queue was published to it or dead-lettered into it, and is still there, was
acknowledged, or was dead-lettered out of it (or dropped, where there is no dead-letter exchange). The first two and the
last but one are counted. So what came in as a dead letter is known exactly where nobody publishes: in a parking queue.
Elsewhere it is what is missing; the broker's counters are up to a second apart, so small differences are passed over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from warren.management import Row
from warren.scope.flows import targets

OVER = 3.0
"""Seconds a rate is the mean of."""
NOISE = 0.1
"""Share of what goes through a queue below which a difference of two counters says nothing."""


class DeadLetters:
    """Counts and rates of dead letters, by the queue they leave."""

    def __init__(self) -> None:
        self._counts: dict[str, deque[tuple[float, int]]] = {}
        self.exact: dict[str, int] = {}
        """How many the queue dead-lettered so far, where that is known exactly."""

    def rates(self, t: float, drawn: dict[str, Any], queues: Mapping[str, Row]) -> dict[str, float]:
        """Messages a second over the last seconds before t. `drawn` is the topology, `queues` full statistics."""
        into = {edge["queue"]: targets(drawn, edge) for edge in drawn["dead"]}
        self.exact = _parked(into, queues)
        counts = _missing(into, queues) | self.exact
        self._counts = {queue: self._counts.get(queue, deque()) for queue in into}
        return {queue: self._rate(queue, t, counts.get(queue, 0), queues) for queue in into}

    def _rate(self, queue: str, t: float, count: int, queues: Mapping[str, Row]) -> float:
        points = self._counts[queue]
        if points and points[-1][1] > count:
            points.clear()  # purged, or the broker began to count again
        points.append((t, count))
        while points[0][0] < t - OVER:
            points.popleft()
        passed = t - points[0][0]
        rate = (count - points[0][1]) / passed if passed > OVER / 3 else 0.0
        through = _rate(queues.get(queue, {}), "publish") + _rate(queues.get(queue, {}), "deliver_get")
        return round(rate, 1) if queue in self.exact or rate > max(0.2, NOISE * through) else 0.0


def _parked(into: Mapping[str, list[str]], queues: Mapping[str, Row]) -> dict[str, int]:
    """What came into queues that get nothing but dead letters, of one queue, and keep them until they are acked."""
    found: dict[str, int] = {}
    for queue, ends in into.items():
        for end in ends:
            row = queues.get(end, {})
            alone = [other for other, its in into.items() if end in its] == [queue]
            if alone and row and end not in into and not _count(row, "publish"):
                found[queue] = max(found.get(queue, 0), int(row.get("messages") or 0) + _taken(row))
    return found


def _missing(into: Mapping[str, list[str]], queues: Mapping[str, Row]) -> dict[str, int]:
    """What came into each queue and is neither there nor acked; in a circle of queues what was delivered in vain."""
    least = {queue: _rejected(queues.get(queue, {})) if _comes_back(queue, into) else 0 for queue in into}
    found = least
    for _ in range(len(into)):
        given = {queue: sum(found[other] for other, ends in into.items() if queue in ends) for queue in into}
        found = {queue: max(least[queue], _lost(queues.get(queue, {}), given[queue])) for queue in into}
    return found


def _lost(row: Row, dead_letters: int) -> int:
    return _count(row, "publish") + dead_letters - _taken(row) - int(row.get("messages") or 0)


def _comes_back(queue: str, into: Mapping[str, list[str]]) -> bool:
    reached: set[str] = set()
    fresh = {queue}
    while fresh := {end for one in fresh for end in into.get(one, [])} - reached:
        reached |= fresh
    return queue in reached


def _rejected(row: Row) -> int:
    given = _count(row, "deliver") + _count(row, "get")
    unacked = int(row.get("messages_unacknowledged") or 0)
    return max(0, given - _count(row, "ack") - _count(row, "redeliver") - unacked)


def came(row: Row) -> int:
    """How many messages ever came into the queue, those that were dead-lettered out of it again perhaps not counted."""
    return max(_count(row, "publish"), int(row.get("messages") or 0) + _taken(row))


def _taken(row: Row) -> int:
    return _count(row, "ack") + _count(row, "deliver_no_ack") + _count(row, "get_no_ack")


def _count(row: Row, counter: str) -> int:
    return int((row.get("message_stats") or {}).get(counter) or 0)


def _rate(row: Row, counter: str) -> float:
    return float(((row.get("message_stats") or {}).get(f"{counter}_details") or {}).get("avg_rate") or 0)
