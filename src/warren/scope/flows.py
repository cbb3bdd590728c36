"""What moves on each edge of the topology, messages a second, as the broker's own counters say.

RabbitMQ counts what was published to an exchange, and (with `management.rates_mode = detailed`, as on a broker of our
own) how much of that reached which queue. A message that came by a second exchange is counted for the first: its way is
looked up in the bindings. No single binding is counted: parallel ones between the same two ends share one number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from warren.scope.topology import DEFAULT, edge_id

Flows = dict[str, Any]
End = tuple[str, str]  # ("exchange" | "queue", name)


def flows(
    drawn: dict[str, Any],
    published: Mapping[str, float | None],
    fed: Mapping[tuple[str, str], float],
    dead: Mapping[str, float],
    unknown: Iterable[str] = (),
) -> Flows:
    """Flow by the name of the node or edge.

    `published`: what each exchange got from publishers, `fed`: what of it reached which queue, `dead`: what each queue
    dead-lettered. None is a flow that is not known, 0 one that is known to rest: of what may lead to an `unknown` queue
    the broker does not tell from where it came.
    """
    ways = _Ways(drawn)
    found: Flows = defaultdict(float)
    for exchange in drawn["exchanges"]:
        found[f"exchange:{exchange['name']}"] += published.get(exchange["name"], 0.0) or 0.0
        if exchange["alternate"] is not None:
            found[f"alternate:{exchange['name']}"] += 0.0
    for edge in drawn["bindings"]:
        found[edge_id(edge)] += 0.0
    for (source, queue), rate in fed.items():
        ways.follow(("exchange", source), ("queue", queue), rate, found)
    for edge in drawn["dead"]:
        rate = dead.get(edge["queue"], 0.0)
        found[f"dead:{edge['queue']}"] += rate
        found[f"exchange:{edge['exchange']}"] += rate
        for queue in targets(drawn, edge):
            ways.follow(("exchange", edge["exchange"]), ("queue", queue), rate, found)
    hidden = ways.leading_to(unknown) | {f"exchange:{name}" for name, rate in published.items() if rate is None}
    return {name: None if name in hidden else round(rate, 1) for name, rate in found.items()}


def targets(drawn: dict[str, Any], dead: dict[str, Any]) -> list[str]:
    """The queues that the dead letters of this edge reach, where the bindings alone tell."""
    exchange, key = dead["exchange"], dead["key"]
    if exchange == DEFAULT:
        return [key] if key else []
    kinds = {row["name"]: row["type"] for row in drawn["exchanges"]}
    bound = [edge for edge in drawn["bindings"] if edge["source"] == exchange and edge["to"] == "queue"]
    if kinds.get(exchange) == "fanout" or len({edge["destination"] for edge in bound}) == 1:
        return list(dict.fromkeys(edge["destination"] for edge in bound))
    matching = [edge for edge in bound if key is not None and _matches(kinds.get(exchange), edge["key"], key)]
    return list(dict.fromkeys(edge["destination"] for edge in matching))


def _matches(kind: str | None, pattern: str, key: str) -> bool:
    if kind == "direct":
        return pattern == key
    return kind == "topic" and _topic(pattern.split("."), key.split("."))


def _topic(pattern: list[str], words: list[str]) -> bool:
    """`*` is one word, `#` any number of them, none too."""
    if not pattern:
        return not words
    if pattern[0] == "#":
        return _topic(pattern[1:], words) or (bool(words) and _topic(pattern, words[1:]))
    return bool(words) and pattern[0] in ("*", words[0]) and _topic(pattern[1:], words[1:])


class _Ways:
    """The shortest way from an exchange to a queue: by bindings, else by an alternate exchange too."""

    def __init__(self, drawn: dict[str, Any]) -> None:
        self._edges: dict[End, dict[End, list[str]]] = defaultdict(lambda: defaultdict(list))
        for edge in drawn["bindings"]:
            self._edges["exchange", edge["source"]][edge["to"], edge["destination"]].append(edge_id(edge))
        self._alternates: dict[End, dict[End, list[str]]] = {
            ("exchange", row["name"]): {("exchange", row["alternate"]): [f"alternate:{row['name']}"]}
            for row in drawn["exchanges"]
            if row["alternate"] is not None
        }

    def follow(self, start: End, end: End, rate: float, found: Flows) -> None:
        """Add the rate to each edge on the way, and to each exchange after the first."""
        steps = self._way(start, end, alternates=False) or self._way(start, end, alternates=True)
        for node, names in steps:
            for name in names:
                found[name] += rate
            if node[0] == "exchange":
                found[f"exchange:{node[1]}"] += rate

    def leading_to(self, queues: Iterable[str]) -> set[str]:
        """The names of all edges by which something may come to the queues, and of the exchanges in between."""
        ends: set[End] = {("queue", queue) for queue in queues}
        found: set[str] = set()
        fresh = True
        while fresh:
            fresh = False
            for source, onward in [*self._edges.items(), *self._alternates.items()]:
                for end, names in onward.items():
                    if end in ends and not found.issuperset(names):
                        found |= {*names, *([f"exchange:{end[1]}"] if end[0] == "exchange" else [])}
                        ends.add(source)
                        fresh = True
        return found

    def _way(self, start: End, end: End, alternates: bool) -> list[tuple[End, list[str]]]:
        ways: dict[End, list[tuple[End, list[str]]]] = {start: []}
        fresh: Iterable[End] = [start]
        while fresh and end not in ways:
            reached: dict[End, list[tuple[End, list[str]]]] = {}
            for node in fresh:
                onward = [self._edges.get(node, {})] + ([self._alternates.get(node, {})] if alternates else [])
                for edges in onward:
                    for following, names in edges.items():
                        reached.setdefault(following, [*ways[node], (following, names)])
            fresh = [node for node in reached if node not in ways]
            ways = reached | ways
        return ways.get(end, [])
