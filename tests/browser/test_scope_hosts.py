"""Where the widget lives: Notebook 7, and hosts such as VS Code that show it in a sandboxed frame, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import FrameLocator, Page, expect
from scope_page import NOW, message, queue, shop
from tab import PATIENCE, SCOPE, Lab

from warren.scope.palette import EVENTS, PALETTE
from warren.scope.view import PAGE, View

DOCUMENTED = ("get", "set", "save_changes", "on", "off", "send", "widget_manager")
"""What a model offers by anywidget's documentation; VS Code's renderer has no more either."""
CSP = "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'"
FRAME = """<!doctype html><meta http-equiv="Content-Security-Policy" content="%s">
<style>
  :root { --jp-layout-color0: white; --jp-ui-font-color0: black; } /* what ipywidgets' own style sheet brings along */
  body { --vscode-editor-background: #1f1f1f; --vscode-editor-foreground: #cccccc; }
</style>
<body class="vscode-dark"><script type="module">
  const { source, css, state, documented } = %s;
  const heard = [];
  window.undocumented = [];
  const offered = {
    get: (name) => state[name], set: () => {}, save_changes: () => {}, send: () => {}, widget_manager: {},
    on: (_, listener) => heard.push(listener), off: (_, listener) => heard.splice(heard.indexOf(listener), 1),
  };
  const model = new Proxy(offered, {
    get: (all, name) => (documented.includes(name) ? all[name] : undocumented.push(String(name)) && undefined),
  });
  window.tell = (message) => heard.forEach((listener) => listener(message));
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const widget = await module.default();
  await widget.initialize({ model, experimental: {} });
  window.show = async () => {
    const el = document.body.appendChild(document.createElement("div"));
    const end = await widget.render({ model, el, experimental: {} });
    window.hide = () => (end(), el.remove());
  };
  await show();
</script>"""


def sandboxed(page: Page, first: Any) -> FrameLocator:
    """The widget in a frame that may run scripts and nothing else: no origin, no storage, no network."""
    state = {"snapshot": first, "events": EVENTS, "palette": {name: hue._asdict() for name, hue in PALETTE.items()}}
    css = (PAGE / "scope.css").read_text(encoding="utf-8")
    given = {"source": View._esm, "css": css, "state": state, "documented": DOCUMENTED}
    page.set_content("<title>a host</title><iframe sandbox='allow-scripts' width=900 height=1200></iframe>")
    frame = FRAME % (CSP, json.dumps(given).replace("</", "<\\/"))
    page.locator("iframe").evaluate("(node, text) => { node.srcdoc = text; }", frame)
    return page.frame_locator("iframe")


def test_a_sandboxed_frame_without_network_is_enough(page: Page, artifacts: Path) -> None:
    """Where nothing may be loaded or stored the widget lives, by the documented interface alone, and keeps choices."""
    page.set_viewport_size({"width": 1000, "height": 1300})
    page.context.set_offline(True)
    wanted: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: wanted.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    frame = sandboxed(page, shop())
    expect(frame.locator(".node.queue")).to_have_count(3)
    frame.get_by_role("button", name="Depth", exact=True).click()
    inside = next(one for one in page.frames if one.parent_frame)
    inside.evaluate("hide()")
    expect(frame.locator(SCOPE)).to_have_count(0)
    inside.evaluate("show()")
    expect(frame.locator("section.topology")).not_to_be_visible()
    news = message(NOW, NOW + 0.1, queues={"orders": queue((62.1, 9, 1, 0, 2))}, names=["orders"])
    inside.evaluate("message => tell(message)", news)
    expect(frame.locator(".queue[data-queue=orders] .counts")).to_have_text("9 ready1 unacked")
    expect(frame.locator(SCOPE)).to_have_css("background-color", "rgb(31, 31, 31)")
    expect(frame.locator(".counts .ready").first).to_have_css("color", "rgb(245, 185, 66)")  # the one for dark paper
    page.screenshot(path=artifacts / "sandboxed.png")
    assert [url for url in wanted if not url.startswith(("blob:", "about:"))] == []
    assert inside.evaluate("undocumented") == []
    assert faults == []


def test_notebook_7_shows_it(lab: Lab, page: Page, artifacts: Path) -> None:
    """In Notebook 7, on the same server, a cell's widget is live and fits the page."""
    lab.write("seven.ipynb", "import warren\nlesson = warren.lesson('01')", "lesson.watch('orders')")
    page.goto(lab.address.replace("/lab?", "/notebooks/seven.ipynb?"))
    cells = page.locator(".jp-CodeCell")
    expect(cells).to_have_count(2, timeout=PATIENCE)
    lab.connected(page, "seven.ipynb")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(f"{SCOPE} header")).to_have_attribute("data-state", "live", timeout=PATIENCE)
    expect(page.locator(f"{SCOPE} .sentence")).to_contain_text("orders: not declared yet")
    page.locator(SCOPE).screenshot(path=artifacts / "notebook-7.png")
    assert page.locator(SCOPE).evaluate("whole => whole.scrollWidth <= whole.clientWidth")
