"""A broker far away: the same broker, through a local port that holds back every byte for half a round trip."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from types import TracebackType
from urllib.parse import urlsplit

CHUNK = 64 * 1024


class Distance:
    """For `with`, which gives the AMQP URL to connect to; its connections break at the end of the block.

    `round_trip` are the seconds from a question to its answer that the way adds; it takes nothing away from the
    bandwidth, as a long cable would not.
    """

    def __init__(self, url: str, round_trip: float) -> None:
        self.round_trip = round_trip
        self._upstream = urlsplit(url)
        self._ready = threading.Event()
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._ends: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name="warren distance", daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def url(self) -> str:
        """The URL with our port in it; TLS, where the broker wants it, is between us and the broker only."""
        credentials = self._upstream.netloc.rpartition("@")[0]
        return self._upstream._replace(scheme="amqp", netloc=f"{credentials}@127.0.0.1:{self._port}").geturl()

    def close(self) -> None:
        """End it and all its connections. Safe to call twice."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with await asyncio.start_server(self._carry, "127.0.0.1", 0) as server:
            self._port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._over.wait()
            server.close()
            for end in self._ends:  # before leaving, which since Python 3.12 waits for all connections to end
                end.transport.abort()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        secure = self._upstream.scheme == "amqps"
        with self._end(to_client), contextlib.suppress(OSError):
            broker, to_broker = await asyncio.open_connection(
                self._upstream.hostname or "localhost",
                self._upstream.port or (5671 if secure else 5672),
                ssl=ssl.create_default_context() if secure else None,
            )
            with self._end(to_broker):
                await asyncio.gather(self._way(client, to_broker), self._way(broker, to_client))

    @contextlib.contextmanager
    def _end(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._ends.add(writer)
        try:
            yield
        finally:
            self._ends.discard(writer)
            writer.close()

    async def _way(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Carry bytes one way, as many as there are at once and in order; the other end closes when this one does."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arrives = asyncio.ensure_future(self._arrive(on_the_way, target))
        data = b" "
        while data:
            with contextlib.suppress(OSError):
                data = b""
                data = await source.read(CHUNK)
            on_the_way.put_nowait((self._loop.time() + self.round_trip / 2, data))
        await arrives

    async def _arrive(self, on_the_way: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        data = b" "
        while data:
            at, data = await on_the_way.get()
            await asyncio.sleep(at - self._loop.time())
            target.write(data)
        target.close()

    def __enter__(self) -> str:
        return self.url

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
