"""A recording in words: what `scope.facts()` prints, the same at every run of a lesson."""

from __future__ import annotations

from collections.abc import Sequence

from warren.scope.recording import Reading, Recording


class Facts(str):
    """Text that shows itself plainly as the last expression of a cell, too."""

    def __repr__(self) -> str:
        return str(self)


def facts(recording: Recording, queues: Sequence[str], down: str = "") -> Facts:
    """One line per queue: the most it ever held, and what it holds now; `down` says why that is not known.

    After them what cannot be shown at present.
    """
    troubles = [] if down else recording.newest("troubles").get("", [])
    shown = [queue for queue in queues if not any(text.startswith(f"cannot show {queue} (") for text in troubles)]
    lines = [f"{queue}: {_line(recording, queue, down)}" for queue in shown]
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
