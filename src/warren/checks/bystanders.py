"""Readers of an exchange who were there before the learner's function came, and who should not notice it."""

from __future__ import annotations

from collections.abc import Mapping

from pika import spec

from warren.checks.arrivals import took_out
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.routes import bindings

YESTERDAY = "what happened yesterday"  # a message that waits for each of them


class Bystanders:
    """A durable topic exchange with these durable queues (name: pattern), each with a message waiting in it."""

    def __init__(self, probe: Probe, exchange: str, readers: Mapping[str, str]) -> None:
        self._probe, self._exchange, self._readers = probe, exchange, readers
        with probe.channel() as channel:
            channel.exchange_declare(exchange, "topic", durable=True)
            for queue, pattern in readers.items():
                probe.declare(queue)
                channel.queue_bind(queue, exchange, pattern)
                probe.publish(queue, [YESTERDAY])
        self._before = bindings(probe)

    def undisturbed(self, function: Learners) -> None:
        """The bindings that were there are there still, and so is what was waiting."""
        there = bindings(self._probe)
        for one in self._before:
            if one not in there:
                lost = f"{one} when `{name(function)}` begins, and no longer when it has ended"
                raise Wrong(f"{lost}: {self._why_unbound()}")
        for queue in self._readers:
            if YESTERDAY not in [message.body for message in self._probe.messages(queue)]:
                lost = f"a message was waiting in `{queue}` when `{name(function)}` began, and not when it had ended"
                raise Wrong(f"{lost}: {took_out(self._probe, queue) or 'it is gone'}. What others have stays theirs")

    def _why_unbound(self) -> str:
        if any(one.exchange == self._exchange for one in self._probe.wire.said(spec.Exchange.Delete)):
            return f"with `exchange_delete` go all bindings of an exchange. Leave `{self._exchange}` as it is, and add"
        return "leave there what others have bound, and add what you need"
