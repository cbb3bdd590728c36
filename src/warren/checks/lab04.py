"""Lab 04, Routing: alerts sorted by severity, a publisher that hears what nobody wants, an exchange that loses none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from pika import spec

from warren.checks.alternate import kept
from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done, short
from warren.checks.returns import Posting
from warren.checks.routes import Trial, arrive, bindings, durable_exchange, listed
from warren.checks.scenarios import shared_durable_queue

EXCHANGE = "alerts"
DESKS = {
    "info": ("archive",),
    "warning": ("archive", "helpdesk"),
    "error": ("archive", "helpdesk"),
    "critical": ("archive", "helpdesk", "pager"),
}
SORTED = {"critical": ("pager",), "error": ("helpdesk",), "warning": ("helpdesk",)}
STRAY = ("info", "Critical", "fire in hall 3")  # severities nobody asked for; one looks like another
STRANGER = "dashboard"  # a queue of somebody else's, bound with its own name before the second run
AGAIN = "it ran a second time, as at the next deployment, and then "
Alert = tuple[str, str]
FIRST: list[Alert] = [
    ("info", "backup finished"),
    ("critical", "no space left on disk 1"),
    ("debug", "cache warmed up"),
    ("error", "payment of order 17 refused"),
    ("info", "crème brûlée is sold out"),
    ("error", "label printer jammed"),
]
SECOND: list[Alert] = [("error", "shop page 500"), ("info", "new supplier"), ("critical", "checkout is down")]


def _built_twice(probe: Probe, function: Learners, holds: Callable[[], None], queues: Sequence[str]) -> None:
    """The function builds what `holds`, publishes nothing, and changes nothing when it runs again.

    By then a message waits in each of the `queues`, and a queue of somebody else's is bound.
    """
    probe.run(function)
    if probe.wire.said(spec.Basic.Publish):
        raise Wrong(f"`{name(function)}` published something, and should only declare and bind: others will publish")
    holds()
    with probe.channel() as channel:
        channel.queue_declare(STRANGER, durable=True)
        channel.queue_bind(STRANGER, EXCHANGE, STRANGER)
    for queue in queues:
        probe.publish(queue, [f"waits in {queue}"])
    probe.run(function)
    if not any(one.to == STRANGER for one in bindings(probe)):
        raise Wrong(
            f"{AGAIN}`{STRANGER}`, a queue that somebody else had bound to `{EXCHANGE}`, was not bound any more: who "
            "deletes an exchange deletes everybody's bindings. What is there already may be declared again"
        )
    for queue in queues:
        if not probe.ready(queue):
            raise Wrong(
                f"{AGAIN}the message that waited in `{queue}` was gone: neither delete nor purge a queue to declare it"
            )
    with _said(AGAIN):
        holds()


@contextlib.contextmanager
def _said(when: str) -> Iterator[None]:
    """What is wrong inside is told with these words before it."""
    try:
        yield
    except Wrong as ended:
        raise Wrong(when + ended.result.because) from None


def trials(desks: Mapping[str, tuple[str, ...]]) -> list[Trial]:
    return [Trial(EXCHANGE, severity, queues) for severity, queues in desks.items()]


@exercise(
    1,
    "Sorted by severity",
    "Three steps: declare the exchange, declare the queues, bind. A queue may have as many bindings as it likes, and "
    "each has one key.",
    'A direct exchange: `channel.exchange_declare("alerts", "direct", durable=True)`. The table has eight crosses, and '
    "that makes eight bindings.",
    '`for severity in ("warning", "error", "critical"): channel.queue_bind("helpdesk", "alerts", severity)`, '
    "and the same for the other two queues with their severities.",
)
def sort(probe: Probe, sort_alerts: Learners) -> Result:
    """Built, and built again as at the next deployment; each time one alert of each severity."""
    queues = ("archive", "helpdesk", "pager")

    def holds() -> None:
        durable_exchange(probe, sort_alerts, EXCHANGE, "direct")
        for queue in queues:
            shared_durable_queue(probe, sort_alerts, queue)
        arrive(probe, trials(DESKS))

    _built_twice(probe, sort_alerts, holds, queues)
    return done(
        "four alerts, one of each severity, became 8 messages, each in a queue it belongs to and none in another; "
        f"and so again after `{name(sort_alerts)}` had run a second time"
    )


@exercise(
    2,
    "Who wants to know?",
    "How does a publisher learn that no queue took a message? The lesson tries four combinations; one of them raises "
    "at the line that published.",
    "`channel.confirm_delivery()` once, then each `basic_publish(…, mandatory=True)` in a `try` of its own: an "
    "`UnroutableError` means that nobody wants this alert. Go on with the next.",
    '`try: channel.basic_publish("alerts", severity, text, mandatory=True)` · `except '
    "pika.exceptions.UnroutableError: unwanted.append((severity, text))`, and `return unwanted` at the end.",
)
def ask(probe: Probe, raise_alerts: Learners) -> Result:
    """Two deliveries of alerts; in between the helpdesk loses interest in one severity and finds it in another."""
    with probe.channel() as channel:
        channel.exchange_declare(EXCHANGE, "direct", durable=True)
    probe.declare("helpdesk")
    _interested(probe, {"error": True, "critical": True})
    _round(probe, raise_alerts, FIRST, ("error", "critical"))
    _interested(probe, {"error": False, "info": True})
    when = "called again, when `error` was no longer bound and `info` was, "
    _round(probe, raise_alerts, SECOND, ("info", "critical"), when)
    return done(
        "5 of 9 alerts found a queue, and it named the other 4; it saw, too, that `error` was wanted the first time "
        "and not the second"
    )


def _interested(probe: Probe, severities: Mapping[str, bool]) -> None:
    """Bind the helpdesk to these severities, or end its binding."""
    with probe.channel() as channel:
        for severity, wanted in severities.items():
            (channel.queue_bind if wanted else channel.queue_unbind)("helpdesk", EXCHANGE, severity)


def _round(probe: Probe, function: Learners, alerts: Sequence[Alert], bound: tuple[str, ...], when: str = "") -> None:
    """It publishes these alerts and returns those whose severity is not bound; the others come to the helpdesk."""
    before = len(probe.messages("helpdesk"))
    posting = Posting(probe, function, EXCHANGE, alerts, alerts=list(alerts))
    posting.told_of([one for one in alerts if one[0] not in bound], when)
    found = [one.body for one in probe.messages("helpdesk")][before:]
    wanted = [text for severity, text in alerts if severity in bound]
    for text in wanted:
        if found.count(text) != 1:
            got = f"it got {len(found)} messages, the first `{short(found[0])}`" if found else "it got none"
            raise Wrong(
                f"{when}`{text}` should have come to `helpdesk` once, and came {found.count(text)} times: {got}"
            )


@exercise(
    3,
    "The net",
    "What an exchange can't route it passes on to its alternate exchange, if it has one. Which type of exchange takes "
    "every key?",
    "You need a second exchange, fanout, with the queue `unsorted` bound to it, and its name in the `arguments` of the "
    "first.",
    '`channel.exchange_declare("alerts", "direct", durable=True, arguments={"alternate-exchange": "unsorted"})`, '
    '`channel.exchange_declare("unsorted", "fanout", durable=True)`, `channel.queue_bind("unsorted", "unsorted")`.',
)
def catch(probe: Probe, lose_nothing: Learners) -> Result:
    """Built, and built again as at the next deployment; each time alerts with a place, and others without one."""
    queues = ("pager", "helpdesk", "unsorted")

    def holds() -> None:
        durable_exchange(probe, lose_nothing, EXCHANGE, "direct")
        for queue in queues:
            shared_durable_queue(probe, lose_nothing, queue)
        arrive(probe, trials(SORTED))
        kept(probe, EXCHANGE, STRAY, "unsorted")

    _built_twice(probe, lose_nothing, holds, queues)
    return done(
        f"the alerts with a place went there, and {listed(STRAY)}, for which there is no binding, were kept in "
        "`unsorted`: none was lost"
    )
