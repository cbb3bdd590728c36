"""What the broker said to a learner's function: the messages it handed out, what became of them, what it refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pika import spec

from warren.checks.diagnosis import explain
from warren.checks.result import cut
from warren.checks.wire import Conversation, Noted, Wire
from warren.workers import Failure

LOST = (spec.Basic.Publish.INDEX, spec.Basic.Ack.INDEX, spec.Basic.Nack.INDEX, spec.Basic.Reject.INDEX)
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


def acked_blindly(wire: Wire) -> bool:
    """True if delivery tag 0, "all that I was given", acknowledged more than one message that came by subscription.

    A client has those before the function that works on them has seen them.
    """
    return any(_blindly(each) for each in wire.conversations)


def refused(wire: Wire, since: float = 0) -> str | None:
    """Why the broker closed a channel or connection, for where the function did not say; None if it closed none."""
    for _, one in _mourned(wire, since):
        said = explain(Failure("ChannelClosedByBroker", one.reason)) or cut(one.reason, 160)
        return f"the broker closed the channel, and the function went on: {said}"
    return None


def misplaced(wire: Wire) -> str | None:
    """For a call that the broker refused because its arguments were in each other's places; None for any other."""
    return next((said for each, one in _mourned(wire) if (said := _misplaced(each, one))), None)


def _mourned(wire: Wire, since: float = 0) -> list[tuple[Conversation, Noted]]:
    """What the broker closed, but for channels that the function replaced: it asked for something that is not there.

    A message or an acknowledgement that ended its channel is lost, whatever comes after it.
    """
    return [(each, one) for each, one in wire.closings(since) if _method(one) in LOST or not _replaced(each, one)]


def _replaced(conversation: Conversation, closing: Noted) -> bool:
    """The function knew, and went on on another channel of this connection."""
    return any(
        isinstance(one.method, spec.Channel.Open)
        or (one.channel not in (0, closing.channel) and not isinstance(one.method, spec.Channel.Close))
        for one in list(conversation.said)
        if one.at > closing.at
    )


def _method(closing: Noted) -> int:
    """The number of the method that was refused."""
    return int(closing.method.class_id << 16 | closing.method.method_id)


def _misplaced(conversation: Conversation, closing: Noted) -> str | None:
    before = [one.method for one in list(conversation.said) if one.at < closing.at and one.channel == closing.channel]
    last = next((one for one in reversed(before) if _method(closing) == one.INDEX), None)
    if closing.method.reply_code != 404:
        return None
    if isinstance(last, (spec.Exchange.Declare, spec.Queue.Declare)):
        kind, place = ("exchange", "third") if isinstance(last, spec.Exchange.Declare) else ("queue", "second")
        return (
            f"`passive=True`, the {place} argument of `{kind}_declare`, only asks whether the {kind} "
            f"`{getattr(last, kind)}` is there, and it is not (404): write `durable=True`, with its name"
        )
    named = {one.method.queue for one in list(conversation.heard) if isinstance(one.method, spec.Queue.DeclareOk)}
    if isinstance(last, spec.Queue.Bind) and last.exchange in named:
        queue = "queue" if last.exchange.startswith("amq.gen-") else repr(last.exchange)
        return f"in `queue_bind` the queue comes first: `queue_bind({queue}, {last.queue!r})`"
    return None


def _of(conversation: Conversation) -> list[Delivery]:
    acks = [one for one in list(conversation.said) if isinstance(one.method, spec.Basic.Ack)]
    given = [one for one in list(conversation.heard) if isinstance(one.method, (spec.Basic.Deliver, spec.Basic.GetOk))]
    return [
        Delivery(one.at, one.text, one.method.redelivered, any(_settles(ack, one) for ack in acks)) for one in given
    ]


def _blindly(conversation: Conversation) -> bool:
    open_: set[tuple[int, int]] = set()  # channels and tags
    for one in sorted([*conversation.said, *conversation.heard], key=lambda noted: noted.at):
        if isinstance(one.method, spec.Basic.Deliver):
            open_.add((one.channel, one.method.delivery_tag))
        elif isinstance(one.method, spec.Basic.Ack):
            settled = {each for each in open_ if each[0] == one.channel and _covers(one.method, each[1])}
            if one.method.delivery_tag == 0 and len(settled) > 1:
                return True
            open_ -= settled
    return False


def _covers(ack: spec.Basic.Ack, tag: int) -> bool:
    last = ack.delivery_tag
    return bool(tag == last or (ack.multiple and (tag < last or last == 0)))


def _settles(ack: Noted, given: Noted) -> bool:
    """For one channel only: tags begin at 1 on each. Tag 0 means all that was given so far."""
    so_far = given.at < ack.at and given.channel == ack.channel
    return so_far and _covers(ack.method, given.method.delivery_tag)
