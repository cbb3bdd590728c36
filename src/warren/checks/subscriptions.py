"""Subscribers of an exchange as a check meets them: who has bound a queue, who takes whose messages, what is missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pika import spec

from warren.checks import routes
from warren.checks.arrivals import EMPTY, forgets, took_out
from warren.checks.deliveries import refused
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.routes import Trial, arrived, bindings, listed
from warren.checks.scenarios import queue_holds, shared_durable_queue
from warren.workers import Child

ENDS_IT = (
    (spec.Exchange.Delete, "it deleted the exchange with `exchange_delete`, and with it everybody's bindings"),
    (spec.Queue.Unbind, "it ended the binding with `queue_unbind`"),
    (spec.Queue.Purge, "it emptied the queue with `queue_purge`"),
    (spec.Queue.Delete, "it deleted the queue with `queue_delete`"),
)


def open_exchange(probe: Probe, exchange: str, *queues: str) -> None:
    """Declare a durable fanout exchange, and durable queues that are bound to it."""
    with probe.channel() as channel:
        channel.exchange_declare(exchange, "fanout", durable=True)
        for queue in queues:
            channel.queue_declare(queue, durable=True)
            channel.queue_bind(queue, exchange)


def subscriber(
    probe: Probe, function: Learners, exchange: str, others: Sequence[str], **arguments: Any
) -> tuple[Child, str]:
    """Start the function as a worker, and wait until a queue that is none of the `others` is bound: the queue's name.

    Ends the check if the function ended instead, takes from one of the others, or binds nothing.
    """
    earlier = len(probe.wire.conversations)
    child = probe.start(function, workers=1, **arguments)

    def bound() -> list[str]:
        return [one.to for one in bindings(probe) if one.exchange == exchange and one.to not in others]

    waited = probe.wait(bound, lambda seen: bool(seen) or not child.alive or bool(_taken(probe, others, earlier)))
    if theirs := _taken(probe, others, earlier):
        raise Wrong(
            f"`{name(function)}` takes messages from `{short(theirs)}`, which another subscriber uses: who shares a "
            f"queue competes, and what one takes the other never sees. It needs one of its own, bound to `{exchange}`"
        )
    if not waited.seen:
        stays(probe, function, child)
        raise Wrong(f"the check waited {waited.within:g} s for a queue bound to `{exchange}`: {_unbound(probe)}")
    return child, waited.seen[0]


def _taken(probe: Probe, queues: Sequence[str], earlier: int) -> str | None:
    """The one of these queues that the clients take messages from that came after so many earlier ones; or None."""
    for conversation in probe.wire.conversations[earlier:]:
        for one in list(conversation.said):
            if isinstance(one.method, (spec.Basic.Get, spec.Basic.Consume)) and one.method.queue in queues:
                return str(one.method.queue)
    return None


def stays(probe: Probe, function: Learners, child: Child) -> None:
    """The function runs still; ends the check if it has returned or raised."""
    if not child.alive:
        probe.returned(function, child)
        raise Wrong(
            f"`{name(function)}` went home while `worker.stopping` was False: it stays until then, whether something "
            "comes or not"
        )


def untouched(probe: Probe, function: Learners, queue: str, bodies: Sequence[str]) -> None:
    """Another subscriber's queue holds all that was published to the exchange."""
    if (seen := probe.wait_ready(queue, len(bodies)).seen) != len(bodies):
        raise Wrong(
            f"`{queue}` is another subscriber's, and should hold {len(bodies)} messages; after `{name(function)}` it "
            f"holds {seen or 0}{why_missed(probe, queue, reads=True)}"
        )


def nothing_left(probe: Probe, function: Learners, others: Sequence[str]) -> None:
    """No queue but those, now that the subscribers are gone; an exclusive one goes a moment after its connection."""
    left = probe.wait(
        lambda: [row for row in probe.management.queues(probe.vhost) if row["name"] not in others],
        lambda rows: not rows or any(_stays_for_good(row) for row in rows),
    ).seen
    if left:
        raise Wrong(
            f"the subscribers are gone, some stopped and one killed, and left {len(left)} of their queues behind, "
            f"where nobody reads and every message is copied to. Killed, `{name(function)}` can clean up nothing, so "
            "its queue must go by itself"
        )


def _stays_for_good(row: Mapping[str, Any]) -> bool:
    return not (row.get("exclusive") or row.get("auto_delete") or "x-expires" in row.get("arguments", {}))


def stays_subscribed(probe: Probe, function: Learners, exchange: str, queue: str) -> None:
    """The durable queue and its binding are there although the program is not."""
    rows = [row["name"] for row in probe.management.queues(probe.vhost) if not row.get("exclusive")]
    if queue not in rows:
        gone = f"`{name(function)}` was stopped, and there was no queue `{queue}` to collect what comes meanwhile"
        raise Wrong(f"{gone}: {_why_gone(probe, queue)}")
    keeps_all(probe, function, queue)
    (there,) = arrived(probe, [Trial(exchange, "", (queue,))])
    if queue not in there:
        why = forgets(probe, queue) or routes.bound(probe, exchange, queue)
        raise Wrong(f"`{name(function)}` was stopped, and `{queue}` collects nothing any more: {why}")


def keeps_all(probe: Probe, function: Learners, queue: str) -> None:
    """The queue is there when the function has ended, durable, for everyone, and drops nothing by itself."""
    shared_durable_queue(probe, function, queue)
    if why := forgets(probe, queue):
        raise Wrong(f"nothing may be lost, and `{queue}` loses something in the end: {why}")


def holds_all(probe: Probe, queue: str, bodies: Sequence[str]) -> None:
    """The queue, which is bound, holds all that the function published, from the first on and in order."""
    if late := _bound_too_late(probe, queue):
        raise Wrong(
            f"`{queue}` misses {late} of {len(bodies)} messages: they were published before it was bound, and an "
            "exchange keeps nothing"
        )
    if (probe.wait_ready(queue, len(bodies)).seen or 0) < len(bodies):
        missed = f"`{queue}` does not hold all of the {len(bodies)} messages"
        raise Wrong(missed + why_missed(probe, queue, reads=True))
    queue_holds(probe, queue, bodies)


def _bound_too_late(probe: Probe, queue: str) -> int:
    """How many messages had been published before the queue was bound."""
    bound = [one.at for one in probe.wire.noted(spec.Queue.Bind) if one.method.queue in (queue, "")]
    sent = [one.at for one in probe.wire.noted(spec.Basic.Publish)]
    return sum(at < min(bound) for at in sent) if bound else 0


def _why_gone(probe: Probe, queue: str) -> str:
    """Why a subscriber that has left leaves no such queue behind."""
    if reason := refused(probe.wire):
        return reason
    declared = [one for one in probe.wire.said(spec.Queue.Declare) if not one.passive]
    if probe.wire.said(spec.Queue.Delete):
        return "it deletes its queue when it leaves"
    if any(one.exclusive for one in declared):
        return "its queue was exclusive, and went with its connection"
    if any(one.auto_delete for one in declared):
        return "its queue was `auto_delete`, and went with its last consumer"
    if why := forgets(probe, queue):
        return why
    names = {one.queue for one in declared} - {queue}
    return f"it declared {listed(names)}" if names else "there is none at all"


def why_missed(probe: Probe, queue: str, *, reads: bool = False) -> str:
    """Why a queue that was bound lacks what was published; empty where nothing explains it.

    With `reads` also because the function took it. An exchange that was deleted may be there again.
    """
    for method, what in ENDS_IT:
        if any(getattr(one, "queue", queue) == queue for one in probe.wire.said(method)):
            return f": {what}"
    reason = (took_out(probe, queue) if reads else None) or forgets(probe, queue)
    return f": {reason}" if reason else ""


def _unbound(probe: Probe) -> str:
    if reason := refused(probe.wire):
        return reason
    if binds := probe.wire.said(spec.Queue.Bind):
        return f"it bound to `{short(binds[0].exchange) or EMPTY}`"
    if probe.wire.said(spec.Queue.Declare):
        return "it declared a queue and never bound it, so nothing leads there"
    return "it declared none" if probe.wire.conversations else "it never connected to `worker.url`"
