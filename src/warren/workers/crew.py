"""Several workers for the length of a `with` block, in threads or in processes."""

from __future__ import annotations

import gc
import inspect
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, overload

from warren.errors import WarrenError
from warren.workers.process import Child
from warren.workers.worker import RETURNED, Failure, Worker, run

START_WITHIN = 30.0  # seconds; a new Python with pika needs 0.3 s, a machine that swaps much longer
LEAVE_WITHIN = 5.0  # seconds from `stopping` to the end; a worker's loop looks at it every 0.1 s

SessionLog = Callable[[str, str, str], None]  # who, event, what


class WorkerFailed(WarrenError):
    """A worker raised an exception, died, or did not stop when asked to."""


class CrewWorker(Protocol):
    """One worker of a crew, as the notebook sees it."""

    name: str

    @property
    def alive(self) -> bool: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def failure(self) -> Failure | None: ...
    @property
    def returned(self) -> bool: ...
    def kill(self) -> None: ...
    def started(self, within: float) -> bool: ...
    def stop(self) -> None: ...
    def wait(self, within: float) -> bool: ...
    def end(self) -> None: ...


class ThreadWorker:
    """A worker in a thread of the kernel: cheap, and not killable."""

    pid = None

    def __init__(self, name: str, function: Callable[..., Any], url: str, log: SessionLog) -> None:
        self.name = name
        self.failure: Failure | None = None
        self.returned = False
        self._log = log
        self._stop, self._running = threading.Event(), threading.Event()
        worker = Worker(name, url, self._stop, lambda event, what: log(name, event, what))
        self._thread = threading.Thread(target=self._run, args=(function, worker), name=name, daemon=True)
        self._thread.start()

    def _run(self, function: Callable[..., Any], worker: Worker) -> None:
        self._log(self.name, "started", "")
        self._running.set()
        try:
            run(function, worker)
            if not worker.stopping:
                self._log(self.name, "note", RETURNED)
            self.returned = True
        except BaseException as error:  # noqa: BLE001  told when the with block ends
            self.failure = Failure.of(error)
            self._log(self.name, "gone", str(self.failure))

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def kill(self) -> None:
        raise WarrenError(
            f"{self.name} is a thread, and a thread cannot be killed: "
            "ask for real processes with lesson.workers(…, process=True)."
        )

    def started(self, within: float) -> bool:
        return self._running.wait(within)

    def stop(self) -> None:
        self._stop.set()

    def wait(self, within: float) -> bool:
        self._thread.join(within)
        return not self.alive

    def end(self) -> None:
        """Nothing ends a thread but itself."""


class ProcessWorker(Child):
    """A worker in an operating system process of its own."""

    def __init__(self, name: str, function: Callable[..., Any], url: str, log: SessionLog) -> None:
        self.name = name
        super().__init__(
            function, name=name, url=url, wants_worker=True, log=lambda event, what: log(name, event, what)
        )

    def end(self) -> None:
        """Kill it if it still runs."""
        self.kill()


class Crew(Sequence[CrewWorker]):
    """The workers of one `with` block. Entering returns once every one runs; leaving returns once none does.

    Leaving asks them to stop, gives them LEAVE_WITHIN seconds, and kills the processes that are left. It raises
    WorkerFailed for a worker that failed or had to be killed so, unless `may_fail`; one killed by `kill()` is fine.
    Within the block `add()` makes it one more; those that have gone stay in the sequence, not `alive`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        count: int,
        url: str,
        log: SessionLog,
        *,
        process: bool = False,
        may_fail: bool = False,
        name: str = "worker",
    ) -> None:
        _must_take_a_worker(function)
        self._function, self._url, self._log = function, url, log
        self._kind: Callable[..., CrewWorker] = ProcessWorker if process else ThreadWorker
        self._name, self._count = name, count
        self._may_fail = may_fail
        self._workers: list[CrewWorker] = []
        self.entered = False  # True for the length of the `with` block

    @overload
    def __getitem__(self, index: int) -> CrewWorker: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CrewWorker]: ...
    def __getitem__(self, index: int | slice) -> CrewWorker | Sequence[CrewWorker]:
        return self._workers[index]

    def __len__(self) -> int:
        return len(self._workers)

    def __enter__(self) -> Self:
        try:
            for _ in range(self._count):
                self._hire()
            deadline = time.monotonic() + START_WITHIN
            for worker in self:
                if not worker.started(max(0.0, deadline - time.monotonic())):
                    raise WorkerFailed(f"{worker.name} had not started after {START_WITHIN:.0f} s: a busy machine?")
        except BaseException:
            self.close()
            raise
        self.entered = True
        return self

    def add(self) -> CrewWorker:
        """One more worker of the same function, with the next number in its name: started, and maybe not running yet.

        Its `started(within)` waits for that. Raises WarrenError outside the `with` block.
        """
        if not self.entered:
            raise WarrenError("A crew takes on workers within its with block: call add() inside it.")
        return self._hire()

    def _hire(self) -> CrewWorker:
        name = f"{self._name} {len(self._workers) + 1}"
        self._workers.append(self._kind(name, self._function, self._url, self._log))
        return self._workers[-1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.entered = False
        late = self.close()
        failed = None if self._may_fail else self.failed() or _late(late, self._function)
        if failed is None:
            return
        if error is None or isinstance(error, TimeoutError):  # a worker that is gone is why waiting was in vain
            raise failed from error
        error.add_note(str(failed))

    def failed(self) -> WorkerFailed | None:
        """What to raise if a worker has failed so far; None too if they may."""
        for worker in [] if self._may_fail else self:
            if worker.failure:
                where = worker.failure.where(getattr(self._function, "__name__", ""))
                return WorkerFailed(f"{worker.name} failed with {worker.failure}" + (f" ({where})" if where else ""))
        return None

    def close(self) -> list[CrewWorker]:
        """Stop them all, and return those that did not stop by themselves. Safe to call twice."""
        late: list[CrewWorker] = []
        try:
            for worker in self:
                worker.stop()
            deadline = time.monotonic() + LEAVE_WITHIN
            late = [worker for worker in self if not worker.wait(max(0.0, deadline - time.monotonic()))]
        finally:  # also when interrupted while waiting
            for worker in self:
                worker.end()
            gc.collect()  # a connection that a worker in a thread forgot to close goes now, not some time later
        return late


def _late(late: list[CrewWorker], function: Callable[..., Any]) -> WorkerFailed | None:
    if not late:
        return None
    names = ", ".join(worker.name for worker in late)
    end = "still running" if any(worker.alive for worker in late) else "killed"
    return WorkerFailed(
        f"{names}: {end} {LEAVE_WITHIN:.0f} s after the with block ended. "
        f"{getattr(function, '__name__', 'The function')} must return soon after worker.stopping becomes True."
    )


def _must_take_a_worker(function: Callable[..., Any]) -> None:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        name = getattr(function, "__name__", "worker")
        raise WarrenError(f"A worker function takes one argument, the worker: def {name}(worker): …") from None
    except ValueError:  # a builtin without a signature
        pass
