"""Lab 08, Publisher confirms: thousands on the way at once, a full queue that says no, a connection that breaks."""

from __future__ import annotations

import contextlib
import time
from collections import Counter

from pika import exceptions, spec

from warren.checks.arrivals import took_out, why_missing
from warren.checks.confirms import confirm_half, sent
from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.publishing import (
    answers,
    as_given,
    asked_for_confirms,
    at_most,
    confirmed_once,
    ends,
    no_storm,
    published,
    sent_again,
    still,
    to_the_queue,
    until_refused,
    waits_for_answers,
)
from warren.checks.result import Result, Wrong, done, wrong
from warren.workers import Child

QUEUE = "payments"
QUORUM = {"x-queue-type": "quorum"}
MANY, LEAST, MOST = 5000, 20, 500  # exercise 1: payments in all, and on the way at once at least and at most
ROOM = 20  # exercise 2: messages that the queue takes, one more or less
FULL = 0.4  # seconds that it stays full, at least
AGAIN, GONE = 3, 2.0  # refusals until somebody empties it, at least; or seconds in which nobody tries any more
STORM = 40  # tries in that time are one each 10 ms
FEW, CAREFUL = 100, 20  # exercise 3: payments in all, and on the way at once at most
BREAKS = 4  # so often the connection breaks: one more than whoever tries three times gets over
TIMES = ("", "", " for the second time", " for the third time", " for the fourth time")


def payments(count: int) -> list[str]:
    return [f"payment {number}" for number in range(1, count + 1)]


@exercise(
    1,
    "Five thousand, all confirmed",
    "Whoever waits for each confirm is slow. How do you publish the next payment while the last is on its way, and how "
    "do you know that all are confirmed in the end?",
    "With aio-pika `exchange.publish` is a coroutine that ends with the confirm: run many at once, and limit how many, "
    "in batches or by an `asyncio.Semaphore`. With pika it takes a `SelectConnection`, as in the lesson.",
    "`async def book_all(url, payments)`: connect, then for each slice of 100 payments `await asyncio.gather(*("
    'channel.default_exchange.publish(aio_pika.Message(payment.encode()), "payments") for payment in batch))`.',
)
def window(probe: Probe, book_all: Learners) -> Result:
    """The broker falls silent at the first payment and at the last: who goes on, how far, and who waits for the end?"""
    asked = payments(MANY)
    probe.declare(QUEUE, arguments=QUORUM)
    probe.wire.hold()
    child = probe.start(book_all, payments=asked)
    _many_on_the_way(probe, book_all, child)
    probe.wire.hold(MANY - published(probe))
    probe.wait(lambda: published(probe), lambda count: count >= MANY or not child.alive)
    still(probe, child, MANY)
    waits_for_answers(probe, book_all, child)
    probe.wire.release()
    ends(probe, book_all, child)
    at_most(probe, book_all, MOST)
    _all_confirmed(probe, book_all, asked)
    return done(
        f"{MANY} payments were published, and all were confirmed before the function returned. While the broker was "
        f"silent, it had between {LEAST} and {MOST} on the way"
    )


def _many_on_the_way(probe: Probe, function: Learners, child: Child) -> None:
    """The broker says nothing: more than a few payments are on the way, and not all."""
    probe.wait(lambda: published(probe), lambda count: count >= LEAST or not child.alive)
    still(probe, child, MOST)
    waits_for_answers(probe, function, child)
    as_given(sent(probe.wire), payments(MANY))
    to_the_queue(probe, function, QUEUE, payments(MANY))
    at_most(probe, function, MOST)
    if (way := published(probe)) < LEAST:
        goes = "one by one" if way == 1 else f"{way} at a time"
        raise Wrong(
            f"`{name(function)}` publishes {goes}: until the broker had answered, no other payment was sent. Have at "
            f"least {LEAST} on the way"
        )


def _all_confirmed(probe: Probe, function: Learners, asked: list[str]) -> None:
    """Each payment was published once, confirmed, and is in the queue."""
    found = sent(probe.wire)
    counts = Counter(one.text for one in found)
    as_given(found, asked)
    if unsettled := sum(one.answer != "ack" for one in found):
        raise Wrong(f"`{name(function)}` returned with {unsettled} of {len(found)} payments not confirmed")
    if twice := [text for text, times in counts.items() if times > 1]:
        raise Wrong(f"{len(twice)} payments were published more than once, the first of them `{twice[0]}`")
    if len(counts) < len(asked):
        raise Wrong(f"`{name(function)}` published {len(counts)} of {len(asked)} payments")
    ready = probe.wait_ready(QUEUE, len(asked))
    if not ready.met:
        reason = why_missing(probe, QUEUE, asked, 0)
        raise Wrong(f"all were confirmed, and {ready.seen} of {len(asked)} are in `{QUEUE}`: {reason}")


@exercise(
    2,
    "Refused: again",
    "What does a publish with confirms do when the broker says no? And which payments have to be sent again then: all, "
    "or those?",
    "`basic_publish` raises `pika.exceptions.NackError` (aio-pika: `aio_pika.exceptions.DeliveryError`) for a payment "
    "that the broker did not take. Try that one again after a moment, until it does not raise.",
    "For each payment: `while True:` · `try: channel.basic_publish(…)` · `except pika.exceptions.NackError: "
    "connection.sleep(0.1)` · `else: break`.",
)
def again_when_refused(probe: Probe, book_patiently: Learners) -> Result:
    """A bounded queue is full for a while, again and again; a bookkeeper empties it each time when it has refused.

    The first payment is late: another till fills the queue before it comes, though whoever looked first found room.
    """
    asked = payments(3 * ROOM)
    probe.declare(QUEUE, arguments=QUORUM | {"x-max-length": ROOM, "x-overflow": "reject-publish"})
    probe.wire.hold(late=True)
    child = probe.start(book_patiently, payments=asked)
    probe.wait(lambda: published(probe), lambda count: count >= 1 or not child.alive)
    _filled(probe)
    probe.wire.release()
    began = time.monotonic()
    child.wait(FULL)
    asked_for_confirms(probe, book_patiently)
    to_the_queue(probe, book_patiently, QUEUE, asked)
    no_storm(probe, book_patiently, began, FULL, STORM)
    until_refused(probe, child, AGAIN, GONE)
    taken = _emptied_each_time(probe, child)
    probe.returned(book_patiently, child, within=probe.at_once)
    sent_again(probe, book_patiently, asked)
    taken += probe.take(QUEUE)
    if reason := took_out(probe):
        return wrong(f"only the bookkeeper takes payments out of `{QUEUE}`, and not your function: {reason}")
    if lost := [text for text in asked if text not in taken]:
        reason = why_missing(probe, QUEUE, asked, 0)
        return wrong(f"all were confirmed, and the bookkeeper never saw {len(lost)} of {len(asked)}: {reason}")
    return done(
        "the queue was full again and again. What it refused was sent again, what it had taken was not: "
        f"{len(asked)} of {len(asked)} payments arrived, each once"
    )


def _filled(probe: Probe) -> None:
    """Another till fills the queue until it refuses; ends the check if it never does."""
    with contextlib.suppress(exceptions.NackError), probe.channel() as channel:
        channel.confirm_delivery()
        for _ in range(MOST):
            channel.basic_publish("", QUEUE, b"a payment of another till")
        raise Wrong(took_out(probe) or f"`{QUEUE}` is not full with {MOST} payments: somebody changed it")


def _emptied_each_time(probe: Probe, child: Child) -> list[str]:
    """Take one queueful each time it has refused, or in silence. More, and who is as fast as we is never refused."""
    taken: list[str] = []
    moved = time.monotonic()
    while child.alive and time.monotonic() < moved + probe.patience:
        confirmed_once(probe)
        came = probe.take(QUEUE, ROOM)
        taken += came
        moved = time.monotonic() if came else moved
        until_refused(probe, child, answers(probe, spec.Basic.Nack) + 1, FULL)
    return taken


@exercise(
    3,
    "Unknown: again",
    "When a connection breaks, which payments does the broker have for sure, and of which can nobody know? Keep a list "
    "of the second kind where the break does not reach it.",
    "Go through the payments one by one, with confirms. The one whose publish raised an AMQP error is unknown: connect "
    "again, send it again, and go on from there.",
    "Keep `waiting = list(payments)`. `while waiting:` connect, `confirm_delivery()`, and `while waiting: "
    'channel.basic_publish("", "payments", waiting[0]); waiting.pop(0)`, all of it in `try: … except '
    "pika.exceptions.AMQPError: pass`.",
)
def again_when_unknown(probe: Probe, book_surely: Learners) -> Result:
    """The connection breaks again and again, and confirms are lost with it, or messages, in turn.

    The first time a part of what was on the way is confirmed; then the next payments are in trouble each time anew.
    """
    asked = payments(FEW)
    probe.declare(QUEUE, arguments=QUORUM)
    at = probe.wire.hold(2 * CAREFUL)
    child = probe.start(book_surely, payments=asked)
    for breaks in range(BREAKS):
        _falls_silent(probe, book_surely, child, at, breaks)
        probe.wire.cut()
        if breaks < BREAKS - 1:
            at = probe.wire.hold(lose=breaks % 2 == 0)
    probe.wait(lambda: (published(probe), answers(probe)), lambda _: not child.alive)
    _survived(book_surely, child, BREAKS)
    ends(probe, book_surely, child)
    sent_again(probe, book_surely, asked)
    ready = probe.wait(lambda: {message.body for message in probe.messages(QUEUE)}, lambda seen: set(asked) <= seen)
    if not ready.met:
        return wrong(f"{len(set(asked) - ready.seen)} of {FEW} payments are not in `{QUEUE}`")
    return done(
        f"the connection broke {BREAKS} times. What was confirmed was sent once, and what was unknown was sent again: "
        f"{FEW} of {FEW} payments are in the queue"
    )


def _falls_silent(probe: Probe, function: Learners, child: Child, at: int, breaks: int) -> None:
    """So much is published, and the function waits for the broker, which has fallen silent; so often it broke."""
    reached = probe.wait(lambda: published(probe), lambda count: count >= at or not child.alive)
    if not breaks:
        confirm_half(probe.wire)  # at once, before anybody's deadline
    still(probe, child, at + FEW)
    to_the_queue(probe, function, QUEUE, payments(FEW))
    _survived(function, child, breaks)
    confirmed = {one.text for one in sent(probe.wire) if one.answer == "ack"}
    if breaks and not child.alive and len(confirmed) < FEW:
        raise Wrong(
            f"`{name(function)}` returned after its connection had broken, with {FEW - len(confirmed)} of {FEW} "
            "payments not confirmed: connect again, and go on, as often as it takes"
        )
    waits_for_answers(probe, function, child, may_leave=True)
    at_most(probe, function, CAREFUL)
    if child.alive and reached.seen < at:
        since = ", after its connection broke" if breaks else ""
        raise Wrong(
            f"`{name(function)}` published nothing for {reached.within:g} s{since}, with payments still to send: what "
            "is it waiting for? (A connection that broke stays broken: open another one.)"
        )


def _survived(function: Learners, child: Child, breaks: int) -> None:
    """The function has not ended with the connection that broke."""
    error = None if child.alive else child.outcome(0).error
    if error and breaks and {"AMQPError", "ConnectionError"} & set(error.kinds):
        raise Wrong(
            f"`{name(function)}` raised {error.type} when its connection broke{TIMES[breaks]}: catch it, connect "
            "again, and go on, as often as it takes"
        )
