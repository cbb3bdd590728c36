"""A bucket that is a queue: the check drips the tokens into it, so it knows how often the bank may be called."""

from __future__ import annotations

from collections import Counter

from pika import spec

from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.scenarios import called_rightly, same_texts
from warren.workers import Child

BUCKET = "tokens"
SETTLED = 0.15  # seconds after which workers would have made another call, or taken another token
AGAIN = 5  # times a payment may come: once, and once after each kill
OFTEN = 200  # times a second that a worker may ask for a token; every 0.01 s is half of it


def at_work(probe: Probe, function: Learners, child: Child) -> None:
    """The workers take something, be it payments or tokens."""
    probe.wait(
        lambda: sum(len(each.said) for each in probe.wire.conversations),
        lambda _: bool(probe.wire.said(spec.Basic.Consume, spec.Basic.Get)) or not child.alive,
    )
    still_works(probe, function, child)


def drip(probe: Probe, count: int) -> None:
    """Put that many tokens into the bucket."""
    probe.publish(BUCKET, [""] * count)


def left_alone(probe: Probe, function: Learners, child: Child, count: int) -> None:
    """While no payment waits, all these tokens stay in the bucket: one in somebody's hand is another's."""
    drip(probe, count)
    child.wait(SETTLED)
    still_works(probe, function, child)
    left = probe.ready(BUCKET)
    if left != count:
        raise Wrong(
            f"there was no payment, and {left} of {count} tokens were in `{BUCKET}`: `{name(function)}` takes a token "
            "before it has a payment. In its hand no other program can use it, and the bucket fills up once more"
        )


def called(probe: Probe, function: Learners, child: Child, count: int, left: int, payments: list[str]) -> None:
    """The bank was called that often in all, and not once more; that many tokens are left."""
    probe.wait(lambda: len(probe.ledger.tasks("done")), lambda done: done >= count or not child.alive)
    asked = len(probe.wire.said(spec.Basic.Get))
    child.wait(SETTLED)
    still_works(probe, function, child)
    called_rightly(probe, function, "charge")
    begun, workers = probe.ledger.tasks("begun"), max(1, len(probe.wire.conversations))
    same_texts(begun, payments, "charge")
    _by_hand(probe, function, payments)
    _given_back(probe, function, payments)
    _one_for_one(probe, function, len(begun), count, left)
    if (often := (len(probe.wire.said(spec.Basic.Get)) - asked) / SETTLED / workers) > OFTEN:
        raise Wrong(
            f"`{name(function)}` asks for a token {often:.0f} times a second while there is none: wait between two "
            "questions, with `connection.sleep(0.01)`"
        )


def _by_hand(probe: Probe, function: Learners, payments: list[str]) -> None:
    queues = {one.queue for one in probe.wire.said(spec.Basic.Consume, spec.Basic.Get) if one.no_ack}
    if "payments" in queues:
        raise Wrong(f"`{name(function)}` takes payments with `auto_ack=True`: the broker forgets each as it sends it")
    acked = [one.body for one in deliveries(probe.wire) if one.acked and one.body in payments]
    charged = probe.ledger.tasks("done")
    if early := [payment for payment in acked if payment not in charged]:
        raise Wrong(
            f"`{name(function)}` acknowledged `{early[0]}` and has not charged it: first the call, then the ack"
        )


def _given_back(probe: Probe, function: Learners, payments: list[str]) -> None:
    times = Counter(one.body for one in deliveries(probe.wire) if one.body in payments)
    for payment, came in times.items():
        if came > AGAIN:
            raise Wrong(
                f"there was no token, and `{name(function)}` gave `{payment}` back, again and again: it comes at once, "
                "and after 20 times the broker drops it (lesson 12). Keep it, and wait for a token"
            )


def _one_for_one(probe: Probe, function: Learners, begun: int, count: int, left: int) -> None:
    tokens = probe.ready(BUCKET) or 0
    calls = f"`{name(function)}` called the bank {begun} times"
    if any(one.routing_key == BUCKET for one in probe.wire.said(spec.Basic.Publish)):
        raise Wrong(f"`{name(function)}` publishes to `{BUCKET}`: a token one makes oneself limits nothing")
    if not any(one.queue == BUCKET for one in probe.wire.said(spec.Basic.Get, spec.Basic.Consume)):
        raise Wrong(f"{calls}, and never took a token out of `{BUCKET}`: to look whether there is one is not enough")
    if tokens == count + left:
        raise Wrong(f"{calls}, and all {tokens} tokens are in `{BUCKET}` again: a token that comes back is used twice")
    if begun > count or tokens > left:
        spent = count + left - tokens
        raise Wrong(f"{calls}, and took {spent} tokens: each call costs one, also when several payments are at hand")
    if begun < count or tokens < left:
        raise Wrong(
            f"{calls}, there were payments and tokens for {count}, and {tokens} tokens are left where {left} should be:"
            " who takes more than one keeps them from the others"
        )


def killed(probe: Probe, child: Child, waiting: int) -> None:
    """Killed while it waits for tokens: what it has not charged comes back, and what it has spent does not."""
    child.kill()
    if (back := probe.wait_ready("payments", waiting).seen) != waiting:
        raise Wrong(
            f"when it was killed waiting for a token, {back} payments were in the queue again, and {waiting} were not "
            "charged yet: first the token, then the call, then the ack"
        )
    if tokens := probe.wait_ready(BUCKET, 0).seen:
        raise Wrong(
            f"when it was killed, {tokens} tokens that it had spent were in `{BUCKET}` again, and would be spent once "
            "more: acknowledge a token, or take it with `auto_ack=True`"
        )


def gone_home(probe: Probe, function: Learners, child: Child, waiting: int) -> None:
    """Told to stop while it waits for a token, it goes; its payment comes back."""
    charged = len(probe.ledger.tasks("begun"))
    child.stop()
    if not child.wait(probe.patience):
        raise Wrong(
            f"`{name(function)}` went on for {probe.patience:g} s after `worker.stopping` was True: a payment waited "
            "for a token that never came. Look at `worker.stopping` in that loop, too"
        )
    probe.returned(function, child)
    if len(probe.ledger.tasks("begun")) > charged:
        raise Wrong(
            f"`{name(function)}` was told to stop while it waited for a token, and then called the bank without one: "
            "leave the payment, it goes back to the queue by itself"
        )
    if (back := probe.wait_ready("payments", waiting).seen) != waiting:
        raise Wrong(
            f"`{name(function)}` was told to stop while {waiting} payments waited for a token, and {back} are in the "
            "queue: what is not charged is not acknowledged"
        )
