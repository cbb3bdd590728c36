"""What every test process has before its first test: folders of its own; no test touches the user's broker or work.

nbval's items under `notebooks/` and `solutions/` are no functions and take no fixtures; their kernels inherit this
process's environment, and with it this process's broker.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell
from xdist.scheduler import LoadScopeScheduling

from warren.errors import BrokerUnavailable

# Hundreds of Pythons start in these tests: each module is compiled once, as on a learner's machine, whatever CI says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

JUPYTER = Path(__file__).parent / "tests" / "jupyter"
runpy.run_path(str(JUPYTER / "jupyter_server_config.py"))

FOLDER = pytest.StashKey[Path]()
PROCESSES = 4  # at most: each may have a broker of its own, 160 MB


class ByFileAndLab(LoadScopeScheduling):
    """All cells of a notebook, and all tests of a file, in one worker; but the labs, many tests in one file, apart."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        lab = re.search(r"\[(\d\d)-", test)
        return f"{file}::{lab[1]}" if lab else file


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="also run the long tests before a release")
    parser.addoption(
        "--warren-state", metavar="FOLDER", help="use the broker of this state folder, and leave it running"
    )


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: they wait for brokers and deadlines more than they compute."""
    return min(2 * (os.cpu_count() or 1), PROCESSES)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFileAndLab:
    return ByFileAndLab(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Every xdist worker is its own process and gets its own folders, hence its own node."""
    for name in ("WARREN_URL", "WARREN_MANAGEMENT_URL"):
        os.environ.pop(name, None)
    folder = config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="warren-test-"))
    os.environ["WARREN_WORK"] = str(folder / "work")
    os.environ["WARREN_STATE"] = config.getoption("--warren-state") or str(folder / "state")
    os.environ["JUPYTER_CONFIG_PATH"] = str(JUPYTER)
    os.environ["WARREN_OWNER"] = str(os.getpid())
    os.environ["WARREN_WITH"] = "installed,debian,docker"  # a node of our own tells more than a container


def pytest_unconfigure(config: pytest.Config) -> None:
    if not config.getoption("--warren-state") and Path(os.environ["WARREN_STATE"]).exists():
        from warren import brokers

        brokers.down()
    shutil.rmtree(config.stash[FOLDER], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A notebook's kernel starts in its first cell's set-up: by then the broker answers."""
    if isinstance(item, IPyNbCell) and item.path.parent.name in ("notebooks", "solutions"):
        reason = _no_broker()
        if reason and os.environ.get("CI"):
            pytest.fail(reason)
        if reason:
            pytest.skip(reason)


@cache
def _no_broker() -> str | None:
    """Start this process's broker. Returns why there is none, or None."""
    import matplotlib.font_manager  # noqa: F401  # builds its cache once: a kernel would say so on stderr

    from warren import brokers

    try:
        brokers.find()
    except BrokerUnavailable as error:
        return str(error)
    return None
