"""Lab 14, Flow control: a queue that says no, an overflow that is kept, a publisher that slows down, two lines."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Sequence

from pika import exceptions, spec

from warren.checks.arrivals import took_out, why_missing
from warren.checks.blocking import goes_on, stops_reading
from warren.checks.bounds import (
    all_quorum,
    all_quorum_or_strange,
    all_there,
    keeps_what_it_confirmed,
    overflow,
    published_nothing_of_its_own,
    refuses,
    stays,
    where,
)
from warren.checks.confirms import most_open, sent
from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.pacing import quickens, slows_down, tries_again_soon
from warren.checks.probe import Probe
from warren.checks.publishing import (
    answers,
    asked_for_confirms,
    confirmed_once,
    published,
    sent_again,
    to_the_queue,
    until_refused,
)
from warren.checks.reasons import survives
from warren.checks.result import Result, Wrong, done, short
from warren.checks.scenarios import each_once, same_texts, shared_durable_queue
from warren.workers import Child

QUORUM = {"x-queue-type": "quorum"}
MANY, BOUND = 30, 10  # exercise 1: orders, and room
SURPLUS = 5  # exercise 2: orders for which there is no room
ROOM, SALES = 20, 40  # exercise 3: the room, and the orders
REFUSALS, QUIET = 7, 1.5  # refusals until there is room again, at least; or seconds without a try
LONGEST = 0.3  # seconds between two tries, at most
PARCELS, AT_WORK = 12, 0.2  # exercise 4: orders, and seconds for the first: who tells of it meanwhile is too early


def orders(count: int, first: int = 1) -> list[str]:
    return [f"order {number}" for number in range(first, first + count)]


@exercise(
    1,
    "A queue that says no",
    "Two things are needed: a queue that does not take more than it has room for, and a till that hears it.",
    "`x-max-length` is the room, `x-overflow` = `reject-publish` says no to the newest; and only a channel with "
    "`confirm_delivery()` hears that no, as `pika.exceptions.NackError`.",
    'Arguments: `{"x-queue-type": "quorum", "x-max-length": 10, "x-overflow": "reject-publish"}`. For each order: '
    '`try: channel.basic_publish("", "orders", order)` · `except pika.exceptions.NackError: refused.append(order)`. '
    "In the end `return refused`.",
)
def says_no(probe: Probe, take_orders: Learners) -> Result:
    """More orders than there is room for: the queue keeps what it confirmed, the function returns what it refused."""
    asked = orders(MANY)
    returned = probe.run(take_orders, orders=asked)
    shared_durable_queue(probe, take_orders, "orders")
    asked_for_confirms(probe, take_orders)
    to_the_queue(probe, take_orders, "orders", asked)
    all_quorum(probe)
    same_texts([one.text for one in sent(probe.wire)], asked, "basic_publish")
    keeps_what_it_confirmed(probe, BOUND)
    _each_sent_once(probe, asked)
    refused = [one.text for one in sent(probe.wire) if one.answer == "nack"]
    if (list(returned) if isinstance(returned, tuple) else returned) != refused:
        raise Wrong(
            f"the queue refused {len(refused)} orders, from `{refused[0]}` on, and `{name(take_orders)}` returned "
            f"{_told(returned, asked)}: return the list of those it refused"
        )
    return done(
        f"of {MANY} orders each was sent once. What `orders` confirmed is there, what it had no room for was refused, "
        "and you returned exactly those"
    )


def _told(returned: object, asked: Sequence[str]) -> str:
    if isinstance(returned, list) and returned and set(map(str, returned)) <= set(asked):
        return f"{len(returned)}, from `{short(returned[0])}` on"
    return f"`{short(repr(returned))}`"


def _each_sent_once(probe: Probe, asked: Sequence[str]) -> None:
    counts = Counter(one.text for one in sent(probe.wire))
    for text in asked:
        if not counts[text]:
            raise Wrong(f"`{text}` was never sent: whether there is room, the queue alone can say")
        if counts[text] > 1:
            raise Wrong(f"`{text}` was sent {counts[text]} times: here each order is tried once")


@exercise(
    2,
    "The overflow is kept",
    "Which end of a full queue does `drop-head` clear, and where do messages go that a queue drops?",
    'The overflow of `drop-head` is dead-lettered, if the queue has a dead-letter exchange. The default exchange `""` '
    "can be one, with the queue's name as `x-dead-letter-routing-key`.",
    'For `orders`: `{"x-queue-type": "quorum", "x-max-length": 10, "x-dead-letter-exchange": "", '
    '"x-dead-letter-routing-key": "overflow"}`. Declare `overflow` too: a quorum queue without a bound.',
)
def overflow_is_kept(probe: Probe, open_shelves: Learners) -> Result:
    """Some orders more than there is room for."""
    probe.run(open_shelves)
    for queue in ("orders", "overflow"):
        shared_durable_queue(probe, open_shelves, queue)
    all_quorum_or_strange(probe)
    published_nothing_of_its_own(probe, open_shelves)
    asked = orders(BOUND + SURPLUS)
    if refused := refuses(probe, asked):
        raise Wrong(f"the queue refused `{refused}`, and should take every order: {overflow(probe)}")
    there = probe.wait(lambda: (probe.ready("orders"), probe.ready("overflow")), all_there(probe, len(asked))).seen
    if there != (BOUND, SURPLUS):
        raise Wrong(
            f"of {len(asked)} orders {there[0]} are in `orders` and {there[1]} in `overflow`, and should be "
            f"{BOUND} and {SURPLUS}: {where(probe, BOUND)}"
        )
    stays(probe)
    if (oldest := sorted(one.body for one in probe.messages("overflow"))) != sorted(asked[:SURPLUS]):
        raise Wrong(f"in `overflow` is `{short(oldest[0])}`, and should be the oldest: `{asked[0]}` and those after it")
    survives(probe)
    return done(
        f"every order was confirmed. The newest {BOUND} are in `orders`, the {SURPLUS} oldest moved to `overflow`, "
        "and none is lost"
    )


@exercise(
    3,
    "Slow down",
    "A refused order must be tried again. What happens to the broker if a thousand tills do that at once, and what if "
    "each waits longer with every no?",
    "Keep a pause. Refused: `connection.sleep(pause)`, then double it, up to 0.3 s. Taken: set it back, and go on to "
    "the next order without waiting.",
    "For each order: `pause = 0.02` · `while True:` · `try: channel.basic_publish(…); break` · `except "
    "pika.exceptions.NackError: connection.sleep(pause); pause = min(2 * pause, 0.3)`.",
)
def slow_down(probe: Probe, sell: Learners) -> Result:
    """The queue is full when the first order comes; there is room when it has been refused often, and once more.

    The first order is late: another till fills the queue before it comes, though whoever looked first found room.
    """
    asked = orders(SALES)
    probe.declare("orders", arguments=QUORUM | {"x-max-length": ROOM, "x-overflow": "reject-publish"})
    probe.wire.hold(late=True)
    child = probe.start(sell, orders=asked)
    probe.wait(lambda: published(probe), lambda count: count >= 1 or not child.alive)
    _filled(probe)
    probe.wire.release()
    until_refused(probe, child, REFUSALS, QUIET)
    asked_for_confirms(probe, sell)
    tries_again_soon(probe, sell, child, LONGEST)
    to_the_queue(probe, sell, "orders", asked)
    _only_packers_take(probe)
    _one_by_one(sell, most_open(sent(probe.wire)))
    slows_down(probe, sell, LONGEST)
    taken = _emptied_each_time(probe, sell, child)
    quickens(probe, sell)
    probe.returned(sell, child, within=probe.at_once)
    sent_again(probe, sell, asked)
    slows_down(probe, sell, LONGEST)
    taken += probe.take("orders")
    if lost := [text for text in asked if text not in taken]:
        raise Wrong(f"the packers never saw {len(lost)} of {SALES} orders: {why_missing(probe, 'orders', asked, 0)}")
    return done(
        "the longer the queue was full, the rarer the tries; with room again, order followed order. "
        f"{SALES} of {SALES} have arrived, each once"
    )


def _filled(probe: Probe) -> None:
    with contextlib.suppress(exceptions.NackError), probe.channel() as channel:
        channel.confirm_delivery()
        for _ in range(2 * ROOM):
            channel.basic_publish("", "orders", b"an order of another till")


def _one_by_one(function: Learners, together: int) -> None:
    if together > 1:
        raise Wrong(
            f"`{name(function)}` has {together} orders on the way at once: a full queue hears all of them, whatever "
            "each waits by itself. Publish one by one"
        )


def _only_packers_take(probe: Probe) -> None:
    if reason := took_out(probe):
        raise Wrong(f"only the packers take orders out of `orders`, and not your function: {reason}")


def _emptied_each_time(probe: Probe, function: Learners, child: Child) -> list[str]:
    """Take one queueful each time the function was refused, until it has ended or moves no more."""
    taken: list[str] = []
    moved = time.monotonic()
    while child.alive and time.monotonic() < moved + probe.patience:
        confirmed_once(probe)
        quickens(probe, function)
        before, came = published(probe), probe.take("orders", ROOM)
        taken += came
        until_refused(probe, child, answers(probe, spec.Basic.Nack) + 1, LONGEST)
        if came or published(probe) > before:
            moved = time.monotonic()
    return taken


@exercise(
    4,
    "Two lines",
    "A broker in an alarm stops reading from every connection that has published. Which of your calls go over the same "
    "connection?",
    "Take the orders and ack them on one connection, tell of the parcels on another. And do not wait for an answer "
    "there: during the alarm none comes.",
    "`with pika.BlockingConnection(parameters) as line, pika.BlockingConnection(parameters) as second:` one channel of "
    "each; consume and ack on the first, and `basic_publish` on the second, without `confirm_delivery()`.",
)
def two_lines(probe: Probe, pack_and_tell: Learners) -> Result:
    """When the first parcel is told of, the broker stops reading from who has told it; see `stops_reading`."""
    asked = orders(PARCELS)
    for queue in ("orders", "parcels"):
        probe.declare(queue, arguments=QUORUM)
    probe.publish("orders", asked)
    with stops_reading(probe) as told:
        child = probe.start(pack_and_tell, workers=1, pack=probe.ledger.work("pack", takes={asked[0]: AT_WORK}))
        goes_on(probe, pack_and_tell, child, asked, told)
    arrived = probe.wait(lambda: probe.ready("parcels"), lambda ready: ready == PARCELS)
    probe.stopped(pack_and_tell, child)
    each_once(probe, asked)
    if not arrived.met:
        reason = why_missing(probe, "parcels", asked, 0)
        raise Wrong(f"after the alarm {arrived.seen} of {PARCELS} parcels were told of in `parcels`: {reason}")
    if strange := [one.body for one in probe.messages("parcels") if one.body not in asked]:
        raise Wrong(
            f"`parcels` is told of each order by its text, such as `{asked[0]}`, and was told `{short(strange[0])}`"
        )
    return done(
        f"while the broker took no messages, {PARCELS} of {PARCELS} orders were packed and acked; when it took them "
        f"again, all {PARCELS} parcels were told of"
    )
