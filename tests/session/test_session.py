"""A session in this process: opening, closing, waiting."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aio_pika
import pika
import pytest

import warren
from warren import course
from warren.brokers.broker import Broker
from warren.errors import BrokerRefused, CourseError, WarrenError
from warren.session import BLOCKED, HEARTBEAT, KEEPALIVE, Lesson, Session


def test_a_lesson_says_one_stable_line_and_offers_its_own_vhost(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    """`lesson("02")` prints its line and nothing else, and its URL leads to its vhost with a long heartbeat."""
    lesson = warren.lesson("02")
    assert capsys.readouterr().out == "Lesson 02 · Work queues · ready\n"
    assert lesson.vhost == "02_work_queues"
    assert pika.URLParameters(lesson.url).heartbeat == HEARTBEAT
    assert pika.URLParameters(lesson.url).virtual_host == lesson.vhost
    assert repr(lesson) == "<Lesson 02 · Work queues>"
    lesson.close()
    assert lesson.vhost not in broker.management().vhosts()


async def both_connect(url: str) -> tuple[float | None, int]:
    """The time pika lets a blocked broker, and whether the operating system watches its connection; aio-pika too."""
    connection = await aio_pika.connect(url)
    assert (await connection.channel()).is_initialized
    await connection.close()
    parameters = pika.URLParameters(url)
    with pika.BlockingConnection(parameters) as blocking:
        watched = blocking._impl._transport._sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    return parameters.blocked_connection_timeout, watched


def both_clients(url: str) -> tuple[float, int]:
    """In a thread of its own: Playwright leaves an event loop running in this one."""
    with ThreadPoolExecutor() as thread:
        return thread.submit(lambda: asyncio.run(both_connect(url))).result()


def test_both_clients_take_the_url_of_a_lesson(session: Session) -> None:
    """pika and aio-pika connect with the URL and all its parameters, and pika does not wait for ever in an alarm."""
    parameters = pika.URLParameters(session.url)
    assert (parameters.heartbeat, parameters.client_properties) == (HEARTBEAT, {"connection_name": "notebook"})
    assert both_clients(session.url) == (BLOCKED, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="pika knows the options of Linux only")
def test_a_network_is_watched_although_the_heartbeat_is_long(broker: Broker) -> None:
    """On somebody else's broker the URL turns TCP keepalive on, for a network that dies without a word."""
    shared = Broker("external", broker.url, broker.management_url, broker.version)
    with Session(shared, "test_keepalive", "Lesson 77 · Keepalive") as session:
        assert pika.URLParameters(session.url).tcp_options == KEEPALIVE
        assert both_clients(session.url) == (BLOCKED, 1)


def test_opening_again_gives_a_clean_vhost_and_closes_the_earlier_session(broker: Broker) -> None:
    """The cell that opens a lesson may run twice: no message, queue or connection of the first run is left."""
    first = Session(broker, "test_twice", "Lesson 77 · Twice")
    connection = pika.BlockingConnection(pika.URLParameters(first.url))
    connection.channel().queue_declare("orders", durable=True)
    second = Session(broker, "test_twice", "Lesson 77 · Twice")
    with second:
        assert second.management.queues(second.vhost) == []
        with pytest.raises(pika.exceptions.AMQPError):
            connection.channel()
        with pytest.raises(WarrenError, match=r"Lesson 77 · Twice is closed\. Run the cell that opens it again"):
            _ = first.url


def test_closing_twice_is_fine_and_a_closed_lesson_says_so(session: Session) -> None:
    """Every call that needs an open session refuses with the sentence, and a second close does nothing."""
    session.close()
    session.close()
    uses: tuple[Callable[[], Any], ...] = (
        lambda: session.url,
        lambda: session.watch("orders"),
        lambda: session.workers(print),
    )
    for use in uses:
        with pytest.raises(WarrenError, match="is closed"):
            use()
    assert repr(session) == "<Lesson 77 · A test · closed>"


def test_closing_stops_its_scopes_and_workers(broker: Broker, until: Callable[..., Any]) -> None:
    """No thread of a scope and no worker outlives `close`, even inside a `with`."""

    def work(worker: Any) -> None:
        while not worker.stopping:
            pass

    before = set(threading.enumerate())
    session = Session(broker, "test_closing", "Lesson 77 · Closing")
    session.watch("orders")
    crew = session.workers(work, 2, process=True)
    crew.__enter__()
    session.close()
    assert [worker.alive for worker in crew] == [False, False]
    until(lambda: set(threading.enumerate()) <= before)


def test_watching_the_same_queues_again_stops_the_earlier_scope(session: Session) -> None:
    """The cell with `watch` may run twice: one scope records, and the first keeps what it had."""
    first, second = session.watch("orders"), session.watch("orders")
    other = session.watch("invoices")
    assert first is not second
    assert list(session._scopes.values()) == [second, other]


@pytest.mark.parametrize("number", ["", "99", 99, "-1", "one"])
def test_there_is_no_such_lesson(broker: Broker, number: str) -> None:
    """`lesson("99")` names the lessons there are."""
    with pytest.raises(CourseError, match=r"There is no lesson .*The course has: 00 "):
        warren.lesson(number)


def test_a_lesson_may_be_asked_for_by_number(broker: Broker) -> None:
    """`lesson(2)`, `lesson("2")` and `lesson("02")` are the same lesson."""
    assert {warren.lesson(number).title for number in (2, "2", "02")} == {"Lesson 02 · Work queues"}


@pytest.mark.parametrize("name", ["a/b", "ünï ·%2F", "<b>", "amq.x", "n" * 255])
def test_odd_names_of_vhosts_are_only_names(broker: Broker, name: str) -> None:
    """A vhost with a slash, dots, percent signs or Unicode opens, is reached by its URL, and goes with the session."""
    with Session(broker, name, "Lesson 77 · Odd") as session:
        with pika.BlockingConnection(pika.URLParameters(session.url)) as connection:
            connection.channel().queue_declare("a/b ü", durable=True)
        assert [queue["name"] for queue in session.management.queue_totals(name)] == ["a/b ü"]
    assert name not in broker.management().vhosts()


def test_a_vhost_that_the_http_api_cannot_reach_is_refused(broker: Broker) -> None:
    """`..` would be another page of the API: it is refused before anything is deleted."""
    with pytest.raises(BrokerRefused, match=r"cannot reach anything named '\.\.'"):
        Session(broker, "..", "Lesson 77 · Dots")


def test_wait_returns_what_it_waited_for(session: Session) -> None:
    """`wait` gives back the first true answer."""
    answers = iter([0, None, [], "done"])
    assert session.wait(lambda: next(answers)) == "done"


def test_waiting_in_vain_says_how_long(session: Session) -> None:
    """The error is a TimeoutError and one sentence, without a traceback in a notebook."""
    with pytest.raises(TimeoutError, match=r"Waited 0\.1 s, and it did not happen\.") as raised:
        session.wait(lambda: False, within=0.1)
    assert isinstance(raised.value, WarrenError)


def test_closing_leaves_a_vhost_that_another_kernel_has_opened_since(broker: Broker) -> None:
    """A kernel that ends late must not take the vhost from under the kernel that replaced it."""
    session = Session(broker, "test_taken_over", "Lesson 77 · Taken over")
    management = broker.management()
    management.delete_vhost("test_taken_over")
    management.create_vhost("test_taken_over", description="another kernel's")
    session.close()
    assert "test_taken_over" in management.vhosts()
    management.delete_vhost("test_taken_over")


def test_closing_works_without_a_broker(broker: Broker) -> None:
    """The last cell of a lesson says nothing if the broker went before it."""
    session = Session(broker, "test_gone", "Lesson 77 · Gone")
    session.management.delete_vhost("test_gone")
    session.management.url = "http://127.0.0.1:1"
    session.close()


def test_a_lesson_is_a_session_of_its_entry(broker: Broker) -> None:
    """The order and the titles come from course.toml only."""
    for entry in course.lessons():
        with warren.lesson(entry.number) as lesson:
            assert isinstance(lesson, Lesson)
            assert (lesson.vhost, lesson.title) == (entry.name, f"Lesson {entry.number} · {entry.title}")


def test_a_broker_without_an_http_api_is_refused_in_a_sentence(broker: Broker) -> None:
    """A shared broker whose HTTP API cannot be reached gives the variable that names it."""
    without = Broker("external", broker.url, None, broker.version)
    with pytest.raises(BrokerRefused, match="WARREN_MANAGEMENT_URL"):
        Session(without, "test", "Lesson 77 · No API")
