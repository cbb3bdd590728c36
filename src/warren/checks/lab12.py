"""Lab 12, Retries: a ladder of delays, a queue that stops what crashes its reader, a worker that tells both apart."""

from __future__ import annotations

import math

import pika
from pika import spec

from warren.checks.arrivals import EMPTY, forgets
from warren.checks.exercise import Learners, exercise
from warren.checks.given_back import told_apart
from warren.checks.ladder import handed_on, handed_on_safely, overtakes, rungs_lead_back, waited, why_not_back
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done, short
from warren.checks.retrying import Bank, acked_by_now, all_quorum, arguments, begun, by_hand, failed
from warren.checks.routes import listed
from warren.checks.scenarios import called_rightly, each_once, same_texts, shared_durable_queue
from warren.workers import Child

QUORUM = {"x-queue-type": "quorum"}
DELAYS = (0.2, 0.5, 1.0)
LIMIT = 3
HELD_BACK = {"x-delayed-retry-type": "all", "x-delayed-retry-min": 100}  # milliseconds; before 4.3 without effect
ALWAYS, TWICE, GOOD, ONCE, UNREADABLE = (f"payment {number}" for number in (1, 2, 3, 4, "#?!"))
KEPT = {"delivery_mode": 2, "content_type": "text/plain"}  # properties of every payment


def send(probe: Probe, *payments: str) -> None:
    with probe.channel() as channel:
        channel.confirm_delivery()
        for payment in payments:
            known = pika.BasicProperties(**KEPT, message_id=f"id of {payment}")
            channel.basic_publish("", "payments", payment.encode(), known, mandatory=True)


@exercise(
    1,
    "The ladder",
    "One queue for each delay. Nobody reads them: what expires there is dead-lettered back to `payments`. Which rung "
    "is next, the payment itself must tell you: in a header.",
    'A rung: a quorum queue with `x-message-ttl` (milliseconds), `x-dead-letter-exchange` = `""` and '
    "`x-dead-letter-routing-key` = `payments`. On failure add 1 to the header, publish to that rung with the same "
    "properties, then ack.",
    '`headers = properties.headers or {}`; `attempts = headers.get("attempts", 0) + 1`; `properties.headers = '
    'headers | {"attempts": attempts}`; `basic_publish("", RUNGS[attempts - 1], payment, properties, mandatory=True)`; '
    "then `basic_ack`. The last of the four RUNGS is `parked`.",
)
def ladder(probe: Probe, charge_payments: Learners) -> Result:
    """One payment fails always, one twice, one never; when the first is on the last rung, one comes that fails once."""
    probe.declare("payments", arguments=QUORUM)
    send(probe, ALWAYS, TWICE, GOOD)
    bank = Bank(probe.ledger, {ALWAYS: math.inf, TWICE: 2, ONCE: 1})
    child = probe.start(charge_payments, workers=1, charge=bank)
    _until(probe, charge_payments, child, {ALWAYS: 3, GOOD: 1})
    send(probe, ONCE)
    _until(probe, charge_payments, child, {ALWAYS: 4, TWICE: 3, ONCE: 2})
    _in_the_parking_lot(probe, charge_payments)
    acked_by_now(probe, charge_payments, [TWICE, GOOD, ONCE])
    probe.stopped(charge_payments, child)
    _climbs(probe, charge_payments)
    each_once(probe, [TWICE, GOOD, ONCE])
    if (parked := probe.wait_ready("parked", 1).seen) != 1:
        raise Wrong(f"one payment was never charged, and {parked} are in `parked`")
    return done(
        "tried again after 0.2, 0.5 and 1 s, then parked: 4 attempts for the payment that always fails, 3 for the one "
        "that fails twice, 2 for the one that fails once; nobody was held up by another"
    )


def _until(probe: Probe, function: Learners, child: Child, attempts: dict[str, int]) -> None:
    """Each of these payments has been tried so often, and all is as it should be so far."""

    def look() -> list[int]:
        _climbs(probe, function)
        return [len(begun(probe, payment)) for payment in attempts]

    seen = probe.wait(look, lambda tried: list(map(max, tried, attempts.values())) == tried or not child.alive)
    still_works(probe, function, child)
    called_rightly(probe, function, "charge")
    for tried, (payment, wanted) in zip(seen.seen, attempts.items(), strict=True):
        if tried < wanted:
            so_far = f"in {seen.within:g} s `{payment}` was tried {tried} times, and should be tried {wanted} times"
            raise Wrong(f"{so_far}: {why_not_back(probe, payment) if tried else 'who takes it?'}")


def _climbs(probe: Probe, function: Learners) -> None:
    same_texts(probe.ledger.tasks("begun"), [ALWAYS, TWICE, GOOD, ONCE], "charge")
    by_hand(probe, function)
    handed_on(probe, function)
    handed_on_safely(probe, function)
    all_quorum(probe)
    rungs_lead_back(probe)
    for payment in (ALWAYS, TWICE, ONCE):
        waited(probe, payment, DELAYS)
    overtakes(probe, quick=ONCE, slow=ALWAYS)
    if probe.ready("parked") and len(failed(probe, ALWAYS)) <= len(DELAYS):
        times = len(failed(probe, ALWAYS))
        raise Wrong(
            f"a payment is in `parked`, and `{ALWAYS}` has failed {times} times: three delays are four attempts"
        )


def _in_the_parking_lot(probe: Probe, function: Learners) -> None:
    """The payment that always fails is there, whole."""

    def look() -> int:
        _climbs(probe, function)  # which finds a fifth attempt
        return probe.ready("parked") or 0

    parked = probe.wait(look, bool)
    if not parked.met:
        where = why_not_back(probe, ALWAYS)
        raise Wrong(f"{parked.within:g} s after its fourth failure `{ALWAYS}` was not in `parked`: {where}")
    with probe.channel() as channel:
        method, properties, body = channel.basic_get("parked")
        channel.basic_nack(method.delivery_tag)
    if body.decode(errors="replace") != ALWAYS:
        raise Wrong(f"`{short(body.decode(errors='replace'))}` is in `parked`, and should be `{ALWAYS}`")
    for one, value in (KEPT | {"message_id": f"id of {ALWAYS}"}).items():
        if getattr(properties, one) != value:
            raise Wrong(
                f"in `parked` the payment has lost its `{one}`: `{name(function)}` publishes it with properties of its "
                "own, where it should add a header to those that came"
            )


@exercise(
    2,
    "What crashes its reader",
    "Nothing the program does can help here, since it is dead. Who sees that a payment comes back again and again?",
    "A quorum queue counts how often a message was returned. `x-delivery-limit` is the number of *returns* that are "
    "allowed, and what comes back once more is dead-lettered.",
    'For `payments`: `{"x-queue-type": "quorum", "x-delivery-limit": 3, "x-dead-letter-exchange": "", '
    '"x-dead-letter-routing-key": "parked"}`.',
)
def stops(probe: Probe, open_payments: Learners) -> Result:
    """A reader that crashes with the payment in its hands, again and again."""
    try:
        probe.run(open_payments)
    except Wrong:
        _asks_for_quorum(probe, open_payments)
        raise
    for queue in ("payments", "parked"):
        shared_durable_queue(probe, open_payments, queue)
        if reason := forgets(probe, queue):
            raise Wrong(f"`{queue}` keeps nothing safe: {reason}")
    all_quorum(probe)
    if probe.wire.said(spec.Basic.Publish):
        raise Wrong(f"`{name(open_payments)}` publishes, too: declare the queues, and the check sends a payment")
    send(probe, "payment 13")
    crashes = 0
    while _crashes(probe):
        crashes += 1
        if crashes > LIMIT + 1:
            raise Wrong(f"after four crashes the payment came a fifth time: {_limit(probe)}")
    if not probe.ready("parked"):
        raise Wrong(f"after {crashes} crashes the payment is in neither queue: {_way_out(probe)}")
    if crashes <= LIMIT:
        raise Wrong(f"the payment is in `parked` after {crashes} crashes, and should be there after 4: {_limit(probe)}")
    return done("a payment that crashed its reader was delivered 4 times, then parked by the broker")


def _asks_for_quorum(probe: Probe, function: Learners) -> None:
    how = arguments(probe, "payments")
    if "x-delivery-limit" in how and how.get("x-queue-type") != "quorum":
        raise Wrong(
            f"`{name(function)}` asks for an `x-delivery-limit` on a classic queue, which counts no deliveries, and "
            'the broker refuses (406): add `"x-queue-type": "quorum"`'
        )


def _crashes(probe: Probe) -> bool:
    """Take the payment and go without a word; False if it did not come any more."""
    ready, _ = probe.wait(lambda: (probe.ready("payments"), probe.ready("parked")), any).seen
    if not ready:
        return False
    with probe.channel() as channel:  # not with `basic_get`, which a single active consumer rules out
        return next(channel.consume("payments", inactivity_timeout=probe.patience))[0] is not None


def _limit(probe: Probe) -> str:
    limit = arguments(probe, "payments").get("x-delivery-limit")
    if limit is None:
        return "`payments` was declared without `x-delivery-limit`, and a quorum queue's own is 20"
    if not isinstance(limit, int):
        return f"`x-delivery-limit` is the text {limit!r}, and the broker takes numbers"
    return f"`x-delivery-limit` is {limit}, and counts how often the payment may come back"


def _way_out(probe: Probe) -> str:
    how = arguments(probe, "payments")
    if "x-dead-letter-exchange" not in how:
        return "`payments` has no `x-dead-letter-exchange`, so what dies there is dropped"
    exchange, key = how["x-dead-letter-exchange"], how.get("x-dead-letter-routing-key", "payments")
    return f"its dead letters go to the exchange `{short(exchange) or EMPTY}` with the key `{short(key)}`"


@exercise(
    3,
    "Which failures deserve another try",
    "Two failures, two answers. One of them may pass: give the payment back. The other will not: it should never come "
    "again.",
    "Both are `basic_reject`, one with `requeue=True` and one with `requeue=False`. What does RabbitMQ 4.3 count, a "
    "`basic_nack` or a `basic_reject`?",
    "`except ValueError: channel.basic_reject(method.delivery_tag, requeue=False)` · "
    "`except OSError: channel.basic_reject(method.delivery_tag, requeue=True)` · "
    "`else: channel.basic_ack(method.delivery_tag)`.",
)
def tells_apart(probe: Probe, charge_or_park: Learners) -> Result:
    """One payment fails always, one is unreadable, one is good, one fails twice; the queue has a limit and a DLX."""
    to_parked = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "parked", "x-delivery-limit": LIMIT}
    probe.declare("parked", arguments=QUORUM)
    probe.declare("payments", arguments=QUORUM | to_parked | HELD_BACK)
    send(probe, ALWAYS, UNREADABLE, GOOD, TWICE)
    bank = Bank(probe.ledger, {ALWAYS: math.inf, TWICE: 2}, unreadable=[UNREADABLE])
    child = probe.start(charge_or_park, workers=1, charge=bank)
    _all_ended(probe, charge_or_park, child)
    acked_by_now(probe, charge_or_park, [GOOD, TWICE])
    probe.stopped(charge_or_park, child)
    each_once(probe, [GOOD, TWICE])
    if sorted(letters := probe.take("parked")) != sorted([ALWAYS, UNREADABLE]):
        raise Wrong(f"in `parked` are {listed(letters)}, and should be `{ALWAYS}` and `{UNREADABLE}`")
    return done(
        "the unreadable payment was parked at its first attempt, the hopeless one at its 4th; the one that failed "
        "twice was charged"
    )


def _all_ended(probe: Probe, function: Learners, child: Child) -> None:
    """Two payments are charged and two parked, and all was as it should be until then."""

    def look() -> tuple[int, int]:
        same_texts(probe.ledger.tasks("begun"), [ALWAYS, UNREADABLE, GOOD, TWICE], "charge")
        told_apart(probe, function, UNREADABLE)
        return len(set(probe.ledger.tasks("done"))), probe.ready("parked") or 0

    seen = probe.wait(look, lambda ended: ended == (2, 2) or not child.alive)
    look()  # its last ack may have come to the wire after the look that found it gone
    still_works(probe, function, child)
    if not seen.met:
        called_rightly(probe, function, "charge")
        charged, parked = seen.seen
        tried = len(probe.ledger.tasks("begun"))
        raise Wrong(
            f"after {seen.within:g} s {charged} payments are charged and {parked} in `parked`, and should be 2 and 2; "
            f"`charge` was called {tried} times, {probe.unacked('payments')} deliveries are unanswered"
        )
