"""How a learner's function puts dead letters back to work: where each goes, and when it leaves the office."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from pika import spec

from warren.checks.confirms import sent
from warren.checks.dead_letters import Letter, letters
from warren.checks.deliveries import deliveries, refused
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.office import Home, envelope
from warren.checks.probe import Probe
from warren.checks.publishing import asked_for_confirms, published
from warren.checks.result import Wrong, short
from warren.workers import Child

OFFICE = "dead"  # the queue
SETTLES = 0.2  # seconds in which a function acks that does not wait for the confirm
UNROUTABLE = ("UnroutableError", "PublishError", "DeliveryError")  # pika's word for what came back, and aio-pika's
OVER_AND_OVER = 8  # times one letter is taken in one call: more often than there are letters


def until_published(probe: Probe, function: Learners, child: Child) -> None:
    """It has published at least one letter, and while no confirm comes it has acked none."""
    probe.wait(lambda: (published(probe), _most_often(probe)), lambda seen: seen[0] > 0 or _over(child, seen[1]))
    child.wait(SETTLES)
    taken_with_care(probe, function)
    if not published(probe):
        _ends(probe, function, child)
        if any(method.requeue for method in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject)):
            raise Wrong(
                f"`requeue=True` puts a letter back where it was taken from, into `{OFFICE}`: nothing was replayed"
            )
        raise Wrong(refused(probe.wire) or f"`{name(function)}` published nothing")
    asked_for_confirms(probe, function)
    if probe.wire.said(spec.Basic.Ack):
        raise Wrong(
            f"`{name(function)}` acks a letter before the broker has confirmed that it has the copy: whoever dies in "
            "between loses it. Publish, wait for the confirm, then ack"
        )
    if not child.alive:
        probe.wire.release()
        probe.returned(function, child)
        raise Wrong(f"`{name(function)}` returned when the broker had not yet confirmed what it published")


def replayed(
    probe: Probe, function: Learners, stray: str = "", meanwhile: Callable[[Child], object] | None = None
) -> float:
    """Run the function to its end; returns when (`time.monotonic()`) it began. No queue takes the letter `stray`."""
    began = time.monotonic()
    before = Counter(one.body for one in deliveries(probe.wire))
    child = probe.start(function)
    if meanwhile:
        meanwhile(child)
    probe.wait(lambda: (published(probe), _most_often(probe, before)), lambda seen: _over(child, seen[1]))
    taken_with_care(probe, function)
    if stray and (error := _unroutable(child)):
        raise Wrong(
            f"`{name(function)}` ended with {error} at `{stray}`, which no queue takes now: let that one stay in "
            f"`{OFFICE}` (no ack) and go on with the next"
        )
    _ends(probe, function, child, before)
    asked_for_confirms(probe, function)
    return began


def tried_in_vain(probe: Probe, function: Learners, stray: str) -> None:
    """Run the function while no queue takes that letter: whether it raises that or goes on, the letter stays."""
    before = Counter(one.body for one in deliveries(probe.wire))
    child = probe.start(function)
    probe.wait(lambda: (published(probe), _most_often(probe, before)), lambda seen: _over(child, seen[1]))
    if not _unroutable(child):
        _ends(probe, function, child, before)
    probe.wait(lambda: probe.unacked(OFFICE), lambda unacked: not unacked)
    _stays(probe, [stray])


def _unroutable(child: Child) -> str:
    """The error's name, if the function has ended because no queue took what it published; empty if not."""
    error = None if child.alive else child.outcome(0).error
    return error.type if error and error.type in UNROUTABLE else ""


def one_copy_each(probe: Probe, function: Learners, since: float, why: str = "") -> None:
    """Since that `time.monotonic()`, no letter was published twice; `why` ends the sentence if one was."""
    copies = Counter(one.text for one in probe.wire.noted(spec.Basic.Publish) if one.at >= since)
    text, times = max(copies.items(), key=lambda each: each[1], default=("", 0))
    if times > 1:
        why = why or ", and it is one letter: one copy of each"
        raise Wrong(f"`{name(function)}` published `{text}` {times} times in one call{why}")


def taken_with_care(probe: Probe, function: Learners) -> None:
    """No letter is thrown away, or forgotten by the broker as it is sent."""
    if probe.auto_acks():
        raise Wrong(
            f"`{name(function)}` takes letters with `auto_ack=True`: the broker forgets each as it sends it, and "
            "whoever dies then has the only copy"
        )
    if any(not method.requeue for method in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject)):
        raise Wrong(
            f"`{name(function)}` rejects letters with `requeue=False`, and `{OFFICE}` has no dead-letter exchange: "
            "that throws them away"
        )
    if probe.wire.said(spec.Queue.Purge, spec.Queue.Delete):
        raise Wrong(f"`{name(function)}` empties or deletes a queue, with whatever is in it by then")


def went_home(probe: Probe, homes: Sequence[Home]) -> None:
    """Every copy was published to the exchange and with the key of the letter's first death."""
    known = {home.text: home for home in homes}
    for one in probe.wire.noted(spec.Basic.Publish):
        exchange, key, home = one.method.exchange, one.method.routing_key, known.get(one.text)
        if home is None:
            raise Wrong(f"a letter should be sent as it is, such as `{homes[0].text}`, and was `{short(one.text)}`")
        if (exchange, key) != (home.exchange, home.key):
            went = f"`{home.text}` was sent to " + (f"the exchange `{short(exchange)}`" if exchange else '`""`')
            raise Wrong(f"{went} with the key `{short(key)}`, and came by {home.way}: {_mistaken(home, exchange, key)}")


def _mistaken(home: Home, exchange: str, key: str) -> str:
    if key == OFFICE:
        return f"`{OFFICE}` is the key it came into the office with; the first one stands in `x-death`, `routing-keys`"
    if not exchange and key == home.queue:
        return (
            "straight into the queue it gets there without its key, and no other queue that is bound for it gets a copy"
        )
    if exchange in ("later", "again") or key in ("wait", "pause", "repairs"):
        return (
            "that is a later stretch of its way, to or from the waiting room; look for the entry of the *first* death"
        )
    return "both stand in `x-death`, in the entry of its first death"


def unaltered(copy: Letter) -> None:
    """The copy has the id and the header of the letter, and survives the broker."""
    advice = "pass the properties on, and change what you have to"
    if copy.message_id != envelope(copy.body)["message_id"]:
        raise Wrong(f"the copy of `{copy.body}` lost its `message_id`, by which a reader knows it: {advice}")
    if copy.headers.get("gift") != copy.body:
        raise Wrong(f"the copy of `{copy.body}` lost its header `gift`: {advice}")
    if not copy.persistent:
        raise Wrong(f"the copy of `{copy.body}` is transient, and was persistent: {advice}")


def still_in_office(probe: Probe, function: Learners, stay: Sequence[str]) -> None:
    """These letters lie in the office, and no others."""
    probe.wait(lambda: probe.unacked(OFFICE), lambda unacked: not unacked)
    there = _stays(probe, stay)
    if left := [text for text in there if text not in stay]:
        raise Wrong(
            f"`{left[0]}` is still in `{OFFICE}` when `{name(function)}` has ended: {_why_left(probe, left[0])}"
        )


def _stays(probe: Probe, stay: Sequence[str]) -> list[str]:
    """The letters in the office; ends the check if one of these is missing."""
    there = [one.body for one in letters(probe, OFFICE)]
    for text in stay:
        if text not in there:
            raise Wrong(
                f"no queue is bound for `{text}` at present, and it is not in `{OFFICE}` any more: lost. Publish with "
                "`mandatory=True`, hear what comes back, and do not ack that"
            )
    return there


def _why_left(probe: Probe, text: str) -> str:
    if any(one.text == text for one in probe.wire.noted(spec.Basic.Publish)):
        return "a copy was published, and the letter never acked, so the next replay sends it again"
    if any(method.requeue for method in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject)):
        return "what is put back with `requeue=True` is the next one again; unacked, it goes back with the connection"
    return "it was not published"


def why_lost(probe: Probe, text: str) -> str:
    """What became of a letter that is in no queue any more."""
    copies = [one.method for one in probe.wire.noted(spec.Basic.Publish) if one.text == text]
    if not copies:
        return "it was acked, and no copy was sent"
    to = f"`{short(copies[-1].exchange)}`" if copies[-1].exchange else '`""`'
    return f"its copy was sent to {to} with the key `{short(copies[-1].routing_key)}`, for which no queue is bound"


def why_again(at_work: Mapping[str, Letter], before: Mapping[str, int | None]) -> str:
    """Why a letter that had been replayed 3 times was replayed again; `before` has the counts of all at the start."""
    if all(one.headers.get("replays") == before[text] for text, one in at_work.items()):
        return (
            "its header `replays` was not counted up, or not looked at. The count in `x-death` is 1 each time, since "
            "the broker begins it anew with what a client publishes"
        )
    return "at `replays` = 3 it goes to `parked`"


def acked_when_confirmed(probe: Probe, function: Learners) -> None:
    """At no moment were more letters acked than copies confirmed."""
    confirmed = sorted(one.answered for one in sent(probe.wire) if one.answer == "ack")
    acks = sorted(one.at for one in probe.wire.noted(spec.Basic.Ack))
    if len(acks) > len(confirmed) or any(ack < at for ack, at in zip(acks, confirmed, strict=False)):
        raise Wrong(
            f"`{name(function)}` acks a letter before the broker has confirmed the copy, or without sending one"
        )


def _most_often(probe: Probe, before: Counter[str] | None = None) -> int:
    """How often one letter was taken, at most; without those of `before`."""
    counts = Counter(one.body for one in deliveries(probe.wire))
    counts.subtract(before or {})
    return max(counts.values(), default=0)


def _over(child: Child, times: int) -> bool:
    return times > OVER_AND_OVER or not child.alive


def _ends(probe: Probe, function: Learners, child: Child, before: Counter[str] | None = None) -> None:
    """It has returned, and has not gone round with one letter; ends the check otherwise."""
    if _most_often(probe, before) > OVER_AND_OVER:
        counts = Counter(one.body for one in deliveries(probe.wire))
        text = counts.most_common(1)[0][0]
        back = any(method.requeue for method in probe.wire.said(spec.Basic.Nack, spec.Basic.Reject))
        why = "it is put back with `requeue=True`, and comes again" if back else "it comes back"
        raise Wrong(
            f"`{name(function)}` is given `{text}` over and over: {why}. Take as many as there are when you begin"
        )
    probe.returned(function, child, probe.at_once)
