"""What watching costs: throughput with a scope on ten queues and without one, and the scope's share of a core."""

from __future__ import annotations

import contextlib
import io
import statistics
import time

import pika
from measure import Row, seconds

import warren
from warren.session import Lesson

MESSAGES = 10_000
ROUNDS = 6
QUEUES = [f"queue_{number}" for number in range(10)]


def measure() -> list[Row]:
    """Rounds with and without alternate, so that a slow moment of the machine hits both."""
    with contextlib.redirect_stdout(io.StringIO()):
        lesson = warren.lesson("00")
    with lesson, pika.BlockingConnection(pika.URLParameters(lesson.url)) as connection:
        channel = connection.channel()
        for queue in QUEUES:
            channel.queue_declare(queue, durable=True)
        flow(channel)
        rates: dict[bool, list[float]] = {True: [], False: []}
        for number in range(2 * ROUNDS):
            watched = number % 2 == 0
            rates[watched].append(rate(lesson, channel, watched))
        share = idle_share(lesson)
    on, off = statistics.median(rates[True]), statistics.median(rates[False])
    return [
        Row("messages published and taken, watched", on, "not watched", off, "at least 0.98 ×", rate=True),
        Row("processor time of a scope on ten quiet queues, per second", share, "one core", 1.0, "under 0.03 ×"),
    ]


def rate(lesson: Lesson, channel: pika.adapters.blocking_connection.BlockingChannel, watched: bool) -> float:
    """Messages per second through one queue."""
    scope = lesson.watch(*QUEUES) if watched else None
    took = seconds(lambda: flow(channel))
    if scope is not None:
        scope.stop()
    return MESSAGES / took


def flow(channel: pika.adapters.blocking_connection.BlockingChannel) -> None:
    """Publish them all, then take them all, acknowledging every hundredth with those before it."""
    for _ in range(MESSAGES):
        channel.basic_publish("", QUEUES[0], b"twelve bytes")
    channel.basic_qos(prefetch_count=500)
    for number, (method, _, _) in enumerate(channel.consume(QUEUES[0]), start=1):
        if number % 100 == 0:
            channel.basic_ack(method.delivery_tag, multiple=True)
        if number == MESSAGES:
            break
    channel.cancel()


def idle_share(lesson: Lesson) -> float:
    """Seconds of processor time that this process uses per second while a scope watches and nothing else happens."""
    scope = lesson.watch(*QUEUES)
    before, started = time.process_time(), time.monotonic()
    time.sleep(10)
    share = (time.process_time() - before) / (time.monotonic() - started)
    scope.stop()
    return share
