"""A recording as a matplotlib figure: what GitHub shows of a lesson."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from warren.scope.entries import Mark, Reading
from warren.scope.lane_panels import CHARACTER, TINT, draw_lane, height_of
from warren.scope.lanes import chosen
from warren.scope.palette import FAINT, GRID, INK, PALETTE
from warren.scope.recording import Recording
from warren.scope.sampler import LABELS, PERIOD

WIDTH, PANEL, REST = 8.5, 1.9, 0.75
"""Inches: the width of a notebook's output, the height of one queue's panel, the height of title and time axis."""
LAYERS = ("unacked", "ready", "delayed")
LABELLED = 8
"""Marks of the broker's that bear a label, if there are many more; the others are lines only."""


class Picture(Figure):
    """A figure that a notebook shows by itself: IPython can show matplotlib's only after `%matplotlib inline`.

    `queues` and `lanes` are what its text form names: a screen reader reads that aloud, and nbval compares it.
    """

    queues: Sequence[str] = ()
    lanes: Sequence[str] = ()

    def __repr__(self) -> str:
        lanes = ", ".join(sorted(self.lanes))  # threads may have begun them in any order
        return f"Picture of {', '.join(self.queues)}{' with ' * bool(self.queues and lanes)}{lanes}"

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        self.savefig(png, format="png")
        return png.getvalue()


def draw(
    recording: Recording, queues: Sequence[str], end: float | None = None, lanes: Sequence[str] | None = None
) -> Figure:
    """One panel per queue over one time axis: unacked, ready and delayed stacked, consumers as steps, marks dashed.

    Below them the lanes, all if none is named. `end` is where the time axis ends: now, if it is not given.

    The figure belongs to no pyplot state: a notebook shows it once, as the value of its cell.
    """
    end = max(recording.elapsed() if end is None else end, 10 * PERIOD)
    shown = chosen(recording.lanes(), lanes)
    heights = [PANEL] * len(queues) + [height_of(lane) for lane in shown.values()] or [PANEL]
    unsaid: dict[str, str] = {}
    figure = Picture(figsize=(WIDTH, REST + sum(heights)), layout="constrained", facecolor="white")
    figure.queues, figure.lanes = queues, list(shown)
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, queue in zip(panels, queues, strict=False):
        _depth(axes, recording, queue, end)
        _outages(axes, recording.marks(), end)
    for axes, (name, lane) in zip(panels[len(queues) :], shown.items(), strict=False):
        _frame(axes, "" if lane.hues else name, "")
        unsaid |= draw_lane(axes, name, lane, end)
    if shown:
        figure.set_layout_engine("constrained", h_pad=0.07)  # inches: a band's own height hides what belongs to it
    for axes in panels:
        _marks(axes, recording.marks(), end, labelled=axes is panels[0])
        axes.set_xlim(0, end)
    panels[-1].set_xlabel("seconds since the recording began", color=FAINT)
    _legend(figure, recording, queues, unsaid)
    return figure


def _depth(axes: Axes, recording: Recording, queue: str, end: float) -> None:
    """What the queue held, and who consumed."""
    _frame(axes, queue, "messages")
    runs = list(_runs(recording.readings(queue), end))
    most = 0
    for run in runs:
        times = [entry.t for entry in run]
        floor = [0] * len(run)
        for layer in LAYERS:
            top = [low + (getattr(entry, layer) or 0) for low, entry in zip(floor, run, strict=True)]
            if top != floor or layer == "ready":
                axes.fill_between(times, floor, top, color=PALETTE[layer].fill, alpha=0.85, linewidth=0)
            floor = top
        most = max(most, *floor)
    axes.set_ylim(0, max(5, most * 1.12))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    _crew(axes, runs)


def _frame(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK)
    axes.set_ylabel(unit, color=FAINT)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=FAINT, labelsize=8.5, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)


def _crew(depth: Axes, runs: Sequence[Sequence[Reading]]) -> None:
    """Consumers as steps, on an axis of their own on the right; nothing at all where nobody ever consumed."""
    most = max((entry.consumers or 0 for run in runs for entry in run), default=0)
    if not most:
        return
    axes, hue = depth.twinx(), PALETTE["consumers"]
    for run in runs:
        axes.step([entry.t for entry in run], [entry.consumers or 0 for entry in run], where="post", color=hue.fill)
    axes.set_frame_on(False)
    axes.set_ylim(0, max(4, 2 * most))  # the line stays in the lower half, apart from most of the depth
    axes.tick_params(colors=hue.on_light, labelsize=8.5, length=0)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.set_ylabel("consumers", color=hue.on_light)


def _runs(readings: Sequence[Reading], end: float) -> Iterator[list[Reading]]:
    """The stretches in which the queue could be read, as corners of a line.

    Each reading holds until shortly before the next, as only changes are kept.
    """
    run: list[Reading] = []
    for entry, following in zip_longest(readings, readings[1:]):
        until = end if following is None else following.t
        if entry.ready is None:
            continue
        run.append(entry)
        if following is None or following.ready is None:
            yield [*run, entry._replace(t=until)]
            run = []
        elif until - entry.t > 1.6 * PERIOD:
            run.append(entry._replace(t=until - PERIOD))


def _marks(axes: Axes, marks: Sequence[Mark], end: float, labelled: bool) -> None:
    """What happened, as dashed lines; labels above the first panel, in as many rows as it takes to keep them apart."""
    free: list[float] = []  # per row, where the last label ends
    seen = [mark for mark in marks if mark.by == "broker"]
    silent = set(seen) - set(seen[:: -(-len(seen) // LABELLED)]) if seen else set()
    for mark in marks:
        colour = PALETTE["dead"] if mark.by == "broker" else PALETTE["quiet"]
        axes.axvline(mark.t, color=colour.fill, linewidth=1, linestyle=(0, (3, 3)))
        if not labelled or mark in silent:
            continue
        width = (len(mark.label) + 2) * CHARACTER * end
        start = min(mark.t, end - width)
        row = next((index for index, taken in enumerate(free) if taken <= start), len(free))
        free[row:] = [start + width, *free[row + 1 :]]
        axes.annotate(
            mark.label,
            xy=(start, 1),
            xycoords=("data", "axes fraction"),
            xytext=(2, 3 + 11 * row),
            textcoords="offset points",
            fontsize=8.5,
            color=colour.on_light if mark.by == "broker" else INK,
        )
    if labelled and free:
        axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=10, fontweight="bold", pad=8 + 11 * len(free))


def _outages(axes: Axes, marks: Sequence[Mark], end: float) -> None:
    """Grey where the broker was away."""
    begins, ends = zip(*LABELS.values(), strict=True)
    down: float | None = None
    for mark in [*(entry for entry in marks if entry.by == "broker"), Mark(end, ends[0], "broker")]:
        if down is not None and mark.label in begins + ends:
            axes.axvspan(down, mark.t, color=FAINT, alpha=0.12, linewidth=0)
            down = None
        if mark.label in begins:
            down = mark.t


def _legend(figure: Figure, recording: Recording, queues: Sequence[str], unsaid: Mapping[str, str]) -> None:
    """What the colours mean, of those that appear, and of the bands too short to say it."""
    shown = ["ready", "unacked"] + ["delayed"] * any(recording.peak(queue).delayed for queue in queues)
    meant = {layer: (PALETTE[layer].fill, 0.85) for layer in shown if queues}
    meant |= {text: (colour, TINT) for text, colour in unsaid.items()}
    if not meant:
        return
    patches = [figure.axes[0].fill_between([], [], color=colour, alpha=alpha) for colour, alpha in meant.values()]
    figure.legend(
        patches, meant, loc="outside upper right", ncols=len(meant), frameon=False, fontsize=8.5, labelcolor=INK,
        handlelength=0.9, handleheight=0.9, borderaxespad=0.2,
    )  # fmt: skip
