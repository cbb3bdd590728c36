"""The widget for everybody: axe finds nothing, words stand out from their paper, screen readers hear the state."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from scope_page import NOW, crowd, message, queue, shop, tell

AA = 4.5
"""The contrast WCAG 2.1 AA asks of words (1.4.3)."""
WORDS = """whole => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (...layers) => {
        canvas.fillStyle = "#fff";
        canvas.fillRect(0, 0, 1, 1);
        for (const colour of layers) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (colour) => colour.map((part) => part / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const found = [];
    for (const node of whole.querySelectorAll("*")) {
        const words = [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data).join("");
        if (!words.trim() || !node.getClientRects().length || node.tagName === "title") continue;
        const papers = [];
        for (let up = node; up; up = up.parentElement) papers.unshift(getComputedStyle(up).backgroundColor);
        const style = getComputedStyle(node);
        const ink = node instanceof SVGElement ? style.fill : style.color;
        const [one, other] = [light(rgb(...papers)), light(rgb(...papers, ink))].sort((a, b) => b - a);
        found.push([words, (one + 0.05) / (other + 0.05)]);
    }
    return found;
}"""
LINES = [
    [number, "worker 1", event, "order"]
    for number, event in enumerate(["acked", "rejected", "delivered", "redelivered", "confirmed"])
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("queues", [3, 20])
def test_axe_finds_nothing(page: Page, open_scope: Any, queues: int, dark: bool) -> None:
    """The rules of axe-core, which most accessibility checks share, find no fault, with every list open too."""
    first = shop(lines=LINES, alarms=["memory"]) if queues == 3 else crowd(queues)
    open_scope(first, 980, dark)
    expect(page.locator(".node.queue")).to_have_count(queues)
    page.locator(".guide summary").click()
    page.locator(".picker summary").click()
    page.wait_for_function("document.getAnimations().every((one) => one.playState !== 'running')")
    found = Axe().run(page, context=".warren-scope")
    assert found.violations_count == 0, found.generate_report()
    assert len(found.response["passes"]) > 20


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_stand_out_from_their_paper(page: Page, open_scope: Any, dark: bool) -> None:
    """Every word, in charts and on edges too, where axe cannot tell, has the contrast of WCAG AA."""
    first = shop(lines=LINES, alarms=["memory"], marks=[[50.0, "sale", "you"], [55.0, "consumer gone", "broker"]])
    open_scope(first, 980, dark)
    expect(page.locator(".mark")).to_have_count(6)
    page.locator(".guide summary").click()
    words = page.locator(".warren-scope").evaluate(WORDS)
    assert len(words) > 80
    assert [(text, ratio) for text, ratio in words if ratio < AA] == []


def test_a_screen_reader_hears_what_changes(page: Page, open_scope: Any) -> None:
    """The state in one sentence is a polite live region; it follows, but not ten times a second, to the last."""
    open_scope(message(queues={"orders": queue((60.0, 3, 1, 0, 2))}))
    status = page.get_by_role("status")
    expect(status).to_contain_text("orders: 3 ready")
    news = {"orders": queue((62.1, 9, 1, 0, 2))}
    tell(page, message(NOW, NOW + 0.1, queues=news, head={"orders": {"age": 2.8}}, state="stopped"))
    expect(page.locator(".sentence")).to_contain_text("orders: 9 ready")
    expect(page.locator(".sentence")).to_contain_text("oldest message 2.8 s")
    expect(status).to_contain_text("orders: 3 ready")
    expect(status).to_contain_text("orders: 9 ready", timeout=10_000)


def test_alarms_are_told(page: Page, open_scope: Any) -> None:
    """Alarms, blocked connections and what cannot be shown stand in the header as words while it lasts."""
    open_scope(shop(alarms=["memory"]))
    expect(page.locator("header .alarm")).to_have_text("memory alarm: the broker holds publishers back")
    trouble = "cannot show tasks (this user may not look at it)"
    tell(page, message(NOW, NOW + 0.1, alarms=[], blocked=["checkout"], troubles=[trouble]))
    said = f"checkout is blocked: the broker takes nothing from it; {trouble}"
    expect(page.locator("header .alarm")).to_have_text(said)
    expect(page.locator(".node.publisher", has_text="checkout")).to_contain_text("blocked")
    tell(page, message(NOW + 0.1, NOW + 0.2, blocked=[], troubles=[]))
    expect(page.locator("header .alarm")).not_to_be_visible()
    expect(page.locator(".node.publisher", has_text="checkout")).to_contain_text("84/s")


def test_a_beginner_is_told_what_it_shows(page: Page, open_scope: Any) -> None:
    """The guide is folded at first, opens with the keyboard, and explains each sign."""
    open_scope(shop())
    expect(page.locator(".guide dl")).not_to_be_visible()
    page.locator(".guide summary").press("Enter")
    expect(page.locator(".guide dl")).to_contain_text("messages a consumer has got but not acknowledged yet")
    assert page.locator(".guide dt").count() >= 8
