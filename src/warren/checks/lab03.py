"""Lab 03, Publish and subscribe: three departments hear one event, a screen leaves nothing behind, stock was away."""

from __future__ import annotations

import time
from collections.abc import Sequence

from warren.checks.announcements import Announcements, announced
from warren.checks.exercise import Learners, exercise
from warren.checks.listening import acknowledged, all_shelved, all_shown, shelf_or_queue, stopped_at_work
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done, short, wrong
from warren.checks.routes import Trial, arrived, bound, durable_exchange, listed
from warren.checks.scenarios import (
    closed,
    each_once,
    queue_holds,
)
from warren.checks.subscriptions import (
    holds_all,
    keeps_all,
    nothing_left,
    open_exchange,
    stays,
    stays_subscribed,
    subscriber,
    untouched,
)
from warren.workers import Child

EVENT = "goods-returned"  # the exchange
DEPARTMENTS = ("audit", "email", "stock")
NEW = "newsletter"  # a department that subscribes between the two days
GOODS = ("a kettle", "crème brûlée", "a lamp", "blue socks")
PAUSE = 1.1  # seconds without any event; who goes home when nothing comes for a second does so now


def a_return(number: int) -> str:
    """The text of that return."""
    return f"return {number}: {GOODS[number % len(GOODS)]}"


@exercise(
    1,
    "Three departments, one event",
    "An exchange copies each message to the queues that are bound to it at that moment. So how many queues do three "
    "departments need, and what must be there before the first return is announced?",
    "Declare the exchange (`fanout`, durable), then for each department a durable queue of its own and its binding; "
    "only then publish, each return once, to the exchange.",
    '`channel.exchange_declare("goods-returned", exchange_type="fanout", durable=True)`; for each name `queue_declare` '
    'and `queue_bind(name, "goods-returned")`; then `basic_publish("goods-returned", "", text.encode(), persistent)`.',
)
def open_day(probe: Probe, open_returns: Learners) -> Result:
    """The returns of the first day on an empty broker, one of the check's own, then those of the next day."""
    both = [a_return(number) for number in range(1, 8)]
    today, tomorrow = both[:5], both[5:]
    _first_day(probe, open_returns, today)
    open_exchange(probe, EVENT, NEW)
    probe.run(open_returns, returns=tomorrow)
    for department in DEPARTMENTS:
        _holds_both(probe, department, today, tomorrow)
    if (seen := probe.wait_ready(NEW, len(tomorrow)).seen) != len(tomorrow):
        return wrong(
            f"a fourth queue, `{NEW}`, was bound in the evening, and the next day {seen} of 2 returns came to it: who "
            "deletes the exchange deletes everybody's bindings. Declaring it is enough"
        )
    return done(
        f"{listed(DEPARTMENTS)} each hold all 5 returns, and the 2 of the next day behind them; each was published "
        f"once, and `{NEW}`, bound in the evening, got the 2 as well"
    )


def _first_day(probe: Probe, function: Learners, today: Sequence[str]) -> None:
    """On an empty broker."""
    probe.run(function, returns=today)
    announced(probe, function, EVENT, today)
    durable_exchange(probe, function, EVENT, "fanout")
    _a_queue_each(probe, function)
    _every_queue_bound(probe)
    for department in DEPARTMENTS:
        holds_all(probe, department, today)
        _survive(probe, department)
    closed(probe, function)


def _survive(probe: Probe, department: str) -> None:
    """The messages in the queue are lost neither by waiting nor by a restart, from which a quorum queue saves all."""
    messages = probe.messages(department)
    if any(one.expiration for one in messages):
        raise Wrong("the returns have an `expiration`: what waits longer than that is dropped")
    types = {row["name"]: row.get("type") for row in probe.management.queues(probe.vhost)}
    if types[department] != "quorum" and (transient := sum(not one.persistent for one in messages)):
        raise Wrong(
            f"{transient} of {len(messages)} messages are transient: exchange, queues and bindings would survive a "
            "restart of the broker, and the returns would not (`delivery_mode`, lesson 02)"
        )


def _a_queue_each(probe: Probe, function: Learners) -> None:
    queues = probe.queues()
    if len(queues) == 1 and queues[0] not in DEPARTMENTS:
        raise Wrong(
            f"there is one queue, `{short(queues[0])}`, for three departments: programs that share a queue compete, "
            "and each return would reach one of them"
        )
    for department in DEPARTMENTS:
        keeps_all(probe, function, department)


def _every_queue_bound(probe: Probe) -> None:
    """What the check publishes to the exchange arrives in each department's queue."""
    (there,) = arrived(probe, [Trial(EVENT, "", DEPARTMENTS)])
    for department in DEPARTMENTS:
        if department not in there:
            reached = listed(there) or "no queue"
            raise Wrong(f"a return announced to `{EVENT}` now reaches {reached}: {bound(probe, EVENT, department)}")


def _holds_both(probe: Probe, department: str, today: Sequence[str], tomorrow: Sequence[str]) -> None:
    """After the second day, what was there is there still."""
    again = f"called again the next day with {len(tomorrow)} more returns, "
    if probe.wait_ready(department, len(today) + len(tomorrow)).seen == len(tomorrow):
        raise Wrong(
            f"{again}`{department}` held those alone: what waits for a department must stay, so declare its queue, and "
            "neither delete nor purge it"
        )
    queue_holds(probe, department, [*today, *tomorrow], when=again)


@exercise(
    2,
    "Screens that come and go",
    "Who needs every event from now on, and nothing when it is gone, needs a queue that lives exactly as long as its "
    "connection. Who should choose the name, when there may be many screens?",
    '`channel.queue_declare("", exclusive=True).method.queue` is the name the broker chose. Bind it, then consume from '
    "it.",
    "Loop over `channel.consume(queue, auto_ack=True, inactivity_timeout=0.1)`: leave if `worker.stopping`, go on if "
    "`method` is None, else `show(body.decode())`.",
)
def come_and_go(probe: Probe, show_returns: Learners) -> Result:
    """Two screens beside the audit's queue, and a third that is killed; one stops in silence, one among returns."""
    open_exchange(probe, EVENT, "audit")
    news = Announcements(probe, EVENT, a_return)
    before = len(news.more(2))
    work = probe.ledger.work("show")
    screens: dict[str, Child] = {}  # by their queues
    for _ in range(2):
        screen, queue = subscriber(probe, show_returns, EVENT, ["audit", *screens], show=work)
        screens[queue] = screen
    news.more(3)
    all_shown(probe, show_returns, screens, news.so_far[before:])
    silent = time.monotonic()
    subscriber(probe, show_returns, EVENT, ["audit", *screens], show=work)[0].kill()
    screen.wait(silent + PAUSE - time.monotonic())
    news.more(3)
    all_shown(probe, show_returns, screens, news.so_far[before:])
    for screen, meanwhile in zip(screens.values(), (None, lambda: news.more(1)), strict=True):
        probe.stopped(show_returns, screen, meanwhile)
    nothing_left(probe, show_returns, ["audit"])
    untouched(probe, show_returns, "audit", news.so_far)
    return done(
        "two screens each showed the same 6 returns, none from before they came; they were stopped, a third was "
        "killed, and nothing of them is left on the broker"
    )


@exercise(
    3,
    "Stock was away",
    "Something must collect the returns while the program is not running. What of it may go with the program, and what "
    "must stay?",
    "A durable queue `stock` with its binding stays when the program goes: neither exclusive, nor `auto_delete`, nor "
    "deleted at the end. Declaring and binding it again at the next start does no harm.",
    'Declare and bind `stock`, then loop over `channel.consume("stock", inactivity_timeout=0.1)`: leave if '
    "`worker.stopping`, go on if `method` is None, else `shelve(body.decode())` and "
    "`channel.basic_ack(method.delivery_tag)`.",
)
def was_away(probe: Probe, put_back: Learners) -> Result:
    """It is stopped in the middle of its work, is away, and comes back; the audit's queue is another's."""
    open_exchange(probe, EVENT, "audit")
    news = Announcements(probe, EVENT, a_return)
    held = a_return(5)
    work = probe.ledger.work("shelve", holds=(held,))
    child, _ = subscriber(probe, put_back, EVENT, ["audit"], shelve=work)
    all_shelved(probe, put_back, child, "stock", news.more(3))
    child.wait(PAUSE)
    stays(probe, put_back, child)
    acknowledged(probe)
    news.more(5)
    stopped_at_work(probe, put_back, child, "stock", held, news)
    stays_subscribed(probe, put_back, EVENT, "stock")
    shelf_or_queue(probe, "stock", news.so_far)
    news.more(3)
    child = probe.start(put_back, workers=1, shelve=work)
    all_shelved(probe, put_back, child, "stock", news.so_far)
    news.more(2)
    all_shelved(probe, put_back, child, "stock", news.so_far)
    probe.stopped(put_back, child)
    each_once(probe, news.so_far)
    untouched(probe, put_back, "audit", news.so_far)
    return done(
        f"it was stopped while it shelved `{held}`, with more waiting and more announced while it was away; it "
        "came back, and every return is on the shelf, each once, and in the audit's queue too"
    )
