"""Customers whose orders a learner's function takes one by one, and who come when the check lets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from warren.checks.ledger import Ledger


class Customers:
    """Iterating hands over the orders. The ledger notes "begun" when one is asked for, "done" when it is handed over.

    Those in `holds`, and all behind them, wait for `Ledger.release`.
    """

    def __init__(self, ledger: Ledger, orders: Sequence[str], holds: Sequence[str] = ()) -> None:
        self._orders, self._come = tuple(orders), ledger.work("orders", holds=tuple(holds))

    def __iter__(self) -> Iterator[str]:
        for order in self._orders:
            self._come(order)
            yield order


def asked_for(ledger: Ledger, order: str) -> bool:
    """True when the function asks for that order, so that it is done with the one before."""
    return order in ledger.tasks("begun")


def handed_over(ledger: Ledger) -> list[str]:
    """The orders that the function was given, in order."""
    return ledger.tasks("done")
