"""What a recording holds: each entry begins with its time, in seconds since the recording began."""

from __future__ import annotations

from typing import Any, NamedTuple


class Reading(NamedTuple):
    """A queue at one moment.

    `ready` is None while it cannot be known (no such queue, broker down), `unacked` and `delayed` also where there is
    no HTTP API.
    """

    t: float
    ready: int | None
    unacked: int | None
    delayed: int | None
    consumers: int | None


class Rates(NamedTuple):
    """Messages a second of one queue, as RabbitMQ's own statistics say."""

    t: float
    publish: float
    deliver: float
    ack: float
    redeliver: float


class About(NamedTuple):
    """What kind of queue it is, and since when that is known."""

    t: float
    kind: str
    arguments: dict[str, Any]


class Mark(NamedTuple):
    """Something that happened: `by` is "you" for `scope.mark`, "broker" for what the scope saw itself."""

    t: float
    label: str
    by: str


class Line(NamedTuple):
    """One line of the message log; `queue` is empty where it is not known."""

    t: float
    who: str
    event: str
    what: str
    queue: str = ""


class Step(NamedTuple):
    """From then on a lane has this value: a number, or a text that names a state."""

    t: float
    value: float | str


class Lane(NamedTuple):
    """What a lane of the learner's own went through: numbers, or texts, which alone have hues."""

    steps: list[Step]
    hues: dict[str, str]
    """Of each text, which hue of the palette it is drawn in; "quiet" if it is not there."""
    least: float = 0
    most: float = 0


class Peak(NamedTuple):
    """The most a queue ever held of each, not at the same moment."""

    ready: int = 0
    unacked: int = 0
    delayed: int = 0
