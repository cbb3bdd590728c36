"""A widget's page side alone, in Chromium: fed by the test in place of a kernel."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from warren.scope.lanes import STATES
from warren.scope.palette import EVENTS, PALETTE
from warren.scope.view import PAGE, View

LOAD = """async ([source, state, width]) => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const listeners = [];
    window.sent = [];
    const model = {
        get: (name) => state[name],
        on: (_, heard) => listeners.push(heard),
        off: (_, heard) => listeners.splice(listeners.indexOf(heard), 1),
        send: (m) => sent.push(m),
    };
    window.tell = (message) => listeners.forEach((heard) => heard(message));
    const widget = (await import(url)).default();
    window.end = widget.initialize({ model });
    window.show = () => {
        const el = document.createElement("div");
        el.style.width = `${width}px`;
        document.body.append(el);
        return widget.render({ model, el });
    };
    window.hide = show();
}"""
NOW = 62.0  # seconds: the moment of the first message
Message = dict[str, Any]


def message(after: float = -1.0, now: float = NOW, **changes: Any) -> Message:
    """What the kernel sends; see View._message."""
    empty = {"vhost": "shop", "version": "4.3.6", "state": "live", "why": "", "names": [], "queues": {}}
    return {"now": now, "after": after, "until": now, "marks": [], "lines": []} | empty | changes


def queue(*readings: tuple[float, int | None, int | None, int | None, int | None], **about: Any) -> Message:
    kind = [0.0, about.pop("kind", "classic"), about]
    return {"readings": readings, "rates": [[1.0, 41.0, 40.2, 40.0, 0.0]], "about": kind}


def busy(shift: float = 0.0, high: int = 120) -> Message:
    """A minute in the life of a queue."""
    points = []
    for step in range(620):
        t = step / 10
        ready = int(high * max(0.0, math.sin((t + shift) / 11)) + high * 0.05 * math.sin(t * 3 + shift) ** 2)
        points.append((t, ready, 20 if t > 20 else 5, 0, 3 if 20 < t < 50 else 2))
    return queue(*points, **{"x-max-length": 1000, "x-dead-letter-exchange": "shop.dead"})


def lane(*steps: tuple[float, float | str], **hues: str) -> Message:
    """A lane as the kernel tells of it; `hues` of its texts as lanes.py gives them."""
    return {"steps": steps, "hues": hues}


def breaker(*steps: tuple[float, str]) -> Message:
    states = steps or ((0.5, "closed"), (20.0, "open"), (30.0, "half-open"), (31.0, "open"), (45.0, "closed"))
    return lane(*states, **{text: STATES[text] for _, text in states})


def backpressure() -> Message:
    """The lanes of a breaker, a bucket of tokens, workers, and messages shed."""
    tokens = [(step / 5, round(5 * abs(math.sin(step / 40)), 2)) for step in range(310)]
    workers = [(1.0, 1), (22.0, 2), (26.0, 4), (50.0, 2)]
    shed = [(20 + step / 10, step * 37) for step in range(200)]
    return {"breaker": breaker(), "tokens": lane(*tokens), "workers": lane(*workers), "shed": lane(*shed)}


def opener(page: Page) -> Callable[..., None]:
    """What puts a widget with that first message on an empty page; a second call is a re-run of its cell."""

    def open_scope(first: Message, width: int = 900, dark: bool = False) -> None:
        theme = f'data-jp-theme-light="{str(not dark).lower()}"'
        paper = "#111418" if dark else "#ffffff"
        colours = f"--jp-layout-color0: {paper}; --jp-ui-font-color0: #fff" if dark else ""
        css = (PAGE / "scope.css").read_text(encoding="utf-8")
        page.set_content(
            f"<html lang=en><title>scope</title><style>{css}</style>"
            f"<body {theme} style='{colours}; background: {paper}'>"
        )
        state = {"snapshot": first, "events": EVENTS, "palette": {name: hue._asdict() for name, hue in PALETTE.items()}}
        page.evaluate(LOAD, [View._esm, state, width])

    page.set_viewport_size({"width": 1500, "height": 2400})
    return open_scope


def tell(page: Page, news: Message) -> None:
    page.evaluate("message => tell(message)", news)


def counts(page: Page, name: str) -> Any:
    return page.locator(f".queue[data-queue='{name}'] .counts")


def asked(page: Page) -> list[Message]:
    """What the page asked its kernel for."""
    return [sent for sent in page.evaluate("sent") if "ask" in sent]


FLOWS = {  # of the shop below, messages a second
    "exchange:shop": 96.0,
    "binding:shop|orders|queue|order.*": 84.0,
    "binding:shop|invoices|queue|order.paid": 12.0,
    "dead:orders": 0.7,
    "consumer:1": {"rate": 41.0, "unacked": 10},
    "consumer:2": {"rate": 43.0, "unacked": 9},
    "consumer:b": {"rate": 28.0, "unacked": 2},
    "publisher:checkout": 84.0,
    "publisher:imports": 12.0,
}


def shop(consumers: int = 3, **changes: Any) -> Message:
    """Two publishers, a topic exchange with an alternate, dead letters, three queues, workers, one of them dead."""
    crew = [consumer(f"{number}", "orders", f"worker {number}") for number in range(1, consumers + 1)]
    crew[-1] |= {"active": False, "gone": "killed", "since": 59.0}
    topology = {
        "exchanges": [
            {"name": "shop", "type": "topic", "alternate": "unrouted"},
            {"name": "unrouted", "type": "fanout", "alternate": None},
            {"name": "shop.dead", "type": "direct", "alternate": None},
        ],
        "bindings": [
            bind("shop", "orders", "order.*"),
            bind("shop", "invoices", "order.paid"),
            bind("shop.dead", "parking", "orders"),
        ],
        "dead": [{"queue": "orders", "exchange": "shop.dead", "key": None}],
        "consumers": [*crew, consumer("b", "invoices", "billing", 5)],
        "publishers": [{"id": name, "name": name, "exchange": "shop"} for name in ("checkout", "imports")],
    }
    queues = {"orders": busy(), "invoices": busy(9, 40), "parking": queue((0.0, 0, 0, 0, 0), (40.0, 7, 0, 0, 0))}
    first = message(queues=queues, names=list(queues), topology=topology, flows=FLOWS, head={"orders": {"age": 2.8}})
    return first | changes


def crowd(count: int) -> Message:
    """That many queues and what a broker can do between them: all types of exchange, keys, crews, dead letters."""
    names = [
        "orders",
        "invoices",
        "parking",
        *(f"a queue with a rather long name {number}" for number in range(3, count)),
    ]
    sources = ("shop", "events", "shop", "by header")
    found: Message = {"exchanges": [], "bindings": [], "dead": [], "consumers": [], "publishers": []}
    for name, kind in {"shop": "topic", "events": "fanout", "by header": "headers", "dead": "direct"}.items():
        found["exchanges"].append({"name": name, "type": kind, "alternate": "dead" if name == "shop" else None})
    found["bindings"] += [bind("shop", "events", "event.#", "exchange"), bind("shop", "by header", "#", "exchange")]
    found["publishers"] += [{"id": f"{n}", "name": f"publisher {n}", "exchange": sources[n % 4]} for n in range(4)]
    flows: Message = {}
    for number, name in enumerate(names[:count]):
        found["bindings"].append(bind(sources[number % 4], name, ("order.paid", "", "order.shipped.#", "")[number % 4]))
        flows[f"binding:{sources[number % 4]}|{name}|queue|{found['bindings'][-1]['key']}"] = 3.7 * number
        if number % 5 == 0:
            found["bindings"].append(bind("shop", name, "refund.#"))
        if number % 4 == 3:
            found["dead"].append({"queue": name, "exchange": "dead", "key": "late"})
        for place in range((2, 1, 0, 3, 9)[number % 5]):
            prefetch = (10, 1, 0, 300, 20)[(number + place) % 5]
            found["consumers"].append(consumer(f"{number}.{place}", name, f"worker {number}.{place}", prefetch))
            flows[f"consumer:{number}.{place}"] = {"rate": 1.1 * number, "unacked": prefetch and number % prefetch}
    queues = {name: busy(number * 7, 20 + 170 * (number % 3)) for number, name in enumerate(names[:count])}
    return message(queues=queues, names=names[:count], topology=found, flows=flows)


def bind(source: str, destination: str, key: str, to: str = "queue") -> Message:
    return {"source": source, "destination": destination, "to": to, "key": key, "arguments": {}}


def consumer(which: str, queue: str, name: str, prefetch: int = 10) -> Message:
    return {"id": which, "queue": queue, "name": name, "prefetch": prefetch, "acks": True, "active": True, "gone": None}
