"""A real JupyterLab (`warren lab`) with copies of the course, and a real Chromium looking at it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from polling import until
from scope_page import opener
from tab import Lab

from warren import course
from warren.brokers.broker import Broker

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADDRESS = re.compile(r"http://\S+:\d+/lab\?token=\w+")
TALL = {"width": 1280, "height": 9000}  # JupyterLab leaves out cells off screen, and the widget pauses there


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium of this machine. Without one the test is skipped; in CI it fails."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if not found:
        _cannot(f"no browser: none of {', '.join(CHROMIUMS)} is on PATH")
    ran = subprocess.run([sys.executable, "-m", "playwright", "--version"], capture_output=True, text=True)
    if ran.returncode:
        _cannot(f"Playwright's driver does not run here: {ran.stderr.strip()}")
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # root has no user namespace to hide in
        browser = playwright.chromium.launch(executable_path=found, args=sandbox)
        yield browser
        browser.close()


def _cannot(reason: str) -> NoReturn:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def lab(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running `warren lab` on this worker's broker, with a work folder of its own."""
    folder = tmp_path_factory.mktemp("lab")
    said = folder / "said.txt"
    environment = {**os.environ, "WARREN_WORK": str(folder / "work")}
    command = [sys.executable, "-m", "warren.cli", "lab", "--no-browser"]
    with said.open("w") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=folder)
    try:
        until(lambda: ADDRESS.search(said.read_text()) or server.poll() is not None, 60)
        address = ADDRESS.search(said.read_text())
        assert address, said.read_text()
        yield Lab(address[0], folder / "work")
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
        server.wait(30)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """One tab, with a place for its pictures that CI keeps."""
    tab = chromium.new_page(viewport=TALL)
    yield tab
    tab.close()


@pytest.fixture
def open_scope(page: Page) -> Callable[..., None]:
    """Puts a widget on an empty page, without a kernel."""
    return opener(page)


@pytest.fixture(scope="session")
def artifacts() -> Path:
    folder = course.root() / "test-artifacts"
    folder.mkdir(exist_ok=True)
    return folder
