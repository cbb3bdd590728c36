"""The HTTP API as a scope asks it: it may be missing, forbidden, slow or shared, and none of that is an error here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from warren.brokers.broker import Broker
from warren.errors import BrokerRefused, ManagementUnavailable
from warren.management import Management

SHARE = 0.1
"""The share of time spent waiting for the HTTP API at most, for each who asks it: a slow one is asked less often."""
TIMEOUT = 1.0
"""Seconds after which a reading goes on without it."""
AGAIN, LONGEST = 0.5, 5.0
"""Seconds, at least and at most, until an API that did not answer is asked again."""

Answer = TypeVar("Answer")


class Api:
    """The HTTP API of one broker. `why` says why it cannot be had, or is empty. For one thread only."""

    def __init__(self, broker: Broker) -> None:
        self.why = ""
        self.management: Management | None = None
        try:
            self.management = broker.management(timeout=TIMEOUT)
        except BrokerRefused:
            self.why = "this broker's HTTP API is not known here"

    def ask(self, call: Callable[..., Answer], *arguments: Any, **named: Any) -> Answer | None:
        """The answer; None, and `why`, where there is none."""
        try:
            answer = call(*arguments, **named)
        except BrokerRefused:
            self.why = "the HTTP API refuses this user"
            return None
        except ManagementUnavailable:
            self.why = "the HTTP API does not answer"
            return None
        self.why = ""
        return answer

    def pause(self, asked: float) -> float:
        """Seconds to wait until it is asked again, if it was asked at `asked` and has answered just now."""
        pause = (time.monotonic() - asked) * (1 / SHARE - 1)
        return max(min(pause, LONGEST), AGAIN) if self.why else pause

    def close(self) -> None:
        if self.management is not None:
            self.management.close()
