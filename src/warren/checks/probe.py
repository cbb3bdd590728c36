"""What a check can do and see: the small vocabulary the labs' modules are written in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pika
from pika import exceptions, spec

from warren.checks import learner
from warren.checks.exercise import Learners
from warren.checks.ledger import Ledger
from warren.checks.result import Verdict, Wrong, cannot_tell
from warren.checks.wire import Wire
from warren.errors import WarrenError
from warren.workers import Child

if TYPE_CHECKING:
    from warren.checks.lab_session import Lab

POLL = 0.02  # seconds between two looks

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Waited(Generic[Seen]):
    """What was last seen, whether it came to be what was waited for, and how long was waited at most (seconds)."""

    seen: Seen
    met: bool
    within: float


@dataclass(frozen=True)
class Message:
    """A ready message, seen without taking it away."""

    body: str
    persistent: bool
    redelivered: bool


class Probe:
    """One check at work, on the lab's vhost, which it empties first.

    `wire.url` goes to the learner's functions; `ledger` records what they do. Broker errors of the probe's own
    (pika's, WarrenError) mean that the broker is gone: Lab.check turns them into "cannot tell".
    """

    patience = 5.0  # seconds without any change; the broker needs none, or 0.3 for what a killed client held
    deadline = 10.0  # seconds a learner's function may take for work that takes less than one

    def __init__(self, lab: Lab) -> None:
        self.broker, self.vhost, self.management = lab.broker, lab.vhost, lab.management
        self._url = lab.url
        self._children: list[Child] = []
        try:
            self._empty()
        except WarrenError:  # a queue that is exclusive to some connection, or another kernel took the vhost along
            lab.renew()
        with contextlib.ExitStack() as opened:
            self._connection = pika.BlockingConnection(pika.URLParameters(self._url))
            opened.callback(self._hang_up)
            self.ledger = Ledger()
            opened.callback(self.ledger.close)
            self.wire = Wire(self._url)
            opened.callback(self.wire.close)
            self._end = opened.pop_all()

    def close(self) -> None:
        for child in self._children:
            child.kill()
        self._end.close()

    # running the learner's functions
    def run(self, function: Learners, within: float | None = None, **arguments: Any) -> Any:
        """Call the function in a process of its own and return what it returns; ends the check where it does not."""
        child = self.start(function, **arguments)
        return self.returned(function, child, within)

    def start(self, function: Learners, *, workers: int = 0, **arguments: Any) -> Child:
        """Begin to run the function in a process: called with the url, or as that many workers in threads."""
        child = learner.start(function, self.wire.url, workers, arguments)
        self._children.append(child)
        child.started(self.deadline)  # so that what is waited for next need not wait for a new Python
        return child

    def returned(self, function: Learners, child: Child, within: float | None = None) -> Any:
        """What the function returned; ends the check if it raised, did not end in time or never used the url."""
        within = self.deadline if within is None else within
        value = learner.value(function, child.outcome(within), within)
        if not self.wire.conversations:
            raise Wrong(f"`{learner.name(function)}` never connected to the `url` it was given")
        return value

    def stopped(self, function: Learners, child: Child) -> None:
        """Ask the workers to stop, as the end of a `with` block does; ends the check if they raised or go on."""
        child.stop()
        if not child.wait(self.patience):
            went_on = f"`{learner.name(function)}` went on for {self.patience:g} s after `worker.stopping` was True"
            raise Wrong(f"{went_on}: it must return then")
        self.returned(function, child)

    @property
    def printed(self) -> tuple[str, ...]:
        """What the learner's functions printed; ends those that still run."""
        return tuple(line for child in self._children for line in child.outcome(0).printed)

    def auto_acks(self) -> bool:
        """True if something was taken with `auto_ack=True`."""
        return any(method.no_ack for method in self.wire.said(spec.Basic.Get, spec.Basic.Consume))

    def early_acks(self) -> bool:
        """True if at some moment more was acknowledged than finished."""
        acks = sorted(ack.at for ack in self.wire.noted(spec.Basic.Ack))
        done = sorted(entry.at for entry in self.ledger.entries if entry.what == "done")
        return len(acks) > len(done) or any(ack < finished for ack, finished in zip(acks, done, strict=False))

    # the broker's side
    def declare(self, queue: str, **arguments: Any) -> None:
        """Declare a durable queue."""
        with self._channel() as channel:
            channel.queue_declare(queue, durable=True, **arguments)

    def publish(self, queue: str, bodies: Iterable[str]) -> None:
        """Publish persistent messages and wait until the broker has them."""
        with self._channel() as channel:
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish("", queue, body.encode(), pika.BasicProperties(delivery_mode=2), mandatory=True)

    def ready(self, queue: str) -> int | None:
        """Messages ready in the queue, exact at once; None if there is no such queue."""
        try:
            with self._channel() as channel:
                return int(channel.queue_declare(queue, passive=True).method.message_count)
        except exceptions.ChannelClosedByBroker as error:
            if error.reply_code == 404:
                return None
            raise

    def unacked(self, queue: str) -> int:
        """Messages delivered and not settled, or 0 if there is no such queue."""
        return self._total(queue, "messages_unacknowledged")

    def held(self, queue: str) -> int:
        """Ready and unacked messages, counted in one look: one that goes back and forth is never missed."""
        return self._total(queue, "messages")

    def _total(self, queue: str, what: str) -> int:
        rows = self.management.queue_totals(self.vhost)
        return next((int(row.get(what, 0)) for row in rows if row["name"] == queue), 0)

    def queues(self) -> list[str]:
        """The names of all queues in the vhost."""
        return sorted(row["name"] for row in self.management.queue_totals(self.vhost))

    def messages(self, queue: str) -> list[Message]:
        """All ready messages in order; they stay in the queue, as redelivered."""
        found: list[Message] = []
        with self._channel() as channel:  # closing the channel puts them back where they were
            while (got := channel.basic_get(queue))[0]:
                method, properties, body = got
                persistent = properties.delivery_mode == spec.PERSISTENT_DELIVERY_MODE
                found.append(Message(body.decode(errors="replace"), persistent, method.redelivered))
        return found

    def wait(self, look: Callable[[], Seen], wanted: Callable[[Seen], bool]) -> Waited[Seen]:
        """Look again and again until it is as wanted, or has not changed for `patience` seconds."""
        seen, since = look(), time.monotonic()
        while not wanted(seen) and time.monotonic() < since + self.patience:
            time.sleep(POLL)
            before, seen = seen, look()
            since = since if seen == before else time.monotonic()
        return Waited(seen, wanted(seen), self.patience)

    def wait_ready(self, queue: str, count: int) -> Waited[int | None]:
        """Wait until that many messages are ready and none is unacked; more ready are too many at once.

        For when nobody takes messages any more. What a client held when it went is unacked until it is ready again.
        """
        waited = self.wait(
            lambda: (self.unacked(queue), self.ready(queue)),  # in this order, or one on its way back is missed
            lambda seen: seen[0] == 0 and seen[1] is not None and seen[1] >= count,
        )
        return Waited(waited.seen[1], waited.met and waited.seen[1] == count, waited.within)

    def restart_broker(self) -> None:
        """Stop the broker and boot it again; ends the check where it is not ours to restart."""
        if not self.broker.own:
            raise Verdict(
                cannot_tell(
                    "this broker is shared, so Warren does not restart it, and only a restart shows what survives one; "
                    "everything up to it was right. Run this lab on a broker of your own to see it (without WARREN_URL)"
                )
            )
        self._hang_up()
        self.broker.restart()
        self._connection = pika.BlockingConnection(pika.URLParameters(self._url))

    def trouble(self) -> str | None:
        """Why nothing can be said about the learner's work now; None while the broker is well."""
        try:
            self._connection.process_data_events(0)
            with self._channel():
                pass
            alarm = self.management.alarms()
        except (WarrenError, exceptions.AMQPError, OSError):
            return (
                "the broker went away during the check. Nothing is wrong with your code for that; run the check again"
            )
        if alarm:
            return "the broker has a memory or disk alarm and takes no messages; `warren doctor` says more"
        return None

    @contextlib.contextmanager
    def _channel(self) -> Iterator[Any]:  # pika has no type hints for what a channel's calls return
        channel = self._connection.channel()
        try:
            yield channel
        finally:
            if channel.is_open:
                channel.close()

    def _hang_up(self) -> None:
        with contextlib.suppress(exceptions.AMQPError, OSError):
            self._connection.close()

    def _empty(self) -> None:
        """Queues, exchanges and policies go; connections stay, unless one of them keeps a queue for itself."""
        for queue in self.queues():
            self.management.delete_queue(self.vhost, queue)
        for exchange in self.management.exchanges(self.vhost):
            if exchange["name"] and not exchange["name"].startswith("amq."):
                self.management.delete_exchange(self.vhost, exchange["name"])
        for policy in self.management.policies(self.vhost):
            self.management.delete_policy(self.vhost, policy["name"])
