"""What a scope says a queue holds is what the broker holds, at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from warren.brokers.broker import Broker
from warren.errors import WarrenError
from warren.scope import Scope

Watch = Callable[..., Scope]
Kind = pytest.mark.parametrize("kind", ["classic", "quorum"])


def declare(channel: BlockingChannel, queue: str, kind: str = "classic", **arguments: object) -> None:
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind} | arguments)


def fill(channel: BlockingChannel, queue: str, count: int) -> None:
    for number in range(count):
        channel.basic_publish("", queue, str(number).encode())


def take(channel: BlockingChannel, queue: str, count: int) -> int:
    """Fetch that many without acking; returns the last delivery tag."""
    return [channel.basic_get(queue)[0].delivery_tag for _ in range(count)][-1]


@Kind
def test_exact_after_each_step_of_a_queues_life(channel: BlockingChannel, watch: Watch, kind: str) -> None:
    """Numbers are exact after publish, deliver, ack, nack with requeue, reject, purge, delete and re-create."""
    scope = watch("tasks")
    assert scope.facts() == "tasks: not declared"
    declare(channel, "tasks", kind)
    assert scope.facts() == "tasks: peak 0 ready, 0 unacked; now 0"
    fill(channel, "tasks", 12)
    assert scope.facts() == "tasks: peak 12 ready, 0 unacked; now 12 ready"
    tag = take(channel, "tasks", 5)
    assert scope.facts() == "tasks: peak 12 ready, 5 unacked; now 7 ready, 5 unacked"
    channel.basic_ack(tag - 3, multiple=True)
    assert scope.facts() == "tasks: peak 12 ready, 5 unacked; now 7 ready, 3 unacked"
    channel.basic_nack(tag, requeue=True)
    assert scope.facts() == "tasks: peak 12 ready, 5 unacked; now 8 ready, 2 unacked"
    channel.basic_reject(tag - 1, requeue=False)
    assert scope.facts() == "tasks: peak 12 ready, 5 unacked; now 8 ready, 1 unacked"
    channel.queue_purge("tasks")
    assert scope.facts() == "tasks: peak 12 ready, 5 unacked; now 1 unacked"
    channel.queue_delete("tasks")
    assert scope.facts() == "tasks: peak 12 ready, 5 unacked; now gone"
    declare(channel, "tasks", kind)
    fill(channel, "tasks", 1)
    assert scope.facts() == "tasks: peak 12 ready, 5 unacked; now 1 ready"


def test_a_burst_without_confirms_is_counted_whole(broker: Broker, vhost: str, watch: Watch) -> None:
    """Messages still on their way when `facts()` is called are counted: it waits until nothing changes any more."""
    connection = pika.BlockingConnection(pika.URLParameters(broker.url_for(vhost)))
    channel = connection.channel()
    declare(channel, "tasks")
    scope = watch("tasks")
    fill(channel, "tasks", 2000)
    assert scope.facts() == "tasks: peak 2000 ready, 0 unacked; now 2000 ready"
    connection.close()


@Kind
def test_a_peak_at_a_mark_is_exact(channel: BlockingChannel, watch: Watch, kind: str) -> None:
    """What a queue holds for less than a tenth of a second is remembered if it was marked."""
    declare(channel, "tasks", kind)
    scope = watch("tasks")
    fill(channel, "tasks", 40)
    tag = take(channel, "tasks", 30)
    scope.mark("all out")
    channel.basic_ack(tag, multiple=True)
    channel.queue_purge("tasks")
    scope.mark("empty")
    peak = scope.recording.peak("tasks")
    assert (peak.ready >= 10, peak.unacked, scope.recording.now("tasks").ready) == (True, 30, 0)
    assert [mark.label for mark in scope.recording.marks()] == ["all out", "empty"]


def test_consumers_are_counted(channel: BlockingChannel, watch: Watch) -> None:
    """A consumer that comes and goes is seen at once."""
    declare(channel, "tasks")
    scope = watch("tasks")
    tag = channel.basic_consume("tasks", lambda *_: None)
    scope.mark("one consumer")
    assert scope.recording.now("tasks").consumers == 1
    channel.basic_cancel(tag)
    scope.mark("none")
    assert scope.recording.now("tasks").consumers == 0


def test_delayed_retries_are_counted(broker: Broker, channel: BlockingChannel, watch: Watch) -> None:
    """Messages of a 4.3 quorum queue that wait for their retry are shown as delayed, as nothing else counts them."""
    if not broker.at_least("4.3"):
        pytest.skip("delayed retries came with RabbitMQ 4.3")
    retry = {"x-delayed-retry-type": "all", "x-delayed-retry-min": 60_000}
    declare(channel, "tasks", "quorum", **retry)
    scope = watch("tasks")
    fill(channel, "tasks", 5)
    tag = take(channel, "tasks", 3)
    for rejected in range(tag - 2, tag + 1):
        channel.basic_reject(rejected, requeue=True)
    assert scope.facts().endswith("now 2 ready, 3 delayed")
    assert scope.recording.peak("tasks").delayed == 3


def test_another_connections_exclusive_queue(channel: BlockingChannel, watch: Watch) -> None:
    """A queue no passive declare may ask for (405) is shown from the HTTP API."""
    name = channel.queue_declare("", exclusive=True).method.queue
    fill(channel, name, 3)
    scope = watch(name)
    assert scope.facts() == f"{name}: peak 3 ready, 0 unacked; now 3 ready"


def test_every_queue_without_names(channel: BlockingChannel, watch: Watch) -> None:
    """Without names all queues of the vhost are watched, those that come later, too."""
    declare(channel, "early")
    scope = watch()
    declare(channel, "late")
    fill(channel, "late", 2)
    assert scope.facts() == "early: peak 0 ready, 0 unacked; now 0\nlate: peak 2 ready, 0 unacked; now 2 ready"
    assert repr(scope) == "Scope of every queue"


@pytest.mark.parametrize("name", ["a/b c?d#e%20", "Бестеллунг 🐇", "x" * 255, "<img src=x onerror=alert(1)>", ".."])
def test_hostile_queue_names(channel: BlockingChannel, watch: Watch, name: str) -> None:
    """Any name a queue may have can be watched."""
    declare(channel, name)
    fill(channel, name, 1)
    assert watch(name).facts() == f"{name}: peak 1 ready, 0 unacked; now 1 ready"


@pytest.mark.parametrize("name", ["", "x" * 256, 3])
def test_a_name_no_queue_can_have(broker: Broker, vhost: str, name: object) -> None:
    """A name no queue can have is refused in one sentence, before anything starts."""
    with pytest.raises(WarrenError, match="1 to 255 bytes"):
        Scope(broker, vhost, [name])


def test_rates_are_known(channel: BlockingChannel, watch: Watch) -> None:
    """While messages flow in, the rate of publishing is recorded."""
    declare(channel, "tasks")
    scope = watch("tasks")
    deadline = time.monotonic() + 20
    while not any(rates.publish > 0 for rates in scope.recording.rates("tasks")):
        assert time.monotonic() < deadline, scope.recording.rates("tasks")
        fill(channel, "tasks", 5)


def test_a_mark_returns_while_messages_flow(broker: Broker, vhost: str, watch: Watch) -> None:
    """A mark waits for numbers that stand still, but not for as long as somebody publishes."""
    enough = threading.Event()

    def publish() -> None:
        with pika.BlockingConnection(pika.URLParameters(broker.url_for(vhost))) as connection:
            channel = connection.channel()
            declare(channel, "tasks")
            for _ in range(20_000):  # 20 s at least
                channel.basic_publish("", "tasks", b"")
                if enough.wait(0.001):
                    break

    publisher = threading.Thread(target=publish)
    scope = watch("tasks")
    publisher.start()
    try:
        while "ready" not in scope.facts():
            assert publisher.is_alive()
        scope.mark("sale")
        assert publisher.is_alive()
    finally:
        enough.set()
        publisher.join()
