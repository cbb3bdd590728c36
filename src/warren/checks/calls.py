"""Both sides of a call (RPC) as a check plays them: the service a client asks, and the client a service answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pika
from pika import spec

from warren.checks.probe import Probe
from warren.checks.result import Wrong

DIRECT = "amq.rabbitmq.reply-to"  # the address of a client that uses direct reply-to begins with it


@dataclass(frozen=True)
class Question:
    """A request as the service gets it. `number` is its correlation id; what it lacks is empty."""

    text: str
    number: str
    reply_to: str
    expiration: str


@dataclass(frozen=True)
class Answer:
    """A reply as the client finds it in its letterbox; `kind` is the property `type`."""

    text: str
    number: str
    kind: str


class Service:
    """Answers what clients ask through a queue, on a channel of the check's, when and as the check wants."""

    def __init__(self, channel: Any, queue: str) -> None:
        self._channel, self.queue = channel, queue

    def next(self) -> Question | None:
        """The question that waits longest, taken; None if none waits."""
        method, properties, body = self._channel.basic_get(self.queue, auto_ack=True)
        if method is None:
            return None
        given = (properties.correlation_id, properties.reply_to, properties.expiration)
        return Question(body.decode(errors="replace"), *(str(one or "") for one in given))

    def answer(self, question: Question, text: str, **properties: str) -> None:
        """Send that text to where the question wants it, with its number; properties of your own go before."""
        known = pika.BasicProperties(**{"correlation_id": question.number} | properties)
        self._channel.basic_publish("", question.reply_to, text.encode(), known)

    def stray(self, question: Question, text: str) -> None:
        """Drop something into the letterbox that has no number at all."""
        self._channel.basic_publish("", question.reply_to, text.encode())


class Client:
    """Asks through a queue and has a letterbox of its own, on a channel of the check's."""

    def __init__(self, channel: Any, letterbox: str) -> None:
        self._channel, self.letterbox = channel, letterbox
        channel.queue_declare(letterbox, exclusive=True)
        self.answers: list[Answer] = []

    def ask(self, queue: str, text: str, number: str) -> None:
        """Send a question that is to be answered into the letterbox."""
        self.send(queue, text, reply_to=self.letterbox, correlation_id=number)

    def send(self, queue: str, text: str, **properties: str) -> None:
        """Send a question with these properties."""
        self._channel.basic_publish("", queue, text.encode(), pika.BasicProperties(**properties))

    def look(self) -> list[Answer]:
        """All answers that have come so far."""
        while (got := self._channel.basic_get(self.letterbox, auto_ack=True))[0]:
            _, properties, body = got
            text = body.decode(errors="replace")
            self.answers.append(Answer(text, properties.correlation_id or "", properties.type or ""))
        return list(self.answers)


def strays(service: Service, to: Question, again: str = "") -> Iterator[None]:
    """Each step sends one: without a number, with a number of nobody's; with `again`, that answer once more."""
    for kind in cycle(range(3 if again else 2)):
        if kind == 0:
            service.stray(to, "?")
        elif kind == 1:
            service.answer(to, "99", correlation_id="of nobody")
        else:
            service.answer(to, again)
        yield


def declared_shared(probe: Probe, queue: str) -> None:
    """Nobody declares the queue of questions as exclusive, which the broker refuses in words about somebody else."""
    if any(method.exclusive and method.queue == queue for method in probe.wire.said(spec.Queue.Declare)):
        raise Wrong(
            f"it declares `{queue}` with `exclusive=True`, and `{queue}` is shared, so the broker refuses (405): it is "
            "there already, and only a letterbox is exclusive"
        )


STRAYS = {"?": "a stray without a number", "99": "a stray, with a number it never gave"}  # what their texts stand for
