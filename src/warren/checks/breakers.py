"""The rule of a circuit breaker, held against calls that were made: when should nobody have been called?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LIMIT = 3  # failures in a row that open it
REST = 0.2  # seconds that nobody is called then
SLACK = 0.9  # who measures from a moment before ours may seem that much too early
NEVER = float("inf")


@dataclass(frozen=True)
class Call:
    """One call, with its times as `time.monotonic()`; `ended` is NEVER for one that goes on."""

    what: str
    began: float
    ended: float
    failed: bool


@dataclass(frozen=True)
class Seen:
    """A call, and what its breaker knew when it began: failures in a row so far, and when the last of them ended."""

    call: Call
    in_a_row: int
    since: float

    @property
    def probe(self) -> bool:
        """True for one that was made although the breaker had opened: allowed when its rest is over."""
        return self.in_a_row >= LIMIT

    @property
    def too_early(self) -> bool:
        return self.probe and self.call.began < self.since + SLACK * REST


def seen(calls: Iterable[Call]) -> Iterator[Seen]:
    """The calls in order of their begin, one after the other, each with what went before it."""
    in_a_row, since = 0, 0.0
    for call in sorted(calls, key=lambda one: one.began):
        yield Seen(call, in_a_row, since)
        in_a_row, since = (in_a_row + 1, call.ended) if call.failed else (0, call.ended)


def too_early(calls: Iterable[Call]) -> Seen | None:
    """The first call that a breaker would have refused; None if there is none."""
    return next((one for one in seen(calls) if one.too_early), None)


def in_a_row(calls: Iterable[Call]) -> int:
    """Failures in a row at the end of these calls."""
    count = 0
    for call in sorted(calls, key=lambda one: one.began):
        count = count + 1 if call.failed else 0
    return count
