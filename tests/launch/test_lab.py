"""`warren lab` from its first line to Ctrl-C, in a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import socket
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from jupyter_client.blocking import BlockingKernelClient

from warren import brokers
from warren.brokers.broker import Broker

Lab = Callable[..., Any]


class Terminal:
    """`warren lab` in a terminal of its own, without a display."""

    def __init__(self, folder: Path, *options: str, **variables: str) -> None:
        display = {"DISPLAY", "WAYLAND_DISPLAY"}
        environment = {name: value for name, value in os.environ.items() if name not in display}
        environment |= {"WARREN_WORK": str(folder / "work"), "COLUMNS": "200"} | variables
        self._master, terminal = pty.openpty()
        self.process = psutil.Popen(
            [sys.executable, "-m", "warren.cli", "lab", *options],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # else Ctrl-C is a mere character
        )
        os.close(terminal)
        self.text = ""

    def read(self, pattern: str, within: float = 90) -> re.Match[str]:
        """Read until the pattern is on the screen."""
        deadline = time.monotonic() + within
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < deadline, self.text
            if select.select([self._master], [], [], 0.1)[0]:
                self.text += self._more()
        return found

    def _more(self) -> str:
        try:
            return os.read(self._master, 65536).decode(errors="replace")
        except OSError:  # the other side is closed
            pytest.fail(self.text)

    def url(self) -> httpx.URL:
        """The address it prints, with its token."""
        return httpx.URL(self.read(r"JupyterLab: (http\S+)\s")[1])

    def type(self, key: bytes) -> None:
        os.write(self._master, key)

    def end(self) -> None:
        if self.process.is_running():
            self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    started: list[Terminal] = []

    def start(*options: str, **variables: str) -> Terminal:
        started.append(Terminal(tmp_path, *options, **variables))
        return started[-1]

    yield start
    for terminal in started:
        terminal.end()


def api(url: httpx.URL, method: str, path: str, **arguments: Any) -> httpx.Response:
    token = {"Authorization": f"token {url.params['token']}"}
    return httpx.request(method, url.copy_with(path=f"/api/{path}", query=None), headers=token, timeout=30, **arguments)


def start_kernel(url: httpx.URL) -> psutil.Process:
    """A kernel as an open notebook has it; returns its process once it takes cells."""
    before = set(psutil.Process().children(recursive=True))
    answer = api(
        url,
        "POST",
        "sessions",
        json={
            "path": "notebooks/00_start_here.ipynb",
            "name": "00",
            "type": "notebook",
            "kernel": {"name": "python3"},
        },
    )
    assert answer.status_code == 201, answer.text
    new = [one for one in psutil.Process().children(recursive=True) if one not in before]
    kernel = next(one for one in new if "ipykernel_launcher" in environment_of(one))
    client = BlockingKernelClient(connection_file=kernel.cmdline()[kernel.cmdline().index("-f") + 1])
    client.load_connection_file()
    client.start_channels()
    client.kernel_info(reply=True, timeout=60)
    client.stop_channels()
    return kernel


def gone(process: psutil.Process, within: float = 20) -> bool:
    deadline = time.monotonic() + within
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_lab_serves_the_copies_and_ends_with_one_ctrl_c(broker: Broker, lab: Lab, tmp_path: Path) -> None:
    """It prints one URL with a token on loopback, serves the first lesson, and Ctrl-C ends server and kernels."""
    terminal = lab()
    url = terminal.url()
    assert url.host == "127.0.0.1"
    assert url.params["token"]
    assert httpx.get(url.copy_with(path="/api/contents", query=None)).status_code == 403
    first = api(url, "GET", "contents/notebooks/00_start_here.ipynb").json()
    assert first["type"] == "notebook"
    kernel = start_kernel(url)
    assert "--IPKernelApp.extra_extensions=warren.cells" in kernel.cmdline()
    terminal.type(b"\x03")
    terminal.read("JupyterLab has ended")
    assert terminal.process.wait(20) == 0
    assert gone(kernel)
    assert "Traceback" not in terminal.text
    assert brokers.running() is not None  # it ran before, so it stays


def test_a_second_lab_takes_another_port(broker: Broker, lab: Lab) -> None:
    """A busy port is no obstacle."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert lab("--port", str(port)).url().port != port


def test_lab_killed_leaves_no_orphan(lab: Lab, tmp_path: Path) -> None:
    """SIGKILL of `warren lab` takes the kernels and the broker it had started with it."""
    state = tmp_path / "state"
    terminal = lab(WARREN_STATE=str(state))
    url = terminal.url()
    kernel = start_kernel(url)
    ours = [one for one in psutil.process_iter() if str(state) in environment_of(one)]
    assert len(ours) > 2  # the lab, its kernel, the supervisor of the broker and its node
    terminal.process.kill()
    assert gone(kernel)
    assert all(gone(one) for one in ours)


def environment_of(process: psutil.Process) -> str:
    """Its words and all its variables: epmd has no WARREN_STATE, only a HOME or the like in that folder."""
    try:
        return " ".join([*process.cmdline(), *process.environ().values()])
    except psutil.Error:
        return ""


def test_ctrl_c_also_ends_the_broker_that_lab_started(lab: Lab, tmp_path: Path) -> None:
    """Nothing of Warren runs after Ctrl-C if nothing ran before `warren lab`."""
    state = tmp_path / "stäte of mine"
    terminal = lab(WARREN_STATE=str(state))
    terminal.url()
    terminal.type(b"\x03")
    terminal.process.wait(60)
    left = [one for one in psutil.process_iter() if str(state) in environment_of(one)]
    assert all(gone(one) for one in left)


def test_ctrl_c_while_the_broker_boots(lab: Lab, tmp_path: Path) -> None:
    """An impatient Ctrl-C ends it without a traceback and without leaving a node behind."""
    state = tmp_path / "state"
    terminal = lab(WARREN_STATE=str(state))
    terminal.read("Starting RabbitMQ|JupyterLab: ")
    terminal.type(b"\x03")
    terminal.process.wait(60)
    assert "Traceback" not in terminal.text
    left = [one for one in psutil.process_iter() if str(state) in environment_of(one)]
    assert all(gone(one) for one in left)


def test_a_closed_terminal_ends_lab(broker: Broker, lab: Lab) -> None:
    """SIGHUP and SIGTERM end it as cleanly as Ctrl-C."""
    for how in (signal.SIGHUP, signal.SIGTERM):
        terminal = lab()
        kernel = start_kernel(terminal.url())
        terminal.process.send_signal(how)
        assert terminal.process.wait(30) == 0
        assert gone(kernel)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--ip", "192.0.2.1", r"cannot listen on 192\.0\.2\.1.*--ip takes an address of this machine"),
        ("--port", "70000", "less than or equal to 65535|not in the range"),
        ("--port", "0", "greater than or equal to 1|not in the range"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_sentence(
    broker: Broker, lab: Lab, option: str, value: str, told: str
) -> None:
    """`warren lab` ends and says why, instead of printing a URL that nobody listens on."""
    terminal = lab(option, value)
    terminal.read(told)
    assert terminal.process.wait(30) in (1, 2)
    assert "Traceback" not in terminal.text
    assert "JupyterLab: " not in terminal.text


def test_an_unwritable_work_folder_is_one_sentence(lab: Lab, tmp_path: Path) -> None:
    """`warren lab` says which folder and which variable, and exits with 1."""
    (tmp_path / "file").write_text("")
    terminal = lab(WARREN_WORK=str(tmp_path / "file"))
    terminal.read("cannot be written to")
    assert terminal.process.wait(30) == 1
    assert "Traceback" not in terminal.text


def test_the_users_own_settings_are_left_alone(broker: Broker, lab: Lab, tmp_path: Path) -> None:
    """With an empty home folder, `warren lab` and a kernel of it write nothing there."""
    home = tmp_path / "home"
    home.mkdir()
    terminal = lab(HOME=str(home))
    start_kernel(terminal.url())
    terminal.type(b"\x03")
    terminal.process.wait(30)
    assert [path.name for path in home.rglob("*") if "jupyter" in path.name or "ipython" in path.name] == []


def test_lab_says_what_it_kept(broker: Broker, lab: Lab, tmp_path: Path) -> None:
    """A copy that both the learner and the course have changed is named, and stays as it is."""
    copy = tmp_path / "work" / "notebooks" / "01_hello_queue.ipynb"
    copy.parent.mkdir(parents=True)
    copy.write_text("theirs")
    lab().read(r"notebooks/01_hello_queue.ipynb: the course has a newer one; yours, which you have changed, stays")
    assert copy.read_text() == "theirs"
