"""Alternate exchanges: what an exchange has no binding for is kept, and why it is not."""

from __future__ import annotations

from collections.abc import Sequence

from pika import spec

from warren.checks.arrivals import forgets
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.routes import Trial, arrive, bindings, bound, by_bindings, exchanges, listed

ARGUMENT = "alternate-exchange"
ON_QUEUE = f"`{ARGUMENT}` is an argument of the exchange that can't route"


def kept(probe: Probe, exchange: str, keys: Sequence[str], queue: str) -> None:
    """Messages with these keys, which nobody is bound for, arrive in that queue, by a way that survives the broker."""
    arrive(probe, [Trial(exchange, key, (queue,)) for key in keys], why=_not_kept)
    for name in _ways(probe, exchange):
        row = exchanges(probe).get(name)
        if row and not row["durable"]:
            raise Wrong(
                f"the exchange `{name}` is not durable, so when the broker has restarted it is not there, and what "
                f"`{exchange}` can't route is lost again: add `durable=True`"
            )
        if row and row["auto_delete"]:
            raise Wrong(
                f"the exchange `{name}` is `auto_delete`: it goes with the last of its bindings, and from then on what "
                f"`{exchange}` can't route is lost again"
            )


def _alternate(probe: Probe, exchange: str) -> str | None:
    named = exchanges(probe).get(exchange, {}).get("arguments", {}).get(ARGUMENT)
    return None if named is None else str(named)


def _ways(probe: Probe, exchange: str) -> list[str]:
    """Its alternate exchange, the alternate exchange of that, and so on."""
    found: list[str] = []
    while (following := _alternate(probe, found[-1] if found else exchange)) is not None and following not in found:
        found.append(following)
    return found


def _not_kept(probe: Probe, trial: Trial, queues: Sequence[str]) -> str:
    queue = trial.wanted[0]
    alternate = _alternate(probe, trial.exchange)
    if queue in queues:
        by_net = [
            one.to for one in bindings(probe) if one.exchange == alternate and one.to in queues and one.to != queue
        ]
        return f"`{by_net[0]}` is bound to `{alternate}`, too" if by_net else by_bindings(probe, trial, queues)
    if alternate is None:
        return _no_alternate(probe, trial.exchange, queue)
    named = f"`{trial.exchange}` has the alternate exchange {listed([alternate])}"
    if not alternate:
        return f"{named}, the default exchange, which takes a message to the queue that its key names"
    row = exchanges(probe).get(alternate)
    if row is None and not alternate.startswith("amq."):
        is_queue = alternate in probe.queues()
        where = (
            "a queue: an alternate exchange is an exchange, to which the queue is bound" if is_queue else "not there"
        )
        return f"{named}, which is {where}"
    if not any(one.exchange == alternate for one in bindings(probe)):
        return f"{named}, to which nothing is bound"
    if row and row["type"] != "fanout":
        return f"{named}, which is {row['type']} and takes the keys of its bindings only: fanout takes every key"
    return forgets(probe, queue) or f"{named}, and {bound(probe, alternate, queue)}"


def _no_alternate(probe: Probe, exchange: str, kept_in: str) -> str:
    """The argument was left out, misspelt, or given to something else."""
    for queue in probe.wire.said(spec.Queue.Declare):
        if ARGUMENT in (queue.arguments or {}):
            return f"{ON_QUEUE}, and on the queue `{short(queue.queue)}` it means nothing"
        if "x-dead-letter-exchange" in (queue.arguments or {}):
            return "a queue's dead-letter exchange gets what was in that queue; what never came to one is not in it"
    for declared in probe.wire.said(spec.Exchange.Declare):
        given = declared.arguments or {}
        if ARGUMENT in given:
            return f"{ON_QUEUE}, `{exchange}`, and `{short(declared.exchange)}` has it"
        if similar := [argument for argument in given if "alternate" in argument.lower()]:
            return f"the argument is called `{ARGUMENT}`, and {listed(similar)} means nothing to the broker"
    known = any(one.exchange == exchange and one.to == kept_in for one in bindings(probe))
    only = f": {bound(probe, exchange, kept_in)}, and a direct exchange knows no other" if known else ""
    return f"`{exchange}` has no alternate exchange{only}"
