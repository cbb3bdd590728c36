"""A machine that is not as one would like it: one node in the worst of surroundings, and what it makes of each."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from polling import until
from tests.broker.conftest import ours

from warren.brokers import debian, installed, state
from warren.errors import BrokerUnavailable

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534  # the ordinary user of these tests when they run as root
REPORT = (
    "import json; from warren import brokers; b = brokers.find(); print(json.dumps([b.kind, b.version, b.url, "
    "b.management().overview()['rabbitmq_version'], b.ctl('list_vhosts'), brokers.find().url]))"
)


def _python() -> tuple[str, dict[str, str]]:
    """A Python that the ordinary user may run (this one may lie in root's home), and what finds our packages."""
    packages = os.pathsep.join(path for path in sys.path if path)
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        environment = {"PYTHONPATH": packages, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
        command = [*_as_ordinary_user(), python, "-c", "import warren.brokers"]
        if subprocess.run(command, env=environment, capture_output=True, cwd="/").returncode == 0:
            return python, environment
    pytest.skip("no Python here that an ordinary user may run, or the checkout is not theirs to read")


def _as_ordinary_user() -> list[str]:
    shell = ["sh", "-c", 'exec "$@"', "sh"]  # setpriv's own exec still has root's powers, the shell's has not
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *shell] if ROOT else []


def _unresolvable() -> list[str]:
    """Runs a command where the host's name does not resolve."""
    return ["unshare", "--uts", "sh", "-c", 'hostname no-such-host.invalid && exec "$@"', "sh"] if ROOT else []


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder of the ordinary user with a space and a non-ASCII letter in its path."""
    made = Path(tempfile.mkdtemp(prefix="war ren-", suffix="-höhle"))
    if ROOT:
        os.chown(made, NOBODY, NOBODY)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def neighbours(broker: Any) -> Iterator[list[psutil.Popen]]:
    """Somebody else's epmd on 4369, and somebody's program on 5672."""
    node = state.read(Path(os.environ["WARREN_STATE"]))
    path = node.installation.get("path", os.environ["PATH"])
    epmd = shutil.which("epmd", path=path) or str(next(Path(shutil.which("erl", path=path)).parents[1].rglob("epmd")))
    listen = "import socket, time; s = socket.create_server(('127.0.0.1', 5672)); time.sleep(1000)"
    commands = {4369: [epmd, "-port", "4369"], 5672: [sys.executable, "-c", listen]}
    processes = [psutil.Popen(command, env={}) for port, command in commands.items() if not _listens(port)]
    until(lambda: all(_listens(port) for port in commands))
    yield processes  # none for a port that somebody on this machine really has
    for process in processes:
        process.kill()
        process.wait()


def debian_works() -> bool:
    """Whether the way that downloads can be tried here."""
    try:
        debian.look()
    except BrokerUnavailable:
        return False
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def node(broker: Any, folder: Path, neighbours: list[psutil.Popen]) -> Iterator[dict[str, Any]]:
    """What a broker that was started there says of itself."""
    python, environment = _python()
    environment |= {
        "WARREN_STATE": str(folder / "st äte"),
        "WARREN_CACHE": str(folder / "cä 'che' $1"),
        "WARREN_WITH": "debian" if debian_works() else "installed",
        "WARREN_OWNER": str(os.getpid()),
    }  # and no HOME
    command = [*_unresolvable(), *_as_ordinary_user(), python, "-c", REPORT]
    killed = None
    if debian_works():
        killed = _kill_half_way(command, environment, "*/apt/packages/erlang-*")
        assert _kill_half_way(command, environment, "*/unpacking-*/root/usr") >= {"apt", "lock"}
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    if done.returncode and broker.kind == "docker":
        pytest.skip("this machine can run a container only")
    assert done.returncode == 0, done.stderr
    kind, version, url, answered, vhosts, again = json.loads(done.stdout)
    yield {
        "kind": kind,
        "version": version,
        "url": url,
        "answered": answered,
        "vhosts": vhosts,
        "again": again,
        "killed": killed,
    }
    command = [*_as_ordinary_user(), python, "-c", "from warren import brokers; assert brokers.down()"]
    assert subprocess.run(command, env=environment, cwd="/").returncode == 0
    assert ours(folder) == []


def _kill_half_way(command: list[str], environment: dict[str, str], sign: str) -> set[str]:
    """Start the download and SIGKILL all of it once `sign` is in the cache. Returns what it left there."""
    process = subprocess.Popen(command, env=environment, cwd="/", start_new_session=True, stdout=subprocess.DEVNULL)
    cache = Path(environment["WARREN_CACHE"])
    until(lambda: list(cache.glob(sign)), within=120)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return {path.name for path in cache.glob("*/*")}


def test_download_killed_half_way_mends_itself(node, folder):
    """SIGKILL in the middle of a download or of unpacking leaves nothing for good, and the next run completes it."""
    if node["killed"] is None:
        pytest.skip("nothing is downloaded on this machine")
    assert "apt" in node["killed"]
    assert "root" not in node["killed"]
    assert {path.name for path in folder.glob("cä*/*/*")} == {"root", "lock"}  # nor are the packages kept twice


def test_odd_path_and_no_home(node):
    """With odd letters in its folders, no HOME and a host name that does not resolve, the node serves."""
    assert node["answered"] == node["version"]
    assert "/" in node["vhosts"]
    assert node["again"] == node["url"]


@pytest.mark.skipif(not ROOT, reason="these tests run as an ordinary user anyway")
def test_runs_as_the_ordinary_user(node, folder):
    """Started by an ordinary user it needs no root: every process and every file is theirs."""
    assert {process.uids().real for process in ours(folder)} == {NOBODY}
    assert {path.stat().st_uid for path in (folder / "st äte").rglob("*")} == {NOBODY}


def test_neighbours_are_left_alone(node, neighbours):
    """Another RabbitMQ's port and another user's epmd go on, and our node is not in that epmd's book."""
    assert all(process.poll() is None for process in neighbours)
    assert ":5672" not in node["url"]
    with socket.create_connection(("127.0.0.1", 4369)) as epmd:
        epmd.sendall(b"\x00\x01n")  # NAMES_REQ of the epmd protocol
        names = b"".join(iter(lambda: epmd.recv(4096), b""))
    assert b"warren" not in names


def test_an_installed_rabbitmq_is_found(broker, monkeypatch):
    """A rabbitmq-server on PATH is recognised with its version, wherever its scripts lie."""
    node = state.read(Path(os.environ["WARREN_STATE"]))
    if node.kind == "docker":
        pytest.skip("this machine's own broker is a container")
    monkeypatch.setenv("PATH", os.pathsep.join([node.installation["sbin"], node.installation["path"]]))
    version, found = installed.find()
    assert (version, found["sbin"]) == (broker.version, node.installation["sbin"])


def test_a_rabbitmq_without_a_plugin_is_refused(broker, tmp_path, monkeypatch):
    """An installed RabbitMQ that lacks a plugin we need, and would boot without it, is refused with its name."""
    node = state.read(Path(os.environ["WARREN_STATE"]))
    if node.kind == "docker":
        pytest.skip("this machine's own broker is a container")
    (tmp_path / "plugins").mkdir()
    for plugin in Path(node.installation["sbin"]).parent.glob("plugins/*"):
        if not plugin.name.startswith("rabbitmq_management-"):
            (tmp_path / "plugins" / plugin.name).symlink_to(plugin)
    monkeypatch.setattr(installed, "_places", lambda: [tmp_path / "sbin"])
    with pytest.raises(BrokerUnavailable, match=r"lacks the plugin rabbitmq_management$"):
        installed.find()


def test_an_old_rabbitmq_is_refused(tmp_path, monkeypatch):
    """An installed RabbitMQ older than the course needs is named with its version."""
    (tmp_path / "plugins" / "rabbit-3.10.8").mkdir(parents=True)
    monkeypatch.setattr(installed, "_places", lambda: [tmp_path / "sbin"])
    with pytest.raises(BrokerUnavailable, match=r"is 3\.10\.8, and Warren needs 4\.0 or newer"):
        installed.find()
