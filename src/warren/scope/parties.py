"""Who publishes and who consumes, by the names their connections gave themselves."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from warren.management import Management, Row
from warren.scope.api import Api
from warren.scope.recording import Recording
from warren.scope.topology import Consumer, Publisher

GONE_KEPT = 6.0
"""Seconds for which somebody who left is still shown."""
CONSUMERS = (
    "queue.name", "channel_details.name", "channel_details.connection_name", "consumer_tag", "prefetch_count",
    "ack_required", "active",
)  # fmt: skip
CONNECTIONS = ("name", "user_provided_name", "state")
CHANNELS = (
    "name", "messages_unacknowledged", "message_stats.publish_details.avg_rate", "message_stats.ack_details.avg_rate",
    "message_stats.deliver_no_ack_details.avg_rate", "message_stats.get_no_ack_details.avg_rate",
)  # fmt: skip


class Parties:
    """The publishers and consumers of one vhost, those who left a moment ago among them."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._names: dict[str, str] = {}  # of the connections there are
        self._called: dict[str, str] = {}  # the same, and of those of everybody who left a moment ago
        self._blocked: set[str] = set()
        self._consumers: dict[str, Consumer] = {}
        self._channel_of: dict[str, str] = {}  # by consumer
        self._channels: dict[str, Row] = {}
        self._publishers: dict[str, Publisher] = {}
        self._connection_of: dict[str, str] = {}  # by publisher
        self._rates: dict[str, float] = {}  # of the publishers
        self._left: dict[str, float] = {}  # publishers, since when

    def ask(self, api: Api, management: Management, vhost: str) -> None:
        """Who is there now."""
        consumers = api.ask(management.consumers, vhost, CONSUMERS)
        connections = api.ask(management.connections, vhost, CONNECTIONS)  # after them: whoever consumes has a name
        if connections is None or consumers is None:
            return
        self._names = {row["name"]: row.get("user_provided_name") or "" for row in connections if "name" in row}
        known = {*self._connection_of.values(), *(_connection(channel) for channel in self._channel_of.values())}
        self._called = {name: called for name, called in self._called.items() if name in known} | self._names
        self._note_blocked(connections)
        self._note_consumers(consumers)
        self._note_left()

    def ask_channels(self, api: Api, management: Management, vhost: str, rates_over: int) -> None:
        """What their channels do now."""
        rows = api.ask(management.channels, vhost, CHANNELS, rates_over)
        if rows is not None:
            self._channels = {row["name"]: row for row in rows if "name" in row}

    def publishing(self) -> list[tuple[str, float]]:
        """Each channel that ever published, and how much it does now, messages a second, to whatever exchange."""
        counters = {
            name: (row.get("message_stats") or {}).get("publish_details") for name, row in self._channels.items()
        }
        return [(name, float(publish.get("avg_rate") or 0)) for name, publish in counters.items() if publish]

    def publish(self, exchange: str | None, channels: Sequence[tuple[str, float]]) -> None:
        """What each channel publishes to the exchange now, messages a second."""
        rates: dict[str, float] = defaultdict(float)
        for channel, rate in channels:
            rates[_connection(channel)] += rate
        self._rates |= {name: 0.0 for name, one in self._publishers.items() if one.exchange == exchange}
        for connection, rate in rates.items():
            if exchange is None:  # not known any more
                self._forget([name for name, of in self._connection_of.items() if of == connection])
            name = f"{connection}>{exchange or ''}"
            self._connection_of[name], self._rates[name] = connection, round(rate, 1)
            self._publishers.setdefault(name, Publisher(name, self._name(connection), exchange))

    def consumers(self) -> list[Consumer]:
        """In the order they came."""
        return list(self._consumers.values())

    def counted(self, queues: Iterable[str]) -> dict[str, int]:
        """How many there are at each of the queues that has any."""
        there = Counter(one.queue for one in self._consumers.values() if not one.gone)
        return {queue: there[queue] for queue in queues if there[queue]}

    def busy(self, exchange: str) -> bool:
        """Whether anybody publishes to the exchange, as far as was heard."""
        return any(self._rates[name] for name, one in self._publishers.items() if one.exchange == exchange)

    def publishers(self) -> list[Publisher]:
        """In the order they were seen first."""
        return list(self._publishers.values())

    def flows(self) -> dict[str, Any]:
        """What each of them does: messages a second, and for consumers how many are unacked."""
        shared = Counter(self._channel_of[one.id] for one in self._consumers.values() if not one.gone)
        found: dict[str, Any] = {f"publisher:{name}": self._rates.get(name, 0.0) for name in self._publishers}
        for one in self._consumers.values():
            channel = self._channels.get(self._channel_of[one.id], {})
            alone = shared[self._channel_of[one.id]] == 1
            found[f"consumer:{one.id}"] = _work(one, channel, alone)
        return found

    def _name(self, connection: str, tag: str = "") -> str:
        """What it calls itself; else the consumer's tag if somebody chose it; else its port, which tells it apart."""
        if name := self._called.get(connection):
            return name
        if tag and not tag.startswith(("ctag", "amq.ctag")):
            return tag
        return "port " + connection.partition(" -> ")[0].rpartition(":")[2]

    def _note_consumers(self, rows: Sequence[Row]) -> None:
        there: dict[str, Consumer] = {}
        for row in rows:
            if not row.get("queue") or not row.get("channel_details"):
                continue  # the broker's own statistics have not heard of the channel yet
            channel, tag = row["channel_details"]["name"], row["consumer_tag"]
            connection = row["channel_details"]["connection_name"]
            one = Consumer(
                f"{channel} {tag}", row["queue"]["name"], self._name(connection, tag), int(row["prefetch_count"] or 0),
                bool(row["ack_required"]), row.get("active") is not False,
            )  # fmt: skip
            there[one.id] = one
            self._channel_of[one.id] = channel
        now = self._recording.elapsed()
        known = {
            name: there.get(name) or dataclasses.replace(one, gone=self._how(one), since=one.since or round(now, 1))
            for name, one in self._consumers.items()
            if name in there or one.since is None or now < one.since + GONE_KEPT
        }
        self._consumers = known | there
        self._channel_of = {name: self._channel_of[name] for name in self._consumers}
        queues: dict[str, set[str]] = defaultdict(set)
        for one in self._consumers.values():
            queues[one.name].add(one.queue)
        self._recording.readers = {name: next(iter(of)) for name, of in queues.items() if len(of) == 1}

    def _how(self, one: Consumer) -> str:
        """How a consumer went, as far as the kit knows: its worker's last word is in the message log."""
        since = one.since or self._recording.elapsed()
        for line in self._recording.lines(since - GONE_KEPT):
            if line.who == one.name and line.event == "gone":
                return "killed" if line.what == "killed" else "failed"
        return "cancelled"

    def _note_left(self) -> None:
        """A connection is listed up to half a second after it was opened: what publishes is there."""
        now = self._recording.elapsed()
        for name, one in list(self._publishers.items()):
            connection = self._connection_of[name]
            if connection in self._names or self._rates[name]:
                self._left.pop(name, None)
                self._publishers[name] = dataclasses.replace(one, name=self._name(connection), gone=False)
            elif now > self._left.setdefault(name, now) + GONE_KEPT:
                self._forget([name])
            else:
                self._publishers[name] = dataclasses.replace(one, gone=True)

    def _forget(self, publishers: Iterable[str]) -> None:
        for name in publishers:
            for known in (self._publishers, self._rates, self._left, self._connection_of):
                known.pop(name, None)

    def _note_blocked(self, rows: Sequence[Row]) -> None:
        """An alarm blocks a connection as soon as it publishes; after the alarm its state may go on saying so."""
        alarm = self._recording.newest("alarms").get("") != []
        blocked = {row["name"] for row in rows if alarm and row.get("state") == "blocked" and "name" in row}
        names = {name: self._name(name) for name in blocked}
        for name in sorted(blocked - self._blocked):
            self._recording.mark(f"{names[name]} blocked", by="broker")
        self._blocked = blocked
        self._recording.latest("blocked", {"": sorted(names.values())})


def _connection(channel: str) -> str:
    """A channel is named like its connection, with a number in brackets."""
    return channel.rpartition(" (")[0]


def _work(one: Consumer, channel: Row, alone: bool) -> dict[str, float | None]:
    """The broker counts by channel: where several consumers share one, none of them is known."""
    if one.gone:
        return {"rate": 0.0, "unacked": 0}
    if not alone or not channel:
        return {"rate": None, "unacked": 0 if channel and not channel["messages_unacknowledged"] else None}
    counters = channel.get("message_stats") or {}
    names = ("ack",) if one.acks else ("deliver_no_ack",)
    rate = sum(float((counters.get(f"{name}_details") or {}).get("avg_rate") or 0) for name in names)
    return {"rate": round(rate, 1), "unacked": int(channel.get("messages_unacknowledged") or 0)}
