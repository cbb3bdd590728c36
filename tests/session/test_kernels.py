"""Sessions in real kernels: started together, killed, interrupted, left idle, and on a broker that dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pika
import psutil
import pytest

from warren import brokers
from warren.brokers.broker import Broker
from warren.session import Session

OPEN = "import warren, pika\nlesson = warren.lesson('01')"
CONNECT = "connection = pika.BlockingConnection(pika.URLParameters(lesson.url))\nchannel = connection.channel()"
WORK = """
import time
def work(worker):
    connection = pika.BlockingConnection(pika.URLParameters(worker.url))
    connection.channel().queue_declare('orders', durable=True)
    while not worker.stopping:
        time.sleep(0.01)
"""
BUSY = """
with lesson.workers(work, 2, process=True) as crew:
    print(*(worker.pid for worker in crew), 'inside', flush=True)
    while True:
        pass
"""

Start = Callable[[], Any]
Until = Callable[..., Any]


def test_two_kernels_at_the_same_moment(kernels: Start) -> None:
    """Two notebooks that open their lessons at once both get a clean vhost on the one broker."""
    both = [kernels(), kernels()]
    cells = [
        kernel.start(f"import warren\nlesson = warren.lesson('0{at}')\nprint(lesson.broker.url)")
        for at, kernel in enumerate(both, 1)
    ]
    one, other = (kernel.finish(cell) for kernel, cell in zip(both, cells, strict=True))
    assert (one.status, other.status) == ("ok", "ok")
    assert "Lesson 01 · Hello, queue · ready" in one.text
    assert "Lesson 02 · Work queues · ready" in other.text
    assert one.text.splitlines()[-1] == other.text.splitlines()[-1]


def test_two_kernels_with_the_same_lesson(kernels: Start) -> None:
    """The same lesson opened in two kernels at once works in both, and closing one leaves the other's vhost."""
    both = [kernels(), kernels()]
    for _ in range(3):
        cells = [kernel.start(OPEN) for kernel in both]
        assert [kernel.finish(cell).status for kernel, cell in zip(both, cells, strict=True)] == ["ok", "ok"]
    assert both[1].run(OPEN).status == "ok"
    assert both[0].run("lesson.close()").status == "ok"
    assert both[1].run(CONNECT).status == "ok"


def test_a_kernel_killed_in_a_cell_leaves_nothing_but_the_broker(broker: Broker, kernels: Start, until: Until) -> None:
    """SIGKILL inside a cell: its worker processes and its connections go, and the next kernel opens the same lesson."""
    kernel = kernels()
    kernel.run(OPEN + WORK)
    cell = kernel.start(BUSY)
    kernel.text(cell, "inside")
    management = broker.management()
    until(lambda: len(management.connections("01_hello_queue")) >= 2)
    children = psutil.Process(kernel.pid).children(recursive=True)
    os.kill(kernel.pid, signal.SIGKILL)
    until(lambda: not any(child.is_running() for child in children))
    until(lambda: management.connections("01_hello_queue") == [])
    assert brokers.running() is not None
    assert kernels().run(OPEN).text == "Lesson 01 · Hello, queue · ready\n"


def test_stop_ends_a_cell_with_workers(kernel: Any, until: Until) -> None:
    """The Stop button inside the `with` ends the workers and the cell, and the lesson goes on."""
    kernel.run(OPEN + WORK)
    cell = kernel.start(BUSY)
    kernel.text(cell, "inside")
    workers = [one for one in psutil.Process(kernel.pid).children(recursive=True) if not one.children()]
    kernel.manager.interrupt_kernel()
    assert kernel.finish(cell).status == "error"
    until(lambda: not any(worker.is_running() for worker in workers))
    assert kernel.run("print(lesson.wait(lambda: 'goes on'))").text == "goes on\n"


def test_stop_does_not_reach_workers_that_are_wanted(kernel: Any) -> None:
    """An interrupt that the cell catches leaves its worker processes running: they are not in the kernel's group."""
    kernel.run(OPEN + WORK)
    cell = kernel.start("""
with lesson.workers(work, 1, process=True) as crew:
    try:
        print('inside', flush=True)
        while True: pass
    except KeyboardInterrupt:
        print(crew[0].alive)
""")
    kernel.text(cell, "inside")
    kernel.manager.interrupt_kernel()
    ran = kernel.finish(cell)
    assert (ran.status, ran.text) == ("ok", "True\n")


def test_cells_twice_and_out_of_order(kernel: Any) -> None:
    """Every cell may run twice; one that comes too early says which cells to run; nothing is doubled."""
    assert kernel.run("lesson.url").error == [
        "`lesson` is not defined: run the cells above first (Run ▸ Run All Above Selected Cell)."
    ]
    for cell in (OPEN, OPEN, CONNECT, CONNECT, "scope = lesson.watch('orders')", "scope = lesson.watch('orders')"):
        assert kernel.run(cell).status == "ok"
    for _ in range(2):
        assert kernel.run("channel.queue_declare('orders', durable=True)").status == "ok"
    assert kernel.run("print(lesson.close(), lesson.close())").text == "None None\n"
    assert kernel.run("lesson.url").error == [
        "SessionClosed: Lesson 01 · Hello, queue is closed. Run the cell that opens it again."
    ]
    assert kernel.run(OPEN).status == "ok"


def test_a_kernel_that_ends_closes_its_lesson(broker: Broker, kernel: Any) -> None:
    """Shutting a kernel down removes the vhost of its lesson; the broker stays."""
    kernel.run(OPEN)
    assert "01_hello_queue" in broker.management().vhosts()
    kernel.manager.shutdown_kernel()
    assert "01_hello_queue" not in broker.management().vhosts()
    assert brokers.running() is not None


def test_reading_for_long_between_two_cells_keeps_the_connection(
    broker: Broker, session: Session, until: Until
) -> None:
    """While the broker drops an idle connection that took its heartbeat, one with the lesson's URL still publishes.

    The ten minutes of a reader are shortened by a broker that asks for a heartbeat every second.
    """
    broker.ctl("eval", "application:set_env(rabbit, heartbeat, 1).")
    try:
        usual = pika.BlockingConnection(pika.URLParameters(broker.url_for(session.vhost)))
        ours = pika.BlockingConnection(pika.URLParameters(session.url))
        channel = ours.channel()
        until(lambda: len(session.management.connections(session.vhost)) == 2)
        until(lambda: len(session.management.connections(session.vhost)) == 1)
        with pytest.raises(pika.exceptions.AMQPError):
            usual.channel()
        channel.queue_declare("orders", durable=True)
        channel.basic_publish("", "orders", b"order 1")
        assert channel.basic_get("orders")[2] == b"order 1"
        ours.close()
    finally:
        broker.ctl("eval", "application:set_env(rabbit, heartbeat, 60).")


def test_the_next_lesson_works_after_the_broker_was_killed(broker: Broker, kernel: Any) -> None:
    """SIGKILL of the node during a lesson: the cell's error is short, and the next `lesson()` brings a broker."""
    kernel.run(OPEN)
    kernel.run(CONNECT)
    kill_node(broker)
    ran = kernel.run("channel.queue_declare('orders', durable=True)")
    assert ran.status == "error"
    assert "connection is gone" in ran.error[-1]
    assert len(ran.error) <= 4
    again = kernel.run(OPEN)
    assert again.status == "ok", again.error
    assert kernel.run(CONNECT).status == "ok"


def kill_node(broker: Broker) -> None:
    """SIGKILL; a node in a container, whose pid is not ours to see, halts as abruptly."""
    if broker.kind == "docker":
        broker.ctl("eval", "spawn(fun() -> timer:sleep(200), erlang:halt(137, [{flush, false}]) end).")
    else:
        os.kill(int(broker.ctl("eval", "os:getpid().").strip().strip('"')), signal.SIGKILL)
