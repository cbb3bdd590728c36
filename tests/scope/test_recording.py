"""The memory of a scope, on a clock of the test's own."""

from __future__ import annotations

import random

import pytest

from warren.scope.facts import facts
from warren.scope.recording import QUEUES_KEPT, Recording
from warren.scope.series import READINGS_KEPT


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.t = 100.0

    def __call__(self) -> float:
        return self.t


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recording(clock: Clock) -> Recording:
    return Recording(clock)


def test_only_changes_are_kept(recording: Recording, clock: Clock) -> None:
    """An hour of ten equal readings a second is one reading."""
    for step in range(36_000):
        clock.t = 100 + step / 10
        recording.read("tasks", 3, 1, 0, 2)
    assert [entry[1:] for entry in recording.readings("tasks")] == [(3, 1, 0, 2)]


def test_an_hour_of_change_stays_bounded(recording: Recording, clock: Clock) -> None:
    """An hour that changes at every reading keeps a bounded number of them: its peak, and all of its newest minutes."""
    chance = random.Random(1)
    for step in range(36_000):
        clock.t = 100 + step / 10
        recording.read("tasks", 999 if step == 500 else chance.randrange(100) + step % 2, 0, 0, 0)
    readings = recording.readings("tasks")
    assert len(readings) <= READINGS_KEPT
    assert max(entry.ready or 0 for entry in readings) == recording.peak("tasks").ready == 999
    assert [entry.t for entry in readings] == sorted({entry.t for entry in readings})
    assert len([entry for entry in readings if entry.t > 3600 - 300]) > 2900


def test_queues_that_come_and_go_stay_bounded(recording: Recording, clock: Clock) -> None:
    """Of thousands of reply queues the newest are remembered; one that is still there is never forgotten."""
    recording.read("tasks", 7, 0, 0, 0)
    for number in range(5 * QUEUES_KEPT):
        clock.t += 1
        recording.read(f"reply {number}", 1, 0, 0, 1)
        recording.rate(f"reply {number}", 1, 1, 1, 0)
        recording.read(f"reply {number}", None, None, None, None)
    assert len(recording.queues()) == QUEUES_KEPT
    assert recording.peak("tasks").ready == 7
    assert recording.queues()[-1] == f"reply {5 * QUEUES_KEPT - 1}"
    assert not recording.rates("reply 0")


def test_of_some_things_only_the_newest_counts(recording: Recording) -> None:
    """Flows and the like are told when they change, one by one, and nothing of them piles up."""
    for step in range(1000):
        recording.latest("flows", {"exchange:shop": step, "exchange:dead": 0}, whole=True)
    after, changes = recording.changes()
    assert changes["flows"] == {"exchange:shop": 999, "exchange:dead": 0}
    recording.latest("flows", {"exchange:shop": 999, "dead:orders": 1}, whole=True)
    assert recording.changes(after)[1]["flows"] == {"dead:orders": 1}
    assert recording.newest("flows") == {"exchange:shop": 999, "dead:orders": 1}


def test_changes_are_told_once_and_none_is_missed(recording: Recording) -> None:
    """Asking again and again with the moment returned gives everything once, though no time passes in between."""
    seen, after = [], -1.0
    for step in range(50):
        recording.read("tasks", step, 0, 0, 0)
        recording.log("worker 1", "acked", f"order {step}")
        recording.mark(f"mark {step}")
        if step % 7 == 0 or step == 49:
            after, changes = recording.changes(after)
            seen.append(changes)
    told = [entry.ready for changes in seen for entry in changes["queues"]["tasks"]["readings"]]
    assert told == list(range(50))
    assert [line.what for changes in seen for line in changes["lines"]] == [f"order {step}" for step in range(50)]
    assert [mark.label for changes in seen for mark in changes["marks"]] == [f"mark {step}" for step in range(50)]
    assert recording.changes(after)[1] == {"queues": {}, "marks": [], "lines": []}


def test_what_kind_of_queue_is_told_when_it_changes(recording: Recording) -> None:
    """A queue re-created as another kind is told as such, once."""
    recording.read("tasks", 0, 0, 0, 0)
    recording.describe("tasks", "classic", {})
    after, _ = recording.changes()
    recording.describe("tasks", "classic", {})
    assert not recording.changes(after)[1]["queues"]
    recording.describe("tasks", "quorum", {"x-delivery-limit": 3})
    assert recording.changes(after)[1]["queues"]["tasks"]["about"].kind == "quorum"


def test_facts_without_the_http_api(recording: Recording) -> None:
    """Facts say that unacked is not known rather than 0."""
    recording.read("tasks", 3, None, None, 1)
    text = "tasks: peak 3 ready, unacked not known without the HTTP API; now 3 ready"
    assert facts(recording, ["tasks"], down=False) == text
    assert repr(facts(recording, ["tasks"], down=False)) == text


def test_facts_while_the_broker_is_down(recording: Recording) -> None:
    """Peaks stay, and `now` is not made up."""
    recording.read("tasks", 3, 1, 0, 1)
    recording.read("tasks", None, None, None, None)
    assert facts(recording, ["tasks"], "broker down") == "tasks: peak 3 ready, 1 unacked; broker down"


def test_an_ended_recording_stands_still(recording: Recording, clock: Clock) -> None:
    """After the end no time passes."""
    clock.t += 5
    recording.end()
    clock.t += 5
    assert recording.elapsed() == pytest.approx(5, abs=0.001)
