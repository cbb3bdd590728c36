"""Looks at what is around the queues about once a second: exchanges, bindings, publishers, consumers, alarms.

Only of a scope that was shown. One question a reading, so that none of them is late; all at once at the beginning.
What it finds goes into the recording as `topology`, `flows`, `head` and `alarms`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from warren.brokers.broker import Broker
from warren.errors import BrokerRefused, ManagementUnavailable, WarrenError
from warren.management import Row
from warren.scope.api import Api
from warren.scope.dead import DeadLetters
from warren.scope.flows import flows
from warren.scope.head import Heads
from warren.scope.parties import Parties
from warren.scope.recording import Recording
from warren.scope.statistics import Statistics
from warren.scope.topology import DEFAULT, Rows, leading_to, topology

ROUND_OWN, ROUND_OTHER = 0.9, 2.5
"""Seconds between two looks at everything: as often as the broker has new rates."""
UNSEEN = 5.0
"""The same while nobody sees it. Not never: a page that is looked at again cannot say so before a long cell ends."""
LATE = 2.0
"""Seconds for which a consumer that came or went is looked for."""
EXCHANGES = (
    "name", "type", "policy", "arguments", "message_stats.publish_in", "message_stats.publish_in_details.avg_rate"
)  # fmt: skip
BINDINGS = ("source", "destination", "destination_type", "routing_key", "arguments")
TRAFFIC = (
    "incoming.channel_details.name", "incoming.stats.publish_details.avg_rate",
    "outgoing.queue.name", "outgoing.stats.publish_details.avg_rate",
)  # fmt: skip


class Explorer:
    """What the HTTP API knows around the queues. `why` says why it cannot be had. For one thread only."""

    def __init__(self, broker: Broker, vhost: str, statistics: Statistics, recording: Recording) -> None:
        self.shown, self._seen = False, True
        self._vhost, self._statistics, self._recording = vhost, statistics, recording
        self._api = Api(broker)  # of its own: what it is refused says nothing about the queues
        self._period, self._rates_over = (ROUND_OWN, 2) if broker.own else (ROUND_OTHER, 10)
        self._rows, self._parties = Rows(), Parties(recording)
        self._dead, self._heads = DeadLetters(), Heads()
        self._published: dict[str, tuple[int, float | None]] = {}
        self._untold: set[str] = set()  # exchanges of which the broker would not tell where their messages go
        self._todo: list[Callable[[], None]] = []
        self._due = self._not_before = 0.0
        self._by_queue: bool | None = None  # whether the broker counts by exchange and queue
        self._counted: dict[str, int] = {}
        self._changed = 0.0
        self._alarms = True  # until we are not allowed to ask

    @property
    def why(self) -> str:
        return self._api.why

    def look(self, seen: bool) -> None:
        """Whether anybody can see it now: what is out of sight is looked at seldom."""
        self._seen = seen
        if self._due:  # the first look is never put off
            self._due = time.monotonic() + (0 if seen else UNSEEN)

    def step(self, names: Sequence[str], every: bool) -> None:
        """Ask the next question, if it is time for it. `names` are the queues watched, `every`: they are all."""
        if not self.shown or self._api.management is None:
            return
        now = time.monotonic()
        news = self._news(names, now)
        if now < self._not_before:
            return
        if not self._todo and now >= self._due:
            complete, self._due = bool(self._due), now + (self._period if self._seen else UNSEEN)
            self._todo = self._questions()
            while not complete and self._todo and not self._api.why:  # the first picture is whole
                self._todo.pop(0)()
        elif news:
            self._ask_consumers()
        elif self._todo:
            self._todo.pop(0)()
        else:
            return
        if news or not self._todo:
            self._draw(names, every)
        self._not_before = time.monotonic() + self._api.pause(now)

    def _news(self, names: Sequence[str], now: float) -> bool:
        """True while a consumer has come or gone and the HTTP API, up to half a second late, may not say so yet."""
        readings = {name: self._recording.now(name) for name in names}
        for name, reading in readings.items():
            self._heads.look(name, reading, self._recording.elapsed())
        counted = {name: reading.consumers for name, reading in readings.items() if reading and reading.consumers}
        if counted != self._counted:
            self._counted, self._changed = counted, now
        return now < self._changed + LATE and counted != self._parties.counted(names)

    def close(self) -> None:
        self._api.close()

    def _questions(self) -> list[Callable[[], None]]:
        first = [self._ask_mode] if self._by_queue is None else []
        return [
            *first,
            self._ask_exchanges,
            self._ask_bindings,
            self._ask_consumers,
            self._ask_channels,
            self._ask_alarms,
        ]

    def _ask_mode(self) -> None:
        management = self._api.management
        assert management is not None
        overview = self._api.ask(management.overview)
        self._by_queue = None if overview is None else overview.get("rates_mode") == "detailed"

    def _ask_exchanges(self) -> None:
        management = self._api.management
        assert management is not None
        rows = self._api.ask(management.exchanges, self._vhost, EXCHANGES, self._rates_over)
        if rows is None:
            return
        self._rows.exchanges = rows
        if any(row.get("policy") for row in rows):
            self._rows.policies = self._api.ask(management.policies, self._vhost) or []
        for row in rows:
            counters = row.get("message_stats") or {}
            count = int(counters.get("publish_in") or 0)
            rate = _average(counters, "publish_in") if count else 0.0
            before = self._published.get(row["name"])
            self._published[row["name"]] = count, rate
            moves = rate or before != (count, rate) or self._moves(row["name"])
            if self._by_queue and count and moves:  # one that rests is not asked again
                self._todo.insert(0, lambda name=row["name"]: self._ask_traffic(name))  # type: ignore[misc]

    def _moves(self, exchange: str) -> bool:
        """Whether something flowed when it was asked last: not all that it tells comes to rest at one moment."""
        fed = any(rate for (source, _), rate in self._rows.fed.items() if source == exchange)
        return fed or self._parties.busy(exchange)

    def _ask_traffic(self, exchange: str) -> None:
        management = self._api.management
        assert management is not None
        try:
            row = management.exchange(self._vhost, exchange, TRAFFIC, self._rates_over)
        except WarrenError:  # deleted meanwhile, or of a name such as "." that no URL can hold
            self._untold.add(exchange)
            return
        self._untold.discard(exchange)
        # of a channel or queue that has just gone the API gives an empty list in place of its details
        incoming = [one for one in row.get("incoming", []) if one.get("channel_details")]
        outgoing = [one for one in row.get("outgoing", []) if one.get("queue")]
        self._parties.publish(exchange, [(one["channel_details"]["name"], _rate(one)) for one in incoming])
        self._rows.fed |= {way: 0.0 for way in self._rows.fed if way[0] == exchange}
        self._rows.fed |= {(exchange, one["queue"]["name"]): _rate(one) for one in outgoing}

    def _ask_bindings(self) -> None:
        management = self._api.management
        assert management is not None
        rows = self._api.ask(management.bindings, self._vhost, BINDINGS)
        self._rows.bindings = self._rows.bindings if rows is None else rows

    def _ask_consumers(self) -> None:
        management = self._api.management
        assert management is not None
        self._parties.ask(self._api, management, self._vhost)

    def _ask_channels(self) -> None:
        management = self._api.management
        assert management is not None
        self._parties.ask_channels(self._api, management, self._vhost, self._rates_over)

    def _ask_alarms(self) -> None:
        management = self._api.management
        if management is None or not self._alarms:
            return
        try:
            rows = management.nodes(("mem_alarm", "disk_free_alarm"))
        except BrokerRefused:  # it takes the monitoring tag
            self._alarms = False
            return
        except ManagementUnavailable:
            return
        names = {"mem_alarm": "memory", "disk_free_alarm": "disk"}
        now = [said for column, said in names.items() if any(row.get(column) for row in rows)]
        before = self._recording.newest("alarms").get("", [])
        for name in sorted(set(now) ^ set(before)):
            self._recording.mark(f"{name} alarm{'' if name in now else ' over'}", by="broker")
        self._recording.latest("alarms", {"": now})

    def _work_out(self, names: Sequence[str]) -> None:
        """What a broker with `rates_mode = basic`, the default, does not count and only one exchange can have done."""
        used = [name for name, (count, _) in self._published.items() if count]
        if used:
            self._parties.publish(used[0] if len(used) == 1 else None, self._parties.publishing())
        for name in names:
            ways = [one for one in used if one in ({DEFAULT} | leading_to(self._rows, {name}))]
            rate = _average(self._rows.queues.get(name, {}).get("message_stats") or {}, "publish")
            if len(ways) == 1 and rate is not None:
                self._rows.fed[ways[0], name] = rate
            if len(ways) > 1 and rate:
                self._rows.unknown.add(name)

    def _find_unknown(self, names: Sequence[str]) -> None:
        """The queues of which it is not known what comes to them from where."""
        untold = self._untold & {row["name"] for row in self._rows.exchanges}
        ways = {name: {DEFAULT} | leading_to(self._rows, {name}) for name in names} if untold else {}
        self._rows.unknown = {name for name in names if self._by_queue is None or untold & ways.get(name, set())}

    def _draw(self, names: Sequence[str], every: bool) -> None:
        self._rows.queues = self._statistics.full
        self._find_unknown(names)
        if self._by_queue is False:
            self._work_out(names)
        self._rows.used = {name for name, (count, _) in self._published.items() if count}
        drawn = topology(self._rows, names, every, self._parties.consumers(), self._parties.publishers())
        self._recording.latest("topology", {"": drawn})
        published = {name: rate for name, (_, rate) in self._published.items()}
        now, queues = self._recording.elapsed(), self._rows.queues
        dead = self._dead.rates(now, drawn, queues)
        moving = flows(drawn, published, self._rows.fed, dead, self._rows.unknown) | self._parties.flows()
        self._recording.latest("flows", moving, whole=True)
        heads = {
            name: {
                "age": self._heads.age(name, self._recording.now(name), now, queues.get(name, {})),
                "dead": self._dead.exact.get(name),
            }
            for name in names
        }
        self._recording.latest("head", heads, whole=True)


def _rate(row: Row) -> float:
    return _average(row.get("stats") or {}, "publish") or 0.0


def _average(counters: Row, counter: str) -> float | None:
    rate = (counters.get(f"{counter}_details") or {}).get("avg_rate")
    return None if rate is None else float(rate)
