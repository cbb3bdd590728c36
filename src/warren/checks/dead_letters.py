"""Dead letters: how a check makes messages die, and what stands on the envelope of what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pika
from pika import exceptions, spec

from warren.checks.probe import Probe
from warren.checks.result import Wrong

DLX = "dead-letter-exchange"
OFTEN = 8  # times a message may come back before the check takes it for one that comes for ever


@dataclass(frozen=True)
class Letter:
    """A ready message with its envelope: how it came into the queue, and what it carries beside its text."""

    body: str
    exchange: str
    key: str
    headers: Mapping[str, Any]
    message_id: str | None
    persistent: bool


def letters(probe: Probe, queue: str) -> list[Letter]:
    """All ready messages of a queue, in order; they stay. None of them if there is no such queue."""
    found: list[Letter] = []
    try:
        with probe.channel() as channel:
            last = 0
            while (got := channel.basic_get(queue))[0]:
                found.append(_letter(*got))
                last = got[0].delivery_tag
            if last:  # all in one word, as in Room.messages
                channel.basic_nack(last, multiple=True, requeue=True)
    except exceptions.ChannelClosedByBroker as error:
        if error.reply_code != 404:
            raise
    return found


def _letter(method: Any, properties: Any, body: bytes) -> Letter:
    return Letter(
        body.decode(errors="replace"),
        method.exchange,
        method.routing_key,
        properties.headers or {},
        properties.message_id,
        properties.delivery_mode == spec.PERSISTENT_DELIVERY_MODE,
    )


def send(probe: Probe, exchange: str, key: str, body: str, **properties: Any) -> None:
    """Publish one persistent message and wait until the broker has it. A queue of the learner's may refuse it."""
    with probe.channel() as channel:
        channel.confirm_delivery()
        try:
            channel.basic_publish(
                exchange, key, body.encode(), pika.BasicProperties(delivery_mode=2, **properties), mandatory=True
            )
        except (exceptions.NackError, exceptions.UnroutableError) as error:
            raise Wrong(f"a message that the check sent to `{key}` was not taken: {type(error).__name__}") from None


def reject(probe: Probe, queue: str, count: int) -> None:
    """Reject so many messages of the queue, as a consumer that cannot use them."""
    probe.wait_ready(queue, count)
    with probe.channel() as channel:
        for _ in range(count):
            method, _, _ = channel.basic_get(queue)
            if method:
                channel.basic_reject(method.delivery_tag, requeue=False)


def lies_in(probe: Probe, body: str, but: str = "") -> list[str]:
    """The queues that have this message ready, but for that one."""
    others = [queue for queue in probe.queues() if queue != but]
    return [queue for queue in others if any(one.body == body for one in letters(probe, queue))]


def give_back(probe: Probe, queue: str, body: str) -> int:
    """Take the one message of the queue and give it back, again and again, until it lies elsewhere; how often."""
    for times in range(OFTEN):
        looked = probe.wait(lambda: (probe.ready(queue), lies_in(probe, body, but=queue)), any)
        if not looked.seen[0]:
            return times
        with probe.channel() as channel:
            method, _, _ = channel.basic_get(queue)
            if method:
                channel.basic_reject(method.delivery_tag, requeue=True)
    return OFTEN


def dead_letters_of(probe: Probe, queue: str) -> dict[str, Any]:
    """What the queue's arguments and its policy say of dead letters, without the arguments' `x-`; at once."""
    row = probe.management.queue(probe.vhost, queue)
    given = {name.removeprefix("x-"): value for name, value in (row.get("arguments") or {}).items()}
    return {**(row.get("effective_policy_definition") or {}), **given}
