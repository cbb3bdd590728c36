"""Payments that are charged under a quota: how a check sends a rush of them, and what the calls to the bank tell."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import pika
from pika import spec

from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.quota import Quota, last_rate, usual_gap
from warren.checks.result import Wrong
from warren.checks.retrying import answered
from warren.checks.scenarios import acked_when_done, called_rightly, each_once, same_texts, taken_by_hand
from warren.workers import Child

BACK = 2  # times a payment may go back to its queue and come again
HELD = 10  # payments a worker may have of one queue, waiting or not
FAST = 3.0  # times the rate: who calls that fast in the end has no limit
MORE = 1.25  # likewise: who calls that fast has one of more than the rate
SLOW = 0.3  # seconds behind the earliest moment allowed, to the end: room for who takes a fifth less than the quota
WASTED = 0.7  # of the time between two tokens: who waits that long before most calls does not wait for a token
BETWEEN = 0.7  # calls for who has no tokens, to each for who has: who sleeps for all makes one to one
STUCK = 0.4  # seconds that one call waited although there was a token; a busy machine wakes up sooner


@dataclass(frozen=True)
class Rush:
    """Payments of one queue, when the first was sent and when they arrived in it (`time.monotonic()`)."""

    queue: str
    payments: Sequence[str]
    sent: float
    arrived: Sequence[float]

    def calls(self, probe: Probe) -> list[float]:
        """When the bank was called for one of them, in order."""
        return sorted(one.at for one in probe.ledger.entries if one.what == "begun" and one.task in self.payments)


def subscribed(probe: Probe, function: Learners, child: Child, *queues: str) -> None:
    """The worker takes messages of each of these queues from now on."""

    def taking() -> tuple[set[str], int]:
        said = [method for each in probe.wire.conversations for method in list(each.said)]
        return {one.method.queue for one in said if isinstance(one.method, (spec.Basic.Consume, spec.Basic.Get))}, len(
            said
        )

    seen = probe.wait(taking, lambda found: set(queues) <= found[0] or not child.alive)
    still_works(probe, function, child)
    if missing := [queue for queue in queues if queue not in seen.seen[0]]:
        raise Wrong(f"`{name(function)}` never began to take from `{missing[0]}`")
    taken_by_hand(probe, function)


def rush(probe: Probe, queue: str, payments: Sequence[str]) -> Rush:
    """Send them one after the other, as fast as the broker confirms them."""
    arrived = []
    persistent = pika.BasicProperties(delivery_mode=2)
    with probe.channel() as channel:
        channel.confirm_delivery()
        sent = time.monotonic()
        for payment in payments:
            channel.basic_publish("", queue, payment.encode(), persistent, mandatory=True)
            arrived.append(time.monotonic())
    return Rush(queue, payments, sent, arrived)


def all_called(probe: Probe, function: Learners, child: Child, quota: Quota, *rushes: Rush) -> None:
    """The bank is called for every payment, never more often than the quota lets, and few lie with the worker."""
    wanted = sum(len(one.payments) for one in rushes)
    seen = probe.wait(
        lambda: len(probe.ledger.tasks("begun")),
        lambda count: count >= wanted or not child.alive or probe.auto_acks(),
    )
    acked_when_done(probe, function)
    _kept_in_hand(probe, function)
    for one in rushes:
        _kept(probe, function, quota, one)
        _held(probe, function, one)
    still_works(probe, function, child)
    called_rightly(probe, function, "charge")
    sent = [payment for one in rushes for payment in one.payments]
    same_texts(probe.ledger.tasks("begun"), sent, "charge")
    for one in rushes:
        if (count := len(one.calls(probe))) < len(one.payments):
            raise Wrong(
                f"`{name(function)}` called the bank for {count} of {len(one.payments)} payments in `{one.queue}`, "
                f"and for none of the others within {seen.within:g} s"
            )


def _kept_in_hand(probe: Probe, function: Learners) -> None:
    """No payment goes back to the queue, and for none is the bank called twice."""
    for payment, times in Counter(text for text, _ in _given_back(probe)).most_common(1):
        if times > BACK:
            raise Wrong(
                f"`{name(function)}` gave `{payment}` back to the queue {times} times: it comes again at once, and "
                "after 20 times the broker drops it (lesson 12). Keep it, and wait for a token"
            )
    for payment, times in Counter(probe.ledger.tasks("begun")).most_common(1):
        if times > 1:
            raise Wrong(f"`{name(function)}` called the bank {times} times for `{payment}`, and once is right")


def _given_back(probe: Probe) -> Iterator[tuple[str, float]]:
    """Each payment that was put back into its queue, and when."""
    for each in probe.wire.conversations:
        yield from ((given.text, back.at) for given, back in answered(each, spec.Basic.Nack, spec.Basic.Reject))


def _held(probe: Probe, function: Learners, one: Rush) -> None:
    given = sorted(each.at for each in deliveries(probe.wire) if each.body in one.payments)
    charged = [entry.at for entry in probe.ledger.entries if entry.what == "done" and entry.task in one.payments]
    over = charged + [at for text, at in _given_back(probe) if text in one.payments]
    held = max((count - sum(at < now for at in over) for count, now in enumerate(given, 1)), default=0)
    if held > HELD:
        raise Wrong(
            f"`{name(function)}` had {held} payments of `{one.queue}` in its hands that were not charged: what waits "
            f"for a token waits in the queue, and at most {HELD} with the worker. What is its prefetch?"
        )


def _kept(probe: Probe, function: Learners, quota: Quota, one: Rush) -> None:
    calls = one.calls(probe)
    too_many = quota.broken(calls) or quota.early(calls, one.sent)
    if not too_many:
        return
    count, seconds = too_many
    allowed = f"{quota.burst} + {quota.rate:g} × {seconds:.2f} = {quota.allows(seconds):.0f}"
    called = f"`{name(function)}` called the bank {count} times for `{one.queue}` in {seconds:.2f} s, and {allowed}"
    rate = last_rate(calls)
    if rate > FAST * quota.rate:
        why = "it goes on as fast as it can: is there one bucket for all calls, and does it overflow at `burst`?"
    elif rate > MORE * quota.rate:
        why = f"it goes on with {rate:.0f} a second, so is there more than one bucket?"
    else:
        why = "its bucket holds more than `burst`, or fills faster than `rate`"
    raise Wrong(f"{called} are allowed: {why}")


def in_least_time(probe: Probe, function: Learners, quota: Quota, *rushes: Rush) -> None:
    """No token was wasted while a payment of its queue waited."""
    late = [one for one in rushes if _late(probe, quota, one)]
    if not late:
        return
    one = late[-1]
    calls = one.calls(probe)
    behind = {each.queue: quota.behind(each.calls(probe), each.arrived) for each in rushes}
    came = (
        f"the last of {len(calls)} payments of `{one.queue}` were charged {behind[one.queue]:.2f} s later than allowed"
    )
    others = [queue for queue, seconds in behind.items() if seconds <= SLOW]
    if others:
        raise Wrong(
            f"{came}, and those of `{others[0]}` were not: while `{name(function)}` waits for a token of one "
            "shop, the others must go on"
        )
    every = sorted(at for each in rushes for at in each.calls(probe))
    if len(rushes) > 1 and (len(every) - 1) / (every[-1] - every[0]) < 1.5 * quota.rate:
        raise Wrong(
            f"{came}: `{name(function)}` made {last_rate(every):.0f} calls a second for all {len(rushes)}, and "
            f"{quota.rate:g} are allowed for each. Does each have a bucket of its own, with the whole rate?"
        )
    raise Wrong(f"{came}: {_too_slow(function, quota, calls)}")


def none_waits_for_another(probe: Probe, function: Learners, quota: Quota, many: Rush, few: Rush) -> None:
    """While the few spent the tokens that they had, the many, who had none left, were not called for in between."""
    saved = few.calls(probe)[: quota.burst]
    between = sum(saved[0] < at < saved[-1] for at in many.calls(probe))
    if between > BETWEEN * len(saved):
        raise Wrong(
            f"while there were tokens for {len(saved)} of `{few.queue}`, the bank was called {between} times for "
            f"`{many.queue}` in between, which had none: while `{name(function)}` waits for a token of one shop, the "
            "others must go on"
        )


def _too_slow(function: Learners, quota: Quota, calls: Sequence[float]) -> str:
    gap, drop = usual_gap(calls), 1 / quota.rate
    if not quota.without_burst(calls):
        return f"after the burst there is a token every {drop:g} s, and a call every {gap:.3f} s"
    slept = f", and one every {gap:.3f} s after it, not every {drop:g}: the call takes its time, too"
    return (
        f"after a quiet time {quota.burst} may be charged at once, and `{name(function)}` waited before "
        f"each{slept if gap > 1.1 * drop else ''}"
    )


def _late(probe: Probe, quota: Quota, one: Rush) -> bool:
    """Behind to the end, and because it waited although there were tokens: not because the machine is busy."""
    calls = one.calls(probe)
    wasted = quota.wasted(calls, _could(probe, one))
    waited = max(wasted) > STUCK or median(wasted) > WASTED / quota.rate
    return waited and quota.behind(calls, one.arrived) > SLOW


def _could(probe: Probe, one: Rush) -> list[float]:
    """When each call could be made but for tokens: the payment was there, and the call before it over.

    What the broker needs to hand a payment over counts, and what the function needs to ask for it does not.
    """
    given = {each.body: each.at for each in deliveries(probe.wire)}
    begun = {entry.task: entry.at for entry in probe.ledger.entries if entry.what == "begun"}
    done = {entry.task: entry.at for entry in probe.ledger.entries if entry.what == "done"}
    arrived = dict(zip(one.payments, one.arrived, strict=True))
    asked = sorted(_asked(probe, one))
    before, moments = 0.0, []
    for payment in sorted(one.payments, key=lambda payment: begun[payment]):
        free, came = max(arrived[payment], before), given.get(payment, 0.0)
        since = max([arrived[payment], *(at for at in asked if at < came)])
        moments.append(free + max(0.0, came - since) if came > free else free)
        before = done.get(payment, begun[payment])
    return moments


def _asked(probe: Probe, one: Rush) -> Iterator[float]:
    """When the function made room for another payment of that queue, by an ack, or asked for one."""
    for each in probe.wire.conversations:
        yield from (ack.at for given, ack in answered(each, spec.Basic.Ack) if given.text in one.payments)
        yield from (said.at for said in list(each.said) if isinstance(said.method, spec.Basic.Get))


def charged(probe: Probe, function: Learners, child: Child, *rushes: Rush) -> None:
    """Every payment was charged once and then acknowledged, and the worker goes when it is told to."""
    payments = [payment for one in rushes for payment in one.payments]
    probe.wait(lambda: probe.ledger.tasks("done"), lambda found: len(found) >= len(payments) or not child.alive)
    acked_when_done(probe, function)
    each_once(probe, payments)
    probe.wait(lambda: sum(probe.held(one.queue) for one in rushes), lambda held: not held)
    probe.stopped(function, child)
    for one in rushes:
        if left := probe.wait_ready(one.queue, 0).seen:
            raise Wrong(f"all was charged, and {left} payments were in `{one.queue}` again: acknowledge each")
