"""Lanes: what a learner's own code counts or decides, recorded beside the queues, on a clock of the test's own."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from pika.adapters.blocking_connection import BlockingChannel

from warren.errors import WarrenError
from warren.scope import Scope
from warren.scope.facts import facts
from warren.scope.figure import draw
from warren.scope.lanes import CYCLE, LANES_KEPT, STATES, TEXTS_KEPT
from warren.scope.palette import PALETTE
from warren.scope.recording import Recording
from warren.scope.records import records
from warren.scope.series import READINGS_KEPT

Watch = Callable[..., Scope]


class State(Enum):
    OPEN = "open"


class Word(StrEnum):
    OPEN = "open"


class Count(IntEnum):
    TWO = 2


@pytest.fixture
def time() -> list[float]:
    return [0.0]


@pytest.fixture
def recording(time: list[float]) -> Recording:
    return Recording(lambda: time[0])


def values(recording: Recording, name: str) -> list[float | str]:
    return [step.value for step in recording.lanes()[name].steps]


def said(recording: Recording) -> str:
    return facts(recording, [], "", recording.lanes())


def day(recording: Recording, time: list[float]) -> None:
    """A breaker that opens and closes again, tokens, workers."""
    recording.read("payments", 3, 0, 0, 1)
    for at, breaker, tokens in ((0, "closed", 5), (4, "open", 0.25), (8, "half-open", 1), (8.1, "closed", 3)):
        time[0] = at
        recording.lane("breaker", breaker)
        recording.lane("tokens", tokens)
    recording.mark("sale starts")
    time[0] = 10


def test_only_changes_of_a_lane_are_kept(recording: Recording, time: list[float]) -> None:
    """A value told again and again is one step, at the time it was told first."""
    for step in range(1000):
        time[0] = step / 10
        recording.lane("tokens", 5 if step < 500 else 4)
        recording.lane("breaker", "closed")
    assert values(recording, "tokens") == [5, 4]
    assert [step.t for step in recording.lanes()["tokens"].steps] == pytest.approx([0, 50], abs=0.001)
    assert values(recording, "breaker") == ["closed"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (3, 3),
        (-2.5, -2.5),
        (np.int64(7), 7),
        (np.float32(0.5), 0.5),
        (Count.TWO, 2),
        (Word.OPEN, "open"),
        ("half-open", "half-open"),
    ],
)
def test_what_a_lane_takes(recording: Recording, value: Any, kept: Any) -> None:
    """Numbers and texts of any type that is one are kept as Python's own, which JSON can tell the page."""
    recording.lane("mine", value)
    assert values(recording, "mine") == [kept]
    assert type(recording.lanes()["mine"].steps[0].value) in (int, float, str)
    assert json.loads(json.dumps(recording.changes()[1]["lanes"]))["mine"]["steps"][0][1] == kept


@pytest.mark.parametrize(
    "value",
    [True, None, math.nan, math.inf, -math.inf, 10**400, "", "  ", "x" * 41, b"open", [3], State.OPEN, Decimal(1), 1j],
)
def test_what_a_lane_refuses(recording: Recording, value: Any) -> None:
    """Anything else is refused in one sentence that names the lane, and leaves no lane behind."""
    with pytest.raises(WarrenError, match=r'^The lane "mine" takes a finite number, or a text of 1 to 40 characters'):
        recording.lane("mine", value)
    assert not recording.lanes()


@pytest.mark.parametrize("name", ["", " ", None, 3, b"tokens", "x" * 41])
def test_a_name_is_a_short_text(recording: Recording, name: Any) -> None:
    """What cannot be a name is refused in one sentence."""
    with pytest.raises(WarrenError, match=r"^A lane's name is a text of 1 to 40 characters, not "):
        recording.lane(name, 3)


def test_a_name_holds_one_kind(recording: Recording) -> None:
    """A number where texts were is refused, and a text where numbers were; the lane goes on as it was."""
    recording.lane("breaker", "closed")
    recording.lane("tokens", 3)
    with pytest.raises(WarrenError, match=r"^The lane \"breaker\" holds texts such as 'closed', .* the number 1: "):
        recording.lane("breaker", 1)
    with pytest.raises(WarrenError, match=r"^The lane \"tokens\" holds numbers such as 3, .* the text 'none': "):
        recording.lane("tokens", "none")
    recording.lane("breaker", "open")
    assert values(recording, "breaker") == ["closed", "open"]


def test_a_name_per_message_is_refused(recording: Recording) -> None:
    """A recording has room for so many lanes; the next one is told so, and those that are there go on."""
    for number in range(LANES_KEPT):
        recording.lane(f"order {number}", 1)
    with pytest.raises(WarrenError, match=f"room for {LANES_KEPT} lanes"):
        recording.lane("one more", 1)
    recording.lane("order 0", 2)
    assert len(recording.lanes()) == LANES_KEPT


def test_a_hundred_thousand_changes_stay_bounded(recording: Recording, time: list[float]) -> None:
    """Of endless changes a bounded number is kept, with the highest and the lowest, and both kinds of text."""
    for step in range(100_000):
        time[0] = step / 100
        recording.lane("tokens", {300: 999, 301: -5}.get(step, step % 7))
        recording.lane("breaker", "closed" if step % 2 else "open")
    for name, extremes in (("tokens", {999, -5}), ("breaker", {"open", "closed"})):
        steps = recording.lanes()[name].steps
        assert len(steps) <= READINGS_KEPT
        assert extremes <= {step.value for step in steps[:1000]}
        assert [step.t for step in steps] == sorted({step.t for step in steps})


def test_texts_of_no_end_get_hues_to_an_end(recording: Recording) -> None:
    """Known states have hues of their own; others get one after the other; beyond many nothing more is remembered."""
    for text in ("Closed", "calm", "OPEN", "rush", "half_open"):
        recording.lane("day", text)
    hues = recording.lanes()["day"].hues
    assert hues == {"Closed": "consumers", "calm": CYCLE[0], "OPEN": "dead", "rush": CYCLE[1], "half_open": "ready"}
    for number in range(500):
        recording.lane("day", f"order {number}")
    assert len(recording.lanes()["day"].hues) == TEXTS_KEPT
    assert {*CYCLE, *STATES.values()} <= set(PALETTE)
    assert not set(CYCLE) & set(STATES.values())


def test_lanes_from_many_threads(recording: Recording) -> None:
    """Threads that write at once lose nothing, and no two steps bear the same time."""

    def count(name: str) -> None:
        for step in range(1000):
            recording.lane(name, step)

    threads = [threading.Thread(target=count, args=(f"worker {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [step.t for lane in recording.lanes().values() for step in lane.steps]
    assert len(times) == len(set(times)) == 4000
    assert all(values(recording, name) == list(range(1000)) for name in recording.lanes())


def test_lanes_in_words(recording: Recording, time: list[float]) -> None:
    """Of numbers where they went and are, of texts one after the other; long ones to the end that matters."""
    day(recording, time)
    assert said(recording) == "breaker: closed, open, half-open, closed\ntokens: 0.25 to 5, now 3"
    for number in range(100):
        recording.lane("breaker", "open" if number % 2 == 0 else "half-open")
        recording.lane("tokens", number * 1234.5)
    breaker, tokens = said(recording).splitlines()
    assert breaker == "breaker: 92 before, " + ", ".join(["open", "half-open"] * 6)
    assert tokens == "tokens: 0 to 122,216, now 122,216"


def test_lanes_in_records(recording: Recording, time: list[float]) -> None:
    """Each step is a plain dictionary in its place in time."""
    day(recording, time)
    found = records(recording, ["payments"])
    steps = [(record["lane"], record["value"]) for record in found if record["kind"] == "lane"]
    assert steps[:4] == [("breaker", "closed"), ("tokens", 5), ("breaker", "open"), ("tokens", 0.25)]
    assert [record["t"] for record in found] == sorted(record["t"] for record in found)
    assert json.loads(json.dumps(found)) == found


def test_the_page_is_told_each_step_once(recording: Recording) -> None:
    """What changed in the lanes comes with the other news, and nothing of lanes where nothing did."""
    recording.lane("breaker", "closed")
    after, changes = recording.changes()
    assert changes["lanes"]["breaker"] == {"steps": recording.lanes()["breaker"].steps, "hues": {"closed": "consumers"}}
    assert "lanes" not in recording.changes(after)[1]
    recording.lane("breaker", "open")
    assert [step.value for step in recording.changes(after)[1]["lanes"]["breaker"]["steps"]] == ["open"]


# the figure


def panel(figure: Figure, name: str) -> Axes:
    return next(axes for axes in figure.axes if name in (axes.get_title(loc="left"), axes.get_ylabel()))


def test_the_figure_shows_lanes_below_the_queues(recording: Recording, time: list[float]) -> None:
    """Queues first, then each lane in order of first use, on one time axis that ends at the same moment."""
    day(recording, time)
    figure = draw(recording, ["payments"])
    names = [axes.get_title(loc="left") or axes.get_ylabel() for axes in figure.axes]
    assert [name for name in names if name != "consumers"] == ["payments", "breaker", "tokens"]
    assert {axes.get_xlim() for axes in figure.axes} == {(0, 10)}
    assert repr(figure) == "Picture of payments with breaker, tokens"
    assert [axes.get_xlabel() != "" for axes in figure.axes if axes.get_ylabel() != "consumers"] == [False, False, True]


def test_a_number_is_a_line_in_steps(recording: Recording, time: list[float]) -> None:
    """Each value holds until the next one, the last until the end."""
    day(recording, time)
    line = panel(draw(recording, ["payments"]), "tokens").lines[0]
    assert line.get_drawstyle() == "steps-post"
    assert list(line.get_ydata()) == [5, 0.25, 1, 3, 3]
    assert list(line.get_xdata()) == pytest.approx([0, 4, 8, 8.1, 10], abs=0.001)


def test_a_text_is_a_band_that_bears_it(recording: Recording, time: list[float]) -> None:
    """Each state has its hue for its time and says its name; one too short for that stands in the legend."""
    day(recording, time)
    figure = draw(recording, ["payments"])
    bands = panel(figure, "breaker").patches
    spans = [(0, 4), (4, 8), (8, 8.1), (8.1, 10)]
    found = [(band.get_x(), band.get_x() + band.get_width()) for band in bands]
    assert found == [pytest.approx(span, abs=0.001) for span in spans]
    fills = [to_hex(band.get_facecolor()).upper() for band in bands]
    assert fills == [PALETTE[STATES[state]].fill for state in ("closed", "open", "half-open", "closed")]
    assert [text.get_text() for text in panel(figure, "breaker").texts] == ["closed", "open", "closed"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ready", "unacked", "half-open"]


def test_words_of_a_band_fit_into_it(recording: Recording, time: list[float]) -> None:
    """States short and long in bands from narrow to broad: no word is wider than its band."""
    for step in range(40):
        time[0] = 1.2**step
        recording.lane("breaker", ("closed", "half-open", "open")[step % 3])
    figure = draw(recording, [])
    figure.draw_without_rendering()
    axes = figure.axes[0]
    words = [text.get_window_extent() for text in axes.texts]
    bands = [band.get_window_extent() for band in axes.patches]
    assert words
    assert all(any(band.x0 <= word.x0 and word.x1 <= band.x1 for band in bands) for word in words)


def test_lanes_alone_and_lanes_chosen(channel: BlockingChannel, watch: Watch) -> None:
    """A plot shows all queues and lanes, those named, or lanes alone; so do the facts."""
    channel.queue_declare("payments", durable=True)
    scope = watch("payments")
    scope.lane("tokens", 5)
    scope.lane("breaker", "closed")
    assert repr(scope.plot()) == "Picture of payments with breaker, tokens"
    assert repr(scope.plot("payments", lanes=["breaker"])) == "Picture of payments with breaker"
    assert repr(scope.plot(lanes="breaker")) == "Picture of payments with breaker"
    assert repr(scope.plot(lanes=())) == "Picture of payments"
    assert repr(scope.plot(depth=False)) == "Picture of breaker, tokens"
    assert scope.facts(lanes=["breaker"]) == "payments: peak 0 ready, 0 unacked; now 0\nbreaker: closed"
    assert scope.facts().splitlines()[1:] == ["tokens: 5 throughout", "breaker: closed"]
    assert scope.facts(lanes=()) == "payments: peak 0 ready, 0 unacked; now 0"
    with pytest.raises(WarrenError, match=r'^There is no lane "braker" in this recording; its lanes: "tokens", "brea'):
        scope.plot(lanes=["braker"])


def test_a_lane_goes_on_without_the_broker(watch: Watch) -> None:
    """A lane asks the broker nothing: it can be written after the end of the recording without harm."""
    scope = watch("payments")
    scope.lane("breaker", "closed")
    scope.stop()
    scope.lane("breaker", "open")
    assert scope.facts().splitlines()[1:] == ["breaker: closed, open"]
    assert repr(scope.plot()) == "Picture of payments with breaker"


def test_negative_numbers_are_below_zero(recording: Recording) -> None:
    """The scale of a lane holds all its values and zero."""
    for value in (-4, 2.5):
        recording.lane("balance", value)
    low, high = draw(recording, []).axes[0].get_ylim()
    assert low < -4
    assert high > 2.5
