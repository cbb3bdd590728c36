"""Open labs, checks that wait less, and a broker that can go away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from learners import Leash

from warren import course
from warren.brokers.broker import Broker
from warren.checks.lab_session import Lab
from warren.checks.probe import Probe


@pytest.fixture(scope="module")
def open_lab(broker: Broker) -> Iterator[Callable[[str], Lab]]:
    """Opens the lab of that number, once per module."""
    opened: dict[str, Lab] = {}

    def of(number: str) -> Lab:
        if number not in opened:
            opened[number] = Lab(broker, course.lab(number))
        return opened[number]

    yield of
    for lab in opened.values():
        lab.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks wait less for what does not come: a wrong answer need not cost five seconds here."""
    monkeypatch.setattr(Probe, "patience", 1.5)
    monkeypatch.setattr(Probe, "deadline", 2.5)
    monkeypatch.setattr(Probe, "at_once", 0.6)


@pytest.fixture
def leash(broker: Broker) -> Iterator[Leash]:
    one = Leash(broker)
    yield one
    one.let_go()
