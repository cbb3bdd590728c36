"""What stands behind a notebook: a clean vhost, its URL, scopes, workers, and the end of them all."""

from __future__ import annotations

import atexit
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from warren import course, starting
from warren.brokers.broker import Broker
from warren.distance import Distance
from warren.errors import WarrenError
from warren.ledger import Ledger
from warren.vhosts import CleanVhost
from warren.workers import Crew
from warren.workers.worker import named

if TYPE_CHECKING:
    from warren.scope import Scope

HEARTBEAT = 1800  # seconds: somebody reads between two cells, and pika answers heartbeats only while a call of it runs
BLOCKED = 10  # seconds that pika waits for a broker with an alarm, which takes no messages, before it raises
# Seconds of silence, between two probes, and how many of them: a dead network is noticed after half a minute although
# the heartbeat is long. pika knows these on Linux only; aio-pika ignores them, and BLOCKED too: there it takes up to
# two heartbeats, and a publish waits for the end of the alarm.
KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
POLL = 0.02  # seconds between two looks of `wait`

Found = TypeVar("Found")

_open: dict[str, Session] = {}  # the sessions of this kernel by their vhost's URL
_opening = threading.RLock()


class SessionClosed(WarrenError):
    """The lesson or lab was closed; its first cell opens it again."""


class WaitedInVain(WarrenError, TimeoutError):
    """What `wait` waited for did not happen in time."""


class Session:
    """A lesson or a lab while it is open: its own vhost on the broker, empty when it opens.

    Opening it closes the session that this kernel had on the same vhost. Raises what `CleanVhost` raises.
    """

    def __init__(self, broker: Broker, name: str, title: str) -> None:
        self.title = title
        self.broker = broker
        self._scopes: dict[tuple[str, ...], Scope] = {}
        self._crews: list[Crew] = []
        self._ledgers: list[Ledger] = []
        self._lock = threading.RLock()
        self._closed = False
        with _opening:
            self.management = broker.management()
            self._clean = CleanVhost(broker, self.management, name)
            if earlier := _open.pop(self._clean.url, None):
                earlier.close()
            self._clean.open()
            _open[self._clean.url] = self

    @property
    def vhost(self) -> str:
        """The vhost everything of this session is in."""
        return self._clean.name

    @property
    def url(self) -> str:
        """The AMQP URL to connect to: with a heartbeat of half an hour, and an end to waiting for a broker in alarm.

        pika names itself "notebook" by it. On somebody else's broker, which a network lies before, also with TCP
        keepalive. Raises SessionClosed.
        """
        self._must_be_open()
        parameters: dict[str, str | int] = {"heartbeat": HEARTBEAT, "blocked_connection_timeout": BLOCKED}
        if not self.broker.own and all(hasattr(socket, option) for option in KEEPALIVE):
            parameters["tcp_options"] = str(KEEPALIVE).replace(" ", "")
        return named(self.broker.url_for(self.vhost, **parameters), "notebook")

    def watch(self, *queues: str) -> Scope:
        """Record and show these queues (none named: all of the vhost). An earlier scope of the same queues stops."""
        from warren.scope import Scope

        self._must_be_open()
        scope = Scope(self.broker, self.vhost, queues)
        with self._lock:
            earlier, self._scopes[queues] = self._scopes.get(queues), scope
        if earlier is not None:
            earlier.stop()
        return scope

    def log(self, who: str, event: str, what: str) -> None:
        """Write to the message log of every scope, e.g. `log("checkout", "confirmed", "order 241")`; any thread may."""
        for scope in list(self._scopes.values()):
            scope.log(who, event, what)

    def distant(self, round_trip: float) -> Distance:
        """For `with`: a URL to the same vhost by which every answer takes that many seconds longer, as from afar."""
        return Distance(self.url, round_trip)

    def ledger(self) -> Ledger:
        """A new ledger, in a temporary file that goes when the session is closed."""
        self._must_be_open()
        opened = Ledger(Path(tempfile.mkdtemp(prefix="warren-ledger-")) / "ledger.sqlite")
        with self._lock:
            self._ledgers.append(opened)
        return opened

    def workers(
        self,
        function: Callable[..., Any],
        count: int = 1,
        *,
        process: bool = False,
        may_fail: bool = False,
        name: str = "worker",
    ) -> Crew:
        """For `with`: run `function(worker)` `count` times at once, in threads or in real processes."""
        crew = Crew(function, count, self.url, self.log, process=process, may_fail=may_fail, name=name)
        with self._lock:
            self._crews = [*(one for one in self._crews if any(worker.alive for worker in one)), crew]
        return crew

    def wait(self, condition: Callable[[], Found], within: float = 5) -> Found:
        """Ask again and again until the answer is true, and return it.

        Raises WaitedInVain (a TimeoutError) after `within` seconds, WorkerFailed at once if a worker fails meanwhile.
        """
        deadline = time.monotonic() + within
        while not (answer := condition()):
            for crew in self._crews:
                if crew.entered and (failed := crew.failed()):
                    raise failed
            if time.monotonic() > deadline:
                raise WaitedInVain(f"Waited {within:g} s, and it did not happen." + self._returned())
            time.sleep(POLL)
        return answer

    def _returned(self) -> str:
        """The workers that have returned although their `with` block goes on, as a sentence; empty without any."""
        names = [worker.name for crew in self._crews if crew.entered for worker in crew if worker.returned]
        if not names:
            return ""
        have = "has" if len(names) == 1 else "have"
        return f" {', '.join(names)} {have} returned already: a consumer ends when its queue is deleted."

    def close(self) -> None:
        """End the workers and scopes, remove the vhost with all in it. Safe to call twice, and without a broker."""
        with _opening, self._lock:
            if self._closed:
                return
            self._closed = True
            if _open.get(self._clean.url) is self:
                del _open[self._clean.url]
        for crew in self._crews:
            crew.close()
        for scope in self._scopes.values():
            scope.stop()
        for ledger in self._ledgers:
            ledger.close()
            shutil.rmtree(ledger.path.parent, ignore_errors=True)
        self._clean.close()
        self.management.close()

    def _must_be_open(self) -> None:
        if self._closed:
            raise SessionClosed(f"{self.title} is closed. Run the cell that opens it again.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{self.title}{' · closed' if self._closed else ''}>"

    def __reduce__(self) -> tuple[type[Elsewhere], tuple[str, str, str]]:
        return Elsewhere, (self.title, self.vhost, self.url)


class Elsewhere:
    """What a worker process sees of a session that its function uses: where to connect, and nothing else."""

    def __init__(self, title: str, vhost: str, url: str) -> None:
        self.title, self.vhost, self.url = title, vhost, url

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a worker process cannot use .{name} of {self.title}; use the worker it is given")


class Lesson(Session):
    """One open lesson."""


def lesson(number: str | int) -> Lesson:
    """Open the lesson of that number, e.g. `lesson("02")`, starting a broker if none runs.

    Raises CourseError if there is no such lesson, BrokerUnavailable if there is no way to a broker.
    """
    entry = course.lesson(number)
    opened = Lesson(starting.broker(), entry.name, f"Lesson {entry.number} · {entry.title}")
    print(f"{opened.title} · ready")
    return opened


@atexit.register
def _close_all() -> None:
    for session in list(_open.values()):
        session.close()
