"""What the broker said to a learner's function: the messages it handed out, what became of them, what it refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pika import spec

from warren.checks.diagnosis import explain
from warren.checks.result import cut
from warren.checks.wire import Conversation, Noted, Wire
from warren.workers import Failure

OVER_AND_OVER = 10  # times a message came; one that is put back and taken at once comes thousands of times


@dataclass(frozen=True)
class Delivery:
    """One message handed out once; `at` is `time.monotonic()`."""

    at: float
    body: str
    redelivered: bool
    acked: bool


def deliveries(wire: Wire) -> list[Delivery]:
    """All messages that clients were given, connection by connection."""
    return [delivery for each in wire.conversations for delivery in _of(each)]


def comes_again(wire: Wire) -> str | None:
    """The message that goes back and forth between the broker and the function; None if there is none."""
    for body, times in Counter(one.body for one in deliveries(wire)).most_common(1):
        if times > OVER_AND_OVER and any(method.requeue for method in wire.said(spec.Basic.Nack, spec.Basic.Reject)):
            return body
    return None


def refused(wire: Wire, since: float = 0) -> str | None:
    """Why the broker closed a channel or connection, for where the function did not say; None if it closed none."""
    for reason in wire.refusals(since):
        said = explain(Failure("ChannelClosedByBroker", reason)) or cut(reason, 160)
        return f"the broker closed the channel, and the function went on: {said}"
    return None


def _of(conversation: Conversation) -> list[Delivery]:
    acks = [one for one in list(conversation.said) if isinstance(one.method, spec.Basic.Ack)]
    given = [one for one in list(conversation.heard) if isinstance(one.method, (spec.Basic.Deliver, spec.Basic.GetOk))]
    return [
        Delivery(one.at, one.text, one.method.redelivered, any(_settles(ack, one) for ack in acks)) for one in given
    ]


def _settles(ack: Noted, given: Noted) -> bool:
    tag, last = given.method.delivery_tag, ack.method.delivery_tag
    return ack.channel == given.channel and (tag == last or (ack.method.multiple and (tag < last or last == 0)))
