"""Workers: the learner's functions beside the notebook."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pika
import psutil
import pytest

from warren.errors import WarrenError
from warren.session import Session
from warren.workers import NotSendable, WorkerFailed

BOTH = pytest.mark.parametrize("process", [False, True], ids=["threads", "processes"])


def idle(worker: Any) -> None:
    while not worker.stopping:
        time.sleep(0.01)


@BOTH
def test_three_workers_share_a_queue(session: Session, channel: Any, process: bool) -> None:
    """Each order is packed once, by workers that consume with the learner's own pika code, and the log names them."""
    channel.queue_declare("orders", durable=True)

    def pack(worker: Any) -> None:
        with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
            orders = connection.channel()
            orders.basic_qos(prefetch_count=1)
            for method, _, body in orders.consume("orders", inactivity_timeout=0.05):
                if worker.stopping:
                    break
                if method is not None:
                    orders.basic_ack(method.delivery_tag)
                    worker.log("acked", body.decode())

    def acked() -> list[str]:
        return sorted(what for _, event, what in session.logged if event == "acked")  # type: ignore[attr-defined]

    with session.workers(pack, 3, process=process) as crew:
        assert [worker.name for worker in crew] == ["worker 1", "worker 2", "worker 3"]
        for number in range(9):
            channel.basic_publish("", "orders", f"order {number}".encode())
        session.wait(lambda: len(acked()) == 9)
    assert acked() == [f"order {number}" for number in range(9)]
    assert {who for who, event, _ in session.logged if event == "started"} == {  # type: ignore[attr-defined]
        "worker 1",
        "worker 2",
        "worker 3",
    }
    assert not any(worker.alive for worker in crew)


def test_entering_returns_once_all_run(session: Session) -> None:
    """Processes have pids of their own, all are alive inside the block, and none after it."""
    with session.workers(idle_here(), 3, process=True) as crew:
        pids = [worker.pid for worker in crew]
        assert len({*pids, os.getpid()}) == 4
        assert all(psutil.pid_exists(pid) for pid in pids if pid)
        assert all(worker.alive for worker in crew)
    assert not any(psutil.pid_exists(pid) for pid in pids if pid)


@BOTH
def test_a_crew_grows(session: Session, process: bool) -> None:
    """`add` starts one more of the same function, numbered on, and leaving the block ends it with the others."""
    with session.workers(idle_here(), 1, process=process, name="packer") as crew:
        added = crew.add()
        assert added.started(30)
        assert [worker.name for worker in crew] == ["packer 1", "packer 2"]
        assert crew[1] is added
        assert added.alive
        added.stop()
        session.wait(lambda: not added.alive)
        assert crew.add().name == "packer 3"  # the name of one that has gone is not given again
    assert not any(worker.alive for worker in crew)


def test_an_added_worker_that_fails_is_told_like_the_others(session: Session) -> None:
    """Waiting ends at once with its name."""

    def second_fails(worker: Any) -> None:
        if worker.name == "worker 2":
            raise ValueError("no desk")
        while not worker.stopping:
            time.sleep(0.01)

    with (
        pytest.raises(WorkerFailed, match="worker 2 failed with ValueError: no desk"),
        session.workers(second_fails) as crew,
    ):
        crew.add()
        session.wait(lambda: False, within=60)


def test_a_crew_starts_without_workers(session: Session) -> None:
    """None at first is fine for one that grows."""
    with session.workers(idle, 0) as crew:
        assert not crew
        assert crew.add().name == "worker 1"


def test_a_crew_grows_within_its_block_only(session: Session) -> None:
    """Outside nobody would end the new worker, so there is none."""
    crew = session.workers(idle)
    with pytest.raises(WarrenError, match="within its with block"):
        crew.add()
    with crew:
        pass
    with pytest.raises(WarrenError, match="within its with block"):
        crew.add()
    assert len(crew) == 1


def idle_here() -> Callable[[Any], None]:
    """A function that is sent by value, as functions of a notebook are."""

    def idle(worker: Any) -> None:
        while not worker.stopping:
            time.sleep(0.01)

    return idle


def test_a_killed_worker_is_gone_at_once_and_its_message_comes_back(session: Session, channel: Any) -> None:
    """After `kill` the process is reaped, the broker redelivers what it held, and leaving the block is silent."""
    channel.queue_declare("orders", durable=True)
    channel.basic_publish("", "orders", b"order 1")

    def hold(worker: Any) -> None:
        with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
            for method, _, _ in connection.channel().consume("orders", inactivity_timeout=0.05):
                if method is not None:
                    worker.log("delivered", f"again: {method.redelivered}")
                if worker.stopping:
                    break

    def logged(event: str) -> list[tuple[str, str]]:
        return [(who, what) for who, one, what in session.logged if one == event]  # type: ignore[attr-defined]

    with session.workers(hold, 1, process=True, name="packer") as crew:
        session.wait(lambda: logged("delivered"))
        pid = crew[0].pid
        crew[0].kill()
        crew[0].kill()
        assert not crew[0].alive
        assert pid is not None
        assert not psutil.pid_exists(pid)
    method, _, _ = session.wait(lambda: (got := channel.basic_get("orders"))[0] and got)
    assert method.redelivered
    assert logged("gone") == [("packer 1", "killed")]


def test_sigkill_from_anywhere_counts_as_killed(session: Session) -> None:
    """`os.kill(worker.pid, SIGKILL)` in a notebook is the same as `kill()`."""
    with session.workers(idle_here(), 1, process=True) as crew:
        assert crew[0].pid is not None
        os.kill(crew[0].pid, signal.SIGKILL)
        session.wait(lambda: not crew[0].alive)


def test_sigterm_asks_to_stop(session: Session) -> None:
    """A worker process that gets SIGTERM sees `stopping` and returns in its own time."""

    def work(worker: Any) -> None:
        while not worker.stopping:
            time.sleep(0.01)
        worker.log("note", "drained")

    with session.workers(work, 1, process=True) as crew:
        assert crew[0].pid is not None
        os.kill(crew[0].pid, signal.SIGTERM)
        session.wait(lambda: not crew[0].alive)
        assert ("worker 1", "note", "drained") in session.logged  # type: ignore[attr-defined]


def test_a_thread_cannot_be_killed(session: Session) -> None:
    """The sentence says what can be."""
    with session.workers(idle, 1) as crew, pytest.raises(WarrenError, match="process=True"):
        crew[0].kill()


def test_what_a_worker_process_prints_goes_to_the_log(session: Session) -> None:
    """`print`, also without a newline at the end, never lands in some cell."""

    def work(worker: Any) -> None:
        print("packing")
        print("done", end="")
        print("careful", file=sys.stderr)

    with session.workers(work, 1, process=True) as crew:
        session.wait(lambda: not crew[0].alive)
    notes = [what for _, event, what in session.logged if event == "note"]  # type: ignore[attr-defined]
    assert notes == ["packing", "donecareful", "returned"]


@BOTH
def test_a_worker_that_raises_is_told_with_its_line(session: Session, process: bool) -> None:
    """The with block ends with the exception's name, text and line, and the log says who is gone."""

    def divide(worker: Any) -> None:
        orders = 0
        print(1 / orders)

    with (
        pytest.raises(
            WorkerFailed,
            match=r"worker 1 failed with ZeroDivisionError: division by zero \(line \d+: print\(1 / orders\)\)",
        ),
        session.workers(divide, 2, process=process),
    ):
        pass
    gone = [(who, what) for who, event, what in session.logged if event == "gone"]  # type: ignore[attr-defined]
    assert ("worker 2", "ZeroDivisionError: division by zero") in gone


@BOTH
def test_a_worker_that_may_fail_fails_in_silence(session: Session, process: bool) -> None:
    """`may_fail=True` leaves the failure to the log."""

    def fail(worker: Any) -> None:
        raise ValueError("no such order")

    with session.workers(fail, 1, process=process, may_fail=True) as crew:
        session.wait(lambda: not crew[0].alive)
    assert ("worker 1", "gone", "ValueError: no such order") in session.logged  # type: ignore[attr-defined]


@BOTH
def test_waiting_ends_when_a_worker_has_failed(session: Session, process: bool) -> None:
    """Who waits for a worker that is gone learns why, instead of a time-out."""

    def fail(worker: Any) -> None:
        raise ValueError("no such order")

    with pytest.raises(WorkerFailed, match="no such order"), session.workers(fail, 1, process=process):
        session.wait(lambda: False, within=60)


@BOTH
def test_a_worker_that_returned_is_named_where_waiting_was_in_vain(
    session: Session, channel: Any, process: bool
) -> None:
    """A queue deleted under its consumers ends them without an error: the log says so, and the wait names them."""
    channel.queue_declare("orders", durable=True)

    def pack(worker: Any) -> None:
        with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
            for _ in connection.channel().consume("orders", inactivity_timeout=0.05):
                if worker.stopping:
                    break

    def consumers() -> int:
        return int(channel.queue_declare("orders", passive=True).method.consumer_count)

    with session.workers(pack, 2, process=process) as crew:
        session.wait(lambda: consumers() == 2)
        channel.queue_delete("orders")
        session.wait(lambda: all(worker.returned for worker in crew))
        with pytest.raises(TimeoutError, match=r"did not happen\. worker 1, worker 2 have returned already"):
            session.wait(lambda: False, within=0)
    notes = sorted(who for who, event, what in session.logged if (event, what) == ("note", "returned"))  # type: ignore[attr-defined]
    assert notes == ["worker 1", "worker 2"]


@BOTH
def test_a_worker_that_stops_when_asked_returns_without_a_note(session: Session, process: bool) -> None:
    """The end of the block is no news, and waiting in vain names nobody who still works."""
    with session.workers(idle_here(), 1, process=process), pytest.raises(TimeoutError, match=r"did not happen\.$"):
        session.wait(lambda: False, within=0)
    assert [event for _, event, _ in session.logged] == ["started"]  # type: ignore[attr-defined]


def test_waiting_forgets_workers_whose_block_has_ended(session: Session) -> None:
    """A failure that was told at the end of its `with` block is not told again by a later wait."""

    def work(worker: Any) -> None:
        raise ValueError("no paper")

    with pytest.raises(WorkerFailed), session.workers(work, 1):
        pass
    assert session.wait(lambda: "yes") == "yes"
    assert session.wait(iter(["", "", "later"]).__next__) == "later"


def test_a_worker_that_does_not_stop_is_killed(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ignores `stopping` is killed after the deadline, and the sentence says what to change."""
    monkeypatch.setattr("warren.workers.crew.LEAVE_WITHIN", 0.3)

    def deaf(worker: Any) -> None:
        while True:
            time.sleep(1)

    with (
        pytest.raises(WorkerFailed, match=r"worker 1: killed .*deaf must return soon after worker\.stopping"),
        session.workers(deaf, 1, process=True) as crew,
    ):
        pass
    assert not crew[0].alive


def test_a_thread_that_does_not_stop_is_named(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that ignores `stopping` cannot be killed: the sentence says that it still runs."""
    monkeypatch.setattr("warren.workers.crew.LEAVE_WITHIN", 0.2)
    released = threading.Event()

    def deaf(worker: Any) -> None:
        released.wait()

    with pytest.raises(WorkerFailed, match="worker 1: still running"), session.workers(deaf, 1):
        pass
    released.set()


def test_the_error_of_the_block_wins(session: Session) -> None:
    """An exception of the learner's own inside the block is raised as it is, with the worker's failure as a note."""

    def fail(worker: Any) -> None:
        raise ValueError("no such order")

    def leave() -> None:
        with session.workers(fail, 1) as crew:
            session_wait(crew)
            raise KeyError("mine")

    def session_wait(crew: Any) -> None:
        while crew[0].alive:
            time.sleep(0.01)

    with pytest.raises(KeyError) as raised:
        leave()
    assert "no such order" in raised.value.__notes__[0]


def test_an_open_connection_cannot_be_sent(session: Session, channel: Any) -> None:
    """A function that uses a channel of the notebook is refused before it starts, with what to do instead."""

    def pack(worker: Any) -> None:
        channel.basic_get("orders")

    with (
        pytest.raises(NotSendable, match="open connections and channels inside the function"),
        session.workers(pack, 1, process=True),
    ):
        pass


@pytest.mark.parametrize("function", [lambda: None, lambda worker, orders: None])
def test_a_worker_function_takes_one_argument(session: Session, function: Callable[..., None]) -> None:
    """Another signature is refused at once, with the right one."""
    with pytest.raises(WarrenError, match=r"takes one argument, the worker: def .*\(worker\)"):
        session.workers(function)


@BOTH
def test_a_worker_function_may_be_async(session: Session, process: bool) -> None:
    """An `async def` is run to its end."""

    async def work(worker: Any) -> None:
        import asyncio

        await asyncio.sleep(0)
        worker.log("note", "awaited")

    with session.workers(work, 1, process=process) as crew:
        session.wait(lambda: not crew[0].alive)
    assert ("worker 1", "note", "awaited") in session.logged  # type: ignore[attr-defined]


def test_a_connection_that_a_thread_forgot_goes_with_it(session: Session, channel: Any) -> None:
    """A worker that never closes its connection leaves no consumer behind to steal messages of the next cell."""
    channel.queue_declare("orders", durable=True)

    def forget(worker: Any) -> None:
        connection = pika.BlockingConnection(pika.URLParameters(worker.url))
        for _ in connection.channel().consume("orders", inactivity_timeout=0.05):
            if worker.stopping:
                break

    with session.workers(forget, 2):
        session.wait(lambda: consumers(channel) == 2)
    session.wait(lambda: consumers(channel) == 0)


def consumers(channel: Any) -> int:
    return int(channel.queue_declare("orders", passive=True).method.consumer_count)


def test_a_session_used_in_a_worker_process_is_its_address(session: Session) -> None:
    """A function that mentions the lesson still runs elsewhere: it sees the URL, and is told what it cannot use."""

    def work(worker: Any) -> None:
        worker.log("note", str(session.url.partition("?")[0] == worker.url.partition("?")[0]))
        session.wait(lambda: True)

    with (
        pytest.raises(WorkerFailed, match=r"a worker process cannot use \.wait of Lesson 77"),
        session.workers(work, 1, process=True),
    ):
        pass
    assert ("worker 1", "note", "True") in session.logged  # type: ignore[attr-defined]


def test_workers_end_with_a_process_that_is_killed(session: Session, until: Callable[..., Any]) -> None:
    """SIGKILL of the process that started them ends worker processes too, also one that never looks at its pipe."""
    program = """
import time
from warren.workers import Crew
def busy(worker):
    while True: pass
with Crew(busy, 2, "", lambda *line: None, process=True) as crew:
    print(*(worker.pid for worker in crew), flush=True)
    time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids))
