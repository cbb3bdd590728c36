"""The way from an exchange to the queues: what a learner declared and bound, and where the check's messages arrive."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pika
from pika import exceptions, spec

from warren.checks.arrivals import forgets
from warren.checks.deliveries import refused
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short

UNREADABLE = (404, 405)  # the queue went meanwhile; it is exclusive to another connection


@dataclass(frozen=True)
class Trial:
    """A message that the check sends to an exchange, and the queues it should arrive in (once each, in no others)."""

    exchange: str
    key: str
    wanted: tuple[str, ...]
    headers: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Such as: a message with the key `invoice` and the headers `format` = pdf."""
        parts = [f"the key `{short(self.key)}`"] if self.key or not self.headers else []
        parts += [f"the {_plural('header', self.headers)} {values(self.headers)}"] if self.headers else []
        return f"a message with {' and '.join(parts)}"


@dataclass(frozen=True)
class Binding:
    """What leads from an exchange to a queue (or to another exchange, where `to_exchange`)."""

    exchange: str
    to: str
    key: str
    arguments: Mapping[str, Any]
    to_exchange: bool = False

    def __str__(self) -> str:
        """Such as: `pdf` is bound to `documents` with `format` = pdf."""
        how = values(self.arguments) if self.arguments else f"the key {listed([self.key])}"
        return f"{'the exchange ' if self.to_exchange else ''}`{self.to}` is bound to `{self.exchange}` with {how}"


# what is there
def exchanges(probe: Probe) -> dict[str, dict[str, Any]]:
    """The exchanges that are not the broker's own, by name, as the HTTP API describes them; at once."""
    rows = probe.management.exchanges(probe.vhost)
    return {row["name"]: row for row in rows if row["name"] and not row["name"].startswith("amq.")}


def bindings(probe: Probe) -> list[Binding]:
    """All bindings of the vhost that somebody made; at once."""
    return [
        Binding(
            row["source"],
            row["destination"],
            row["routing_key"],
            {  # the API's word for the value None, which a headers exchange takes for any
                name: None if value == "undefined" else value for name, value in (row.get("arguments") or {}).items()
            },
            row["destination_type"] == "exchange",
        )
        for row in probe.management.bindings(probe.vhost)
        if row["source"]  # every queue is bound to the default exchange, by nobody
    ]


def durable_exchange(
    probe: Probe, function: Learners, exchange: str, kind: str, arguments: Mapping[str, Any] | None = None
) -> None:
    """The exchange is there after the function ended: of that type, durable, for every publisher, so declared.

    `kind` is "fanout", "direct", "topic" or "headers"; of the `arguments` all must be there, others may.
    """
    row = exchanges(probe).get(exchange)
    if row is None:
        gone = f"when `{name(function)}` had ended there was no exchange `{exchange}`"
        raise Wrong(f"{gone}: {_why_no_exchange(probe, exchange)}")
    if row["type"] != kind:
        raise Wrong(f"the exchange `{exchange}` should be of the type {kind}, and is {row['type']}{_by_default(probe)}")
    if not row["durable"]:
        raise Wrong(
            f"the exchange `{exchange}` is not durable, and goes with its bindings when the broker stops: "
            "add `durable=True` to `exchange_declare`"
        )
    if row["auto_delete"]:
        raise Wrong(f"the exchange `{exchange}` is `auto_delete`: it goes with the last of its bindings")
    if row["internal"]:
        raise Wrong(f"the exchange `{exchange}` is `internal`: only other exchanges may publish to it")
    for argument, value in (arguments or {}).items():
        given = row["arguments"].get(argument)
        if given != value:
            has = f"has {short(given)}" if argument in row["arguments"] else "has none"
            raise Wrong(f"the exchange `{exchange}` should have the argument `{argument}` = `{value}`, and {has}")


def _by_default(probe: Probe) -> str:
    """What to add where the type was left out; pika then asks for a direct exchange."""
    if any(one.type != "direct" for one in probe.wire.said(spec.Exchange.Declare)):
        return ""
    return ": `exchange_type` says which, and where you leave it out it is direct"


def _why_no_exchange(probe: Probe, exchange: str) -> str:
    if reason := refused(probe.wire):
        return reason
    declared = [one for one in probe.wire.said(spec.Exchange.Declare) if not one.passive]
    if any(one.exchange == exchange and one.auto_delete for one in declared):
        return "declared with `auto_delete=True`, it went with the last of its bindings"
    if others := sorted(exchanges(probe)):
        return f"there is {listed(others)}"
    if any(one.queue == exchange for one in probe.wire.said(spec.Queue.Declare)):
        return f"`{exchange}` is a queue, made by `queue_declare`; an exchange is made by `exchange_declare`"
    return "it declared none" if not declared else "there is none at all"


# where messages arrive
def publish(
    probe: Probe, exchange: str, key: str, bodies: Sequence[str], headers: Mapping[str, Any] | None = None
) -> None:
    """Publish persistent messages to an exchange that is there, and wait until every queue they go to has them."""
    properties = pika.BasicProperties(delivery_mode=2, headers=dict(headers) if headers else None)
    with probe.channel() as channel:
        channel.confirm_delivery()
        for body in bodies:
            with contextlib.suppress(exceptions.NackError):  # a queue went in this moment; the others have it
                channel.basic_publish(exchange, key, body.encode(), properties)


def arrived(probe: Probe, trials: Sequence[Trial]) -> list[list[str]]:
    """Where each trial arrived: the names of the queues, in order, one as often as the message is in it.

    The broker confirms a message when every queue it goes to has it, so there is nothing to wait for. The trials are
    taken out again, what else is in the queues stays. Nobody may consume meanwhile: what they took would be missing.
    """
    bodies = [f"trial {number} {uuid4()}" for number in range(1, len(trials) + 1)]
    for trial, body in zip(trials, bodies, strict=True):
        publish(probe, trial.exchange, trial.key, [body], trial.headers)
    found: dict[str, list[str]] = {body: [] for body in bodies}
    for row in probe.management.queue_totals(probe.vhost):
        if row.get("type") != "stream":  # which nobody can take messages out of
            for body in _taken_out(probe, row["name"], set(bodies)):
                found[body].append(row["name"])
    return [sorted(found[body]) for body in bodies]


def _taken_out(probe: Probe, queue: str, bodies: set[str]) -> list[str]:
    """Those of these messages that are in the queue; they leave it, the others stay in their order."""
    found: list[str] = []
    try:
        with probe.channel() as channel:
            last = 0
            while (got := channel.basic_get(queue))[0]:
                method, _, body = got
                if (text := body.decode(errors="replace")) in bodies:
                    found.append(text)
                    channel.basic_ack(method.delivery_tag)
                else:
                    last = method.delivery_tag
            if last:  # all in one word, as in Room.messages
                channel.basic_nack(last, multiple=True, requeue=True)
    except exceptions.ChannelClosedByBroker as error:
        if error.reply_code not in UNREADABLE:
            raise
    return found


Why = Callable[[Probe, Trial, Sequence[str]], str]


def arrive(probe: Probe, trials: Sequence[Trial], why: Why | None = None) -> None:
    """Each trial arrived in the queues it is wanted in, once each, and in no other; else says of the first why not.

    The reason are the bindings of the queues in question, or what `why` makes of a trial and the queues it arrived in.
    """
    for trial, queues in zip(trials, arrived(probe, trials), strict=True):
        if queues != sorted(trial.wanted):
            went = f"{trial}, sent to the exchange `{trial.exchange}`, arrived in {listed(queues) or 'no queue'}"
            should = f"and should arrive in {listed(trial.wanted) or 'none'}"
            raise Wrong(f"{went}, {should}: {(why or by_bindings)(probe, trial, queues)}")


def by_bindings(probe: Probe, trial: Trial, queues: Sequence[str]) -> str:
    """The bindings of the queues that have the trial and should not, or should and have not."""
    both = dict.fromkeys([*trial.wanted, *queues])
    amiss = [queue for queue in both if trial.wanted.count(queue) != queues.count(queue)]
    return "; ".join(_led(probe, trial, queue, queue in queues) for queue in amiss)


def _led(probe: Probe, trial: Trial, queue: str, there: bool) -> str:
    """How the queue is bound; for one that has the trial by another way than a binding to its exchange, that way."""
    sources = {one.exchange for one in bindings(probe) if one.to == queue and not one.to_exchange}
    if there and trial.exchange not in sources:
        return f"`{queue}` has it by way of {listed(sources)}"
    return (None if there else forgets(probe, queue)) or bound(probe, trial.exchange, queue)


def bound(probe: Probe, exchange: str, queue: str) -> str:
    """Such as: `express` is bound to `shipping` with the keys `air` and `courier`."""
    there = bindings(probe)
    every = [one for one in there if one.to == queue and not one.to_exchange]
    mine = [one for one in every if one.exchange == exchange]
    if not every:
        return f"`{queue}` is bound to nothing" if queue in probe.queues() else f"there is no queue `{queue}`"
    if links := [one for one in there if one.to_exchange]:
        return "; ".join(map(str, [*every, *links]))
    if not mine:
        return f"`{queue}` is bound to {listed({one.exchange for one in every})}, not to `{exchange}`"
    if any(one.arguments for one in mine):
        return f"`{queue}` is bound to `{exchange}` with {' and with '.join(values(one.arguments) for one in mine)}"
    keys = [one.key for one in mine]
    by_default = ", which pika takes for a key that you leave out" if keys == [queue] else ""
    return f"`{queue}` is bound to `{exchange}` with the {_plural('key', keys)} {listed(keys)}{by_default}"


# words
def listed(names: Sequence[str] | set[str] | frozenset[str]) -> str:
    """`a`, `b` and `c`; empty where there is none."""
    quoted = [f"`{short(each)}`" if each else '`""`' for each in sorted(names)]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def values(arguments: Mapping[str, Any]) -> str:
    """`x-match` = any, `format` = pdf."""
    return ", ".join(f"`{key}` = {short(value)}" for key, value in sorted(arguments.items(), key=_match_first))


def _match_first(argument: tuple[str, Any]) -> tuple[bool, str]:
    return argument[0] != "x-match", argument[0]


def _plural(word: str, things: Sequence[Any] | Mapping[str, Any]) -> str:
    return word if len(things) == 1 else f"{word}s"
