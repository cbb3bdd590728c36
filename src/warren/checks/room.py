"""The lab's vhost as a check sees it: what it puts there, what it finds there, and how long it waits for that."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pika
from pika import exceptions, spec

from warren import starting
from warren.brokers.connecting import FAULTS
from warren.checks.diagnosis import refusal
from warren.checks.result import Verdict, cannot_tell
from warren.errors import WarrenError

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
    expiration: str | None  # milliseconds


class Room:
    """The vhost of a lab, emptied. Errors of its own (pika's, WarrenError) mean that the broker is gone."""

    patience = 5.0  # seconds without any change; the broker needs none, or 0.3 for what a killed client held

    def __init__(self, lab: Lab) -> None:
        self.broker, self.vhost, self.management = lab.broker, lab.vhost, lab.management
        self._url = lab.url
        try:
            lab.empty()
        except WarrenError:  # a queue that is exclusive to some connection, or another kernel took the vhost along
            lab.renew()
        self._connection = pika.BlockingConnection(pika.URLParameters(self._url))

    def leave(self) -> None:
        """Close the check's own connection."""
        with contextlib.suppress(*FAULTS):
            self._connection.close()

    def declare(self, queue: str, **arguments: Any) -> None:
        """Declare a durable queue."""
        with self.channel() as channel:
            channel.queue_declare(queue, durable=True, **arguments)

    def publish(self, queue: str, bodies: Iterable[str]) -> None:
        """Publish persistent messages and wait until the broker has them."""
        with self.channel() as channel:
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish("", queue, body.encode(), pika.BasicProperties(delivery_mode=2), mandatory=True)

    def ready(self, queue: str) -> int | None:
        """Messages ready in the queue, exact at once; None if there is no such queue."""
        try:
            with self.channel() as channel:
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
        with self.channel() as channel:
            while (got := channel.basic_get(queue))[0]:
                method, properties, body = got
                persistent = properties.delivery_mode == spec.PERSISTENT_DELIVERY_MODE
                text = body.decode(errors="replace")
                found.append(Message(text, persistent, method.redelivered, properties.expiration))
            if found:  # all in one word: left to the closing channel, a quorum queue puts them back in any order
                channel.basic_nack(method.delivery_tag, multiple=True, requeue=True)
        return found

    def take(self, queue: str, most: float = float("inf")) -> list[str]:
        """Take all ready messages away, or so many at most, as a reader of the queue does."""
        taken: list[str] = []
        with self.channel() as channel:
            while len(taken) < most and (got := channel.basic_get(queue, auto_ack=True))[0]:
                taken.append(got[2].decode(errors="replace"))
        return taken

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
        self.leave()
        with starting.shown("restarting the broker"):
            self.broker.restart()
        self._connection = pika.BlockingConnection(pika.URLParameters(self._url))

    def trouble(self) -> str | None:
        """Why nothing can be said about the learner's work now; None while the broker is well."""
        try:
            with self.channel():
                pass
            alarm = self.management.alarms()
        except (WarrenError, *FAULTS) as error:
            return refusal(str(error)) or (
                "the broker went away during the check. Nothing is wrong with your code for that; run the check again"
            )
        if alarm:
            return "the broker has a memory or disk alarm and takes no messages; `warren doctor` says more"
        return None

    @contextlib.contextmanager
    def channel(self) -> Iterator[Any]:  # pika has no type hints for what a channel's calls return
        """A channel of the check's own, for the length of a `with` block."""
        channel = self._connection.channel()
        try:
            yield channel
        finally:
            if channel.is_open:
                channel.close()
