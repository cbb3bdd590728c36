"""A worker that the broker unsubscribes because it keeps a message longer than the queue's consumer timeout."""

from __future__ import annotations

from typing import Any

from pika import spec

from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.scenarios import acked_when_done, called_rightly, same_texts, taken_by_hand
from warren.workers import Child


def keeps_too_long(probe: Probe, function: Learners, child: Child, tasks: list[str]) -> None:
    """The printer is at a label until the broker has cancelled its consumer."""
    probe.wait(lambda: cancelled(probe), lambda seen: seen > 0 or not child.alive or probe.auto_acks())
    same_texts(probe.ledger.tasks("begun"), tasks, "print_label")
    taken_by_hand(probe, function)
    still_works(probe, function, child)
    acked_when_done(probe, function)
    if not probe.wire.said(spec.Basic.Consume):
        raise Wrong(_not_subscribed(probe, function))


def cancelled(probe: Probe) -> int:
    """How many consumers the broker has cancelled."""
    heard: list[Any] = [one.method for each in probe.wire.conversations for one in list(each.heard)]
    return sum(isinstance(method, spec.Basic.Cancel) for method in heard)


def _ghost(probe: Probe) -> bool:
    """True if the broker cancelled a consumer and sent it something afterwards."""
    cancelled = set()
    for one in [one for each in probe.wire.conversations for one in list(each.heard)]:
        if isinstance(one.method, spec.Basic.Cancel):
            cancelled.add(one.method.consumer_tag)
        elif isinstance(one.method, spec.Basic.Deliver) and one.method.consumer_tag in cancelled:
            return True
    return False


def _not_subscribed(probe: Probe, function: Learners) -> str:
    called_rightly(probe, function, "print_label")
    if probe.wire.said(spec.Basic.Get):
        return f"`{name(function)}` asks with `basic_get`: subscribe with `channel.consume`, as a printer does"
    return f"`{name(function)}` never subscribed to `urgent`"


def goes_on(probe: Probe, function: Learners, child: Child, tasks: list[str], patience: float) -> None:
    """After the broker took the label back, all are printed, and none is held by a consumer that nobody knows."""
    done = probe.wait(lambda: set(probe.ledger.tasks("done")), lambda seen: set(tasks) <= seen or not child.alive)
    left = probe.wait(lambda: probe.held("urgent"), lambda held: not held or not child.alive)
    if set(tasks) <= done.seen and left.met and child.alive:
        return
    if child.alive and not probe.wire.said(spec.Basic.Ack):
        times = len(probe.ledger.tasks("done"))
        raise Wrong(f"`{name(function)}` printed {times} labels and acknowledged none: they come again and again")
    if skipped := [one.body for one in deliveries(probe.wire) if one.acked and one.body not in done.seen]:
        raise Wrong(
            f"`{skipped[0]}` was acknowledged and never printed: `redelivered` means that it was sent before, not that "
            "it was printed"
        )
    told = f"the broker took `label 1` back after {patience:g} s and sent a `basic.cancel`"
    if len(probe.wire.said(spec.Basic.Consume)) > 1 and _ghost(probe):
        raise Wrong(
            "the late ack of `label 1` woke the cancelled consumer up: since then the broker sends to it, and your "
            "program knows it no more (seen with RabbitMQ 4.3.6). After a cancel close the channel, and open a new one"
        )
    if not child.alive and (child.returned or not _ghost(probe)):
        probe.returned(function, child)
        went = f"the `consume` loop ended, and `{name(function)}` went home with work to do: subscribe again"
        raise Wrong(f"{told}; {went}")
    raise Wrong(
        f"{told}; in {done.within:g} s `{name(function)}` did nothing more, and still waits for messages that nobody "
        "sends it: `channel.add_on_cancel_callback` tells a program with callbacks"
    )
