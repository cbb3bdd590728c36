"""The widget's topology: what it shows, how it is laid out, what moves in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from scope_page import FLOWS, NOW, busy, consumer, crowd, message, shop, tell

BOXES = """nodes => nodes.filter((node) => node.textContent && node.getClientRects().length).map((node) => {
    const { left, right, top, bottom } = node.getBoundingClientRect();
    return { left, right, top, bottom, words: node.textContent };
})"""
MOVED = """async () => {
    const dots = [...document.querySelectorAll(".edge.flows .dots")];
    const places = () => dots.map((node) => node.style.strokeDashoffset);
    const before = places();
    await new Promise((done) => setTimeout(done, 400));
    return places().filter((place, index) => place !== before[index]).length;
}"""


def node(page: Page, kind: str, name: str) -> Locator:
    return page.locator(f".node.{kind}").filter(has=page.get_by_text(name, exact=True))


def settled(page: Page) -> None:
    """Wait until nodes that move have arrived."""
    page.wait_for_function(
        "document.querySelector('.node') && document.getAnimations().every((one) => one.playState !== 'running')"
    )


def test_everything_has_its_node_and_its_words(page: Page, open_scope: Any) -> None:
    """Publishers, exchanges, queues, consumers stand there with their numbers, and a screen reader hears the same."""
    open_scope(shop())
    expect(node(page, "publisher", "checkout")).to_contain_text("84/s")
    expect(node(page, "exchange", "shop")).to_contain_text("topic · 96/s")
    expect(node(page, "queue", "parking")).to_contain_text("7 ready")
    expect(node(page, "consumer", "billing")).to_contain_text("28/s")
    expect(page.locator(".edge.binding text").first).to_have_text("order.*")
    words = page.locator(".topology .spoken")
    expect(words).to_contain_text("publisher checkout publishes to exchange shop, 84/s")
    expect(words).to_contain_text("exchange shop leads to queue orders by order.*, 84/s")
    expect(words).to_contain_text("queue orders sends dead letters to exchange shop.dead")


def test_slots_fill_with_what_is_unacked(page: Page, open_scope: Any) -> None:
    """A consumer shows its prefetch as slots, as many filled as messages are unacked; a large or no limit as a bar."""
    first = shop()
    first["topology"]["consumers"] += [consumer("l", "parking", "large", 300), consumer("n", "parking", "none", 0)]
    first["topology"]["consumers"].append(consumer("a", "parking", "careless") | {"acks": False})
    first["flows"] |= {"consumer:l": {"rate": 0, "unacked": 120}, "consumer:n": {"rate": 0, "unacked": 7}}
    first["topology"]["consumers"].append(consumer("s", "parking", "sharing a channel"))
    first["flows"]["consumer:s"] = {"rate": None, "unacked": None}
    open_scope(first)
    slots = node(page, "consumer", "worker 2").locator(".slots i")
    expect(slots).to_have_count(10)
    expect(node(page, "consumer", "worker 2").locator(".slots i.full")).to_have_count(9)
    tell(page, message(NOW, NOW + 0.1, flows={"consumer:2": {"rate": 43.0, "unacked": 4}}, names=first["names"]))
    expect(node(page, "consumer", "worker 2").locator(".slots i.full")).to_have_count(4)
    expect(node(page, "consumer", "large").locator(".slots")).to_have_text("120 of 300")
    expect(node(page, "consumer", "none").locator(".slots")).to_have_text("7 of ∞")
    expect(node(page, "consumer", "careless").locator(".slots")).to_have_text("automatic acks")
    expect(node(page, "consumer", "sharing a channel").locator(".slots")).to_have_text("? of 10")


def test_edges_of_different_meaning_look_different(page: Page, open_scope: Any) -> None:
    """Bindings are solid, dead letters dashed vermilion, the way to an alternate exchange dotted."""
    open_scope(shop())
    expect(page.locator(".edge.dead .line")).to_have_css("stroke", "rgb(213, 94, 0)")
    dashes = [
        page.locator(f".edge.{kind} .line").first.evaluate("line => getComputedStyle(line).strokeDasharray")
        for kind in ("binding", "dead", "alternate")
    ]
    assert dashes[0] == "none"
    assert len(set(dashes)) == 3
    expect(page.locator(".edge.alternate text")).to_have_text("unroutable")


def test_a_dead_letter_exchange_that_is_missing_is_told(page: Page, open_scope: Any) -> None:
    """Dead letters to an exchange nobody declared are lost: it stands there, dashed, and says so."""
    first = shop()
    first["topology"]["exchanges"].pop()
    first["topology"]["bindings"].pop()
    open_scope(first)
    expect(node(page, "exchange", "shop.dead")).to_contain_text("does not exist")
    expect(node(page, "exchange", "shop.dead")).to_have_css("border-top-style", "dashed")


def test_dead_letters_over_the_default_exchange_lead_to_their_queue(page: Page, open_scope: Any) -> None:
    """With the default exchange as dead-letter exchange the edge goes straight to the queue the key names."""
    first = shop()
    first["topology"]["dead"] = [{"queue": "orders", "exchange": "", "key": "parking"}]
    open_scope(first)
    expect(page.locator(".topology .spoken")).to_contain_text("queue orders sends dead letters to queue parking")


def test_a_killed_worker_stays_dashed_and_one_that_left_goes(page: Page, open_scope: Any) -> None:
    """A killed consumer is dashed and says when; once the kernel no longer names it, it fades and is gone."""
    first = shop()
    open_scope(first)
    killed = node(page, "consumer", "worker 3")
    expect(killed).to_contain_text("killed 3 s ago")
    expect(killed).to_have_css("border-top-style", "dashed")
    first["topology"]["consumers"] = [one for one in first["topology"]["consumers"] if not one["gone"]]
    tell(page, message(NOW, NOW + 0.1, topology=first["topology"], names=first["names"]))
    expect(killed).to_have_count(0)
    expect(page.locator(".node.consumer")).to_have_count(3)


def test_dots_move_as_messages_do(page: Page, open_scope: Any) -> None:
    """Dots move on exactly the edges with a rate; they stop off screen and when the picture is paused."""
    open_scope(shop())
    flowing = page.locator(".edge.flows .dots")
    expect(flowing).to_have_count(8)
    page.wait_for_function("document.querySelector('.edge.flows .dots').style.strokeDashoffset")
    assert page.evaluate(MOVED) == 8
    page.get_by_role("button", name="Pause").click()
    page.wait_for_function("new Promise((done) => setTimeout(() => done(true), 300))")
    assert page.evaluate(MOVED) == 0
    page.get_by_role("button", name="Resume").click()
    page.wait_for_function(f"({MOVED})().then((moved) => moved === 8)")
    page.evaluate("document.body.style.paddingTop = '9000px'")
    page.wait_for_function("sent.some((message) => message.seen === false)")
    page.wait_for_function("new Promise((done) => setTimeout(() => done(true), 300))")
    assert page.evaluate(MOVED) == 0


def test_a_higher_rate_is_a_wider_and_faster_edge(page: Page, open_scope: Any) -> None:
    """The edge of 84 messages a second is wider than that of 12, and its dots are further on after the same time."""
    open_scope(shop())
    lines = page.locator(".edge.binding .line")
    wide = [float(lines.nth(place).evaluate("line => parseFloat(line.style.strokeWidth)")) for place in (0, 1)]
    assert wide[0] > wide[1] > 1.5


def test_what_is_not_known_is_not_nothing(page: Page, open_scope: Any) -> None:
    """A flow the broker does not tell is a pale edge without number or dots; one that rests is an ordinary edge."""
    unknown = {"binding:shop|orders|queue|order.*": None, "publisher:imports": None, "consumer:1": {"rate": None}}
    open_scope(shop(flows=FLOWS | unknown | {"publisher:checkout": 0}))
    expect(page.locator(".edge.unmeasured")).to_have_count(3)
    expect(page.locator(".edge.unmeasured.flows")).to_have_count(0)
    expect(node(page, "publisher", "imports")).to_contain_text("?/s")
    expect(node(page, "publisher", "checkout")).to_contain_text("0/s")
    words = page.locator(".topology .spoken")
    expect(words).to_contain_text("exchange shop leads to queue orders by order.*, rate not known")


def test_a_name_that_is_known_later_is_shown(page: Page, open_scope: Any) -> None:
    """A consumer whose connection's name the broker tells a moment later gets it."""
    first = shop()
    first["topology"]["consumers"][-1]["name"] = "port 55528"
    open_scope(first)
    expect(node(page, "consumer", "port 55528")).to_be_visible()
    first["topology"]["consumers"][-1]["name"] = "billing"
    tell(page, message(NOW, NOW + 0.1, topology=first["topology"], names=first["names"]))
    expect(node(page, "consumer", "billing")).to_be_visible()


def test_reduced_motion_is_respected(page: Page, open_scope: Any) -> None:
    """Who asked the system for less motion sees edges by their width, no dots, and nothing that slides."""
    page.emulate_media(reduced_motion="reduce")
    open_scope(shop())
    expect(page.locator(".edge.flows").first).to_be_visible()
    expect(page.locator(".edge.flows .dots").first).not_to_be_visible()
    assert page.evaluate(MOVED) == 0
    expect(page.locator(".node").first).to_have_css("transition-duration", "0s")
    assert page.evaluate("document.getAnimations().length") == 0


def test_without_topology_the_rest_stands(page: Page, open_scope: Any) -> None:
    """Without the HTTP API there are the depths, and where the topology would be the reason stands."""
    open_scope(message(queues={"orders": busy()}, state="alone", why="the HTTP API refuses this user"))
    expect(page.locator(".queue .bar")).to_be_visible()
    expect(page.locator(".topology")).not_to_be_visible()
    page.get_by_role("button", name="Topology").click()
    expect(page.locator(".topology")).to_contain_text("the HTTP API refuses this user")


@pytest.mark.parametrize(
    ("width", "dark"), [(480, False), (700, False), (980, False), (980, True), (1400, False)], ids=str
)
@pytest.mark.parametrize("queues", [1, 3, 8, 20])
def test_nothing_covers_anything(
    page: Page, open_scope: Any, artifacts: Path, queues: int, width: int, dark: bool
) -> None:
    """One to twenty queues, narrow to wide: no node or word covers another, nothing sticks out."""
    open_scope(shop() if queues == 3 else crowd(queues), width, dark)
    expect(page.locator(".node.queue")).to_have_count(queues)
    settled(page)
    page.locator(".warren-scope").screenshot(
        path=artifacts / f"topology-{queues}-{width}-{'dark' if dark else 'light'}.png"
    )
    nodes = page.locator(".node").evaluate_all(BOXES)
    words = page.locator(".topology .edge text").evaluate_all(BOXES)
    whole = page.locator(".warren-scope").bounding_box()
    assert whole
    assert len(words) >= min(queues, 2)
    assert [box for box in nodes + words if box["left"] < whole["x"] or box["right"] > whole["x"] + width] == []
    assert [(one, two) for one, two in pairs(nodes, nodes) if covers(one, two)] == []
    assert [(one, two) for one, two in pairs(words, words) if covers(one, two, 4)] == []
    assert [(one, two) for one in words for two in nodes if covers(one, two, 2)] == []


def pairs(some: list[Any], others: list[Any]) -> list[tuple[Any, Any]]:
    return [(one, two) for place, one in enumerate(some) for two in others[place + 1 :]]


def covers(one: Any, two: Any, slack: float = 0.5) -> bool:
    """True if two boxes share more than `slack` pixels both ways; a line of text is taller than its letters."""
    across = min(one["right"], two["right"]) - max(one["left"], two["left"])
    down = min(one["bottom"], two["bottom"]) - max(one["top"], two["top"])
    return bool(across > slack and down > slack)
