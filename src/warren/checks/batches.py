"""Acks for many deliveries at once: that they come when they should, and promise nothing that is not done."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pika import spec

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.scenarios import called_rightly
from warren.checks.wire import Noted
from warren.workers import Child

SPARE = 2  # acks more than full batches; the last one, and one for a pause that a slow machine makes


def acks_promised_nothing(probe: Probe, function: Learners) -> None:
    """One worker takes messages in order: no ack covers a delivery whose task was not done."""
    finished = sorted(entry.at for entry in probe.ledger.entries if entry.what == "done")
    for ack in probe.wire.noted(spec.Basic.Ack):
        done = sum(at < ack.at for at in finished)
        tag = ack.method.delivery_tag
        if tag == 0:
            raise Wrong(
                f"`{name(function)}` acks with the delivery tag 0, which means everything handed out so far, also what "
                "still lies on the desk: name the tag of the last label that is printed"
            )
        if tag > done:
            raise Wrong(f"`{name(function)}` acks up to delivery {tag} when {done} were printed: print first, then ack")


def acked_in_batches(probe: Probe, function: Learners, batch: int, *, reached: bool) -> None:
    """One ack for each full batch, a few more for pauses; `reached`: the worker came as far as it should."""
    acks = probe.wire.noted(spec.Basic.Ack)
    done = len(probe.ledger.tasks("done"))
    tags = [0, *(ack.method.delivery_tag for ack in acks)]
    sizes = [later - earlier for earlier, later in itertools.pairwise(tags)]
    single = [ack.method.delivery_tag for ack, size in zip(acks, sizes, strict=True) if not ack.method.multiple]
    if single and max(sizes) > 1:
        raise Wrong(
            f"`{name(function)}` acks delivery {max(single)} alone: without `multiple=True` the ones before it stay "
            "unacknowledged"
        )
    if not reached:
        called_rightly(probe, function, "print_label")
        raise Wrong(_stuck(probe, function, batch, acks, done))
    if max(sizes, default=0) > batch:
        raise Wrong(f"`{name(function)}` acks {max(sizes)} labels at once: {batch} are asked for, and no more at risk")
    if len(acks) > done // batch + SPARE:
        raise Wrong(f"`{name(function)}` sent {len(acks)} acks for {done} labels: one for each {batch} is asked for")


def _stuck(probe: Probe, function: Learners, batch: int, acks: Sequence[Noted], done: int) -> str:
    limits = [method.prefetch_count for method in probe.wire.said(spec.Basic.Qos)]
    if limits and 0 < limits[-1] < batch and not acks:
        return (
            f"`{name(function)}` printed {done} labels and waits for the next; the broker waits for an ack. A prefetch "
            f"of {limits[-1]} never makes a batch of {batch}"
        )
    return f"`{name(function)}` printed {done} labels and began no other"


def settled_when_idle(probe: Probe, function: Learners, child: Child, queue: str, tasks: Sequence[str]) -> None:
    """All tasks get done, and when nothing more comes everything is acked, though the worker still waits for more."""
    probe.wait(lambda: probe.ledger.tasks("done"), lambda done: set(tasks) <= set(done) or not child.alive)
    still_works(probe, function, child)
    left = probe.wait(lambda: probe.held(queue), lambda held: not held)
    if left.seen:
        raise Wrong(
            f"all labels were printed and no more came, and {left.within:g} s later {left.seen} were still "
            "unacknowledged: a batch that does not become full is acked when the queue falls silent"
        )
    acks_of_last = probe.wire.conversations[-1].said
    promised = [one for one in list(acks_of_last) if isinstance(one.method, spec.Basic.Ack)]
    if not promised:
        raise Wrong(f"`{name(function)}` acked nothing when it ran for the second time")
