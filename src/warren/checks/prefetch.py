"""How many messages a worker is handed at once, and why it is not the number it wanted."""

from __future__ import annotations

from pika import spec

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.wire import Conversation, Noted, Wire
from warren.workers import Child

MORE = 0.25  # seconds in which a broker without a limit hands out the rest; it takes some milliseconds


def handed_out(probe: Probe, child: Child, queue: str, count: int, *, at_least: int, at_most: int) -> int:
    """How many of the queue's `count` messages a worker was handed that acks none, looking until that is settled."""

    def handed() -> int:
        return count - (probe.ready(queue) or 0)

    probe.wait(handed, lambda seen: seen >= at_least or not child.alive or probe.auto_acks())
    child.wait(MORE)
    return probe.wait(handed, lambda seen: seen <= at_most or seen >= count or not child.alive).seen


def limit_of_consumer(probe: Probe, function: Learners) -> None:
    """The limit was set by a number, before consuming, and not by the flag that means nothing any more."""
    for asked in probe.wire.said(spec.Basic.Qos):
        if asked.global_qos:
            raise Wrong(
                f"`{name(function)}` sets `global_qos=True`: since 4.3 the broker takes it and gives each consumer the "
                "whole limit, as without; older ones refuse it for quorum queues. Leave it out"
            )
    for conversation in probe.wire.conversations:
        if why := _misplaced(conversation):
            raise Wrong(f"`{name(function)}` has no limit: {why}")
    if not probe.wire.said(spec.Basic.Qos):
        raise Wrong(f"`{name(function)}` never calls `basic_qos`: it is handed whatever there is")


def why_so_many(wire: Wire) -> str:
    """What the workers asked for, to follow "the broker handed out so many:"."""
    for conversation in wire.conversations:
        if why := _why(conversation):
            return why
    if wire.said(spec.Basic.Get):
        return "with `basic_get`, take the next one when the last is acknowledged"
    return "without `basic_qos` the whole backlog goes to whoever connects first"


def _why(conversation: Conversation) -> str | None:
    _, limits, consuming = _asked(conversation)
    if not limits or not consuming:
        return None
    if misplaced := _misplaced(conversation):
        return misplaced
    if limits[-1].method.prefetch_count == 0:
        return "`prefetch_count=0` means no limit, not none: `prefetch_count=1` is one photo at a time"
    return "the prefetch is more than one, so a busy worker sits on photos that a free one could do"


def _misplaced(conversation: Conversation) -> str | None:
    asked, limits, consuming = _asked(conversation)
    if not limits or not consuming:
        return None
    if not consuming & {one.channel for one in limits}:
        return "`basic_qos` was said on another channel, and counts there only: set it on the channel that consumes"
    if isinstance(asked[0].method, spec.Basic.Consume):
        return "`basic_qos` came after the consumer, and counts only for those that begin later"
    return None


def _asked(conversation: Conversation) -> tuple[list[Noted], list[Noted], set[int]]:
    """Limits and subscriptions in order, the limits alone, and the channels that subscribed."""
    asked = [one for one in list(conversation.said) if isinstance(one.method, (spec.Basic.Qos, spec.Basic.Consume))]
    limits = [one for one in asked if isinstance(one.method, spec.Basic.Qos)]
    return asked, limits, {one.channel for one in asked if isinstance(one.method, spec.Basic.Consume)}
