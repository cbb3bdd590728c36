"""Lab 03, Publish and subscribe: three departments hear one event, a screen leaves nothing behind, stock was away."""

from __future__ import annotations

from collections.abc import Sequence

from warren.checks.announcements import announced
from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done, short, wrong
from warren.checks.routes import Trial, arrived, bound, durable_exchange, listed, publish
from warren.checks.scenarios import (
    acked_when_done,
    begun_once,
    called_rightly,
    closed,
    each_once,
    published_nothing,
    queue_holds,
    same_texts,
    shared_durable_queue,
)
from warren.checks.subscriptions import (
    holds_all,
    nothing_left,
    open_exchange,
    queue_comes_first,
    stays,
    stays_subscribed,
    subscriber,
    untouched,
    why_missed,
)
from warren.workers import Child

EVENT = "goods-returned"  # the exchange
DEPARTMENTS = ("audit", "email", "stock")
NEW = "newsletter"  # a department that subscribes between the two days
GOODS = ("a kettle", "crème brûlée", "a lamp", "blue socks")
PAUSE = 0.3  # seconds without any event; who looks every 0.1 s meets it several times


def returns(first: int, last: int) -> list[str]:
    """The texts of returns `first` to `last`."""
    return [f"return {number}: {GOODS[number % len(GOODS)]}" for number in range(first, last + 1)]


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
    today, tomorrow = returns(1, 5), returns(6, 7)
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
    try:
        probe.run(function, returns=today)
    except Wrong:
        queue_comes_first(probe, EVENT)
        raise
    announced(probe, function, EVENT, today)
    durable_exchange(probe, function, EVENT, "fanout")
    _a_queue_each(probe, function)
    _every_queue_bound(probe)
    for department in DEPARTMENTS:
        holds_all(probe, department, today)
    if transient := sum(not one.persistent for one in probe.messages(DEPARTMENTS[0])):
        raise Wrong(
            f"{transient} of {len(today)} messages are transient: exchange, queues and bindings would survive a "
            "restart of the broker, and the returns would not (`delivery_mode`, lesson 02)"
        )
    closed(probe, function)


def _a_queue_each(probe: Probe, function: Learners) -> None:
    queues = probe.queues()
    if len(queues) == 1 and queues[0] not in DEPARTMENTS:
        raise Wrong(
            f"there is one queue, `{short(queues[0])}`, for three departments: programs that share a queue compete, "
            "and each return would reach one of them"
        )
    for department in DEPARTMENTS:
        shared_durable_queue(probe, function, department)


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
    """Two screens beside the audit's queue; at the end one is stopped and one killed."""
    before, first, later = returns(1, 2), returns(3, 5), returns(6, 8)
    open_exchange(probe, EVENT, "audit")
    publish(probe, EVENT, "", before)
    work = probe.ledger.work("show")
    one, its_queue = subscriber(probe, show_returns, EVENT, ["audit"], show=work)
    other, _ = subscriber(probe, show_returns, EVENT, ["audit", its_queue], show=work)
    screens = (one, other)
    publish(probe, EVENT, "", first)
    _all_shown(probe, show_returns, screens, first)
    one.wait(PAUSE)
    publish(probe, EVENT, "", later)
    _all_shown(probe, show_returns, screens, first + later)
    probe.stopped(show_returns, one)
    other.kill()
    nothing_left(probe, show_returns, ["audit"])
    untouched(probe, show_returns, "audit", before + first + later)
    return done(
        "two screens each showed the same 6 returns, none from before they came; one was stopped and one killed, and "
        "nothing of them is left on the broker"
    )


def _all_shown(probe: Probe, function: Learners, screens: Sequence[Child], asked: Sequence[str]) -> None:
    """Each screen showed exactly these, in this order."""

    def shown() -> list[list[str]]:
        entries = [entry for entry in probe.ledger.entries if entry.what == "done"]
        return [[entry.task for entry in entries if entry.by.startswith(f"{one.pid}:")] for one in screens]

    waited = probe.wait(
        shown,
        lambda seen: all(len(each) >= len(asked) for each in seen) or not all(one.alive for one in screens),
    )
    for screen, seen in zip(screens, waited.seen, strict=True):
        stays(probe, function, screen)
        same_texts(seen, asked, "show")
        if len(seen) < len(asked):
            called_rightly(probe, function, "show")
            raise Wrong(
                f"{len(asked)} returns were announced, and after {waited.within:g} s a screen showed {len(seen)}"
            )
        if seen != list(asked):
            raise Wrong(f"a screen should show each return once, in order, and showed `{short(seen[len(asked) - 1])}`")


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
    """Four returns while it runs, four while it is away, two when it is back; the audit's queue is another's."""
    first, meanwhile, later = returns(1, 4), returns(5, 8), returns(9, 10)
    open_exchange(probe, EVENT, "audit")
    work = probe.ledger.work("shelve")
    child, _ = subscriber(probe, put_back, EVENT, ["audit"], shelve=work)
    publish(probe, EVENT, "", first)
    _all_shelved(probe, put_back, child, first)
    child.wait(PAUSE)
    stays(probe, put_back, child)
    probe.stopped(put_back, child)
    stays_subscribed(probe, put_back, EVENT, "stock")
    if back := probe.wait_ready("stock", 0).seen:
        return wrong(
            f"it shelved 4 returns, and when it had stopped {back} were in `stock` again: it acknowledged too few"
        )
    publish(probe, EVENT, "", meanwhile)
    child = probe.start(put_back, workers=1, shelve=work)
    _all_shelved(probe, put_back, child, first + meanwhile)
    publish(probe, EVENT, "", later)
    _all_shelved(probe, put_back, child, first + meanwhile + later)
    probe.stopped(put_back, child)
    each_once(probe, first + meanwhile + later)
    untouched(probe, put_back, "audit", first + meanwhile + later)
    return done(
        "it shelved 4 returns and went; 4 more were announced while it was away, 2 when it was back: all 10 are on the "
        "shelf, each once, and the audit has all 10 too"
    )


def _all_shelved(probe: Probe, function: Learners, child: Child, asked: Sequence[str]) -> None:
    waited = probe.wait(
        lambda: probe.ledger.tasks("done"),
        lambda done: len(done) >= len(asked) or not child.alive or probe.early_acks(),
    )
    called_rightly(probe, function, "shelve")
    acked_when_done(probe, function)
    published_nothing(probe, function)
    stays(probe, function, child)
    same_texts(waited.seen, asked, "shelve")
    begun_once(probe, function)
    if len(waited.seen) < len(asked):
        missed = [task for task in asked if task not in waited.seen]
        raise Wrong(
            f"{len(asked)} returns were announced, and `{name(function)}` never got {len(missed)} of them, the first "
            f"`{missed[0]}`" + why_missed(probe, "stock")
        )
