"""The load that the lessons on backpressure share."""

from __future__ import annotations

import asyncio
import pickle
from itertools import pairwise

import pytest

from warren import Sale
from warren.errors import WarrenError


def test_the_same_seed_makes_the_same_day() -> None:
    """Orders repeat from run to run, in this process and in another; another seed makes other ones."""
    sale = Sale(seed=3)
    assert sale.orders == Sale(seed=3).orders == pickle.loads(pickle.dumps(sale)).orders
    assert sale.orders != Sale(seed=4).orders


def test_the_rush_is_where_it_was_asked_for() -> None:
    """Rates are those asked for, in each part of the day, within what chance allows."""
    sale = Sale(calm=100, rush=1000, before=2, rush_for=2, after=2)
    calm, rush = sale.by(2), sale.by(4) - sale.by(2)
    assert 140 < calm < 260
    assert 1800 < rush < 2200
    assert len(sale) == sale.by(sale.lasts) == sale.orders[-1].number
    assert all(one.due <= following.due for one, following in pairwise(sale.orders))


def test_shops_and_express_have_their_shares() -> None:
    """One shop is far ahead of the others, and a tenth of the orders is urgent."""
    orders = Sale(calm=0, rush=2000).orders
    shops = [order.shop for order in orders]
    assert shops.count("books") > 2 * shops.count("toys") > 2 * shops.count("wine") > 0
    assert 0.05 < sum(order.express for order in orders) / len(orders) < 0.15


def test_orders_come_when_they_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for who takes long over one: what has become due meanwhile comes at once, and how late is told."""
    now = 100.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr("warren.sale.time.monotonic", lambda: now)
    monkeypatch.setattr("warren.sale.time.sleep", sleep)
    sale = Sale()
    for order in sale:
        assert now - 100 == pytest.approx(max(order.due, now - 100))
        assert sale.late == pytest.approx(now - 100 - order.due)
        if order.number == 50:
            now += 0.5
            worst = order
        if order.number == 51:
            assert sale.late == pytest.approx(0.5 - (order.due - worst.due))
    assert sale.late == pytest.approx(0)


def test_a_connection_may_do_the_waiting() -> None:
    """Who waits with `connection.sleep` lets pika work meanwhile; the moments are the same."""
    naps: list[float] = []
    sale = Sale(before=0, rush_for=0.01, after=0)
    assert [order.number for order in sale.arriving(naps.append)] == [order.number for order in sale.orders]
    assert naps
    assert all(0 < nap <= sale.lasts for nap in naps)


def test_coroutines_wait_too() -> None:
    """`async for` hands over the same orders and lets other coroutines run meanwhile."""

    async def both() -> tuple[list[int], int]:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        numbers = [order.number async for order in Sale(before=0, rush_for=0.05, after=0)]
        beside.cancel()
        return numbers, turns

    numbers, turns = asyncio.run(both())
    assert numbers == list(range(1, len(numbers) + 1))
    assert turns > len(numbers)


@pytest.mark.parametrize(
    "wrong", [{"calm": -1}, {"rush_for": -1}, {"calm": 0, "rush": 0}, {"before": 0, "rush": 0, "after": 0}]
)
def test_no_sale_is_refused(wrong: dict[str, float]) -> None:
    """A day without orders, or with negative rates, is a mistake that is told at once."""
    with pytest.raises(WarrenError):
        Sale(**wrong)  # type: ignore[arg-type]
