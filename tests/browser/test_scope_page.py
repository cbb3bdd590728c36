"""The widget's page side: numbers, header, marks and message log follow what the kernel tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from scope_page import NOW, Message, asked, busy, counts, message, queue, shop, tell


def test_numbers_follow_the_messages(page: Page, open_scope: Any) -> None:
    """Each message changes the numbers, the pipe and the sentence of its queue."""
    open_scope(message(queues={"orders": queue((60.0, 3, 1, 0, 2))}))
    expect(counts(page, "orders")).to_have_text("3 ready1 unacked")
    expect(page.locator(".sentence")).to_contain_text("orders: 3 ready")
    tell(page, message(NOW, NOW + 0.1, queues={"orders": queue((62.1, 1200, 0, 0, 0))}))
    expect(counts(page, "orders")).to_have_text("1,200 ready0 unacked")
    expect(page.locator(".sentence")).to_contain_text("nobody consumes")
    expect(page.locator(".bar .ready")).not_to_have_css("width", "0px")
    tell(page, message(NOW + 0.1, NOW + 0.2, queues={"orders": queue((62.2, None, None, None, None))}))
    expect(counts(page, "orders")).to_have_text("gone")


def test_a_missed_message_is_asked_for(page: Page, open_scope: Any) -> None:
    """After a gap the page asks for everything, and overlapping answers draw nothing twice."""
    open_scope(message(queues={"orders": queue((1.0, 3, 0, 0, 0))}, lines=[[1.0, "checkout", "confirmed", "order 1"]]))
    assert asked(page) == []
    tell(page, message(NOW + 1, NOW + 1.1, lines=[[63.05, "checkout", "confirmed", "order 3"]]))
    assert asked(page) == [{"ask": "everything"}]
    lines = [[1.0, "checkout", "confirmed", "order 1"], [63.05, "checkout", "confirmed", "order 3"]]
    tell(page, message(-1.0, NOW + 1.2, lines=lines))
    expect(page.locator(".log li")).to_have_count(2)


def test_hostile_text_stays_text(page: Page, open_scope: Any) -> None:
    """HTML in a queue's name, a mark, a payload or an argument is shown as text and does nothing."""
    evil = "<img src=x onerror='window.hurt=1'><script>window.hurt=1</script>"
    first = message(
        queues={evil: queue((1.0, 3, 0, 0, 0), **{"x-dead-letter-exchange": evil})},
        marks=[[60.0, evil, "you"]],
        lines=[[1.0, evil, "acked", evil]],
        vhost=evil,
        names=[evil],
    )
    open_scope(first)
    expect(page.locator(".log .what")).to_have_text(evil)
    expect(page.locator(".queue h3")).to_have_text(evil)
    assert page.locator(".warren-scope img, .warren-scope script").count() == 0
    assert page.evaluate("window.hurt") is None


def test_labels_of_marks_do_not_cover_each_other(page: Page, open_scope: Any) -> None:
    """Many marks at almost the same moment, also at the right edge: no two visible labels overlap, none is cut off."""
    marks = [[30 + step * 3.1, f"worker {step} killed by hand", "you"] for step in range(10)]
    open_scope(message(queues={"orders": busy()}, marks=marks))
    expect(page.locator(".mark text").first).to_be_visible()
    boxes = page.locator(".mark text").evaluate_all("nodes => nodes.map((node) => node.getBoundingClientRect())")
    chart = page.locator(".chart").bounding_box()
    assert chart
    assert len(boxes) >= 5
    for one in boxes:
        assert chart["x"] <= one["left"] + 1
        assert one["right"] <= chart["x"] + chart["width"] + 1
        for other in boxes:
            apart = one["right"] <= other["left"] or other["right"] <= one["left"]
            assert one is other or apart or abs(one["top"] - other["top"]) >= 12


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "down", "why": "broker"}, "broker down"),
        ({"state": "alone", "why": "the HTTP API refuses this user"}, "the HTTP API refuses this user"),
        ({"state": "stopped"}, "stopped"),
    ],
)
def test_the_header_says_how_it_is(page: Page, open_scope: Any, change: Message, said: str) -> None:
    """Broker down, reading alone and stopped are told in words beside the dot."""
    open_scope(message(queues={"orders": queue((60.0, 3, 1, 0, 2))}))
    expect(page.locator("header")).to_contain_text("live")
    tell(page, message(NOW, NOW + 0.1, **change))
    expect(page.locator("header")).to_contain_text(said)
    assert page.locator("header").get_attribute("data-state") == change["state"]


def test_a_silent_kernel_is_told(page: Page, open_scope: Any) -> None:
    """When the kernel says nothing for seconds the page says so."""
    open_scope(message(queues={"orders": queue((60.0, 3, 1, 0, 2))}))
    expect(page.locator("header")).to_contain_text("no news from the kernel", timeout=10_000)


def test_the_log_follows_unless_scrolled_up(page: Page, open_scope: Any) -> None:
    """New lines scroll into view; a reader who scrolled up is left there; old lines go."""
    lines = [[step / 100, "worker 1", "acked", f"order {step}"] for step in range(290)]
    open_scope(message(queues={"orders": queue((60.0, 3, 1, 0, 2))}, lines=lines))
    newest = page.locator(".log li").last
    expect(newest).to_be_in_viewport()
    tell(page, message(NOW, NOW + 0.1, lines=[[62.05, "worker 2", "rejected", "order 290"]]))
    expect(newest).to_contain_text("order 290")
    expect(newest).to_be_in_viewport()
    page.locator(".log ol").evaluate("list => { list.scrollTop = 0; }")
    more = [[62.1 + step / 100, "worker 1", "acked", f"order {step}"] for step in range(50)]
    tell(page, message(NOW + 0.1, NOW + 0.2, lines=more))
    expect(page.locator(".log li")).to_have_count(300)
    assert page.locator(".log ol").evaluate("list => list.scrollTop") < 100


def test_a_second_view_shows_the_same(page: Page, open_scope: Any) -> None:
    """A second view of the widget starts with all there is; closing one leaves the other alive."""
    open_scope(message(queues={"orders": busy()}, lines=[[1.0, "checkout", "confirmed", "order 1"]]))
    page.evaluate("void show()")
    expect(page.locator(".log li")).to_have_count(2)
    page.evaluate("hide()")
    tell(page, message(NOW, NOW + 0.1, queues={"orders": queue((62.1, 7, 0, 0, 0))}))
    expect(counts(page, "orders")).to_have_text("7 ready0 unacked")


def test_a_deleted_queue_nobody_asked_for_leaves(page: Page, open_scope: Any) -> None:
    """Of all queues watched, a deleted one goes after some seconds; one that was asked for by name stays."""
    old, fresh = (queue((40.0, 7, 0, 0, 1), (when, None, None, None, None)) for when in (50.0, 61.9))
    queues = {"old": old, "fresh": fresh, "orders": busy()}
    open_scope(message(queues=queues))
    expect(page.locator(".queue h3")).to_have_text(["fresh", "orders"])
    tell(page, message(NOW, NOW + 7))
    expect(page.locator(".queue h3")).to_have_text(["orders"])
    open_scope(message(queues=queues, names=["old", "orders"]))
    expect(page.locator(".queue h3")).to_have_text(["old", "orders"])


COUNT = """() => {
    window.alive = { timers: new Set(), watched: 0, listeners: 0, frames: 0 };
    const { setInterval: begin, clearInterval: end, requestAnimationFrame: frame } = window;
    window.setInterval = (...all) => { const id = begin(...all); alive.timers.add(id); return id; };
    window.clearInterval = (id) => { alive.timers.delete(id); end(id); };
    window.requestAnimationFrame = (draw) => { alive.frames += 1; return frame(draw); };
    for (const kind of ["ResizeObserver", "IntersectionObserver"]) {
        window[kind] = class extends window[kind] {
            constructor(...all) { super(...all); alive.watched += 1; }
            disconnect() { super.disconnect(); alive.watched -= 1; }
        };
    }
    for (const place of [window, document]) {
        const { addEventListener: add, removeEventListener: remove } = place;
        place.addEventListener = (...all) => { alive.listeners += 1; add.apply(place, all); };
        place.removeEventListener = (...all) => { alive.listeners -= 1; remove.apply(place, all); };
    }
}"""
ALIVE = "() => [alive.timers.size, alive.watched, alive.listeners]"


def test_ten_views_leave_nothing_behind(page: Page, open_scope: Any) -> None:
    """Timers, observers and listeners of ten views end with them; nothing is drawn for them, however much is told."""
    page.set_content("<html>")
    page.evaluate(COUNT)
    open_scope(shop())
    expect(page.locator(".node.queue")).to_have_count(3)
    one = page.evaluate(ALIVE)
    assert min(one) > 0
    for _ in range(10):
        page.evaluate("() => { const before = hide; window.hide = show(); before(); }")
        expect(page.locator(".node.queue")).to_have_count(3)
    assert page.evaluate(ALIVE) == one
    page.evaluate("hide()")
    assert page.evaluate(ALIVE) == [0, 0, 0]
    expect(page.locator(".warren-scope")).to_have_count(0)
    page.wait_for_function("new Promise((done) => setTimeout(() => { alive.frames = 0; done(true); }, 100))")
    tell(page, message(NOW, NOW + 0.1, queues={"orders": queue((62.1, 9, 0, 0, 0))}))
    page.wait_for_function("new Promise((done) => setTimeout(() => done(true), 300))")
    assert page.evaluate("alive.frames") == 0
    assert page.evaluate("sent.at(-1)") == {"seen": False}


def test_off_screen_nothing_is_drawn(page: Page, open_scope: Any) -> None:
    """Out of sight the widget costs no drawing; in sight again it shows what came meanwhile."""
    open_scope(message(queues={"orders": queue((60.0, 3, 1, 0, 2))}))
    expect(counts(page, "orders")).to_have_text("3 ready1 unacked")
    page.evaluate("document.body.style.paddingTop = '9000px'")
    page.wait_for_function("new Promise((done) => setTimeout(() => done(true), 300))")
    tell(page, message(NOW, NOW + 0.1, queues={"orders": queue((62.1, 9, 0, 0, 0))}))
    page.wait_for_function("new Promise((done) => setTimeout(() => done(true), 300))")
    expect(counts(page, "orders")).to_have_text("3 ready1 unacked")
    page.evaluate("document.body.style.paddingTop = '0'")
    expect(counts(page, "orders")).to_have_text("9 ready0 unacked")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("queues", "width"), [(1, 1000), (3, 900), (20, 900), (2, 480)])
def test_pictures(page: Page, open_scope: Any, artifacts: Path, queues: int, width: int, dark: bool) -> None:
    """One to twenty queues, wide and narrow: nothing sticks out of the widget; pictures are kept to be looked at."""
    names = ["orders", "invoices", "parking", *(f"a queue with a rather long name {number}" for number in range(3, 20))]
    lines = [
        [41.2, "worker 1", "acked", "order 118"],
        [41.3, "billing", "acked", "invoice 31"],
        [41.4, "worker 3", "delivered", "order 120"],
        [41.5, "checkout", "confirmed", "order 241"],
        [41.6, "worker 3", "gone", "10 go back"],
        [41.61, "worker 1", "redelivered", "order 120"],
        [41.8, "worker 2", "rejected", "order 77 to DLX"],
        [41.9, "checkout", "returned", "order 242"],
    ]
    marks = [[15.0, "sale starts", "you"], [34.0, "second worker", "you"], [58.5, "worker 3 killed", "you"]]
    marks += [[24.0, "broker down", "broker"], [27.0, "broker back", "broker"]]
    queues_now = {name: busy(number * 7, 20 + 170 * (number % 3)) for number, name in enumerate(names[:queues])}
    for now in queues_now.values():
        down = [point if not 24 < point[0] < 27 else (point[0], None, None, None, None) for point in now["readings"]]
        now["readings"] = down
    open_scope(message(queues=queues_now, lines=lines, marks=marks), width, dark)
    expect(page.locator(".queue")).to_have_count(queues)
    page.wait_for_function("document.querySelector('.area.ready').getAttribute('d')")
    picture = page.locator(".warren-scope")
    picture.screenshot(path=artifacts / f"scope-{queues}-{width}-{'dark' if dark else 'light'}.png")
    sticks_out = picture.evaluate(
        "whole => [...whole.querySelectorAll('*')].filter((node) =>"
        " node.getBoundingClientRect().right > whole.getBoundingClientRect().right + 1).map((node) => node.className)"
    )
    assert sticks_out == []
