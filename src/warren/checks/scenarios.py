"""Situations that several exercises put a learner's function in, and what each can look like when it goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pika import spec

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.ledger import Work
from warren.checks.probe import Probe, Waited
from warren.checks.result import Wrong


def shared_durable_queue(probe: Probe, function: Learners, queue: str) -> None:
    """The queue is there after the function ended, durable, and for everyone."""
    # one that is exclusive goes with its connection, a moment after that has closed
    rows = {row["name"]: row for row in probe.management.queues(probe.vhost) if not row.get("exclusive")}
    if queue not in rows:
        others = ", ".join(f"`{other}`" for other in sorted(rows))
        there = (
            f"there is {others}" if others else "there is none at all (an `exclusive` queue goes with its connection)"
        )
        raise Wrong(f"when `{name(function)}` had ended there was no queue `{queue}`: {there}")
    if not rows[queue]["durable"]:
        raise Wrong(f"the queue `{queue}` is not durable, and goes when the broker does: add `durable=True`")
    if rows[queue]["auto_delete"]:
        raise Wrong(f"the queue `{queue}` is `auto_delete`: it goes with its last consumer, messages and all")


def queue_holds(probe: Probe, queue: str, bodies: Sequence[str]) -> None:
    """Exactly these messages are ready, in this order."""
    waited = probe.wait_ready(queue, len(bodies))
    seen = waited.seen or 0
    if seen < len(bodies):
        hint = "; with the default exchange, the routing key is the name of the queue" if not seen else ""
        looked = f"the check waited {waited.within:g} s for {len(bodies)} messages in `{queue}`"
        raise Wrong(f"{looked} and saw {seen}{hint}")
    messages = probe.messages(queue)
    if len(messages) != len(bodies):
        raise Wrong(f"there are {len(messages)} messages in `{queue}`, and should be {len(bodies)}")
    for number, (asked, message) in enumerate(zip(bodies, messages, strict=True), 1):
        if asked != message.body:
            raise Wrong(f"message {number} in `{queue}` should be `{asked}` and is `{_short(message.body)}`")


def taken_by_hand(probe: Probe, function: Learners) -> None:
    """The function takes its messages with manual acknowledgement, and throws none away."""
    if probe.auto_acks():
        raise Wrong(f"`{name(function)}` takes messages with `auto_ack=True`: the broker forgets each as it sends it")
    if any(not method.requeue for method in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject)):
        raise Wrong(
            f"`{name(function)}` rejects messages with `requeue=False`, which throws them away: "
            "`basic_ack` is the word for what is finished"
        )


def acked_when_done(probe: Probe, function: Learners) -> None:
    """The same, and no acknowledgement was sent before the work was finished."""
    taken_by_hand(probe, function)
    if probe.early_acks():
        raise Wrong(f"`{name(function)}` acknowledges before the work is done: what it works on when it dies is lost")


def begun_once(probe: Probe, function: Learners) -> None:
    """No task was begun twice: so far nothing has failed that could be a reason."""
    again = [task for task, times in Counter(probe.ledger.tasks("begun")).items() if times > 1]
    if again:
        raise Wrong(
            f"`{name(function)}` got `{again[0]}` again after it had worked on it: "
            "what is finished is acknowledged, not put back"
        )


def each_once(probe: Probe, tasks: Sequence[str]) -> None:
    """Every task was finished, and none twice."""
    counts = Counter(probe.ledger.tasks("done"))
    lost = [task for task in tasks if not counts[task]]
    twice = [task for task in tasks if counts[task] > 1]
    if lost:
        raise Wrong(f"{len(lost)} of {len(tasks)} were never finished, the first of them `{lost[0]}`")
    if twice:
        raise Wrong(f"{len(twice)} of {len(tasks)} were done twice, the first of them `{twice[0]}`")


def killed_mid_work(
    probe: Probe, function: Learners, queue: str, tasks: Sequence[str], work: Work, *, workers: int = 0
) -> None:
    """Kill the function while it works on the task that `work` holds: those before are settled, the others come back.

    `workers=0` calls it with the url, `workers=1` as a worker.
    """
    held = next(task for task in tasks if task in (work.holds or ()))
    child = probe.start(function, workers=workers, **{work.name: work})
    waited = probe.wait(
        lambda: probe.ledger.tasks("begun"),
        lambda begun: held in begun or len(begun) > len(set(begun)) or not child.alive,
    )
    if not child.alive:
        probe.returned(function, child)
        after = (
            f"after {len(waited.seen)} of {len(tasks)} messages" if waited.seen else f"and never called `{work.name}`"
        )
        raise Wrong(f"`{name(function)}` returned {after}")
    begun_once(probe, function)
    if not waited.met:
        raise Wrong(_stuck(function, work, held, waited))
    child.kill()
    taken_by_hand(probe, function)
    back = _put_back(probe, queue, tasks, held)
    if back == len(tasks):
        probe.ledger.release()
        probe.start(function, workers=workers, **{work.name: work}).outcome(probe.patience)
        late = "only at the end" if probe.wire.said(spec.Basic.Ack) else "nothing"
        before = tasks.index(held)
        raise Wrong(
            f"when it was killed in the middle of `{held}`, the {before} before it were back in the queue too, and "
            f"will be done again: `{name(function)}` acknowledges {late}"
        )


def _stuck(function: Learners, work: Work, held: str, waited: Waited[list[str]]) -> str:
    begun = f"begun {len(waited.seen)}" if waited.seen else f"not called `{work.name}` once"
    return f"the check waited {waited.within:g} s for `{name(function)}` to begin `{held}`, and it had {begun}"


def _put_back(probe: Probe, queue: str, tasks: Sequence[str], held: str) -> int:
    """How many are ready after the kill. Ends the check if it is neither all of them nor those from `held` on."""
    wanted = len(tasks) - tasks.index(held)
    back = probe.wait_ready(queue, wanted).seen or 0
    killed = f"when it was killed in the middle of `{held}`, {back} of {len(tasks)} messages were in the queue"
    if back < wanted:
        raise Wrong(f"{killed} and `{held}` was not: it was acknowledged before the work was done")
    if wanted < back < len(tasks):
        raise Wrong(f"{killed}, and should be {wanted}: it acknowledges later than it finishes")
    return back


def _short(text: str) -> str:
    return (text if len(text) <= 60 else f"{text[:57]}…").replace("`", "'")
