"""Lab 11, Dead letters: sorted by reason, sent back to work by their own way, parked when they have come too often."""

from __future__ import annotations

from collections.abc import Mapping

from warren.checks.dead_letters import dead_letters_of, give_back, letters, reject, send
from warren.checks.exercise import Learners, exercise
from warren.checks.office import HOMES, REPLAYS, STRAY, four_orders, seven_letters
from warren.checks.probe import Probe
from warren.checks.publishing import published
from warren.checks.reasons import REASONS, RETURNS, ROOM, lies, stays, survives
from warren.checks.replaying import (
    acked_when_confirmed,
    one_copy_each,
    replayed,
    still_in_office,
    tried_in_vain,
    unaltered,
    until_published,
    went_home,
    why_again,
    why_lost,
)
from warren.checks.result import Result, Wrong, done
from warren.checks.scenarios import shared_durable_queue
from warren.workers import Child


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
    seven_letters(probe)
    probe.wire.hold()
    child = probe.start(replay)
    until_published(probe, replay, child)
    went_home(probe, [*HOMES, STRAY])
    child.kill()
    probe.wire.cut()
    if (there := probe.wait_ready("dead", 7).seen) != 7:
        raise Wrong(f"killed before the broker had confirmed anything, it left {there} of 7 letters in `dead`")
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
        "6 letters went back by the exchange and the key of their first death, properties and all; the one that no "
        "queue takes now stayed in `dead`; and when it was killed before a confirm, all 7 were still there"
    )


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
    """Letters that were replayed 0 to 3 times; once more, those that died again; and some that no queue takes."""
    four_orders(probe)
    began = replayed(probe, replay_or_park)
    _counted(probe, replay_or_park, {"order 1": 1, "order 2": 2, "order 3": 3}, ["order 4"])
    one_copy_each(probe, replay_or_park, began)
    acked_when_confirmed(probe, replay_or_park)
    reject(probe, "orders", 3)
    probe.wait_ready("dead", 3)
    at = probe.wire.hold(3)
    began = replayed(probe, replay_or_park, meanwhile=lambda child: _two_die_again(probe, child, at))
    one_copy_each(probe, replay_or_park, began, ", and when it had died again, it was to wait for the next call")
    _counted(probe, replay_or_park, {"order 1": 2, "order 2": 3}, ["order 4", "order 3"], dead_again=True)
    acked_when_confirmed(probe, replay_or_park)
    with probe.channel() as channel:
        channel.queue_unbind("orders", "events", "order.placed.*")
    tried_in_vain(probe, replay_or_park, "order 1")
    return done(
        "4 letters were replayed until each had been replayed 3 times, and then parked; the count went with them, what "
        "died again waited for the next call, and what no queue took stayed in `dead`"
    )


def _two_die_again(probe: Probe, child: Child, at: int) -> None:
    """While the function waits for its last confirm, what it has replayed is rejected, and is in the office again."""
    probe.wait(lambda: published(probe), lambda count: count >= at or not child.alive)
    reject(probe, "orders", 2)
    probe.wait(lambda: probe.ready("dead"), lambda ready: ready == 2 or not child.alive)
    probe.wire.release()


def _counted(
    probe: Probe, function: Learners, working: Mapping[str, int], parked: list[str], *, dead_again: bool = False
) -> None:
    """The first are back at work (or dead again) with that count, the others in the parking lot, none elsewhere."""
    at_work = {one.body: one for one in letters(probe, "dead" if dead_again else "orders")}
    lot = {one.body: one for one in letters(probe, "parked")}
    for text in parked:
        if text in at_work:
            raise Wrong(f"`{text}` had been replayed 3 times, and was replayed again: {why_again(at_work, REPLAYS)}")
    for text in working:
        if text in lot:
            raise Wrong(f"`{text}` was parked after {working[text] - 1} replays: there are to be 3")
    still_in_office(probe, function, list(working) if dead_again else [])
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
        if not dead_again and (at_work[text].exchange, at_work[text].key) != ("events", "order.placed.eu"):
            raise Wrong(f"`{text}` should go back by the exchange `events` with the key `order.placed.eu`, as it came")
