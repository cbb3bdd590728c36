"""What a check can do and see: the small vocabulary the labs' modules are written in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pika import spec

from warren.checks import learner
from warren.checks.deliveries import comes_again, misplaced, refused
from warren.checks.diagnosis import explain
from warren.checks.exercise import Learners
from warren.checks.ledger import Ledger
from warren.checks.result import Wrong, short
from warren.checks.room import Room
from warren.checks.wire import Wire
from warren.workers import Child, Failure, Outcome

if TYPE_CHECKING:
    from warren.checks.lab_session import Lab

TICK = 0.02  # seconds between two calls of what happens meanwhile: less than anybody's silence


class Probe(Room):
    """One check at work: the lab's room, the learner's functions in it, and a record of what they do there.

    `wire.url` goes to the learner's functions; `ledger` records the work they do. Broker errors of the probe's own
    (pika's, WarrenError) mean that the broker is gone: Lab.check turns them into "cannot tell".
    """

    deadline = 10.0  # seconds a learner's function may take for work that takes less than one
    at_once = 2.0  # seconds a function may still take when there is nothing left to wait for

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self._children: list[Child] = []
        self._workers = 0  # so many were started: no two have the same name
        with contextlib.ExitStack() as opened:
            opened.callback(self.leave)
            self.ledger = Ledger()
            opened.callback(self.ledger.close)
            self.wire = Wire(self._url)
            opened.callback(self.wire.close)
            self._end = opened.pop_all()

    def close(self) -> None:
        for child in self._children:
            child.kill()
        self._end.close()

    # running the learner's functions
    def run(self, function: Learners, within: float | None = None, **arguments: Any) -> Any:
        """Call the function in a process of its own and return what it returns; ends the check where it does not."""
        child = self.start(function, **arguments)
        return self.returned(function, child, within)

    def start(self, function: Learners, *, workers: int = 0, **arguments: Any) -> Child:
        """Begin to run the function in a process: called with the url, or as that many workers in threads."""
        child = learner.start(function, self.wire.url, range(self._workers + 1, self._workers + 1 + workers), arguments)
        self._workers += workers
        self._children.append(child)
        child.started(self.deadline)  # so that what is waited for next need not wait for a new Python
        return child

    def perform(self, act: Callable[..., Any], function: Learners, *arguments: Any) -> Any:
        """What the check's own `act(function, …)` returned, in a process of its own: for a function without a url."""
        child = learner.perform(act, function, *arguments)
        self._children.append(child)
        child.started(self.deadline)
        outcome = child.outcome(self.patience)
        if outcome.timed_out:
            raise Wrong(f"`{learner.name(function)}` had not returned after {self.patience:g} s: does it sleep?")
        return learner.value(function, outcome, self.patience)

    def returned(self, function: Learners, child: Child, within: float | None = None) -> Any:
        """What the function returned; ends the check if it raised, did not end in time or never used the url."""
        within = self.deadline if within is None else within
        outcome = child.outcome(within)
        if misuse := self._misuse(outcome, within):
            raise Wrong(f"`{learner.name(function)}` {misuse}")
        value = learner.value(function, outcome, within)
        if not self.wire.conversations:
            raise Wrong(f"`{learner.name(function)}` never connected to the `url` it was given")
        return value

    def _misuse(self, outcome: Outcome, within: float) -> str | None:
        """What the conversation with the broker explains better than the function's end."""
        if outcome.error and "unknown delivery tag" in outcome.error.message and self.auto_acks():
            return (
                "takes messages with `auto_ack=True` and acknowledges them too: with `auto_ack` there is nothing to "
                "acknowledge (406). Leave `auto_ack` out"
            )
        if outcome.error and outcome.error.type == "NotImplementedError" and self.wire.conversations:
            return "does something, and then comes to the line `raise NotImplementedError(…)`: delete that line"
        if outcome.error and outcome.error.type == "ChannelClosedByBroker" and (reason := misplaced(self.wire)):
            return f"was refused by the broker: {reason}"
        if outcome.error and _in_the_end(outcome.error) and (reason := refused(self.wire)):
            anew = ". A closed channel stays closed: `channel = connection.channel()` opens a new one"
            before = f"raised {outcome.error.type} in the end, but before that {reason}"
            return before + (anew if outcome.error.type == "ChannelWrongStateError" else "")
        if outcome.timed_out and (again := comes_again(self.wire)):
            return (
                f"had not returned after {within:g} s: it gives `{short(again)}` back and is given it again at once, "
                "over and over. Take only what you need, or keep it until you close the connection: then it goes back"
            )
        return None

    def stopped(self, function: Learners, child: Child, meanwhile: Callable[[], object] | None = None) -> None:
        """Ask the workers to stop, as the end of a `with` block does; ends the check if they raised or go on.

        `meanwhile` is called again and again until they have stopped, e.g. to publish more.
        """
        child.stop()
        until = time.monotonic() + self.patience
        while not child.wait(TICK if meanwhile else self.patience) and time.monotonic() < until:
            if meanwhile:
                meanwhile()
        if child.alive:
            went_on = f"`{learner.name(function)}` went on for {self.patience:g} s after `worker.stopping` was True"
            if meanwhile:
                raise Wrong(f"{went_on}, while message followed message: look at it each time, not only in silence")
            raise Wrong(f"{went_on}: wake up with `inactivity_timeout=0.1`, and look at it first, before anything else")
        self.returned(function, child)

    @property
    def printed(self) -> tuple[str, ...]:
        """What the learner's functions printed; ends those that still run."""
        return tuple(line for child in self._children for line in child.outcome(0).printed)

    def auto_acks(self) -> bool:
        """True if something was taken with `auto_ack=True`."""
        return any(method.no_ack for method in self.wire.said(spec.Basic.Get, spec.Basic.Consume))

    def early_acks(self) -> bool:
        """True if at some moment more was acknowledged than finished."""
        acks = sorted(ack.at for ack in self.wire.noted(spec.Basic.Ack))
        done = sorted(entry.at for entry in self.ledger.entries if entry.what == "done")
        return len(acks) > len(done) or any(ack < finished for ack, finished in zip(acks, done, strict=False))


def _in_the_end(error: Failure) -> bool:
    """True for an error that follows from an earlier one: something closed was used, or pika itself stumbled.

    What the broker closed is told with the line that met it.
    """
    if error.type.endswith("ClosedByBroker"):
        return False
    of_pika = any("/pika/" in Path(file).as_posix() for file, *_ in error.frames)
    return error.type.endswith("WrongStateError") or (of_pika and not explain(error))
