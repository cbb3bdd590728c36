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
