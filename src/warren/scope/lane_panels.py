"""Lanes in the figure: numbers as a line in steps, texts as a band that bears them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from warren.scope.entries import Lane, Step
from warren.scope.facts import told
from warren.scope.palette import INK, PALETTE

NUMBERS, BAND = 1.1, 0.42
"""Inches: the height of the panel of a lane of numbers, and of one of texts."""
CHARACTER = 0.0095
"""The width of a character of a small label, as a share of the time axis."""
BROAD = 14
"""Characters of a band's name in one line."""
TINT = 0.55
"""How much of its hue a band has: dark words stand out from it (at least 4.5 : 1)."""


def height_of(lane: Lane) -> float:
    """Inches its panel takes."""
    return BAND if lane.hues else NUMBERS


def draw_lane(axes: Axes, name: str, lane: Lane, end: float) -> dict[str, str]:
    """The lane from its first use on, up to `end`. Returns texts that found no room, each with its colour."""
    end = max(end, lane.steps[-1].t)  # a thread may have gone on since
    if lane.hues:
        return _band(axes, name, lane, end)
    _line(axes, lane, end)
    return {}


def _line(axes: Axes, lane: Lane, end: float) -> None:
    numbers = [0 if isinstance(step.value, str) else step.value for step in lane.steps]
    times = [*(step.t for step in lane.steps), end]
    colour = PALETTE["lane"].fill
    axes.step(times, [*numbers, numbers[-1]], where="post", color=colour, linewidth=1.5)
    axes.fill_between(times, [*numbers, numbers[-1]], step="post", color=colour, alpha=0.12, linewidth=0)
    low, high = min(0, lane.least), max(0, lane.most)
    room = (high - low or 1) * 0.12
    axes.set_ylim(low - room * (low < 0), high + room if high or low else 1)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=all(float(value).is_integer() for value in numbers)))
    axes.yaxis.set_major_formatter(lambda value, _: told(value))


def _band(axes: Axes, name: str, lane: Lane, end: float) -> dict[str, str]:
    axes.set_ylabel(
        fill(name, BROAD), rotation="horizontal", horizontalalignment="right", verticalalignment="center",
        fontsize=9, fontweight="bold", color=INK,
    )  # fmt: skip
    axes.set(ylim=(0, 1), yticks=[])
    axes.spines["bottom"].set_visible(False)
    seen, unsaid = set(), {}
    for text, since, until in _stretches(lane.steps, end):
        colour = unsaid[text] = PALETTE[lane.hues.get(text, "quiet")].fill
        axes.axvspan(since, until, color=colour, alpha=TINT, linewidth=0)
        axes.axvline(since, color=colour, linewidth=1)
        if (len(text) + 1) * CHARACTER * end < until - since:
            seen.add(text)
            axes.annotate(
                text, xy=((since + until) / 2, 0.46), fontsize=8.5, color=INK,
                horizontalalignment="center", verticalalignment="center",
            )  # fmt: skip
    return {text: colour for text, colour in unsaid.items() if text not in seen}


def _stretches(steps: Sequence[Step], end: float) -> Iterator[tuple[str, float, float]]:
    """Each text with the time from when until when it stood."""
    runs = [(text, next(run).t) for text, run in groupby(steps, key=lambda step: str(step.value))]
    for (text, since), following in zip_longest(runs, runs[1:]):
        yield text, since, following[1] if following else end
