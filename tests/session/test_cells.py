"""What a cell shows when something goes wrong that everybody meets."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest

from warren import cells

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
            "cannot be changed",
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
