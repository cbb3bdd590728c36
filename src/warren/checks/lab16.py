"""Lab 16, Circuit breakers: the breaker itself, a consumer that pauses, a till that spills to disk and replays."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from warren.checks.breakers import LIMIT, REST, Call, in_a_row
from warren.checks.exercise import Learners, exercise
from warren.checks.guarding import as_a_breaker
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.pausing import behaves, left_in_the_queue, probes_in_time, stops_in_the_pause
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done
from warren.checks.retrying import Bank
from warren.checks.scenarios import called_rightly, each_once, same_texts
from warren.checks.spilling import QUEUE, Till, filled
from warren.workers import Child

QUORUM = {"x-queue-type": "quorum"}
TO_PARKED = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "parked", "x-delivery-limit": LIMIT}
PAYMENTS = [f"payment {number}" for number in range(1, 11)]
UNLUCKY, AWAY = PAYMENTS[1], PAYMENTS[3:]  # one fails twice, and those from the fourth on until the bank is back
PROBES = 2  # so many fail before it is back
ORDERS = [f"order {number}" for number in range(1, 21)]
ROOM = 30  # orders that the queue takes: all of the lab's, once it is empty


@exercise(
    1,
    "The breaker",
    "What must a breaker remember between two calls? Two numbers are enough: how many calls have failed in a row, and "
    "until when nobody is called.",
    "A function inside of `guard` keeps them (`nonlocal`). Before the call: with three failures or more, and the rest "
    "not over, `raise ConnectionRefusedError`. After it: an OSError counts one more and begins a new rest, an answer "
    "(or a ValueError: somebody has looked at it) sets the count back to 0.",
    "`if failures >= 3:` · `if clock() < until: raise ConnectionRefusedError` · `until = float('inf')` (so the probe "
    "is alone). Then `try: receipt = call(payment)` · `except OSError: failures += 1; until = clock() + rest; raise` · "
    "`except Exception: failures = 0; raise` · `failures = 0` · `return receipt`.",
)
def breaker(probe: Probe, guard: Learners) -> Result:
    """Breakers are led through a story each, with a clock of ours; then two callers come at once."""
    as_a_breaker(probe, guard)
    return done(
        "three failures in a row opened it, fewer did not; nobody was called while it rested; one probe went through: "
        "when it failed the rest began anew, when it worked all was as before"
    )


@exercise(
    2,
    "A consumer that pauses",
    "When `guard` refuses, there is nothing to do with a payment. How does a consumer tell the broker to send no more, "
    "without giving up its connection? And what becomes of the payment that it has in its hands?",
    "Prefetch 1, and a callback that puts its delivery into a list. A loop of your own: `process_data_events(0.01)`, "
    "then try what is in the list. Refused: `basic_cancel`. Charged: ack, empty the list, subscribe if you are not.",
    '`hand = []`, `tag = channel.basic_consume("payments", lambda *delivery: hand.append(delivery))`. '
    "`except ConnectionRefusedError:` `if tag: channel.basic_cancel(tag); tag = None` · `except OSError: pass` · "
    "`else:` ack, `hand.clear()`, and if `tag` is None subscribe again.",
)
def pauses(probe: Probe, charge_payments: Learners) -> Result:
    """One payment fails twice, which is bad luck; then the bank is away, also for two probes, and comes back.

    A second worker is told to stop while the bank is away.
    """
    probe.declare("parked", arguments=QUORUM)
    probe.declare("payments", arguments=QUORUM | TO_PARKED)
    probe.publish("payments", PAYMENTS)
    bank = Bank(probe.ledger, {UNLUCKY: LIMIT - 1} | dict.fromkeys(AWAY, math.inf))
    child = probe.start(charge_payments, workers=1, charge=bank)
    _until_probed(probe, charge_payments, child)
    probes_in_time(probe)
    left_in_the_queue(probe, charge_payments, "payments", len(AWAY) - 1)
    probe.ledger.mend()
    _until_charged(probe, charge_payments, child)
    probe.stopped(charge_payments, child)
    each_once(probe, PAYMENTS)
    if left := (probe.wait_ready("payments", 0).seen or 0) + (probe.ready("parked") or 0):
        raise Wrong(f"all were charged, and {left} are still in `payments` or in `parked`: ack what is charged")
    stops_in_the_pause(probe, charge_payments, "payments", "payment 11")
    return done(
        f"after {LIMIT} failures in a row it took no more and left the bank alone, but for a probe each {REST:g} s; "
        f"when the bank was back, one was enough: {len(PAYMENTS)} of {len(PAYMENTS)} charged, each once, none parked"
    )


def _so_far(probe: Probe, function: Learners) -> list[Call]:
    same_texts(probe.ledger.tasks("begun"), PAYMENTS, "charge")
    return behaves(probe, function)


def _until_probed(probe: Probe, function: Learners, child: Child) -> None:
    """The breaker has opened, and two probes have failed."""

    def look() -> tuple[int, int]:
        made = _so_far(probe, function)
        return in_a_row(made), len(made)

    waited = probe.wait(look, lambda seen: seen[0] >= LIMIT + PROBES or not child.alive)
    still_works(probe, function, child)
    if waited.met:
        return
    called_rightly(probe, function, "charge")
    failures, made = waited.seen
    so_far = f"the check waited {waited.within:g} s, and `{name(function)}`"
    if not made:
        raise Wrong(f"{so_far} has called the bank for no payment")
    if failures < LIMIT:
        raise Wrong(f"{so_far} calls nobody any more, after {failures} failures in a row: {LIMIT} open the breaker")
    raise Wrong(f"{so_far} has not called the bank again after {failures} failures in a row: a probe each {REST:g} s")


def _until_charged(probe: Probe, function: Learners, child: Child) -> None:
    """The bank is back: one probe, and all goes on."""

    def look() -> int:
        _so_far(probe, function)
        return len(set(probe.ledger.tasks("done")))

    waited = probe.wait(look, lambda charged: charged == len(PAYMENTS) or not child.alive)
    still_works(probe, function, child)
    if not waited.met:
        raise Wrong(
            f"the bank is back, and in {waited.within:g} s {waited.seen} of {len(PAYMENTS)} payments were charged, "
            f"{probe.ready('payments')} wait in the queue: who subscribes again when the probe has worked?"
        )


@exercise(
    3,
    "A till that does not wait",
    "Three rules keep the order: a new order goes behind those that wait; the oldest is tried first; an order leaves "
    "the file when the broker has confirmed it, and not before.",
    "Write each order to the file first (SQLite: `INSERT`), then *replay*: as long as there is an oldest one, send it, "
    "delete it. Stop at the first that fails or is refused. A NackError is no OSError: let your `publish` raise one.",
    "`publish = guard(send, 0.2, time.monotonic)`, with `send(order)` that does `basic_publish(…, mandatory=True)` and "
    "turns `pika.exceptions.NackError` into an OSError. `for order in orders:` INSERT, `replay()`. And `replay`: `for "
    "number, order in rows: try: publish(order)` · `except OSError: return` · `DELETE … WHERE number = ?`.",
)
def spills(probe: Probe, send_orders: Learners) -> Result:
    """The queue is full. A till is killed, the next one finds its spill; a probe is refused; then there is room."""
    probe.declare(QUEUE, arguments=QUORUM | {"x-max-length": ROOM, "x-overflow": "reject-publish"})
    filled(probe, ROOM)
    with tempfile.TemporaryDirectory(prefix="warren-spill-", ignore_cleanup_errors=True) as folder:
        till = Till(probe, send_orders, ORDERS, Path(folder) / "spill")
        first = till.runs(ORDERS[:9], holds=ORDERS[6:])
        till.until_asked_for(first, ORDERS[6])
        till.gave_up_after_three()
        till.does_not_wait()
        till.rests(first, ORDERS[6:8])
        first.kill()
        till.kept()
        second = till.runs(ORDERS[7:], holds=ORDERS[11:])
        till.until_asked_for(second, ORDERS[11])
        till.probes_once(second, ORDERS[11:14])
        probe.take(QUEUE)
        till.goes_on(second)
        probe.returned(send_orders, second, within=probe.at_once)
    till.all_arrived()
    return done(
        f"refused {LIMIT} times, it left the broker alone; killed, it had {len(ORDERS[:7])} orders on disk; one probe "
        f"after each rest, and when there was room all went: {len(ORDERS)} of {len(ORDERS)} in order, each once"
    )
