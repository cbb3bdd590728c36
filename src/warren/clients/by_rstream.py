"""The job with rstream: asyncio, RabbitMQ's own stream protocol. Reading takes nothing away, so nothing is acked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import rstream

from warren.clients.address import Address, Do


def place(at: Address) -> dict[str, Any]:
    user = {"username": at.user, "password": at.password, "vhost": at.vhost}
    return {"host": at.host, "port": at.stream_port, **user, "heartbeat": at.heartbeat, "load_balancer_mode": True}


def send(at: Address, queue: str, bodies: Sequence[bytes]) -> None:
    async def main() -> None:
        confirmed: asyncio.Queue[object] = asyncio.Queue()
        async with rstream.Producer(**place(at)) as producer:
            await producer.send_batch(queue, list(bodies), on_publish_confirm=confirmed.put)
            for _ in bodies:
                await confirmed.get()

    asyncio.run(main())


def work(at: Address, queue: str, do: Do) -> None:
    async def main() -> None:
        first = rstream.ConsumerOffsetSpecification(rstream.OffsetType.FIRST)
        async with rstream.Consumer(**place(at)) as consumer:

            def take(body: bytes, _: rstream.MessageContext) -> None:
                if not do(body):
                    consumer.stop()

            await consumer.subscribe(queue, take, offset_specification=first)
            await consumer.run()

    asyncio.run(main())
