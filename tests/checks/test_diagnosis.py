"""The table of foreseeable errors, each provoked for real."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import cloudpickle
import pika
import pytest

from warren.brokers.broker import Broker
from warren.checks.diagnosis import explain, tell
from warren.workers import call

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # as the functions of a notebook: whole, not by name


def opened(url: str) -> Any:
    return pika.BlockingConnection(pika.URLParameters(url)).channel()


def transient_queue(url: str) -> None:
    opened(url).queue_declare("a")


def other_durability(url: str) -> None:
    opened(url).exchange_declare("e", "direct", durable=True)
    opened(url).exchange_declare("e", "direct")


def other_arguments(url: str) -> None:
    opened(url).queue_declare("b", durable=True, arguments={"x-max-length": 5})
    opened(url).queue_declare("b", durable=True, arguments={"x-max-length": 6})


def missing_queue(url: str) -> None:
    opened(url).basic_get("no such queue")


def missing_exchange(url: str) -> None:
    opened(url).queue_bind(opened(url).queue_declare("c", durable=True).method.queue, "no such exchange")


def unknown_tag(url: str) -> None:
    channel = opened(url)
    channel.basic_ack(7)
    channel.queue_declare("d", durable=True)


def somebody_elses_queue(url: str) -> None:
    first = opened(url)
    first.queue_declare("mine", exclusive=True)
    opened(url).queue_declare("mine", passive=True)


def reserved_name(url: str) -> None:
    opened(url).queue_declare("amq.mine", durable=True)


def too_large(url: str) -> None:
    channel = opened(url)
    channel.confirm_delivery()
    channel.basic_publish("", "x", bytes(17 * 2**20))


def closed_connection(url: str) -> None:
    channel = opened(url)
    channel.connection.close()
    channel.queue_declare("f", durable=True)


def unroutable(url: str) -> None:
    channel = opened(url)
    channel.confirm_delivery()
    channel.basic_publish("", "nowhere", b"", mandatory=True)


def wrong_port(url: str) -> None:
    opened("amqp://127.0.0.1:1/")


def forgotten_import(url: str) -> None:
    json.dumps(url)  # type: ignore[name-defined]  # noqa: F821


def nothing_to_take(url: str) -> None:
    channel = opened(url)
    channel.queue_declare("g", durable=True)
    method, _, _ = channel.basic_get("g")
    channel.basic_ack(method.delivery_tag)


FORESEEN: dict[Callable[[str], None], str] = {
    transient_queue: "non-durable shared queues are refused since RabbitMQ 4.3",
    other_durability: "the exchange `e` exists already with `durable` = true, and this declares it with false (406)",
    other_arguments: "the queue `b` exists already with `x-max-length` = 5, and this declares it with 6 (406)",
    missing_queue: "there is no queue `no such queue` on this broker (404)",
    missing_exchange: "there is no exchange `no such exchange` on this broker (404)",
    unknown_tag: "this delivery was settled already, or came on another channel (406 unknown delivery tag)",
    somebody_elses_queue: "the queue `mine` is exclusive to another connection (405)",
    reserved_name: "names that begin with `amq.` belong to the broker (403)",
    too_large: "a message of 17825792 bytes is over the broker's limit of 16777216 (406)",
    closed_connection: "it was used after it had been closed",
    unroutable: "no queue is bound for that routing key",
    wrong_port: "no connection: connect to the `url` the function is given",
    forgotten_import: "it uses `json`, which is not defined",
    nothing_to_take: "there was no message",
}


@pytest.mark.parametrize(("mistake", "said"), FORESEEN.items(), ids=lambda one: getattr(one, "__name__", None))
def test_a_foreseeable_error_is_told_in_a_sentence(
    broker: Broker, vhost: str, mistake: Callable[[str], None], said: str
) -> None:
    """Each error of the table, as this broker and this client really raise it, gets its sentence and its line."""
    failure = call(mistake, broker.url_for(vhost)).error
    assert failure is not None
    assert (explain(failure) or "").startswith(said), failure
    assert tell(mistake.__name__, failure).startswith(f"`{mistake.__name__}` raised {failure.type} at line ")


def test_an_unforeseen_error_speaks_for_itself() -> None:
    """What the table does not know is told in its own words."""

    def mistake() -> None:
        raise KeyError("colour")

    failure = call(mistake).error
    assert failure is not None
    assert explain(failure) is None
    assert "raised KeyError" in tell("mistake", failure)
    assert "colour" in tell("mistake", failure)
