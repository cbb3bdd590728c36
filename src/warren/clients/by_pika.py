"""The job with pika: calls that wait, one thread, AMQP 0-9-1."""

from __future__ import annotations

from collections.abc import Sequence

import pika

from warren.clients.address import PREFETCH, Address, Do


def send(at: Address, queue: str, bodies: Sequence[bytes]) -> None:
    with pika.BlockingConnection(pika.URLParameters(at.url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for body in bodies:
            channel.basic_publish("", queue, body, mandatory=True)


def work(at: Address, queue: str, do: Do) -> None:
    with pika.BlockingConnection(pika.URLParameters(at.url)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=PREFETCH)
        for method, _, body in channel.consume(queue):
            more = do(body)
            channel.basic_ack(method.delivery_tag)
            if not more:
                break
