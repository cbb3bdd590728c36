"""Workers whose queue is empty for a while, before there is more to do."""

from __future__ import annotations

from collections.abc import Sequence

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.workers import Child

PAUSE = 0.5  # seconds; who looks at an empty queue every 0.1 s meets it several times
END_WITHIN = 1.0  # seconds for a child to tell that one of its workers has raised
LEAVE_WITHIN = 0.2  # seconds in which workers leave that leave when they have done so many


def more_after_a_pause(
    probe: Probe, function: Learners, child: Child, queue: str, tasks: Sequence[str], workers: int
) -> None:
    """The queue is empty for a while, then these tasks come: all workers are still there, and every task is done.

    With several workers, each must be given a `work` that holds every task: so one cannot do them all.
    """
    probe.wait(lambda: probe.held(queue), lambda held: not held)
    child.wait(PAUSE)
    probe.ledger.hold()
    probe.publish(queue, tasks)
    busy = probe.wait(lambda: _at_work(probe, tasks), lambda seen: seen >= workers or not child.alive)
    if not busy.met or busy.seen < workers:
        raise _went_home(probe, function, child, queue, workers, busy.seen)
    probe.ledger.release()
    probe.wait(lambda: probe.ledger.tasks("done"), lambda done: set(tasks) <= set(done) or not child.alive)
    if child.wait(LEAVE_WITHIN):
        probe.returned(function, child)
        raise Wrong(f"`{name(function)}` went home while `worker.stopping` was False, because it had done so many?")


def still_works(probe: Probe, function: Learners, child: Child) -> None:
    """The workers have not ended; for while there are tasks to do."""
    if not child.alive:
        probe.returned(function, child)
        raise Wrong(f"`{name(function)}` went home while `worker.stopping` was False, with work still to do")


def _at_work(probe: Probe, tasks: Sequence[str]) -> int:
    """How many workers have begun one of these tasks."""
    return len({entry.by for entry in probe.ledger.entries if entry.what == "begun" and entry.task in tasks})


def _went_home(probe: Probe, function: Learners, child: Child, queue: str, workers: int, busy: int) -> Wrong:
    child.wait(END_WITHIN)
    paused = f"the queue was empty for {PAUSE:g} s"
    if not child.alive:
        probe.returned(function, child)
        return Wrong(
            f"`{name(function)}` went home while `worker.stopping` was False: {paused}, and what came then found "
            "nobody. An empty queue is no reason to leave"
        )
    if not busy:
        return Wrong(f"{paused}, then {queue} came, and `{name(function)}` began none of them: is it asleep?")
    return Wrong(
        f"{paused}, then {workers} {queue} came, and {busy} of {workers} workers began one: the others went home, "
        "though `worker.stopping` was False"
    )
