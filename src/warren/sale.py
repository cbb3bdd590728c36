"""Sale day in a few seconds: orders that come when they come, whether or not anybody is ready for them."""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple

from warren.errors import WarrenError

SHOPS: Mapping[str, float] = MappingProxyType({"books": 7, "toys": 2, "wine": 1})
"""The shops of the marketplace, and what share of the orders each has on a sale day: one is far ahead."""
EXPRESS = 0.1
"""The share of orders that have paid for today's parcel."""


class Order(NamedTuple):
    """One order. `due` is when the customer sends it, in seconds since the sale opened."""

    number: int
    due: float
    shop: str
    express: bool

    def __str__(self) -> str:
        return f"order {self.number}"


class Sale:
    """The orders of one sale day, the same ones for the same `seed`.

    `calm` and `rush` are orders a second, at random intervals with these means (a Poisson process, as independent
    customers make one). It rushes for `rush_for` seconds, with `before` seconds of calm ahead of it and `after` behind.
    Raises WarrenError for rates and times below zero, or no orders at all.

    Iterating, with `for` or `async for`, waits for each order until it is due, counted from the first step. Customers
    do not wait for the shop: who takes long over one order gets those that have become due meanwhile at once, and
    `late` says by how much.
    """

    def __init__(
        self,
        calm: float = 20,
        rush: float = 200,
        *,
        before: float = 0.5,
        rush_for: float = 1,
        after: float = 1.5,
        seed: int = 1,
    ) -> None:
        if min(calm, rush, before, rush_for, after) < 0:
            raise WarrenError("A sale's rates and times are numbers of 0 or more.")
        self.lasts = before + rush_for + after
        """Seconds from the opening to the last moment."""
        self.late = 0.0
        """Seconds by which the last order was handed over after it was due."""
        chance = random.Random(seed)  # noqa: S311  customers, not secrets
        parts = ((calm, before), (rush, rush_for), (calm, after))
        ends = list(accumulate(seconds for _, seconds in parts))
        due = [
            at for (rate, seconds), end in zip(parts, ends, strict=True) for at in _at(chance, rate, end - seconds, end)
        ]
        self.orders = tuple(
            Order(number, at, chance.choices(list(SHOPS), list(SHOPS.values()))[0], chance.random() < EXPRESS)
            for number, at in enumerate(due, start=1)
        )
        if not self.orders:
            raise WarrenError("Nobody orders anything on this sale day: give it a rate and a time above 0.")

    def __len__(self) -> int:
        return len(self.orders)

    def __iter__(self) -> Iterator[Order]:
        return self.arriving(time.sleep)

    def arriving(self, sleep: Callable[[float], object]) -> Iterator[Order]:
        """The same with another way to wait, such as `connection.sleep`, during which pika's callbacks run."""
        opened = time.monotonic()
        for order in self.orders:
            if (ahead := opened + order.due - time.monotonic()) > 0:
                sleep(ahead)
            self.late = max(0.0, time.monotonic() - opened - order.due)
            yield order

    async def __aiter__(self) -> AsyncIterator[Order]:
        opened = time.monotonic()
        for order in self.orders:
            if (ahead := opened + order.due - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            self.late = max(0.0, time.monotonic() - opened - order.due)
            yield order

    def by(self, seconds: float) -> int:
        """How many orders are due in the first so many seconds."""
        return bisect_right(self.orders, seconds, key=lambda order: order.due)

    def __repr__(self) -> str:
        return f"Sale of {len(self)} orders in {self.lasts:g} s"


def _at(chance: random.Random, rate: float, begin: float, end: float) -> Iterator[float]:
    """Moments between begin and end, independent of each other."""
    at = begin
    while rate and (at := at + chance.expovariate(rate)) < end:
        yield at
