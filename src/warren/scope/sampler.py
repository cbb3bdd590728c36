"""The thread that looks at the queues ten times a second and writes what it saw into the recording."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

from warren.brokers.broker import Broker
from warren.management import Row
from warren.scope.api import Api
from warren.scope.depths import Depth, Depths, Lost
from warren.scope.entries import Reading
from warren.scope.explorer import Explorer
from warren.scope.parties import GONE_KEPT
from warren.scope.recording import Recording
from warren.scope.statistics import Attached, Statistics
from warren.scope.troubles import Troubles

PERIOD = 0.1
"""Seconds between readings."""
WORKING, RESTING = 2, 5
"""The totals are asked for every so many readings: where somebody consumes or a queue is of a type that has new ones
only twice a second, and where nothing happens. What moves in a classic queue is followed at each."""
DYING = 10
"""Readings between the end of a worker and that of its consumer, at most, whichever is first."""
LABELS = {
    "broker": ("broker down", "broker back"),
    "vhost": ("vhost deleted", "vhost back"),
    "refused": ("access refused", "access back"),
}
"""The marks for what is lost and found again."""


class Sampler:
    """Reads the queues of one vhost into a recording until stopped.

    `ready` is exact at once, `consumers` too, except of quorum queues: half a second. `unacked` and `delayed` are exact
    for classic queues while anything moves in them and up to 0.2 s late when it begins to, and for quorum queues one
    tick of the broker late (0.5 s on one of our own). `names` empty means every queue of the vhost.
    `state` is "live", "alone" (AMQP alone: `why` says why), "down" (`why` is one of LABELS) or "stopped".
    `sampled` is called on the sampler's thread after each reading. Nothing it meets ends it: see `troubles`.
    """

    def __init__(self, broker: Broker, vhost: str, names: Sequence[str], recording: Recording) -> None:
        self.names, self.recording = tuple(names), recording
        self.state, self.why = "live", ""
        self.sampled: Callable[[], None] = lambda: None
        self._depths = Depths(broker.url_for(vhost))
        self._api = Api(broker)
        self._statistics = Statistics(broker, vhost, self._api)
        self._attached = Attached(vhost, self._api)
        self._troubles = Troubles(recording)
        self.explorer = Explorer(broker, vhost, self._statistics, recording)
        self._count = self._quiet = 0
        self._leaving: dict[str, tuple[Reading, int]] = {}  # each queue before its consumers began to go, how many went
        self._requests: queue.SimpleQueue[threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="warren scope", daemon=True)

    @property
    def unseen(self) -> str:
        """Why there is nothing to see around the queues; empty where there is."""
        return self.explorer.why or (self.why if self.state == "alone" else "")

    @property
    def down(self) -> str:
        """Why nothing can be seen, such as "broker down"; empty where something can."""
        return LABELS[self.why][0] if self.why in LABELS else ""

    def start(self) -> None:
        """Begin, and return after the first reading."""
        self._thread.start()
        self.read()

    def read(self, within: float = 3.0) -> bool:
        """Have the queues read right now; False if that took longer than `within` seconds or the sampler is stopped."""
        done = threading.Event()
        self._requests.put(done)
        return self._thread.is_alive() and done.wait(within)

    def stop(self, within: float = 3.0) -> None:
        """End the thread and close its connections; at once, except while the broker does not answer."""
        self._requests.put(None)
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(within)

    def _run(self) -> None:
        due = time.monotonic()
        try:
            while (asked := self._wait(due - time.monotonic())) is not None:
                due = time.monotonic() + PERIOD
                self._troubles.attempt("the queues", self._sample, bool(asked))
                self._troubles.tell()
                self._troubles.attempt("what is new", self.sampled)
                for event in asked:
                    event.set()
        finally:
            self._depths.close()
            self._api.close()
            self.explorer.close()
            self.state, self.why = "stopped", ""
            self.recording.end()
            self._troubles.attempt("what is new", self.sampled)
            while not self._requests.empty():  # whoever asked too late need not wait
                if late := self._requests.get():
                    late.set()

    def _wait(self, seconds: float) -> list[threading.Event] | None:
        """Who asked for a reading in the meantime; None to stop."""
        asked: list[threading.Event] = []
        try:
            request = self._requests.get(timeout=max(seconds, 0.001))
            while request is not None:
                asked.append(request)
                request = self._requests.get_nowait()
        except queue.Empty:
            return asked
        for event in asked:
            event.set()
        return None

    def _sample(self, at_once: bool) -> None:
        self._count += 1
        rows = self._rows(wanted=False, at_once=at_once)
        if rows is None and not self._statistics.fresh:
            rows = self._rows(wanted=True)
        names = self.names or tuple(dict.fromkeys([*self.recording.queues(), *(rows or {})]))
        try:
            depths = self._look(names, rows, at_once)
        except Lost as error:
            self._lost(names, error)
            return
        if not self._statistics.fresh and rows is not None:
            rows = self._rows(wanted=self._moved(names, rows, depths))
        self._found(rows)
        self._note_gone(names, depths)
        for name in names:
            self._record(name, depths[name], rows)
        for name, rates in (self._troubles.attempt("rates", self._statistics.rates) or {}).items():
            if name in names:
                self.recording.rate(name, *rates)
        if rows is not None:
            self._troubles.attempt("what is around the queues", self.explorer.step, self._there(names), not self.names)

    def _there(self, names: Sequence[str]) -> Sequence[str]:
        """The queues to draw: of every queue not those that went a while ago."""
        if self.names:
            return names
        before = self.recording.elapsed() - GONE_KEPT
        seen = {name: self.recording.now(name) for name in names}
        return [name for name, last in seen.items() if last and (last.ready is not None or last.t > before)]

    def _rows(self, wanted: bool, at_once: bool = False) -> dict[str, Row] | None:
        return self._troubles.attempt("unacked", self._statistics.totals, wanted, at_once)

    def _look(self, names: Sequence[str], rows: dict[str, Row] | None, at_once: bool) -> dict[str, Depth | None]:
        """The depths, of queues that no passive declare may ask for as the totals say. Raises Lost."""
        if rows is None:
            asked: Sequence[str] = names
        else:  # a declare for a queue that is another connection's or not there would only cost the channel
            asked = [name for name in names if name in rows and rows[name].get("exclusive") is not True]
        found: dict[str, Depth | None] = dict.fromkeys(names)
        found |= self._depths.read(asked, at_once)
        for name in names:
            row, depth = (rows or {}).get(name), found[name]
            if row is None and name in self._depths.refused:
                self._troubles.note(name, self._depths.refused[name])
            elif row is not None and depth is None and (name not in asked or name in self._depths.refused):
                found[name] = Depth(int(row.get("messages_ready") or 0), self._statistics.consumers(row))
            elif row is not None and depth is not None and depth.consumers and row.get("type") == "quorum":
                found[name] = Depth(depth.ready, self._attached.count(name, depth.consumers))
        return found

    def _moved(self, names: Sequence[str], rows: dict[str, Row], depths: dict[str, Depth | None]) -> bool:
        """Whether totals are wanted: to ask for them costs the kernel as much as thirty declares."""
        turns = RESTING if self.names else WORKING
        for name in names:
            before, depth, row = self.recording.now(name), depths[name], rows.get(name, {})
            told = None if before is None or before.ready is None else (before.ready, before.consumers)
            if told != depth or (before is not None and before.unacked):
                if row.get("type") == "classic":
                    return True
                turns = WORKING
            elif depth is None or depth.consumers:
                turns = WORKING
        return self._count % turns == 0

    def _record(self, name: str, depth: Depth | None, rows: dict[str, Row] | None) -> None:
        row = (rows or {}).get(name)
        if depth is None:
            self.recording.read(name, None, None, None, None)
        elif row is None:
            self.recording.read(name, depth.ready, None, None, depth.consumers)
        else:
            # of a classic queue both at one moment: nothing is counted twice, or not at all, on its way to a consumer
            one = self._statistics.fresh and row.get("type") == "classic"
            ready = int(row.get("messages_ready") or 0) if one else depth.ready
            unacked, delayed = self._statistics.unacked(row), self._statistics.delayed(row)
            self.recording.read(name, ready, unacked, delayed, depth.consumers)
            self.recording.describe(name, row.get("type", "classic"), row.get("arguments") or {})

    def _note_gone(self, names: Sequence[str], depths: dict[str, Depth | None]) -> None:
        """Remember who leaves; mark it once they have stopped leaving: a crew goes one by one."""
        going = False
        for name in names:
            before, now = self.recording.now(name), depths[name]
            if before is None or before.consumers is None or now is None or now.consumers >= before.consumers:
                continue
            first, gone = self._leaving.get(name, (before._replace(t=self.recording.elapsed()), 0))
            self._leaving[name], going = (first, gone + before.consumers - now.consumers), True
        self._quiet = 0 if going else self._quiet + 1
        if self._leaving and not going:
            lost = sum(self._lost_ones(name, first, gone) for name, (first, gone) in self._leaving.items())
            if lost:
                self.recording.mark("consumer gone" if lost == 1 else f"{lost} consumers gone", by="broker")
            if lost or self._quiet > DYING:
                self._leaving = {}

    def _lost_ones(self, name: str, first: Reading, gone: int) -> int:
        """Of those gone: all if messages came back, else as many as workers died; an orderly end is no event."""
        now = self.recording.now(name)
        if self._quiet == 1 and first.unacked != 0 and now is not None and (now.ready or 0) > (first.ready or 0):
            return gone
        marked = max((mark.t for mark in self.recording.marks() if mark.by == "broker"), default=0.0)
        lines = self.recording.lines(max(first.t - DYING * PERIOD, marked))
        return min(gone, sum(line.event == "gone" for line in lines))

    def _found(self, rows: dict[str, Row] | None) -> None:
        if self.state == "down":
            self.recording.mark(LABELS[self.why][1], by="broker")
            self._statistics.hurry()
        self.state, self.why = (
            ("live", "") if rows is not None else ("alone", self._api.why or "the HTTP API answers oddly")
        )

    def _lost(self, names: Sequence[str], error: Lost) -> None:
        if (self.state, self.why) != ("down", error.what):
            self.recording.mark(LABELS[error.what][0], by="broker")
        self.state, self.why = "down", error.what
        for name in names:
            self.recording.read(name, None, None, None, None)
