"""A packing floor with a clock of its own: orders come in waves, packers are hired, drained and killed, all is counted.

Nothing waits here: a look is a second of the floor's time, so a day is over at once and is the same on every machine.
"""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass, field

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.staffing import MOST, TARGET, Seen

DAY = 300  # seconds
START = 3  # seconds from being hired to the first order
DESK = 5  # orders that a packer is handed at once; it packs one a second
WAVES, LASTS, WAVE = (10, 50, 90, 170), 20, 12  # when the waves begin, for how many seconds, orders a second
LULL = 1  # orders a second at any other time: enough for one packer
COOL_DOWN = 30  # seconds
NEEDED = 14  # hires that the day takes with that cool-down; without one it is 138
HIRES = 18  # a few more than that are a matter of taste
PATIENCE = 20  # seconds that an order may wait in the queue; with eight packers in time it is 11
EVENING = 30  # seconds at the end of the day; they begin 80 s after the last wave
STAY = 2  # packers in the evening
WAGES = 500  # hires after which there is no more money: a loop that hires for ever must end


class Bankrupt(Exception):
    """Somebody hires without end."""


@dataclass
class Packer:
    """One packer and the orders on its desk, by the second in which they came; the first is in its hands."""

    begins: int
    desk: deque[int] = field(default_factory=deque)
    leaving: bool = False


@dataclass
class Report:
    """What a day has led to. `ended` is the second in which the autoscaler returned.

    `evening` is the greatest number of packers then; `too_soon` is what was to be seen when first a packer was sent
    home whom the backlog still needed, `deserted` that the last one was.
    """

    ended: int = 0
    hired: int = 0
    sent_home: int = 0
    most: int = 1
    longest: int = 0
    killed: int = 0
    twice: int = 0
    evening: int = 0
    deepest: int = 0
    too_soon: Seen | None = None
    deserted: bool = False


class Floor:
    """What the learner's autoscaler is given: `look`, `hire`, `send_home` and `kill`."""

    def __init__(self) -> None:
        self._now = 0
        self._queue: deque[int] = deque()
        self._packers = [Packer(begins=0)]
        self._report = Report()

    def look(self) -> Seen | None:
        """A second passes; what is to be seen then, or None when the day is over."""
        if self._now == DAY:
            return None
        self._now += 1
        orders = max((WAVE for begins in WAVES if begins <= self._now < begins + LASTS), default=LULL)
        self._queue.extend([self._now] * orders)
        for packer in list(self._packers):
            self._pack(packer)
        seen = self._seen()
        self._report.deepest = max(self._report.deepest, seen.ready)
        self._report.longest = max(self._report.longest, int(seen.age))
        if self._now > DAY - EVENING:
            self._report.evening = max(self._report.evening, seen.packers)
        return seen

    def hire(self) -> None:
        """One packer more, who packs in three seconds."""
        self._packers.append(Packer(begins=self._now + START))
        self._report.hired += 1
        self._report.most = max(self._report.most, len(self._here()))
        if self._report.hired == WAGES:
            raise Bankrupt

    def send_home(self) -> None:
        """SIGTERM: one packer finishes what is in its hands, gives back the rest, and goes."""
        seen = self._seen()
        if seen.ready + seen.unacked > TARGET * (seen.packers - 1) and self._report.too_soon is None:
            self._report.too_soon = seen
        for packer in self._here()[:1]:
            packer.leaving = True
            self._report.sent_home += 1
            self._give_back(packer, keep=1)
            self._report.deserted |= not self._here()

    def kill(self) -> None:
        """SIGKILL: one packer is gone at once, and what it had packed and not acked comes back."""
        for packer in self._here()[:1]:
            self._report.killed += 1
            self._report.twice += bool(packer.desk)
            self._give_back(packer, keep=0)
            self._packers.remove(packer)

    def _here(self) -> list[Packer]:
        return [packer for packer in self._packers if not packer.leaving]

    def _seen(self) -> Seen:
        unacked = sum(len(packer.desk) for packer in self._packers)
        age = self._now - self._queue[0] if self._queue else 0
        return Seen(len(self._queue), unacked, age, len(self._here()), self._now)

    def _give_back(self, packer: Packer, keep: int) -> None:
        while len(packer.desk) > keep:
            self._queue.appendleft(packer.desk.pop())

    def _pack(self, packer: Packer) -> None:
        if packer.desk:
            packer.desk.popleft()
        if packer.leaving and not packer.desk:
            self._packers.remove(packer)
        elif packer.begins <= self._now and not packer.leaving:
            while len(packer.desk) < DESK and self._queue:
                packer.desk.append(self._queue.popleft())

    def closed(self) -> Report:
        """The report, at the moment when the autoscaler has returned."""
        self._report.ended = self._now
        return self._report


def day(autoscale: Learners) -> Report:
    """In the child: a day on the floor under that autoscaler."""
    floor = Floor()
    with contextlib.suppress(Bankrupt):
        autoscale(floor)
    return floor.closed()


def well_run(probe: Probe, autoscale: Learners) -> Report:
    """The day went to its end with everybody served in time, without flapping, and nobody was killed."""
    report: Report = probe.perform(day, autoscale)
    if report.hired < WAGES and report.ended < DAY:
        raise Wrong(
            f"`{name(autoscale)}` returned after {report.ended} of {DAY} seconds: look again and again, until "
            "`floor.look()` returns None"
        )
    _within_limits(report)
    _without_flapping(report)
    _in_time(report)
    return report


def _within_limits(report: Report) -> None:
    if report.killed:
        raise Wrong(
            f"{report.killed} packers were killed, and {report.twice} orders were packed twice: `floor.send_home()` "
            "lets a packer finish first"
        )
    if report.deserted:
        raise Wrong("the last packer was sent home: at least one stays, whatever is to be seen")
    if report.most > MOST:
        without_end = (
            f" (after {WAGES} hires the money was gone: what was seen does not change until the next look)"
            if report.hired == WAGES
            else ""
        )
        raise Wrong(f"there were {report.most} packers at once{without_end}, and {MOST} are allowed")


def _without_flapping(report: Report) -> None:
    if soon := report.too_soon:
        raise Wrong(
            f"a packer was sent home when there was this to see: {soon}. Those who stay are too few for it: the rule "
            "of exercise 1 counts ready and unacked"
        )
    if report.hired > HIRES:
        raise Wrong(
            f"{report.hired} packers were hired on a day that takes {NEEDED}: sent home, hired again, sent home … Send "
            f"home only those whom no look of the last {COOL_DOWN} s has asked for"
        )


def _in_time(report: Report) -> None:
    if not report.hired:
        raise Wrong(
            f"nobody was hired, with up to {report.deepest} orders waiting and never more than {DESK} unacked: those "
            "on one packer's desk. Unacked alone does not see the queue"
        )
    if report.longest > PATIENCE:
        raise Wrong(f"an order waited for {report.longest} s, and {PATIENCE} s are allowed: hire as soon as they come")
    if report.evening > STAY and not report.sent_home:
        raise Wrong(
            f"nobody was sent home all day: who was not asked for in the last {COOL_DOWN} s is to go, and these are "
            "seconds of `seen.time`, the floor's own clock"
        )
    if report.evening > STAY:
        raise Wrong(
            f"80 s after the last wave and later there were still {report.evening} packers: {STAY} at most may wait "
            "for orders that do not come"
        )
