"""What lies in the dead letter office when a check begins: letters that died on short ways and on long ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from warren.checks.dead_letters import reject, send
from warren.checks.probe import Probe

OFTEN = 5  # a letter may come back, where one is to come back too often; to look at it is to give it back, too
QUORUM = {"x-queue-type": "quorum"}
TO_DEAD = {"x-dead-letter-exchange": "dead", "x-dead-letter-routing-key": "dead"}


@dataclass(frozen=True)
class Home:
    """A letter, and the exchange and routing key by which it came into the queue of its first death."""

    text: str
    exchange: str
    key: str
    queue: str

    @property
    def way(self) -> str:
        return f"the exchange `{self.exchange}`, key `{self.key}`" if self.exchange else f'`""`, key `{self.key}`'


HOMES = (
    Home("order 1", "events", "order.placed.eu", "packing"),
    Home("order 2", "events", "order.placed.us", "packing"),
    Home("invoice 3", "", "invoices", "invoices"),
    Home("order 4", "events", "order.changed.asia", "repairs"),
    Home("order 5", "events", "order.changed.eu", "repairs"),
    Home("order 7", "events", "order.changed.us", "repairs"),
)
STRAY = Home("parcel 6", "events", "parcel.returned.eu", "returns")
REPLAYS: Mapping[str, int | None] = {"order 1": None, "order 2": 1, "order 3": 2, "order 4": 3}  # so often replayed


def envelope(text: str) -> dict[str, Any]:
    """The properties that a letter of the check has, for `send`; no two letters have the same."""
    return {"message_id": f"the id of {text}", "headers": {"gift": text}}


def seven_letters(probe: Probe) -> None:
    """Letters that died in several queues, two of them more than once, one of them of two reasons in one queue."""
    with probe.channel() as channel:
        channel.exchange_declare("events", "topic", durable=True)
        for exchange in ("dead", "later", "again"):
            channel.exchange_declare(exchange, "fanout", durable=True)
        channel.queue_declare("dead", durable=True, arguments=QUORUM)
        channel.queue_bind("dead", "dead")
        waits = {"x-message-ttl": 20, "x-dead-letter-exchange": "again"}
        channel.queue_declare("pause", durable=True, arguments=QUORUM | waits)
        for queue, key in (("packing", "order.placed.*"), ("invoices", ""), ("returns", "parcel.*.*")):
            channel.queue_declare(queue, durable=True, arguments=QUORUM | TO_DEAD)
            channel.queue_bind(queue, "events", key)
        to_pause = {"x-dead-letter-exchange": "later", "x-dead-letter-routing-key": "wait"}
        channel.queue_declare("repairs", durable=True, arguments=QUORUM | to_pause | {"x-delivery-limit": OFTEN})
        channel.queue_bind("repairs", "events", "order.changed.*")
        channel.queue_bind("repairs", "again")
        channel.queue_bind("pause", "later")
    for home in (*HOMES[:3], STRAY):
        _post(probe, home)
    for queue, count in (("packing", 2), ("invoices", 1), ("returns", 1)):
        reject(probe, queue, count)
    for home in (HOMES[3], HOMES[5]):
        _post(probe, home)
    reject(probe, "repairs", 2)
    _out_of_the_ring(probe)
    with probe.channel() as channel:
        channel.queue_unbind("repairs", "again")
        channel.queue_bind("dead", "again")
        _post(probe, HOMES[4], expiration="20")  # expires in `repairs` and in `pause`: the reason alone tells nothing
        probe.wait_ready("dead", 7)
        channel.queue_unbind("returns", "events", "parcel.*.*")


def _post(probe: Probe, home: Home, **properties: Any) -> None:
    send(probe, home.exchange, home.key, home.text, **envelope(home.text), **properties)


def _out_of_the_ring(probe: Probe) -> None:
    """What was rejected in `repairs` comes back from `pause`, dies there again, and goes to the office this time.

    One is rejected once more; the other comes back too often: so the queue alone does not tell its first death.
    """
    probe.wait_ready("repairs", 2)
    with probe.channel() as channel:
        channel.queue_unbind("pause", "later")
        channel.queue_bind("dead", "later")
        reject(probe, "repairs", 1)

        def given_back() -> int | None:
            if method := channel.basic_get("repairs")[0]:
                channel.basic_reject(method.delivery_tag, requeue=True)
            return probe.ready("dead")

        probe.wait(given_back, lambda ready: ready == 6)
        channel.queue_unbind("dead", "later")
        channel.queue_bind("pause", "later")


def four_orders(probe: Probe) -> None:
    with probe.channel() as channel:
        channel.exchange_declare("events", "topic", durable=True)
        channel.exchange_declare("dead", "fanout", durable=True)
        for queue in ("dead", "parked"):
            channel.queue_declare(queue, durable=True, arguments=QUORUM)
        channel.queue_bind("dead", "dead")
        channel.queue_declare("orders", durable=True, arguments=QUORUM | {"x-dead-letter-exchange": "dead"})
        channel.queue_bind("orders", "events", "order.placed.*")
    for text, replays in REPLAYS.items():
        properties = envelope(text)
        if replays is not None:
            properties["headers"]["replays"] = replays
        send(probe, "events", "order.placed.eu", text, **properties)
    reject(probe, "orders", len(REPLAYS))
    probe.wait_ready("dead", len(REPLAYS))
