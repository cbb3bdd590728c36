"""The job with kombu: what Celery is built on; brokers other than RabbitMQ, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kombu
from kombu.mixins import ConsumerMixin

from warren.clients.address import PREFETCH, Address, Do


def connected(at: Address) -> Any:
    place = {"hostname": at.host, "port": at.port, "virtual_host": at.vhost, "heartbeat": at.heartbeat}
    tls = {"context": {"check_hostname": True}, "server_hostname": at.host} if at.tls else False
    confirmed = {"confirm_publish": True}
    return kombu.Connection(**place, ssl=tls, userid=at.user, password=at.password, transport_options=confirmed)


def send(at: Address, queue: str, bodies: Sequence[bytes]) -> None:
    with connected(at) as connection:
        producer = connection.Producer()
        for body in bodies:
            producer.publish(body, routing_key=queue, mandatory=True)


def work(at: Address, queue: str, do: Do) -> None:
    with connected(at) as connection:
        Worker(connection, kombu.Queue(queue, durable=True), do).run()


class Worker(ConsumerMixin):  # type: ignore[misc]  # without type hints
    def __init__(self, connection: Any, queue: Any, do: Do) -> None:
        self.connection, self.queue, self.do = connection, queue, do

    def get_consumers(self, consumer: Any, _channel: Any) -> list[Any]:
        return [consumer([self.queue], on_message=self.on_message, prefetch_count=PREFETCH)]

    def on_message(self, message: Any) -> None:
        self.should_stop = not self.do(message.body)
        message.ack()
