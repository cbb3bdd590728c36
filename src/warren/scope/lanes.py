"""Lanes: what the learner's own code counts or decides, recorded beside the queues: tokens left, a breaker's state."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

from warren.errors import WarrenError
from warren.scope.entries import Lane, Step
from warren.scope.series import Series

LANES_KEPT = 30
"""Lanes of one recording: more is a name that holds what should be the value."""
LONGEST = 40
"""Characters of a lane's name, and of a text in it."""
TEXTS_KEPT = 60
"""Different texts of one lane that get a hue of their own; those beyond are grey."""

STATES = {
    "closed": "consumers",
    "open": "dead",
    "opened": "dead",
    "half-open": "ready",
    "half-opened": "ready",
}
"""The hues of a circuit breaker's states, in the words of the course and of purgatory: calm, alarm, on trial."""
CYCLE = ("unacked", "delayed", "lane", "band")
"""The hues of other texts, in order of their first use in a lane: none of those that mean something in a breaker."""


class Lanes:
    """The lanes of a recording, by name, in order of their first use. For who holds the recording's lock."""

    def __init__(self) -> None:
        self._series: dict[str, Series[Step]] = {}
        self._hues: dict[str, dict[str, str]] = {}
        self._ends: dict[str, tuple[float, float]] = {}

    def put(self, name: str, value: float | str, tick: Callable[[], float]) -> None:
        """That value from now on; `tick` tells the time. Raises WarrenError for one the lane cannot take."""
        name, value = _name(name), _value(name, value)
        series = self._series.get(name) or self._begin(name)
        if series.says((value,)):
            return
        before = series.points[-1].value if series.points else value
        if isinstance(value, str) != isinstance(before, str):
            holds, got = ("texts", "number") if isinstance(before, str) else ("numbers", "text")
            raise WarrenError(
                f'The lane "{name}" holds {holds} such as {before!r}, so it cannot take the {got} {value!r}: '
                f"give that a lane with another name."
            )
        self._know(name, value)
        series.add(Step(tick(), value))

    def _begin(self, name: str) -> Series[Step]:
        if len(self._series) >= LANES_KEPT:
            raise WarrenError(
                f'A recording has room for {LANES_KEPT} lanes, and "{name}" would be one more: '
                "a lane's name stays the same, and what changes is its value."
            )
        series = self._series[name] = Series(_extremes)
        self._hues[name] = {}
        return series

    def _know(self, name: str, value: float | str) -> None:
        hues = self._hues[name]
        if not isinstance(value, str):
            least, most = self._ends.get(name, (value, value))
            self._ends[name] = (min(least, value), max(most, value))
        elif value not in hues and len(hues) < TEXTS_KEPT:
            known = STATES.get(value.lower().replace("_", "-").replace(" ", "-"))
            others = sum(hue in CYCLE for hue in hues.values())
            hues[value] = known or CYCLE[others % len(CYCLE)]

    def after(self, t: float) -> dict[str, Lane]:
        """The lanes with steps later than t, with these steps."""
        found = {name: series.after(t) for name, series in self._series.items()}
        return {
            name: Lane(steps, dict(self._hues[name]), *self._ends.get(name, (0, 0)))
            for name, steps in found.items()
            if steps
        }


def chosen(lanes: dict[str, Lane], names: Sequence[str] | None) -> dict[str, Lane]:
    """The lanes of these names, in that order; all for None. Raises WarrenError for one that is not there."""
    if names is None:
        return lanes
    names = (names,) if isinstance(names, str) else names
    for name in names:
        if name not in lanes:
            there = ", ".join(f'"{known}"' for known in lanes) or "none yet"
            raise WarrenError(f'There is no lane "{name}" in this recording; its lanes: {there}.')
    return {name: lanes[name] for name in names}


def _name(name: Any) -> str:
    if not isinstance(name, str) or not 0 < len(name.strip()) <= len(name) <= LONGEST:
        raise WarrenError(f"A lane's name is a text of 1 to {LONGEST} characters, not {_told(name)}.")
    return str.__str__(name)


def _value(name: str, value: Any) -> float | str:
    """The value as a plain number or text: that of an enum's member, NumPy's as Python's."""
    if isinstance(value, str) and 0 < len(value.strip()) <= len(value) <= LONGEST:
        return str.__str__(value)
    if not isinstance(value, bool) and isinstance(value, Real):
        try:
            if math.isfinite(plain := int(value) if isinstance(value, Integral) else float(value)):
                return plain
        except OverflowError:
            pass  # a whole number beyond any picture
    raise WarrenError(
        f'The lane "{name}" takes a finite number, or a text of 1 to {LONGEST} characters, not {_told(value)}.'
    )


def _told(value: Any) -> str:
    text = repr(value)
    return f"{text[:LONGEST]}…" if len(text) > LONGEST + 2 else text


def _extremes(old: list[Step]) -> list[Step]:
    """Of each four neighbours the lowest and the highest, so that peaks and troughs stay; of texts first and last."""
    kept: list[Step] = []
    for at in range(0, len(old), 4):
        four = old[at : at + 4]
        if any(isinstance(step.value, str) for step in four):
            ends = {four[0], four[-1]}
        else:
            ends = {min(four, key=_number), max(four, key=_number)}
        kept += sorted(ends, key=lambda step: step.t)
    return kept


def _number(step: Step) -> float:
    return 0 if isinstance(step.value, str) else step.value
