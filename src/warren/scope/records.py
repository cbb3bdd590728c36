"""A recording as plain dictionaries: what `scope.records()` returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from warren.scope.recording import Recording

Record = dict[str, Any]


def records(recording: Recording, queues: Sequence[str]) -> list[Record]:
    """Readings, rates, lanes, marks and lines of the message log, in order of time."""
    return sorted(_all(recording, queues), key=lambda record: record["t"])


def _all(recording: Recording, queues: Sequence[str]) -> Iterator[Record]:
    for queue in queues:
        for reading in recording.readings(queue):
            yield {"t": reading.t, "kind": "reading", "queue": queue} | reading._asdict()
        for rates in recording.rates(queue):
            yield {"t": rates.t, "kind": "rates", "queue": queue} | rates._asdict()
    for name, lane in recording.lanes().items():
        for step in lane.steps:
            yield {"t": step.t, "kind": "lane", "lane": name, "value": step.value}
    for mark in recording.marks():
        yield {"t": mark.t, "kind": "mark"} | mark._asdict()
    for line in recording.lines():
        yield {"t": line.t, "kind": "log"} | line._asdict()
