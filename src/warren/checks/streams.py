"""A learner's function that reads a stream: what the broker refused it, where it began, and whether it read all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pika import spec

from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.ledger import Ledger
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.scenarios import called_rightly, same_texts
from warren.workers import Child

STREAM = {"x-queue-type": "stream"}
REFUSALS = (  # measured on 4.0.5 and 4.3.6
    (
        r"prefetch count is not set",
        "consumes without a prefetch, and a stream needs one (406): it is how much of it the broker may send ahead. "
        "`channel.basic_qos(prefetch_count=100)`, before consuming",
    ),
    (
        r"automatic acknowledgement not supported",
        "consumes with `auto_ack=True`, which a stream refuses (540, the connection is closed): acks take nothing out "
        "of it, each one asks for more",
    ),
    (
        r"basic\.get not supported",
        "asks with `basic_get`, which a stream does not have (540): it is read along, with `channel.consume`",
    ),
    (
        r"invalid_stream_offset_arg,\{longstr,<<.(?P<value>\d+)",
        "gives `x-stream-offset` as the text `{value}` (406): a number is an int, without quotes",
    ),
    (
        r"invalid_stream_offset_arg|\(541, 'INTERNAL_ERROR'\)",  # 4.0 breaks down over some of them
        "gives an `x-stream-offset` that the broker does not know: first, last, next, an int or a datetime",
    ),
)


def wherefrom(probe: Probe, since: float = 0) -> Any:
    """The `x-stream-offset` of the first subscription since that `time.monotonic()`; "next" where none was given."""
    for one in probe.wire.noted(spec.Basic.Consume):
        if one.at >= since:
            offset = (one.method.arguments or {}).get("x-stream-offset", "next")
            return offset.decode() if isinstance(offset, bytes) else offset
    return None


def must_be_let_in(probe: Probe, function: Learners) -> None:
    """The broker refused the function nothing that belongs to streams."""
    said = " ".join(probe.wire.refusals())
    for pattern, sentence in REFUSALS:
        if found := re.search(pattern, said):
            raise Wrong(f"`{name(function)}` {sentence.format_map(found.groupdict())}")


def must_have_read(probe: Probe, function: Learners, child: Child, ledger: Ledger, sales: Sequence[str]) -> None:
    """Wait until all sales are booked; ends the check where they are not, or not in order, or one twice."""
    waited = probe.wait(
        lambda: ledger.tasks("done"),
        lambda done: set(sales) <= set(done) or _amiss(done, sales) or not child.alive or _deaf(probe),
    )
    must_be_let_in(probe, function)
    same_texts(waited.seen, sales, "book")
    if waited.seen and waited.seen[0] != sales[0]:
        raise Wrong(
            f"`{name(function)}` began with `{waited.seen[0]}`, not with `{sales[0]}`: its `x-stream-offset` is "
            f"`{short(wherefrom(probe))}`, and the first message has the offset 0"
        )
    still_works(probe, function, child)
    if twice := _twice(waited.seen):
        raise Wrong(f"`{twice[0]}` was booked {waited.seen.count(twice[0])} times: each sale once")
    if missing := [sale for sale in sales if sale not in waited.seen]:
        called_rightly(probe, function, "book")
        raise Wrong(_why_missing(probe, function, waited.seen, missing, len(sales)))
    if waited.seen != list(sales):
        first = next(sale for sale, wanted in zip(waited.seen, sales, strict=True) if sale != wanted)
        raise Wrong(f"all sales were booked, and not in their order: `{first}` came too early")


def must_ack(probe: Probe, function: Learners) -> None:
    """The function acks what it reads, or it would stand still after as many messages as its prefetch.

    To a stream a nack is as good: it, too, only asks for more.
    """
    if not probe.wire.said(spec.Basic.Ack, spec.Basic.Nack, spec.Basic.Reject):
        limits = [method.prefetch_count for method in probe.wire.said(spec.Basic.Qos)]
        raise Wrong(
            f"`{name(function)}` never acks. That takes nothing out of a stream, but each ack asks for more: with a "
            f"prefetch of {limits[-1] if limits else 0} the broker sends so many, and then none"
        )


def _amiss(done: Sequence[str], sales: Sequence[str]) -> bool:
    """True if what was booked so far can't become right any more."""
    return bool(_twice(done)) or list(done[:1]) not in ([], [sales[0]])


def _twice(done: Sequence[str]) -> list[str]:
    return [sale for sale, times in Counter(done).items() if times > 1]


def _deaf(probe: Probe) -> bool:
    """True if it began behind everything, or the stream refused it: nothing is worth waiting for then."""
    said = " ".join(probe.wire.refusals())
    return wherefrom(probe) == "next" or any(re.search(pattern, said) for pattern, _ in REFUSALS)


def _why_missing(probe: Probe, function: Learners, done: Sequence[str], missing: Sequence[str], count: int) -> str:
    offset = wherefrom(probe)
    booked = f"of {count} sales `{name(function)}` booked {len(done)}"
    if offset is None:
        return f"{booked}: it never subscribed to `sales`"
    if any("x-stream-offset" in (one.arguments or {}) for one in probe.wire.said(spec.Queue.Declare)):
        return (
            "`x-stream-offset` is an argument of `queue_declare` here, and means nothing there: readers begin somewhere"
        )
    if offset == "next":
        return (
            f"`{name(function)}` does not say where to begin (`x-stream-offset`), or says `next`: then a stream begins "
            "with what comes next, and what is in it already is passed over"
        )
    given = len(deliveries(probe.wire))
    if not given:
        return f"{booked}: it began at the offset `{short(offset)}`, and the first message has the offset 0"
    must_ack(probe, function)
    if not done:
        return f"{booked}, and was handed {given}: book each as it comes"
    return f"{booked}, and in {probe.patience:g} s no other; `{missing[0]}` is missing"
