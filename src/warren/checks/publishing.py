"""How a learner's function publishes with confirms: does it ask for them, wait for them, and act on what they say?"""

from __future__ import annotations

import inspect
import time
from collections import Counter
from collections.abc import Collection

from pika import spec

from warren.checks.arrivals import why_missing
from warren.checks.confirms import NEVER, Sent, most_open, sent
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.workers import Child

STILL = 0.2  # seconds in which nothing more is published: the function waits for the broker


def published(probe: Probe) -> int:
    """How often something was published so far."""
    return len(probe.wire.noted(spec.Basic.Publish))


def answers(probe: Probe, *methods: type) -> int:
    """How many confirms clients have heard; `spec.Basic.Nack` for the refusals among them."""
    wanted = methods or (spec.Basic.Ack, spec.Basic.Nack)
    return sum(isinstance(one.method, wanted) for each in probe.wire.conversations for one in list(each.heard))


def still(probe: Probe, child: Child, most: int) -> None:
    """Wait until nothing more is published, or more than so much, or the function gives up waiting for an answer."""
    before = -1
    while before != (before := published(probe)) and before <= most and not any(one.left for one in sent(probe.wire)):
        child.wait(STILL)


def until_refused(probe: Probe, child: Child, times: int, quiet: float) -> None:
    """Wait until the queue has refused so often, or nothing was published for so many seconds, or all is over."""
    count, since = published(probe), time.monotonic()
    while answers(probe, spec.Basic.Nack) < times and time.monotonic() < since + quiet and not child.wait(0.05):
        before, count = count, published(probe)
        since = since if before == count else time.monotonic()


def asked_for_confirms(probe: Probe, function: Learners) -> None:
    """Every message went over a channel that confirms."""
    found = sent(probe.wire)
    if any(not one.asked for one in found):
        if any(one.asked for one in found):
            raise Wrong(
                f"`{name(function)}` asks for confirms on one channel and publishes on another, too: each channel that "
                "is opened has to be asked anew (`confirm_delivery()`)"
            )
        raise Wrong(
            f"`{name(function)}` publishes on a channel that does not confirm, so the broker never says what it has: "
            "pika's `channel.confirm_delivery()` asks for it; aio-pika asks, unless told `publisher_confirms=False`"
        )


def waits_for_answers(probe: Probe, function: Learners, child: Child, *, may_leave: bool = False) -> None:
    """While the broker is silent, the function has not ended, nor closed what it publishes on unless it `may_leave`."""
    found = sent(probe.wire)
    asked_for_confirms(probe, function)
    unanswered = sum(not one.answer for one in found)
    if not child.alive and (child.outcome(0).error or not found):
        probe.wire.release()
        probe.returned(function, child)
        awaited = ": did you `await` each publish?" if inspect.iscoroutinefunction(function) else ""
        raise Wrong(f"`{name(function)}` returned, and " + why_missing(probe, "", [], 0) + awaited)
    if unanswered and (not child.alive or (not may_leave and any(one.left for one in found))):
        awaited = ". Did you `await` each publish?" if inspect.iscoroutinefunction(function) else ""
        raise Wrong(
            f"`{name(function)}` was done when {unanswered} of {len(found)} payments had no answer yet: wait for the "
            f"confirm of each before you return or close the connection{awaited}"
        )


def at_most(probe: Probe, function: Learners, most: int) -> None:
    """Never more than so many messages were on the way without an answer."""
    if (together := most_open(sent(probe.wire))) > most:
        raise Wrong(
            f"`{name(function)}` had {together} payments on the way without an answer, and should have {most} at most: "
            "so many are unknown when the connection breaks"
        )


def ends(probe: Probe, function: Learners, child: Child) -> None:
    """The function goes on while something happens, and returns."""
    probe.wait(lambda: (published(probe), answers(probe)), lambda _: not child.alive)
    if not child.wait(probe.at_once):
        spoken = [one for each in probe.wire.conversations for one in (*each.said, *each.heard)]
        silent = round(time.monotonic() - max((one.at for one in spoken), default=time.monotonic()))
        several = sum(getattr(one.method, "multiple", False) for one in spoken)
        why = f": {several} answers had `multiple`, they settle all before, too" if several else ""
        raise Wrong(f"`{name(function)}` had not returned when nothing had happened for {silent} s{why}")
    probe.returned(function, child)


def to_the_queue(probe: Probe, function: Learners, queue: str, asked: list[str]) -> None:
    """Everything was published to the default exchange, with the queue's name."""
    for one in probe.wire.said(spec.Basic.Publish):
        if one.exchange in [declared.exchange for declared in probe.wire.said(spec.Exchange.Declare)]:
            raise Wrong(
                f"`{name(function)}` publishes to `{short(one.exchange)}`, an exchange of its own: publish to the "
                f"default exchange, with the routing key `{queue}`"
            )
        if (one.exchange, one.routing_key) != ("", queue):
            raise Wrong(f"`{name(function)}` missed `{queue}`: {why_missing(probe, queue, asked, 0)}")


def as_given(found: Collection[Sent], asked: list[str]) -> None:
    """What was published are messages of the check, as they were given."""
    known = set(asked)
    for one in found:
        if one.text not in known:
            raise Wrong(f"a payment should be sent as it is, such as `{asked[0]}`, and was `{short(one.text)}`")


def no_storm(probe: Probe, function: Learners, since: float, within: float, most: int) -> None:
    """A payment that was refused is not sent again at once, over and over, in so many seconds."""
    tries = Counter(one.text for one in sent(probe.wire) if since < one.at < since + within)
    for text, times in tries.most_common(1):
        if times > most:
            raise Wrong(
                f"`{name(function)}` sent `{text}` more than {most} times in {within:g} s while the queue was "
                "full: wait a moment (0.1 s) before you try again"
            )


def confirmed_once(probe: Probe) -> None:
    """Nothing was sent again after the broker had confirmed it."""
    confirmed: dict[str, float] = {}
    for one in sent(probe.wire):
        if confirmed.get(one.text, NEVER) < one.at:
            raise Wrong(
                f"`{one.text}` was sent again although the broker had confirmed it: send again only what was refused "
                "or has no answer"
            )
        if one.answer == "ack":
            confirmed[one.text] = one.answered


def sent_again(probe: Probe, function: Learners, asked: list[str]) -> None:
    """What was not confirmed was sent again until it was, and nothing after its confirm."""
    confirmed_once(probe)
    found = sent(probe.wire)
    as_given(found, asked)
    last = {one.text: one for one in found}
    refused = Counter(one.text for one in found if one.answer == "nack")
    for text in asked:
        if text not in last:
            raise Wrong(f"`{text}` was never sent")
        if last[text].answer == "nack":
            times = f"{refused[text]} times, and then" if refused[text] > 1 else "(a nack), and"
            raise Wrong(f"`{text}` was refused {times} `{name(function)}` did not send it again")
        if not last[text].answer:
            raise Wrong(
                f"`{text}` had no answer when its connection ended, and was not sent again: nobody can know whether "
                "it arrived"
            )
