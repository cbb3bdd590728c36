"""The wire that a check listens on."""

from __future__ import annotations

import os
import threading
import time

import pika
import pytest
from pika import exceptions, spec
from pika.adapters.blocking_connection import BlockingChannel

from warren.brokers.broker import Broker
from warren.checks.confirms import Sent, most_open, sent
from warren.checks.deliveries import deliveries, refused
from warren.checks.wire import KEPT, Wire


@pytest.fixture
def queue_url(broker: Broker, vhost: str) -> str:
    return broker.url_for(vhost, heartbeat=1800)


def test_what_is_said_arrives_unchanged_and_is_noted(queue_url: str) -> None:
    """Bodies of every size pass as they are, and the record holds the methods in their order."""
    wire = Wire(queue_url)
    sizes = (0, 1, 4096, 300_000)
    bodies = [os.urandom(size) for size in sizes]
    with pika.BlockingConnection(pika.URLParameters(wire.url)) as connection:
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        for body in bodies:
            channel.basic_publish("", "q", body)
        for body in bodies:
            method, _, seen = channel.basic_get("q")
            assert seen == body
            channel.basic_ack(method.delivery_tag)
    assert [type(method) for method in wire.said(spec.Queue.Declare, spec.Basic.Publish, spec.Basic.Ack)] == [
        spec.Queue.Declare,
        *[spec.Basic.Publish] * len(sizes),
        *[spec.Basic.Ack] * len(sizes),
    ]
    assert [tag.delivery_tag for tag in wire.said(spec.Basic.Ack)] == [1, 2, 3, 4]
    assert len(wire.conversations) == 1
    published, given = wire.noted(spec.Basic.Publish), wire.conversations[0].heard
    assert [one.body for one in published] == [body[:KEPT] for body in bodies]
    assert [one.body for one in given if isinstance(one.method, spec.Basic.GetOk)] == [body[:KEPT] for body in bodies]
    wire.close()


def test_each_connection_is_a_conversation(queue_url: str) -> None:
    """Two connections are told apart, and so are two channels of one."""
    wire = Wire(queue_url)
    first, second = (pika.BlockingConnection(pika.URLParameters(wire.url)) for _ in range(2))
    first.channel(), first.channel(), second.channel()
    channels = [
        [opened.channel for opened in one.said if isinstance(opened.method, spec.Channel.Open)]
        for one in wire.conversations
    ]
    assert sorted(channels, key=len) == [[1], [1, 2]]
    wire.close()


def test_what_was_acknowledged_is_told_by_channel_and_tag(queue_url: str) -> None:
    """One ack settles one delivery, `multiple` all up to it, and both on their own channel only."""
    wire = Wire(queue_url)
    with pika.BlockingConnection(pika.URLParameters(wire.url)) as connection:
        first, second = connection.channel(), connection.channel()
        first.queue_declare("q", durable=True)
        for number in range(6):
            first.basic_publish("", "q", str(number))
        for channel in (first, first, first, first, second, second):
            channel.basic_get("q")
        first.basic_ack(2, multiple=True)
        first.basic_ack(4)
        second.basic_ack(1)
    assert [(one.body, one.acked) for one in deliveries(wire)] == [
        ("0", True), ("1", True), ("2", False), ("3", True), ("4", True), ("5", False),
    ]  # fmt: skip
    wire.close()


def test_what_the_broker_refused_is_known_though_nobody_raised(queue_url: str) -> None:
    """A function that swallows an exception, or ends before it comes, has it told all the same."""
    wire = Wire(queue_url)
    assert refused(wire) is None
    connection = pika.BlockingConnection(pika.URLParameters(wire.url))
    with pytest.raises(exceptions.ChannelClosedByBroker):
        connection.channel().queue_declare("nowhere", passive=True)
    connection.close()
    assert "there is no queue `nowhere` on this broker (404)" in (refused(wire) or "")
    assert refused(wire, since=time.monotonic()) is None
    wire.close()


def test_a_cut_wire_breaks_connections_and_takes_new_ones(queue_url: str) -> None:
    """`cut` is a network that fails for a moment."""
    wire = Wire(queue_url)
    broken = pika.BlockingConnection(pika.URLParameters(wire.url))
    wire.cut()
    deadline = time.monotonic() + 5
    with pytest.raises(exceptions.AMQPConnectionError):
        while time.monotonic() < deadline:
            broken.process_data_events(0.01)
    with pika.BlockingConnection(pika.URLParameters(wire.url)) as connection:
        assert connection.is_open
    wire.close()


def test_a_wire_to_nowhere_is_a_closed_connection() -> None:
    """Without a broker behind it the client fails as it would without the wire."""
    wire = Wire("amqp://127.0.0.1:1/")
    with pytest.raises(exceptions.AMQPConnectionError):
        pika.BlockingConnection(pika.URLParameters(wire.url))
    wire.close()


def test_the_password_and_the_vhost_go_along() -> None:
    """The URL differs in host, port and (towards the client) encryption only."""
    wire = Wire("amqps://me:p%40ss@broker.example:5671/my%2Fvhost?heartbeat=7")
    seen = pika.URLParameters(wire.url)
    assert (seen.credentials.username, seen.credentials.password) == ("me", "p@ss")
    assert (seen.virtual_host, seen.heartbeat, seen.ssl_options) == ("my/vhost", 7, None)
    wire.close()


def confirming(wire: Wire) -> tuple[pika.BlockingConnection, BlockingChannel]:
    """A connection whose every publish waits for the broker's answer, with a queue `q` to publish to."""
    connection = pika.BlockingConnection(pika.URLParameters(wire.url))
    channel = connection.channel()
    channel.queue_declare("q", durable=True)
    channel.confirm_delivery()
    return connection, channel


def test_a_silent_broker_is_heard_again_after_its_release(queue_url: str) -> None:
    """From the second publish on no answer comes, and the record has none; then it comes, and nothing was lost."""
    wire = Wire(queue_url)
    connection, channel = confirming(wire)
    wire.hold(2)
    channel.basic_publish("", "q", "1")
    released = threading.Timer(0.1, wire.release)
    released.start()
    channel.basic_publish("", "q", "2")
    assert released.finished.is_set()
    assert [(one.text, one.answer) for one in sent(wire)] == [("1", "ack"), ("2", "ack")]
    assert channel.queue_declare("q", passive=True).method.message_count == 2
    connection.close()
    wire.close()


@pytest.mark.parametrize(("lose", "arrived"), [(False, 2), (True, 1)])
def test_what_breaks_with_the_connection_is_the_answer_or_the_message(queue_url: str, lose: bool, arrived: int) -> None:
    """The publisher heard one confirm either way; the second message is in the queue if only its answer was lost."""
    wire = Wire(queue_url)
    _, channel = confirming(wire)
    wire.hold(2, lose=lose)
    channel.basic_publish("", "q", "1")
    threading.Timer(0.2, wire.cut).start()
    with pytest.raises(exceptions.AMQPError):
        channel.basic_publish("", "q", "2")
    assert [(one.text, one.answer) for one in sent(wire)] == [("1", "ack"), ("2", "")]
    with pika.BlockingConnection(pika.URLParameters(wire.url)) as connection:
        assert connection.channel().queue_declare("q", passive=True).method.message_count == arrived
    wire.close()


def test_most_open_counts_what_was_on_the_way_at_once() -> None:
    """Two overlap, the third comes after both; one without an answer stays on the way."""
    turns = [Sent(1, "a", True, "ack", 4), Sent(2, "b", True, "nack", 3), Sent(5, "c", True), Sent(6, "d", False)]
    assert most_open(turns) == 2
    assert most_open(turns[2:]) == 1
