"""Where the learner's processes come from on Linux: forks of one server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from warren.workers import call, forkserver

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each process is a new Python")

Until = Callable[[Callable[[], object]], object]

SCRIPT = """
import sys
from warren.workers import call, forkserver
print(call(lambda: 1).value, forkserver.servers_pid(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def somebody() -> Iterator[subprocess.Popen[str]]:
    """A Python of somebody else, who has called a function and now waits."""
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_function_sees_this_process_as_it_is_now(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Environment and working folder are those of the moment of the call, not of the server's start."""
    call(os.getpid)
    monkeypatch.setenv("SHOP", "books")
    monkeypatch.delenv("WARREN_OWNER")
    monkeypatch.chdir(tmp_path)
    seen = call(lambda: (os.environ.get("SHOP"), os.environ.get("WARREN_OWNER"), Path.cwd()))
    assert seen.value == ("books", None, tmp_path)


def test_every_process_draws_its_own_chances() -> None:
    """Forks of one Python do not share its random numbers."""

    def drawn() -> float:
        import random

        return random.random()

    assert call(drawn).value != call(drawn).value


def test_a_killed_server_is_replaced() -> None:
    """A call in the moment it goes has a new Python, and the next one another server."""
    call(os.getpid)
    before = forkserver.servers_pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert [call(lambda: 5).value for _ in range(2)] == [5, 5]
    assert forkserver.servers_pid() != before


@pytest.mark.parametrize("end", ["returns", "killed"])
def test_it_goes_with_its_process(somebody: subprocess.Popen[str], end: str, until: Until) -> None:
    """No server stays behind, however the process ends that started it."""
    assert somebody.stdout is not None
    assert somebody.stdin is not None
    value, server = somebody.stdout.readline().split()
    assert value == "1"
    assert psutil.pid_exists(int(server))
    if end == "returns":
        somebody.stdin.close()
    else:
        somebody.kill()
    until(lambda: not psutil.pid_exists(int(server)))
