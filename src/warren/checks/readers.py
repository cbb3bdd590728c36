"""The check as a reader: what several consumers of one queue are given, of whichever type it is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from warren.checks.probe import Probe

LOOK = 0.02  # seconds for which a channel is asked what has come


class Reader:
    """A consumer on a channel of its own that acks what it gets; a stream it reads from the first message on."""

    def __init__(self, channel: Any, queue: str, kind: str) -> None:
        self.got: list[str] = []
        self._channel = channel
        begin = {"x-stream-offset": "first"} if kind == "stream" else None
        channel.basic_qos(prefetch_count=1)
        self._tag = channel.basic_consume(queue, self._take, arguments=begin)

    def _take(self, channel: Any, method: Any, _: Any, body: bytes) -> None:
        self.got.append(body.decode(errors="replace"))
        channel.basic_ack(method.delivery_tag)

    def go(self) -> None:
        """Unsubscribe."""
        self._channel.basic_cancel(self._tag)

    def look(self) -> None:
        """Take in what has come."""
        self._channel.connection.process_data_events(LOOK)


@contextlib.contextmanager
def readers(probe: Probe, queue: str, kind: str, count: int) -> Iterator[list[Reader]]:
    """For `with`: that many readers of the queue, subscribed in order. `kind` is its type."""
    with contextlib.ExitStack() as opened:
        yield [Reader(opened.enter_context(probe.channel()), queue, kind) for _ in range(count)]


def given(probe: Probe, who: list[Reader], enough: Callable[[list[list[str]]], bool]) -> list[list[str]]:
    """What each reader got, waiting until it is enough, or nothing has come for the probe's patience."""
    got: list[list[str]] = [[] for _ in who]
    since = time.monotonic()
    while not enough(got) and time.monotonic() < since + probe.patience:
        who[0].look()  # all of them are channels of one connection
        now = [list(each.got) for each in who]
        since, got = (since if now == got else time.monotonic()), now
    return got
