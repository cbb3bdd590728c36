"""How the broker came to hand a worker more than it works on."""

from __future__ import annotations

from pika import spec

from warren.checks.wire import Conversation, Wire


def why_so_many(wire: Wire) -> str:
    """What the workers asked for, to follow "the broker handed out so many:"."""
    for conversation in wire.conversations:
        if why := _why(conversation):
            return why
    if wire.said(spec.Basic.Get):
        return "with `basic_get`, take the next one when the last is acknowledged"
    return "without `basic_qos` the whole backlog goes to whoever connects first"


def _why(conversation: Conversation) -> str | None:
    asked = [one for one in list(conversation.said) if isinstance(one.method, (spec.Basic.Qos, spec.Basic.Consume))]
    limits = [one for one in asked if isinstance(one.method, spec.Basic.Qos)]
    consuming = {one.channel for one in asked if isinstance(one.method, spec.Basic.Consume)}
    if not limits or not consuming:
        return None
    if not consuming & {one.channel for one in limits}:
        return "`basic_qos` was said on another channel, and counts there only: set it on the channel that consumes"
    if isinstance(asked[0].method, spec.Basic.Consume):
        return "`basic_qos` came after the consumer, and counts only for those that begin later"
    if limits[-1].method.prefetch_count == 0:
        return "`prefetch_count=0` means no limit, not none: `prefetch_count=1` is one photo at a time"
    return "the prefetch is more than one, so a busy worker sits on photos that a free one could do"
