"""Why messages are not in the queue they should be in: what was said on the wire explains what the queue cannot."""

from __future__ import annotations

from collections.abc import Sequence

from pika import amqp_object, exceptions, spec

from warren.checks.deliveries import refused
from warren.checks.diagnosis import explain
from warren.checks.probe import Probe
from warren.checks.result import short
from warren.checks.wire import Noted
from warren.workers import Failure

EMPTY = '""'  # how Python writes an empty text
DEFAULT_EXCHANGE = 'the default exchange `""` takes each message to the queue that its routing key names'

TAKES_OUT: tuple[tuple[type[amqp_object.Method], str], ...] = (
    (spec.Queue.Purge, "it emptied the queue with `queue_purge`"),
    (spec.Queue.Delete, "it deleted the queue with `queue_delete`"),
    (spec.Basic.Get, "it took messages out again with `basic_get`"),
    (spec.Basic.Consume, "it took messages out again as a consumer"),
)
DROPS = ("x-max-length", "x-max-length-bytes", "x-message-ttl", "x-expires")  # arguments of a queue that forgets


def why_no_queue(probe: Probe) -> str:
    """Why there is no queue at all when the function has ended."""
    declared = [method for method in probe.wire.said(spec.Queue.Declare) if not method.passive]
    if reason := refused(probe.wire):
        return reason
    if not declared:
        return "it declared none, and what is published to a queue that is not there is dropped"
    if any(method.exclusive for method in declared):
        return "there is none at all (an `exclusive` queue goes with its connection)"
    return took_out(probe) or "there is none at all"


def why_missing(probe: Probe, queue: str, bodies: Sequence[str], since: float) -> str:
    """Why the queue lacks some of these messages; what was said before `since` is left out."""
    sent = [one for one in probe.wire.noted(spec.Basic.Publish) if one.at >= since]
    if not sent:
        nothing = "it published nothing" if since else "it published nothing (does a `try` hide an error?)"
        return refused(probe.wire, since) or nothing
    return (
        _astray(probe, queue, bodies, sent)
        or refused(probe.wire, since)
        or _too_early(probe, queue, sent)
        or took_out(probe, queue)
        or forgets(probe, queue)
        or _otherwise(bodies, sent)
    )


def _otherwise(bodies: Sequence[str], sent: Sequence[Noted]) -> str:
    """For messages that came to the queue, and are others than those asked for, or too few."""
    if [one.text for one in sent] == list(bodies)[-len(sent) :] and len(sent) > 1:
        return f"it published {_messages(len(sent))} as it should, and some are gone: do they expire?"
    return f"it published {_messages(len(sent))}, the first `{short(sent[0].text)}`"


def _astray(probe: Probe, queue: str, bodies: Sequence[str], sent: Sequence[Noted]) -> str | None:
    """For messages that went to another exchange or by another routing key."""
    for one in sent:
        exchange, key = one.method.exchange, one.method.routing_key
        if exchange:
            there = [row["name"] for row in probe.management.exchanges(probe.vhost)]
            if exchange not in there:
                write = f'write `basic_publish("", "{queue}", …)`'
                return (
                    f"there is no exchange `{short(exchange)}` on this broker (404): {write}, since {DEFAULT_EXCHANGE}"
                )
            return f"only a binding leads from the exchange `{short(exchange)}` to a queue: {DEFAULT_EXCHANGE}"
        if key in bodies and one.text == queue:
            return "routing key and body are swapped: `basic_publish(exchange, routing_key, body)`"
        if key != queue:
            return (
                f"it published with the routing key `{short(key) or EMPTY}`; "
                "with the default exchange, the routing key is the name of the queue"
            )
    return None


def _too_early(probe: Probe, queue: str, sent: Sequence[Noted]) -> str | None:
    declared = [one.at for one in probe.wire.noted(spec.Queue.Declare) if one.method.queue == queue]
    if declared and min(declared) > sent[0].at:
        return "it published before it declared the queue, and what comes to a queue that is not there is dropped"
    return None


def took_out(probe: Probe, queue: str | None = None) -> str | None:
    """What it did that takes messages out of that queue, or of whichever; None if nothing."""
    for method, what in TAKES_OUT:
        if any(queue in (None, one.queue) for one in probe.wire.said(method)):
            return what
    return None


def taken_away(probe: Probe, error: Exception) -> str | None:
    """For an error of the check's own: a function took away what the check came to use; None for any other error."""
    if not isinstance(error, exceptions.ChannelClosedByBroker) or error.reply_code not in (404, 405):
        return None
    for method, kind, with_it in (
        (spec.Exchange.Delete, "exchange", "everybody's bindings"),
        (spec.Queue.Delete, "queue", "all that was waiting in it"),
    ):
        for one in probe.wire.said(method):
            if f"no {kind} '{getattr(one, kind)}'" in error.reply_text:
                gone = f"`{kind}_delete` took the {kind} `{short(getattr(one, kind))}` away, and with it {with_it}"
                return f"{gone}: others use it, so leave it there"
    why = explain(Failure(type(error).__name__, str(error)))
    return f"something that others use was gone when the check came to use it, too: {why}"


def forgets(probe: Probe, queue: str) -> str | None:
    """For a queue that was declared to drop messages by itself, whether it is still there or not."""
    declared = [one.arguments or {} for one in probe.wire.said(spec.Queue.Declare) if one.queue == queue]
    arguments = {name: value for each in declared for name, value in each.items()}
    kept = [f"`{name}` = {arguments[name]}" for name in DROPS if name in arguments]
    return f"the queue was declared with {', '.join(kept)}, and drops what is more or older" if kept else None


def _messages(count: int) -> str:
    return f"{count} message" if count == 1 else f"{count} messages"
