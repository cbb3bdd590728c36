"""A ladder of delays: what failed is handed on safely, waits as long as it should, and holds nobody up."""

from __future__ import annotations

from collections.abc import Sequence

from pika import spec

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.retrying import answered, arguments, begun, failed, tried
from warren.checks.wire import Conversation, Noted

EARLY = 0.02  # seconds; the broker counts time in milliseconds, and so may be early by one
SLEPT = 0.15  # seconds between a failure and what the learner's function says to it; it needs a thousandth of that
PAYMENTS, PARKED = "payments", "parked"


# what became of a delivery whose attempt failed
def handed_on(probe: Probe, function: Learners) -> None:
    """Nothing was given back, thrown away or sent straight to `payments` again: what fails goes to a rung."""
    for each in probe.wire.conversations:
        for delivery, answer in answered(each, spec.Basic.Nack, spec.Basic.Reject):
            if tried(probe, delivery, answer):
                raise Wrong(_given_back(probe, function, delivery, answer))
    for one in probe.wire.noted(spec.Basic.Publish):
        if one.method.exchange == "" and one.method.routing_key == PAYMENTS:
            raise Wrong(
                f"`{name(function)}` {_slept(probe, one.text, one)}publishes `{short(one.text)}` straight to "
                f"`{PAYMENTS}`, where nothing waits: publish it to a rung"
            )


def _slept(probe: Probe, payment: str, said: Noted) -> str:
    """What to say first of a function that did nothing for long after this payment had failed."""
    before = max([at for at in failed(probe, payment) if at < said.at], default=said.at)
    busy = any(before < one.at < before + SLEPT for one in probe.ledger.entries)
    return "sleeps, while all others wait, and then " if said.at - before > SLEPT and not busy else ""


def _given_back(probe: Probe, function: Learners, delivery: Noted, answer: Noted) -> str:
    word = "basic_nack" if isinstance(answer.method, spec.Basic.Nack) else "basic_reject"
    if not answer.method.requeue and _published(probe, delivery.text, answer.at):
        return (
            f"`{name(function)}` publishes `{short(delivery.text)}` and then rejects it: what is handed on is done "
            "with, and `basic_ack` is the word for that"
        )
    if not answer.method.requeue:
        return (
            f"`{name(function)}` rejects with `requeue=False`, and `{PAYMENTS}` has no dead-letter exchange: the "
            "payment is gone"
        )
    return (
        f"`{name(function)}` {_slept(probe, delivery.text, answer)}gives the payment back with `{word}`, and it comes "
        "again at once: nothing waits in the queue itself"
    )


def handed_on_safely(probe: Probe, function: Learners) -> None:
    """What failed was published before it was acked, with confirms and `mandatory`."""
    for each in probe.wire.conversations:
        _confirmed(function, each)
        for delivery, ack in answered(each, spec.Basic.Ack):
            failures, before = failed(probe, delivery.text), _published(probe, delivery.text, ack.at)
            if sum(at < ack.at for at in failures) > len(before):
                raise Wrong(_not_handed_on(probe, function, delivery.text, ack.at))


def _published(probe: Probe, payment: str, until: float = float("inf")) -> list[Noted]:
    return [one for one in probe.wire.noted(spec.Basic.Publish) if one.text == payment and one.at < until]


def _not_handed_on(probe: Probe, function: Learners, payment: str, acked: float) -> str:
    later = [one for one in _published(probe, payment) if one.at > acked]
    if later:
        return (
            f"`{name(function)}` acks `{payment}` and then publishes it: if it dies in between, the payment is lost. "
            "Publish first"
        )
    times = len(failed(probe, payment))
    return f"`{payment}` failed (attempt {times}), and `{name(function)}` acked it without publishing it anywhere: lost"


def _confirmed(function: Learners, conversation: Conversation) -> None:
    said = list(conversation.said)
    confirming = {one.channel for one in said if isinstance(one.method, spec.Confirm.Select)}
    for one in said:
        if not isinstance(one.method, spec.Basic.Publish):
            continue
        if one.channel not in confirming:
            raise Wrong(
                f"`{name(function)}` publishes `{short(one.text)}` on a channel without confirms, and acks it on "
                "trust: call `channel.confirm_delivery()` first"
            )
        if not one.method.mandatory:
            raise Wrong(
                f"`{name(function)}` publishes `{short(one.text)}` without `mandatory=True`: the broker confirms also "
                "what no queue takes"
            )


# when it came back
def waited(probe: Probe, payment: str, delays: Sequence[float]) -> None:
    """Each attempt began as long after the last failure as asked for, or later; and there was no attempt too many."""
    starts, ends = begun(probe, payment), failed(probe, payment)
    _right_rungs(probe, payment, delays)
    for number, (end, start) in enumerate(zip(ends, starts[1:], strict=False), 1):
        if number > len(delays):
            raise Wrong(
                f"`{payment}` was tried for the fifth time: after {len(delays) + 1} failures it belongs into `{PARKED}`"
            )
        if start - end < delays[number - 1] - EARLY:
            came = f"attempt {number + 1} at `{payment}` came {start - end:.1f} s after the failure before it"
            raise Wrong(f"{came}, and should come after {delays[number - 1]:g} s")


def _right_rungs(probe: Probe, payment: str, delays: Sequence[float]) -> None:
    """Where its queue says how long the payment waits, that is as long as it should; seen before it has waited."""
    to_queues = [one for one in _published(probe, payment) if not one.method.exchange]
    sent = [one.method.routing_key for one in to_queues]
    for number, (one, room, delay) in enumerate(zip(to_queues, sent, delays, strict=False), 1):
        ttl = _shortest(arguments(probe, room).get("x-message-ttl"), one)
        if ttl in (None, round(1000 * delay)):
            continue
        told = (
            f"after its failure {number} `{payment}` went to `{short(room)}`, which keeps it for {ttl} ms, and should"
        )
        again = (
            ". It went there the time before, too: count the failures in a header of your own, since `x-death` counts "
            "nothing that a client publishes"
        )
        raise Wrong(f"{told} wait {delay:g} s{again if room in sent[: number - 1] else ''}")


def _shortest(ttl: int | None, sent: Noted) -> int | None:
    """What a message waits in a queue with this time to live, in ms: a time of its own counts where it is shorter."""
    own = sent.properties.expiration if sent.properties else None
    return min([int(each) for each in (ttl, own) if each is not None and str(each).isdigit()], default=None)


def overtakes(probe: Probe, quick: str, slow: str) -> None:
    """`quick` waited on the first rung while `slow` was on the last, and came back before it."""
    if len(begun(probe, slow)) < 4 or (len(begun(probe, quick)) > 1 and begun(probe, quick)[1] < begun(probe, slow)[3]):
        return
    waits = _published(probe, quick)[:1] + _published(probe, slow)[2:3]
    rooms = {one.method.routing_key for one in waits}
    late = f"`{quick}` should wait 0.2 s, and came only after `{slow}`, which had 1 s to wait when it failed"
    if len(rooms) == 1:
        raise Wrong(
            f"{late}: both were in `{short(rooms.pop())}`, and a queue looks at its head only. One queue for each delay"
        )
    raise Wrong(f"{late}: what held it up?")


def rungs_lead_back(probe: Probe) -> None:
    """What expires on a rung that something was published to comes back to `payments`."""
    for one in probe.wire.noted(spec.Basic.Publish):
        room, how = one.method.routing_key, arguments(probe, one.method.routing_key)
        if one.method.exchange or room == PARKED or not how:
            continue
        if "x-dead-letter-exchange" not in how:
            raise Wrong(f"`{short(room)}` has no `x-dead-letter-exchange`: what expires there is gone")
        key = how.get("x-dead-letter-routing-key", room)
        if key != PAYMENTS and not how["x-dead-letter-exchange"]:
            raise Wrong(
                f"what expires in `{short(room)}` goes to `{short(key)}`, and should go back to `{PAYMENTS}`: "
                "`x-dead-letter-routing-key` says where"
            )


def why_not_back(probe: Probe, payment: str) -> str:
    """What keeps a payment that did not come back from its rung."""
    for one in _published(probe, payment)[-1:]:
        room = one.method.routing_key
        if probe.ready(room):
            no_time = "" if "x-message-ttl" in arguments(probe, room) else ", which has no `x-message-ttl`"
            return f"it is still in `{short(room)}`{no_time}"
        return f"it went to `{short(room) or one.method.exchange}`, and is not there any more"
    return "it was published nowhere"
