"""What the learner's function gets, and how its end is told. Imported by the child process too: keep it light."""

from __future__ import annotations

import asyncio
import inspect
import linecache
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

Log = Callable[[str, str], None]  # event, what

RETURNED = "returned"  # logged as a note for a worker that does so before it was asked to stop


class Worker:
    """The one argument of a worker function.

    `name` is `worker 1`, `worker 2`, …; `url` is the AMQP URL to connect to, with the name in it: pika
    tells it to the broker, and the picture of the queues shows it.
    """

    def __init__(self, name: str, url: str, stop: threading.Event, log: Log) -> None:
        self.name = name
        self.url = named(url, name)
        self._stop = stop
        self._log = log

    @property
    def stopping(self) -> bool:
        """True once the `with` block ends, or the process was asked to end by SIGTERM: finish and return."""
        return self._stop.is_set()

    def named(self, name: str) -> Worker:
        """The same worker by another name: for several in one process."""
        return Worker(name, self.url, self._stop, self._log)

    def log(self, event: str, what: str) -> None:
        """Write to the message log of the lesson's scopes, e.g. `worker.log("acked", "order 3")`."""
        self._log(event, what)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def named(url: str, name: str) -> str:
    """The AMQP URL with a name for the connection in it, as pika reads it (aio-pika passes over it)."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | {"client_properties": repr({"connection_name": name})}
    return parts._replace(query=urlencode(query, quote_via=quote)).geturl() if url else url


@dataclass(frozen=True)
class Failure:
    """An exception, told in a form that crosses processes.

    `type` is the class's name, `kinds` also the names of its bases (`("ChannelClosedByBroker", "ChannelClosed", …)`);
    `frames` are (file, line, function), outermost first, without frames of Warren's own.
    """

    type: str
    message: str
    kinds: tuple[str, ...] = ()
    frames: tuple[tuple[str, int, str], ...] = ()

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        frames = traceback.extract_tb(error.__traceback__)
        ours = str(Path(__file__).parent)
        theirs = tuple((one.filename, one.lineno or 0, one.name) for one in frames if ours not in one.filename)
        kinds = tuple(kind.__name__ for kind in type(error).__mro__ if kind not in (BaseException, object))
        return cls(type(error).__name__, str(error) or repr(error), kinds, theirs)

    @property
    def traceback(self) -> str:
        """As Python prints it; the source lines of notebook cells are known in the kernel only, so ask there."""
        lines = [traceback.FrameSummary(*frame) for frame in self.frames]
        return "".join(["Traceback (most recent call last):\n", *traceback.format_list(lines), f"{self}\n"])

    def where(self, function: str) -> str:
        """The deepest line of the function (or of the first function called), e.g. `line 3: 1 / 0`; may be empty."""
        for file, line, name in reversed(self.frames):
            source = linecache.getline(file, line).strip()
            if name == function and source:
                return f"line {line}: {source}"
        return ""

    @property
    def last_line(self) -> str:
        """The line that raised it, be it a library's; may be empty."""
        return linecache.getline(*self.frames[-1][:2]).strip() if self.frames else ""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


def run(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function; what an `async def` returns is awaited."""
    value = function(*arguments)
    return asyncio.run(value) if inspect.iscoroutine(value) else value
