"""What arrived where, as a table of dots: a figure for the lessons about routing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.figure import Figure

from warren.scope.figure import WIDTH, Picture
from warren.scope.palette import INK, PALETTE

ROW, REST = 0.36, 1.6  # inches: the height of a row, and of the title and the names below
NOTHING = "#ECEEF1"  # the dot where nothing arrived


def matrix(title: str, rows: Sequence[str], columns: Sequence[str], copies: Callable[[str, str], int]) -> Figure:
    """A dot for each row and column, with the number of `copies(row, column)` in it; pale where that is 0."""
    figure = Picture(figsize=(WIDTH, REST + ROW * len(rows)), layout="constrained", facecolor="white")
    figure.queues = rows
    axes = figure.subplots()
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            count = copies(row, column)
            axes.scatter(x, y, s=330, color=PALETTE["ready"].fill if count else NOTHING)
            axes.text(x, y, str(count or ""), ha="center", va="center", color=INK)
    axes.set_xticks(range(len(columns)), columns, rotation=25, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.set(xlim=(-0.6, len(columns) - 0.4), ylim=(len(rows) - 0.4, -0.6))
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK)
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)
    return figure
