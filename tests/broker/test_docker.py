"""The Docker way, where a Docker daemon answers: the same broker as a private node, in a container."""

from __future__ import annotations

import os
import signal

import pika
import pytest
from polling import until
from tests.broker.conftest import ours

from warren import brokers
from warren.brokers import docker, state
from warren.errors import BrokerUnavailable


@pytest.fixture
def up(fresh, monkeypatch):
    """A broker in a container of its own."""
    try:
        docker.look()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    return brokers.up("docker")


def test_container(up, fresh):
    """It has our configuration, loopback ports that a restart keeps, its own log and rabbitmqctl; down removes it."""
    before = state.read(fresh)
    container = docker._client().containers.get(before.container)
    bound = {binding["HostIp"] for bindings in container.ports.values() for binding in bindings or ()}
    assert (up.kind, bound) == ("docker", {"127.0.0.1"})
    assert up.at_least("4.3")
    assert up.version == up.management().overview()["rabbitmq_version"]

    connection = pika.BlockingConnection(pika.URLParameters(up.url))
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match="transient_nonexcl_queues"):
        connection.channel().queue_declare("orders")
    assert str(before.ports["stream"]) in up.ctl("eval", "application:get_env(rabbitmq_stream, advertised_port).")
    assert "{basic,[{605,1}]}" in up.ctl("eval", "application:get_env(rabbitmq_management, sample_retention_policies).")

    up.restart()
    after = state.read(fresh)
    assert (after.ports, after.container) == (before.ports, before.container)
    assert brokers.find().url == up.url

    container.kill()  # the supervisor starts it again
    until(lambda: state.read(fresh).generation == 3)
    assert brokers.find().url == up.url

    assert brokers.down()
    assert not _exists(before.container)
    assert ours(fresh) == []


def test_supervisor_killed(up, fresh):
    """A container whose supervisor was killed with SIGKILL is removed by whatever is called next, here down."""
    before = state.read(fresh)
    before.supervisor.signal(signal.SIGKILL)
    until(lambda: not before.supervised)
    assert brokers.running() is None
    brokers.down()
    assert not _exists(before.container)


def test_no_daemon(monkeypatch):
    """Where no Docker daemon answers, the reason is said in one sentence."""
    monkeypatch.setitem(os.environ, "DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(BrokerUnavailable, match=r"no Docker daemon answers \(No such file or directory\)"):
        docker.find()


def test_no_image(up, monkeypatch):
    """An image that cannot be pulled is named."""
    monkeypatch.setenv("WARREN_IMAGE", "127.0.0.1:1/rabbitmq:4.3-management")
    with pytest.raises(BrokerUnavailable, match=r"Docker cannot pull 127\.0\.0\.1:1/rabbitmq"):
        docker.find()


def _exists(container: str) -> bool:
    from docker.errors import NotFound

    try:
        docker._client().containers.get(container)
    except NotFound:
        return False
    return True
