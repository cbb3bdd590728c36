"""A worker with two answers to two failures: one payment is given back so that it counts, the other never again."""

from __future__ import annotations

from pika import spec

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.retrying import answered, by_hand, failed, tried

ATTEMPTS = 4  # at a payment that the bank does not answer: it may come back three times


def told_apart(probe: Probe, function: Learners, unreadable: str) -> None:
    """What is charged is acked, what is unreadable is rejected for good, what failed otherwise is given back."""
    by_hand(probe, function)
    if any(one.requeue for one in probe.wire.said(spec.Basic.Nack)):
        raise Wrong(
            f"`{name(function)}` gives back with `basic_nack`, which RabbitMQ 4.3 never counts: a payment that fails "
            "always would come for ever. `basic_reject` counts"
        )
    if probe.wire.said(spec.Basic.Publish):
        raise Wrong(f"`{name(function)}` publishes: leave it to the broker to bring the payment to `parked`")
    for each in probe.wire.conversations:
        for delivery, ack in answered(each, spec.Basic.Ack):
            _charged(probe, function, delivery.text, ack.at)
        for delivery, answer in answered(each, spec.Basic.Reject, spec.Basic.Nack):
            if tried(probe, delivery, answer):
                failures = sum(at < answer.at for at in failed(probe, delivery.text))
                _answer_fits(function, delivery.text, answer.method.requeue, failures, delivery.text == unreadable)


def _charged(probe: Probe, function: Learners, payment: str, acked: float) -> None:
    """A payment that is acked has been charged."""
    if any(one.what == "done" and one.task == payment and one.at < acked for one in probe.ledger.entries):
        return
    raise Wrong(f"`{name(function)}` acks `{payment}`, and it is not charged: ack what is charged, and only then")


def _answer_fits(function: Learners, payment: str, requeue: bool, failures: int, unreadable: bool) -> None:
    if not failures:
        raise Wrong(f"`{short(payment)}` had not failed, and `{name(function)}` gives it back or rejects it")
    if unreadable and requeue:
        raise Wrong(
            f"`{payment}` raised a ValueError, and `{name(function)}` gives it back: it will be as unreadable the next "
            "time"
        )
    if not unreadable and not requeue and failures < ATTEMPTS:
        raise Wrong(
            f"`{payment}` raised an OSError, since the bank did not answer, and `{name(function)}` parks it after "
            f"attempt {failures}: it has {ATTEMPTS}"
        )
