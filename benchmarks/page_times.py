"""The widget as the page shows it: from a message published to the pixel, and an hour's recording that moves."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pika
from measure import Row
from playwright.sync_api import Browser, Page, sync_playwright

from warren.scope.recording import Recording

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

from scope_page import message, opener
from tab import SCOPE, Lab, Notebook

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADDRESS = re.compile(r"http://\S+:\d+/lab\?token=\w+")
PUBLISHED = 100
FRAMES = 6.0
"""Seconds over which frames are counted."""
OPEN = """import pika, warren
lesson = warren.lesson("00")
queues = [f"queue_{number}" for number in range(10)]
with pika.BlockingConnection(pika.URLParameters(lesson.url)) as connection:
    for queue in queues:
        connection.channel().queue_declare(queue, durable=True)
print(lesson.url)"""
WATCH = "scope = lesson.watch(*queues)\nscope"
STAMP = """(queue) => {
    // a message that is posted while a frame is made is heard when it has been painted
    window.painted = [];
    const counts = document.querySelector(`.warren-scope section.queue[data-queue='${queue}'] .counts`);
    const look = () => {
        const text = counts.textContent;
        const after = new MessageChannel();
        after.port1.onmessage = () => painted.push([(performance.timeOrigin + performance.now()) / 1000, text]);
        after.port2.postMessage(0);
    };
    new MutationObserver(look).observe(counts, { subtree: true, childList: true, characterData: true });
}"""
FRAME = """([news, queues, seconds]) => new Promise((done) => {
    const begin = performance.now();
    const gaps = [];
    let before = begin;
    const reading = setInterval(() => {
        const now = news.now + (performance.now() - begin) / 1000;
        const readings = [[now, Math.floor(now * 10) % 50, 3, 0, 1]];
        const told = Object.fromEntries(queues.map((name) => [name, { readings, rates: [], about: null }]));
        window.tell({ ...news, now, after: now - 1, until: now, queues: told });
    }, 100);
    const frame = (now) => {
        gaps.push(now - before);
        before = now;
        if (now < begin + 1000 * seconds) return requestAnimationFrame(frame);
        clearInterval(reading);
        done(gaps);
    };
    requestAnimationFrame(frame);
})"""


def measure(queues: list[str], hour: Recording) -> list[Row]:
    """Nothing where there is no Chromium. `hour` is a recording of these queues that lasted an hour."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        print("no Chromium: what the page does is not measured", flush=True)
        return []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[] if os.geteuid() else ["--no-sandbox"])
        with lab() as running:
            half, most = pixels(browser, running, queues)
        frame = frames(browser, queues, hour)
        browser.close()
    return [
        Row("publish to pixel in JupyterLab, ten queues that change, 50 % of them", half, "one reading", 0.1),
        Row("the same, 95 % of them", most, "one reading", 0.1, "under 1.5 ×"),
        Row("an hour's recording on the page, 95 % of its frames", frame, "one reading", 0.1, "under 0.5 ×"),
    ]


@contextmanager
def lab() -> Iterator[Lab]:
    """A running `warren lab` on the broker of this run."""
    with tempfile.TemporaryDirectory(prefix="warren-bench-lab-") as folder:
        said, work = Path(folder) / "said.txt", Path(folder) / "work"
        with said.open("w") as out:
            server = subprocess.Popen(
                [sys.executable, "-m", "warren.cli", "lab", "--no-browser"],
                env={**os.environ, "WARREN_WORK": str(work)},
                stdout=out,
                stderr=out,
                cwd=folder,
            )
        try:
            address = wait(lambda: ADDRESS.search(said.read_text()), 90)
            yield Lab(address[0], work)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


def pixels(browser: Browser, running: Lab, queues: list[str]) -> tuple[float, float]:
    """Seconds from a message published to its count on the screen: of half of them, and of 95 %, at most."""
    running.write("latency.ipynb", OPEN, WATCH)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    notebook = Notebook(page, running, "latency.ipynb")
    notebook.run(0)
    notebook.run(1)
    url = notebook.said(0).splitlines()[-1]
    page.locator(f"{SCOPE} section.queue[data-queue={queues[-1]}] .counts b").first.wait_for()
    page.locator(SCOPE).scroll_into_view_if_needed()
    page.evaluate(STAMP, queues[-1])
    stop = threading.Event()
    traffic = threading.Thread(target=trickle, args=(url, queues[:-1], stop))
    traffic.start()
    try:
        waited = published(page, url, queues[-1])
    finally:
        stop.set()
        traffic.join()
        page.close()
    return statistics.median(waited), statistics.quantiles(waited, n=20)[-1]


def published(page: Page, url: str, queue: str) -> list[float]:
    """The delay of each of so many messages, at any moment between two readings."""
    sent = []
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for _ in range(PUBLISHED):
            connection.sleep(0.2 + 0.0731)
            sent.append(time.time())
            channel.basic_publish("", queue, b"twelve bytes")
        connection.sleep(2)
    painted = [(moment, number(text)) for moment, text in page.evaluate("painted")]
    return [
        min(moment for moment, ready in painted if ready >= count) - moment_sent
        for count, moment_sent in enumerate(sent, start=1)
    ]


def number(text: str) -> int:
    """The first number of a queue's counts: ready."""
    found = re.search(r"\d[\d,]*", text)
    return int(found[0].replace(",", "")) if found else 0


def trickle(url: str, queues: list[str], stop: threading.Event) -> None:
    """A message to each of the other queues thirty times a second."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        while not stop.is_set():
            for queue in queues:
                channel.basic_publish("", queue, b"twelve bytes")
            connection.sleep(1 / 30)


def frames(browser: Browser, queues: list[str], hour: Recording) -> float:
    """Seconds between two frames, 95 % of them, while the whole hour is shown and all queues change at each reading."""
    page = browser.new_page()
    now, everything = hour.elapsed(), json.loads(json.dumps(hour.changes()[1]))
    opener(page)(message(now=now, names=queues, **everything))
    page.get_by_role("button", name="whole recording").click()
    gaps = page.evaluate(FRAME, [message(now, now, names=queues), queues, FRAMES])
    page.close()
    return float(statistics.quantiles(gaps, n=20)[-1] / 1000)


def wait(condition: Callable[[], Any], within: float) -> Any:
    """Poll until the condition holds, and return what it gave."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within} s in vain")
        time.sleep(0.05)
    return answer
