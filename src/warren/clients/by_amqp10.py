"""The job with the RabbitMQ team's client for AMQP 1.0: callbacks in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing

from rabbitmq_amqp_python_client import Connection, ConnectionParameters, Context, Message, OutcomeState

from warren.clients.address import PREFETCH, Address, Do


def connected(at: Address) -> Connection:
    place = {"host": at.host, "port": at.port, "virtual_host": at.vhost, "tls": at.tls}
    beat = at.heartbeat * 1000  # milliseconds
    return Connection(ConnectionParameters(**place, user=at.user, password=at.password, idle_timeout=beat))


def send(at: Address, queue: str, bodies: Sequence[bytes]) -> None:
    with closing(connected(at)) as connection:
        publisher = connection.publisher_builder().queue(queue).build()
        for body in bodies:
            answer = publisher.publish(Message(body))
            assert answer.outcome.state is OutcomeState.ACCEPTED


def work(at: Address, queue: str, do: Do) -> None:
    last = threading.Event()

    def take(context: Context, message: Message) -> None:
        if last.is_set():  # it was on its way already
            return
        more = do(message.body_as_bytes())
        context.accept()
        if not more:
            last.set()

    with closing(connected(at)) as connection:
        connection.consumer_builder().queue(queue).message_handler(take).initial_credits(PREFETCH).build()
        last.wait()
