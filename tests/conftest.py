"""Brokers for tests: one node per xdist worker (the root conftest gives each its own folders), one vhost per test."""

from __future__ import annotations

import dataclasses
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import polling
import pytest

from warren import brokers
from warren.brokers.broker import Broker
from warren.errors import BrokerUnavailable


@pytest.fixture(scope="session")
def broker() -> Broker:
    """This worker's own broker. Without one the test is skipped with the reason; in CI it fails."""
    try:
        return brokers.find()
    except BrokerUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture
def vhost(broker: Broker) -> Iterator[str]:
    """The name of a fresh vhost, gone after the test."""
    name = f"test_{secrets.token_hex(4)}"
    management = broker.management()
    management.create_vhost(name)
    yield name
    management.delete_vhost(name)
    management.close()


@pytest.fixture
def until() -> Callable[..., object]:
    """Polls until a condition holds, and returns its value."""
    return polling.until


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def shared(broker: Broker, vhost: str) -> Iterator[Callable[..., Broker]]:
    """Makes this worker's broker somebody else's, where a user has the test's vhost and these rights in it."""
    management, users = broker.management(), []

    def of(tags: str = "management", **rights: str) -> Broker:
        users.append(f"user_{secrets.token_hex(4)}")
        management._call("PUT", f"users/{users[-1]}", json={"password": "secret", "tags": tags})
        allowed = {"configure": ".*", "write": ".*", "read": ".*"} | rights
        management._call("PUT", f"permissions/{vhost}/{users[-1]}", json=allowed)
        parts = urlsplit(broker.url_for(vhost))
        url = parts._replace(netloc=f"{users[-1]}:secret@{parts.hostname}:{parts.port}").geturl()
        return dataclasses.replace(broker, kind="external", url=url)

    yield of
    for user in users:
        management._call("DELETE", f"users/{user}")
    management.close()
