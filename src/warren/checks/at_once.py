"""A worker whose callbacks run at once, up to a number: what it does while all of its calls are going on."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from pika import amqp_object, spec

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.room import POLL
from warren.checks.scenarios import called_rightly, same_texts, unacknowledged
from warren.checks.wire import Conversation, Noted
from warren.workers import Child

LOOK = "Look at `worker.stopping` every 0.05 s, `await asyncio.sleep(0.05)` between, and go home when it is True"
SETTLES = 0.15  # seconds for what a wrong answer says and does next, which tells what is wrong
ENDS = 0.3  # seconds for the process of a function that has raised to end
AT_ONCE = 3  # calls, which is none of the numbers in the lab; asyncio.to_thread has five threads on one core
QUOTED = re.compile(r"[\w.]*(Error|Exception): ")  # the last line of a traceback


def all_at_once(
    probe: Probe, function: Learners, child: Child, tasks: Sequence[str], before: Sequence[str] = ()
) -> None:
    """Of these tasks, AT_ONCE have been begun and are held, and the broker has handed out no more.

    Those of `before` are done.
    """

    def begun() -> int:
        return sum(task in tasks for task in probe.ledger.tasks("begun"))

    def over(seen: int) -> bool:
        strange = probe.ledger.tasks("refused") or set(probe.ledger.tasks("begun")) - {*before, *tasks}
        wrong = strange or _thrown_away(probe) or probe.auto_acks() or probe.early_acks()
        return seen >= AT_ONCE or not child.alive or bool(wrong) or probe.unacked("invoices") > AT_ONCE

    waited = probe.wait(begun, over)
    seen, handed = waited.seen, probe.unacked("invoices")
    if not (waited.met and seen == handed == AT_ONCE):
        child.wait(SETTLES)
        seen, handed = begun(), probe.unacked("invoices")
    if not (waited.met and seen == handed == AT_ONCE):
        raised_first(probe, function, child)
    still_at_work(probe, function, child)
    same_texts(probe.ledger.tasks("begun"), [*before, *tasks], "render")
    called_rightly(probe, function, "render")
    settled_when_done(probe, function)
    if handed > AT_ONCE or seen > AT_ONCE:
        raise Wrong(f"with {AT_ONCE} calls allowed, the broker had handed out {handed} invoices: {_why_so_many(probe)}")
    if not waited.met:
        raise Wrong(_why_so_few(probe, function, seen, handed))


def one_for_one(probe: Probe, function: Learners, child: Child) -> None:
    """All calls that are held but one end, and as many others begin while that one goes on."""
    *ended, slow = probe.ledger.tasks("begun")
    probe.ledger.release(*ended)
    waited = probe.wait(
        lambda: len(probe.ledger.tasks("begun")) - AT_ONCE,
        lambda begun: begun >= len(ended) or not child.alive or _thrown_away(probe),
    )
    unacked, begun = probe.unacked("invoices"), waited.seen
    if begun < len(ended):
        raised_first(probe, function, child)
    still_at_work(probe, function, child)
    called_rightly(probe, function, "render")
    settled_when_done(probe, function)
    if begun < len(ended):
        over = f"{len(ended)} of {AT_ONCE} calls had ended, `{slow}` was still being rendered, and"
        if unacked == AT_ONCE:
            raise Wrong(f"{over} none was acknowledged: a worker gets the next invoice for the ack of each single one")
        others = "no other began" if not begun else f"only {begun} other began"
        raise Wrong(f"{over} {others}: who waits for a whole batch waits for the slowest call in it")


def all_done(probe: Probe, function: Learners, child: Child, tasks: Sequence[str]) -> None:
    """Every task is finished and acknowledged, by a worker that goes on."""

    def over(done: list[str]) -> bool:
        finished = set(tasks) <= set(done) and not probe.held("invoices")
        return finished or not child.alive or _thrown_away(probe)

    waited = probe.wait(lambda: probe.ledger.tasks("done"), over)
    still_at_work(probe, function, child)
    settled_when_done(probe, function)
    missing = [task for task in tasks if task not in waited.seen]
    if missing:
        raise Wrong(
            f"{len(missing)} invoices were not rendered, the first `{missing[0]}`{unacknowledged(probe, 'invoices')}"
        )
    if left := probe.held("invoices"):
        raise Wrong(f"all were rendered, and {left} were still in the queue{unacknowledged(probe, 'invoices')}")
    stays(probe, function, child)


def stays(probe: Probe, function: Learners, child: Child) -> None:
    """For a while in which nothing happens, and nobody asks it to stop, the worker goes on consuming."""
    deadline = time.monotonic() + probe.patience / 4
    while not going_home(probe, child) and time.monotonic() < deadline:
        time.sleep(POLL)
    if going_home(probe, child):
        raised_first(probe, function, child)
        still_at_work(probe, function, child)
        raise Wrong(f"`{name(function)}` stops consuming while `worker.stopping` is False: {LOOK}")


def going_home(probe: Probe, child: Child) -> bool:
    """The worker has ended, or cancelled or closed something."""
    return bool(probe.wire.said(spec.Basic.Cancel)) or gone(probe, child)


def gone(probe: Probe, child: Child) -> bool:
    """The channel or the connection was closed, or the worker has ended."""
    return bool(probe.wire.said(spec.Channel.Close, spec.Connection.Close)) or not child.alive


def raised_first(probe: Probe, function: Learners, child: Child) -> None:
    """Whatever else went wrong: where the function raised, that is told."""
    if child.wait(ENDS):
        probe.returned(function, child)


def never_more(probe: Probe) -> None:
    """At no moment more calls were going on than allowed, or could have been: each consumer may have its prefetch."""
    may = sum(
        len(_of(each, spec.Basic.Consume)) * max([one.method.prefetch_count for one in _of(each, spec.Basic.Qos)] + [0])
        for each in probe.wire.conversations
    )
    if may > AT_ONCE:
        raise Wrong(f"the worker has several consumers, with a prefetch each: that may become {may} calls at once")
    going, most = 0, 0
    for entry in sorted(probe.ledger.entries, key=lambda one: one.at):
        going += {"begun": 1, "done": -1, "raised": -1}.get(entry.what, 0)
        most = max(most, going)
    if most > AT_ONCE:
        raise Wrong(f"{most} calls were going on at once, and the service allows {AT_ONCE}")


def settled_when_done(probe: Probe, function: Learners) -> None:
    """Nothing was acknowledged before it was rendered, and nothing thrown away."""
    if probe.auto_acks():
        raise Wrong(
            f"`{name(function)}` takes invoices with `no_ack=True`: the broker forgets each as it sends it, and the "
            "prefetch does not count"
        )
    if _thrown_away(probe):
        raise Wrong(
            f"`{name(function)}` threw an invoice away: `message.process()` rejects what it holds when its block "
            f"raises or is cancelled{_raised(probe)}"
        )
    if probe.early_acks():
        begun = len(probe.ledger.tasks("begun"))
        how = "acknowledges before the call has ended" if begun else "acknowledges, and never calls `render`"
        raise Wrong(f"`{name(function)}` {how}: is there an `await` before `asyncio.to_thread`, inside of `process()`?")


def still_at_work(probe: Probe, function: Learners, child: Child) -> None:
    """The worker has not ended."""
    if not child.alive:
        probe.returned(function, child)
        raise Wrong(
            f"`{name(function)}` returned while `worker.stopping` was False: `consume` returns at once, so stay. {LOOK}"
        )


def went_home(probe: Probe, function: Learners, child: Child) -> None:
    """Asked to stop, the worker returns soon, having closed its connection."""
    child.stop()
    if not child.wait(probe.at_once):
        raise Wrong(
            f"`{name(function)}` had not returned {probe.at_once:g} s after `worker.stopping` was True and its last "
            f"call had ended. {LOOK}"
        )
    probe.returned(function, child)
    for each in probe.wire.conversations:
        if each.ended == float("inf") and not _of(each, spec.Connection.Close):
            raise Wrong(
                f"`{name(function)}` returned and left its connection open: end with `await connection.close()`, or "
                "use `async with`"
            )


def _thrown_away(probe: Probe) -> bool:
    return any(not method.requeue for method in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject))


def _why_so_many(probe: Probe) -> str:
    """What the last connection that consumes asked for, or forgot to ask for."""
    asking = [one for one in probe.wire.conversations if _of(one, spec.Basic.Consume)]
    if not asking:
        return "`get` takes whatever there is: let `consume` hand them to you, `at_once` at a time"
    limits, begins = _of(asking[-1], spec.Basic.Qos), _of(asking[-1], spec.Basic.Consume)
    consumers = sum(len(_of(one, spec.Basic.Consume)) for one in asking if one.ended == float("inf"))
    limits = [one for one in limits if one.method.prefetch_count]
    if not limits and any(one.method.prefetch_count for each in asking for one in _of(each, spec.Basic.Qos)):
        return "after the break it connected again, and did not say `set_qos` again"
    if not limits:
        return "say how many with `await channel.set_qos(prefetch_count=at_once)`; what is beyond waits in the queue"
    if limits[0].at > begins[0].at:
        return "`set_qos` came after `consume`, and counts only for consumers that begin later"
    if not {one.channel for one in limits} & {one.channel for one in begins}:
        return "`set_qos` was said on another channel than the one that consumes"
    if consumers > 1:
        return f"it consumes {consumers} times, and each consumer has the prefetch for itself: one is enough"
    return f"the prefetch is {limits[-1].method.prefetch_count}, and not `at_once`"


def _of(conversation: Conversation, method: type[amqp_object.Method]) -> list[Noted]:
    return [one for one in list(conversation.said) if isinstance(one.method, method)]


def _why_so_few(probe: Probe, function: Learners, begun: int, handed: int) -> str:
    if not probe.wire.said(spec.Basic.Consume, spec.Basic.Get):
        return f"`{name(function)}` never began to consume from `invoices`"
    if not begun and probe.ledger.tasks("done"):
        return f"none of the new invoices was rendered{unacknowledged(probe, 'invoices')}"
    if not begun:
        why = _raised(probe) or ": does something block the loop, such as `time.sleep`? And what did it print?"
        return f"`{name(function)}` was handed {handed} invoices and never called `render`{why}"
    calls = f"{begun} call was" if begun == 1 else f"{begun} calls were"
    if handed <= begun:
        return f"{calls} going on and {AT_ONCE} are allowed: the others waited in the queue. What is the prefetch?"
    if any(pool in entry.by for entry in probe.ledger.entries for pool in ("asyncio_", "ThreadPool")):
        return (
            f"{handed} invoices were handed out, and {calls} going on, in a thread as it should be: what made the "
            "others wait? A lock or a semaphore lets one in after the other, and so does a loop that awaits each call"
        )
    return (
        f"{handed} invoices were handed out, and {calls} going on: `render` blocks, and the loop with it. Give each "
        "call to a thread, in a callback that `consume` calls: `await asyncio.to_thread(render, …)`, with a comma: "
        "`render(…)` inside of it would call it at once"
    )


def _raised(probe: Probe) -> str:
    """What a callback raised, which asyncio prints and nobody else hears of; may be empty."""
    told = [line for line in probe.printed if QUOTED.match(line)]
    return f". The callback raised {short(told[0])}" if told else ""
