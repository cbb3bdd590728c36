"""What a learner sees: the queue widget in JupyterLab, in Chromium, on a live broker."""

from __future__ import annotations

import re
import signal
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Page, expect
from tab import SCOPE, Lab, Notebook

from warren import course
from warren.brokers import folders, state

OPEN = "import pika, warren\nlesson = warren.lesson('01')"
WATCH = "scope = lesson.watch('orders')\nscope"
CONNECT = """connection = pika.BlockingConnection(pika.URLParameters({url}))
channel = connection.channel()
channel.confirm_delivery()
channel.queue_declare("orders", durable=True)
channel.basic_publish("", "orders", b"order 1")"""
MINUTES = 600  # seconds somebody reads, thinks or has coffee between two cells
SHORT = 6  # seconds of heartbeat instead of the lesson's own
SHORTEN = f"""import re
heartbeat = int(re.search(r"heartbeat=(\\d+)", lesson.url)[1])
url = lesson.url.replace(f"heartbeat={{heartbeat}}", "heartbeat={SHORT}")"""
PUBLISH = """channel.basic_publish("", "orders", b"order 2")
print(channel.queue_declare("orders", passive=True).method.message_count, "ready")"""


def test_lesson_01_runs_and_the_depth_goes_up_and_down(lab: Lab, page: Page, artifacts: Path) -> None:
    """All cells of lesson 01 run without an error, and meanwhile the widget's depth rises and falls again."""
    lesson = course.lesson("01")
    notebook = Notebook(page, lab, f"notebooks/{lesson.name}.ipynb")
    notebook.watch_depths()
    notebook.run_all()
    assert not notebook.errors()
    depths = notebook.depths()
    steps = [after - before for before, after in pairwise(depths)]  # a busy page may see the first of them late
    assert max(steps) > 0 > min(steps), depths
    _pictures(notebook, artifacts, "lesson-01")


def test_ten_idle_minutes_between_two_cells(lab: Lab, page: Page) -> None:
    """A connection of one cell publishes in the next after ten minutes; idle time and heartbeat are shortened alike."""
    lab.write("idle.ipynb", OPEN, f"{SHORTEN}\n{CONNECT.format(url='url')}\nprint(heartbeat)", PUBLISH)
    notebook = Notebook(page, lab, "idle.ipynb")
    notebook.run(0)
    notebook.run(1)
    page.wait_for_timeout(1000 * MINUTES * SHORT / int(notebook.said(1)))  # idle time is what this test is about
    notebook.run(2)
    assert not notebook.errors()
    assert notebook.said(2) == "2 ready"


def test_a_killed_broker_is_told_and_comes_back(lab: Lab, page: Page, artifacts: Path) -> None:
    """The widget says that the broker was killed, and is live again, with the queue, when it is back."""
    lab.write("killed.ipynb", OPEN, WATCH, CONNECT.format(url="lesson.url"))
    notebook = Notebook(page, lab, "killed.ipynb")
    notebook.run_all()
    header = page.locator(f"{SCOPE} header")
    expect(header).to_have_attribute("data-state", "live", timeout=10_000)
    _kill_node()
    expect(header).to_have_attribute("data-state", "down", timeout=10_000)
    expect(page.locator(f"{SCOPE} .sentence")).to_contain_text("The broker is down")
    page.locator(SCOPE).screenshot(path=artifacts / "broker-down.png")
    expect(header).to_have_attribute("data-state", "live", timeout=60_000)
    expect(page.locator(f"{SCOPE} section.queue[data-queue=orders]")).not_to_have_class(re.compile("absent"))


def _kill_node() -> None:
    """SIGKILL for the Erlang machine of this worker's broker, as the kernel's out-of-memory killer would do it."""
    found = state.read(folders.state())
    assert found
    assert found.processes, found
    found.processes[0].signal(signal.SIGKILL)


def _pictures(notebook: Notebook, artifacts: Path, name: str) -> None:
    """The first widget with its cell, light and dark, for a person to look at."""
    widget = notebook.page.locator(SCOPE).first
    widget.screenshot(path=artifacts / f"{name}-light.png")
    with notebook.dark():
        widget.screenshot(path=artifacts / f"{name}-dark.png")
