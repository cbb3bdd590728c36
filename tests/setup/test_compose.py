"""docker-compose.yml for real, where a Docker daemon and compose answer."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from checkout import ROOT

from warren.brokers import docker
from warren.management import Management

# Ports of the daemon's choice, so that a RabbitMQ on the usual ones does not matter; still loopback.
OVERRIDE = """
services:
  broker:
    ports: !override ["127.0.0.1::5672", "127.0.0.1::15672", "127.0.0.1::5552"]
"""


def answers(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Compose:
    """This checkout's compose project under a name of its own."""

    def __init__(self, folder: Path) -> None:
        (folder / "override.yml").write_text(OVERRIDE)
        files = ["-f", str(ROOT / "docker-compose.yml"), "-f", str(folder / "override.yml")]
        self._command = ["docker", "compose", "-p", f"warren-test-{os.getpid()}", *files]

    def __call__(self, *arguments: str) -> str:
        environment = {
            name: value for name, value in os.environ.items() if name not in ("WARREN_USER", "WARREN_PASSWORD")
        }
        done = subprocess.run([*self._command, *arguments], capture_output=True, encoding="utf-8", env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def port(self, inside: int) -> int:
        address, port = self("port", "broker", str(inside)).rsplit(":", 1)
        assert address == "127.0.0.1"
        return int(port)


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """The broker service, up and healthy; nothing of it is left afterwards."""
    if not answers("docker", "info"):
        pytest.skip("no Docker daemon answers")
    if not answers("docker", "compose", "version"):
        pytest.skip("there is no docker compose")
    image = os.environ.get("WARREN_IMAGE") or docker.IMAGE
    if not answers("docker", "image", "inspect", image) and not answers("docker", "pull", image):
        pytest.skip(f"{image} is not here and cannot be pulled")
    compose = Compose(tmp_path_factory.mktemp("compose"))
    try:
        compose("up", "-d", "--wait", "broker")
        yield compose
    finally:
        compose("down", "--volumes", "--timeout", "10")


def connection(compose: Compose) -> pika.BlockingConnection:
    return pika.BlockingConnection(pika.URLParameters(f"amqp://warren:burrow@127.0.0.1:{compose.port(5672)}/"))


def test_healthy_is_ready(compose: Compose) -> None:
    """Once compose calls the broker healthy, README's URL opens a connection, and the HTTP API calls it ready."""
    with connection(compose) as opened:
        assert opened.is_open
    api = Management(f"http://127.0.0.1:{compose.port(15672)}", "warren", "burrow")
    assert api.ready()
    api.close()


def test_configured_as_every_broker_of_ours(compose: Compose) -> None:
    """The mounted files are in force: both configuration formats, the plugins, and where stream clients are sent."""
    said = json.loads(compose("exec", "-T", "broker", "rabbitmqctl", "-q", "environment", "--formatter", "json"))
    assert said["rabbit"]["collect_statistics_interval"] == 500
    assert said["rabbit"]["quorum_tick_interval"] == 500
    assert said["rabbitmq_stream"]["advertised_port"] == 5552


def test_refuses_what_the_course_says_is_refused(compose: Compose) -> None:
    """A queue that is neither durable nor exclusive is refused, as by the private node."""
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker) as refused, connection(compose) as opened:
        opened.channel().queue_declare("short-lived")
    assert refused.value.reply_code == 541


def test_guest_is_nobody(compose: Compose) -> None:
    """The broker does not know the user everybody knows."""
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@127.0.0.1:{compose.port(5672)}/"))


def test_the_lab_image_builds(compose: Compose) -> None:
    """The lab service's image is built from the lock, and JupyterLab and the course are in it."""
    base = (ROOT / "Dockerfile").read_text(encoding="utf-8").partition("FROM ")[2].split()[0]
    if not answers("docker", "image", "inspect", base) and not answers("docker", "pull", base):
        pytest.skip(f"{base} is not here and cannot be pulled")
    compose("build", "lab")
    said = compose("run", "--rm", "--no-deps", "-T", "lab", ".venv/bin/warren", "--help")
    assert "JupyterLab" in said
