"""What comes back to a publisher: what the broker told it of messages that no queue got, and whether it listened."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pika import spec

from warren.checks.confirms import sent as published
from warren.checks.deliveries import refused
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, cut, short
from warren.checks.wire import Noted

OVER_AND_OVER = 5  # times one message is published: more are no second try
REMOVES = {"remove", "pop"}  # methods by which a loop changes the list that it runs over
BUILDING = (spec.Exchange.Delete, spec.Queue.Delete, spec.Queue.Bind, spec.Queue.Unbind)
Message = tuple[str, str]  # routing key and text


class Posting:
    """One call of a learner's function that publishes messages to an exchange, and what it returned.

    `arguments` are the function's own, beside the url. Ends the check where the function does not return.
    """

    def __init__(self, probe: Probe, function: Learners, exchange: str, messages: Sequence[Message], **arguments: Any):
        self._probe, self._name, self._exchange = probe, name(function), exchange
        self._names = getattr(getattr(function, "__code__", None), "co_names", ())
        self._messages, self._since = list(messages), time.monotonic()
        child = probe.start(function, **arguments)
        most = OVER_AND_OVER * len(messages)
        probe.wait(lambda: len(self._sent()), lambda count: count > most or not child.alive)
        for text, times in Counter(one.text for one in self._sent()).most_common(1):
            if times > OVER_AND_OVER:
                again = f"`{self._name}` publishes `{short(text)}` over and over"
                raise Wrong(f"{again}: what no queue wants the first time, none wants the second time either")
        self.returned = probe.returned(function, child, probe.at_once)

    def told_of(self, unwanted: Sequence[Message], when: str = "") -> None:
        """The function returned these messages, and only these, in this order; `when` begins the sentence."""
        right = [_pair(one) for one in _items(self.returned)] == list(unwanted) and self.returned is not None
        because = self._went_wrong() or (None if right else self._not_heard() or self._other(unwanted))
        if because:
            raise Wrong(when + because)

    def _sent(self) -> list[Noted]:
        return [one for one in self._probe.wire.noted(spec.Basic.Publish) if one.at >= self._since]

    def _went_wrong(self) -> str | None:
        """For messages that did not go where they should."""
        sent, asked = self._sent(), len(self._messages)
        if self._probe.wire.said(*BUILDING):
            return f"`{self._name}` changes the queues or bindings that others have made: it should only publish"
        if not sent:
            return refused(self._probe.wire, self._since) or f"`{self._name}` published nothing"
        for one in sent:
            if one.method.exchange != self._exchange:
                to = f"`{short(one.method.exchange)}`" if one.method.exchange else 'the default exchange `""`'
                return f"`{self._name}` published to {to}, and should publish to `{self._exchange}`"
            if one.method.routing_key not in {key for key, _ in self._messages}:
                return (
                    f"`{self._name}` published with the routing key `{short(one.method.routing_key)}`, and should with "
                    f"`{self._messages[0][0]}`: it is `basic_publish(exchange, routing_key, body)`"
                )
        if len(sent) < asked:
            return self._left_out([one.text for one in sent])
        return None

    def _left_out(self, texts: list[str]) -> str:
        """For a function that publishes some of the messages only."""
        if texts == [text for _, text in self._messages][: len(texts)]:
            published = f"`{self._name}` published {len(texts)} of {len(self._messages)} and then no more"
            return f"{published}: does the first that comes back end the loop? A `try` for each goes on with the next"
        key, text = next(one for one in self._messages if one[1] not in texts)
        if REMOVES & set(self._names):
            return (
                f"`{self._name}` did not publish `{text}`: a loop over a list from which it removes something passes "
                "over what comes next. Collect what came back in a list of its own"
            )
        return (
            f"`{self._name}` did not publish `{text}`: only the broker knows whether somebody wants `{key}` now, so "
            "ask it each time"
        )

    def _not_heard(self) -> str | None:
        """For a publisher that the broker told nothing, or that did not listen."""
        confirms = bool(self._probe.wire.said(spec.Confirm.Select))
        silent = sum(not one.method.mandatory for one in self._sent())
        if silent:
            meets = "the broker drops what no queue wants" + (", and confirms it all the same" if confirms else "")
            return (
                f"`{self._name}` published {silent} of {len(self._sent())} messages without `mandatory=True`: {meets}"
            )
        unasked = sum(not one.asked for one in published(self._probe.wire) if one.at >= self._since)
        if unasked and confirms:
            return (
                f"`{self._name}` published {unasked} of {len(self._sent())} messages on a channel that did not confirm "
                "yet: `confirm_delivery()` is for its own channel, and for what is published after it"
            )
        if self._returns() and not confirms:
            return (
                f"{self._returns()} came back to `{self._name}`, and it did not hear of all of them: without "
                "`confirm_delivery()` nothing is raised, and a callback is called in `process_data_events()` only"
            )
        return None

    def _returns(self) -> int:
        heard = [one for each in self._probe.wire.conversations for one in list(each.heard)]
        return sum(isinstance(one.method, spec.Basic.Return) and one.at >= self._since for one in heard)

    def _other(self, unwanted: Sequence[Message]) -> str:
        """For a publisher that was told, and returned something else."""
        should = f"`{self._name}` should return {_written(unwanted)}, which no queue wanted"
        if self.returned is None:
            return f"{should}, and returned nothing: end it with `return`"
        if not isinstance(self.returned, (list, tuple)):
            return f"{should}, in a list, and returned {_written(self.returned)}"
        pairs = [_pair(one) for one in self.returned]
        if sorted(map(repr, pairs)) == sorted(map(repr, unwanted)):
            return f"{should}, in the order they were given, and returned them in another"
        if pairs == [one for one in self._messages if one not in unwanted]:
            return f"{should}, and returned those that a queue took"
        if any(isinstance(value, bytes) for one in pairs if isinstance(one, tuple) for value in one):
            return f"{should}, and returned bytes: `body.decode()` makes text of them"
        return f"{should}, and returned {_written(self.returned)}"


def _items(returned: Any) -> Sequence[Any]:
    return returned if isinstance(returned, (list, tuple)) else ()


def _pair(one: Any) -> Any:
    return tuple(one) if isinstance(one, (list, tuple)) else one


def _written(value: Any) -> str:
    """As Python writes it, for a sentence; of objects that say no more than where they lie only the class."""
    for one in _items(value):
        if " object at 0x" in repr(one):
            return f"a list of `{type(one).__name__}`"
    return f"`{cut(repr(value), 160).replace('`', chr(39))}`"
