"""What a publisher announced to an exchange, as it was said on the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pika import spec

from warren.checks.arrivals import EMPTY
from warren.checks.deliveries import refused
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.scenarios import undecoded


def announced(probe: Probe, function: Learners, exchange: str, asked: Sequence[str]) -> None:
    """Each of these texts was published once, to the exchange and nowhere else."""
    sent = probe.wire.noted(spec.Basic.Publish)
    for one in sent:
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
