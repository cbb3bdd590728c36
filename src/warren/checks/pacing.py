"""How a learner's publisher paces itself: pauses that grow while it is refused, and none once it is taken again."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import median

from warren.checks.confirms import Sent, sent
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.workers import Child

STORM = 0.005  # seconds; a shorter pause is none
GROWN = 2.0  # times the first pause, at least, when it was refused several times in a row: doubling makes it 16
FEW = 4  # pauses that tell something together
DOUBLED = 6  # pauses after which a doubled one has long been the longest; a pause is never shorter than asked for
AT_ONCE = 0.8  # times the shortest first pause: who never sends the next order sooner waits on purpose
LONGEST = 1.0  # seconds; the exercise says 0.3, a slow machine adds to it


def refused_in_a_row(found: list[Sent]) -> list[list[float]]:
    """The pauses, in seconds, from each refusal to the next try; a new list begins when something was taken."""
    rows: list[list[float]] = [[]]
    for before, after in pairwise(found):
        if before.answer == "nack":
            rows[-1].append(after.at - before.answered)
        elif rows[-1]:
            rows.append([])
    return [row for row in rows if row]


def slows_down(probe: Probe, function: Learners, most: float) -> None:
    """Refused several times in a row, it waits before each try, longer and longer, and not longer than is sensible."""
    found = sent(probe.wire)
    row = max(refused_in_a_row(found), key=len, default=[])
    if row and median(row) < STORM:
        raise Wrong(_storm(function, found))
    if row and max(row) > LONGEST:
        raise Wrong(
            f"`{name(function)}` waits more than {LONGEST:g} s before a try, and should wait {most:g} s at most"
        )
    half = len(row) // 2
    if len(row) >= FEW and max(row[half:]) < GROWN * min(row[:half]):
        raise Wrong(
            f"refused {len(row)} times in a row, `{name(function)}` waits no longer before the last try than before "
            "the first: double the pause with each refusal"
        )
    if len(row) >= DOUBLED and len({one.text for one in found if one.answer == "nack"}) == 1 and max(row) < most / 2:
        raise Wrong(
            f"refused {len(row)} times in a row, `{name(function)}` waits longer each time, and still not "
            f"{most:g} s: double the pause, rather than add to it"
        )


def tries_again_soon(probe: Probe, function: Learners, child: Child, most: float) -> None:
    """While the queue is full, the last refusal was not long ago."""
    found = sent(probe.wire)
    if child.alive and found and found[-1].answer == "nack" and time.monotonic() - found[-1].answered > LONGEST:
        raise Wrong(
            f"`{found[-1].text}` was refused, and `{name(function)}` has not sent it again in {LONGEST:g} s: a pause "
            f"is {most:g} s at most, and a `sleep` counts in seconds"
        )


def _storm(function: Learners, found: list[Sent]) -> str:
    refused = [one.text for one in found if one.answer == "nack"]
    if len(set(refused)) == len(refused):
        return (
            f"`{refused[0]}` was refused, and `{name(function)}` went on to the next order at once: the queue is full "
            "for that one, too. Wait, and try the same again"
        )
    return f"`{name(function)}` tries again at once while the queue is full: a storm. Wait before each try"


def quickens(probe: Probe, function: Learners) -> None:
    """What follows an order that was taken is sent at once, and refused again, it begins with a short pause."""
    found = sent(probe.wire)
    follows = [after.at - one.answered for one, after in pairwise(found) if one.answer == "ack"]
    rows = refused_in_a_row(found)
    if not rows:
        return
    longest = max(max(row) for row in rows)
    if len(follows) > 2 * FEW and min(follows) > AT_ONCE * min(row[0] for row in rows):
        raise Wrong(
            f"there was room again, and `{name(function)}` waited before each order, as after a refusal: when an order "
            "is taken, send the next at once"
        )
    if len(rows) > 1 and min(row[0] for row in rows[1:]) > longest / 2:
        raise Wrong(
            f"many orders were taken, and then one was refused again: `{name(function)}` waited as long as at the end "
            "of the first rush. When an order is taken, let the pause begin anew"
        )
