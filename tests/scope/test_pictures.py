"""What a scope shows: the widget's messages, its MIME bundle, the figure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.colors import to_hex
from pika.adapters.blocking_connection import BlockingChannel

from warren.scope import Scope
from warren.scope.figure import draw
from warren.scope.palette import EVENTS, PALETTE, Hue
from warren.scope.recording import Recording
from warren.scope.view import View

Watch = Callable[..., Scope]
WHITE, BLACK = "#FFFFFF", "#161B22"  # the card a word stands on, light and dark


class Still:
    """A sampler that samples nothing."""

    state, why, unseen, names = "live", "", "", ("tasks",)

    def sampled(self) -> None: ...


class Told(View):
    """A view that keeps what it sends."""

    def __init__(self, recording: Recording) -> None:
        self.messages: list[dict[str, Any]] = []
        self.sampler = Still()
        super().__init__(recording, self.sampler, {"vhost": "shop", "version": "4.3.6"})  # type: ignore[arg-type]

    def send(self, content: dict[str, Any], _: object = None) -> None:
        self.messages.append(json.loads(json.dumps(content)))


@pytest.fixture
def time() -> list[float]:
    return [0.0]


@pytest.fixture
def recording(time: list[float]) -> Recording:
    return Recording(lambda: time[0])


def test_the_page_is_told_only_what_is_new(recording: Recording, time: list[float]) -> None:
    """After its first seconds a message holds only the changes since the one before, and none is sent for nothing."""
    view = Told(recording)
    time[0] = 10.0
    recording.read("tasks", 1, 0, 0, 0)
    view.sampler.sampled()
    view.sampler.sampled()
    time[0] = 10.1
    recording.read("tasks", 2, 0, 0, 0)
    view.sampler.sampled()
    told = [[entry[1] for entry in message["queues"]["tasks"]["readings"]] for message in view.messages]
    assert told == [[1], [2]]
    assert view.messages[1]["after"] == view.messages[0]["until"]


def test_a_kernel_without_news_gives_a_sign_of_life(recording: Recording, time: list[float]) -> None:
    """When nothing changes the page hears once a second that the kernel is there, and of a new state at once."""
    view = Told(recording)
    for tenth in range(100, 130):
        time[0] = tenth / 10
        view.sampler.sampled()
    assert len(view.messages) == 3
    view.sampler.state = "down"
    view.sampler.sampled()
    assert view.messages[-1]["state"] == "down"


def test_what_the_page_missed_while_it_was_loading_is_repeated(recording: Recording, time: list[float]) -> None:
    """In its first seconds a view repeats what came since it was shown: the page may not have listened yet."""
    view = Told(recording)
    for step in range(3):
        time[0] = 0.1 * (step + 1)
        recording.read("tasks", step, 0, 0, 0)
        view.sampler.sampled()
    assert [len(message["queues"]["tasks"]["readings"]) for message in view.messages] == [1, 2, 3]


def test_a_page_that_comes_back_gets_everything(recording: Recording, time: list[float]) -> None:
    """The widget's state, asked for after a reload, is the whole recording; so is the answer to a gap."""
    view = Told(recording)
    time[0] = 20.0
    for depth in range(5):
        recording.read("tasks", depth, 0, 0, 0)
    recording.mark("worker killed")
    view.sampler.sampled()
    snapshot = view.get_state()["snapshot"]
    assert [entry.ready for entry in snapshot["queues"]["tasks"]["readings"]] == [0, 1, 2, 3, 4]
    assert snapshot["marks"][0].label == "worker killed"
    view._asked(view, {"ask": "everything"}, None)
    assert len(view.messages[-1]["queues"]["tasks"]["readings"]) == 5


def test_a_scope_shows_itself(channel: BlockingChannel, watch: Watch) -> None:
    """A scope is a widget in JupyterLab and the same plain text everywhere else; showing it twice makes one widget."""
    scope = watch("tasks", "dead")
    bundle, _ = scope._repr_mimebundle_()
    assert bundle["text/plain"] == repr(scope) == "Scope of tasks, dead"
    widget = "application/vnd.jupyter.widget-view+json"
    assert set(bundle) == {"text/plain", widget}
    assert scope._repr_mimebundle_()[0][widget] == bundle[widget]


def test_records_are_plain(channel: BlockingChannel, watch: Watch) -> None:
    """Records are dictionaries in order of time: a reading per change, marks and the message log."""
    channel.queue_declare("tasks", durable=True)
    scope = watch("tasks", "dead")
    channel.basic_publish("", "tasks", b"1")
    scope.log("shop", "published", "1")
    scope.mark("published")
    records = scope.records()
    last = {"kind": "reading", "queue": "tasks", "ready": 1, "unacked": 0, "delayed": 0, "consumers": 0}
    assert last in [{name: value for name, value in record.items() if name != "t"} for record in records]
    assert {"kind": "mark", "label": "published", "by": "you"}.items() <= records[-2].items() | records[-1].items()
    assert [record["what"] for record in records if record["kind"] == "log"] == ["1"]
    assert [record["t"] for record in records] == sorted(record["t"] for record in records)
    assert json.loads(json.dumps(records)) == records


def fill(recording: Recording, time: list[float]) -> None:
    for step in range(100):
        time[0] = step / 10
        recording.read("tasks", step, 10, 3 if step > 50 else 0, 2 if step > 20 else 0)
        recording.read("dead", None if 40 < step < 60 else 1, 0, 0, 0)
    for label in ("sale starts", "a second worker", "worker killed"):
        recording.mark(label)
    recording.mark("broker down", by="broker")


def test_the_figure_shows_each_queue(recording: Recording, time: list[float]) -> None:
    """A panel per queue with its name, units on both axes, the shared palette, and every mark."""
    fill(recording, time)
    figure = draw(recording, ["tasks", "dead"])
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["tasks", "dead"]
    assert [axes.get_ylabel() for axes in panels] == ["messages", "messages"]
    assert "seconds" in panels[-1].get_xlabel()
    colours = {to_hex(area.get_facecolor()[0]).upper() for area in panels[0].collections}
    assert {PALETTE[name].fill for name in ("ready", "unacked", "delayed")} <= colours
    assert [text.get_text() for text in panels[0].texts] == [mark.label for mark in recording.marks()]


def test_labels_of_marks_do_not_cover_each_other(recording: Recording, time: list[float]) -> None:
    """Labels of marks at the same moment stand one above the other."""
    fill(recording, time)
    figure = draw(recording, ["tasks"])
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    overlaps = [(one, other) for one in boxes for other in boxes if one is not other and one.overlaps(other)]
    assert boxes
    assert not overlaps


def test_grey_is_where_the_broker_was_away(recording: Recording, time: list[float]) -> None:
    """Only "down", "deleted" and "refused" begin a grey stretch, their "back" ends it; other marks are lines."""
    fill(recording, time)
    for step, label in enumerate(("broker back", "consumer gone", "memory alarm", "vhost deleted"), 11):
        time[0] = step
        recording.mark(label, by="broker")
    figure = draw(recording, ["tasks"], end=20)
    grey = [(box.get_x(), box.get_x() + box.get_width()) for box in figure.axes[0].patches]
    assert [tuple(map(round, stretch)) for stretch in grey] == [(10, 11), (14, 20)]


def test_many_marks_of_the_brokers_bear_few_labels(recording: Recording, time: list[float]) -> None:
    """What the broker did forty times is forty lines with eight labels at most; a learner's mark keeps its own."""
    recording.read("tasks", 1, 0, 0, 0)
    recording.mark("sale starts")
    for step in range(40):
        time[0] = step
        recording.mark("consumer gone", by="broker")
    axes = draw(recording, ["tasks"]).axes[0]
    labels = [text.get_text() for text in axes.texts]
    assert labels.count("consumer gone") == 8
    assert labels.count("sale starts") == 1
    assert len([line for line in axes.lines if line.get_linestyle() == "--"]) == 41


@pytest.mark.parametrize("queues", [[], ["tasks"]])
def test_a_figure_of_nothing(recording: Recording, queues: list[str]) -> None:
    """A recording without a reading is a figure, too."""
    assert draw(recording, queues).axes


def test_the_figure_is_shown_once(watch: Watch) -> None:
    """Plotting leaves nothing with pyplot, which would show the figure a second time."""
    from matplotlib import pyplot as plt

    figure = watch("tasks").plot()
    assert not plt.get_fignums()
    assert mpl.get_backend()
    assert figure._repr_html_() is None


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("hue", PALETTE.values(), ids=PALETTE)
def test_words_reach_aa_contrast(hue: Hue) -> None:
    """Words in each hue reach 4.5 : 1 on the light and the dark card (WCAG 2.1 AA)."""
    assert contrast(hue.on_light, WHITE) >= 4.5
    assert contrast(hue.on_light, "#F6F8FA") >= 4.5
    assert contrast(hue.on_dark, BLACK) >= 4.5


def test_every_event_has_a_hue() -> None:
    """Each event of the message log is written in a hue of the palette."""
    assert set(EVENTS.values()) <= set(PALETTE)
