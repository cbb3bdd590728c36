"""The course as `course.toml` says it: the only place that knows the order of lessons and where their notebooks lie."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from warren.errors import CourseError


def root() -> Path:
    """The folder that holds `course.toml`: the checkout, or `WARREN_ROOT` where the package is installed elsewhere."""
    return Path(os.environ.get("WARREN_ROOT") or Path(__file__).parents[2])


@dataclass(frozen=True)
class Lesson:
    """One line of the course. `number` is text ("03"), `minutes` an estimate for the README."""

    number: str
    slug: str
    title: str
    minutes: int
    teaches: str
    lab: bool
    part: str

    @property
    def name(self) -> str:
        """File stem and vhost name, e.g. `03_publish_subscribe`."""
        return f"{self.number}_{self.slug}"

    @property
    def notebook(self) -> Path:
        return root() / "notebooks" / f"{self.name}.ipynb"

    @property
    def lab_notebook(self) -> Path:
        return root() / "labs" / f"{self.name}.ipynb"

    @property
    def solution_notebook(self) -> Path:
        return root() / "solutions" / f"{self.name}.ipynb"


@cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons in their order."""
    course = tomllib.loads((root() / "course.toml").read_text(encoding="utf-8"))
    return tuple(Lesson(**entry, part=part["title"]) for part in course["part"] for entry in part["lesson"])


def lesson(number: str | int) -> Lesson:
    """The lesson of that number (`"03"`, `"3"` or `3`).

    Raises CourseError, naming the lessons there are.
    """
    wanted = str(number).strip()
    for entry in lessons():
        if wanted and entry.number == wanted.zfill(2):
            return entry
    known = ", ".join(f"{entry.number} {entry.title}" for entry in lessons())
    raise CourseError(f"There is no lesson {number!r}. The course has: {known}.")


def lab(number: str | int) -> Lesson:
    """The lesson of that number, which must have a lab.

    Raises CourseError, naming the labs there are.
    """
    entry = lesson(number)
    if not entry.lab:
        known = ", ".join(other.number for other in lessons() if other.lab)
        raise CourseError(f"Lesson {entry.number} has no lab. There are labs for: {known}.")
    return entry
