"""Several scopes at once, in one kernel and in two, shown again and again: nothing of them is left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil

from warren.brokers.broker import Broker

Start = Callable[[], Any]
Until = Callable[..., Any]

OPEN = """import gc, threading, warren
lesson = warren.lesson('01')
def threads(): return sum(thread.name == 'warren scope' for thread in threading.enumerate())"""
SHOW = "scope = lesson.watch('orders')\nscope"
VHOST = "01_hello_queue"


def scopes(broker: Broker) -> list[str]:
    """The connections of scopes in the lesson's vhost, which may be gone."""
    management = broker.management()
    rows = management._rows("connections", ("name", "vhost", "user_provided_name"))
    management.close()
    return [row["name"] for row in rows if (row.get("vhost"), row.get("user_provided_name")) == (VHOST, "Warren scope")]


def sockets(kernel: Any) -> int:
    """How many network connections the kernel's process has."""
    return len(psutil.Process(kernel.pid).net_connections("tcp"))


def test_a_cell_run_twenty_times_leaves_one_scope(broker: Broker, kernel: Any, until: Until) -> None:
    """Twenty runs of the cell that shows a scope end with the threads, connections and sockets of the first."""
    kernel.run(OPEN)
    assert kernel.run(SHOW).status == "ok"
    until(lambda: len(scopes(broker)) == 1)
    until(lambda: kernel.run("print(bool(scope.recording.newest('topology')))").text == "True\n")
    before = sockets(kernel)
    for _ in range(19):
        assert kernel.run(SHOW).status == "ok"
    assert kernel.run("print(threads())").text == "1\n"
    until(lambda: len(scopes(broker)) == 1)
    until(lambda: sockets(kernel) == before)
    assert kernel.run("lesson.close()\nprint(threads())").text == "0\n"
    until(lambda: scopes(broker) == [])
    assert not psutil.Process(kernel.pid).children()


def test_two_kernels_with_two_scopes_each(broker: Broker, kernels: Start, until: Until) -> None:
    """Scopes of the same and of different queues all see the same messages; a restarted kernel leaves the others."""
    one, other = kernels(), kernels()
    one.run(OPEN)
    other.run(f"""import warren.scope
from warren import brokers
scopes = [warren.scope.Scope(brokers.find(), {VHOST!r}, [name]) for name in ("orders", "orders", "invoices")]
print(*(scope._repr_mimebundle_() and scope for scope in scopes))""")
    one.run(
        "scope, second, third = lesson.watch('orders'), lesson.watch('orders', 'invoices'), lesson.watch('invoices')"
    )
    one.run("""import pika
with pika.BlockingConnection(pika.URLParameters(lesson.url)) as connection:
    channel = connection.channel()
    channel.confirm_delivery()
    for name in 'orders', 'orders', 'invoices':
        channel.queue_declare(name, durable=True)
        channel.basic_publish('', name, b'')""")
    assert one.run("print(scope.facts(), second.facts(), third.facts(), threads())").text.count("now ") == 4
    seen = other.run("print(*(scope.facts() for scope in scopes))").text
    assert [seen.count(f"now {count} ready") for count in (1, 2)] == [1, 2]
    until(lambda: len(scopes(broker)) == 6)
    assert one.run("print(threads())").text == "3\n"
    other.manager.restart_kernel()
    until(lambda: len(scopes(broker)) == 3)
    assert one.run("lesson.close()\nprint(threads())").text == "0\n"


def test_a_page_that_goes_leaves_the_scope_to_the_next(kernel: Any) -> None:
    """A view that the page closed is replaced by a new one when the scope is shown again; its scope goes on."""
    kernel.run(OPEN)
    first = kernel.run(SHOW).shown[0]
    kernel.run("scope._view.close()")
    second = kernel.run("scope").shown[0]
    model = "application/vnd.jupyter.widget-view+json"
    assert first[model]["model_id"] != second[model]["model_id"]
    assert kernel.run("print(threads(), scope._sampler.state, scope.facts())").text == "1 live orders: not declared\n"
