"""Situations that several exercises put a learner's function in, and what each can look like when it goes wrong."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import NoReturn

from pika import spec

from warren.checks.arrivals import why_missing, why_no_queue
from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.ledger import Work
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.room import Waited
from warren.workers import Child

ARE = ("is unacknowledged", "are unacknowledged")  # one, and more


def shared_durable_queue(probe: Probe, function: Learners, queue: str) -> None:
    """The queue is there after the function ended, durable, for everyone, and no stream."""
    # one that is exclusive goes with its connection, a moment after that has closed
    rows = {row["name"]: row for row in probe.management.queues(probe.vhost) if not row.get("exclusive")}
    if queue not in rows:
        others = ", ".join(f"`{short(other)}`" for other in sorted(rows))
        there = f"there is {others}" if others else why_no_queue(probe)
        raise Wrong(f"when `{name(function)}` had ended there was no queue `{queue}`: {there}")
    if not rows[queue]["durable"]:
        raise Wrong(f"the queue `{queue}` is not durable, and goes when the broker does: add `durable=True`")
    if rows[queue]["auto_delete"]:
        raise Wrong(f"the queue `{queue}` is `auto_delete`: it goes with its last consumer, messages and all")
    if rows[queue].get("type") == "stream":
        raise Wrong(f"`{queue}` is a stream, which keeps what was read: this asks for a queue, classic or quorum")


def queue_holds(probe: Probe, queue: str, bodies: Sequence[str], *, since: float = 0, when: str = "") -> None:
    """Exactly these messages are ready, in this order.

    Reasons are sought in what was said since that `time.monotonic()`; `when` begins the sentence ("the second time, ").
    """
    waited = probe.wait_ready(queue, len(bodies))
    seen = waited.seen or 0
    if seen < len(bodies):
        looked = f"{when}the check waited {waited.within:g} s for {len(bodies)} messages in `{queue}`"
        raise Wrong(f"{looked} and saw {seen}: {why_missing(probe, queue, bodies, since)}")
    found = [message.body for message in probe.messages(queue)]
    if len(found) != len(bodies):
        raise Wrong(f"{when}there are {len(found)} messages in `{queue}`, and should be {len(bodies)}")
    for number, (asked, body) in enumerate(zip(bodies, found, strict=True), 1):
        if asked != body:
            moved = f"all {len(bodies)} are there, in another order: " if sorted(bodies) == sorted(found) else ""
            what = f"message {number} in `{queue}` should be `{asked}` and is `{short(body)}`"
            raise Wrong(when + moved + what)


def closed(probe: Probe, function: Learners) -> None:
    """The function closed every connection it opened."""
    for each in probe.wire.conversations:
        if not any(isinstance(one.method, spec.Connection.Close) for one in [*each.said, *each.heard]):
            raise Wrong(
                f"`{name(function)}` did all that and left its connection open: end with `connection.close()`, "
                "parentheses and all (it closes the channels too), or use `with`"
            )


def published_nothing(probe: Probe, function: Learners) -> None:
    """The function only takes messages, and puts none back as a new one."""
    if probe.wire.said(spec.Basic.Publish):
        raise Wrong(
            f"`{name(function)}` takes messages and publishes them again: the copy goes to the end of the queue, "
            "or is lost with a function that dies before. What you don't acknowledge goes back by itself"
        )


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


def skipped_none(probe: Probe, function: Learners, work: str) -> None:
    """What came back after a kill was worked on before it was acknowledged."""
    begun = [entry for entry in probe.ledger.entries if entry.what == "begun"]
    for one in deliveries(probe.wire):
        worked = any(entry.task == one.body and entry.at > one.at for entry in begun)
        if one.redelivered and one.acked and not worked:
            raise Wrong(
                f"`{short(one.body)}` came back marked `redelivered`, and `{name(function)}` acknowledged it without "
                f"`{work}`: `redelivered` means that it was sent before, not that the work was done"
            )


def begun_once(probe: Probe, function: Learners, since: float = 0) -> None:
    """No task was begun twice: nothing has failed (since that `time.monotonic()`) that could be a reason."""
    for task, times in Counter(probe.ledger.tasks("begun", since)).items():
        if sum(one.body == task and one.at >= since for one in deliveries(probe.wire)) < times:
            raise Wrong(f"`{name(function)}` worked on `{task}` {times} times before one ack: once is enough")
        if times > 1:
            raise Wrong(
                f"`{name(function)}` got `{task}` again after it had worked on it: "
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

    `tasks` are those in the queue now. `workers=0` calls it with the url, `workers=1` as a worker.
    """
    held = next(task for task in tasks if task in (work.holds or ()))
    since = time.monotonic()
    child = probe.start(function, workers=workers, **{work.name: work})
    waited = probe.wait(
        lambda: probe.ledger.tasks("begun", since),
        lambda begun: held in begun or len(begun) > len(set(begun)) or not child.alive or not set(begun) <= set(tasks),
    )
    same_texts(waited.seen, tasks, work.name)
    if not child.alive:
        _ended_early(probe, function, child, work, f"{len(waited.seen)} of {len(tasks)}" if waited.seen else "")
    begun_once(probe, function, since)
    if not waited.met:
        called_rightly(probe, function, work.name)
        raise Wrong(_stuck(function, work, held, waited) + unacknowledged(probe, queue))
    child.kill()
    taken_by_hand(probe, function)
    published_nothing(probe, function)
    skipped_none(probe, function, work.name)
    _in_order(waited.seen, tasks, work.name)
    if _put_back(probe, queue, tasks, held) == len(tasks) and held != tasks[0]:
        probe.ledger.release()
        probe.start(function, workers=workers, **{work.name: work}).outcome(probe.patience)
        raise Wrong(_all_again(probe, function, held, tasks.index(held)))


def unacknowledged(probe: Probe, queue: str) -> str:
    """Why a worker with a prefetch limit gets nothing more; empty where it may have more, or works still."""
    unacked = probe.unacked(queue)
    busy = len(probe.ledger.tasks("begun")) > len(probe.ledger.tasks("done"))
    return "" if busy or not unacked else f": {unacked} {ARE[unacked > 1]}, and a worker gets the next one for its ack"


def called_rightly(probe: Probe, function: Learners, work: str) -> None:
    """No call of `work` was refused; what it raised then, the function has swallowed."""
    for why in probe.ledger.tasks("refused"):
        raise Wrong(f"`{name(function)}` swallowed what `{work}` raised, a TypeError: {why}")


def same_texts(begun: Sequence[str], tasks: Sequence[str], work: str) -> None:
    """What was begun are tasks of the check, as they were sent."""
    for asked, got in zip(tasks, begun, strict=False):
        if got not in tasks:
            raise Wrong(f"`{work}` should get `{asked}`, and got `{short(got)}`{undecoded(got)}")


def undecoded(text: object) -> str:
    """What to add where text is Python's way to write bytes; empty where it is not."""
    return "; `body.decode()` makes text of bytes" if str(text).startswith(("b'", 'b"')) else ""


def _in_order(begun: Sequence[str], tasks: Sequence[str], work: str) -> None:
    for asked, got in zip(tasks, begun, strict=False):
        if asked != got:
            raise Wrong(f"`{work}` got `{got}` before `{asked}`, which waited longer: take the oldest first")


def _ended_early(probe: Probe, function: Learners, child: Child, work: Work, begun: str) -> NoReturn:
    probe.returned(function, child)
    called_rightly(probe, function, work.name)
    skipped_none(probe, function, work.name)
    raise Wrong(
        f"`{name(function)}` returned " + (f"after {begun} messages" if begun else f"and never called `{work.name}`")
    )


def _all_again(probe: Probe, function: Learners, held: str, before: int) -> str:
    """For a function that had acknowledged none of what it had finished; it has had time for a whole run since."""
    acks = [one.at for one in probe.wire.noted(spec.Basic.Ack)]
    done = [entry.at for entry in probe.ledger.entries if entry.what == "done"]
    at_the_end = bool(acks and done) and min(acks) > max(done)
    late = "nothing" if not acks else "only at the end" if at_the_end else "several at once, and late"
    killed = f"when it was killed in the middle of `{held}`, the {before} before it were back in the queue too"
    return f"{killed}, and will be done again: `{name(function)}` acknowledges {late}"


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
