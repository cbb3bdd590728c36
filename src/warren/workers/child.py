"""The other side of `process.py`: runs one pickled function in this process and reports over a pipe.

The parent's first message on stdin is (sys.path, environment, working folder or None, name, url, pickled (function,
arguments, wants_worker)). After it a byte asks to stop, and the end of the pipe means that the parent is gone, however
it went: this process ends at once.
"""

from __future__ import annotations

import io
import logging
import os
import pickle
import signal
import sys
import threading
from typing import Any, BinaryIO

import cloudpickle

from warren.workers.worker import RETURNED, Failure, Worker, run

WIDEST = 1000  # characters of a printed line that reach the parent


class Reports:
    """To the parent: started · log, event, what · printed, line; and last returned, pickle or failed, Failure."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, *message: Any) -> None:
        with self._lock:
            pickle.dump(message, self._pipe)
            self._pipe.flush()


class Printed(io.TextIOBase):
    """`sys.stdout` and `sys.stderr` of the learner's function: whole lines go to the message log."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._reports.send("printed", line[:WIDEST])
        self._rest = self._rest[:WIDEST]
        return len(text)

    def close(self) -> None:
        if self._rest:
            self.write("\n")


def _watch(parent: BinaryIO, stop: threading.Event) -> None:
    while parent.read(1):
        stop.set()
    os._exit(1)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes from and to the parent, out of reach of the learner's function, which gets an empty stdin."""
    parent, reports = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(2, 1)
    return parent, reports


def _move_to(environment: dict[str, str], folder: str | None) -> None:
    """What the parent has of both now, and the fork server may have had otherwise."""
    os.environ.clear()
    os.environ.update(environment)
    if folder is not None:
        os.chdir(folder)


def _returned(value: Any) -> bytes:
    try:
        return bytes(cloudpickle.dumps(value))
    except Exception as error:  # noqa: BLE001  anything's __reduce__ may raise anything
        raise TypeError(f"what the function returned cannot be sent to another process ({error})") from None


def main() -> None:
    """Run what the parent sent, report, and end without waiting for threads the function left behind."""
    parent, pipe = _pipes()
    reports, stop = Reports(pipe), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    printed = Printed(reports)
    sys.stdout = sys.stderr = printed
    for client in ("aio_pika", "aiormq"):  # pages of traceback for a lost connection, other ones each time
        logging.getLogger(client).setLevel(logging.CRITICAL)
    sys.path[:], environment, folder, name, url, work = pickle.load(parent)
    _move_to(environment, folder)
    threading.Thread(target=_watch, args=(parent, stop), daemon=True).start()
    try:
        function, arguments, wants_worker = pickle.loads(work)
        worker = Worker(name, url, stop, lambda event, what: reports.send("log", event, what))
        reports.send("started")
        value = _returned(run(function, *([worker] if wants_worker else []), *arguments))
        printed.close()
        if wants_worker and not worker.stopping:
            reports.send("log", "note", RETURNED)
        reports.send("returned", value)
    except BaseException as error:  # noqa: BLE001  whatever the function raises is the answer
        printed.close()
        reports.send("failed", Failure.of(error))
    os._exit(0)
