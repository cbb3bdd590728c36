"""A notebook in JupyterLab as somebody sees it who sits before the screen."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

from normal_form import normalise, read, text

PATIENCE = 90_000  # milliseconds for a notebook of at most 12 s, a kernel's start and a slow machine
ERRORS = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
STDERRS = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
SCOPE = ".warren-scope"
# the indicator says "idle" before there is a kernel too, and who runs a cell then is asked to select one
CONNECTED = """async (path) => (await (await fetch("/api/sessions")).json()).some((session) =>
    session.path === path && session.kernel.connections && session.kernel.execution_state === "idle")"""
WATCH_DEPTHS = """() => {
    window.depths = [];
    const look = () => {
        const counts = [...document.querySelectorAll(".warren-scope section.queue .counts b")];
        const depth = counts.reduce((sum, node) => sum + (parseInt(node.textContent.replaceAll(",", "")) || 0), 0);
        if (counts.length && depth !== window.depths.at(-1)) window.depths.push(depth);
    };
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


@dataclass(frozen=True)
class Lab:
    """A running `warren lab`: its address, with the token, and the learner's work folder."""

    address: str
    work: Path

    def write(self, name: str, *sources: str) -> None:
        """A notebook of these code cells, never run."""
        cells = [new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)]
        (self.work / name).write_text(text(normalise(new_notebook(cells=cells))), encoding="utf-8")

    def connected(self, page: Page, path: str) -> None:
        """Wait until the notebook of that path has its kernel."""
        page.wait_for_function(CONNECTED, arg=path, timeout=PATIENCE)


class Notebook:
    """An open notebook."""

    def __init__(self, page: Page, lab: Lab, path: str) -> None:
        """Open the notebook of that path below the work folder, alone on the screen; its kernel is ready then."""
        self.page = page
        page.goto(lab.address.replace("/lab?", f"/lab/workspaces/{Path(path).stem}/tree/{path}?"))
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        self.cells = self.panel.locator(".jp-CodeCell")
        self.count = sum(cell.cell_type == "code" for cell in read(lab.work / path).cells)
        expect(self.cells).to_have_count(self.count, timeout=PATIENCE)
        lab.connected(page, path)
        expect(self.panel.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")).to_be_visible(
            timeout=PATIENCE
        )

    def menu(self, *names: str) -> None:
        """Choose an entry of the menu bar, e.g. `menu("Run", "Run All Cells")`."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=names[0]).first.click()
        for name in names[1:]:
            self.page.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True).click()

    def run_all(self) -> None:
        """Forget the outputs that came with the notebook, run all cells, and wait for the last one to be done."""
        self.menu("Edit", "Clear Outputs of All Cells")
        expect(self.cells.last.locator(".jp-InputPrompt")).to_have_text("[ ]:")
        self.menu("Run", "Run All Cells")
        self.done(self.count - 1)

    def run(self, number: int) -> None:
        """Run one code cell, counted from 0, and wait for it to be done."""
        self.begin(number)
        self.done(number)

    def begin(self, number: int) -> None:
        """Run one code cell. JupyterLab just opened takes no notice of keys for a moment: press until it does."""
        code = self.cells.nth(number).locator(".cm-content")
        prompt = self.cells.nth(number).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        for patience in (2000, 5000, PATIENCE):
            code.click()
            expect(code).to_be_focused()
            expect(self.cells.nth(number)).to_have_class(re.compile("jp-mod-active"))
            self.page.keyboard.press("Control+Enter")
            with contextlib.suppress(AssertionError):
                return expect(prompt).not_to_have_text(before, timeout=patience)
        raise AssertionError(f"cell {number} does not run: {self.page.locator('.jp-Dialog').all_inner_texts()}")

    def save(self) -> None:
        with self.page.expect_response(lambda got: got.request.method == "PUT" and "/api/contents/" in got.url):
            self.menu("File", "Save Notebook")

    def done(self, number: int) -> None:
        expect(self.cells.nth(number).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]"), timeout=PATIENCE)

    def said(self, number: int) -> str:
        """The text output of one code cell."""
        return self.cells.nth(number).locator(".jp-OutputArea").inner_text().strip()

    def errors(self) -> list[str]:
        """The text of every error and every line on stderr that the notebook shows."""
        return self.panel.locator(ERRORS).all_inner_texts() + self.panel.locator(STDERRS).all_inner_texts()

    def watch_depths(self) -> None:
        """From now on remember each depth, ready and unacked of all queues, that a widget shows."""
        self.page.evaluate(WATCH_DEPTHS)

    def depths(self) -> list[int]:
        seen: list[int] = self.page.evaluate("window.depths")
        return seen

    @contextlib.contextmanager
    def dark(self) -> Iterator[None]:
        """JupyterLab in its dark theme, which it would keep for the tests that follow."""
        self._theme("JupyterLab Dark", light=False)
        yield
        self._theme("JupyterLab Light", light=True)

    def _theme(self, name: str, *, light: bool) -> None:
        self.menu("Settings", "Theme", name)
        themed = self.page.locator(f"body[data-jp-theme-light='{str(light).lower()}']")
        expect(themed).to_be_attached(timeout=PATIENCE)
