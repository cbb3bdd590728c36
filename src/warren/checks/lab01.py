"""Lab 01, Hello, queue: publish into a durable queue, take exactly so many, and lose nothing when killed."""

from __future__ import annotations

from typing import Any

from pika import spec

from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done, wrong
from warren.checks.scenarios import (
    acked_when_done,
    each_once,
    killed_mid_work,
    queue_holds,
    shared_durable_queue,
    taken_by_hand,
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
    probe.run(send_orders, orders=tomorrow)
    if probe.wait_ready("orders", 25).seen == len(tomorrow):
        return wrong(
            "it sent 20 orders, was called again with 5 more, and then only those 5 were in the queue: "
            "orders that wait must stay, so declare the queue and neither delete nor purge it"
        )
    queue_holds(probe, "orders", today + tomorrow)
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
    taken_by_hand(probe, take_orders)
    _took_from_the_queue(probe, take_orders)
    if isinstance(taken, list) and taken and taken.count(taken[0]) > 1:
        return wrong(
            f"it took `{taken[0]}` {taken.count(taken[0])} times: put back, an order is the next to come again"
        )
    left = probe.wait_ready("orders", 7).seen
    if left == 12:
        return wrong("it took 5 of 12 orders, and when it had ended all 12 were ready again: it acknowledged none")
    if left != 7:
        return wrong(f"it was asked for 5 of 12 orders, and when it had ended {left or 0} were ready, not 7")
    _returned(take_orders, taken, waiting[:5])
    rest = probe.run(take_orders, count=10)
    _returned(take_orders, rest, waiting[5:])
    if left := probe.wait_ready("orders", 0).seen:
        return wrong(f"it took the last 7 orders, and when it had ended {left} were ready again")
    return done(
        "it took and acknowledged 5 of 12 orders and left 7 ready; asked for 10 more, it took those 7 and came back"
    )


def _took_from_the_queue(probe: Probe, function: Learners) -> None:
    if not probe.wire.said(spec.Basic.Get, spec.Basic.Consume):
        raise Wrong(f"`{name(function)}` took no message: it called neither `basic_get` nor `basic_consume`")


def _returned(function: Learners, seen: Any, asked: list[str]) -> None:
    """The function returned these orders as a list of text."""
    if isinstance(seen, (list, tuple)) and any(isinstance(one, bytes) for one in seen):
        raise Wrong(f"`{name(function)}` returned bytes: `body.decode()` makes text of them")
    if not isinstance(seen, (list, tuple)):
        raise Wrong(
            f"`{name(function)}` should return the list of {len(asked)} orders and returned {type(seen).__name__}"
        )
    if list(seen) != asked:
        raise Wrong(
            f"`{name(function)}` should return {len(asked)} orders, the first `{asked[0]}`, and returned {_first(seen)}"
        )


def _first(seen: list[Any] | tuple[Any, ...]) -> str:
    return f"{len(seen)}, the first {seen[0]!r}" if seen else "none"


@exercise(
    3,
    "Killed while packing",
    "The broker keeps a message until it is acknowledged. Until which moment must it keep an order?",
    "Do the work first, acknowledge afterwards, each order for itself. What was not acknowledged when the process died "
    "goes back to the queue without your help.",
    "In a loop: `basic_get`; leave if `method` is None; `pack(body.decode())`; `basic_ack(method.delivery_tag)`.",
)
def survive(probe: Probe, pack_orders: Learners) -> Result:
    """Killed in the middle of the fourth of twelve orders, then started again."""
    waiting = orders(1, 12)
    probe.declare("orders")
    probe.publish("orders", waiting)
    killed_mid_work(probe, pack_orders, "orders", waiting, probe.ledger.work("pack", holds=(waiting[3],)))
    probe.ledger.release()
    probe.run(pack_orders, pack=probe.ledger.work("pack"))
    acked_when_done(probe, pack_orders)
    if left := probe.wait_ready("orders", 0).seen:
        return wrong(f"started again after the kill, it returned with {left} orders still in the queue")
    each_once(probe, waiting)
    return done(
        "it was killed while it packed order 4 of 12; started again it packed the rest: none lost, none packed twice"
    )
