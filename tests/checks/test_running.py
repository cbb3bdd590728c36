"""Running a check: what is said when there is nothing to check, when it cannot be checked, and when it does not end."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cloudpickle
import pika
import psutil
import pytest
from learners import EXERCISES, Leash, defined, handed_in

import warren
from warren import course, work
from warren.brokers.broker import Broker
from warren.checks.lab_session import Lab
from warren.errors import BrokerRefused, BrokerUnavailable, CourseError

HELLO = course.lab("01")

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # as the functions of a notebook: whole, not by name


@pytest.fixture
def lab(open_lab: Callable[[str], Lab]) -> Lab:
    return open_lab("01")


def good_orders(url, orders):  # type: ignore[no-untyped-def]  # what a learner writes
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.queue_declare("orders", durable=True)
        for order in orders:
            channel.basic_publish("", "orders", order.encode())


def test_a_lab_says_one_stable_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`warren.lab("01")` prints its line, has a vhost of its own, and removes it when it is closed."""
    lab = warren.lab("01")
    assert capsys.readouterr().out == "Lab 01 · Hello, queue · ready\n"
    assert lab.vhost == "lab_01_hello_queue"
    lab.close()
    assert lab.vhost not in lab.broker.management().vhosts()


@pytest.mark.parametrize("number", ["00", "99"])
def test_a_lab_that_is_not_there_is_named_with_those_that_are(number: str) -> None:
    """Asking for a lab that the course lacks says which there are."""
    with pytest.raises(CourseError, match="01"):
        warren.lab(number)


@pytest.mark.parametrize("ask", ["check", "hint", "solution"])
def test_an_exercise_that_is_not_there_is_named_with_those_that_are(lab: Lab, ask: str) -> None:
    """`check(9)` names the exercises there are."""
    with pytest.raises(CourseError, match=r"Lab 01 has no exercise 9\. It has: 1 Send the orders, 2 Take"):
        getattr(lab, ask)(9)


@pytest.mark.parametrize("given", [(), ("send_orders",), (None,), (good_orders, good_orders)])
def test_a_check_without_its_function_is_not_yet(lab: Lab, given: tuple[object, ...]) -> None:
    """A check that gets no function, or not one, says how to call it."""
    result = lab.check(1, *given)  # type: ignore[arg-type]  # a learner may give anything
    assert result.state == "not yet"
    assert result.because == "give the check your function: `lab.check(1, send_orders)`"


def test_what_a_function_raises_is_told_with_its_line(lab: Lab) -> None:
    """An exception of the learner's is the reason, with the line it came from, and no traceback."""

    def send_orders(url: str, orders: list[str]) -> None:
        raise ValueError(f"no more than {len(orders)} <b>orders</b>")

    result = lab.check(1, send_orders)
    assert result.state == "wrong"
    assert "`send_orders` raised ValueError at line" in result.because
    assert "no more than 20 <b>orders</b>" in result.because
    assert "<b>" not in result._repr_html_()


@pytest.mark.usefixtures("impatient")
def test_a_function_that_never_returns_is_ended(lab: Lab) -> None:
    """An endless function costs its deadline, and leaves no process behind."""

    def send_orders(url: str, orders: list[str]) -> None:
        while True:
            pass

    before = set(psutil.Process().children())
    result = lab.check(1, send_orders)
    assert result.state == "wrong"
    assert "had not returned after 2.5 s" in result.because
    assert set(psutil.Process().children()) <= before


def test_stop_ends_a_check_and_what_it_runs(lab: Lab, tmp_path: Path) -> None:
    """An interrupt during a check (Stop in JupyterLab) ends it at once, with the child process."""

    def send_orders(url: str, orders: list[str], begun: Path = tmp_path / "begun") -> None:
        begun.touch()
        time.sleep(60)

    def stop() -> None:
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    before = set(psutil.Process().children())
    presses = threading.Thread(target=stop)
    presses.start()
    with pytest.raises(KeyboardInterrupt):
        lab.check(1, send_orders)
    presses.join()
    assert set(psutil.Process().children()) <= before


def test_what_a_function_prints_is_shown(lab: Lab) -> None:
    """Lines that the learner's function prints come with the result, in text and in HTML."""

    def send_orders(url: str, orders: list[str]) -> None:
        print(orders[0])
        good_orders(url, orders)

    result = lab.check(1, send_orders)
    assert result.done
    assert result.printed == ("order 1: honey", "order 21: honey")
    assert repr(result).endswith("It printed:\n  order 1: honey\n  order 21: honey")
    assert "<pre" in result._repr_html_()


def test_a_connection_of_the_notebooks_is_named(lab: Lab) -> None:
    """A function that uses a connection opened outside of it cannot be run elsewhere, and is told which it is."""
    connection = pika.BlockingConnection(pika.URLParameters(lab.url))

    def send_orders(url: str, orders: list[str]) -> None:
        connection.channel().queue_declare("orders", durable=True)

    result = lab.check(1, send_orders)
    connection.close()
    assert result.state == "wrong"
    assert "`send_orders` uses `connection`, which was opened outside of it" in result.because


def test_a_check_begins_with_an_empty_room(lab: Lab) -> None:
    """Queues, also one that is exclusive to a notebook's connection, and exchanges of the learner's are gone first."""
    connection = pika.BlockingConnection(pika.URLParameters(lab.url))
    connection.channel().queue_declare("orders", exclusive=True)
    connection.channel().exchange_declare("shop", "fanout", durable=True)
    assert lab.check(1, good_orders).done
    assert "shop" not in [row["name"] for row in lab.management.exchanges(lab.vhost)]


def test_emptying_the_room_leaves_connections_open(lab: Lab) -> None:
    """Queues, exchanges and policies go, a notebook's connection stays; what is exclusive to it cannot go: told."""
    with pika.BlockingConnection(pika.URLParameters(lab.url)) as connection:
        channel = connection.channel()
        channel.queue_declare("orders", durable=True)
        channel.exchange_declare("shop", "fanout", durable=True)
        policy = {"pattern": ".*", "definition": {"max-length": 5}}
        lab.management._call("PUT", f"policies/{lab.vhost}/limit", json=policy)
        lab.empty()
        assert lab.management.queue_totals(lab.vhost) == lab.management.policies(lab.vhost) == []
        assert "shop" not in [row["name"] for row in lab.management.exchanges(lab.vhost)]
        channel.queue_declare("mine", exclusive=True)
        with pytest.raises(BrokerRefused, match="could not be emptied: it still holds queues: 1"):
            lab.empty()
        assert channel.is_open


def test_a_vhost_that_somebody_removed_is_made_again(lab: Lab) -> None:
    """A second kernel, or `warren check`, closes the same lab and takes its vhost along: the next check works."""
    lab.management.delete_vhost(lab.vhost)
    assert lab.check(1, good_orders).done


def test_a_broker_that_is_gone_is_nobodys_mistake(leash: Leash) -> None:
    """With the broker gone before the check, right and unwritten answers alike get `cannot tell`."""
    with Lab(leash.broker, HELLO) as lab:
        leash.let_go()
        for exercise in (one for entry, one in EXERCISES if entry == HELLO):
            for notebook in (HELLO.lab_notebook, HELLO.solution_notebook):
                result = lab.check(exercise.number, *handed_in(notebook, exercise))
                assert result.state == "cannot tell"
                assert "the broker does not answer" in result.because


def test_reset_without_a_broker_says_what_to_do_and_leaves_the_notebook(leash: Leash) -> None:
    """With the broker gone nothing is reset, not even the notebook, and one sentence names the next step."""
    work.hand_out()
    copy = work.copy_of(HELLO.lab_notebook)
    with Lab(leash.broker, HELLO) as lab:
        leash.let_go()
        with pytest.raises(BrokerUnavailable, match="nothing was reset: run the lab's first cell, which starts one"):
            lab.reset()
    assert not list(copy.parent.glob(f"{copy.name}.bak-*"))


def test_a_broker_that_goes_during_a_check_is_nobodys_mistake(leash: Leash, tmp_path: Path) -> None:
    """The learner's function fails because the broker went away under it: `cannot tell`, not `wrong`."""

    def send_orders(url: str, orders: list[str], begun: Path = tmp_path / "begun") -> None:
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            begun.touch()
            while True:
                connection.process_data_events(0.05)

    def go() -> None:
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        leash.let_go()

    with Lab(leash.broker, HELLO) as lab:
        leaves = threading.Thread(target=go)
        leaves.start()
        result = lab.check(1, send_orders)
        leaves.join()
    assert result.state == "cannot tell"
    assert "the broker went away during the check" in result.because


def test_a_lab_works_in_the_one_vhost_of_a_participant(shared: Callable[..., Broker]) -> None:
    """On a shared broker, with one vhost and no other rights, the solved lab is done twice in a row."""
    with Lab(shared(), HELLO) as lab:
        for exercise in (one for entry, one in EXERCISES if entry == HELLO):
            for _ in range(2):
                assert lab.check(exercise.number, *handed_in(HELLO.solution_notebook, exercise)).done


@pytest.fixture
def limited(lab: Lab) -> Iterator[Callable[[str, int], None]]:
    """Sets a limit of the lab's vhost or user, as whoever runs a shared broker may."""
    of = {"vhost": lab.vhost, "user": lab.management.whoami()["name"]}
    paths = []

    def limit(name: str, most: int) -> None:
        kind, _, what = name.partition(" ")
        paths.append(f"{kind}-limits/{of[kind]}/{what}")
        lab.management._call("PUT", paths[-1], json={"value": most})

    yield limit
    for path in paths:
        lab.management._call("DELETE", path)


@pytest.mark.parametrize(
    ("name", "most", "said"),
    [
        ("vhost max-connections", 0, "the broker's limit of 0 connections is reached (530): restart the kernels"),
        ("vhost max-connections", 1, "the broker's limit of 1 connections is reached (530): restart the kernels"),
        ("vhost max-queues", 0, "the broker's limit of 0 queues in this vhost is reached (406): delete those"),
        ("user max-connections", 0, "the broker's limit of 0 connections is reached (530)"),
        ("user max-channels", 0, "the broker's limit of 0 channels for this user is reached (530)"),
    ],
    ids=["no connection for the check", "none for the function", "no queue", "no connection", "no channel"],
)
def test_a_limit_of_the_broker_is_nobodys_mistake(
    lab: Lab, limited: Callable[[str, int], None], name: str, most: int, said: str
) -> None:
    """Where a limit of the broker stops the check or the learner's function: `cannot tell`, with the way out."""
    lab.empty()
    limited(name, most)
    result = lab.check(1, good_orders)
    assert result.state == "cannot tell", result
    assert said in result.because


def test_a_broker_that_stays_silent_is_nobodys_mistake(broker: Broker, vhost: str) -> None:
    """Where something takes the connection and never answers, the check ends with `cannot tell`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}/{vhost}?stack_timeout=1"
        silent = f"{broker.url.rpartition('@')[0]}@{address}"
        with Lab(Broker("external", silent, broker.management_url, broker.version), HELLO) as lab:
            result = lab.check(1, good_orders)
    assert result.state == "cannot tell"
    assert "the broker does not answer" in result.because


def test_a_user_without_permissions_is_nobodys_mistake(shared: Callable[..., Broker]) -> None:
    """A user who may not declare gets `cannot tell`, whether the check or the learner's function comes to it first."""
    with Lab(shared(configure=""), HELLO) as lab:
        for exercise in (one for entry, one in EXERCISES if entry == HELLO):
            result = lab.check(exercise.number, *handed_in(HELLO.solution_notebook, exercise))
            assert result.state == "cannot tell", result
            assert "the user of this URL has no permission to configure the queue `orders` (403)" in result.because


def test_an_alarm_is_nobodys_mistake(lab: Lab) -> None:
    """With a memory alarm the broker takes no messages: `cannot tell`, and done again when it is over."""
    lab.broker.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        lab.wait(lab.management.alarms)
        result = lab.check(1, good_orders)
    finally:
        lab.broker.ctl("set_vm_memory_high_watermark", "0.6")
    assert result.state == "cannot tell"
    assert "memory or disk alarm" in result.because
    lab.wait(lambda: not lab.management.alarms())
    assert lab.check(1, good_orders).done


def test_hints_come_one_at_a_time(broker: object) -> None:
    """Each call gives the next hint; after the last it says so and names the solution."""
    with warren.lab("01") as lab:
        hints = [repr(lab.hint(1)) for _ in range(5)]
    assert [hint.split(":")[0] for hint in hints[:3]] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3"]
    assert len(set(hints)) == 4
    assert hints[3] == hints[4] == "That was the last hint. `lab.solution(1)` shows one way to do it."


@pytest.mark.parametrize(("entry", "exercise"), EXERCISES, ids=lambda one: getattr(one, "number", None))
def test_the_solution_shown_is_code_that_defines_the_function(
    open_lab: Callable[[str], Lab], entry: course.Lesson, exercise: warren.checks.exercise.Exercise
) -> None:
    """`solution(n)` shows the cell of that exercise as Markdown, without the authors' markers."""
    shown = open_lab(entry.number).solution(exercise.number)._repr_markdown_()
    code = shown.removeprefix("```python\n").removesuffix("\n```")
    names: dict[str, object] = {}
    exec(code, names)
    assert set(exercise.takes) <= set(names)
    assert "###" not in code
    assert exercise.takes[0] in defined(entry.solution_notebook)


def test_reset_gives_back_the_lab_and_keeps_what_was_written(broker: object) -> None:
    """The work copy is as it was handed out, the learner's version lies beside it, and the vhost is empty."""
    work.hand_out()
    copy = work.copy_of(HELLO.lab_notebook)
    copy.write_text("mine", encoding="utf-8")
    with warren.lab("01") as lab:
        lab.check(1, good_orders)
        said = repr(lab.reset())
        assert lab.management.queue_totals(lab.vhost) == []
        assert lab.check(1, good_orders).done
    kept = copy.with_name(f"{copy.name}.bak-1")
    assert copy.read_bytes() == HELLO.lab_notebook.read_bytes()
    assert kept.read_text(encoding="utf-8") == "mine"
    assert f"Your notebook, as last saved, is kept as `{kept.name}`" in said
    kept.unlink()
