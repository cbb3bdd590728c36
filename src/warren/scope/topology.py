"""What the vhost is made of, as the picture draws it: plain rows of the HTTP API in, plain lists out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from warren.management import Row

DEFAULT = ""
"""The default exchange: every queue is bound to it by its own name."""
MISSING = "missing"
"""The type of an exchange that a queue or exchange names and that is not there: what goes to it is lost."""


@dataclass(frozen=True)
class Consumer:
    """Who reads from a queue. `gone` is "killed", "cancelled" or None, `since` when that was seen, or None."""

    id: str
    queue: str
    name: str
    prefetch: int
    acks: bool
    active: bool
    gone: str | None = None
    since: float | None = None


@dataclass(frozen=True)
class Publisher:
    """Who publishes to an exchange (None where the broker does not tell); its connection may be `gone`."""

    id: str
    name: str
    exchange: str | None
    gone: bool = False


@dataclass
class Rows:
    """What the HTTP API said last, of one vhost."""

    exchanges: list[Row] = field(default_factory=list)
    policies: list[Row] = field(default_factory=list)
    bindings: list[Row] = field(default_factory=list)
    queues: dict[str, Row] = field(default_factory=dict)
    fed: dict[tuple[str, str], float] = field(default_factory=dict)
    """Messages a second that were published to an exchange and reached a queue, by the way of whatever else."""
    unknown: set[str] = field(default_factory=set)
    """Queues that something reaches and the broker does not tell from where."""
    used: set[str] = field(default_factory=set)
    """Exchanges that something was ever published to."""

    def kinds(self) -> dict[str, str]:
        return {row["name"]: row["type"] for row in self.exchanges}

    def alternates(self) -> dict[str, str]:
        """Where an exchange sends what it has no binding for; an argument wins over a policy."""
        policies = {row["name"]: row.get("definition") or {} for row in self.policies}
        found = {}
        for row in self.exchanges:
            policy = policies.get(row.get("policy") or "", {})
            to = (row.get("arguments") or {}).get("alternate-exchange") or policy.get("alternate-exchange")
            if to is not None:
                found[row["name"]] = str(to)
        return found

    def dead_letters(self, queue: str) -> tuple[str, str | None] | None:
        """The queue's dead-letter exchange and routing key; None without one. An argument wins over a policy."""
        row = self.queues.get(queue, {})
        arguments, policy = row.get("arguments") or {}, row.get("effective_policy_definition") or {}
        exchange = arguments.get("x-dead-letter-exchange", policy.get("dead-letter-exchange"))
        if exchange is None:
            return None
        return str(exchange), arguments.get("x-dead-letter-routing-key", policy.get("dead-letter-routing-key"))


def topology(
    rows: Rows, watched: Sequence[str], every: bool, consumers: Iterable[Consumer], publishers: Sequence[Publisher]
) -> dict[str, Any]:
    """Everything that leads to the watched queues and away from them; `every`: they are all there are."""
    kinds, alternates = rows.kinds(), rows.alternates()
    dead = {queue: to for queue in watched if (to := rows.dead_letters(queue))}
    implied = _implied(rows, watched, dead)
    shown = {name for name in kinds if every and name and not name.startswith("amq.")}
    shown |= (
        rows.used & kinds.keys()
        | {to for to, _ in dead.values()}
        | {one.exchange for one in publishers if one.exchange is not None}
    )
    shown |= leading_to(rows, set(watched))
    shown |= {DEFAULT} if any(rows.fed.get((DEFAULT, queue)) is not None for queue in watched) else set()
    if not shown and watched:
        shown = {DEFAULT}
    while more := {alternates[name] for name in shown if name in alternates} - shown:
        shown |= more
    ordered = [name for name in kinds if name in shown] + sorted(shown - kinds.keys())
    return {
        "exchanges": [
            {"name": name, "type": kinds.get(name, MISSING), "alternate": alternates.get(name)} for name in ordered
        ],
        "bindings": [_binding(row) for row in rows.bindings if _drawn(row, shown, watched)]
        + [edge for edge in implied if DEFAULT in shown],
        "dead": [{"queue": queue, "exchange": to, "key": key} for queue, (to, key) in dead.items()],
        "consumers": [dict(vars(one)) for one in consumers if one.queue in watched],
        "publishers": [dict(vars(one)) for one in publishers],
    }


def edge_id(edge: dict[str, Any]) -> str:
    """How the flow on a binding of the topology is named."""
    return f"binding:{edge['source']}|{edge['destination']}|{edge['to']}|{edge['key']}"


def _binding(row: Row) -> dict[str, Any]:
    return {
        "source": row["source"],
        "destination": row["destination"],
        "to": row["destination_type"],
        "key": row["routing_key"],
        "arguments": row.get("arguments") or {},
    }


def _drawn(row: Row, shown: set[str], watched: Sequence[str]) -> bool:
    ends = watched if row["destination_type"] == "queue" else shown
    return row["source"] != DEFAULT and row["source"] in shown and row["destination"] in ends


def leading_to(rows: Rows, queues: set[str]) -> set[str]:
    """The exchanges from which one of the queues can be reached by explicit bindings and alternates."""
    edges = [(row["source"], (row["destination_type"], row["destination"])) for row in rows.bindings]
    edges += [(name, ("exchange", to)) for name, to in rows.alternates().items()]
    ends = {("queue", queue) for queue in queues}
    while more := {("exchange", source) for source, end in edges if source != DEFAULT and end in ends} - ends:
        ends |= more
    return {name for kind, name in ends if kind == "exchange"}


def _implied(rows: Rows, watched: Sequence[str], dead: dict[str, tuple[str, str | None]]) -> list[dict[str, Any]]:
    """The default exchange's bindings that are used: to a queue it fed, to a queue without any other way in."""
    bound = {row["destination"] for row in rows.bindings if row["source"] != DEFAULT}
    keys = {key for to, key in dead.values() if to == DEFAULT}
    return [
        {"source": DEFAULT, "destination": queue, "to": "queue", "key": queue, "arguments": {}}
        for queue in watched
        if queue in rows.queues and ((DEFAULT, queue) in rows.fed or queue in keys or queue not in bound)
    ]
