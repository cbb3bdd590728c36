"""Sessions on this test process's broker, and real kernels that share it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pika
import pytest
from jupyter_client.manager import KernelManager

from warren.brokers.broker import Broker
from warren.session import Session


@pytest.fixture(autouse=True)
def no_running_loop() -> Iterator[None]:
    """Playwright leaves a running event loop in the process of its tests, and `asyncio.run` refuses beside one."""
    left = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(left)


@pytest.fixture
def session(broker: Broker) -> Iterator[Session]:
    """An open session that keeps what its workers log in `logged`."""
    opened = Session(broker, "test_session", "Lesson 77 · A test")
    logged: list[tuple[str, str, str]] = []
    opened.log = lambda *line: logged.append(line)  # type: ignore[method-assign, misc]
    opened.logged = logged  # type: ignore[attr-defined]
    yield opened
    opened.close()


@pytest.fixture
def channel(session: Session) -> Iterator[Any]:
    """A channel in the session's vhost."""
    with pika.BlockingConnection(pika.URLParameters(session.url)) as connection:
        yield connection.channel()


@dataclass
class Ran:
    """What one cell did."""

    status: str = ""
    text: str = ""
    error: list[str] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)


class Kernel:
    """A kernel as `warren lab` starts it."""

    def __init__(self) -> None:
        self.manager = KernelManager()
        self.manager.start_kernel(extra_arguments=["--IPKernelApp.extra_extensions=warren.cells"])
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid)  # type: ignore[union-attr]

    def start(self, code: str) -> str:
        """Send a cell without waiting for it."""
        return str(self.client.execute(code))

    def text(self, cell: str, wanted: str) -> None:
        """Wait until the cell has printed that."""
        seen = ""
        while wanted not in seen:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") == cell and message["msg_type"] == "stream":
                seen += message["content"]["text"]

    def finish(self, cell: str) -> Ran:
        """Wait for the end of the cell."""
        ran = Ran()
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != cell:
                continue
            if kind == "stream":
                ran.text += content["text"]
            elif kind == "error":
                ran.error = content["traceback"]
            elif kind in ("display_data", "execute_result"):
                ran.shown.append(content["data"])
            elif kind == "clear_output":
                ran.shown, ran.text = [], ""
            elif kind == "status" and content["execution_state"] == "idle":
                break
        ran.status = self._reply(cell)
        return ran

    def _reply(self, cell: str) -> str:
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == cell:
                return str(reply["content"]["status"])

    def run(self, code: str) -> Ran:
        return self.finish(self.start(code))

    def end(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel()


def start_kernels() -> Iterator[Callable[[], Kernel]]:
    started: list[Kernel] = []

    def start() -> Kernel:
        started.append(Kernel())
        return started[-1]

    yield start
    for kernel in started:
        kernel.end()


@pytest.fixture
def kernels(broker: Broker) -> Iterator[Callable[[], Kernel]]:
    """Starts a kernel each time it is called."""
    yield from start_kernels()


@pytest.fixture(scope="module")
def kernels_of_module(broker: Broker) -> Iterator[Callable[[], Kernel]]:
    """The same, for kernels that the tests of one file share."""
    yield from start_kernels()


@pytest.fixture
def kernel(kernels: Callable[[], Kernel]) -> Kernel:
    return kernels()
