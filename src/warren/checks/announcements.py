"""What a publisher announced to an exchange, as it was said on the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from pika import spec

from warren.checks.arrivals import EMPTY
from warren.checks.deliveries import refused
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.routes import publish
from warren.checks.scenarios import undecoded
from warren.checks.wire import Noted


class Announcements:
    """What the check announces to an exchange, one after another; `text` makes the text of a number, from 1."""

    def __init__(self, probe: Probe, exchange: str, text: Callable[[int], str]) -> None:
        self._probe, self._exchange, self._text = probe, exchange, text
        self.so_far: list[str] = []

    def more(self, count: int) -> list[str]:
        """Announce so many more, and return these."""
        texts = [self._text(len(self.so_far) + number) for number in range(1, count + 1)]
        publish(self._probe, self._exchange, "", texts)
        self.so_far += texts
        return texts


def announced(probe: Probe, function: Learners, exchange: str, asked: Sequence[str]) -> None:
    """Each of these texts was published once, to the exchange and nowhere else."""
    sent = probe.wire.noted(spec.Basic.Publish)
    for one in sent:
        _addressed(one, function, exchange, asked)
    if reason := refused(probe.wire):
        raise Wrong(reason)
    if not sent:
        raise Wrong(f"`{name(function)}` published nothing")
    for text, times in Counter(one.text for one in sent).items():
        if times > 1:
            raise Wrong(f"it published `{short(text)}` {times} times: once is enough, the exchange makes the copies")
    for wanted, one in zip(asked, sent, strict=False):
        if one.text != wanted:
            raise Wrong(f"it should publish `{wanted}`, and published `{short(one.text)}`{undecoded(one.text)}")
    if len(sent) != len(asked):
        raise Wrong(f"there were {len(asked)} messages to publish, and it published {len(sent)}")


def _addressed(one: Noted, function: Learners, exchange: str, asked: Sequence[str]) -> None:
    """It was published to the exchange, and its arguments are in their places."""
    to, key = one.method.exchange, one.method.routing_key
    if not to and key == exchange:
        raise Wrong(
            f'it published to the default exchange `""` with the routing key `{exchange}`: the exchange comes '
            f'first, `basic_publish("{exchange}", "", …)`'
        )
    if not to:
        raise Wrong(
            f"`{name(function)}` publishes to the queue `{short(key) or EMPTY}` itself, through the default "
            f"exchange: then it has to know every department. Publish to `{exchange}`, and let bindings do the rest"
        )
    if to != exchange:
        raise Wrong(f"`{name(function)}` published to the exchange `{short(to)}`, not to `{exchange}`")
    if key in asked and one.text != key:
        raise Wrong(
            f"it published the text `{short(one.text) or EMPTY}` with the routing key `{short(key)}`: the body "
            "comes third, `basic_publish(exchange, routing_key, body)`"
        )
