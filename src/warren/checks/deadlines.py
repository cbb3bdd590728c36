"""Whether a client keeps to its deadline, whatever comes meanwhile: strays, late answers, nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from warren.checks.asking import Asking, entries
from warren.checks.calls import Question, strays
from warren.checks.learner import name
from warren.checks.result import Wrong
from warren.checks.stock import STOCK

STRAY = 0.01  # seconds between two strays
FIRST = 0.1  # of a deadline, the first stray; HALF, an answer; QUIET, the last stray where they end
HALF = 0.5
QUIET = 0.8
EARLIEST = 0.8  # of a deadline: who goes on before that has not waited for it
NEARLY = 0.9  # of a deadline: who had the answer before, and goes on after that, has waited for it
TAKEN = 0.1  # seconds: who goes on so soon after the first stray has taken it for the answer
LATE = 0.2  # seconds after the deadline: the machine may be so slow, so look again
TOO_LATE = 1.0  # seconds after the deadline: it does not look at it
AGAIN = 1.4  # seconds, the deadline of the second look, and how late it must be then to be at fault
STILL_LATE = 0.5


@dataclass
class Wait:
    """A client that waits for answers to what it has asked last, and what it gets: `strays` until `quiet`.

    `half` is called once when half of the deadline has passed. With what is `wanted` from it in the end, and what is
    `known` of other texts (see `entries`), it is told of one that returned early what it took for an answer.
    """

    asking: Asking
    strays: Iterator[None]
    quiet: float = math.inf
    half: Callable[[], None] | None = None
    wanted: Sequence[tuple[str, str | None]] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    since: float = field(init=False)
    first: float = field(init=False, default=math.inf)

    def __post_init__(self) -> None:
        self.since = self.asking.sent(self.asking.asked[-1])

    @property
    def ends(self) -> float:
        return self.since + self.asking.within

    def pester(self) -> None:
        """Send what is due now."""
        part = (time.monotonic() - self.since) / self.asking.within
        if self.half and part > HALF:
            self.half()
            self.half = None
        if FIRST < part < self.quiet:
            next(self.strays)
            self.first = min(self.first, time.monotonic())

    def pester_until(self, limit: float) -> None:
        """Send what is due until it has gone on, or until that `time.monotonic()`."""
        while self.asking.went_on() is None and time.monotonic() < limit:
            self.pester()
            time.sleep(STRAY)

    def judge(self) -> None:
        """Ends the check for a client that went on before its deadline, or long after."""
        over = self.asking.went_on()
        if over is None:
            raise self._endless()
        if over < self.since + EARLIEST * self.asking.within:
            raise self._early(over)

    def _early(self, over: float) -> Wrong:
        question = self.asking.asked[-1].text
        if self.asking.published()[len(self.asking.asked) :]:
            following = f"asked for `{self.asking.articles[len(self.asking.asked)]}`"
            if self.first <= over < self.first + TAKEN:
                return Wrong(
                    f"while it waited for the answer about `{question}`, a stray came, and it {following} at once: it "
                    "takes what comes for its answer, whatever the `correlation_id`"
                )
            return Wrong(
                f"it {following} before the deadline of `{question}` had passed: each question has "
                f"{self.asking.within:g} s, from the moment it is asked"
            )
        came = self.asking.returned()
        if self.wanted:  # what is missing still is missing for being early; what is there and wrong tells more
            came = [right if got is None else got for got, (_, right) in zip(came, self.wanted, strict=True)]
            entries(self.asking.function, came, self.wanted, self.known)
        return Wrong(
            f"`{name(self.asking.function)}` returned before its deadline of {self.asking.within:g} s, with answers "
            "missing"
        )

    def _endless(self) -> Wrong:
        """Without strays now, it goes on after a while, or never."""
        self.quiet = 0
        self.pester_until(time.monotonic() + self.asking.within + LATE)
        waited = (
            f"nothing but strays came for `{self.asking.asked[-1].text}`, and {TOO_LATE:g} s after the deadline of "
            f"{self.asking.within:g} s `{name(self.asking.function)}` waited still"
        )
        if self.asking.went_on():
            return Wrong(
                f"{waited}: write down `deadline = time.monotonic() + within` before you wait, and look at the clock "
                "after every stray"
            )
        return Wrong(f"{waited}, and did so when the strays had ended: without a deadline it waits for ever")


def kept(wait: Wait) -> None:
    """Ends the check for a client that stops waiting before its deadline, or not at all."""
    wait.pester_until(wait.ends + TOO_LATE)
    wait.judge()


def in_time(*waits: Wait, articles: Sequence[str] = ("plums",)) -> None:
    """Ends the check for a client that was late, and is so again with a longer deadline: once may be the machine.

    It is asked for these articles then, which nobody else asked for; of several at once, the first is answered.
    """
    if all((one.asking.went_on() or math.inf) < one.ends + LATE for one in waits):
        return
    before = waits[0].asking
    again = Asking(before.probe, before.function, before.service, articles, AGAIN)
    asked = [again.next() for _ in articles]
    half = partial(again.service.answer, asked[0], STOCK["tea"]) if len(asked) > 1 else None
    second = Wait(again, strays(again.service, asked[0]), QUIET, half)
    second.pester_until(second.ends + STILL_LATE)
    if again.went_on() is None:
        raise Wrong(
            f"with a deadline of {AGAIN:g} s, strays until {QUIET * AGAIN:.1f} s and then silence, it waited still "
            f"{STILL_LATE:g} s after the deadline: wake up often (`inactivity_timeout=0.02`), and stop when the clock "
            "says that `within` has passed, whatever came"
        )


def not_needed(asking: Asking, reason: str, *pairs: tuple[Question, Question]) -> None:
    """An answer in time ends the waiting: one late question may be the machine's fault, two are not."""
    if all(asking.sent(following) >= asking.sent(answered) + NEARLY * asking.within for answered, following in pairs):
        raise Wrong(
            f"it had {reason} about `{pairs[0][0].text}` in time, and asked for `{pairs[0][1].text}` only when the "
            "deadline had passed: with its answer, a question is over"
        )
