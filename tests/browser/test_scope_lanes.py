"""Lanes on the page: numbers as lines, states as bands, on the time axis of the queues."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from scope_page import NOW, Message, backpressure, breaker, busy, lane, message, queue, shop, tell
from test_scope_accessible import AA, WORDS
from test_scope_page import ALIVE, COUNT

from warren.scope.recording import Recording

BAND_CONTRAST = """band => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const light = (colour) => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255)
            .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
            .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    };
    const ink = light(getComputedStyle(band.querySelector(":not(.grid) > text")).fill);
    return [...band.querySelectorAll(".state")].map((state) => light(getComputedStyle(state).fill))
        .map((paper) => (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05));
}"""


def panel(page: Page, name: str) -> Locator:
    return page.locator(f".lane[data-lane='{name}']")


def now(page: Page, name: str) -> Locator:
    return panel(page, name).locator(".counts")


def payments(**changes: Any) -> Message:
    return message(queues={"payments": busy()}, names=["payments"]) | changes


def step(lanes: Message, **changes: Any) -> Message:
    return message(NOW, NOW + 0.1, lanes=lanes, **changes)


def test_a_lane_appears_when_it_is_used(page: Page, open_scope: Any) -> None:
    """Without lanes there is no room for any; the first value makes one below the queues, which stay where they are."""
    open_scope(payments())
    expect(page.locator(".queue .area.ready")).to_have_attribute("d", re.compile("^M"))
    expect(page.locator(".lanes")).not_to_be_visible()
    before = page.locator(".queue .pipe").bounding_box()
    tell(page, step({"workers": lane((62.05, 3))}))
    expect(now(page, "workers")).to_have_text("3")
    assert page.locator(".queue .pipe").bounding_box() == before
    tell(page, message(NOW + 0.1, NOW + 0.2, lanes={"breaker": breaker((62.15, "open"))}))
    expect(page.locator(".lane h3")).to_have_text(["workers", "breaker"])
    expect(now(page, "breaker")).to_have_text("open")
    expect(page.locator(".timed")).to_have_count(1)
    expect(panel(page, "breaker").locator(".grid")).to_contain_text("now")


def test_a_lane_as_the_kernel_tells_it(page: Page, open_scope: Any) -> None:
    """What a recording tells is what the page shows: order of first use, numbers, words, hues."""
    recording = Recording()
    for value in ("closed", "open", "half-open"):
        recording.lane("breaker", value)
        recording.lane("latency", len(value) / 7)
    told = json.loads(json.dumps(recording.changes()[1]["lanes"]))
    open_scope(payments(lanes=told, now=1.0, until=1.0, state="stopped"))
    expect(page.locator(".lane h3")).to_have_text(["breaker", "latency"])
    expect(now(page, "breaker")).to_have_text("half-open")
    expect(now(page, "latency")).to_have_text("1.29")
    expect(now(page, "breaker").locator(".swatch")).to_have_css("background-color", "rgb(230, 159, 0)")


def test_a_band_bears_its_words(page: Page, open_scope: Any) -> None:
    """Each state in its hue with its name in it; a name without room stands above, and none leaves its band."""
    open_scope(payments(lanes=backpressure(), state="stopped"))
    band = panel(page, "breaker")
    expect(band.locator("text", has_text="open")).to_have_count(2)
    expect(band.locator("text", has_text="closed")).to_have_count(2)
    expect(band.locator(".keys")).to_have_text("half-open")
    hues = band.locator(".state").evaluate_all("all => all.map((one) => one.style.getPropertyValue('--hue'))")
    assert sorted(hues) == ["var(--consumers-fill)", "var(--dead-fill)", "var(--ready-fill)"]
    tell(page, step({"breaker": breaker((62.05, "half-open"))}, state="stopped"))
    expect(now(page, "breaker")).to_have_text("half-open")


def test_the_word_of_a_long_state_stays_in_sight(page: Page, open_scope: Any) -> None:
    """A state that began long before the picture does still bears its name, at the left edge."""
    open_scope(payments(lanes={"breaker": breaker((0.5, "closed"))}, now=300.0, until=300.0, state="stopped"))
    chart, word = panel(page, "breaker").locator(".chart"), panel(page, "breaker").locator(".words text")
    expect(word).to_have_text("closed")
    edge, box = chart.bounding_box(), word.bounding_box()
    assert edge
    assert box
    assert 40 <= box["x"] - edge["x"] <= 60


def test_pointing_tells_the_exact_value_of_lanes(page: Page, open_scope: Any) -> None:
    """Under the pointer stands what each lane was at that instant, with the queue's numbers beside it."""
    lanes = {"tokens": lane((0.0, 5), (40.0, 1.23456), (50.0, 5)), "breaker": breaker((0.0, "closed"), (39.0, "open"))}
    open_scope(message(queues={"payments": queue((0.0, 7, 0, 0, 1))}, lanes=lanes, state="stopped"))
    box = panel(page, "tokens").locator(".plot").bounding_box()
    assert box
    page.mouse.move(box["x"] + 40 + (box["width"] - 46) * (60 - 21.5) / 60, box["y"] + 20)
    expect(panel(page, "tokens").locator(".tip")).to_have_text("21.5 s ago, at 40.5 s\n1.23456")
    expect(panel(page, "breaker").locator(".tip")).to_have_text("open")
    expect(page.locator(".queue .tip")).to_contain_text("7 ready")
    page.mouse.move(0, 0)
    expect(panel(page, "tokens").locator(".tip")).not_to_be_visible()


def test_arrow_keys_walk_along_a_lane(page: Page, open_scope: Any) -> None:
    """A lane is a slider like a queue's chart; where it was not used yet it says so. A queue of its name is another."""
    lanes = {"payments": lane((30.0, 5), (60.0, 2))}
    open_scope(message(queues={"payments": queue((0.0, 7, 0, 0, 1))}, lanes=lanes, state="stopped"))
    plot = panel(page, "payments").get_by_role("slider", name="payments over time")
    plot.focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(plot).to_have_attribute("aria-valuetext", "5.0 s ago, at 57.0 s, 5")
    expect(page.locator(".queue .tip.brief")).to_be_visible()
    page.keyboard.press("Home")
    expect(plot).to_have_attribute("aria-valuetext", "60.0 s ago, at 2.0 s, not told yet")


@pytest.mark.parametrize(("view", "seen"), [("Both", True), ("Depth", True), ("Topology", False), ("Log", False)])
def test_lanes_belong_to_the_depth(page: Page, open_scope: Any, view: str, seen: bool) -> None:
    """The topology and the log alone are without lanes."""
    open_scope(shop(lanes=backpressure()))
    page.get_by_role("button", name=view, exact=True).click()
    expect(panel(page, "tokens")).to_be_visible(visible=seen)


def test_lanes_pause_clear_and_come_back(page: Page, open_scope: Any) -> None:
    """Pause holds them, resume catches up; Clear begins anew from the present value; a page that comes back has all."""
    open_scope(payments(lanes={"workers": lane((10.0, 1), (20.0, 4))}))
    press = lambda name: page.get_by_role("button", name=name, exact=True).click()  # noqa: E731  # of this test alone
    level = panel(page, "workers").locator("path.level")
    expect(now(page, "workers")).to_have_text("4")
    press("Pause")
    tell(page, step({"workers": lane((62.05, 2))}))
    page.wait_for_function("new Promise((done) => setTimeout(() => done(true), 300))")
    expect(now(page, "workers")).to_have_text("4")
    press("Resume")
    expect(now(page, "workers")).to_have_text("2")
    assert level.get_attribute("d").count("V") == 2  # type: ignore[union-attr]
    press("Clear")
    expect(panel(page, "workers").locator(".grid")).to_contain_text("−12 s")
    assert level.get_attribute("d").count("V") == 0  # type: ignore[union-attr]
    expect(now(page, "workers")).to_have_text("2")
    page.evaluate("void show()")
    expect(page.locator(".lane h3")).to_have_text(["workers", "workers"])
    expect(level.last).to_have_attribute("d", re.compile("(V.*){2}"))


CHANGES = """() => {
    window.changed = {};
    for (const lane of document.querySelectorAll(".lane")) {
        const name = lane.dataset.lane;
        changed[name] = 0;
        new MutationObserver((all) => { changed[name] += all.length; })
            .observe(lane, { subtree: true, childList: true, attributeFilter: ["d", "y", "style"] });
    }
}"""


def test_a_lane_without_news_is_not_drawn_again(page: Page, open_scope: Any) -> None:
    """News of one lane redraw that one; the others at most slide."""
    open_scope(payments(lanes=backpressure(), state="stopped"))
    expect(now(page, "shed")).to_have_text("7,363")
    page.wait_for_function("new Promise((done) => setTimeout(() => done(true), 300))")
    page.evaluate(CHANGES)
    tell(page, step({"workers": lane((62.05, 9))}, state="stopped"))
    expect(now(page, "workers")).to_have_text("9")
    page.wait_for_function("new Promise((done) => setTimeout(() => done(true), 300))")
    changed = page.evaluate("changed")
    assert changed.pop("workers") > 0
    assert changed == {"breaker": 0, "tokens": 0, "shed": 0}


def test_endless_steps_cost_no_more_than_the_pixels_there_are(page: Page, open_scope: Any) -> None:
    """Tens of thousands of steps are drawn as a bounded path, in which the one high and the one low value remain."""
    steps = [(number / 400, {9000: 99, 9001: -99}.get(number, number % 5)) for number in range(24_000)]
    states = [(number / 400, ("closed", "open")[number % 2]) for number in range(24_000)]
    open_scope(payments(lanes={"tokens": lane(*steps), "breaker": breaker(*states)}, state="stopped"))
    expect(panel(page, "tokens").locator(".grid text")).to_have_text(["−100", "0", "100"])
    path = panel(page, "tokens").locator("path.level").get_attribute("d")
    assert path
    assert path.count("V") < 3500
    assert panel(page, "breaker").locator(".chart *").count() < 40


def test_hostile_text_in_a_lane_stays_text(page: Page, open_scope: Any) -> None:
    """HTML and names of JavaScript's own in a lane's name or value are shown as text and do nothing."""
    evil = "<img src=x onerror='window.hurt=1'>"
    lanes = {evil: lane((1.0, evil)), "__proto__x": lane((1.0, "constructor")), "constructor": lane((1.0, 3))}
    open_scope(payments(lanes=lanes, state="stopped"))
    expect(page.locator(".lane h3")).to_have_text(list(lanes))
    expect(now(page, "__proto__x")).to_have_text("constructor")
    assert page.locator(".warren-scope img").count() == 0
    assert page.evaluate("window.hurt") is None


def test_a_screen_reader_hears_the_lanes(page: Page, open_scope: Any) -> None:
    """The spoken sentence names the present value of each lane, after the queues."""
    open_scope(payments(lanes=backpressure(), state="stopped"))
    expect(page.get_by_role("status")).to_contain_text("breaker: closed · tokens: 4.96 · workers: 2 · shed: 7,363.")
    expect(page.locator(".sentence")).not_to_contain_text("breaker")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_lanes_are_for_everybody(page: Page, open_scope: Any, dark: bool) -> None:
    """Axe finds nothing; words of lanes reach AA contrast, also on the bands in each hue there is."""
    texts = [(10.0 * number + 1, text) for number, text in enumerate(["closed", "open", "half-open", "calm", "rush"])]
    hues = {"calm": "unacked", "rush": "delayed", "more": "lane", "late": "band", "other": "quiet"}
    states = lane(*((7.0 * number + 1, text) for number, text in enumerate(hues)), **hues)
    open_scope(shop(lanes=backpressure() | {"breaker": breaker(*texts[:3]), "day": states}), 980, dark)
    expect(panel(page, "day").locator(".state")).to_have_count(5)
    found = Axe().run(page, context=".warren-scope")
    assert found.violations_count == 0, found.generate_report()
    words = page.locator(".depth").evaluate(WORDS)
    assert [(text, ratio) for text, ratio in words if ratio < AA] == []
    for name, count in (("day", 5), ("breaker", 3)):
        ratios = panel(page, name).evaluate(BAND_CONTRAST)
        assert len(ratios) == count
        assert min(ratios) >= AA


def test_views_with_lanes_leave_nothing_behind(page: Page, open_scope: Any) -> None:
    """Timers, observers and listeners of the lanes end with their view."""
    page.set_content("<html>")
    page.evaluate(COUNT)
    open_scope(payments(lanes=backpressure()))
    one = page.evaluate(ALIVE)
    for _ in range(3):
        page.evaluate("() => { const before = hide; window.hide = show(); before(); }")
        expect(page.locator(".lane")).to_have_count(4)
    assert page.evaluate(ALIVE) == one
    page.evaluate("hide()")
    assert page.evaluate(ALIVE) == [0, 0, 0]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [480, 700, 1200])
@pytest.mark.parametrize("queues", [1, 3])
def test_pictures_of_lanes(page: Page, open_scope: Any, artifacts: Path, queues: int, width: int, dark: bool) -> None:
    """One queue with four lanes, three with two: lanes share the queues' time axis, and nothing sticks out."""
    lanes = backpressure()
    marks = [[19.0, "rush begins", "you"], [20.0, "bank down", "you"]]
    if queues == 1:
        open_scope(payments(lanes=lanes, marks=marks), width, dark)
    else:
        open_scope(shop(lanes={name: lanes[name] for name in ("breaker", "tokens")}, marks=marks), width, dark)
    expect(page.locator(".lane")).to_have_count(4 if queues == 1 else 2)
    expect(page.locator(".lane .mark").first).to_be_attached()
    picture = page.locator(".warren-scope")
    picture.screenshot(path=artifacts / f"lanes-{queues}-{width}-{'dark' if dark else 'light'}.png")
    charts = page.locator(".depth .chart").evaluate_all("all => all.map((one) => one.getBoundingClientRect())")
    assert len({(round(chart["left"]), round(chart["width"])) for chart in charts}) == 1
    sticks_out = picture.evaluate(
        "whole => [...whole.querySelectorAll('*:not(.lane .chart *)')].filter((node) =>"
        " node.getBoundingClientRect().right > whole.getBoundingClientRect().right + 1).map((node) => node.className)"
    )
    assert sticks_out == []
