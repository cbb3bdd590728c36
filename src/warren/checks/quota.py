"""Whether calls keep a quota, `burst + rate × seconds`, and whether they come as early as it lets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

LATE = 0.15
"""Seconds that one call may be held up between its token and the bank, and the next one not: so they arrive closer
together than they were let go. A machine with eight times the work it can do needs some hundredths."""

IN_HAND = 2
"""Tokens that a bucket may be better than its quota: one is taken before there is a payment, one drips off the beat."""


@dataclass(frozen=True)
class Quota:
    """At most `burst + rate × s` calls in every stretch of `s` seconds."""

    rate: float
    burst: int

    def allows(self, seconds: float) -> float:
        return self.burst + self.rate * seconds

    def broken(self, calls: Sequence[float]) -> tuple[int, float] | None:
        """The first stretch that holds too many, as calls and seconds; None if there is none.

        `calls` are their times in order.
        """
        for last, until in enumerate(calls):
            for first, since in enumerate(calls[: last + 1]):
                count, seconds = last - first + 1, until - since
                if count > self.allows(seconds + LATE):
                    return count, seconds
        return None

    def early(self, calls: Sequence[float], since: float) -> tuple[int, float] | None:
        """The first call that a bucket which was full at `since` had no token for, as calls and seconds since then.

        `since` is before the first payment was there. So a delay only makes calls later, and there is none to forgive.
        """
        for count, at in enumerate(calls, 1):
            if count > self.allows(at - since) + IN_HAND:
                return count, at - since
        return None

    def behind(self, calls: Sequence[float], arrived: Sequence[float]) -> float:
        """Seconds that the last quarter of the calls came after the earliest moments allowed, the best one counting.

        Who was held up for a moment catches up, since tokens came meanwhile; who wastes tokens never does.
        """
        late = [call - first for call, first in zip(calls, self._earliest(arrived), strict=False)]
        return min(late[-max(1, len(late) // 4) :], default=0.0)

    def _earliest(self, arrived: Sequence[float]) -> list[float]:
        """When each call could be made, by a bucket that is full when the first payment arrives."""
        bucket, now, times = Full(self), arrived[0] if arrived else 0.0, []
        for at in arrived:
            now = bucket.ready(max(at, now))
            bucket.take(now)
            times.append(now)
        return times

    def wasted(self, calls: Sequence[float], could: Sequence[float]) -> list[float]:
        """Seconds that each call waited although there was a token; `could` is when it could be made but for that."""
        bucket, seconds = Full(self), []
        for call, at in zip(calls, could, strict=True):
            seconds.append(call - bucket.ready(at))
            bucket.take(call)
        return seconds

    def without_burst(self, calls: Sequence[float]) -> bool:
        """True if the first calls came as slowly as if no tokens had been saved up."""
        saved = min(self.burst, len(calls))
        return calls[saved - 1] - calls[0] > 0.7 * (saved - 1) / self.rate


class Full:
    """The bank's own bucket of a quota, full at the beginning."""

    def __init__(self, quota: Quota) -> None:
        self._quota, self._tokens, self._since = quota, float(quota.burst), 0.0

    def ready(self, now: float) -> float:
        """The moment from `now` on when there is a token."""
        return now + max(0.0, 1 - self._at(now)) / self._quota.rate

    def take(self, now: float) -> None:
        self._tokens, self._since = max(0.0, self._at(now) - 1), now

    def _at(self, now: float) -> float:
        return min(self._quota.burst, self._tokens + self._quota.rate * (now - self._since))


def usual_gap(calls: Sequence[float]) -> float:
    """Seconds between two calls, usually."""
    return median(later - sooner for sooner, later in pairwise(calls))


def last_rate(calls: Sequence[float]) -> float:
    """Calls a second among the last eighth of them."""
    last = calls[-max(3, len(calls) // 8) :]
    return (len(last) - 1) / max(1e-6, last[-1] - last[0])
