"""A task that raises until its queue has had it back: what a worker did with it instead."""

from __future__ import annotations

from collections.abc import Sequence

from pika import spec

from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.scenarios import skipped_none
from warren.workers import Child

FULL = "no space left on the disk for now"
STUBBORN = 10  # times in a row a worker tries what raises, without giving it back


def all_settled(probe: Probe, function: Learners, child: Child, queue: str, tasks: Sequence[str], full: str) -> None:
    """Every task is done, also `full`, which raises with FULL until it has been in the queue again."""

    def over(_: object) -> bool:
        if _given_back(probe, full):
            probe.ledger.mend()
        if _done(probe, tasks) or not child.alive or probe.wire.said(spec.Basic.Publish):
            return True
        return _stubborn(probe, full) or not probe.held(queue)

    waited = probe.wait(lambda: probe.ledger.entries, over)
    if _done(probe, tasks) and not probe.wire.said(spec.Basic.Publish):
        return
    _ended_with_it(child, full, len(probe.ledger.tasks("raised")))
    if probe.wire.said(spec.Basic.Publish):  # first of all: the copy may be resized by now
        raise Wrong(
            f"`{name(function)}` publishes the photo anew instead of giving it back: dying between publish and "
            "acknowledgement, it leaves two of it or none. `basic_nack` gives back the very photo, in one step"
        )
    still_works(probe, function, child)
    skipped_none(probe, function, "resize")
    raise Wrong(_gone(probe, tasks) if not probe.held(queue) else _kept(probe, queue, full, waited.within))


def _done(probe: Probe, tasks: Sequence[str]) -> bool:
    return set(tasks) <= set(probe.ledger.tasks("done"))


def _given_back(probe: Probe, full: str) -> bool:
    """True if the broker handed the task out again after it had raised."""
    raised = [entry.at for entry in probe.ledger.entries if entry.what == "raised"]
    return bool(raised) and any(one.body == full and one.at > raised[0] for one in deliveries(probe.wire))


def _stubborn(probe: Probe, full: str) -> bool:
    return len(probe.ledger.tasks("raised")) >= STUBBORN and not _given_back(probe, full)


def _ended_with_it(child: Child, full: str, tries: int) -> None:
    if child.failure and FULL in child.failure.message:
        again = ", and raised again when the worker tried again itself" if tries > 1 else ""
        raise Wrong(
            f"`resize` raised {child.failure.type} for `{full}`{again}, and the worker ended with it: catch it, "
            "give the photo back and go on"
        )


def _kept(probe: Probe, queue: str, full: str, within: float) -> str:
    """Why something is still unacknowledged, or in the queue."""
    if _stubborn(probe, full):
        return (
            f"`resize` raised {STUBBORN} times for `{full}`, and the worker tries again and again itself: meanwhile "
            "nobody else can have the photo, and the others wait. Give it back and go on"
        )
    if _given_back(probe, full):
        return (
            f"`{full}` was given back, and then the worker began nothing for {within:g} s: do not wait for room on the "
            "disk, go on with the next photo"
        )
    if not probe.ledger.tasks("raised"):
        done, unacked = len(set(probe.ledger.tasks("done"))), probe.unacked(queue)
        return f"{done} photos were resized, and in {within:g} s no other was begun; {unacked} were unacknowledged"
    return (
        f"`resize` raised for `{full}`, and {within:g} s later {probe.unacked(queue)} photo was unacknowledged still: "
        "neither acknowledged nor given back, it stays with this worker"
    )


def _gone(probe: Probe, tasks: Sequence[str]) -> str:
    """Why the queue is empty and not every task done."""
    lost = next(task for task in tasks if task not in probe.ledger.tasks("done"))
    tries = len(probe.ledger.tasks("raised"))
    times = f"{tries} times for" if tries > 1 else "for"
    if any(not method.requeue for method in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject)):
        return f"`resize` raised {times} `{lost}`, and the photo was gone, not resized: rejected with `requeue=False`"
    where = "tried often enough is not resized" if tries > 1 else "is the ack in a `finally`?"
    return (
        f"`resize` raised {times} `{lost}`, and the photo was gone, not resized: it was acknowledged all the same "
        f"({where})"
    )
