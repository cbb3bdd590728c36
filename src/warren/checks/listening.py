"""What subscribers do with what is announced: screens that show it, and a stock that puts it on the shelf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from warren.checks.announcements import Announcements
from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.scenarios import (
    acked_when_done,
    begun_once,
    called_rightly,
    published_nothing,
    same_texts,
    unacknowledged,
)
from warren.checks.subscriptions import stays, why_missed
from warren.workers import Child


def all_shown(probe: Probe, function: Learners, by_queue: Mapping[str, Child], asked: Sequence[str]) -> None:
    """Each screen showed exactly these, in this order."""
    screens = by_queue.values()

    def shown() -> list[list[str]]:
        entries = [entry for entry in probe.ledger.entries if entry.what == "done"]
        return [[entry.task for entry in entries if entry.by.startswith(f"{one.pid}:")] for one in screens]

    waited = probe.wait(
        shown,
        lambda seen: all(len(each) >= len(asked) for each in seen) or not all(one.alive for one in screens),
    )
    for (queue, screen), seen in zip(by_queue.items(), waited.seen, strict=True):
        stays(probe, function, screen)
        same_texts(seen, asked, "show")
        if len(seen) < len(asked):
            called_rightly(probe, function, "show")
            raise Wrong(
                f"{len(asked)} returns were announced, and after {waited.within:g} s a screen showed {len(seen)}"
                + (unacknowledged(probe, queue) or why_missed(probe, queue))
            )
        for text, times in Counter(seen).items():
            if times > 1:
                raise Wrong(f"a screen should show each return once, and showed `{text}` {times} times")
        if seen != list(asked):
            raise Wrong(f"a screen should show the returns in order, and showed `{short(seen[0])}` first")


def all_shelved(probe: Probe, function: Learners, child: Child, queue: str, asked: Sequence[str]) -> None:
    """The worker shelved all of these out of its queue, and acknowledged each after that."""
    waited = probe.wait(
        lambda: probe.ledger.tasks("done"),
        lambda done: len(done) >= len(asked) or not child.alive or probe.early_acks(),
    )
    called_rightly(probe, function, "shelve")
    acked_when_done(probe, function)
    published_nothing(probe, function)
    stays(probe, function, child)
    same_texts(waited.seen, asked, "shelve")
    begun_once(probe, function)
    if len(waited.seen) < len(asked):
        missed = [task for task in asked if task not in waited.seen]
        raise Wrong(
            f"{len(asked)} returns were announced, and `{name(function)}` never got {len(missed)} of them, the first "
            f"`{missed[0]}`" + (unacknowledged(probe, queue) or why_missed(probe, queue))
        )


def acknowledged(probe: Probe) -> None:
    """Everything was acknowledged, now that there was time enough since the last was shelved."""
    if late := [one.body for one in deliveries(probe.wire) if not one.acked]:
        raise Wrong(
            f"`{late[0]}` was on the shelf, nothing more came, and it was not acknowledged: acknowledge each return as "
            "soon as it is on the shelf"
        )


def stopped_at_work(probe: Probe, function: Learners, child: Child, queue: str, held: str, news: Announcements) -> None:
    """Stop it in the middle of that return, while others wait and still others are announced."""
    begun = probe.wait(lambda: probe.ledger.tasks("begun"), lambda begun: held in begun or not child.alive)
    if not begun.met or not child.alive:
        all_shelved(probe, function, child, queue, news.so_far)

    def goes_on() -> None:
        probe.ledger.release()  # by now the worker knows that it is to stop
        news.more(1)

    probe.stopped(function, child, goes_on)


def shelf_or_queue(probe: Probe, queue: str, announced: Sequence[str]) -> None:
    """When it has stopped, each return is either on the shelf or in the queue."""
    shelved = probe.ledger.tasks("done")
    probe.wait_ready(queue, len(announced) - len(set(shelved)))
    waiting = [one.body for one in probe.messages(queue)]
    for text in announced:
        if text in shelved and text in waiting:
            raise Wrong(
                f"`{text}` was shelved, and when the program had stopped it was in `{queue}` again: acknowledge each "
                "return as soon as it is on the shelf, and look at `worker.stopping` before or after both"
            )
        if text not in shelved and text not in waiting:
            raise Wrong(
                f"when the program had stopped, `{text}` was neither on the shelf nor in `{queue}`"
                + why_missed(probe, queue)
            )
