"""A scope on a fresh vhost, and a channel of somebody who fills its queues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from warren.brokers.broker import Broker
from warren.scope import Scope
from warren.workers.worker import named


@pytest.fixture
def channel(broker: Broker, vhost: str) -> Iterator[BlockingChannel]:
    """A confirming channel: what it published is in the queue when `basic_publish` returns."""
    connection = pika.BlockingConnection(pika.URLParameters(broker.url_for(vhost)))
    channel = connection.channel()
    channel.confirm_delivery()
    yield channel
    with suppress(AMQPError):  # a test may have restarted the broker
        connection.close()


@pytest.fixture
def watch(broker: Broker, vhost: str) -> Iterator[Callable[..., Scope]]:
    """Makes scopes of the vhost, and stops them."""
    scopes: list[Scope] = []

    def watch(*queues: str, on: Broker = broker) -> Scope:
        scopes.append(Scope(on, vhost, queues))
        return scopes[-1]

    yield watch
    for scope in scopes:
        scope.stop()


@pytest.fixture
def connect(broker: Broker, vhost: str) -> Iterator[Callable[[str], BlockingChannel]]:
    """Makes confirming channels on connections that bear a name."""
    connections: list[pika.BlockingConnection] = []

    def connect(name: str) -> BlockingChannel:
        connections.append(pika.BlockingConnection(pika.URLParameters(named(broker.url_for(vhost), name))))
        channel = connections[-1].channel()
        channel.confirm_delivery()
        return channel

    yield connect
    for connection in connections:
        with suppress(AMQPError):
            connection.close()
