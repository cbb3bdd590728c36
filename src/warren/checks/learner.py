"""Running what the learner wrote, and saying what became of it where it did not return."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from warren.brokers.broker import Broker
from warren.checks.diagnosis import tell
from warren.checks.exercise import Learners
from warren.checks.result import Verdict, Wrong, not_yet
from warren.workers import Child, NotSendable, Outcome, Worker

LEAVE_WITHIN = 1.0  # seconds for the other workers after one has raised


def name(function: Learners) -> str:
    """The function's name as the learner wrote it."""
    return str(getattr(function, "__name__", "the function"))


def start(function: Learners, url: str, workers: Sequence[int], arguments: Mapping[str, Any]) -> Child:
    """Run the function in a child process: once with the url, or as workers of these numbers, each in a thread.

    Ends the check if the function cannot be called so, or cannot leave the notebook.
    """
    _must_run(function)
    _must_leave_the_broker(function)
    _must_take(function, ["worker" if workers else "url", *arguments])
    try:
        if workers:
            return Child(threads, function, workers, *arguments.values(), url=url, wants_worker=True)
        return Child(function, url, *arguments.values())
    except NotSendable as error:
        raise Wrong(_stays_here(function) or str(error)) from error


def perform(act: Callable[..., Any], function: Learners, *arguments: Any) -> Child:
    """Run `act(function, …)`, which is the check's own and calls the function, in a child process.

    Ends the check if the function cannot leave the notebook.
    """
    _must_run(function)
    _must_leave_the_broker(function)
    try:
        return Child(act, function, *arguments)
    except NotSendable as error:
        raise Wrong(_stays_here(function) or str(error)) from error


def threads(worker: Worker, function: Learners, numbers: Sequence[int], *arguments: Any) -> None:
    """In the child: run the function as these workers at once, and raise what the first one raised.

    One that raises has the others' end waited for, because it takes all of them to see what they share.
    """
    failures: list[BaseException] = []
    together = threading.Barrier(len(numbers))

    def work(number: int) -> None:
        together.wait()
        try:
            _run(function, worker.named(f"worker {number}"), *arguments)
        except BaseException as error:  # noqa: BLE001  # raised below, in the main thread
            failures.append(error)

    crew = [threading.Thread(target=work, args=(number,), daemon=True) for number in numbers]
    for each in crew:
        each.start()
    while any(each.is_alive() for each in crew) and not failures:
        crew[0].join(0.05)
    for each in crew:
        each.join(LEAVE_WITHIN)
    if failures:
        raise failures[0]


def _run(function: Learners, *arguments: Any) -> Any:
    """Call the function; what an `async def` returns is awaited, and then nothing is tidied up.

    `asyncio.run` would close its connections for it, and would keep what it raised until its threads have ended.
    """
    value = function(*arguments)
    return asyncio.new_event_loop().run_until_complete(value) if inspect.iscoroutine(value) else value


def value(function: Learners, outcome: Outcome, within: float) -> Any:
    """What the function returned. Ends the check if it did not return: not yet for a stub, else wrong."""
    if outcome.error and outcome.error.type == "NotImplementedError":
        raise Verdict(not_yet(f"`{name(function)}` is still to be written ({outcome.error.message})"))
    if outcome.error:
        raise Wrong(tell(name(function), outcome.error))
    if outcome.timed_out:
        raise Wrong(
            f"`{name(function)}` had not returned after {within:g} s: does it wait for a message that never comes?"
        )
    if outcome.killed:
        raise Wrong(f"the process that ran `{name(function)}` was killed")
    return outcome.value


def _must_run(function: Learners) -> None:
    """Calling it runs its lines: there is no `yield` in it. One that is `async` is awaited, see `_run`."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise Wrong(
            f"`{name(function)}` has a `yield` in it, so a call makes a generator and runs none of its lines: "
            "where something is to be returned, collect it in a list and `return` that"
        )


def _must_leave_the_broker(function: Learners) -> None:
    """It does not use the notebook's broker, which it could stop or restart under the check's feet."""
    for each, value in _used(function).items():
        if isinstance(value, Broker):
            raise Wrong(
                f"`{name(function)}` uses `{each}`, which stays in the notebook: use what the function is given. "
                "Where the broker must restart, the check itself restarts it"
            )


def _must_take(function: Learners, given: list[str]) -> None:
    try:
        inspect.signature(function).bind(*given)
    except TypeError:
        yours = f"{name(function)}{inspect.signature(function)}"
        raise Wrong(f"`{name(function)}` is called with ({', '.join(given)}), and yours is `{yours}`") from None
    except ValueError:  # no signature to look at: the call will tell
        pass


def _stays_here(function: Learners) -> str | None:
    """The sentence for a connection or channel the function uses and did not open."""
    for each, value in _used(function).items():
        if isinstance(value, (pika.BlockingConnection, BlockingChannel)):
            return (
                f"`{name(function)}` uses `{each}`, which was opened outside of it: a connection or channel of pika "
                "belongs to one thread of one process. Open both inside the function"
            )
    return None


def _used(function: Learners) -> dict[str, Any]:
    """What the function uses by names from outside of it."""
    known = {**getattr(function, "__globals__", {}), **_closure(function)}
    code = getattr(function, "__code__", None)
    names = (*code.co_names, *code.co_freevars) if code else ()
    return {each: known[each] for each in names if each in known}


def _closure(function: Learners) -> dict[str, Any]:
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    return {each: cell.cell_contents for each, cell in zip(code.co_freevars, cells or (), strict=False)} if code else {}
