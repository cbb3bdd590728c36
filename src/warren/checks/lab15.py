"""Lab 15, Rate limiting: a quota kept without waste, a quota for each shop, a bucket that many programs share."""

from __future__ import annotations

from warren.checks.charging import all_called, charged, in_least_time, none_waits_for_another, rush, subscribed
from warren.checks.exercise import Learners, exercise
from warren.checks.probe import Probe
from warren.checks.quota import Quota
from warren.checks.result import Result, done
from warren.checks.scenarios import each_once
from warren.checks.token_queue import BUCKET, at_work, called, drip, gone_home, killed, left_alone

QUORUM = {"x-queue-type": "quorum"}
QUOTA = Quota(rate=40, burst=20)
QUIET = 0.8  # seconds without payments: a bucket that never overflows has 32 tokens too many then
CALL = 0.002  # seconds that a call to the bank takes
RUSH = 60
SHOPS = {"books": 50, "toys": 24, "wine": 24}


def numbered(word: str, first: int, last: int) -> list[str]:
    return [f"{word} {number}" for number in range(first, last + 1)]


@exercise(
    1,
    "The quota, and no slower",
    "A bucket of tokens: it is full at the beginning, it never holds more than `burst`, and `rate` come back each "
    "second. A call costs one.",
    "Keep two numbers: how many tokens there were, and when that was. When a payment comes, add what has come since "
    "(no more than to the brim), take one, and wait if there was none.",
    "`now = time.monotonic()`; `tokens = min(burst, tokens + rate * (now - since)) - 1`; `since = now`; then "
    "`connection.sleep(max(0, -tokens / rate))`, `charge(…)`, `basic_ack`. And `basic_qos(prefetch_count=1)`.",
)
def the_quota(probe: Probe, charge_payments: Learners) -> Result:
    """It is quiet for a while; then sixty payments come at once."""
    payments = numbered("payment", 1, RUSH)
    probe.declare("payments", arguments=QUORUM)
    work = probe.ledger.work("charge", takes=dict.fromkeys(payments, CALL))
    child = probe.start(charge_payments, workers=1, charge=work, rate=QUOTA.rate, burst=QUOTA.burst)
    subscribed(probe, charge_payments, child, "payments")
    child.wait(QUIET)
    sent = rush(probe, "payments", payments)
    all_called(probe, charge_payments, child, QUOTA, sent)
    in_least_time(probe, charge_payments, QUOTA, sent)
    charged(probe, charge_payments, child, sent)
    return done(
        f"{RUSH} payments at once: the bank was never called more than {QUOTA.burst} + {QUOTA.rate:g} × seconds times, "
        "in any stretch of time, and the quota was used, but for a margin at most"
    )


@exercise(
    2,
    "Three shops, three quotas",
    "Each shop has a queue and a bucket of its own. While you wait for a token of one shop, the others must go on: who "
    "sleeps, sleeps for all three.",
    "`connection.call_later(seconds, function)` comes back when it is time, and other payments are handed out "
    "meanwhile. Subscribe with `basic_consume` to all three queues, and run `process_data_events` in a loop.",
    "`channel.basic_qos(prefetch_count=1)` gives each of the three consumers one payment. In the callback: "
    "`wait = buckets[method.routing_key].take(time.monotonic())`, then `connection.call_later(wait, pay)`, where `pay` "
    "calls `charge(…)` and acks.",
)
def three_shops(probe: Probe, charge_shops: Learners) -> Result:
    """Toys and wine come when the books have no token left."""
    for shop in SHOPS:
        probe.declare(shop, arguments=QUORUM)
    work = probe.ledger.work("charge")
    child = probe.start(charge_shops, workers=1, charge=work, rate=QUOTA.rate, burst=QUOTA.burst)
    subscribed(probe, charge_shops, child, *SHOPS)
    books, *later = ((shop, numbered(shop, 1, count)) for shop, count in SHOPS.items())
    rushes = [rush(probe, *books)]
    probe.wait(lambda: len(rushes[0].calls(probe)), lambda calls: calls > QUOTA.burst or not child.alive)
    rushes += [rush(probe, *each) for each in later]
    all_called(probe, charge_shops, child, QUOTA, *rushes)
    in_least_time(probe, charge_shops, QUOTA, *rushes)
    none_waits_for_another(probe, charge_shops, QUOTA, *rushes[:2])
    charged(probe, charge_shops, child, *rushes)
    many, *few = SHOPS.items()
    others = " and ".join(f"{count} of {shop}" for shop, count in few)
    return done(f"{many[1]} payments of {many[0]}, and {others}: each shop kept its quota, and none waited for another")


@exercise(
    3,
    "One bucket for many programs",
    "A token is a message. Who wants to call the bank takes one out of `tokens`, and if there is none, waits and asks "
    "again. First the payment, then the token.",
    "Take payments with `consume` and a token with `basic_get`, best on a channel of its own. A token that is taken is "
    "spent: `auto_ack=True`. Without one, `connection.sleep(0.01)`, look at `worker.stopping`, ask again.",
    'A loop around `tokens.basic_get("tokens", auto_ack=True)[0]` until it is not `None`; in it `if worker.stopping: '
    "return`, which leaves the payment unacked, and so it goes back. Then `charge(…)`, then `basic_ack`.",
)
def one_bucket(probe: Probe, charge_together: Learners) -> Result:
    """Tokens without payments, payments without tokens, a kill while they wait, and the end of the day."""
    payments = numbered("payment", 1, 19)
    probe.declare("payments", arguments=QUORUM)
    probe.declare(BUCKET, arguments={"x-max-length": 10})
    work = probe.ledger.work("charge")
    child = probe.start(charge_together, workers=2, charge=work)
    at_work(probe, charge_together, child)
    left_alone(probe, charge_together, child, 10)
    probe.publish("payments", payments[:6])
    called(probe, charge_together, child, 6, left=4, payments=payments)
    probe.publish("payments", payments[6:16])
    called(probe, charge_together, child, 10, left=0, payments=payments)
    killed(probe, child, waiting=6)
    probe.publish("payments", payments[16:])
    drip(probe, 8)
    child = probe.start(charge_together, workers=1, charge=work)
    called(probe, charge_together, child, 18, left=0, payments=payments)
    gone_home(probe, charge_together, child, waiting=1)
    each_once(probe, payments[:18])
    return done(
        "18 tokens, 18 calls to the bank, in whatever order tokens and payments came; killed while it waited: lost 0"
    )
