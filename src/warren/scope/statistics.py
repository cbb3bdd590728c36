"""What only the HTTP API knows of queues: unacked, delayed, type and arguments, rates."""

from __future__ import annotations

import time
from collections import Counter

from warren.brokers.broker import Broker
from warren.management import Row
from warren.scope.api import AGAIN, Api

OWN, OTHER = (0.5, 2), (2.5, 10)
"""Seconds between two looks at the full statistics, and seconds a rate is the mean of: a broker of our own samples its
counters every second, others by default every 5."""
COUNTERS = ("publish", "deliver_get", "ack", "redeliver")
"""What is counted, by RabbitMQ's names; deliver_get is all deliveries, with and without acks, fetched or pushed."""
SOON, SELDOM, LATE = 0.1, 1.0, 2.0
"""Seconds between two looks at the list of consumers that is shorter than it should be: at first, and after so many."""
COLUMNS = (
    "name", "messages", "messages_dlx", "messages_unacknowledged", "consumers", "head_message_timestamp",
    "arguments", "effective_policy_definition",
    *(f"message_stats.{name}" for name in (*COUNTERS, "deliver", "deliver_no_ack", "get", "get_no_ack")),
    *(f"message_stats.{name}_details.avg_rate" for name in COUNTERS),
)  # fmt: skip
"""What of the full statistics is used, here and by `explorer.py`: a tenth of all."""


class Statistics:
    """What the HTTP API says of one vhost's queues. For one thread only."""

    def __init__(self, broker: Broker, vhost: str, api: Api) -> None:
        self._vhost, self._api, self._delays = vhost, api, broker.at_least("4.3")
        self._rates_period, self._rates_over = OWN if broker.own else OTHER
        self.full: dict[str, Row] = {}
        self.fresh = False  # whether the last totals were asked for rather than remembered
        self._totals: dict[str, Row] | None = None
        self._totals_due = self._full_due = 0.0

    def totals(self, wanted: bool, at_once: bool = False) -> dict[str, Row] | None:
        """Every queue of the vhost with its totals, by name; None while the API does not answer.

        Those remembered if they are not `wanted`, or if a slow API was asked a moment ago; `at_once` asks that, too.
        """
        now, management = time.monotonic(), self._api.management
        due = wanted and now >= self._totals_due
        self.fresh = management is not None and (due or (at_once and not self._api.why))
        if management is not None and self.fresh:
            self._totals_due = now + AGAIN  # whatever the rows are
            rows, self._totals = self._api.ask(management.queue_totals, self._vhost), None
            self._totals = None if rows is None else {row["name"]: row for row in rows}
            self._totals_due = time.monotonic() + self._api.pause(now)
        return self._totals

    def rates(self) -> dict[str, tuple[float, ...]]:
        """The rates of COUNTERS of every queue, by name, when it is time for them again; otherwise nothing."""
        now, management = time.monotonic(), self._api.management
        if management is None or self._api.why or now < self._full_due:
            return {}
        self._full_due = now + self._rates_period  # whatever the rows are
        rows = self._api.ask(management.queues, self._vhost, COLUMNS, self._rates_over)
        self.full = {row["name"]: row for row in rows or []}
        self._full_due = now + max(self._rates_period, self._api.pause(now))
        return {name: _rates(row) for name, row in self.full.items()}

    def hurry(self) -> None:
        """Ask again with the next reading: the broker is back, and its API will be."""
        self._totals_due = self._full_due = 0.0

    def unacked(self, row: Row) -> int:
        return int(row.get("messages_unacknowledged") or 0)

    def delayed(self, row: Row) -> int:
        """Messages of a quorum queue that wait for their retry (4.3): in its total, and in nothing else timely."""
        if not self._delays or row.get("type") != "quorum":
            return 0
        dead_lettering = self.full.get(row["name"], {}).get("messages_dlx") or 0
        known = (row.get("messages_ready") or 0) + self.unacked(row) + dead_lettering
        return max(0, int(row.get("messages") or 0) - int(known))

    def consumers(self, row: Row) -> int:
        """Consumers of a queue no passive declare may ask for, up to a second late."""
        return int(self.full.get(row["name"], {}).get("consumers") or 0)


class Attached:
    """The consumers of quorum queues: a passive declare counts each message fetched and not yet acked as one, too.

    The list of consumers does not; it is up to half a second late, and asked for when a count has changed.
    """

    def __init__(self, vhost: str, api: Api) -> None:
        self._vhost, self._api = vhost, api
        self._listed: Counter[str] = Counter()
        self._declared: dict[str, int] = {}
        self._changed = self._due = 0.0

    def count(self, name: str, declared: int) -> int:
        """Of those that a passive declare counted, the ones that are consumers."""
        now = time.monotonic()
        if declared != self._declared.get(name):
            self._declared[name], self._changed = declared, now
            self._due = min(self._due, now)
        if declared > self._listed[name] and now >= self._due:
            self._ask(now)
        return min(declared, self._listed[name]) if not self._api.why else declared

    def _ask(self, now: float) -> None:
        management = self._api.management
        rows = self._api.ask(management.consumers, self._vhost, ("queue.name",)) if management else None
        if rows is not None:
            self._listed = Counter(row["queue"]["name"] for row in rows if row.get("queue"))
        self._due = now + (SOON if now < self._changed + LATE else SELDOM) + self._api.pause(now)


def _rates(row: Row) -> tuple[float, ...]:
    """Messages a second of a queue's full statistics, for each of COUNTERS."""
    statistics = row.get("message_stats") or {}
    return tuple(round((statistics.get(f"{name}_details") or {}).get("avg_rate") or 0.0, 1) for name in COUNTERS)
