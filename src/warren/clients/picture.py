"""Numbers of several clients side by side, as a figure."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from warren.scope.figure import WIDTH, Picture
from warren.scope.palette import FAINT, GRID, INK, PALETTE

BAR, REST = 0.3, 0.75
"""Inches: the height of one bar, and of title and axis."""
ROOM = 1.25
"""How much longer than the longest bar the axis is, for the number beside it; on a logarithmic axis to that power."""


def bars(panels: Mapping[str, Mapping[str, float]], unit: str, *, log: bool = False) -> Figure:
    """One panel for each title, with a bar for each name, and beside it how long it is; `unit` says of what."""
    names = list(dict.fromkeys(name for values in panels.values() for name in values))
    figure = Picture(figsize=(WIDTH, REST + BAR * len(names)), layout="constrained", facecolor="white")
    figure.queues = names
    for axes, (title, values) in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
    ):
        axes.barh(list(values), list(values.values()), height=0.6, color=PALETTE["unacked"].fill)
        for name, value in values.items():
            axes.annotate(f" {value:.2g}", (value, name), va="center", fontsize=9, color=INK)
        axes.set_title(title, loc="left", fontsize=10, color=INK)
        axes.set_xlabel(unit, color=FAINT)
        axes.set_xscale("log" if log else "linear")
        low, high = min(values.values()), max(values.values())
        axes.set_xlim(low / 3 if log else 0, high * 10 ** (ROOM - 1) * 2 if log else high * ROOM)
        axes.grid(axis="x", color=GRID)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=FAINT, labelcolor=INK)
    figure.axes[0].invert_yaxis()
    return figure
