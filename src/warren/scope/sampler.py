"""The thread that looks at the queues ten times a second and writes what it saw into the recording."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from warren.brokers.broker import Broker
from warren.management import Row
from warren.scope.api import Api
from warren.scope.depths import Depth, Depths, Lost
from warren.scope.explorer import Explorer
from warren.scope.recording import Recording
from warren.scope.statistics import Attached, Statistics

PERIOD = 0.1
"""Seconds between readings."""
MOVING, RESTING = 2, 5
"""The consumers of a classic queue are counted every so many readings: while something moves in it, and otherwise."""


class Sampler:
    """Reads the queues of one vhost into a recording until stopped.

    `ready` is exact at once, `consumers` too, except at rest and of quorum queues: half a second. `unacked` and
    `delayed` are exact for classic queues, and one tick of the broker late (0.5 s on one of our own) for quorum queues.
    `names` empty means every queue of the vhost.
    `state` is "live", "alone" (AMQP alone: `why` says why), "down" (no broker) or "stopped".
    `sampled` is called on the sampler's thread after each reading.
    """

    def __init__(self, broker: Broker, vhost: str, names: Sequence[str], recording: Recording) -> None:
        self.names, self.recording = tuple(names), recording
        self.state, self.why = "live", ""
        self.sampled: Callable[[], None] = lambda: None
        self._depths = Depths(broker.url_for(vhost))
        self._api = Api(broker)
        self._statistics = Statistics(broker, vhost, self._api)
        self._attached = Attached(vhost, self._api)
        self.explorer = Explorer(broker, vhost, self._statistics, recording)
        self._totals: dict[str, tuple[Any, Any]] = {}  # ready and unacked in the reading before
        self._count = self._gone = 0
        self._requests: queue.SimpleQueue[threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="warren scope", daemon=True)

    @property
    def unseen(self) -> str:
        """Why there is nothing to see around the queues; empty where there is."""
        return self.explorer.why or (self.why if self.state == "alone" else "")

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
                self._sample(at_once=bool(asked))
                for event in asked:
                    event.set()
        finally:
            self._depths.close()
            self._api.close()
            self.explorer.close()
            self.state, self.why = "stopped", ""
            self.recording.end()
            self.sampled()
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
        rows = self._statistics.totals(at_once)
        names = self.names or tuple(dict.fromkeys([*self.recording.queues(), *(rows or {})]))
        try:
            depths = {name: self._depth(name, place, rows, at_once) for place, name in enumerate(names)}
            if not any(depths.values()):
                self._depths.alive()
        except Lost as error:
            self._lost(names, error)
        else:
            self._found(rows)
            self._note_gone(names, depths)
            for name in names:
                self._record(name, depths[name], rows)
            self._totals = {name: _totals(row) for name, row in (rows or {}).items()}
            for name, rates in self._statistics.rates().items():
                if name in names:
                    self.recording.rate(name, *rates)
            if rows is not None:
                self.explorer.step(names, every=not self.names)
        self.sampled()

    def _depth(self, name: str, place: int, rows: dict[str, Row] | None, at_once: bool) -> Depth | None:
        if rows is None:
            return self._depths.read(name, at_once)
        row = rows.get(name)
        if row is None:
            return None
        if row.get("exclusive") is True:  # another connection's: a passive declare would only cost the channel
            return Depth(int(row.get("messages_ready") or 0), self._statistics.consumers(row))
        before = self.recording.now(name)
        if before is not None and before.ready is not None and not at_once and self._told(row, place):
            return Depth(int(row.get("messages_ready") or 0), before.consumers or 0)
        depth = self._depths.read(name, at_once)
        if depth is not None and depth.consumers and row.get("type") == "quorum":
            return Depth(depth.ready, self._attached.count(name, depth.consumers))
        return depth

    def _told(self, row: Row, place: int) -> bool:
        """True where the totals do: those of a classic queue are exact at once. Only its consumers are not in them."""
        turns = MOVING if _totals(row) != self._totals.get(row["name"]) else RESTING
        return row.get("type") == "classic" and self._statistics.fresh and (self._count + place) % turns != 0

    def _record(self, name: str, depth: Depth | None, rows: dict[str, Row] | None) -> None:
        row = (rows or {}).get(name)
        if depth is None:
            self.recording.read(name, None, None, None, None)
        elif row is None:
            self.recording.read(name, depth.ready, None, None, depth.consumers)
        else:
            unacked, delayed = self._statistics.unacked(row), self._statistics.delayed(row)
            self.recording.read(name, depth.ready, unacked, delayed, depth.consumers)
            self.recording.describe(name, row.get("type", "classic"), row.get("arguments") or {})

    def _note_gone(self, names: Sequence[str], depths: dict[str, Depth | None]) -> None:
        """Mark that consumers left, once they have stopped leaving: a crew goes one by one."""
        going = 0
        for name in names:
            before, now = self.recording.now(name), depths[name]
            if before is not None and before.consumers is not None and now is not None:
                going += max(0, before.consumers - now.consumers)
        self._gone += going
        if self._gone and not going:
            self.recording.mark("consumer gone" if self._gone == 1 else f"{self._gone} consumers gone", by="broker")
            self._gone = 0

    def _found(self, rows: dict[str, Row] | None) -> None:
        if self.state == "down":
            self.recording.mark(f"{self.why} back", by="broker")
            self._statistics.hurry()
        self.state, self.why = ("live", "") if rows is not None else ("alone", self._api.why)

    def _lost(self, names: Sequence[str], error: Lost) -> None:
        why = "vhost" if "vhost" in str(error) else "broker"
        if (self.state, self.why) != ("down", why):
            self.recording.mark("vhost deleted" if why == "vhost" else "broker down", by="broker")
        self.state, self.why = "down", why
        for name in names:
            self.recording.read(name, None, None, None, None)


def _totals(row: Row) -> tuple[Any, Any]:
    return row.get("messages_ready"), row.get("messages_unacknowledged")
