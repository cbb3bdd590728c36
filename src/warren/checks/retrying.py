"""Payments that are tried again: a bank that fails as it is told, and what a check asks of every such worker."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pika import amqp_object, spec

from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.ledger import Ledger
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.wire import Conversation, Noted


class Bank:
    """`charge(payment)`: fails as often as `away` says for that payment, and each time for one that is `unreadable`.

    The bank that does not answer is an OSError, as a broken connection is; what cannot be read is a ValueError. It
    counts in the process that calls it.
    """

    def __init__(self, ledger: Ledger, away: Mapping[str, float], unreadable: Sequence[str] = ()) -> None:
        fails = dict.fromkeys(away, "the bank does not answer") | dict.fromkeys(unreadable, "no amount in it")
        self._charges, self._fails = ledger.work("charge"), ledger.work("charge", raises=fails)
        self._away, self._unreadable = dict(away) | dict.fromkeys(unreadable, math.inf), tuple(unreadable)

    def __call__(self, *given: Any, **named: Any) -> None:
        payment = next(iter([*given, *named.values()]), None)
        left = self._away.get(payment, 0) if isinstance(payment, str) else 0
        if not left:
            return self._charges(*given, **named)
        self._away[str(payment)] = left - 1
        try:
            return self._fails(*given, **named)
        except OSError as error:
            if payment in self._unreadable:
                raise ValueError(str(error)) from None
            raise


def begun(probe: Probe, payment: str) -> list[float]:
    """When each attempt at the payment began, as `time.monotonic()`."""
    return _times(probe, "begun", payment)


def failed(probe: Probe, payment: str) -> list[float]:
    """When each attempt that failed had failed."""
    return _times(probe, "raised", payment)


def _times(probe: Probe, what: str, payment: str) -> list[float]:
    return [entry.at for entry in probe.ledger.entries if entry.what == what and entry.task == payment]


def by_hand(probe: Probe, function: Learners) -> None:
    """Payments are taken with manual acknowledgement, and none is tried twice for one delivery."""
    if probe.auto_acks():
        raise Wrong(f"`{name(function)}` takes payments with `auto_ack=True`: the broker forgets each as it sends it")
    for payment in set(probe.ledger.tasks("begun")):
        attempts = len(begun(probe, payment))  # before the deliveries are counted, since it goes on meanwhile
        given = [one.body for one in deliveries(probe.wire)].count(payment)
        if attempts > given > 0:
            raise Wrong(
                f"`{name(function)}` began `{payment}` {attempts} times, and was handed it {given} of them: while it "
                "tries again, the payments behind wait. Leave it to the broker, and take the next"
            )


def tried(probe: Probe, delivery: Noted, answer: Noted) -> bool:
    """True if the function tried the payment before it answered; pika gives back what it holds still when it goes."""
    return any(delivery.at < at < answer.at for at in begun(probe, delivery.text))


def acked_by_now(probe: Probe, function: Learners, charged: Sequence[str]) -> None:
    """Each of these payments, which are charged, is acked while the worker is there, and not when it goes."""

    def unacked() -> list[str]:
        last = {one.body: one.acked for one in sorted(deliveries(probe.wire), key=lambda one: one.at)}
        return [payment for payment in charged if not last.get(payment)]

    left = probe.wait(unacked, lambda payments: not payments)
    if left.seen:
        raise Wrong(
            f"`{name(function)}` charged `{left.seen[0]}`, and {left.within:g} s later has not acked it: should it die "
            "now, the payment comes again and is charged twice. Ack each when it is charged"
        )


def answered(conversation: Conversation, *answers: type[amqp_object.Method]) -> Iterator[tuple[Noted, Noted]]:
    """Each delivery of the conversation that was answered alone with one of these methods, with its answer.

    Tags begin anew with each channel, also with one that has the number of an earlier one.
    """
    said = [one for one in list(conversation.said) if hasattr(one.method, "delivery_tag")]
    given = [one for one in list(conversation.heard) if isinstance(one.method, (spec.Basic.Deliver, spec.Basic.GetOk))]
    for delivery in given:
        later = [one.at for one in given if one.at > delivery.at and _tag(one) == _tag(delivery)]
        for one in said:
            if _tag(one) == _tag(delivery) and delivery.at < one.at < min(later, default=math.inf):
                if isinstance(one.method, answers) and not getattr(one.method, "multiple", False):
                    yield delivery, one
                break


def _tag(one: Noted) -> tuple[int, int]:
    return one.channel, one.method.delivery_tag


def arguments(probe: Probe, queue: str) -> Mapping[str, Any]:
    """The arguments that the learner's function declared the queue with."""
    declared = [one for one in probe.wire.said(spec.Queue.Declare) if one.queue == queue and not one.passive]
    return dict(declared[-1].arguments or {}) if declared else {}


def all_quorum(probe: Probe) -> None:
    """Every queue is a quorum queue, as where a message must not be lost."""
    for row in probe.management.queue_totals(probe.vhost):
        if row.get("type") != "quorum":
            raise Wrong(
                f"`{short(row['name'])}` is a {row.get('type')} queue: no payment may be lost, and only a quorum queue "
                "counts how often a message comes back"
            )
