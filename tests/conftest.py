"""Brokers for tests: one node per xdist worker (the root conftest gives each its own folders), one vhost per test."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

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
