"""What only the HTTP API knows of queues: unacked, delayed, type and arguments, rates.

It may be missing, forbidden, slow or shared: it is asked so that waiting for it takes a tenth of the time at most.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from warren.brokers.broker import Broker
from warren.errors import BrokerRefused, ManagementUnavailable
from warren.management import Management, Row

SHARE = 0.1
"""The share of time spent waiting for the HTTP API at most: a slow one is asked less often."""
TIMEOUT = 1.0
"""Seconds after which a reading goes on without it."""
OWN, OTHER = (0.5, 2), (2.5, 10)
"""Seconds between two looks at the full statistics, and seconds a rate is the mean of: a broker of our own samples its
counters every second, others by default every 5."""
COUNTERS = ("publish", "deliver_get", "ack", "redeliver")
"""What is counted, by RabbitMQ's names; deliver_get is all deliveries, with and without acks, fetched or pushed."""
AGAIN, LONGEST = 0.5, 5.0
"""Seconds, at least and at most, until an API that did not answer is asked again."""

Answer = TypeVar("Answer")


class Statistics:
    """The HTTP API of one vhost. `why` is a sentence while it cannot be had, otherwise empty. For one thread only."""

    def __init__(self, broker: Broker, vhost: str) -> None:
        self._vhost, self._delays = vhost, broker.at_least("4.3")
        self._rates_period, self._rates_over = OWN if broker.own else OTHER
        self.why = ""
        self._management: Management | None = None
        try:
            self._management = broker.management(timeout=TIMEOUT)
        except BrokerRefused:
            self.why = "this broker's HTTP API is not known here"
        self._totals: dict[str, Row] | None = None
        self._full: dict[str, Row] = {}
        self._totals_due = self._full_due = 0.0

    def totals(self, at_once: bool) -> dict[str, Row] | None:
        """Every queue of the vhost with its totals, by name; None while the API does not answer."""
        now = time.monotonic()
        if self._management is None or (now < self._totals_due and (self.why or not at_once)):
            return self._totals
        rows = self._ask(self._management.queue_totals)
        self._totals = None if rows is None else {row["name"]: row for row in rows}
        self._totals_due = time.monotonic() + self._pause(now)
        return self._totals

    def rates(self) -> dict[str, tuple[float, ...]]:
        """The rates of COUNTERS of every queue, by name, when it is time for them again; otherwise nothing."""
        now = time.monotonic()
        if self._management is None or self.why or now < self._full_due:
            return {}
        rows = self._ask(partial(self._management.queues, rates_over=self._rates_over))
        self._full = {row["name"]: row for row in rows or []}
        self._full_due = now + max(self._rates_period, self._pause(now))
        return {name: _rates(row) for name, row in self._full.items()}

    def hurry(self) -> None:
        """Ask again with the next reading: the broker is back, and its API will be."""
        self._totals_due = self._full_due = 0.0

    def unacked(self, row: Row) -> int:
        return int(row.get("messages_unacknowledged") or 0)

    def delayed(self, row: Row) -> int:
        """Messages of a quorum queue that wait for their retry (4.3): in its total, and in nothing else timely."""
        if not self._delays or row.get("type") != "quorum":
            return 0
        dead_lettering = self._full.get(row["name"], {}).get("messages_dlx") or 0
        known = (row.get("messages_ready") or 0) + self.unacked(row) + dead_lettering
        return max(0, int(row.get("messages") or 0) - int(known))

    def consumers(self, row: Row) -> int:
        """Consumers of a queue no passive declare may ask for, up to a second late."""
        return int(self._full.get(row["name"], {}).get("consumers") or 0)

    def close(self) -> None:
        if self._management is not None:
            self._management.close()

    def _pause(self, asked: float) -> float:
        took = time.monotonic() - asked
        pause = took * (1 / SHARE - 1)
        return max(min(pause, LONGEST), AGAIN) if self.why else pause

    def _ask(self, call: Callable[[str], Answer]) -> Answer | None:
        try:
            answer = call(self._vhost)
        except BrokerRefused:
            self.why = "the HTTP API refuses this user"
            return None
        except ManagementUnavailable:
            self.why = "the HTTP API does not answer"
            return None
        self.why = ""
        return answer


def _rates(row: Row) -> tuple[float, ...]:
    """Messages a second of a queue's full statistics, for each of COUNTERS."""
    statistics = row.get("message_stats") or {}
    return tuple(round((statistics.get(f"{name}_details") or {}).get("avg_rate") or 0.0, 1) for name in COUNTERS)
