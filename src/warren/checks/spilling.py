"""A till before a broker that refuses: what it tries and when, what it keeps, and in which order it sends it on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from pika import exceptions, spec

from warren.checks.arrivals import took_out
from warren.checks.breakers import LIMIT, REST, SLACK, Call, too_early
from warren.checks.confirms import sent
from warren.checks.customers import Customers, asked_for, handed_over
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.publishing import asked_for_confirms, to_the_queue
from warren.checks.result import Wrong, short
from warren.checks.scenarios import queue_holds
from warren.workers import Child

QUEUE = "orders"
LATE = 1.2  # rests after the last try: the function saw its failure a little later than the wire


class Till:
    """The learner's function at work: run again and again with the same spill, and the queue full or not."""

    def __init__(self, probe: Probe, function: Learners, orders: Sequence[str], spill: Path) -> None:
        self.probe, self.function, self.orders, self.spill = probe, function, list(orders), spill
        self._began = 0  # calls made by earlier runs

    def runs(self, orders: Sequence[str], holds: Sequence[str]) -> Child:
        """Begin a run with these orders; those in `holds` do not come yet. Its breaker is a new one."""
        self._began = len(self.tries())
        self.probe.ledger.hold()
        customers = Customers(self.probe.ledger, orders, holds)
        return self.probe.start(self.function, orders=customers, spill=str(self.spill))

    def tries(self) -> list[Call]:
        """Every publish so far, as calls."""
        return [Call(one.text, one.at, one.answered, one.answer == "nack") for one in sent(self.probe.wire)]

    def this_run(self) -> list[Call]:
        return self.tries()[self._began :]

    def until_asked_for(self, child: Child, order: str) -> None:
        """Wait until the function wants that order, which does not come; all was as it should be so far."""
        self.probe.wait(
            self._progress, lambda _: asked_for(self.probe.ledger, order) or not child.alive or self._stays()
        )
        self.as_it_should_be()
        if asked_for(self.probe.ledger, order):
            return
        if not child.alive:
            self.probe.returned(self.function, child)
        taken = len(set(handed_over(self.probe.ledger)))
        raise Wrong(
            f"`{name(self.function)}` asked for {_counted(taken, 'order')}, and "
            + ("returned" if not child.alive else "then for no more while the queue was full: customers don't wait")
        )

    def as_it_should_be(self) -> None:
        """What was published so far kept to the breaker's rule and to the orders' order."""
        asked_for_confirms(self.probe, self.function)
        to_the_queue(self.probe, self.function, QUEUE, self.orders)
        if not all(method.mandatory for method in self.probe.wire.said(spec.Basic.Publish)):
            raise Wrong(
                f"`{name(self.function)}` publishes without `mandatory=True`: the broker confirms also what no queue "
                "takes, and that order would leave the file"
            )
        self._in_order()
        early = too_early(self.this_run())
        if early is None:
            return
        after = "a probe was refused" if early.in_a_row > LIMIT else f"the queue had refused {LIMIT} times in a row"
        raise Wrong(f"{after}, and `{name(self.function)}` tried again before {REST:g} s were over")

    def _progress(self) -> int:
        """A number that changes as long as the function does something; all was as it should be."""
        self.as_it_should_be()
        return len(self.probe.ledger.entries) + len(self.tries())

    def _stays(self) -> bool:
        """True for a function that tries more often than a breaker needs to open, and asks for no other order."""
        handed = max((entry.at for entry in self.probe.ledger.entries if entry.what == "done"), default=0.0)
        return sum(one.began > handed for one in self.this_run()) > LIMIT

    def _in_order(self) -> None:
        """Each publish is the oldest order that the broker does not have."""
        confirmed = 0
        for one in self.tries():
            if one.what not in self.orders:
                raise Wrong(
                    f"an order should be sent as it is, such as `{self.orders[0]}`, and was `{short(one.what)}`"
                )
            if (number := self.orders.index(one.what)) < confirmed:
                raise Wrong(
                    f"`{one.what}` was sent again although the broker had confirmed it: what is confirmed leaves the "
                    "spill"
                )
            if number > confirmed and self._began and self.this_run()[0] == one:
                raise Wrong(
                    f"a till was killed while orders waited, and the next one began with `{one.what}`: "
                    f"`{self.orders[confirmed]}` is not in the file, or was not looked for (SQLite forgets what is not "
                    "committed: `isolation_level=None` commits each at once)"
                )
            if number > confirmed:
                raise Wrong(f"`{one.what}` was sent while `{self.orders[confirmed]}` was still waiting: it overtakes")
            confirmed += not one.failed and one.ended < float("inf")

    def gave_up_after_three(self) -> None:
        """The queue has refused as often as it takes to open a breaker, and not less."""
        if (made := len(self.this_run())) < LIMIT:
            taken = len(set(handed_over(self.probe.ledger)))
            raise Wrong(
                f"{taken} orders came while the queue was full, and `{name(self.function)}` made "
                f"{_counted(made, 'try')}: {LIMIT} refusals in a row open the breaker, and with each order there is a "
                "try until then"
            )

    def does_not_wait(self) -> None:
        """The orders that came when the breaker was open were taken at once."""
        came = [entry.at for entry in self.probe.ledger.entries if entry.what == "done"]
        waited = min(later - at for at, later in pairwise(came[LIMIT:]))
        if waited > SLACK * REST:
            raise Wrong(
                f"with the breaker open, `{name(self.function)}` took {waited:.1f} s for each order before it asked "
                "for the next: customers don't wait. Write it to the file, and ask"
            )

    def rests(self, child: Child, orders: Sequence[str]) -> None:
        """The first of these orders comes in the middle of the rest: nothing is tried."""
        time.sleep(max(0.0, self.tries()[-1].ended + REST / 2 - time.monotonic()))
        self.probe.ledger.release(*orders[:-1])
        self.until_asked_for(child, orders[-1])

    def probes_once(self, child: Child, orders: Sequence[str]) -> None:
        """The rest is over, and orders come, all but the last: one try, which is refused."""
        self.gave_up_after_three()
        before = self._rested()
        self.probe.ledger.release(*orders[:-1])
        self.until_asked_for(child, orders[-1])
        if len(self.tries()) == before:
            raise Wrong(
                f"the rest of {REST:g} s was over, {len(orders) - 1} orders came, and `{name(self.function)}` tried "
                "nothing: it never becomes half-open"
            )

    def goes_on(self, child: Child) -> None:
        """There is room, the rest is over, and the last orders come: the function sends all, and returns."""
        self._rested()
        self.probe.ledger.release()
        self.probe.wait(self._progress, lambda _: not child.alive)
        self.as_it_should_be()

    def _rested(self) -> int:
        """Wait until the rest after the last try is over; how many tries there were."""
        made = self.tries()
        time.sleep(max(0.0, made[-1].ended + LATE * REST - time.monotonic()))
        return len(made)

    def all_arrived(self) -> None:
        """Each order is in the queue, once, and in order."""
        sent_now = {one.what for one in self.tries() if not one.failed}
        if missing := [order for order in self.orders if order not in sent_now]:
            raise Wrong(
                f"`{name(self.function)}` returned, there was room, and {len(missing)} of {len(self.orders)} orders "
                f"were not sent, the first of them `{missing[0]}`: replay what is in the spill"
            )
        queue_holds(self.probe, QUEUE, self.orders)

    def kept(self) -> None:
        """What was handed over and not confirmed is on disk."""
        if not self.spill.exists() or not self.spill.stat().st_size:
            waiting = len(set(handed_over(self.probe.ledger)))
            raise Wrong(
                f"{waiting} orders were taken, the queue was full, and the file `spill` is "
                f"{'empty' if self.spill.exists() else 'not there'}: killed now, the till has lost them"
            )


def filled(probe: Probe, most: int) -> None:
    """Another till fills the queue until it refuses; ends the check if it never does."""
    with contextlib.suppress(exceptions.NackError), probe.channel() as channel:
        channel.confirm_delivery()
        for _ in range(2 * most):
            channel.basic_publish("", QUEUE, b"an order of another till")
        raise Wrong(took_out(probe) or f"`{QUEUE}` is not full with {2 * most} orders: somebody changed it")


def _counted(count: int, what: str) -> str:
    many = {"try": "tries"}.get(what, f"{what}s")
    return f"{count} {what if count == 1 else many}"
