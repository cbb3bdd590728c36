"""Lab 09, Acks, redelivery, idempotency: one booking for each payment, by two at once, and entries in order."""

from __future__ import annotations

import contextlib

from warren.checks.bookings import must_be_credited, must_have_booked
from warren.checks.books import Books
from warren.checks.exercise import Learners, exercise
from warren.checks.mishaps import (
    acks_after_its_commit,
    acks_only_what_is_booked,
    killed_before_its_ack,
    killed_in_the_middle,
    two_at_once,
)
from warren.checks.pause import still_works
from warren.checks.payments import PAID, acked, nothing_left, pay, sees_what_it_acks, settled_by
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done
from warren.checks.scenarios import acked_when_done, skipped_none
from warren.checks.standby import in_the_middle, right_queue, subscribed, written_in_order

QUORUM = {"x-queue-type": "quorum"}
IDLE = 0.3  # seconds with an empty queue; who goes home then, and looks every 0.1 s, has gone
ENTRIES = [f"entry {number}" for number in range(1, 7)]
FIRST, HELD = "entry 1", "entry 3"
TWICE = "The till sent it twice, in two messages: for the broker both are new, `redelivered` is False for both."
LATER = "The till sent it again much later, to another process: what is done must be remembered in the file."


@exercise(
    1,
    "One booking for each payment",
    "Your process may die between any two lines, and a payment may come again at any time. Where must be written down "
    "that a payment is booked, and when, so that neither can be there without the other?",
    "A table of your own in the same file, with the payment's id as its primary key. Mark and booking in one "
    "transaction (`with db:`), the ack after it. When the id is there already, only ack.",
    "`try:` `with db:` INSERT into your table, INSERT into `bookings` · `except sqlite3.IntegrityError: pass` · then "
    "`channel.basic_ack(method.delivery_tag)` in both cases. The id is `properties.message_id`.",
)
def once(probe: Probe, book_payments: Learners) -> Result:
    """Doubles; an error; a kill between mark and booking; one between commit and ack; a double after all that."""
    with contextlib.closing(Books("bookings", "payment TEXT, euros INTEGER")) as books:
        probe.declare("payments", arguments=QUORUM)
        pay(probe, 1, 2, 3, 3)
        child = probe.start(book_payments, workers=1, books=books.path)
        settled_by(probe, book_payments, child, books, 4)
        must_have_booked(books, (1, 2, 3), TWICE)
        acks_after_its_commit(probe, book_payments, child, books, 5, copies=2)
        acks_only_what_is_booked(probe, book_payments, child, books, 6)
        child = probe.start(book_payments, workers=1, books=books.path)
        settled_by(probe, book_payments, child, books, 7)
        books.stop_in_between(
            "NEW.payment = 'payment 4'", "EXISTS (SELECT * FROM bookings WHERE payment = 'payment 4')"
        )
        why = killed_in_the_middle(probe, book_payments, child, books, 4)
        if acked(probe) == 7:
            killed_before_its_ack(probe, book_payments, books)
        must_have_booked(books, list(PAID), why, why)
        child = probe.start(book_payments, workers=1, books=books.path)
        settled_by(probe, book_payments, child, books, 8)
        must_have_booked(books, list(PAID), why, why)
        child.wait(IDLE)
        pay(probe, 2)
        settled_by(probe, book_payments, child, books, 9)
        must_have_booked(books, list(PAID), LATER)
        nothing_left(probe, book_payments, child)
    return done(
        "6 payments came in 9 messages; SQLite raised once; killed once in the middle of a booking and once before an "
        "ack: each is in the books once, lost 0, done twice 0"
    )


@exercise(
    2,
    "Two bookkeepers, one account",
    "Two bookkeepers get the same payment at the same moment, and both look whether it was credited. What do both see?",
    "Don't look first: write. Of two `INSERT`s of one primary key the second fails, whoever is faster. And let SQLite "
    "add: `SET euros = euros + ?`.",
    "In one `with db:` first `INSERT` the id into your table, then `UPDATE accounts SET euros = euros + ? WHERE "
    "customer = ?`; `except sqlite3.IntegrityError: pass`; then the ack.",
)
def together(probe: Probe, credit_accounts: Learners) -> Result:
    """The same payment in two hands at once; then two payments for one customer; then a kill in the middle."""
    with contextlib.closing(Books("accounts", "customer TEXT PRIMARY KEY, euros INTEGER")) as books:
        books.write("INSERT INTO accounts VALUES ('Ada', 0), ('Bob', 0)")
        probe.declare("payments", arguments=QUORUM)
        child = probe.start(credit_accounts, workers=2, books=books.path)
        subscribed(probe, credit_accounts, child, 2, books)
        two_at_once(probe, credit_accounts, child, books, (1, 1), 2)
        twice = BOTH_LOOKED if books.marks() else NOBODY_MARKED
        must_be_credited(books, {"Ada": 20, "Bob": 0}, twice, "`payment 1` was acknowledged, and not credited")
        two_at_once(probe, credit_accounts, child, books, (3, 5), 4)
        must_be_credited(books, {"Ada": 70, "Bob": 0}, BOTH_LOOKED, BOTH_ADDED)
        acks_after_its_commit(probe, credit_accounts, child, books, 2, copies=3, to="Ada")
        must_be_credited(books, {"Ada": 90, "Bob": 0}, BOTH_LOOKED, BOTH_ADDED)
        books.stop_in_between(
            "NEW.customer = 'Bob'", "EXISTS (SELECT * FROM accounts WHERE customer = 'Bob' AND euros)"
        )
        why = killed_in_the_middle(probe, credit_accounts, child, books, 4, to="Bob")
        pay(probe, 1, to="Ada")
        child = probe.start(credit_accounts, workers=1, books=books.path)
        settled_by(probe, credit_accounts, child, books, 9)
        must_be_credited(books, {"Bob": 50}, why, why)
        must_be_credited(books, {"Ada": 90}, f"that is `payment 1` once more. {LATER}", LATER)
        nothing_left(probe, credit_accounts, child)
    return done(
        "the same payment in two hands at once: credited once; two payments at once: both credited; killed in the "
        "middle of a credit: lost 0, done twice 0"
    )


BOTH_LOOKED = (
    "two bookkeepers had `payment 1` at the same moment; both looked, neither found it, both credited it. Let a "
    "primary key decide who is first"
)
NOBODY_MARKED = (
    "two bookkeepers had `payment 1` at the same moment, both credited it, and no table of yours says that it was done"
)
BOTH_ADDED = (
    "two payments at the same moment, and one is gone: both read the same balance, added to it in Python and wrote it "
    "back. Let SQLite add: `SET euros = euros + ?`"
)


@exercise(
    3,
    "In order, with a standby",
    "Two workers subscribe to one queue, and only one may get entries. Who can see to that, if not the broker?",
    "It is an argument of the queue, given when it is declared, beside its type: `x-single-active-consumer`.",
    '`channel.queue_declare("account", durable=True, arguments={"x-queue-type": "quorum", "x-single-active-consumer": '
    "True})` in each worker; then the loop you know, with the ack after `write`.",
)
def in_order(probe: Probe, write_entries: Learners) -> Result:
    """Two processes subscribe; one is killed in the middle of entry 3. Entry 1 lasts until all are on their way."""
    work = probe.ledger.work("write", holds=(FIRST, HELD))
    children = []
    for count in (1, 2):
        children.append(probe.start(write_entries, workers=1, write=work))
        subscribed(probe, write_entries, children[-1], count)
    right_queue(probe)
    probe.publish("account", ENTRIES)
    probe.wait(lambda: probe.ledger.tasks("begun"), lambda seen: bool(seen) or not all(one.alive for one in children))
    probe.ledger.release(FIRST)
    first = in_the_middle(probe, write_entries, children, ENTRIES, HELD)
    first.kill()
    probe.ledger.release()
    standby = next(child for child in children if child is not first)
    probe.wait(lambda: probe.ledger.tasks("done"), lambda seen: ENTRIES[-1] in seen or not standby.alive)
    still_works(probe, write_entries, standby)
    skipped_none(probe, write_entries, "write")
    sees_what_it_acks(probe, write_entries)
    acked_when_done(probe, write_entries)
    written_in_order(probe, write_entries, ENTRIES)
    probe.stopped(write_entries, standby)
    if left := probe.wait_ready("account", 0).seen:
        raise Wrong(f"all entries were written, and {left} were in the queue again when the worker had stopped")
    return done(f"the first was killed in the middle of `{HELD}`, the standby went on from there: 6 of 6, in order")
