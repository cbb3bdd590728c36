"""`warren.lab("01")`: a session whose exercises check themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from warren import course, progress, starting, work
from warren.brokers.broker import Broker
from warren.brokers.connecting import FAULTS
from warren.checks.arrivals import taken_away
from warren.checks.diagnosis import refusal
from warren.checks.exercise import Exercise, exercises, find
from warren.checks.probe import Probe
from warren.checks.result import Result, Verdict, cannot_tell, not_yet, wrong
from warren.checks.solution import solution
from warren.errors import BrokerRefused, BrokerUnavailable, ManagementUnavailable
from warren.session import Session

GONE = "the broker does not answer, which is not your code's fault: open the lab again, or see `warren doctor`"
NOT_RESET = "The broker does not answer, so nothing was reset: run the lab's first cell, which starts one, then reset."
BROKER_ERRORS = (BrokerRefused, ManagementUnavailable, BrokerUnavailable, *FAULTS)


@dataclass(frozen=True)
class Text:
    """A few lines for the learner; Markdown where the page shows it."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text


class Lab(Session):
    """One open lab. What takes an exercise's number raises CourseError, naming the exercises, if there is none."""

    def __init__(self, broker: Broker, entry: course.Lesson) -> None:
        self._entry = entry
        self._hinted: dict[int, int] = {}
        super().__init__(broker, f"lab_{entry.name}", f"Lab {entry.number} · {entry.title}")

    def check(self, exercise: int | Callable[..., Any], *functions: Callable[..., Any]) -> Result:
        """Try the learner's function on the broker and say what was seen.

        The check empties the lab's vhost, runs the function in a process of its own with a deadline, and looks at the
        broker. Its result is kept for `warren progress`.
        """
        if callable(exercise):
            return not_yet(f"the exercise's number comes first: {_calls(self._entry.number, exercise)}")
        asked = find(self._entry.number, exercise)
        self._must_be_open()
        result = replace(_checked(self, asked, functions), exercise=asked.name)
        return progress.keep(self._entry.number, exercise, result)

    def empty(self) -> None:
        """Make the vhost empty, with connections to it left open. Raises BrokerRefused if one keeps something there."""
        self._clean.empty(close_connections=False)

    def renew(self) -> None:
        """Make the vhost anew, whatever became of it; connections to it are closed."""
        self._clean.open()

    def hint(self, exercise: int) -> Text:
        """The next hint, a general one first."""
        asked = find(self._entry.number, exercise)
        given = self._hinted.get(exercise, 0)
        if given == len(asked.hints):
            return Text(f"That was the last hint. `lab.solution({exercise})` shows one way to do it.")
        self._hinted[exercise] = given + 1
        return Text(f"Hint {given + 1} of {len(asked.hints)}: {asked.hints[given]}")

    def solution(self, exercise: int) -> Text:
        """One way to solve the exercise, as the solved lab has it."""
        find(self._entry.number, exercise)
        return Text(f"```python\n{solution(self._entry, exercise)}\n```")

    def reset(self, *exercises: object) -> Text:
        """Begin again: the vhost empty, the notebook as it was handed out; the learner's own is kept beside it.

        Raises BrokerUnavailable, with everything as it was, if the broker does not answer.
        """
        self._must_be_open()
        if exercises:
            return Text("Nothing was reset: `lab.reset()`, without a number, begins all exercises of this lab again.")
        try:
            self._clean.open()
        except BROKER_ERRORS as error:
            raise BrokerUnavailable(NOT_RESET) from error
        self._hinted.clear()
        kept = work.restore(self._entry.lab_notebook)
        where = f"Your notebook, as last saved, is kept as `{kept.name}`. " if kept else ""
        return Text(
            f"{self.title}: the vhost is empty and the notebook is as it was at the start. {where}"
            "Show it with File ▸ Reload Notebook from Disk."
        )


def _calls(lab: str, function: Callable[..., Any]) -> str:
    """How to have that function checked; the calls of all exercises if its name is of none."""
    every = exercises(lab)
    its = [one for one in every if getattr(function, "__name__", "") in one.takes]
    return " · ".join(f"`{one.call}`" for one in its or every)


def _checked(lab: Lab, exercise: Exercise, functions: tuple[Callable[..., Any], ...]) -> Result:
    if len(functions) != len(exercise.takes) or not all(callable(one) for one in functions):
        return not_yet(f"give the check your function: `{exercise.call}`")
    try:
        probe = Probe(lab)
    except BrokerRefused as refused:
        return cannot_tell(str(refused))
    except BROKER_ERRORS as error:
        return cannot_tell(refusal(str(error)) or GONE)
    with contextlib.closing(probe):
        return replace(_unless_trouble(probe, exercise, functions), printed=probe.printed)


def _unless_trouble(probe: Probe, exercise: Exercise, functions: tuple[Callable[..., Any], ...]) -> Result:
    """The verdict, or `cannot tell` where the broker had trouble before, during or after it."""
    if trouble := probe.trouble():
        return cannot_tell(trouble)
    try:
        result = _verdict(probe, exercise, functions)
        trouble = probe.trouble() or (None if result.done else _refused(probe))
    except BROKER_ERRORS as error:
        trouble = probe.trouble() or refusal(str(error))
        if not trouble:
            if why := taken_away(probe, error):
                return wrong(why)
            raise  # the broker is well: this is a mistake of the check
    return cannot_tell(trouble) if trouble else result


def _verdict(probe: Probe, exercise: Exercise, functions: tuple[Callable[..., Any], ...]) -> Result:
    try:
        return exercise.check(probe, *functions)
    except Verdict as verdict:
        return verdict.result


def _refused(probe: Probe) -> str | None:
    """What the broker refused the learner's function for reasons that are not in it."""
    return next((said for reason in probe.wire.refusals() if (said := refusal(reason))), None)


def lab(number: str | int) -> Lab:
    """Open the lab of that number, e.g. `lab("01")`, starting a broker if none runs.

    Raises CourseError if there is no such lab, BrokerUnavailable if there is no way to a broker.
    """
    entry = course.lab(number)
    exercises(entry.number)  # a lab without checks is a mistake of the course: say so before a broker starts
    opened = Lab(starting.broker(), entry)
    print(f"{opened.title} · ready")
    return opened
