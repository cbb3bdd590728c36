"""A recording in words: what `scope.facts()` prints, the same at every run of a lesson."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from warren.scope.entries import Lane, Reading
from warren.scope.recording import Recording

STATES_TOLD = 12
"""Of a lane of texts, its last ones that are told."""


class Facts(str):
    """Text that shows itself plainly as the last expression of a cell, too."""

    def __repr__(self) -> str:
        return str(self)


def facts(
    recording: Recording, queues: Sequence[str], down: str = "", lanes: Mapping[str, Lane] | None = None
) -> Facts:
    """One line per queue: the most it ever held, and what it holds now; `down` says why that is not known.

    After them one per lane, and what cannot be shown at present.
    """
    troubles = [] if down else recording.newest("troubles").get("", [])
    shown = [queue for queue in queues if not any(text.startswith(f"cannot show {queue} (") for text in troubles)]
    lines = [f"{queue}: {_line(recording, queue, down)}" for queue in shown]
    lines += [f"{name}: {_course(lane)}" for name, lane in (lanes or {}).items()]
    return Facts("\n".join([*lines, *troubles]) or "no queues")


def _line(recording: Recording, queue: str, down: str) -> str:
    reading, peak = recording.now(queue), recording.peak(queue)
    seen = [entry for entry in recording.readings(queue) if entry.ready is not None]
    if not seen:
        return down or "not declared"
    parts = [f"{peak.ready} ready"]
    if seen[-1].unacked is None and not peak.unacked:
        parts.append("unacked not known without the HTTP API")
    else:
        parts.append(f"{peak.unacked} unacked")
    if peak.delayed:
        parts.append(f"{peak.delayed} delayed")
    return f"peak {', '.join(parts)}; {_now(reading, down)}"


def _now(reading: Reading | None, down: str) -> str:
    if down:
        return down
    if reading is None or reading.ready is None:
        return "now gone"
    held = {"ready": reading.ready, "unacked": reading.unacked, "delayed": reading.delayed}
    return "now " + (", ".join(f"{count} {what}" for what, count in held.items() if count) or "0")


def _course(lane: Lane) -> str:
    """What a lane went through: of numbers from where to where, of texts one after the other."""
    last = lane.steps[-1].value
    if not isinstance(last, str):
        if lane.least == lane.most:
            return f"{told(last)} throughout"
        return f"{told(lane.least)} to {told(lane.most)}, now {told(last)}"
    texts = [text for text, _ in groupby(str(step.value) for step in lane.steps)]
    left_out = len(texts) - STATES_TOLD
    return ", ".join([f"{left_out:,} before", *texts[left_out:]] if left_out > 1 else texts)


def told(value: float) -> str:
    """A number as one would say it: whole ones exactly, others to three digits."""
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
