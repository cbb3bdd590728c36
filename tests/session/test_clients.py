"""The five clients of lesson 07, each doing the job that the lesson compares."""

from __future__ import annotations

from pathlib import Path

import pytest

from warren.clients import Client, bars
from warren.clients.measuring import MODULES, address, opened
from warren.session import Session

BODIES = [f"message {number}".encode() for number in range(1, 11)]


@pytest.mark.parametrize("name", MODULES)
def test_each_client_sends_and_works_off(session: Session, name: str) -> None:
    """Ten messages arrive in their order, each once, and but for a stream's none is left."""
    client, at, taken = Client(name), address(session, session.url), []

    def do(body: bytes) -> bool:
        taken.append(body[-len(b"message 10") :])
        return not body.endswith(BODIES[-1])

    with opened(session.url) as channel:
        client.declare(channel, "jobs")
        client.module.send(at, "jobs", BODIES)
        client.module.work(at, "jobs", do)
        assert [body.rpartition(b"message")[2] for body in taken] == [one.rpartition(b"message")[2] for one in BODIES]
        if name != "rstream":
            assert channel.queue_declare("jobs", passive=True).method.message_count == 0


@pytest.mark.parametrize("name", MODULES)
def test_no_client_loses_a_message_for_nobody(session: Session, name: str) -> None:
    """A message for a queue that is not there is an error of each client's own."""
    with pytest.raises(Exception) as raised:
        Client(name).module.send(address(session, session.url), "nowhere", BODIES)
    assert raised.type.__module__.split(".")[0] in ("pika", "aiormq", "amqp", "rabbitmq_amqp_python_client", "rstream")


def test_lines_are_those_of_the_job() -> None:
    """Imports, docstring and empty lines are not counted: two functions of pika are fifteen lines."""
    source = Path(Client("pika").module.__file__ or "").read_text(encoding="utf-8")
    lines = source.splitlines()
    code = [line for line in lines if line.strip() and not line.startswith(("from", "import", '"""'))]
    assert Client("pika").lines == len(code)


def test_a_comparison_can_be_read_aloud() -> None:
    """The figure's text form names who is compared."""
    assert repr(bars({"speed": {"pika": 1.0, "kombu": 0.5}}, "times", log=True)) == "Picture of pika, kombu"
