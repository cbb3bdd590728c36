"""A reader of a stream that was killed and comes again: whether it goes on where it was, and if not, why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from warren.checks.exercise import Learners
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.scenarios import called_rightly
from warren.checks.streams import must_be_let_in, wherefrom
from warren.workers import Child


def own_beginning(probe: Probe, child: Child, since: float) -> None:
    """A reader that came at `since` and has no bookmark does not begin where another one was."""
    began = probe.wait(lambda: wherefrom(probe, since), lambda offset: offset is not None or not child.alive).seen
    if isinstance(began, int) and began > 0:
        raise Wrong(
            f"a second department came, which had no bookmark yet, and began at offset {began}, where the first one "
            "was: each has a bookmark of its own, the `bookmark` it is given"
        )


def must_go_on(
    probe: Probe, function: Learners, child: Child, bookmark: Path, held: str, tasks: Sequence[str], since: float
) -> None:
    """Wait until each sale is booked once; `held` was being booked when the reader before was killed, at `since`."""
    waited = probe.wait(
        lambda: probe.ledger.tasks("done"),
        lambda done: set(tasks) <= set(done) or _amiss(probe, done, tasks, since) or not child.alive,
    )
    must_be_let_in(probe, function)
    called_rightly(probe, function, "book")
    counts = Counter(waited.seen)
    twice = [task for task in tasks if counts[task] > 1]
    missing = [task for task in tasks if not counts[task]]
    if twice:
        raise Wrong(f"after the kill `{twice[0]}` was booked again: {_why(probe, bookmark, held, tasks, since)}")
    still_works(probe, function, child)
    if missing:
        raise Wrong(f"after the kill `{missing[0]}` was never booked: {_why(probe, bookmark, held, tasks, since)}")


def _amiss(probe: Probe, done: Sequence[str], tasks: Sequence[str], since: float) -> bool:
    """True if one was booked twice, or passed over: what came after it is booked, or nothing before the end will be."""
    passed_over = len(done) > 0 and len(set(done)) < 1 + tasks.index(done[-1])
    return len(set(done)) < len(done) or passed_over or wherefrom(probe, since) == "next"


def _why(probe: Probe, bookmark: Path, held: str, tasks: Sequence[str], since: float) -> str:
    """Where it began again, against where it was."""
    began, offsets = wherefrom(probe, since), _offsets(probe, tasks)
    should, last = offsets[held], tasks[tasks.index(held) - 1]
    if began is None:
        return "it never subscribed again"
    if began == "next":
        return "it began again with what comes next (`x-stream-offset`), and passed over what had come meanwhile"
    if not bookmark.exists():
        return f"the file `bookmark` was never written, and it began again at `{short(began)}`"
    if began in ("first", 0):
        return "there is a bookmark, and it began again at the first sale"
    if began == offsets[last]:
        return f"it began again at offset {began}, that of `{last}`, which was booked: go on behind it, with + 1"
    if began in (tasks.index(held), tasks.index(held) + 1):  # the broker's notes keep offsets far away from that
        return (
            f"it began again at {began}, as many as it had booked, and `{held}` has offset {should}: an offset is a "
            "position and no count, it comes with each message in `properties.headers`"
        )
    if isinstance(began, int) and began > should:
        return (
            f"it began again at offset {short(began)}, and `{held}`, which was not booked, has offset {should}: is the "
            "bookmark written after `book`, and is what you add to it 1?"
        )
    return (
        f"it began again at offset {short(began)}, and `{held}` has offset {should}: is the bookmark written for each "
        "sale, with the offset that comes in its `properties.headers`?"
    )


def _offsets(probe: Probe, tasks: Sequence[str]) -> dict[str, int]:
    """The offset of each of these messages, as they stand in the stream."""
    found: dict[str, int] = {}
    with probe.channel() as channel:
        channel.basic_qos(prefetch_count=100)
        begin = {"x-stream-offset": "first"}
        for method, properties, body in channel.consume("sales", arguments=begin, inactivity_timeout=probe.patience):
            if method is None:
                break
            channel.basic_ack(method.delivery_tag)
            found[body.decode()] = int(properties.headers["x-stream-offset"])
            if set(tasks) <= set(found):
                break
        channel.cancel()
    return found
