"""The queue widget: watches queues, remembers what it saw, and shows it live, as a figure, as text, as records."""

from __future__ import annotations

import time
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from warren.brokers.broker import Broker
from warren.errors import BrokerRefused, WarrenError
from warren.scope.entries import Reading
from warren.scope.facts import Facts, facts
from warren.scope.lanes import chosen
from warren.scope.palette import EVENTS
from warren.scope.recording import Recording
from warren.scope.records import records
from warren.scope.sampler import Sampler

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from warren.scope.view import View

STILL = 0.02
"""Seconds two readings of a classic queue must agree over: messages on their way to the broker arrive in between."""
STILL_QUORUM = 0.7
"""The same for quorum queues, whose unacked count a broker of our own renews every 0.5 s."""
PATIENCE = 0.4
"""Seconds beyond which a queue in motion is taken as it is."""


class Scope:
    """Watches queues of one vhost from now on, ten times a second, until `stop()`.

    Without queue names it watches every queue of the vhost, which takes the HTTP API. As the last expression of a
    notebook cell it is the live picture. It uses a thread and connections of its own, never a learner's channel, and
    goes on through a restart of the broker.
    """

    def __init__(self, broker: Broker, vhost: str, queues: tuple[str, ...] | list[str] = ()) -> None:
        _check_names(queues)
        if not queues and broker.management_url is None:
            raise BrokerRefused(
                "Watching every queue takes RabbitMQ's HTTP API, which this broker does not offer: "
                'name the queues instead, such as watch("tasks").'
            )
        self._title = {"vhost": vhost, "version": broker.version}
        self.recording = Recording()
        self._names = tuple(dict.fromkeys(queues))
        self._sampler = Sampler(broker, vhost, self._names, self.recording)
        self._view: View | None = None
        self._sampler.start()
        self._finalizer = weakref.finalize(self, self._sampler.stop)  # dropped, or the kernel ends without stop()

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues watched: those named, or those there are."""
        return self._names or tuple(self.recording.queues())

    def mark(self, label: str) -> None:
        """Note on all pictures that something happened now, and read the queues exactly at this moment."""
        self.recording.mark(str(label))
        self._read_exactly()

    def log(self, who: str, event: str, what: str = "", queue: str = "") -> None:
        """Add a line to the message log, from any thread; `queue` is what it is about, for who filters by it.

        Raises WarrenError for an event it does not know.
        """
        if event not in EVENTS:
            raise WarrenError(f'"{event}" is not an event of the message log; it takes one of {", ".join(EVENTS)}.')
        self.recording.log(str(who), event, str(what), str(queue))

    def lane(self, name: str, value: float | str) -> None:
        """Note what a value of your own is from now on, from any thread; it is drawn below the queues.

        A number becomes a line in steps (`scope.lane("tokens", 3)`), a text a band that bears it
        (`scope.lane("breaker", "open")`). Only changes are kept; it takes microseconds, and asks the broker nothing.
        Raises WarrenError for anything else, for a text where the lane holds numbers, and the other way round.
        """
        self.recording.lane(name, value)

    def facts(self, lanes: Sequence[str] | None = None) -> Facts:
        """What the queues held at most and hold at this moment: "tasks: peak 120 ready, 30 unacked; now 0".

        After them the lanes: "breaker: closed, open, half-open, closed", "tokens: 0 to 5, now 3". `lanes` names those
        to tell, `()` none: numbers that hang on time are not equal at every run. Raises WarrenError for an unknown one.
        """
        self._read_exactly()
        return facts(self.recording, self.queues, self._sampler.down, chosen(self.recording.lanes(), lanes))

    def plot(self, *queues: str, lanes: Sequence[str] | None = None, depth: bool = True) -> Figure:
        """The whole recording as a matplotlib figure: a panel per queue, below them the lanes on the same time axis.

        Name queues to show only those, and `lanes` to show only those; `depth=False` leaves the queues out. Raises
        WarrenError for an unknown lane.
        """
        shown = chosen(self.recording.lanes(), lanes)
        self._read_exactly()
        end = self.recording.elapsed()
        from warren.scope.figure import draw  # matplotlib takes a second to import: the picture ends before that

        names = (queues or self.queues) if depth else ()
        return draw(self.recording, names, end, list(shown))

    def records(self) -> list[dict[str, Any]]:
        """Everything recorded as plain dictionaries in order of time, for analysis of your own.

        Each has `t` (seconds) and `kind`: "reading" (`queue`, `ready`, `unacked`, `delayed`, `consumers`), "rates"
        (`queue`, `publish`, `deliver`, `ack`, `redeliver`, messages a second), "lane" (`lane`, `value`), "mark"
        (`label`, `by`) or "log" (`who`, `event`, `what`, `queue`, empty where it is not known). A reading, a rate and a
        value hold until the next one of that queue or lane: only changes are kept.
        """
        return records(self.recording, self.queues)

    def stop(self) -> None:
        """End the recording; what was recorded can still be shown."""
        self._finalizer()

    def __repr__(self) -> str:
        return f"Scope of {', '.join(self._names) or 'every queue'}"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        from warren.scope.view import View

        if self._view is None or self._view.comm is None:  # never shown, or the page has closed it
            self._view = View(self.recording, self._sampler, self._title)
        bundle = self._view.show()
        bundle[0]["text/plain"] = repr(self)
        return bundle

    def __reduce__(self) -> str:
        raise WarrenError("A scope stays in the notebook: a worker in a process of its own logs with `worker.log(…)`.")

    def _read_exactly(self) -> None:
        """Read until nothing changes any more, or, while messages flow, for a moment."""
        began = changed = time.monotonic()
        before: list[Reading | None] = []
        still = STILL
        while self._sampler.read() and time.monotonic() < began + still + PATIENCE:
            now = [self.recording.now(queue) for queue in self.queues]
            kinds = {about.kind for queue in self.queues if (about := self.recording.about(queue))}
            still = STILL_QUORUM if "quorum" in kinds else STILL
            if now != before:
                before, changed = now, time.monotonic()
            elif time.monotonic() >= changed + still:
                return
            time.sleep(STILL)


def _check_names(queues: tuple[str, ...] | list[str]) -> None:
    for name in queues:
        if not isinstance(name, str) or not 0 < len(name.encode()) < 256:
            raise WarrenError(f"A queue's name is a text of 1 to 255 bytes, not {name!r}.")
