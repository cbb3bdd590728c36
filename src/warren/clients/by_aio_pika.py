"""The job with aio-pika: asyncio, AMQP 0-9-1, a connection that comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aio_pika

from warren.clients.address import PREFETCH, Address, Do


def send(at: Address, queue: str, bodies: Sequence[bytes]) -> None:
    async def main() -> None:
        async with await aio_pika.connect_robust(at.url, reconnect_interval=1) as connection:
            channel = await connection.channel(on_return_raises=True)
            publish = channel.default_exchange.publish
            await asyncio.gather(*(publish(aio_pika.Message(body), queue) for body in bodies))

    asyncio.run(main())


def work(at: Address, queue: str, do: Do) -> None:
    async def main() -> None:
        async with await aio_pika.connect_robust(at.url, reconnect_interval=1) as connection:
            channel = await connection.channel()
            await channel.set_qos(PREFETCH)
            tasks = await channel.declare_queue(queue, durable=True)
            finished = asyncio.Event()

            async def on_message(message: aio_pika.abc.AbstractIncomingMessage) -> None:
                async with message.process():
                    more = do(message.body)
                if not more:
                    finished.set()

            await tasks.consume(on_message)
            await finished.wait()

    asyncio.run(main())
