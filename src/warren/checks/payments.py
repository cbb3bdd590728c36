"""Payments on their way into the books: sent, taken, settled, and what the books must say then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pika
from pika import spec

from warren.checks.books import Books
from warren.checks.deliveries import comes_again, deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.scenarios import published_nothing, taken_by_hand, undecoded
from warren.workers import Child

PAID = {1: 20, 2: 20, 3: 35, 4: 50, 5: 15}  # euros by the number of the payment; the first two are not the same payment
STUCK = 0.15  # seconds with one transaction open: it has run into what stops it
LEFT_OPEN = 0.6  # seconds with one open and nothing to do; a commit that waits for a slow disk takes less
BOTH_LOOKED = 0.3  # seconds for two writers to look into the books; they need some milliseconds


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
    probe.wait(lambda: acked(probe), lambda seen: seen >= count or not child.alive or _hopeless(probe))
    taken_by_hand(probe, function)
    _raised_by_the_books(function, child)
    if again := comes_again(probe.wire):
        raise Wrong(
            f"`{name(function)}` gives `{short(again)}` back, and gets it again at once, over and over: what is booked "
            "already is done, so acknowledge it"
        )
    still_works(probe, function, child)
    probe.wait(books.written_for, lambda seen: seen == 0 or seen > LEFT_OPEN)
    if acked(probe) < count:
        raise Wrong(_not_settled(probe, function, count))
    if books.being_written():
        raise Wrong(_left_open(function, books))


def _hopeless(probe: Probe) -> bool:
    """True if it need not be waited for any longer: a message is thrown away, or goes back and forth."""
    away = any(not method.requeue for method in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject))
    return away or probe.auto_acks() or comes_again(probe.wire) is not None


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
    if books.seen_by_others() is None:
        return (
            f"`{name(function)}` keeps the books locked while it waits for the next message, and nobody else can even "
            "read them: leave out `PRAGMA locking_mode = EXCLUSIVE`, a transaction needs no more than its own lock"
        )
    if not books.changed:
        return (
            f"`{name(function)}` acknowledged all messages, and nothing of what it wrote is committed: with its "
            "process it is gone. `with db:` commits at its end"
        )
    return (
        f"`{name(function)}` has a transaction open while it waits for the next message, and nobody else can write "
        "into the books: after an IntegrityError roll back, as `with db:` does"
    )


def killed_in_the_middle(
    probe: Probe, function: Learners, child: Child, books: Books, number: int, to: str = ""
) -> str:
    """Kill who is stopped between mark and effect of that payment; return what the books said at that moment."""
    before, marks, rows = acked(probe), len(books.marks()), books.rows()
    pay(probe, number, to=to)
    probe.wait(
        lambda: (books.written_for() > STUCK, acked(probe)),
        lambda seen: seen[0] or not child.alive or (seen[1] > before and not child.wait(STUCK)),
    )
    still_works(probe, function, child)
    stopped, early = books.being_written(), acked(probe) > before
    child.kill()  # before the look: a writer that began with BEGIN EXCLUSIVE lets nobody read
    marked, written = len(books.marks()) > marks, books.rows() != rows
    books.go_on()
    if stopped and early:
        raise Wrong(
            f"`{name(function)}` had acknowledged `payment {number}` when it was killed in the middle of writing it: "
            "first the books, then the ack"
        )
    killed = f"`{name(function)}` was killed in the middle of writing `payment {number}`"
    if marked and not written:
        return f"{killed}: the mark was committed already, and the effect was not. Both belong into one transaction."
    if written and not marked:
        return f"{killed}: the effect was committed already, and the mark was not. Both belong into one transaction."
    return (
        f"{killed}, and again after its commit, before its ack: it came back, marked `redelivered`, which says nothing "
        "about what is done, to a process that remembers only what is in the file."
    )


def acks_after_its_commit(
    probe: Probe, function: Learners, child: Child, books: Books, number: int, to: str = ""
) -> None:
    """While somebody reads the books no commit comes to its end: an ack that arrives now was sent before it."""
    before, rows = acked(probe), books.rows()
    with books.being_read():
        pay(probe, number, to=to)
        probe.wait(
            lambda: (acked(probe), books.written_for()),
            lambda seen: seen[0] > before or seen[1] > STUCK or not child.alive,
        )
        count, seen = acked(probe), books.seen_by_others()
    if count > before and (seen is None or seen == rows):
        raise Wrong(
            f"`{name(function)}` acknowledged `payment {number}` before its transaction was committed: killed between "
            "the two it is lost. The commit comes at the end of `with db:`, so the ack stands after it, outside"
        )
    settled_by(probe, function, child, books, before + 1)


def nothing_left(probe: Probe, function: Learners, child: Child) -> None:
    """The function stopped when it was told to, published nothing, and left no message in the queue."""
    probe.stopped(function, child)
    published_nothing(probe, function)
    if left := probe.wait_ready("payments", 0).seen:
        raise Wrong(f"when `{name(function)}` had stopped, {left} messages were in the queue again: ack what is booked")


def must_have_booked(books: Books, numbers: Sequence[int], twice: str, lost: str = "") -> None:
    """Each of these payments stands in the books once, and nothing else does; the other two say why it may not."""
    rows, wanted = books.rows(), {f"payment {number}": PAID[number] for number in numbers}
    for payment, euros in rows:
        if payment not in wanted:
            raise Wrong(f"there is a booking of `{short(payment)}`, and the id of a payment is `properties.message_id`")
        if euros != wanted[payment]:
            amount = f"`{payment}` is booked with `{short(euros)}`, and should be with {wanted[payment]}"
            raise Wrong(amount + undecoded(euros))
    if others := books.other_files():
        raise Wrong(
            f"you have written `{short(others[0])}` beside the books: two files are two places, and a process can die "
            "between them. A table of your own in the same file goes into the same transaction"
        )
    times = Counter(payment for payment, _ in rows)
    for payment in wanted:
        if times[payment] > 1:
            raise Wrong(_said(f"`{payment}` is in the books {times[payment]} times.", twice, _by_which_key(books)))
        if not times[payment]:
            raise Wrong(_said(f"`{payment}` was acknowledged, and is not in the books.", lost, _by_which_key(books)))


def _said(*sentences: str) -> str:
    return " ".join(one for one in sentences if one)


def _by_which_key(books: Books) -> str:
    """What the marks look like, where they are not the ids of payments."""
    marks = {str(mark) for mark in books.marks()}
    if not marks or any("payment" in mark for mark in marks):
        return ""
    some = ", ".join(f"`{short(mark)}`" for mark in sorted(marks)[:3])
    return (
        f"Your table holds {some}: a delivery tag begins at 1 again on each channel, an amount or a customer "
        "comes more than once. The publisher gave an id, `properties.message_id`"
    )


def two_at_once(
    probe: Probe, function: Learners, child: Child, books: Books, numbers: tuple[int, int], count: int
) -> None:
    """Two messages in two hands, both before either can write; then `count` deliveries are acknowledged in all."""
    before = len(deliveries(probe.wire))
    with books.locked():
        pay(probe, *numbers, to="Ada")
        probe.wait(lambda: len(deliveries(probe.wire)) - before, lambda seen: seen == 2 or not child.alive)
        child.wait(BOTH_LOOKED)
    settled_by(probe, function, child, books, count)


def must_be_credited(books: Books, wanted: Mapping[str, int], too_much: str, too_little: str) -> None:
    """The accounts say so; the other two say why one may say something else."""
    found = dict(books.rows())
    for customer, euros in wanted.items():
        if found.get(customer) != euros:
            says = found.get(customer)
            why = too_much if isinstance(says, int) and says > euros else too_little
            raise Wrong(f"{customer} should have {euros} euros and has {short(says)}: {_by_which_key(books) or why}")
