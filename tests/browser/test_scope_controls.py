"""What a reader of the widget can do: point, walk, choose, pause, clear, filter; with the keyboard too."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from scope_page import NOW, Message, busy, counts, message, queue, shop, tell

LINES = [
    [1.0, "worker 1", "acked", "order 1"],
    [2.0, "worker 2", "rejected", "order 2"],
    [3.0, "billing", "acked", "invoice 1"],
    [4.0, "checkout", "confirmed", "order 3"],
]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def steps(until: float = 62.0) -> Message:
    """A queue that holds, at each whole second, as many messages as seconds have passed."""
    return queue(*((float(second), second, 0, 0, second % 3) for second in range(int(until))))


def test_pointing_at_a_chart_tells_what_was_then(page: Page, open_scope: Any) -> None:
    """Under the pointer stand the exact values of that instant, and in the other charts those of the same instant."""
    open_scope(message(queues={"orders": steps(), "invoices": busy()}, state="stopped"))
    box = page.locator(".plot").first.bounding_box()
    assert box
    plain = box["width"] - 46  # without the margins of chart.js
    page.mouse.move(box["x"] + 40 + plain * (60 - 21.5) / 60, box["y"] + 40)  # 21.5 s before the end
    tip = page.locator(".tip").first
    expect(tip).to_contain_text("21.5 s ago, at 40.5 s")
    expect(tip).to_contain_text("40 ready, 0 unacked\n1 consumer")
    expect(page.locator(".tip").nth(1)).to_contain_text("ready")
    page.mouse.move(0, 0)
    expect(tip).not_to_be_visible()


def test_arrow_keys_walk_along_a_chart(page: Page, open_scope: Any) -> None:
    """A chart is a slider: arrow keys move its cursor, and what was then is told in words; Escape ends it."""
    open_scope(message(queues={"orders": steps()}, state="stopped"))
    plot = page.get_by_role("slider", name="orders over time")
    plot.focus()
    for key in ["Shift+ArrowLeft", *["ArrowLeft"] * 3]:
        page.keyboard.press(key)
    text = "6.5 s ago, at 55.5 s, 55 ready, 0 unacked, 1 consumer, in 41/s · delivered 40/s · acked 40/s"
    expect(plot).to_have_attribute("aria-valuetext", text)
    expect(page.locator(".tip")).to_be_visible()
    page.keyboard.press("Home")
    expect(plot).to_have_attribute("aria-valuenow", "2.0")
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).not_to_be_visible()


def test_the_whole_recording_keeps_its_peaks(page: Page, open_scope: Any) -> None:
    """The whole of an hour is one press away, and a peak that lasted one reading is still in it."""
    readings = [(step * 0.6, 900 if step == 1000 else step % 7, 0, 0, 0) for step in range(6000)]
    open_scope(message(queues={"orders": queue(*readings)}, now=3600.0))
    expect(page.locator(".grid text", has_text="900")).to_have_count(0)
    press(page, "whole recording")
    expect(page.locator(".grid text", has_text="1,200")).to_have_count(1)
    expect(page.locator(".grid")).to_contain_text("15:00")
    points = page.locator(".chart .edge").evaluate("edge => edge.getAttribute('d').split('L').length")
    assert points < 3500, "an hour must not cost more to draw than the pixels there are"


@pytest.mark.parametrize(
    ("view", "shown"),
    [("Both", ["topology", "depth", "log"]), ("Depth", ["depth"]), ("Topology", ["topology"]), ("Log", ["log"])],
)
def test_views(page: Page, open_scope: Any, view: str, shown: list[str]) -> None:
    """Each view shows what it is called, and its button is the pressed one."""
    open_scope(shop(lines=LINES))
    press(page, view)
    for part in ("topology", "depth", "log"):
        expect(page.locator(f"section.{part}")).to_be_visible(visible=part in shown)
    pressed = page.get_by_role("group", name="what is shown").locator("[aria-pressed=true]")
    expect(pressed).to_have_text(view)


def test_pause_holds_the_picture_and_resume_catches_up(page: Page, open_scope: Any) -> None:
    """A paused picture stays as it is while the recording goes on; afterwards everything that came is there."""
    open_scope(message(queues={"orders": steps()}))
    press(page, "Pause")
    expect(page.locator("header")).to_contain_text("paused")
    tell(
        page, message(NOW, NOW + 0.1, queues={"orders": queue((62.1, 999, 0, 0, 0))}, lines=[[62.1, "a", "acked", "b"]])
    )
    page.wait_for_function("new Promise((done) => setTimeout(() => done(true), 300))")
    expect(counts(page, "orders")).to_have_text("61 ready0 unacked")
    press(page, "Resume")
    expect(counts(page, "orders")).to_have_text("999 ready0 unacked")
    expect(page.locator(".log li")).to_have_count(1)


def test_clear_begins_a_new_picture(page: Page, open_scope: Any) -> None:
    """After Clear there are no old lines, marks or curves; what comes next is shown, and so are the numbers of now."""
    open_scope(message(queues={"orders": steps()}, lines=LINES, marks=[[60.0, "sale", "you"]]))
    expect(page.locator(".mark")).to_have_count(1)
    press(page, "Clear")
    expect(page.locator(".log li")).to_have_count(0)
    expect(page.locator(".mark")).to_have_count(0)
    expect(page.locator(".grid")).to_contain_text("−12 s")
    later = NOW + 30  # than Clear, however busy the machine
    tell(page, message(NOW, later, lines=[[later - 0.1, "worker 1", "acked", "order 9"]]))
    expect(page.locator(".log li")).to_have_count(1)
    expect(counts(page, "orders")).to_have_text("61 ready0 unacked")


def test_queues_can_be_picked(page: Page, open_scope: Any) -> None:
    """A queue that is not ticked is in no part of the picture; Escape closes the list and returns to its button."""
    open_scope(shop())
    page.locator(".picker summary").press("Enter")
    page.get_by_role("checkbox", name="invoices").uncheck()
    expect(page.locator(".picker summary")).to_contain_text("Queues: 2 of 3")
    expect(page.locator(".queue[data-queue='invoices'], .node[data-queue='invoices']")).to_have_count(0)
    expect(page.locator(".node.consumer", has_text="billing")).to_have_count(0)
    expect(page.locator(".sentence")).not_to_contain_text("invoices")
    page.keyboard.press("Escape")
    expect(page.get_by_role("checkbox", name="invoices")).not_to_be_visible()
    expect(page.locator(".picker summary")).to_be_focused()


def test_the_choice_survives_a_rerun(page: Page, open_scope: Any) -> None:
    """The widget of the same queues that a re-run of the cell shows looks as the one before was set to."""
    open_scope(shop())
    press(page, "Depth")
    press(page, "whole recording")
    page.locator(".picker summary").click()
    page.get_by_role("checkbox", name="parking").uncheck()
    open_scope(shop())
    expect(page.locator("section.topology")).not_to_be_visible()
    expect(page.locator(".queue")).to_have_count(2)
    expect(page.get_by_role("button", name="whole recording")).to_have_attribute("aria-pressed", "true")
    open_scope(shop(vhost="another"))
    expect(page.locator(".node.queue")).to_have_count(3)


def test_the_log_can_be_filtered(page: Page, open_scope: Any) -> None:
    """By worker, by event and by queue, alone and together; lines that come later are filtered as well."""
    open_scope(shop(lines=LINES))
    texts = page.locator(".log .what")
    page.get_by_label("show who").select_option("worker 1")
    expect(texts).to_have_text(["order 1"])
    page.get_by_label("show who").select_option("")
    page.get_by_label("show event").select_option("acked")
    expect(texts).to_have_text(["order 1", "invoice 1"])
    page.get_by_label("show queue").select_option("orders")  # worker 1 and 2 consume it
    expect(texts).to_have_text(["order 1"])
    more = [[62.01, "worker 2", "acked", "order 4"], [62.02, "billing", "acked", "invoice 2"]]
    tell(page, message(NOW, NOW + 0.1, lines=more, names=["orders", "invoices", "parking"]))
    expect(texts).to_have_text(["order 1", "order 4"])


def test_tab_reaches_every_control_and_shows_where_it_is(page: Page, open_scope: Any) -> None:
    """From button to button, chart, filter, log and guide with the Tab key alone; each shows a focus ring."""
    open_scope(shop(lines=LINES))
    expect(page.locator(".node.queue")).to_have_count(3)
    reached = []
    for _ in range(24):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "[document.activeElement.tagName, document.activeElement.textContent.trim(),"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
    names = [name for _, name, _ in reached]
    for wanted in (
        "Both",
        "Depth",
        "Topology",
        "Log",
        "Queues",
        "Pause",
        "Clear",
        "last 60 s",
        "What am I looking at?",
    ):
        assert wanted in names
    tags = [tag for tag, _, _ in reached]
    assert (tags.count("SELECT"), tags.count("DIV"), tags.count("OL")) == (3, 3, 1)
    assert [name for tag, name, ring in reached if tag != "BODY" and ring == "none"] == []
