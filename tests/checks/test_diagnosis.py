"""The table of foreseeable errors, each provoked for real."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import aio_pika
import cloudpickle
import pika
import pytest

from warren.brokers.broker import Broker
from warren.checks.diagnosis import explain, tell
from warren.workers import Failure, call

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


def unknown_match(url: str) -> None:
    opened(url).queue_declare("h", durable=True)
    opened(url).queue_bind("h", "amq.headers", "", {"x-match": "or", "gift": True})


def unknown_tag(url: str) -> None:
    channel = opened(url)
    channel.basic_ack(7)
    channel.queue_declare("d", durable=True)


def no_tag(url: str) -> None:
    channel = opened(url)
    channel.basic_ack()
    channel.queue_declare("d", durable=True)


def method_for_a_tag(url: str) -> None:
    channel = opened(url)
    channel.basic_ack(pika.spec.Basic.GetOk(1))  # type: ignore[arg-type]


def text_for_parameters(url: str) -> None:
    pika.BlockingConnection(url)  # type: ignore[arg-type]


def connection_of_the_lesson(url: str) -> None:
    connection.channel()  # type: ignore[name-defined]  # noqa: F821


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


def size_for_count(url: str) -> None:
    opened(url).basic_qos(1)


def word_for_delivery_mode(url: str) -> None:
    opened(url).basic_publish("", "x", b"", pika.BasicProperties(delivery_mode="persistent"))


def mode_for_properties(url: str) -> None:
    opened(url).basic_publish("", "x", b"", pika.DeliveryMode.Persistent)


def mode_without_its_name(url: str) -> None:
    opened(url).basic_publish("", "x", b"", pika.BasicProperties(pika.DeliveryMode.Persistent))


def refused_message(url: str) -> None:
    channel = opened(url)
    channel.queue_declare("full", durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.confirm_delivery()
    for _ in range(3):
        channel.basic_publish("", "full", b"")


async def text_for_a_message(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.default_exchange.publish("photo 1", "x")  # type: ignore[arg-type]


def durable_mode(url: str) -> None:
    print(pika.DeliveryMode.Durable, url)


def error_for_a_body(url: str) -> None:
    opened(url).basic_publish("", "q", LookupError("we sell no sand"))


def number_for_a_property(url: str) -> None:
    opened(url).basic_publish("", "q", "body", pika.BasicProperties(expiration=500))


def asks_before_it_consumes(url: str) -> None:
    channel = opened(url)
    channel.basic_publish("", "q", "body", pika.BasicProperties(reply_to="amq.rabbitmq.reply-to"))
    channel.queue_declare("q", durable=True)


FORESEEN: dict[Callable[[str], Any], str] = {
    transient_queue: "non-durable shared queues are refused since RabbitMQ 4.3",
    other_durability: "the exchange `e` exists already with `durable` = true, and this declares it with false (406)",
    other_arguments: "the queue `b` exists already with `x-max-length` = 5, and this declares it with 6 (406)",
    missing_queue: "there is no queue `no such queue` on this broker (404)",
    missing_exchange: "there is no exchange `no such exchange` on this broker (404)",
    unknown_match: "`x-match` says `or`, which a headers exchange does not know (406)",
    unknown_tag: "a `basic_ack` before this line is for a delivery that was settled already",
    no_tag: "a `basic_ack` or `basic_nack` before this line has no delivery tag (406)",
    method_for_a_tag: "a whole number is asked for here",
    size_for_count: "the first argument of `basic_qos` is a size in bytes, which RabbitMQ does not have (540)",
    word_for_delivery_mode: "`delivery_mode` is a number: write `pika.BasicProperties(delivery_mode=",
    mode_for_properties: "the properties of a message are a `pika.BasicProperties`",
    mode_without_its_name: "`content_type` of `pika.BasicProperties` is text",
    durable_mode: "queues are durable, messages are persistent",
    text_for_parameters: "pika wants parameters, not text",
    connection_of_the_lesson: "there is no `connection` inside this function",
    somebody_elses_queue: "the queue `mine` is exclusive to another connection (405)",
    reserved_name: "names that begin with `amq.` belong to the broker (403)",
    too_large: "a message of 17825792 bytes is over the broker's limit of 16777216 (406)",
    closed_connection: "it was used after it had been closed",
    refused_message: "the broker refused a message (a nack)",
    text_for_a_message: "aio-pika publishes a `Message`, and its body is bytes",
    unroutable: "no queue is bound for that routing key",
    wrong_port: "no connection: connect to the `url` the function is given",
    forgotten_import: "it uses `json`, which is not defined",
    nothing_to_take: "there was no message",
    error_for_a_body: "a body is text or bytes, and got LookupError",
    number_for_a_property: "`expiration` is text: write `str(…)`",
    asks_before_it_consumes: "direct reply-to has rules (406)",
}


@pytest.mark.parametrize(("mistake", "said"), FORESEEN.items(), ids=lambda one: getattr(one, "__name__", None))
def test_a_foreseeable_error_is_told_in_a_sentence(
    broker: Broker, vhost: str, mistake: Callable[[str], None], said: str
) -> None:
    """Each error of the table, as this broker and this client really raise it, gets its sentence and its line."""
    failure = call(mistake, broker.url_for(vhost)).error
    assert failure is not None
    assert (explain(failure) or "").startswith(said), failure
    kind = "an error" if failure.type == "error" else failure.type
    assert tell(mistake.__name__, failure).startswith(f"`{mistake.__name__}` raised {kind} at line ")


def test_one_wildcard_too_many_is_told_in_a_sentence() -> None:
    """In the words of RabbitMQ 4.3.5 and later; older ones allow as many as one likes."""
    refused = (
        "(406, \"PRECONDITION_FAILED - Topic binding key '#.a.#.b.#' uses 3 '#' wildcards, at most 2 are allowed\")"
    )
    said = explain(Failure("ChannelClosedByBroker", refused)) or ""
    assert said.startswith("the pattern `#.a.#.b.#` has 3 `#`, and a topic binding may have 2 (406")


def test_an_unforeseen_error_speaks_for_itself() -> None:
    """What the table does not know is told in its own words."""

    def mistake() -> None:
        raise KeyError("colour")

    failure = call(mistake).error
    assert failure is not None
    assert explain(failure) is None
    assert "raised KeyError" in tell("mistake", failure)
    assert "colour" in tell("mistake", failure)


def test_a_long_text_of_an_error_is_cut() -> None:
    """An exception may carry a whole list: a sentence shows how it begins."""

    def mistake() -> None:
        raise ValueError(list(range(1000)))

    failure = call(mistake).error
    assert failure is not None
    assert len(tell("mistake", failure)) < 400
