"""A lab that is called in a way it is not meant to be: what it says, and that nothing else happens."""

from __future__ import annotations

import sys
from collections.abc import Callable

import cloudpickle
import pika
import pytest
from learners import Leash

from warren import course
from warren.brokers.broker import Broker
from warren.checks.lab_session import Lab
from warren.checks.probe import Probe

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # as the functions of a notebook: whole, not by name


@pytest.fixture
def lab(open_lab: Callable[[str], Lab]) -> Lab:
    return open_lab("02")


def send_photos(url, photos):  # type: ignore[no-untyped-def]  # what a learner writes
    """Without a durable queue and persistent messages: not done, if it is checked."""


def some_photos(url, photos):  # type: ignore[no-untyped-def]
    """By a name that no exercise has."""


def test_a_check_without_its_number_shows_the_call(lab: Lab) -> None:
    """`lab.check(send_photos)` is told the call for that function, and the calls of all exercises for any other."""
    known, other = lab.check(send_photos), lab.check(some_photos)
    assert known.state == other.state == "not yet"
    assert known.because == "the exercise's number comes first: `lab.check(3, send_photos)`"
    assert "`lab.check(1, resize_photos)` · `lab.check(2, resize_carefully)`" in other.because


def test_reset_with_a_number_resets_nothing(lab: Lab) -> None:
    """A lab is reset whole: `lab.reset(1)` says so, and what is in the vhost stays."""
    with pika.BlockingConnection(pika.URLParameters(lab.url)) as connection:
        connection.channel().queue_declare("mine", durable=True)
    assert repr(lab.reset(1)).startswith("Nothing was reset: `lab.reset()`, without a number")
    assert [row["name"] for row in lab.management.queue_totals(lab.vhost)] == ["mine"]


def test_a_function_that_restarts_the_broker_is_not_run(lab: Lab) -> None:
    """Through the lab or by the broker itself: the function is told that the check does the restart."""
    broker: Broker = lab.broker

    def through_the_lab(url: str, photos: list[str]) -> None:
        lab.broker.restart()

    def by_itself(url: str, photos: list[str]) -> None:
        broker.restart()

    for function in (through_the_lab, by_itself):
        result = lab.check(3, function)
        assert result.state == "wrong"
        assert "stays in the notebook: use what the function is given" in result.because
        assert "the check itself restarts it" in result.because


def test_a_connection_of_the_check_that_is_lost_is_nobodys_mistake(leash: Leash) -> None:
    """Also when the check notices it at its own connection first, it finds out that the broker is gone."""
    with Lab(leash.broker, course.lab("02")) as lab:
        probe = Probe(lab)
        leash.let_go()
        with pytest.raises(pika.exceptions.AMQPError):
            probe.ready("photos")
        assert "the broker went away during the check" in (probe.trouble() or "")
        probe.close()
