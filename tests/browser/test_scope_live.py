"""The widget in a real JupyterLab: it moves while a cell runs, and survives what people do to pages and kernels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tab import PATIENCE, SCOPE, Lab, Notebook

OPEN = """import pika, time, warren
lesson = warren.lesson('01')
channel = pika.BlockingConnection(pika.URLParameters(lesson.url)).channel()
channel.queue_declare("orders", durable=True)
scope = lesson.watch("orders")
scope"""
BUSY = """for number in range(40):
    channel.basic_publish("", "orders", b"order")
    time.sleep(0.05)  # the kernel is busy all the time
    if number == 20:
        scope.mark("half way")
        lesson.log("checkout", "published", "order 20")
print("published", channel.queue_declare("orders", passive=True).method.message_count)"""

SHOP = """import pika, time, warren
lesson = warren.lesson("01")
channel = pika.BlockingConnection(pika.URLParameters(lesson.url)).channel()
channel.exchange_declare("shop", "topic", durable=True)
channel.exchange_declare("shop.dead", "fanout", durable=True)
channel.queue_declare("orders", durable=True, arguments={"x-dead-letter-exchange": "shop.dead"})
channel.queue_declare("parking", durable=True)
channel.queue_bind("orders", "shop", "order.*")
channel.queue_bind("parking", "shop.dead")
scope = lesson.watch("orders", "parking")
scope"""
CREW = """def pack(worker):
    channel = pika.BlockingConnection(pika.URLParameters(worker.url)).channel()
    channel.basic_qos(prefetch_count=4)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
        if worker.stopping:
            break
        if method and method.delivery_tag % 5 == 0:
            channel.basic_reject(method.delivery_tag, requeue=False)
            worker.log("rejected", body.decode())
        elif method:
            time.sleep(0.05)
            channel.basic_ack(method.delivery_tag)
            worker.log("acked", body.decode())
def sell(orders):
    for number in range(orders):
        channel.basic_publish("shop", "order.new", f"order {number}".encode())
        time.sleep(0.02)
with lesson.workers(pack, 2, process=True) as crew:
    sell(250)
    crew[1].kill()
    scope.mark("worker 2 killed")
    sell(50)
    time.sleep(6)"""


@pytest.fixture
def notebook(lab: Lab, page: Page) -> Notebook:
    lab.write("busy.ipynb", OPEN, BUSY)
    return Notebook(page, lab, "busy.ipynb")


def test_it_moves_while_a_cell_runs(notebook: Notebook, page: Page) -> None:
    """With all cells run at once and a busy kernel the depth rises step by step, with mark and log line."""
    notebook.watch_depths()
    notebook.run_all()
    depths = notebook.depths()
    assert not notebook.errors()
    assert len(depths) >= 5, depths
    assert depths == sorted(depths)
    expect(page.locator(f"{SCOPE} .counts b").first).to_have_text("40 ready")
    expect(page.locator(f"{SCOPE} .mark text")).to_have_text("half way")
    expect(page.locator(f"{SCOPE} .log li")).to_contain_text("published")


def test_the_topology_is_the_brokers(lab: Lab, page: Page, artifacts: Path) -> None:
    """Exchanges, keys, workers with full slots, dead letters and a killed worker stand in the page as they are."""
    lab.write("shop.ipynb", SHOP, CREW)
    notebook = Notebook(page, lab, "shop.ipynb")
    notebook.run(0)
    notebook.begin(1)
    scope = page.locator(SCOPE)
    slots = scope.locator(".node.consumer", has_text="worker 1").locator(".slots i")
    expect(slots).to_have_count(4, timeout=PATIENCE)
    expect(scope.locator(".node.exchange", has_text="shop.dead")).to_contain_text("fanout")
    expect(scope.locator(".edge.binding text").first).to_have_text("order.*")
    expect(scope.locator(".slots i.full").first).to_be_visible(timeout=PATIENCE)
    expect(scope.locator(".edge.dead.flows")).to_have_count(1, timeout=PATIENCE)
    scope.screenshot(path=artifacts / "jupyterlab-light.png")
    expect(scope.locator(".node.consumer.lost")).to_contain_text("worker 2", timeout=PATIENCE)
    expect(scope.locator(".mark text", has_text="worker 2 killed")).to_be_visible()
    scope.screenshot(path=artifacts / "jupyterlab-killed.png")
    with notebook.dark():
        scope.screenshot(path=artifacts / "jupyterlab-dark.png")
    notebook.done(1)
    assert not notebook.errors()


def test_a_reloaded_page_shows_the_recording(notebook: Notebook, page: Page) -> None:
    """After a reload of the page the widget is there with all it recorded before, live, and as it was set to."""
    notebook.run_all()
    page.get_by_role("button", name="Depth", exact=True).click()
    notebook.save()
    page.reload()
    expect(page.locator(f"{SCOPE} .counts b").first).to_have_text("40 ready", timeout=PATIENCE)
    expect(page.locator(f"{SCOPE} .mark text")).to_have_text("half way")
    expect(page.locator(f"{SCOPE} header")).to_have_attribute("data-state", "live")
    expect(page.get_by_role("button", name="Depth", exact=True)).to_have_attribute("aria-pressed", "true")
    area = page.locator(f"{SCOPE} .chart .edge").first.get_attribute("d")
    assert area
    assert len(set(re.findall(r",([\d.]+)", area))) >= 10  # the steps of the way up are there, not only the end


def test_several_at_once_and_a_rerun_that_leaves_one(notebook: Notebook, page: Page) -> None:
    """One scope shown twice and another are three live widgets; running the first cell again leaves only its own."""
    notebook.run(0)
    live = page.locator(f"{SCOPE} header[data-state=live]")
    expect(live).to_have_count(1)
    notebook.cells.nth(1).locator(".cm-content").fill("display(scope, lesson.watch('orders', 'parcels'))")
    notebook.run(1)
    expect(live).to_have_count(3)
    notebook.run(0)
    expect(live).to_have_count(1)
    count_threads = "import threading; print([t.name for t in threading.enumerate()].count('warren scope'))"
    notebook.cells.nth(1).locator(".cm-content").fill(count_threads)
    notebook.run(1)
    assert notebook.said(1) == "1"


def test_a_restarted_kernel_is_told(notebook: Notebook, page: Page) -> None:
    """When the kernel goes, the widget says that it hears nothing more, or goes itself; it is not `live`."""
    notebook.run(0)
    expect(page.locator(f"{SCOPE} header")).to_have_attribute("data-state", "live")
    notebook.menu("Kernel", "Restart Kernel…")
    page.locator(".jp-Dialog-button.jp-mod-warn").click()
    expect(page.locator(f"{SCOPE} header[data-state=live]")).to_have_count(0, timeout=15_000)
