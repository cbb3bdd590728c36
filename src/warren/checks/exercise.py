"""One exercise of a lab: its title, its hints and its check, written together."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate

from warren import course
from warren.checks.result import Result
from warren.errors import CourseError

if TYPE_CHECKING:
    from warren.checks.probe import Probe

Learners = Callable[..., Any]  # a function the learner wrote


@dataclass(frozen=True)
class Exercise:
    """`takes` names the learner's functions as the lab's text calls them; `hints` go from general to exact."""

    number: int
    title: str
    hints: tuple[str, ...]
    takes: tuple[str, ...]
    check: Callable[..., Result]

    @property
    def name(self) -> str:
        return f"Exercise {self.number} · {self.title}"

    @property
    def call(self) -> str:
        """How a notebook calls the check."""
        return f"lab.check({', '.join([str(self.number), *self.takes])})"


def exercise(number: int, title: str, *hints: str) -> Callable[[Callable[Concatenate[Probe, ...], Result]], Exercise]:
    """Make an exercise of the check below: a function of a probe and the learner's functions."""

    def of(check: Callable[Concatenate[Probe, ...], Result]) -> Exercise:
        return Exercise(number, title, hints, tuple(inspect.signature(check).parameters)[1:], check)

    return of


def exercises(lab: str) -> tuple[Exercise, ...]:
    """All exercises of the lab of that number ("01"), in order.

    Raises CourseError if there is no such lab.
    """
    module = importlib.import_module(f"warren.checks.lab{course.lab(lab).number}")
    found = [thing for thing in vars(module).values() if isinstance(thing, Exercise)]
    return tuple(sorted(found, key=lambda one: one.number))


def find(lab: str, number: int) -> Exercise:
    """The exercise of that number. Raises CourseError, naming those there are."""
    every = exercises(lab)
    for one in every:
        if one.number == number:
            return one
    known = ", ".join(f"{one.number} {one.title}" for one in every)
    raise CourseError(f"Lab {course.lab(lab).number} has no exercise {number!r}. It has: {known}.")
