"""Payments on their way into the books: sent, taken, and settled, and why one is not."""

from __future__ import annotations

import pika
from pika import spec

from warren.checks.books import Books
from warren.checks.deliveries import acked_blindly, comes_again, deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.scenarios import published_nothing, taken_by_hand
from warren.workers import Child

PAID = {1: 20, 2: 20, 3: 35, 4: 50, 5: 15, 6: 45}  # euros by the number of the payment; two cost the same
LEFT_OPEN = 0.6  # seconds with one open and nothing to do; a commit that waits for a slow disk takes less


def pay(probe: Probe, *numbers: int, to: str = "") -> None:
    """Send these payments to the queue `payments`: the id as `message_id`, the body says (to whom and) how much."""
    with probe.channel() as channel:
        channel.confirm_delivery()
        for number in numbers:
            properties = pika.BasicProperties(message_id=f"payment {number}", delivery_mode=2)
            channel.basic_publish("", "payments", f"{to} {PAID[number]}".strip().encode(), properties, mandatory=True)


def acked(probe: Probe) -> int:
    """How many deliveries were acknowledged."""
    return sum(one.acked for one in deliveries(probe.wire))


def settled_by(probe: Probe, function: Learners, child: Child, books: Books, count: int) -> None:
    """That many deliveries were acknowledged so far, and the books are open to others again."""
    probe.wait(lambda: acked(probe), lambda seen: seen >= count or not child.alive or _hopeless(probe, books))
    taken_by_hand(probe, function)
    lets_others_in(function, books)
    _raised_by_the_books(function, child)
    if again := comes_again(probe.wire):
        raise Wrong(
            f"`{name(function)}` gives `{short(again)}` back, and gets it again at once, over and over: what is booked "
            "already is done, so acknowledge it"
        )
    still_works(probe, function, child)
    sees_what_it_acks(probe, function)
    probe.wait(lambda: max(books.written_for(), books.shut_for()), lambda seen: seen == 0 or seen > LEFT_OPEN)
    lets_others_in(function, books)
    if acked(probe) < count:
        raise Wrong(_not_settled(probe, function, count))
    if books.being_written():
        raise Wrong(_left_open(function, books))


def sees_what_it_acks(probe: Probe, function: Learners) -> None:
    """No acknowledgement was for more than the function can have worked on."""
    if acked_blindly(probe.wire):
        raise Wrong(
            f"`{name(function)}` acknowledges with `multiple=True` and delivery tag 0: that is everything that was "
            "sent to this channel, also what your loop has not seen yet. Use `method.delivery_tag`"
        )


def lets_others_in(function: Learners, books: Books) -> None:
    """The books are not shut; a commit shuts them for a moment."""
    if books.shut_for() > LEFT_OPEN:
        raise Wrong(
            f"`{name(function)}` keeps the books locked while it waits for the next message, and nobody else can even "
            "read them: leave out `PRAGMA locking_mode = EXCLUSIVE`, a transaction needs no more than its own lock"
        )


def _hopeless(probe: Probe, books: Books) -> bool:
    """True if it need not be waited for any longer: a message is thrown away, or goes back and forth."""
    away = any(not method.requeue for method in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject))
    endless = comes_again(probe.wire) is not None or books.shut_for() > LEFT_OPEN
    return away or endless or probe.auto_acks()


def _raised_by_the_books(function: Learners, child: Child) -> None:
    """For errors of SQLite that say what is missing; others are told as everywhere."""
    error = child.failure
    if error and error.type == "IntegrityError":
        raise Wrong(
            f"`{name(function)}` raised IntegrityError for a payment that came again, and the process ended: this "
            "error says that it is booked already. Catch it, and acknowledge the message"
        )
    if error and error.type == "OperationalError" and "locked" in error.message:
        raise Wrong(
            f"`{name(function)}` raised OperationalError, database is locked. Who wants to write waits for another "
            "writer as long as `timeout` says, and not at all in a transaction that began with a look: begin it with "
            "the write, or with BEGIN IMMEDIATE"
        )


def _not_settled(probe: Probe, function: Learners, count: int) -> str:
    given, done = deliveries(probe.wire), acked(probe)
    if not given:
        return f"`{name(function)}` took nothing from `payments`"
    if not done:
        return f"`{name(function)}` acknowledged none of {len(given)} messages: what it has booked will come again"
    if len(given) < count:
        return (
            f"`{name(function)}` took {len(given)} of {count} messages, and waits: is a prefetch full of unacked ones?"
        )
    return (
        f"`{name(function)}` acknowledged {done} of {count} messages: those of payments that are booked already must "
        "be acknowledged too, or they come again for ever"
    )


def _left_open(function: Learners, books: Books) -> str:
    if not books.changed:
        return (
            f"`{name(function)}` acknowledged all messages, and nothing of what it wrote is committed: with its "
            "process it is gone. `with db:` commits at its end"
        )
    return (
        f"`{name(function)}` has a transaction open while it waits for the next message, and nobody else can write "
        "into the books: after an IntegrityError roll back, as `with db:` does"
    )


def nothing_left(probe: Probe, function: Learners, child: Child) -> None:
    """The function stopped when it was told to, published nothing, and left no message in the queue."""
    probe.stopped(function, child)
    published_nothing(probe, function)
    if left := probe.wait_ready("payments", 0).seen:
        raise Wrong(f"when `{name(function)}` had stopped, {left} messages were in the queue again: ack what is booked")
