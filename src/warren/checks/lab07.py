"""Lab 07, asyncio: several at once and no more, going home with nothing half done, and a connection that breaks."""

from __future__ import annotations

import time

from pika import spec

from warren.checks.at_once import (
    AT_ONCE,
    all_at_once,
    all_done,
    going_home,
    gone,
    never_more,
    one_for_one,
    raised_first,
    settled_when_done,
    stays,
    still_at_work,
    went_home,
)
from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done, short, wrong
from warren.checks.room import POLL
from warren.checks.scenarios import begun_once, each_once, skipped_none, unacknowledged
from warren.workers import Child

SETTLES = 0.15  # seconds for what comes at once after the first sign
CANCELS_WITHIN = 1.0  # seconds; a worker looks at `worker.stopping` every 0.05 s
SLEEPS = 1.6  # seconds the calls go on after that: longer than one sleeps who hopes; the text says two
COMES_BACK = 3.0  # seconds; aio-pika's own interval is 5


def invoices(first: int, last: int) -> list[str]:
    return [f"invoice {number}" for number in range(first, last + 1)]


@exercise(
    1,
    "Several calls at once",
    "How many invoices the broker hands out decides how many callbacks run at once. And `render` blocks: who makes "
    "the call, so that the loop stays free?",
    "`await channel.set_qos(prefetch_count=at_once)` before `consume`; in the callback, inside "
    "`async with message.process():`, `await asyncio.to_thread(render, message.body.decode())`.",
    "`connection = await aio_pika.connect(worker.url)`, a channel, `set_qos`, "
    '`queue = await channel.get_queue("invoices")`, `await queue.consume(callback)`; then '
    "`while not worker.stopping: await asyncio.sleep(0.05)`, and `await connection.close()`.",
)
def bounded(probe: Probe, render_at_once: Learners) -> Result:
    """All calls are held while the check looks at how many there are; then all but one end, and then all go on."""
    tasks = invoices(1, 14)
    child = _begin(probe, render_at_once, tasks)
    all_at_once(probe, render_at_once, child, tasks)
    one_for_one(probe, render_at_once, child)
    probe.ledger.release()
    all_done(probe, render_at_once, child, tasks)
    never_more(probe)
    went_home(probe, render_at_once, child)
    begun_once(probe, render_at_once)
    each_once(probe, tasks)
    if left := probe.wait_ready("invoices", 0).seen:
        return wrong(f"all {len(tasks)} invoices were rendered, and {left} were in the queue again afterwards")
    return done(f"{len(tasks)} invoices were rendered, each once, {AT_ONCE} at once and never more")


@exercise(
    2,
    "Going home",
    "Three things are to do when `worker.stopping` becomes true, and their order matters. Which one keeps new "
    "invoices away?",
    "Cancel the consumer, wait until no callback is at work, close the connection. For the waiting you need to know "
    "which callbacks are at work: keep them in a set, or count them.",
    "`tag = await queue.consume(callback)`; the callback adds itself to a set `busy` when it begins and leaves it in a "
    "`finally`; at the end `await queue.cancel(tag)`, `while busy: await asyncio.sleep(0.05)`, "
    "`await connection.close()`.",
)
def graceful(probe: Probe, render_and_go_home: Learners) -> Result:
    """Told to stop with calls going on, which go on for a while."""
    tasks = invoices(1, 12)
    child = _begin(probe, render_and_go_home, tasks)
    all_at_once(probe, render_and_go_home, child, tasks)
    stays(probe, render_and_go_home, child)
    child.stop()
    for seconds, over in ((CANCELS_WITHIN, going_home), (SLEEPS, gone)):
        deadline = time.monotonic() + seconds
        while not over(probe, child) and time.monotonic() < deadline:
            time.sleep(POLL)
    _still_there(probe, render_and_go_home, child)
    probe.ledger.release()
    went_home(probe, render_and_go_home, child)
    if more := len(probe.ledger.tasks("begun")) - AT_ONCE:
        return wrong(f"{more} more invoices were begun after `worker.stopping` was True: {_why_more(probe)}")
    _acknowledged(probe)
    return _untouched(probe, tasks)


def _why_more(probe: Probe) -> str:
    cancelled = {one.consumer_tag for one in probe.wire.said(spec.Basic.Cancel)}
    heard = [one.method for each in probe.wire.conversations for one in list(each.heard)]
    if not cancelled:
        return "`await queue.cancel(tag)` was never said"
    if not cancelled & {one.consumer_tag for one in heard if isinstance(one, spec.Basic.ConsumeOk)}:
        return f"no consumer has the tag `{short(cancelled.pop())}` that was cancelled. It is what `consume` returned"
    return "cancel the consumer first, and wait then"


def _still_there(probe: Probe, function: Learners, child: Child) -> None:
    """With its calls going on, the worker keeps its connection."""
    if not gone(probe, child):
        settled_when_done(probe, function)
        return
    child.wait(SETTLES)
    first = min(probe.wire.noted(spec.Channel.Close, spec.Connection.Close), key=lambda one: one.at, default=None)
    what = "channel" if first and isinstance(first.method, spec.Channel.Close) else "connection"
    raised_first(probe, function, child)
    settled_when_done(probe, function)
    if probe.wire.said(spec.Basic.Nack, spec.Basic.Reject):
        raise Wrong(
            f"`{name(function)}` cancels its callbacks, which gives the invoices back: they will be rendered again. "
            "Wait for the callbacks (a call in a thread goes on in any case, whoever is cancelled)"
        )
    cancelled = "cancelled its consumer and then " if probe.wire.said(spec.Basic.Cancel) else ""
    raise Wrong(
        f"`{name(function)}` {cancelled}closed its {what} with {AT_ONCE} calls going on: the invoices go back to "
        "the queue, to be rendered again, while the calls go on in their threads. Wait for the callbacks first"
    )


def _acknowledged(probe: Probe) -> None:
    """What was rendered was acknowledged."""
    acked = {one.body for one in deliveries(probe.wire) if one.acked}
    unacked = [task for task in probe.ledger.tasks("done") if task not in acked]
    if unacked:
        raise Wrong(
            f"{len(unacked)} invoices were rendered and not acknowledged when the connection closed: they are in the "
            "queue, and will be rendered again"
        )


def _untouched(probe: Probe, tasks: list[str]) -> Result:
    """Those that were not begun are in the queue as if nobody had ever had them."""
    left = len(tasks) - AT_ONCE
    waited = probe.wait_ready("invoices", left)
    if not waited.met:
        return wrong(f"{AT_ONCE} invoices were rendered, and {waited.seen} of the other {left} are in the queue")
    if again := sum(message.redelivered for message in probe.messages("invoices")):
        return wrong(f"{again} invoices in the queue had been handed out already, and not rendered")
    return done(
        f"told to stop with {AT_ONCE} calls going on, it took no new invoice, finished the {AT_ONCE}, acknowledged "
        f"them and closed; the other {left} are untouched"
    )


@exercise(
    3,
    "The network breaks",
    "aio-pika has two functions to connect. One of them makes a connection that comes back by itself.",
    "`aio_pika.connect_robust`. By itself it waits for 5 seconds, which is too long here: look for the argument that "
    "says how long.",
    "`await aio_pika.connect_robust(worker.url, reconnect_interval=0.5)`, and the rest as in exercise 1. Consumer and "
    "prefetch come back without your help.",
)
def robust(probe: Probe, render_through_a_break: Learners) -> Result:
    """The network breaks with calls going on; then more invoices come."""
    first, late = invoices(1, AT_ONCE), invoices(AT_ONCE + 1, 12)
    child = _begin(probe, render_through_a_break, first)
    all_at_once(probe, render_through_a_break, child, first)
    before = len(probe.wire.said(spec.Basic.Consume))
    probe.wire.cut()
    probe.ledger.release()
    _back(probe, render_through_a_break, child, before)
    left = probe.wait(lambda: probe.held("invoices"), lambda held: not held or not child.alive).seen
    skipped_none(probe, render_through_a_break, "render")
    still_at_work(probe, render_through_a_break, child)
    if left:
        return wrong(
            f"after the break {left} of {AT_ONCE} invoices stayed in the queue{unacknowledged(probe, 'invoices')}"
        )
    probe.ledger.hold()
    probe.publish("invoices", late)
    all_at_once(probe, render_through_a_break, child, late, first)
    probe.ledger.release()
    all_done(probe, render_through_a_break, child, late)
    went_home(probe, render_through_a_break, child)
    lost = [task for task in first + late if not any(one.body == task and one.acked for one in deliveries(probe.wire))]
    if lost:
        return wrong(f"{len(lost)} invoices were never acknowledged, the first of them `{lost[0]}`")
    return done(
        f"the network broke with {AT_ONCE} calls going on; the worker came back, rendered those again and "
        f"{len(late)} more, {AT_ONCE} at once: none lost"
    )


def _begin(probe: Probe, function: Learners, tasks: list[str]) -> Child:
    """The queue with these tasks, and one worker whose calls are held."""
    probe.declare("invoices")
    probe.publish("invoices", tasks)
    work = probe.ledger.work("render", takes=dict.fromkeys(tasks, 0.01), holds=None)
    return probe.start(function, workers=1, render=work, at_once=AT_ONCE)


def _back(probe: Probe, function: Learners, child: Child, before: int) -> None:
    """The worker consumes again, in time."""
    within = min(COMES_BACK, probe.patience)
    deadline = time.monotonic() + within
    while len(probe.wire.said(spec.Basic.Consume)) == before and child.alive and time.monotonic() < deadline:
        time.sleep(POLL)
    if len(probe.wire.said(spec.Basic.Consume)) > before:
        return
    if child.wait(SETTLES):
        probe.returned(function, child)
        raise Wrong(f"`{name(function)}` returned when the network broke, though `worker.stopping` was False")
    settled_when_done(probe, function)
    how = (
        "it has connected, and no more"
        if len(probe.wire.conversations) > 1
        else "`connect` never comes back by itself (nor does its `is_closed` tell), `connect_robust` only after 5 s "
        "unless its argument `reconnect_interval` says otherwise (in the URL it goes after `&`: there is a `?` already)"
    )
    raise Wrong(
        f"the network broke for a moment, and {within:g} s later `{name(function)}` did not consume again: {how}"
    )
