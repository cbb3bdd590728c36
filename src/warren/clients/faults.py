"""What each client does when its connection is lost, when a callback is slow, and when a message finds no queue."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from warren.checks.wire import Wire
from warren.clients.address import Address
from warren.clients.measuring import Client, address, clients, opened, quiet
from warren.session import Session

HEARTBEAT = 1  # seconds; the broker gives a silent client up after two to three of them
BLOCKS = 3.4  # seconds a slow callback blocks: more than that
COMES_BACK_WITHIN = 3.0  # seconds; the slowest that comes back, AMQP 1.0, waits for up to 1.5 first
SILENT = "hears nothing more, and raises nothing"


class Faults:
    """The experiments, running since this was made; each of `lost`, `slow` and `unroutable` waits for its answers.

    A dictionary of client and what it did, in a few words.
    """

    def __init__(self, session: Session) -> None:
        quiet()
        kinds = {"lost": _lost, "slow": _slow, "unroutable": _unroutable}
        self._said = {kind: {str(client): "" for client in clients(session)} for kind in kinds}
        self._threads = {
            kind: [self._start(kind, run, session, one) for one in clients(session)] for kind, run in kinds.items()
        }

    def _start(
        self, kind: str, run: Callable[[Session, Client], str], session: Session, client: Client
    ) -> threading.Thread:
        def experiment() -> None:
            try:
                self._said[kind][str(client)] = run(session, client)
            except Exception as error:  # noqa: BLE001  of the experiment's own; the others go on
                self._said[kind][str(client)] = f"could not be seen ({type(error).__name__}: {error})"

        thread = threading.Thread(target=experiment, name=f"warren {kind} {client}", daemon=True)
        thread.start()
        return thread

    def _answers(self, kind: str) -> dict[str, str]:
        for thread in self._threads[kind]:
            thread.join()
        return self._said[kind]

    @property
    def lost(self) -> dict[str, str]:
        """A worker waits for tasks when the network breaks; then there is one."""
        return self._answers("lost")

    @property
    def slow(self) -> dict[str, str]:
        """A callback blocks for longer than the broker waits for a heartbeat."""
        return self._answers("slow")

    @property
    def unroutable(self) -> dict[str, str]:
        """A message is sent to a queue that is not there."""
        return self._answers("unroutable")


@dataclass
class Worker:
    """A client's `work` in a thread: how often it did each task, and how it ended."""

    client: Client
    at: Address
    queue: str
    blocks: float = 0  # seconds, in the first task
    done: Counter[bytes] = field(default_factory=Counter)
    ended: str = ""

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"warren {self.client}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.client.module.work(self.at, self.queue, self._do)
        except BaseException as error:  # noqa: BLE001  what a client raises is what we want to know
            self.ended = f"raises {type(error).__name__}"

    def _do(self, body: bytes) -> bool:
        task = body[-6:]  # rstream hands out a message as it lies in the stream, with a header before it
        if self.blocks and not self.done:
            time.sleep(self.blocks)
        self.done[task] += 1
        return task != b"task 2"

    def wait(self, condition: Callable[[], object], within: float) -> bool:
        """Until it is so, or the worker has ended."""
        deadline = time.monotonic() + within
        while not condition() and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        return bool(condition())


def _lost(session: Session, client: Client) -> str:
    """The connection breaks while the worker waits; then there is a task."""
    network = Wire(session.url), Wire(_stream_url(session))
    at = Address(network[0].url, urlsplit(network[1].url).port or 0)
    queue = f"lost by {client}"
    with opened(session.url) as channel:
        client.declare(channel, queue)
        channel.basic_publish("", queue, b"task 1")
        worker = Worker(client, at, queue)
        worker.wait(lambda: worker.done and not _held(session, queue), COMES_BACK_WITHIN)
        for wire in network:
            wire.cut()
        channel.basic_publish("", queue, b"task 2")
        back = worker.wait(lambda: worker.done[b"task 2"], COMES_BACK_WITHIN)
    for wire in network:
        wire.close()
    return "comes back by itself" if back else worker.ended or SILENT


def _slow(session: Session, client: Client) -> str:
    """The first task blocks; when it is done, there is another."""
    at = address(session, session.broker.url_for(session.vhost, heartbeat=HEARTBEAT))
    queue = f"slow with {client}"
    with opened(session.url) as channel:
        client.declare(channel, queue)
        channel.basic_publish("", queue, b"task 1")
        worker = Worker(client, at, queue, BLOCKS)
        worker.wait(lambda: worker.done, BLOCKS + COMES_BACK_WITHIN)
        channel.basic_publish("", queue, b"task 2")
        goes_on = worker.wait(lambda: worker.done[b"task 2"], COMES_BACK_WITHIN)
    times = {1: "once", 2: "twice"}.get(worker.done[b"task 1"], "often")
    if goes_on:
        return f"does the task {times}"
    again = ", which is in the queue again" if _held(session, queue) > 1 else ""
    return f"does the task {times}{again}, and {worker.ended or SILENT}"


def _unroutable(session: Session, client: Client) -> str:
    try:
        client.module.send(address(session, session.url), "a queue that is not there", [b"task 1"])
    except Exception as error:  # noqa: BLE001  what a client raises is what we want to know
        return f"raises {type(error).__name__}"
    return "raises nothing"


def _stream_url(session: Session) -> str:
    at = address(session, session.url)
    return f"amqp://{at.host}:{at.stream_port}"


def _held(session: Session, queue: str) -> int:
    """Messages in the queue, ready or not; a stream's are never counted."""
    rows = session.management.queue_totals(session.vhost)
    return next((int(row.get("messages", 0)) for row in rows if row["name"] == queue), 0)
