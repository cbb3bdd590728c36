"""What watching costs, with a widget shown on ten queues: throughput, processor time, bytes, memory, the page."""

from __future__ import annotations

import contextlib
import io
import json
import statistics
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import page_times
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
        declare(channel, "classic")
        inside, outside = (rates(lesson, place) for place in (flow, elsewhere))
        quiet, _ = share(lesson)
        busy, sent = share_of_busy(lesson)
        late = latency(lesson, channel)
        declare(channel, "quorum")
        quorum, _ = share_of_busy(lesson)
    hour, size = an_hour()
    kept = sum(len(hour.readings(queue)) for queue in QUEUES)
    reload = seconds(lambda: json.dumps(hour.changes()[1]))
    core = ("one core", 1.0, "under 0.03 ×")
    return [
        Row("messages another process published and took, watched", *outside, "at least 0.98 ×", rate=True),
        Row("messages this process published and took, watched", *inside, "at least 0.98 ×", rate=True),
        Row("processor time of a widget on ten quiet queues, per second", quiet, *core),
        Row("the same on ten queues that change at every reading", busy, *core),
        Row("the same on ten such quorum queues", quorum, *core),
        Row("bytes to the page, ten queues that change", sent, "17 KB a frame", 170_000.0, rate=True),
        Row("publish to message for the page, 95 % of them", late, "one reading", 0.1, "under 1.3 ×"),
        Row("changes kept of an hour at ten a second, ten queues", kept, "changes made", 360_000.0, rate=True, unit=""),
        Row("memory of them", size, "64 MB", 64e6, "under 1 ×", rate=True, unit=" bytes"),
        Row("gathering an hour's recording for a page that is loaded again", reload, "one second", 1.0, "under 1 ×"),
        *page_times.measure(QUEUES, hour),
    ]


def declare(channel: BlockingChannel, kind: str) -> None:
    """The ten queues anew, of that type."""
    for queue in QUEUES:
        channel.queue_delete(queue)
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind})


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


def share_of_busy(lesson: Lesson) -> tuple[float, float]:
    """The same while another process publishes to each queue."""
    with lesson.workers(trickle, 1, process=True):
        return share(lesson)


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


def an_hour() -> tuple[Recording, float]:
    """A recording of an hour in which each queue changed at each reading, and its bytes in memory."""
    now = [0.0]
    tracemalloc.start()
    recording = Recording(lambda: now[0])
    for step in range(36_000):
        now[0] = step / 10
        for number, queue in enumerate(QUEUES):
            recording.read(queue, step % (number + 2), step % 7, 0, 1)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return recording, size
