"""Lab 11, Dead letters: sorted by reason, sent back to work by their own way, parked when they have come too often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from warren.checks.dead_letters import dead_letters_of, give_back, letters, reject, send
from warren.checks.exercise import Learners, exercise
from warren.checks.probe import Probe
from warren.checks.reasons import REASONS, RETURNS, ROOM, lies, stays, survives
from warren.checks.replaying import (
    Home,
    acked_when_confirmed,
    envelope,
    one_copy_each,
    replayed,
    still_in_office,
    unaltered,
    until_published,
    went_home,
    why_again,
    why_lost,
)
from warren.checks.result import Result, Wrong, done
from warren.checks.scenarios import shared_durable_queue

QUORUM = {"x-queue-type": "quorum"}
TO_DEAD = {"x-dead-letter-exchange": "dead", "x-dead-letter-routing-key": "dead"}


@exercise(
    1,
    "Sorted by reason",
    "The reason stands on the envelope, as a header. Which type of exchange looks at headers, and may it be a "
    "dead-letter exchange?",
    "A headers exchange, with one binding for each queue: `x-first-death-reason` is to be `rejected`, `expired`, "
    "`maxlen`, `delivery_limit`. A header that begins with `x-` counts only with the match of lesson 05 that says so.",
    '`channel.queue_bind("late", "dead", arguments={"x-match": "all-with-x", "x-first-death-reason": "expired"})`, the '
    'same for the other three; and `orders` gets `"x-dead-letter-exchange": "dead"`.',
)
def sort(probe: Probe, sort_the_dead: Learners) -> Result:
    """One order dies of each reason, and it is looked for in all queues."""
    probe.run(sort_the_dead)
    for queue in ("orders", *REASONS.values()):
        shared_durable_queue(probe, sort_the_dead, queue)
    if (kind := dead_letters_of(probe, "orders").get("queue-type", "classic")) != "quorum":
        raise Wrong(f"the queue `orders` should be a quorum queue, and is {kind}: only that counts what comes back")
    stays(probe)
    send(probe, "", "orders", "a purple teapot")
    reject(probe, "orders", 1)
    lies(probe, "rejected", "a purple teapot")
    send(probe, "", "orders", "an express order", expiration="20")
    lies(probe, "expired", "an express order")
    _overflows(probe)
    send(probe, "", "orders", "a poisonous order")
    came = give_back(probe, "orders", "a poisonous order")
    lies(probe, "delivery_limit", "a poisonous order", came)
    if came != RETURNS + 1:
        raise Wrong(f"an order died when it had been given back {came} times: it may come back {RETURNS} times")
    survives(probe)
    return done(
        "one order was rejected, one expired, one was too many, one came back too often; each lay in the queue of its "
        "reason, and in no other"
    )


def _overflows(probe: Probe) -> None:
    for number in range(1, ROOM + 2):
        send(probe, "", "orders", f"order {number}")
    lies(probe, "maxlen", "order 1")
    left = probe.take("orders")
    if len(left) != ROOM:
        raise Wrong(f"of {ROOM + 1} orders {len(left)} were left in `orders`: it has room for {ROOM}")


HOMES = (
    Home("order 1", "events", "order.placed.eu", "packing"),
    Home("order 2", "events", "order.placed.us", "packing"),
    Home("invoice 3", "", "invoices", "invoices"),
    Home("order 4", "events", "order.changed.asia", "repairs"),
    Home("order 5", "events", "order.changed.eu", "repairs"),
)
STRAY = Home("parcel 6", "events", "parcel.returned.eu", "returns")


@exercise(
    2,
    "Back to work",
    "Each letter has a first death, and `x-death` has an entry for it. Which headers say which entry? And in which "
    "order do publish, confirm and ack come, if at no moment the letter may be lost?",
    "`x-first-death-queue` and `x-first-death-reason` say which entry of `x-death` it is; that has `exchange` and "
    "`routing-keys`. `confirm_delivery()`, `mandatory=True`, and an ack only when the publish has not raised.",
    "Repeat as often as there are letters (passive declare): `basic_get`, find the entry, `try: "
    'channel.basic_publish(death["exchange"], death["routing-keys"][0], letter, properties, mandatory=True)`, `except '
    "pika.exceptions.UnroutableError: continue`, then `basic_ack`. What is not acked goes back with the connection.",
)
def back(probe: Probe, replay: Learners) -> Result:
    """Killed while it waits for the first confirm, then run to its end; one letter has nowhere to go."""
    _six_letters(probe)
    probe.wire.hold()
    child = probe.start(replay)
    until_published(probe, replay, child)
    went_home(probe, [*HOMES, STRAY])
    child.kill()
    probe.wire.cut()
    if (there := probe.wait_ready("dead", 6).seen) != 6:
        raise Wrong(f"killed before the broker had confirmed anything, it left {there} of 6 letters in `dead`")
    began = replayed(probe, replay, STRAY.text)
    went_home(probe, [*HOMES, STRAY])
    still_in_office(probe, replay, [STRAY.text])
    one_copy_each(probe, replay, began)
    acked_when_confirmed(probe, replay)
    for home in HOMES:
        copies = [one for one in letters(probe, home.queue) if one.body == home.text]
        if not copies:
            raise Wrong(f"`{home.text}` is neither in `dead` nor in `{home.queue}`: lost")
        unaltered(copies[-1])
    return done(
        "5 letters went back by the exchange and the key of their first death, properties and all; the one that no "
        "queue takes now stayed in `dead`; and when it was killed before a confirm, all 6 were still there"
    )


def _six_letters(probe: Probe) -> None:
    """Letters that died in several queues, two of them more than once."""
    with probe.channel() as channel:
        channel.exchange_declare("events", "topic", durable=True)
        for exchange in ("dead", "later", "again"):
            channel.exchange_declare(exchange, "fanout", durable=True)
        channel.queue_declare("dead", durable=True, arguments=QUORUM)
        channel.queue_bind("dead", "dead")
        waits = {"x-message-ttl": 20, "x-dead-letter-exchange": "again"}
        channel.queue_declare("pause", durable=True, arguments=QUORUM | waits)
        for queue, key in (("packing", "order.placed.*"), ("invoices", ""), ("returns", "parcel.*.*")):
            channel.queue_declare(queue, durable=True, arguments=QUORUM | TO_DEAD)
            channel.queue_bind(queue, "events", key)
        to_pause = {"x-dead-letter-exchange": "later", "x-dead-letter-routing-key": "wait"}
        channel.queue_declare("repairs", durable=True, arguments=QUORUM | to_pause)
        channel.queue_bind("repairs", "events", "order.changed.*")
        channel.queue_bind("repairs", "again")
        channel.queue_bind("pause", "later")
    for home in (*HOMES[:3], STRAY):
        _post(probe, home)
    for queue, count in (("packing", 2), ("invoices", 1), ("returns", 1)):
        reject(probe, queue, count)
    _post(probe, HOMES[3])
    reject(probe, "repairs", 1)
    _out_of_the_ring(probe)
    with probe.channel() as channel:
        channel.queue_unbind("repairs", "again")
        channel.queue_bind("dead", "again")
        _post(probe, HOMES[4], expiration="20")  # expires in `repairs` and in `pause`: the reason alone tells nothing
        probe.wait_ready("dead", 6)
        channel.queue_unbind("returns", "events", "parcel.*.*")


def _post(probe: Probe, home: Home, **properties: Any) -> None:
    send(probe, home.exchange, home.key, home.text, **envelope(home.text), **properties)


def _out_of_the_ring(probe: Probe) -> None:
    """What was rejected in `repairs` comes back from `pause`, is rejected again, and goes to the office this time."""
    probe.wait_ready("repairs", 1)
    with probe.channel() as channel:
        channel.queue_unbind("pause", "later")
        channel.queue_bind("dead", "later")
        reject(probe, "repairs", 1)
        probe.wait_ready("dead", 5)
        channel.queue_unbind("dead", "later")
        channel.queue_bind("pause", "later")


REPLAYS: Mapping[str, int | None] = {"order 1": None, "order 2": 1, "order 3": 2, "order 4": 3}  # so often replayed


@exercise(
    3,
    "Three times, then parked",
    "Who can count the replays? The broker begins `x-death` anew with each message that a client publishes. What "
    "travels with the letter, and is yours?",
    'A header of your own: `replays = properties.headers.get("replays", 0)`. Below 3 the letter goes back to work with '
    "`replays + 1`; otherwise it goes to the queue `parked`. Both with confirms, and the ack comes last.",
    'If `replays < 3`: `properties.headers["replays"] = replays + 1`, and `basic_publish("events", '
    "method.routing_key, letter, properties, mandatory=True)`. Else "
    '`basic_publish("", "parked", letter, properties, mandatory=True)`.',
)
def park(probe: Probe, replay_or_park: Learners) -> Result:
    """Letters that were replayed 0 to 3 times; then, once more, those of them that died again."""
    _four_orders(probe)
    _replayed_once(probe, replay_or_park, {"order 1": 1, "order 2": 2, "order 3": 3}, ["order 4"])
    reject(probe, "orders", 3)
    probe.wait_ready("dead", 3)
    _replayed_once(probe, replay_or_park, {"order 1": 2, "order 2": 3}, ["order 4", "order 3"])
    return done(
        "4 letters were replayed until each had been replayed 3 times, and then parked; the count went with them"
    )


def _replayed_once(probe: Probe, function: Learners, working: Mapping[str, int], parked: list[str]) -> None:
    began = replayed(probe, function)
    _counted(probe, function, working, parked)
    one_copy_each(probe, function, began)
    acked_when_confirmed(probe, function)


def _four_orders(probe: Probe) -> None:
    with probe.channel() as channel:
        channel.exchange_declare("events", "topic", durable=True)
        channel.exchange_declare("dead", "fanout", durable=True)
        for queue in ("dead", "parked"):
            channel.queue_declare(queue, durable=True, arguments=QUORUM)
        channel.queue_bind("dead", "dead")
        channel.queue_declare("orders", durable=True, arguments=QUORUM | {"x-dead-letter-exchange": "dead"})
        channel.queue_bind("orders", "events", "order.placed.*")
    for text, replays in REPLAYS.items():
        properties = envelope(text)
        if replays is not None:
            properties["headers"]["replays"] = replays
        send(probe, "events", "order.placed.eu", text, **properties)
    reject(probe, "orders", len(REPLAYS))
    probe.wait_ready("dead", len(REPLAYS))


def _counted(probe: Probe, function: Learners, working: Mapping[str, int], parked: list[str]) -> None:
    """The first are back at work with that count, the others in the parking lot, and none anywhere else."""
    at_work = {one.body: one for one in letters(probe, "orders")}
    lot = {one.body: one for one in letters(probe, "parked")}
    for text in parked:
        if text in at_work:
            raise Wrong(f"`{text}` had been replayed 3 times, and was replayed again: {why_again(at_work, REPLAYS)}")
    for text in working:
        if text in lot:
            raise Wrong(f"`{text}` was parked after {working[text] - 1} replays: there are to be 3")
    still_in_office(probe, function, [])
    for text in [*working, *parked]:
        if text not in at_work and text not in lot:
            raise Wrong(f"`{text}` is neither in `dead`, nor in `orders`, nor in `parked`: {why_lost(probe, text)}")
    for text, replays in working.items():
        if (says := at_work[text].headers.get("replays")) != replays:
            raise Wrong(
                f"`{text}` had been replayed {replays - 1} times, and its header `replays` says {says!r} now: "
                f"once more is {replays}"
            )
    for copy in [*at_work.values(), *lot.values()]:
        unaltered(copy)
    for text in working:
        if (at_work[text].exchange, at_work[text].key) != ("events", "order.placed.eu"):
            raise Wrong(f"`{text}` should go back by the exchange `events` with the key `order.placed.eu`, as it came")
