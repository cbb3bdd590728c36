"""What watching costs, with a widget shown on ten queues: throughput, processor time, bytes to the page, its memory."""

from __future__ import annotations

import contextlib
import io
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pika
from measure import Row, seconds
from pika.adapters.blocking_connection import BlockingChannel

import warren
from warren.scope.recording import Recording
from warren.session import Lesson
from warren.workers import call

MESSAGES = 20_000
ROUNDS = 5
QUEUES = [f"queue_{number}" for number in range(10)]
WHILE = 10.0
"""Seconds over which processor time and bytes are counted."""


def measure() -> list[Row]:
    """Rounds with and without alternate, so that a slow moment of the machine hits both."""
    with contextlib.redirect_stdout(io.StringIO()):
        lesson = warren.lesson("00")
    with lesson, pika.BlockingConnection(pika.URLParameters(lesson.url)) as connection:
        channel = connection.channel()
        for queue in QUEUES:
            channel.queue_declare(queue, durable=True)
        inside, outside = (rates(lesson, place) for place in (flow, elsewhere))
        quiet, _ = share(lesson)
        with lesson.workers(trickle, 1, process=True):
            busy, sent = share(lesson)
        late = latency(lesson, channel)
    points, reload = an_hour()
    return [
        Row("messages another process published and took, watched", *outside, "at least 0.98 ×", rate=True),
        Row("messages this process published and took, watched", *inside, "at least 0.95 ×", rate=True),
        Row("processor time of a widget on ten quiet queues, per second", quiet, "one core", 1.0, "under 0.03 ×"),
        Row("the same on ten queues that change at every reading", busy, "one core", 1.0, "under 0.03 ×"),
        Row("bytes to the page, ten queues that change", sent, "17 KB a frame", 170_000.0, rate=True),
        Row("publish to message for the page, 95 % of them", late, "one reading", 0.1, "under 1.3 ×"),
        Row("changes kept of an hour at ten a second, ten queues", points, "changes made", 360_000.0, rate=True),
        Row("gathering an hour's recording for a page that is loaded again", reload, "one second", 1.0, "under 1 ×"),
    ]


def rates(lesson: Lesson, place: Callable[[str], float]) -> tuple[float, str, float]:
    """Messages per second through one queue, watched and not; the median round of each."""
    place(lesson.url)
    found: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * ROUNDS):
        watched = number % 2 == 0
        with shown(lesson) if watched else contextlib.nullcontext():
            time.sleep(1)  # a new widget sends all it has
            found[watched].append(MESSAGES / place(lesson.url))
    return statistics.median(found[True]), "not watched", statistics.median(found[False])


@contextlib.contextmanager
def shown(lesson: Lesson) -> Iterator[list[tuple[float, str]]]:
    """A widget of all queues, and when it sent what to its page."""
    sent: list[tuple[float, str]] = []
    scope = lesson.watch(*QUEUES)
    scope._repr_mimebundle_()
    view = scope._view
    assert view is not None

    def send(content: dict[str, Any], _: object = None) -> None:
        sent.append((time.monotonic(), json.dumps(content)))

    view.send = send
    yield sent
    scope.stop()


def flow(url: str) -> float:
    """Publish them all, then take them all, acknowledging every hundredth with those before it. Returns seconds."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        started = time.perf_counter()
        for _ in range(MESSAGES):
            channel.basic_publish("", QUEUES[0], b"twelve bytes")
        channel.basic_qos(prefetch_count=500)
        for number, (method, _, _) in enumerate(channel.consume(QUEUES[0]), start=1):
            if number % 100 == 0:
                channel.basic_ack(method.delivery_tag, multiple=True)
            if number == MESSAGES:
                return time.perf_counter() - started
    raise AssertionError("consume() ends never")


def elsewhere(url: str) -> float:
    """The same in a process of its own, which has the interpreter for itself."""
    return float(call(flow, url, within=60).value)


def trickle(worker: Any) -> None:
    """A message to each queue thirty times a second, from another process."""
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        while not worker.stopping:
            for queue in QUEUES:
                channel.basic_publish("", queue, b"twelve bytes")
            connection.sleep(1 / 30)


def share(lesson: Lesson) -> tuple[float, float]:
    """Seconds of processor time that this process uses per second while a widget is shown, and bytes it sends."""
    with shown(lesson) as sent:
        time.sleep(6)  # for five seconds each message repeats what came since the widget was shown
        sent.clear()
        before, started = time.process_time(), time.monotonic()
        time.sleep(WHILE)
        passed = time.monotonic() - started
        return (time.process_time() - before) / passed, sum(len(message) for _, message in sent) / passed


def latency(lesson: Lesson, channel: BlockingChannel) -> float:
    """Seconds from a message published to the one that tells the page, 95 % of fifty."""
    channel.queue_purge(QUEUES[3])
    waited = []
    with shown(lesson) as sent:
        for number in range(1, 51):
            time.sleep(0.0731 + 0.1)  # at any moment between two readings
            published = time.monotonic()
            channel.basic_publish("", QUEUES[3], b"twelve bytes")
            waited.append(_told(sent, number) - published)
    return statistics.quantiles(waited, n=20)[-1]


def _told(sent: list[tuple[float, str]], ready: int) -> float:
    """When the page heard that so many are ready."""
    pause = threading.Event()
    while True:
        for moment, message in reversed(sent):
            readings = json.loads(message)["queues"].get(QUEUES[3], {}).get("readings", [])
            if any(reading[1] == ready for reading in readings):
                return moment
        pause.wait(0.005)
        del sent[:-20]


def an_hour() -> tuple[float, float]:
    """How many of an hour's changes are kept, and the seconds it takes to gather them for a page."""
    now = [0.0]
    recording = Recording(lambda: now[0])
    for step in range(36_000):
        now[0] = step / 10
        for number, queue in enumerate(QUEUES):
            recording.read(queue, step % (number + 2), step % 7, 0, 1)
    kept = sum(len(recording.readings(queue)) for queue in QUEUES)
    return kept, seconds(lambda: json.dumps(recording.changes()[1]))
