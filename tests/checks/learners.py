"""What learners hand in: the lab as shipped, its solution, other right answers, and wrong ones."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from warren import course
from warren.brokers.broker import Broker
from warren.checks.exercise import Exercise, exercises
from warren.checks.wire import Wire

Answer = Callable[..., Any]

LABS = [entry for entry in course.lessons() if entry.lab]
EXERCISES = [(entry, one) for entry in LABS for one in exercises(entry.number)]


@cache
def answers(lab: str) -> dict[str, Any]:
    """What `tests/wrong_answers/` has for a lab; its functions travel to a child process whole, as a notebook's do."""
    return runpy.run_path(str(Path(__file__).parents[1] / "wrong_answers" / f"lab{lab}.py"))


@cache
def defined(notebook: Path) -> dict[str, Any]:
    """What the cells of a lab's notebook import and define, but for what needs an open lab."""
    names: dict[str, Any] = {"__name__": "learner"}
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            if "lab." in cell.source or "warren.lab" in cell.source:
                tree.body = [one for one in tree.body if isinstance(one, (ast.Import, ast.ImportFrom))]
            exec(compile(tree, notebook.name, "exec"), names)
    return names


def handed_in(notebook: Path, exercise: Exercise) -> list[Answer]:
    """The functions of that notebook that the exercise's check takes."""
    return [defined(notebook)[name] for name in exercise.takes]


class Leash:
    """A broker behind relays of ours, so that it can go away for one learner while the others keep it."""

    def __init__(self, broker: Broker) -> None:
        assert broker.management_url
        self._relays = [Wire(broker.url), Wire(broker.management_url)]
        management = self._relays[1].url.replace("amqp:", "http:")
        self.broker = Broker("external", self._relays[0].url, management, broker.version)

    def let_go(self) -> None:
        """From now on nothing answers at the broker's addresses."""
        for relay in self._relays:
            relay.close()
