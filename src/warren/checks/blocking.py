"""A broker that takes no messages for a while, as one function sees it: what an alarm does, without an alarm."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from pika import spec

from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.scenarios import acked_when_done, called_rightly, same_texts
from warren.checks.wire import Conversation
from warren.workers import Child

TAKES = (spec.Basic.Consume, spec.Basic.Get)


@contextlib.contextmanager
def stops_reading(probe: Probe) -> Iterator[list[Conversation]]:
    """From the first message on that is published, nothing more is read from connections that have published.

    Who is put into the list it gives was told `connection.blocked`, and is told in the end that it is over.

    A broker in an alarm does the same with everybody, so a shared one must not be brought into one.
    """
    told: list[Conversation] = []
    probe.wire.hold(late=True)
    try:
        yield told
    finally:
        for each in told:
            probe.wire.say(each, 0, spec.Connection.Unblocked())
        probe.wire.release()


def goes_on(probe: Probe, function: Learners, child: Child, asked: Sequence[str], told: list[Conversation]) -> None:
    """Meanwhile every order is packed and acked, and the first was told of when it was packed."""

    def look() -> tuple[int, int]:
        for each in _publishing(probe):
            if each not in told:
                told.append(each)
                probe.wire.say(each, 0, spec.Connection.Blocked("low on memory"))
        same_texts(probe.ledger.tasks("begun"), asked, "pack")
        acked_when_done(probe, function)
        _one_for_both(probe, function)
        acked = {one.body for one in deliveries(probe.wire) if one.acked}  # on a connection that is read from
        return len(set(probe.ledger.tasks("done"))), len(acked)

    seen = probe.wait(look, lambda seen: seen == (len(asked), len(asked)) or not child.alive)
    still_works(probe, function, child)
    called_rightly(probe, function, "pack")
    if not seen.met:
        packed, acked = seen.seen
        raise Wrong(
            f"while the broker took no messages, {packed} of {len(asked)} orders were packed and {acked} acked: "
            f"{_why(probe, packed)}"
        )
    _told_when_packed(probe, function)


def _publishing(probe: Probe) -> list[Conversation]:
    return [each for each in probe.wire.conversations if _has(each, spec.Basic.Publish)]


def _has(conversation: Conversation, *methods: type) -> bool:
    return any(isinstance(one.method, methods) for one in list(conversation.said))


def _one_for_both(probe: Probe, function: Learners) -> None:
    """Nobody takes messages over a connection that publishes: its acks are not read either."""
    if any(_has(each, *TAKES) for each in _publishing(probe)):
        raise Wrong(
            f"`{name(function)}` takes orders and publishes on one connection: in an alarm the broker reads nothing "
            "from it, so its acks do not arrive either, and no order comes. Two connections, not two channels"
        )


def _why(probe: Probe, packed: int) -> str:
    publishing = _publishing(probe)
    if any(_has(each, spec.Confirm.Select) for each in publishing):
        return "it waits for the confirm of what it publishes, and in an alarm none comes"
    if not packed:
        return "who takes them?"
    if not publishing or (packed > 1 and not probe.wire.noted(spec.Basic.Ack)):
        return "ack each when it is packed"
    return "does it wait for an answer on the connection that publishes, such as that of `close()` or a declare?"


def _told_when_packed(probe: Probe, function: Learners) -> None:
    """Only the first telling is seen: nothing more is read, not even its text."""
    packed = [entry.at for entry in probe.ledger.entries if entry.what == "done"]
    told = [one.at for one in probe.wire.noted(spec.Basic.Publish)]
    if not told:
        raise Wrong(f"all orders were packed, and `{name(function)}` has told of none: publish when it is packed")
    if min(told) < min(packed):
        raise Wrong(f"`{name(function)}` told of a parcel before any was packed: pack first")
