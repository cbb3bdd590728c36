"""Lab 13, Quorum queues and streams: a late reader, two bookmarks, five stories and the queues they need."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pika import spec

from warren.checks.bookmarks import must_go_on, own_beginning
from warren.checks.deliveries import refused
from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.ledger import Ledger
from warren.checks.pause import PAUSE, still_works
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done
from warren.checks.routes import listed, publish
from warren.checks.stories import (
    copies_elsewhere,
    for_every_reader,
    gone,
    kept,
    must_be_possible,
    one_at_a_time,
    private,
    task_for_one,
    urgent_first,
)
from warren.checks.streams import STREAM, must_ack, must_have_read, wherefrom
from warren.workers import Child

HELD = "sale 12"
# The broker begins each segment with a note of its own, which takes an offset: with one sale in each segment, offsets
# are no counts. Segments of small messages won't do: who reads them while they are written is thrown out (541, 4.3.6).
# Two that come before any reader are small, and share a segment with the next one: there is no calculating either.
SMALL = {"x-stream-max-segment-size-bytes": 5000}
BULKY = {"note": 5000 * "."}
SHARING = ("sale 5", "sale 11")
SHOP = ("payments", "sales", "screen", "parcels", "bookings")


def sales(first: int, last: int) -> list[str]:
    return [f"sale {number}" for number in range(first, last + 1)]


@exercise(
    1,
    "The late reader",
    "A stream must be told where to begin. And it wants two things that a queue does without.",
    "A prefetch, manual acks, and the argument `x-stream-offset` of the *subscription*, not of the queue: which of "
    "first, last and next is it?",
    '`channel.basic_qos(prefetch_count=100)`, then `channel.consume("sales", arguments={"x-stream-offset": "first"}, '
    "inactivity_timeout=0.1)` in the loop you know, and `basic_ack` after `book`.",
)
def late(probe: Probe, read_all_sales: Learners) -> Result:
    """A hundred and thirty sales are there before the reader, more than its likely prefetch; three come later."""
    before, after = sales(1, 130), sales(131, 133)
    probe.declare("sales", arguments=STREAM)
    probe.publish("sales", before)
    child = probe.start(read_all_sales, workers=1, book=probe.ledger.work("book"))
    must_have_read(probe, read_all_sales, child, probe.ledger, before)
    child.wait(PAUSE)
    still_works(probe, read_all_sales, child)
    probe.publish("sales", after)
    must_have_read(probe, read_all_sales, child, probe.ledger, before + after)
    probe.stopped(read_all_sales, child)
    must_ack(probe, read_all_sales)
    return done("130 sales from before and 3 from after: booked in order, each once")


@exercise(
    2,
    "Two bookmarks",
    "What must be in the file, so that another process knows where to go on? And when is it written: before or after "
    "the sale is booked?",
    'Each message brings its offset: `properties.headers["x-stream-offset"]`. Write it down when the sale is booked. '
    "The next one to read is the one behind it.",
    '`int(bookmark.read_text()) + 1 if bookmark.exists() else "first"` is the `x-stream-offset` to begin with; after '
    'each `book(…)`: `bookmark.write_text(str(int(properties.headers["x-stream-offset"])))`.',
)
def bookmarks(probe: Probe, go_on_reading: Learners) -> Result:
    """One department is killed in the middle of a sale, and comes back when more have come; the other reads on."""
    probe.declare("sales", arguments=STREAM | SMALL)
    for sale in sales(1, 30):
        publish(probe, "", "sales", [sale], {} if sale in SHARING else BULKY)
    with contextlib.ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="warren-bookmarks-")))
        stock = until_the_end.enter_context(contextlib.closing(Ledger()))

        def start(ledger: Ledger, bookmark: str) -> Child:
            book = ledger.work("book", holds=(HELD,) if ledger is probe.ledger else ())
            child = probe.start(go_on_reading, workers=1, book=book, bookmark=folder / bookmark)
            until_the_end.callback(child.kill)  # or it would go on writing while the folder is removed
            return child

        other, since = _one_is_killed(probe, go_on_reading, start, stock)
        again = start(probe.ledger, "accounts")
        must_go_on(probe, go_on_reading, again, folder / "accounts", HELD, sales(1, 35), since)
        must_have_read(probe, go_on_reading, other, stock, sales(1, 35))
        again.stop()
        for child in (other, again):
            probe.stopped(go_on_reading, child)
    must_ack(probe, go_on_reading)
    return done(
        f"one department was killed in the middle of `{HELD}` and came back, the other noticed nothing: "
        "each booked 35 sales, lost 0, done twice 0"
    )


def _one_is_killed(
    probe: Probe, function: Learners, start: Callable[[Ledger, str], Child], stock: Ledger
) -> tuple[Child, float]:
    """The first department dies at the sale that is held, the second has come; then come more sales.

    Returns the second department, and when the first one was killed.
    """
    accounts = start(probe.ledger, "accounts")
    _begun(probe, function, accounts)
    came = time.monotonic()
    other = start(stock, "stock")
    own_beginning(probe, other, came)
    must_have_read(probe, function, other, stock, sales(1, 30))
    accounts.kill()
    killed = time.monotonic()
    probe.ledger.release()
    publish(probe, "", "sales", sales(31, 35), BULKY)
    return other, killed


def _begun(probe: Probe, function: Learners, child: Child) -> None:
    """The sale that is held is being worked on."""
    seen = probe.wait(
        lambda: probe.ledger.tasks("begun"),
        lambda begun: HELD in begun or len(set(begun)) < len(begun) or not child.alive or wherefrom(probe) == "next",
    )
    if HELD not in seen.seen:
        must_have_read(probe, function, child, probe.ledger, sales(1, 11))
        raise Wrong(f"`{name(function)}` booked eleven sales, and in {seen.within:g} s it did not begin `{HELD}`")


@exercise(
    3,
    "Five stories",
    "Ask of each: is it a task, done once and then gone, or a record that many read? Must it outlive its machine? Its "
    "program?",
    "Copies on other machines: `quorum` or `stream`. Read by many, also later: `stream`. Belongs to one connection: "
    "`exclusive`, which only a classic queue can be. Two more arguments are in the lesson.",
    "`payments` quorum · `sales` stream · `screen` `exclusive=True`, without `durable` · `parcels` classic with "
    '`x-max-priority` · `bookings` quorum with `"x-single-active-consumer": True`. Then '
    "`while not worker.stopping: connection.process_data_events(0.1)`.",
)
def stories(probe: Probe, open_the_shop: Learners) -> Result:
    """Each queue is used as its story tells, while the program that declared it is there."""
    child = probe.start(open_the_shop, workers=1)
    _opened(probe, open_the_shop, child)
    payments = task_for_one(probe, "payments", [f"payment {number}" for number in range(1, 7)])
    copies_elsewhere("payments", payments)
    for_every_reader(probe, "sales", sales(1, 5))
    try:
        private(probe, "screen")
    except Wrong:
        child.wait(probe.at_once)  # its queue may be gone a moment before the program
        _stays(probe, open_the_shop, child)
        raise
    urgent_first(probe, "parcels")
    bookings = one_at_a_time(probe, "bookings", [f"booking {number}" for number in range(1, 5)])
    copies_elsewhere("bookings", bookings)
    _stays(probe, open_the_shop, child)
    if probe.wire.said(spec.Basic.Publish, spec.Basic.Consume, spec.Basic.Get):
        raise Wrong(f"`{name(open_the_shop)}` publishes or reads, too: it opens the shop, and others work in it")
    probe.stopped(open_the_shop, child)
    gone(probe, "screen")
    kept(probe, set(SHOP) - {"screen"})
    return done(
        "payments were shared by two clerks, sales read twice from the first one on, the screen's prices private and "
        "gone with it, express before standard, bookings by one at a time; payments and bookings in quorum queues"
    )


def _opened(probe: Probe, function: Learners, child: Child) -> None:
    """All five queues are there, and the program too."""
    seen = probe.wait(
        probe.queues, lambda names: set(SHOP) <= set(names) or not child.alive or bool(probe.wire.refusals())
    ).seen
    must_be_possible(probe)
    if probe.wire.refusals():
        child.wait(probe.at_once)
    _stays(probe, function, child)
    if missing := set(SHOP) - set(seen):
        exclusive = {one.queue for one in probe.wire.said(spec.Queue.Declare) if one.exclusive} & missing
        went = "it was `exclusive`, and went with the connection that declared it" if exclusive else None
        why = refused(probe.wire) or went
        raise Wrong(f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} not there{f': {why}' if why else ''}")


def _stays(probe: Probe, function: Learners, child: Child) -> None:
    """The program is there, and with it what belongs to it."""
    if not child.alive:
        probe.returned(function, child)
        raise Wrong(f"`{name(function)}` went home while `worker.stopping` was False, and the screen's prices with it")
