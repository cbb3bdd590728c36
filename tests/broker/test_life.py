"""The supervisor: one broker for all who start it, none left behind by whoever dies, nothing foreign touched."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pika
import psutil
import pytest
from polling import until
from tests.broker.conftest import ours

from warren import brokers
from warren.brokers import configuration, folders, state, supervised
from warren.brokers.state import Process, State
from warren.errors import BrokerUnavailable

pytestmark = pytest.mark.usefixtures("broker")  # where none can be had, none of these can

UP = [sys.executable, "-c", "from warren import brokers; print(brokers.up().url)"]


@pytest.fixture(scope="module")
def own_node(broker) -> State:
    """What is written about this worker's own broker, where it is a node and no container."""
    found = state.read(folders.state())
    if found.kind == "docker":
        pytest.skip("this machine's own broker is a container: see test_docker.py")
    return found


def test_two_starters_at_once_get_one_broker(fresh):
    """Two processes that find no broker at the same moment end up with the same one, booted once."""
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda _: subprocess.run(UP, capture_output=True, text=True), range(2)))
    assert [one.returncode for one in done] == [0, 0], done
    assert done[0].stdout == done[1].stdout
    assert state.read(fresh).generation == 1


def test_starter_killed_during_boot(fresh):
    """The starter dies by SIGKILL in mid-boot: the next one waits for that very boot, and nothing is left over."""
    starter = subprocess.Popen(UP, stdout=subprocess.DEVNULL, start_new_session=True)
    booting = until(lambda: (found := state.read(fresh)) and found.supervisor and found)
    os.killpg(starter.pid, signal.SIGKILL)  # all of its group, as Jupyter interrupts and kills
    starter.wait()
    assert brokers.find().own
    after = state.read(fresh)
    assert (after.supervisor, after.generation) == (booting.supervisor, 1)


def test_supervisor_killed(fresh):
    """The supervisor dies by SIGKILL: node and epmd go by themselves, and the next up works, with the same data."""
    first = brokers.up()
    before = state.read(fresh)
    first.management().create_vhost("kept")
    before.supervisor.signal(signal.SIGKILL)
    if sys.platform.startswith("linux") and before.kind != "docker":  # elsewhere the next up ends them
        until(lambda: not ours(fresh))
    assert brokers.running() is None
    second = brokers.up()
    if second.kind != "docker":
        assert second.url == first.url
        assert "kept" in second.management().vhosts()


def test_goes_with_its_owner(fresh, monkeypatch):
    """A broker whose owner was named ends when that process does, however it ends."""
    owner = subprocess.Popen(["sleep", "1000"])
    monkeypatch.setenv("WARREN_OWNER", str(owner.pid))
    brokers.up()
    owner.kill()
    owner.wait()
    until(lambda: not ours(fresh))
    assert state.read(fresh).phase == "stopped"


def test_goes_when_nobody_uses_it(fresh, monkeypatch):
    """Without a connection or a lesson opened for the idle time, the broker ends; a connection keeps it."""
    monkeypatch.setenv("WARREN_IDLE", "2")
    broker = brokers.up()
    with pika.BlockingConnection(pika.URLParameters(broker.url)):
        opened = time.time()
        until(lambda: state.touched(fresh) > opened + 2.5)  # noted as used again, after the idle time was over
        assert state.read(fresh).phase == "ready"
    until(lambda: not ours(fresh))


def test_goes_with_its_folder(fresh):
    """Whoever deletes the state folder of a running broker leaves no orphan."""
    brokers.up()
    fresh.rename(gone := fresh.with_name("gone"))  # at once: the node writes into it while it is deleted file by file
    shutil.rmtree(gone, ignore_errors=True)
    until(lambda: not ours(fresh))


def test_stale_state_with_a_reused_pid(fresh):
    """A state file whose process ids belong to strangers by now: the strangers live on, and a new broker starts."""
    stranger = subprocess.Popen(["sleep", "1000"])
    long_ago = Process(stranger.pid, psutil.Process(stranger.pid).create_time() - 3600)
    fresh.mkdir()
    ports = configuration.free_ports("amqp", "management", "stream", "prometheus", "dist", "epmd")
    stale = State("debian", "4.3.6", "u", "p", ports, {}, "ready", 3, "", long_ago, (long_ago,))
    state.write(fresh, stale)
    assert brokers.running() is None
    assert not brokers.down()
    assert brokers.up().own
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_port_taken_between_look_and_boot(fresh, monkeypatch):
    """Somebody takes one of our ports just before the boot: another try, on other ports, succeeds."""
    real, calls = configuration.free_ports, []
    with socket.create_server(("127.0.0.1", 0)) as somebody:

        def unlucky(*names: str) -> dict[str, int]:
            calls.append(names)
            ports = real(*names)
            return {**ports, "amqp": somebody.getsockname()[1]} if len(calls) == 1 else ports

        monkeypatch.setattr(configuration, "free_ports", unlucky)
        assert brokers.up().own
    assert len(calls) == 2


def test_spoilt_data(fresh):
    """A data folder that RabbitMQ cannot read any more does not end the course: it boots without it."""
    if brokers.up().kind == "docker":
        pytest.skip("a container's data go with it")
    brokers.down()
    data = next(fresh.glob("node/data-*"))
    for path in data.rglob("*"):
        if path.is_file() and path.name != "made-for":
            path.write_bytes(b"spoilt")
    assert brokers.up().own


def test_boot_failure_says_why(own_node, fresh, tmp_path):
    """A boot that cannot succeed ends in one sentence with RabbitMQ's own reason and the log's path."""
    wrong = tmp_path / "wrong.conf"
    wrong.write_text("no_such_key = 1\n")
    installation = {**own_node.installation, "environment": {"RABBITMQ_CONFIG_FILE": str(wrong)}}
    fresh.mkdir()
    with pytest.raises(BrokerUnavailable, match=r"did not start: .*no_such_key.* Its log: .*node\.log"):
        supervised.start(fresh, own_node.kind, own_node.version, installation)
    assert not state.read(fresh).port_taken  # no other port would help
    assert ours(fresh) == []


def test_apostrophe_in_the_path(own_node, tmp_path):
    """RabbitMQ hangs on an apostrophe in its data's path: said at once, with the cure."""
    folder = tmp_path / "o'brien"
    folder.mkdir()
    with pytest.raises(BrokerUnavailable, match="for the apostrophe in it: set WARREN_STATE"):
        supervised.start(folder, own_node.kind, own_node.version, own_node.installation)


def test_all_ports_taken_says_which(own_node, fresh, monkeypatch):
    """Where no try finds its ports free, the sentence names one."""
    real = configuration.free_ports
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        monkeypatch.setattr(configuration, "free_ports", lambda *names: {**real(*names), "amqp": port})
        fresh.mkdir()
        with pytest.raises(BrokerUnavailable, match=f"another program listens on port {port}"):
            supervised.start(fresh, own_node.kind, own_node.version, own_node.installation)
        assert state.read(fresh).port_taken


def test_supervisor_that_cannot_start(fresh, monkeypatch):
    """A mistake in a setting is said in one sentence at once."""
    monkeypatch.setenv("WARREN_IDLE", "two hours")
    with pytest.raises(BrokerUnavailable, match="could not convert string to float: 'two hours'"):
        brokers.up()


def test_ctrl_c_while_it_boots(fresh):
    """Ctrl-C in the middle of a boot ends the boot as well."""
    starter = subprocess.Popen(UP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: (found := state.read(fresh)) and found.processes)
    starter.send_signal(signal.SIGINT)
    assert starter.wait() != 0
    until(lambda: not ours(fresh))


def test_a_way_that_fails_leaves_the_broker(own_node, monkeypatch):
    """Asking for another kind of broker that cannot be had here leaves the one that runs as it is."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(BrokerUnavailable, match="no Docker daemon answers"):
        brokers.up("docker")
    after = state.read(folders.state())
    assert (after.phase, after.generation, after.processes) == ("ready", own_node.generation, own_node.processes)
    assert brokers.running() is not None


def test_node_that_stands_still(own_node, fresh, monkeypatch):
    """A node that takes connections and answers nothing (here under SIGSTOP) counts as none, without a traceback."""
    brokers.up()
    node = state.read(fresh).processes[0]
    monkeypatch.setattr(supervised, "HUNG", 0.0)
    node.signal(signal.SIGSTOP)
    assert brokers.running() is None
    node.signal(signal.SIGCONT)
    assert brokers.running() is not None


def test_low_file_limit(own_node, fresh, monkeypatch):
    """`ulimit -n` too low for a broker is said at once, with both numbers."""
    monkeypatch.setenv("WARREN_WITH", own_node.kind)
    script = ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", *UP]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode != 0
    assert "may open 100 files and RabbitMQ needs 512" in done.stderr
