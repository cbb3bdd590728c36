"""Which clients can be measured here, how fast each does the job, and how many lines of code that takes."""

from __future__ import annotations

import ast
import importlib
import inspect
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

import pika
from pika.adapters.blocking_connection import BlockingChannel

from warren.brokers import folders, state
from warren.clients.address import Address
from warren.session import Session

MODULES = {
    "pika": "by_pika",
    "aio-pika": "by_aio_pika",
    "kombu": "by_kombu",
    "AMQP 1.0": "by_amqp10",
    "rstream": "by_rstream",
}
STREAM_PORT = 5552  # of somebody else's broker, if it speaks the stream protocol at all
LOGGERS = ("aiormq", "aio_pika", "amqp", "kombu", "pika", "rabbitmq_amqp_python_client", "rstream")
ANSWERS_WITHIN = 0.5  # seconds


@dataclass(frozen=True)
class Client:
    """One client of RabbitMQ, as the lesson names it, and the file that does the job with it."""

    name: str

    @property
    def module(self) -> ModuleType:
        return importlib.import_module(f"warren.clients.{MODULES[self.name]}")

    @property
    def lines(self) -> int:
        """Lines of code of the whole job, without imports, docstring and empty lines."""
        source = inspect.getsource(self.module)
        tree = ast.parse(source)
        left_out = {
            number
            for node in tree.body
            if isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }
        return sum(bool(line.strip()) and number not in left_out for number, line in enumerate(source.splitlines(), 1))

    def declare(self, channel: BlockingChannel, queue: str) -> None:
        """Make the queue that this client works with: a stream for rstream, classic for the others."""
        kind = "stream" if self.name == "rstream" else "classic"
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind})

    def __str__(self) -> str:
        return self.name


def clients(session: Session) -> list[Client]:
    """All five; without rstream where the stream protocol of a shared broker cannot be reached."""
    reached = _reached(address(session, session.url))
    return [Client(name) for name in MODULES if name != "rstream" or reached]


def address(session: Session, url: str) -> Address:
    """That URL, with the port of the stream protocol as it is on the session's broker."""
    ours = state.read(folders.state()) if session.broker.own else None
    return Address(url, ours.ports["stream"] if ours else STREAM_PORT)


def _reached(at: Address) -> bool:
    if at.tls:  # behind which port streams are then, the URL does not tell
        return False
    try:
        with socket.create_connection((at.host, at.stream_port), timeout=ANSWERS_WITHIN):
            return True
    except OSError:
        return False


@contextmanager
def opened(url: str) -> Iterator[BlockingChannel]:
    """A channel of our own, to make queues and put messages into them."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        yield connection.channel()


def throughput(session: Session, count: int = 300) -> dict[str, tuple[float, float]]:
    """Messages a second, sent and taken, of each client: what `count` messages take more than one does.

    They have 12 bytes. Every message is confirmed and, but for rstream, acknowledged by itself; rstream, which moves
    them by the thousand, gets twenty times as many.
    """
    quiet()
    each = {client: count * (20 if client.name == "rstream" else 1) for client in clients(session)}
    return {str(client): _throughput(session, client, many) for client, many in each.items()}


def _throughput(session: Session, client: Client, count: int) -> tuple[float, float]:
    at, queue, body = address(session, session.url), f"speed of {client}", b"twelve bytes"
    with opened(at.url) as channel:
        client.declare(channel, queue)
    one, many = (_seconds_to_send(client, at, queue, [body] * size) for size in (1, count))
    taken: list[float] = []

    def do(_: bytes) -> bool:
        taken.append(time.perf_counter())
        return len(taken) < count

    client.module.work(at, queue, do)
    return (count - 1) / max(many - one, 1e-3), (count - 1) / (taken[-1] - taken[0])


def _seconds_to_send(client: Client, at: Address, queue: str, bodies: list[bytes]) -> float:
    began = time.perf_counter()
    client.module.send(at, queue, bodies)
    return time.perf_counter() - began


def quiet() -> None:
    """Silence what the clients log of every connection that is broken on purpose."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
