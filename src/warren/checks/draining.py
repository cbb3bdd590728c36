"""A worker that is sent home by SIGTERM with an order in its hands and others on its desk."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from pika import spec

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.ledger import Work
from warren.checks.pause import still_works
from warren.checks.prefetch import handed_out, limit_of_consumer
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.scenarios import acked_when_done, called_rightly, same_texts
from warren.workers import Child

AT_ONCE = 0.1  # seconds for one that does not wait until its hands are free
BOUNCES = 50  # orders given back or sent again by one that goes home; with eight orders there is no reason for it
IDLE = 0.25  # seconds without work: who looks every 0.1 s has looked


def terminate(child: Child) -> None:
    """The signal itself, where there is one."""
    if os.name == "posix":
        os.kill(child.pid, signal.SIGTERM)
    else:
        child.stop()


def interrupted(probe: Probe, function: Learners, work: Work, queue: str, tasks: Sequence[str], desk: int) -> None:
    """SIGTERM in the middle of the task that `work` holds: it is finished and acked, no other is begun, all go back."""
    child = probe.start(function, workers=1, **{work.name: work})
    (held,) = work.holds or ()
    before = tasks.index(held)
    begun = probe.wait(
        lambda: probe.ledger.tasks("begun"), lambda seen: held in seen or not child.alive or probe.auto_acks()
    )
    same_texts(begun.seen, tasks, work.name)
    still_works(probe, function, child)
    called_rightly(probe, function, work.name)
    acked_when_done(probe, function)
    if not begun.met:
        raise Wrong(f"in {begun.within:g} s `{name(function)}` did not come to `{held}`, which has {before} before it")
    _acked(probe, function, held, before)
    _desk_is_full(probe, function, child, queue, held, len(tasks) - before, desk)
    terminate(child)
    child.wait(AT_ONCE)
    probe.ledger.release()
    _leaves(probe, function, child, held, before + 1, len(tasks))
    _gave_back(probe, function, queue, held, len(tasks) - before - 1)


def _acked(probe: Probe, function: Learners, held: str, before: int) -> None:
    """Each task before the held one was acknowledged; such an ack is on its way already, so this needs no patience."""
    until = time.monotonic() + probe.at_once
    acks = probe.wait(
        lambda: len(probe.wire.noted(spec.Basic.Ack)), lambda seen: seen >= before or time.monotonic() > until
    ).seen
    if acks < before:
        raise Wrong(
            f"when `{name(function)}` came to `{held}` it had packed {before} orders, and sent {acks} "
            f"{'ack' if acks == 1 else 'acks'}: ack each when it is packed"
        )


def _desk_is_full(probe: Probe, function: Learners, child: Child, queue: str, held: str, left: int, desk: int) -> None:
    """It was handed as much as it should: else there is nothing on the desk that could be forgotten."""
    _asks_for(probe, function, desk)
    handed = handed_out(probe, child, queue, left, at_least=desk, at_most=desk)
    _one_after_the_other(probe, function, held)
    if handed != desk:
        limit_of_consumer(probe, function)
        raise Wrong(f"`{name(function)}` was handed {handed} of {left} orders at once, and is to be handed {desk}")


def _asks_for(probe: Probe, function: Learners, desk: int) -> None:
    """What it asks the broker for can come to as much as it should: else waiting for that is of no use."""
    consumers, limits = len(probe.wire.said(spec.Basic.Consume)), probe.wire.said(spec.Basic.Qos)
    if not consumers and probe.wire.said(spec.Basic.Get):
        raise Wrong(
            f"`{name(function)}` fetches each order with `basic_get`: with `consume` or `basic_consume` the broker "
            f"hands it {desk} at once"
        )
    most = max((one.prefetch_count for one in limits), default=0)
    if 0 < most * consumers < desk:
        raise Wrong(f"`{name(function)}` asks for {most} at once (`prefetch_count={most}`), and is to be handed {desk}")


def _one_after_the_other(probe: Probe, function: Learners, held: str) -> None:
    """Nothing was begun after the task in its hands."""
    begun = probe.ledger.tasks("begun")
    for other in begun[begun.index(held) + 1 :]:
        raise Wrong(
            f"`{name(function)}` began `{other}` while `{held}` was in its hands: a packer packs one after the other"
        )


def _leaves(probe: Probe, function: Learners, child: Child, held: str, finished: int, count: int) -> None:
    """It returns with nothing begun since."""

    def bounced() -> int:
        return len(probe.wire.noted(spec.Basic.Nack, spec.Basic.Reject, spec.Basic.Publish))

    begun = probe.wait(
        lambda: len(probe.ledger.tasks("begun")), lambda seen: not child.alive or seen == count or bounced() > BOUNCES
    )
    child.wait(IDLE)
    if begun.seen > finished:
        rest = "" if not child.alive else ", and is still there"
        raise Wrong(
            f"SIGTERM came in the middle of `{held}`, and `{name(function)}` began {begun.seen - finished} more{rest}: "
            "look at `worker.stopping` after each order, also when others lie on the desk"
        )
    if child.alive and bounced() > BOUNCES:
        raise Wrong(
            f"after SIGTERM `{name(function)}` gives orders back, and is handed them again, without end: first cancel "
            "(or close the channel); what is on the desk goes back by itself"
        )
    if child.alive:
        raise Wrong(f"SIGTERM came in the middle of `{held}`, and {begun.within:g} s later the worker is still there")
    probe.returned(function, child)


def _gave_back(probe: Probe, function: Learners, queue: str, held: str, rest: int) -> None:
    """The held task was finished and acked, those after it are in the queue again."""
    if held not in probe.ledger.tasks("done"):
        raise Wrong(f"`{name(function)}` left `{held}` unfinished")
    for thrown in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject):
        if not thrown.requeue:
            raise Wrong(
                f"`{name(function)}` gives back with `requeue=False`: such an order is thrown away, not put back"
            )
    back = probe.wait_ready(queue, rest).seen or 0
    if back > rest:
        raise Wrong(
            f"`{held}` was finished, and not acknowledged: it is in the queue again, and will be packed twice. First "
            "the ack, then look at `worker.stopping`"
        )
    if back < rest:
        raise Wrong(
            f"{rest} orders were not begun when SIGTERM came, and the queue has {back}: {rest - back} are lost. "
            "Acknowledge only what is packed"
        )


def idle(probe: Probe, function: Learners, work: Work, tasks: Sequence[str]) -> None:
    """Another worker does the rest; SIGTERM comes when there is nothing to do."""
    child = probe.start(function, workers=1, **{work.name: work})
    probe.wait(lambda: probe.ledger.tasks("done"), lambda done: set(tasks) <= set(done) or not child.alive)
    child.wait(IDLE)
    if not child.alive:
        probe.returned(function, child)
        raise Wrong(f"`{name(function)}` went home because the queue was empty: only SIGTERM is a reason to leave")
    terminate(child)
    if not child.wait(probe.patience):
        raise Wrong(
            f"SIGTERM came when the queue was empty, and {probe.patience:g} s later `{name(function)}` is still there: "
            "`consume` with `inactivity_timeout=0.1` looks up when nothing comes; with callbacks, "
            "`process_data_events(0.1)` in a loop does"
        )
    probe.returned(function, child)
