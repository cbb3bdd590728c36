"""What a scope does when the HTTP API answers what nobody expected: it says what it cannot show, and goes on."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from warren.brokers.broker import Broker
from warren.scope import Scope

Until = Callable[..., Any]
Watch = Callable[..., Scope]


class Between(ThreadingHTTPServer):
    """Stands between a scope and the HTTP API; `spoil`, by a part of the address, changes the rows that come back."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), Passed)
        self.behind = httpx.Client(base_url=behind, trust_env=False)
        self.spoil: dict[str, Callable[[Any], Any]] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


class Passed(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Between

    def do_GET(self) -> None:  # http.server's name
        answer = self.server.behind.get(self.path, headers={"authorization": self.headers["authorization"]})
        value = answer.json()
        for part, change in self.server.spoil.items():
            if part in self.path:
                value = change(value)
        body = json.dumps(value).encode()
        self.send_response(answer.status_code)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def between(broker: Broker) -> Iterator[Between]:
    assert broker.management_url
    server = Between(broker.management_url)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
    server.behind.close()


def without(key: str) -> Callable[[Any], Any]:
    return lambda rows: [{name: value for name, value in row.items() if name != key} for row in rows]


def with_(key: str, odd: Any) -> Callable[[Any], Any]:
    return lambda rows: [row | {key: odd} for row in rows]


AROUND = "what is around the queues"


@pytest.mark.parametrize(
    ("part", "change", "what"),
    [
        ("disable_stats", without("name"), "unacked"),
        ("disable_stats", with_("messages_unacknowledged", "many"), "the queues"),
        ("head_message_timestamp", without("name"), "rates"),
        ("/exchanges/", without("type"), AROUND),
        ("/consumers/", with_("prefetch_count", "few"), AROUND),
        ("/nodes", lambda _: 7, AROUND),
    ],
)
def test_a_surprising_answer_costs_one_part_of_the_picture(
    broker: Broker,
    channel: BlockingChannel,
    watch: Watch,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    between: Between,
    part: str,
    change: Callable[[Any], Any],
    what: str,
) -> None:
    """Rows that nobody expects are told as one trouble; the depth stays exact, and all is well after sane answers."""
    monkeypatch.setattr("warren.scope.troubles.LASTING", 1.5)
    channel.queue_declare("tasks", durable=True)
    channel.basic_consume("tasks", lambda *_: None)
    scope = watch("tasks", on=dataclasses.replace(broker, management_url=between.url))
    scope._repr_mimebundle_()
    until(lambda: scope.recording.newest("topology"))
    assert scope.recording.newest("troubles") == {"": []}
    between.spoil[part] = change
    until(lambda: scope.recording.newest("troubles") != {"": []})
    until(lambda: f"cannot show {what} (" in scope.facts())
    assert scope._sampler._thread.is_alive()
    channel.basic_cancel(channel.consumer_tags[0])
    if what != "the queues":
        channel.basic_publish("", "tasks", b"1")
        until(lambda: scope.recording.now("tasks").ready == 1)
    between.spoil.clear()
    until(lambda: scope.recording.newest("troubles") == {"": []})
    assert scope._sampler.state == "live"
    assert "cannot show" not in scope.facts()
