"""The long form before a release (`make thorough`): the whole course on each broker, in more than one order."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from warren import course

PRIVATE_4_3, PRIVATE_4_0, CONTAINER = "private node 4.3", "private node 4.0", "container 4.3"
BROKERS: dict[str, tuple[list[str], dict[str, str]]] = {  # arguments of `warren up`, environment
    PRIVATE_4_3: ([], {}),
    PRIVATE_4_0: (["--with", "debian"], {"WARREN_DEBIAN_RELEASE": "trixie"}),
    CONTAINER: (["--with", "docker"], {}),
}
STRICT = ["-n0"]
LAX = ["-o", "addopts=", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=60"]  # runs, compares no output


@pytest.fixture(scope="module", params=BROKERS)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """One broker after the other, each in a state folder of its own. One that cannot be had here is skipped."""
    if not request.config.getoption("--thorough"):
        pytest.skip("long: only with --thorough")
    arguments, more = BROKERS[request.param]
    state = tmp_path_factory.mktemp("thorough")
    environment = {**os.environ, **more, "WARREN_STATE": str(state)}
    warren = [sys.executable, "-m", "warren.cli"]
    started = subprocess.run([*warren, "up", *arguments], env=environment, capture_output=True, text=True, check=False)
    if started.returncode:
        pytest.skip(started.stderr.strip())
    assert f"RabbitMQ {request.param[-3:]}." in started.stdout
    yield request.param, state
    subprocess.run([*warren, "down"], env=environment, check=True)


def notebooks() -> list[str]:
    lessons = course.lessons()
    paths = [lesson.notebook for lesson in lessons] + [lesson.solution_notebook for lesson in lessons if lesson.lab]
    return [str(path) for path in paths]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("order", ["in order", "once more", "in reverse"])
def test_the_course_runs(running: tuple[str, Path], order: str) -> None:
    """Every lesson and solution, whatever ran on this broker before: twice in a row, then in reverse.

    4.0 has cells that say they need 4.3, so there only exceptions count, not outputs.
    """
    name, state = running
    chosen = notebooks()[::-1] if order == "in reverse" else notebooks()
    how = LAX if name == PRIVATE_4_0 else STRICT
    command = [sys.executable, "-m", "pytest", "-q", *how, "--warren-state", str(state), *chosen]
    done = subprocess.run(command, cwd=course.root(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
