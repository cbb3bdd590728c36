"""What a cell shows when something goes wrong that everybody meets."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest

from warren import cells
from warren.brokers.broker import Broker
from warren.needs import doctor
from warren.session import BLOCKED

OPEN = """
import warren, pika
lesson = warren.lesson('01')
connection = pika.BlockingConnection(pika.URLParameters(lesson.url))
channel = connection.channel()
"""


@pytest.fixture(scope="module")
def shared(kernels_of_module: Callable[[], Any]) -> Any:
    return kernels_of_module()


@pytest.mark.parametrize("name", ["lesson", "channel", "pika"])
def test_a_name_of_an_earlier_cell_says_which_cells_to_run(shared: Any, name: str) -> None:
    """Whatever a course's notebook assigns or imports at its top level gets the sentence, also inside a function."""
    shared.run("%reset -f")
    sentence = f"`{name}` is not defined: run the cells above first (Run ▸ Run All Above Selected Cell)."
    assert shared.run(f"{name}.close()").error == [sentence]
    assert shared.run(f"def close():\n    return {name}.close()\nclose()").error == [sentence]


@pytest.mark.parametrize("cell", ["chanel", "1 / 0", "x = = 1", "await nothing", "eval('1 1')", "int('x')"])
def test_any_other_error_looks_as_it_always_does(shared: Any, cell: str) -> None:
    """A typo, a division by zero, a syntax error: the very lines IPython shows without the extension."""
    shared.run("%load_ext warren.cells")
    ours = shared.run(cell).error
    shared.run("%unload_ext warren.cells")
    usual = shared.run(cell).error
    shared.run("%load_ext warren.cells")
    assert ours
    assert [without_number(line) for line in ours] == [without_number(line) for line in usual]


def without_number(line: str) -> str:
    """The line without the count of its cell, which colours surround."""
    return re.sub(r"In\W*(\x1b\[[0-9;]*m)*\[\d+\]", "In []", line)


@pytest.mark.parametrize(
    ("cell", "first", "name", "advice"),
    [
        (
            "channel.queue_declare('hello')",
            "channel.queue_declare('hello')",
            "ConnectionClosedByBroker: (541",
            "add `durable=True`",
        ),
        (
            "channel.queue_declare('a', durable=True)\n"
            "channel.queue_declare('a', durable=True, arguments={'x-expires': 9})",
            "line 2",
            "ChannelClosedByBroker: (406",
            "exists already",
        ),
        (
            "channel.queue_declare('b', passive=True)",
            "",
            "ChannelClosedByBroker: (404",
            "has the cell that declares it run",
        ),
        ("channel.close()\nchannel.basic_get('a')", "line 2", "ChannelWrongStateError", "opens the channel again"),
        ("connection.close()\nconnection.channel()", "line 2", "ConnectionWrongStateError", "The connection is gone"),
        ("lesson.close()\nchannel.queue_declare('c', durable=True)", "line 2", "", "is gone"),
        (
            "lesson.close()\npika.BlockingConnection(pika.URLParameters(lesson.broker.url_for(lesson.vhost)))",
            "",
            "ProbableAccessDeniedError",
            "vhost is gone",
        ),
        (
            "pika.BlockingConnection(pika.URLParameters('amqp://127.0.0.1:1/'))",
            "",
            "AMQPConnectionError",
            "No broker answers",
        ),
    ],
    ids=["541", "406", "404", "channel", "connection", "closed", "vhost", "refused"],
)
def test_an_error_of_pika_is_short_and_says_what_to_do(
    shared: Any, cell: str, first: str, name: str, advice: str
) -> None:
    """pika's own name and text stay, its frames go, the learner's line is shown, and a sentence says what to do."""
    assert shared.run(OPEN).status == "ok"
    line, text, *rest = shared.run(cell).error
    assert line.startswith("Cell In[")
    assert first in line
    assert text.startswith(name)
    assert [advice in sentence for sentence in rest] == [True]


STOP_IN = """
import os, signal, sys, threading
def called(frame):
    while frame:
        yield frame.f_code.co_qualname
        frame = frame.f_back
def stop_in(function):
    main = threading.main_thread().ident
    def watch():
        while function not in called(sys._current_frames()[main]):
            pass
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=watch, daemon=True).start()
channel.queue_declare('stop', durable=True, arguments={'x-max-length': 10})
"""


@pytest.mark.parametrize(
    ("function", "line"),
    [
        ("BlockingChannel.start_consuming", "channel.basic_consume('stop', print); channel.start_consuming()"),
        ("BlockingChannel.consume", "for _ in channel.consume('stop'): pass"),
        ("BlockingChannel.basic_publish", "while True: channel.basic_publish('', 'stop', b'x' * 10_000)"),
        ("Session.wait", "lesson.wait(lambda: False, within=600)"),
    ],
)
def test_stop_is_told_in_two_lines(shared: Any, function: str, line: str) -> None:
    """An interrupt inside pika or `wait` shows the learner's line and no frame of a library; the kernel goes on."""
    assert shared.run(OPEN + STOP_IN).status == "ok"
    where, told = shared.run(f"stop_in('{function}')\n{line}").error
    assert where.startswith("Cell In[")
    assert where.endswith(f"line 2: {line}")
    assert told == "Stopped."
    assert shared.run("lesson.close()").status == "ok"


def test_an_alarm_ends_a_publish_and_doctor_names_it(shared: Any, broker: Broker) -> None:
    """A confirmed publish into a broker with an alarm raises instead of hanging, and the sentence leads to `doctor`."""
    publish = (
        f"{OPEN.replace('lesson.url', 'short')}channel.confirm_delivery()\n"
        "channel.queue_declare('a', durable=True)\nchannel.basic_publish('', 'a', b'x')"
    ).replace("connection =", f"short = lesson.url.replace('timeout={BLOCKED}', 'timeout=1')\nconnection =")
    broker.ctl("set_vm_memory_high_watermark", "0.00000001")
    try:
        _, text, *advice = shared.run(publish).error
        needs = {need.name: need for need in doctor()}
    finally:
        broker.ctl("set_vm_memory_high_watermark", "0.6")
    assert text.startswith("ConnectionBlockedTimeout")
    assert ["memory or disk alarm" in sentence and "warren doctor" in sentence for sentence in advice] == [True]
    assert (needs["alarms"].state, bool(needs["alarms"].mend)) == ("missing", True)
    while broker.management().alarms():
        pass
    assert "alarms" not in {need.name for need in doctor()}


@pytest.mark.parametrize(
    ("limit", "cell", "advice"),
    [
        ("max-connections", "pika.BlockingConnection(pika.URLParameters(lesson.url))", "restart the kernels"),
        ("max-connections", "import aio_pika\nawait aio_pika.connect(lesson.url)", "restart kernels"),
        ("max-queues", "channel.queue_declare('one too many', durable=True)", "limit of 0 queues"),
    ],
)
def test_a_limit_of_the_vhost_is_told_as_one(shared: Any, broker: Broker, limit: str, cell: str, advice: str) -> None:
    """What the broker refuses because of a limit says so, and what makes room; not that no broker answers."""
    assert shared.run(f"{OPEN}print(lesson.vhost)").status == "ok"
    broker.ctl("set_vhost_limits", "-p", "01_hello_queue", f'{{"{limit}": {int(limit == "max-connections")}}}')
    error = shared.run(cell).error
    assert advice in error[-1], error
    assert len(error) == 3


def test_an_error_of_aio_pika_is_short_too(shared: Any) -> None:
    """A refused connection of aio-pika gets the same treatment."""
    ran = shared.run("import aio_pika\nawait aio_pika.connect('amqp://127.0.0.1:1/')")
    assert ran.error[-1].startswith("No broker answers"), ran.error
    assert len(ran.error) <= 3


def test_errors_of_warren_are_one_sentence(shared: Any) -> None:
    """A WarrenError has no traceback with or without the extension."""
    sentence = shared.run("warren.lesson('99')").error
    assert len(sentence) == 1
    assert sentence[0].startswith("CourseError: There is no lesson '99'.")


def test_names_inside_functions_of_a_notebook_are_not_its_names() -> None:
    """Only what a cell binds at its top level can be had by running the cells above."""
    cell = "import a.b as c, d.e\nfor f in g: h = 1\ndef i(j): k = 1\nwith l() as m: pass\nn = [o for o in p]\nq.r = 1"
    assert cells._bound(ast.parse(cell)) >= {"c", "d", "f", "h", "i", "m", "n"}
    assert not cells._bound(ast.parse(cell)) & {"a", "b", "e", "g", "j", "k", "l", "p", "q", "r"}


def test_the_progress_bar_leaves_nothing_in_the_output(shared: Any) -> None:
    """What is shown while a broker starts is cleared before the stable line is printed."""
    ran = shared.run(
        "from warren import brokers, starting\n"
        "find = brokers.find\n"
        "def slow(progress):\n"
        "    progress('Downloading <RabbitMQ>', 0.1)\n"
        "    progress('Downloading <RabbitMQ>', 0.6)\n"
        "    return find(progress=progress)\n"
        "brokers.find = slow\n"
        "broker = starting.broker()\n"
        "brokers.find = find\n"
        "print('Lesson 01 · Hello, queue · ready')"
    )
    assert (ran.status, ran.shown, ran.text) == ("ok", [], "Lesson 01 · Hello, queue · ready\n")


def test_what_takes_a_while_is_shown_and_leaves_nothing_in_the_output(shared: Any) -> None:
    """A line is shown while a broker restarts, without a share of it done, and is cleared when it is over."""
    ran = shared.run(
        "from warren import starting\n"
        "from IPython.display import DisplayHandle\n"
        "said, update = [], DisplayHandle.update\n"
        "DisplayHandle.update = lambda self, text, **rest: said.append(text) or update(self, text, **rest)\n"
        "with starting.shown('restarting the broker'):\n"
        "    pass\n"
        "DisplayHandle.update = update\n"
        "print(said[0]['text/plain'])"
    )
    assert (ran.status, ran.shown, ran.text) == ("ok", [], "restarting the broker …\n")
