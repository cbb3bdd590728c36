"""The memory of a scope: what each queue held and when, what happened, who said what. Safe to use from any thread.

Times are seconds since the recording began. They never repeat, so "everything after t" is exact.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from warren.scope.entries import About, Lane, Line, Mark, Peak, Rates, Reading
from warren.scope.lanes import Lanes
from warren.scope.latest import Latest
from warren.scope.series import Series

QUEUES_KEPT = 300
"""Queues remembered, if those beyond are gone: a reply queue per request, say."""
LINES_KEPT = 2_000
"""Lines of the message log and marks kept; older ones are dropped."""

CONSUMING = ("delivered", "acked", "rejected", "redelivered")
"""Events of the message log that happen to a message in a queue."""


class Recording:
    """What a scope saw. `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began, self._last = clock, clock(), 0.0
        self._lock = threading.RLock()
        self._readings: dict[str, Series[Reading]] = {}
        self._rates: dict[str, Series[Rates]] = {}
        self._peaks: dict[str, Peak] = {}
        self._about: dict[str, About] = {}
        self._marks: deque[Mark] = deque(maxlen=LINES_KEPT)
        self._lines: deque[Line] = deque(maxlen=LINES_KEPT)
        self._latest = Latest()
        self._lanes = Lanes()
        self.readers: dict[str, str] = {}
        """Of those who consume from a single queue, by name, which."""
        self.ended: float | None = None

    def elapsed(self) -> float:
        """Seconds since the recording began; stands still once it has ended."""
        return self.ended if self.ended is not None else self._clock() - self._began

    @property
    def last(self) -> float:
        """When something was written last."""
        return self._last

    def _tick(self) -> float:
        # JSON gets microseconds; two things at the same one would hide the second from `after`
        self._last = max(round(self.elapsed(), 6), round(self._last + 1e-6, 6))
        return self._last

    # writing
    def read(
        self, queue: str, ready: int | None, unacked: int | None, delayed: int | None, consumers: int | None
    ) -> None:
        """The queue as it is now."""
        with self._lock:
            series = self._readings.get(queue) or self._begin(queue)
            if series.says((ready, unacked, delayed, consumers)):
                return
            series.add(Reading(self._tick(), ready, unacked, delayed, consumers))
            peak = self._peaks.get(queue, Peak())
            self._peaks[queue] = Peak(
                *(max(old, new or 0) for old, new in zip(peak, (ready, unacked, delayed), strict=True))
            )

    def _begin(self, queue: str) -> Series[Reading]:
        """A queue never seen before; in a vhost where ever new ones come, the one longest gone is forgotten."""
        if len(self._readings) >= QUEUES_KEPT:
            gone = {
                name: series.points[-1].t for name, series in self._readings.items() if series.points[-1].ready is None
            }
            if gone:
                longest = min(gone, key=gone.__getitem__)
                for known in (self._readings, self._rates, self._peaks, self._about):
                    known.pop(longest, None)
        series = self._readings[queue] = Series()
        return series

    def rate(self, queue: str, publish: float, deliver: float, ack: float, redeliver: float) -> None:
        """What goes through the queue now, messages a second."""
        with self._lock:
            series = self._rates.setdefault(queue, Series())
            if not series.says((publish, deliver, ack, redeliver)):
                series.add(Rates(self._tick(), publish, deliver, ack, redeliver))

    def describe(self, queue: str, kind: str, arguments: dict[str, Any]) -> None:
        """What kind of queue it is: classic, quorum or stream, and with which arguments."""
        with self._lock:
            known = self._about.get(queue)
            if known is None or (known.kind, known.arguments) != (kind, arguments):
                self._about[queue] = About(self._tick(), kind, arguments)

    def mark(self, label: str, by: str = "you") -> None:
        """Something happened just now."""
        with self._lock:
            self._marks.append(Mark(self._tick(), label, by))

    def log(self, who: str, event: str, what: str, queue: str = "") -> None:
        """A line of the message log. The queue need not be given of what somebody did who reads from one alone."""
        with self._lock:
            if not queue and event in CONSUMING:
                queue = self.readers.get(who, "")
            self._lines.append(Line(self._tick(), who, event, what, queue))

    def latest(self, kind: str, values: dict[str, Any], whole: bool = False) -> None:
        """Values of which only the newest counts, by name; `whole`: what is not named is no more."""
        with self._lock:
            if whole:
                self._latest.keep(kind, set(values))
            for name, value in values.items():
                if not self._latest.says(kind, name, value):
                    self._latest.put(kind, name, value, self._tick())

    def lane(self, name: str, value: float | str) -> None:
        """The lane has this value from now on. Raises WarrenError where it cannot be one of that lane."""
        with self._lock:
            self._lanes.put(name, value, self._tick)

    def end(self) -> None:
        """Nothing more will be recorded."""
        with self._lock:
            if self.ended is None:
                self.ended = self._tick()

    # reading
    def queues(self) -> list[str]:
        """The names of all queues with a reading, in order of appearance."""
        with self._lock:
            return list(self._readings)

    def now(self, queue: str) -> Reading | None:
        """The last reading; None for a queue that was never looked at."""
        with self._lock:
            series = self._readings.get(queue)
            return series.points[-1] if series else None

    def peak(self, queue: str) -> Peak:
        """The most it ever held; zeros for a queue never seen."""
        with self._lock:
            return self._peaks.get(queue, Peak())

    def readings(self, queue: str, after: float = -1.0) -> list[Reading]:
        """Its readings later than `after`, oldest first, one per change."""
        with self._lock:
            series = self._readings.get(queue)
            return series.after(after) if series else []

    def rates(self, queue: str, after: float = -1.0) -> list[Rates]:
        """Its rates later than `after`, oldest first, one per change."""
        with self._lock:
            series = self._rates.get(queue)
            return series.after(after) if series else []

    def newest(self, kind: str) -> dict[str, Any]:
        """What `latest` was told of that kind, by name."""
        with self._lock:
            return self._latest.get(kind)

    def about(self, queue: str) -> About | None:
        """Type and arguments of the queue; None where the HTTP API did not say."""
        with self._lock:
            return self._about.get(queue)

    def lanes(self, after: float = -1.0) -> dict[str, Lane]:
        """The lanes that changed later than `after`, with these changes, in order of their first use."""
        with self._lock:
            return self._lanes.after(after)

    def marks(self, after: float = -1.0) -> list[Mark]:
        """The marks later than `after`, in order."""
        with self._lock:
            return [mark for mark in self._marks if mark.t > after]

    def lines(self, after: float = -1.0) -> list[Line]:
        """The lines of the message log later than `after`, in order."""
        with self._lock:
            late: list[Line] = []
            for line in reversed(self._lines):
                if line.t <= after:
                    break
                late.append(line)
            return late[::-1]

    def changes(self, after: float = -1.0) -> tuple[float, dict[str, Any]]:
        """All that came later than `after`, as plain lists for JSON, and the moment to ask from next time."""
        with self._lock:
            queues = {}
            for name in self._readings:
                news: dict[str, Any] = {"readings": self.readings(name, after), "rates": self.rates(name, after)}
                about = self._about.get(name)
                news["about"] = about if about and about.t > after else None
                if any(news.values()):
                    queues[name] = news
            news = {"queues": queues, "marks": self.marks(after), "lines": self.lines(after)}
            if lanes := self.lanes(after):
                news["lanes"] = {name: {"steps": lane.steps, "hues": lane.hues} for name, lane in lanes.items()}
            return self._last, news | self._latest.after(after)
