"""Lab 01, Hello, queue: publish into a durable queue, take exactly so many, and lose nothing when killed."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from pika import spec

from warren.checks.deliveries import deliveries, refused
from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done, short, wrong
from warren.checks.scenarios import (
    acked_when_done,
    closed,
    each_once,
    killed_mid_work,
    published_nothing,
    queue_holds,
    shared_durable_queue,
    skipped_none,
    taken_by_hand,
    undecoded,
)

GOODS = ("tea", "honey", "crème brûlée", "a kettle")


def orders(first: int, last: int) -> list[str]:
    """The texts of orders `first` to `last`; some hold letters that are not ASCII."""
    return [f"order {number}: {GOODS[number % len(GOODS)]}" for number in range(first, last + 1)]


@exercise(
    1,
    "Send the orders",
    "Four steps in this order: connect, open a channel, declare the queue, publish. The lesson has a cell for each.",
    'A shared queue is declared with `durable=True`. The default exchange `""` takes a message to the queue whose name '
    "is its `routing_key`.",
    '`for order in orders: channel.basic_publish("", "orders", order.encode())`, and at the end `connection.close()`.',
)
def send(probe: Probe, send_orders: Learners) -> Result:
    """Orders of today into a queue that is not there yet, then orders of tomorrow behind them."""
    today, tomorrow = orders(1, 20), orders(21, 25)
    probe.run(send_orders, orders=today)
    shared_durable_queue(probe, send_orders, "orders")
    queue_holds(probe, "orders", today)
    closed(probe, send_orders)
    again = time.monotonic()
    probe.run(send_orders, orders=tomorrow)
    if probe.wait_ready("orders", 25).seen == len(tomorrow):
        return wrong(
            "it sent 20 orders, was called again with 5 more, and then only those 5 were in the queue: "
            "orders that wait must stay, so declare the queue and neither delete nor purge it"
        )
    second = "it was called a second time, with 5 more orders: "
    queue_holds(probe, "orders", today + tomorrow, since=again, when=second)
    return done("20 orders are in the durable queue `orders`, and 5 of the next day behind them, all in order")


@exercise(
    2,
    "Take so many and no more",
    "`channel.basic_get` takes one message, or says that there is none. How often must it be called?",
    "`basic_get` returns a method, properties and a body; all three are None when the queue is empty. "
    "`method.delivery_tag` is what `basic_ack` wants.",
    '`for _ in range(count):` then `method, properties, body = channel.basic_get("orders")`; stop if `method` is None; '
    "`channel.basic_ack(method.delivery_tag)` and keep `body.decode()`.",
)
def take(probe: Probe, take_orders: Learners) -> Result:
    """Five out of twelve, then ten where seven are left."""
    waiting = orders(1, 12)
    probe.declare("orders")
    probe.publish("orders", waiting)
    taken = probe.run(take_orders, count=5)
    _taken_well(probe, take_orders, taken)
    _left(probe, taken)
    _returned(take_orders, taken, waiting[:5])
    rest = probe.run(take_orders, count=10)
    ended = time.monotonic()
    published_nothing(probe, take_orders)
    _returned(take_orders, rest, waiting[5:])
    if ended > max(one.at for one in deliveries(probe.wire)) + probe.at_once:
        return wrong(
            f"asked for 10 orders where 7 were left, it went on for more than {probe.at_once:g} s after the last of "
            "them: `basic_get` says at once that the queue is empty (a consumer has to wait, so let it wait less)"
        )
    if left := probe.wait_ready("orders", 0).seen:
        return wrong(f"it took the last 7 orders, and when it had ended {left} were ready again")
    return done(
        "it took and acknowledged 5 of 12 orders and left 7 ready; asked for 10 more, it took those 7 and came back"
    )


def _taken_well(probe: Probe, function: Learners, taken: Any) -> None:
    """It took messages, each once, by hand, and put none back as a new one."""
    taken_by_hand(probe, function)
    published_nothing(probe, function)
    if not probe.wire.said(spec.Basic.Get, spec.Basic.Consume):
        raise Wrong(f"`{name(function)}` took no message: it called neither `basic_get` nor `basic_consume`")
    if isinstance(taken, list):
        for order, times in Counter(map(str, taken)).most_common(1):
            if times > 1:
                raise Wrong(f"it took `{short(order)}` {times} times: put back, an order is the next to come again")


def _left(probe: Probe, taken: Any) -> None:
    """Seven of the twelve orders are ready."""
    left = probe.wait_ready("orders", 7).seen or 0
    if left == 7:
        return
    if reason := refused(probe.wire):
        raise Wrong(reason)
    if left == 12:
        raise Wrong("it took 5 of 12 orders, and when it had ended all 12 were ready again: it acknowledged none")
    acked = sum(one.acked for one in deliveries(probe.wire))
    returned = len(taken) if isinstance(taken, (list, tuple)) else short(repr(taken))
    raise Wrong(
        f"it was asked for 5 of 12 orders, and when it had ended {left} were ready, not 7: "
        f"it returned {returned} and acknowledged {acked}"
    )


def _returned(function: Learners, seen: Any, asked: list[str]) -> None:
    """The function returned these orders as a list of text."""
    returned = f"`{name(function)}` should return the list of {len(asked)} orders, and returned"
    if not isinstance(seen, (list, tuple)):
        raise Wrong(f"{returned} {type(seen).__name__}")
    if any(isinstance(one, bytes) for one in seen):
        raise Wrong(f"{returned} bytes: `body.decode()` makes text of them")
    for number, (order, one) in enumerate(zip(asked, seen, strict=False), 1):
        if order != one:
            raise Wrong(f"{returned} `{short(one)}` as number {number}, which should be `{order}`{undecoded(one)}")
    if len(seen) != len(asked):
        raise Wrong(f"{returned} {len(seen)}")


@exercise(
    3,
    "Killed while packing",
    "The broker keeps a message until it is acknowledged. Until which moment must it keep an order?",
    "Do the work first, acknowledge afterwards, each order for itself. What was not acknowledged when the process died "
    "goes back to the queue without your help.",
    "In a loop: `basic_get`; leave if `method` is None; `pack(body.decode())`; `basic_ack(method.delivery_tag)`.",
)
def survive(probe: Probe, pack_orders: Learners) -> Result:
    """Killed in the middle of the sixth of sixteen orders, again in the middle of the ninth, then left alone.

    Five and three orders are finished before the kills: whoever acknowledges in batches is caught at one of them.
    """
    waiting = orders(1, 16)
    probe.declare("orders")
    probe.publish("orders", waiting)
    for first, held in ((0, 5), (5, 8)):
        work = probe.ledger.work("pack", holds=(waiting[held],))
        killed_mid_work(probe, pack_orders, "orders", waiting[first:], work)
    probe.ledger.release()
    probe.run(pack_orders, pack=probe.ledger.work("pack"))
    published_nothing(probe, pack_orders)
    skipped_none(probe, pack_orders, "pack")
    acked_when_done(probe, pack_orders)
    if left := probe.wait_ready("orders", 0).seen:
        return wrong(f"started again after two kills, it returned with {left} in the queue still")
    each_once(probe, waiting)
    return done(
        "it was killed while it packed order 6 of 16, and again with order 9; started once more it packed the rest: "
        "none lost, none packed twice"
    )
