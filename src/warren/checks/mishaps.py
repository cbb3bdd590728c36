"""What can happen to the one who writes payments into the books: two at once, an error, a kill in the middle."""

from __future__ import annotations

from pika import spec

from warren.checks.books import Books
from warren.checks.confirms import NEVER
from warren.checks.deliveries import comes_again, deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.lost_acks import acks_get_lost
from warren.checks.pause import still_works
from warren.checks.payments import acked, pay, settled_by
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.workers import Child

STUCK = 0.15  # seconds with one transaction open: it has run into what stops it
BOTH_LOOKED = 0.3  # seconds for two writers to look into the books; they need some milliseconds


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
    probe: Probe, function: Learners, child: Child, books: Books, number: int, *, copies: int, to: str = ""
) -> None:
    """While somebody reads the books no commit comes to its end: an ack that arrives now was sent before it.

    The payment comes so many times that one copy lies on a desk, unless that has room for one only.
    """
    before, rows = acked(probe), books.rows()
    with books.being_read():
        pay(probe, *[number] * copies, to=to)
        probe.wait(
            lambda: (acked(probe), books.written_for()),
            lambda seen: seen[0] > before or seen[1] > STUCK or not child.alive,
        )
        count, seen = acked(probe), books.seen_by_others()
    if count > before and (seen is None or seen == rows):
        raise Wrong(_early(function, number))
    settled_by(probe, function, child, books, before + copies)


def _early(function: Learners, number: int) -> str:
    return (
        f"`{name(function)}` acknowledged `payment {number}` before its transaction was committed: killed between "
        "the two it is lost. The commit comes at the end of `with db:`, so the ack stands after it, outside"
    )


def acks_only_what_is_booked(probe: Probe, function: Learners, child: Child, books: Books, number: int) -> None:
    """A payment that SQLite cannot write is not acknowledged, whatever the function does then; it is killed after."""
    before = acked(probe)
    with books.failing():
        pay(probe, number)
        probe.wait(
            lambda: acked(probe), lambda seen: seen > before or not child.alive or comes_again(probe.wire) is not None
        )
        child.kill()
        probe.wait(lambda: probe.wire.conversations[-1].gone, lambda gone: gone < NEVER)  # its last words are noted
    if acked(probe) > before:
        raise Wrong(
            f"`{name(function)}` acknowledged `payment {number}`, which SQLite could not write (OperationalError, as "
            "on a full disk): now it is lost. `finally` acks whatever happened, and so does an `except` for every "
            "error; only after a commit, or an IntegrityError, the payment is booked"
        )


def killed_before_its_ack(probe: Probe, function: Learners, books: Books) -> None:
    """Another process takes what came back, and is killed when it has sent an ack, which never arrives."""
    with acks_get_lost(probe) as line:
        child = probe.start(function, workers=1, books=books.path)
        probe.wait(lambda: len(line.said(spec.Basic.Ack)), lambda acks: acks > 0 or not child.alive)
        still_works(probe, function, child)
        child.kill()


def two_at_once(
    probe: Probe, function: Learners, child: Child, books: Books, numbers: tuple[int, int], count: int
) -> None:
    """Two messages in two hands, both before either can write; then `count` deliveries are acknowledged in all."""
    before, settled = len(deliveries(probe.wire)), acked(probe)
    with books.locked():
        pay(probe, *numbers, to="Ada")
        probe.wait(lambda: len(deliveries(probe.wire)) - before, lambda seen: seen == 2 or not child.alive)
        child.wait(BOTH_LOOKED)
        early = acked(probe) > settled
    if early:
        raise Wrong(_early(function, numbers[0]))
    settled_by(probe, function, child, books, count)
