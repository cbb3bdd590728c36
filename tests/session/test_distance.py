"""A broker far away, for lessons on prefetch and confirms."""

from __future__ import annotations

import threading
import time
from typing import Any

import pika
import pytest

from warren.session import Session

FAR = 0.05  # seconds


def test_every_answer_takes_a_round_trip_longer(session: Session) -> None:
    """Ten questions, one after the other, take ten round trips, and what is sent arrives whole and in order."""
    bodies = [bytes([number]) * 200_000 for number in range(5)]
    with (
        session.distant(round_trip=FAR) as url,
        pika.BlockingConnection(pika.URLParameters(url)) as connection,
    ):
        channel = connection.channel()
        channel.queue_declare("parcels", durable=True)
        begun = time.monotonic()
        for _ in range(10):
            channel.queue_declare("parcels", passive=True)
        assert time.monotonic() - begun >= 10 * FAR
        for body in bodies:
            channel.basic_publish("", "parcels", body)
        consumer = channel.consume("parcels", auto_ack=True)
        assert [next(consumer)[2] for _ in bodies] == bodies


def test_what_is_sent_together_travels_together(session: Session) -> None:
    """The way is long, not narrow: a hundred messages are on it at once."""
    with (
        session.distant(round_trip=0.1) as url,
        pika.BlockingConnection(pika.URLParameters(url)) as connection,
    ):
        channel = connection.channel()
        channel.queue_declare("parcels", durable=True)
        begun = time.monotonic()
        for _ in range(100):
            channel.basic_publish("", "parcels", b"")
        while channel.queue_declare("parcels", passive=True).method.message_count < 100:
            pass
        assert time.monotonic() - begun < 5  # one after the other: 10 s


def test_the_end_breaks_connections_and_leaves_nothing(session: Session, until: Any) -> None:
    """After the block a connection through it is broken, and its thread is gone."""
    with session.distant(round_trip=FAR) as url:
        connection = pika.BlockingConnection(pika.URLParameters(url))
    assert "warren distance" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        connection.channel()
