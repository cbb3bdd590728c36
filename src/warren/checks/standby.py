"""One worker gets the entries of an account, another stands by: who gets what, and in which order it is written."""

from __future__ import annotations

from collections.abc import Sequence

from pika import spec

from warren.checks.books import Books
from warren.checks.confirms import NEVER
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.payments import LEFT_OPEN, acked, lets_others_in, sees_what_it_acks
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.scenarios import acked_when_done, called_rightly, each_once, same_texts, taken_by_hand
from warren.checks.wire import Conversation
from warren.workers import Child


def subscribed(probe: Probe, function: Learners, child: Child, count: int, books: Books | None = None) -> None:
    """So many workers have subscribed by now, and none of them keeps the others out of the books."""
    asked = probe.wait(
        lambda: len(probe.wire.said(spec.Basic.Consume)),
        lambda seen: seen >= count or not child.alive or (books is not None and books.shut_for() > LEFT_OPEN),
    )
    if books:
        lets_others_in(function, books)
    still_works(probe, function, child)
    taken_by_hand(probe, function)
    if not asked.met:
        raise Wrong(f"{count} workers were started, and {asked.seen} subscribed: each needs its own `channel.consume`")


def right_queue(probe: Probe) -> None:
    """`account` is a quorum queue, and nobody empties it."""
    if probe.wire.said(spec.Queue.Purge):
        raise Wrong("a worker purges `account` when it starts: that throws away the entries that wait for the standby")
    rows = {row["name"]: row for row in probe.management.queues(probe.vhost)}
    if "account" not in rows:
        raise Wrong(f"there is no queue `account`, but {', '.join(f'`{queue}`' for queue in rows) or 'none at all'}")
    if rows["account"].get("type") != "quorum":
        raise Wrong(
            f"`account` is a {rows['account'].get('type')} queue, and its entries must not be lost: declare it with "
            '`"x-queue-type": "quorum"`'
        )


def in_the_middle(
    probe: Probe, function: Learners, children: Sequence[Child], entries: Sequence[str], held: str
) -> Child:
    """The one of the two that gets the entries, when it has begun the held one; the other got none."""
    begun = probe.wait(
        lambda: probe.ledger.tasks("begun"),
        lambda seen: held in seen or len(probe.ledger.workers) > 1 or not all(child.alive for child in children),
    )
    taken_by_hand(probe, function)
    same_texts(sorted(begun.seen), entries, "write")
    _left_nobody(probe, function, children)
    _given_to_one(probe, function)
    if held not in begun.seen:
        called_rightly(probe, function, "write")
        raise Wrong(
            f"{len(entries)} entries were in the queue, and in {begun.within:g} s `{name(function)}` began "
            f"{len(begun.seen)}"
        )
    acked_when_done(probe, function)
    sees_what_it_acks(probe, function)
    if acked(probe) < entries.index(held):
        raise Wrong(
            f"when it had begun `{held}`, `{name(function)}` had acknowledged {acked(probe)} of the entries before: "
            "what is written and not acknowledged is written again after a kill"
        )
    active = {entry.by.split(":")[0] for entry in probe.ledger.entries}
    return next(child for child in children if str(child.pid) in active)


def _left_nobody(probe: Probe, function: Learners, children: Sequence[Child]) -> None:
    """Nobody who was given entries has taken leave: the next one gets entries then, and not at the same time."""
    leaves = (spec.Basic.Cancel, spec.Channel.Close, spec.Connection.Close)
    for each in probe.wire.conversations:
        gone = each.gone < NEVER or any(isinstance(one.method, leaves) for one in list(each.said))
        if gone and _was_given(each):
            probe.wait(lambda: all(child.alive for child in children), lambda all_there: not all_there)
    for child in children:
        still_works(probe, function, child)


def _given_to_one(probe: Probe, function: Learners) -> None:
    if sum(_was_given(each) for each in probe.wire.conversations) < 2:
        return
    if any(method.exclusive for method in probe.wire.said(spec.Basic.Consume)):
        raise Wrong(
            f"both workers were given entries, though `{name(function)}` subscribes with `exclusive=True`: that means "
            "nothing to a quorum queue (seen with RabbitMQ 4.3.6). The queue itself must be declared so"
        )
    raise Wrong(
        "both workers were given entries at the same time, so nobody knows which is written first: the queue needs "
        "`x-single-active-consumer`, as an argument of `queue_declare`"
    )


def _was_given(conversation: Conversation) -> bool:
    return any(isinstance(one.method, (spec.Basic.Deliver, spec.Basic.GetOk)) for one in list(conversation.heard))


def written_in_order(probe: Probe, function: Learners, entries: Sequence[str]) -> None:
    """Each entry was written once, in order."""
    each_once(probe, entries)
    for entry, written in zip(entries, probe.ledger.tasks("done"), strict=True):
        if entry != written:
            raise Wrong(f"`{name(function)}` wrote `{written}` before `{entry}`")
