"""One function of the learner's in a process of its own, which can be killed and which ends with the kernel."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle

from warren.errors import WarrenError
from warren.workers import forkserver
from warren.workers.worker import Failure, Log

LINES_KEPT = 1000  # of what a function printed: one that prints in an endless loop must not fill the kernel's memory
_SIGKILL = 9  # Windows, which knows no signals, has no name for it


class NotSendable(WarrenError):
    """The function uses something that exists only in this process, such as an open connection."""


@dataclass(frozen=True)
class Outcome:
    """How a call in a child process ended.

    `value` is what the function returned (None where it did not). `error` is the exception it raised; `timed_out`: it
    had not returned in time and was killed; `killed`: it was killed from outside. `printed` are its last lines.
    """

    value: Any = None
    error: Failure | None = None
    timed_out: bool = False
    killed: bool = False
    printed: tuple[str, ...] = ()

    @property
    def returned(self) -> bool:
        return self.error is None and not self.timed_out and not self.killed


def _pickled(function: Callable[..., Any], arguments: tuple[Any, ...], wants_worker: bool) -> bytes:
    try:
        return bytes(cloudpickle.dumps((function, arguments, wants_worker)))
    except Exception as error:  # pickling calls anything's __reduce__, which may raise anything
        name = getattr(function, "__name__", "the function")
        raise NotSendable(
            f"{name} cannot run in a process of its own, because it uses something that exists only in this one "
            f"({error}): open connections and channels inside the function."
        ) from error


class Child:
    """A function running in a child process. It has been sent, and may not have started yet.

    `log` is called from a thread of this class: for each `worker.log(event, what)`, as `note` for each printed line, as
    `started` once, and as `gone` if it was killed or failed.
    Raises NotSendable.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        name: str = "call",
        url: str = "",
        wants_worker: bool = False,
        log: Log | None = None,
    ) -> None:
        work = _pickled(function, arguments, wants_worker)
        self._log = log or (lambda *_: None)
        self._printed: deque[str] = deque(maxlen=LINES_KEPT)
        self._left_out = 0  # lines printed before those
        self._end: tuple[str, Any] | None = None
        self._killed = False
        self._started, self._finished = threading.Event(), threading.Event()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  the process and we need it until both are gone
        self._process = forkserver.start(self._stderr.fileno())
        threading.Thread(target=self._read, name=f"warren {name}", daemon=True).start()
        self._send(pickle.dumps((sys.path, dict(os.environ), _folder(), name, url, work)))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._finished.is_set()

    def started(self, within: float) -> bool:
        """Wait until the function runs or has ended; False if neither happened."""
        return self._started.wait(within)

    def wait(self, within: float | None = None) -> bool:
        """Wait until the process is gone and everything it reported has arrived; False if it still runs."""
        return self._finished.wait(within)

    def stop(self) -> None:
        """Set `worker.stopping` in the child."""
        self._send(b"s")

    def kill(self) -> None:
        """SIGKILL it with all processes it started; returns once it is gone. Nothing happens if it has ended."""
        if self.alive:
            self._killed = True
            self._kill()
            self._finished.wait()

    def outcome(self, within: float) -> Outcome:
        """Wait that many seconds for the end, and kill the function if it has not come or the wait is interrupted."""
        on_time = False
        try:
            on_time = self.wait(within)
        finally:
            if not on_time:
                self._kill()
        self._finished.wait()
        if not on_time:
            return Outcome(timed_out=True, printed=self._lines())
        value, unreadable = self._value() if self.returned else (None, None)
        return Outcome(value, self.failure or unreadable, killed=self.killed, printed=self._lines())

    @property
    def returned(self) -> bool:
        """True once the function has returned and the process is gone."""
        return not self.alive and self._end is not None and self._end[0] == "returned" and not self.killed

    def _value(self) -> tuple[Any, Failure | None]:
        """What the function returned, or why it cannot be had here: reading calls anything's code, as sending does."""
        assert self._end is not None
        try:
            return pickle.loads(self._end[1]), None
        except Exception as error:  # noqa: BLE001  e.g. an exception whose constructor takes two arguments
            return None, Failure("TypeError", f"what the function returned cannot be read in another process ({error})")

    def _lines(self) -> tuple[str, ...]:
        left_out = [f"… {self._left_out} lines before these are left out"] if self._left_out else []
        return (*left_out, *self._printed)

    @property
    def killed(self) -> bool:
        """True if SIGKILL ended it: sent by `kill`, or from anywhere else before it could report."""
        return self._killed or (self._end is None and self._process.returncode == -_SIGKILL)

    @property
    def failure(self) -> Failure | None:
        """What the function raised, or that it ended without a word; None if it returned, runs or was killed."""
        if self._process.returncode is None or self.killed:
            return None
        if self._end is None:
            return Failure("ProcessEnded", f"the process ended without a word ({self._status()})")
        return self._end[1] if self._end[0] == "failed" else None

    def _status(self) -> str:
        code = self._process.returncode
        assert code is not None
        if code < 0:
            return f"by {signal.Signals(-code).name}"
        self._stderr.seek(0)
        last = self._stderr.read().decode(errors="replace").strip().splitlines()[-1:]
        return " ".join([f"exit code {code}", *last])

    def _send(self, message: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # it has gone already; _read tells how
            assert self._process.stdin is not None
            self._process.stdin.write(message)
            self._process.stdin.flush()

    def _read(self) -> None:
        """Take the child's reports until its last; the only place that reaps it."""
        pipe = self._process.stdout
        assert pipe is not None
        while self._end is None:
            try:
                message = pickle.load(pipe)
            except (EOFError, OSError, pickle.UnpicklingError):  # also half a report, of a killed child
                break
            self._take(*message)
        self._kill()  # what it started goes with it
        self._process.wait()
        pipe.close()
        if self.killed or self.failure:
            self._log("gone", "killed" if self.killed else str(self.failure))
        self._started.set()
        self._finished.set()

    def _take(self, kind: str, *what: Any) -> None:
        if kind == "started":
            self._log("started", "")
            self._started.set()
        elif kind == "log":
            self._log(what[0], what[1])
        elif kind == "printed":
            self._left_out += len(self._printed) == LINES_KEPT
            self._printed.append(what[0])
            self._log("note", what[0])
        else:
            self._end = (kind, what[0])

    def _kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # gone, or (macOS) just gone
                _kill_group(self._process)


def _folder() -> str | None:
    """The folder this process works in; None if that is gone."""
    with contextlib.suppress(FileNotFoundError):
        return str(Path.cwd())
    return None


def _kill_group(process: subprocess.Popen[bytes] | forkserver.Fork) -> None:
    """The process with all it started; on Windows only itself."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, _SIGKILL)
    else:
        process.kill()


def call(function: Callable[..., Any], *arguments: Any, within: float = 5) -> Outcome:
    """Run the function in a child process and wait at most `within` seconds for it. Raises NotSendable.

    To kill it earlier, make a `Child` and ask for its `outcome` later.
    """
    return Child(function, *arguments).outcome(within)
