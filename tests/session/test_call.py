"""One call in a child process: its value, its exception, its end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from warren.workers import Child, call
from warren.workers.child import WIDEST
from warren.workers.process import LINES_KEPT


def test_a_value_comes_back() -> None:
    """Arguments go there, the value and the printed lines come back."""

    def total(*prices: int) -> int:
        print("adding")
        return sum(prices)

    outcome = call(total, 2, 3)
    assert (outcome.value, outcome.returned, outcome.printed) == (5, True, ("adding",))


def test_a_class_of_the_notebook_comes_back_as_itself() -> None:
    """An object of a class defined in a cell is one of that class here, not of a copy."""
    notebook: dict[str, Any] = {"__name__": "__main__"}
    exec("class Order:\n    pass\ndef order():\n    return Order()", notebook)
    assert isinstance(call(notebook["order"]).value, notebook["Order"])


def test_a_function_sees_the_globals_of_its_notebook() -> None:
    """Imported modules, constants and other functions of the cells above go along."""
    notebook: dict[str, Any] = {"__name__": "__main__"}
    exec(
        "import math\nRATE = 2\ndef tax(price): return RATE * math.floor(price)\n"
        "def bill(price): return tax(price) + 1",
        notebook,
    )
    assert call(notebook["bill"], 2.5).value == 5


def test_a_value_that_cannot_be_read_here_is_an_error() -> None:
    """An exception whose constructor takes two arguments can be sent and not be read: the outcome says that."""

    class Refused(Exception):
        def __init__(self, code: int, text: str) -> None:
            super().__init__(f"{code} {text}")

    outcome = call(lambda: Refused(404, "no queue"))
    assert not outcome.returned
    assert outcome.error is not None
    assert outcome.error.message.startswith("what the function returned cannot be read")


def test_of_what_is_printed_without_end_the_last_lines_stay() -> None:
    """A loop that prints until it is killed leaves a bounded number of lines, and the number of those left out."""

    def chatter() -> None:
        number = 0
        while True:
            number += 1
            print(number)

    outcome = call(chatter, within=2)
    assert outcome.timed_out
    told, *lines = outcome.printed
    assert len(lines) == LINES_KEPT
    assert told == f"… {int(lines[0]) - 1} lines before these are left out"
    assert [int(line) for line in lines] == list(range(int(lines[0]), int(lines[0]) + LINES_KEPT))


def test_of_a_line_without_end_the_beginning_stays() -> None:
    """Text without a newline is cut, be it printed at once or bit by bit."""

    def long() -> None:
        print("x" * 10 * WIDEST)
        for _ in range(10 * WIDEST):
            print("y", end="")
        print()

    assert call(long).printed == ("x" * WIDEST, "y" * WIDEST)


def test_an_exception_comes_back_in_words() -> None:
    """Type, bases, text and the learner's own line arrive; frames of ours do not."""

    class NoSuchOrder(KeyError):
        pass

    def ship() -> None:
        raise NoSuchOrder("order 7")

    error = call(ship).error
    assert error is not None
    assert (error.type, error.message) == ("NoSuchOrder", "'order 7'")
    assert "KeyError" in error.kinds
    assert "Exception" in error.kinds
    assert 'raise NoSuchOrder("order 7")' in error.traceback
    assert "warren/workers" not in error.traceback


def test_a_call_that_never_returns_is_killed_in_time() -> None:
    """A busy loop ends with the deadline, and the outcome says that."""

    def forever() -> None:
        print("begun")
        while True:
            pass

    outcome = call(forever, within=1)
    assert (outcome.timed_out, outcome.killed, outcome.returned) == (True, False, False)


def test_a_call_can_be_killed_by_its_handle() -> None:
    """`Child.kill` ends it from the parent; the outcome says killed, and what it had printed is kept."""
    printed = threading.Event()

    def forever() -> None:
        print("begun")
        while True:
            pass

    child = Child(forever, log=lambda event, what: printed.set() if what == "begun" else None)
    assert printed.wait(20)
    child.kill()
    outcome = child.outcome(within=20)
    assert (outcome.killed, outcome.timed_out, outcome.printed) == (True, False, ("begun",))


def test_what_a_call_started_goes_with_it() -> None:
    """A process that the function left running does not outlive the call."""

    def leave_behind() -> int:
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid

    pid = call(leave_behind).value
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("function", "words"),
    [(lambda: os._exit(3), "exit code 3"), (lambda: sys.exit("enough"), "enough"), (os.abort, "SIGABRT")],
    ids=["os._exit", "sys.exit", "abort"],
)
def test_a_call_that_ends_its_process_is_an_error(function: Callable[[], Any], words: str) -> None:
    """Whatever way out the function takes, the outcome says which."""
    outcome = call(function)
    assert not outcome.returned
    assert words in str(outcome.error)


def test_a_value_that_cannot_be_sent_back_is_an_error() -> None:
    """A lock, a generator or a connection as the value is told as such."""
    error = call(threading.Lock).error
    assert error is not None
    assert "what the function returned cannot be sent" in error.message


def test_a_call_reads_no_input() -> None:
    """`input()` ends at once instead of hanging on the pipe to the parent."""
    error = call(lambda: input("name? ")).error
    assert error is not None
    assert error.type == "EOFError"


def test_killing_twice_and_after_the_end_is_fine() -> None:
    """A handle may be killed at any time, by anyone."""
    child = Child(lambda: 1)
    assert child.wait(20)
    child.kill()
    child.kill()
    assert child.outcome(1).value == 1
