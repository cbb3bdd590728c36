"""The vocabulary of the labs about exchanges: where messages arrive, on a live broker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pika
import pytest

from warren.checks.lab_session import Lab
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.routes import Trial, arrive, arrived


@pytest.fixture
def probe(open_lab: Callable[[str], Lab]) -> Iterator[Probe]:
    """A check at work in a room where `letters` (direct) leads to a classic queue, a quorum queue and a stream."""
    with contextlib.closing(Probe(open_lab("04"))) as one:
        with one.channel() as channel:
            channel.exchange_declare("letters", "direct", durable=True)
            for kind in ("classic", "quorum", "stream"):
                channel.queue_declare(kind, durable=True, arguments={"x-queue-type": kind})
                channel.queue_bind(kind, "letters", "all")
            channel.queue_bind("quorum", "letters", "quorum")
        yield one


def test_a_trial_is_found_in_each_queue_it_came_to(probe: Probe) -> None:
    """By every binding that fits, once for a queue with two of them; nowhere for a key that nobody is bound for."""
    with probe.channel() as channel:
        channel.exchange_declare("again", "fanout", durable=True)
        channel.exchange_bind("again", "letters", "all")
        channel.queue_bind("quorum", "again")
    trials = [Trial("letters", key, ()) for key in ("all", "quorum", "nobody")]
    assert arrived(probe, trials) == [["classic", "quorum"], ["quorum"], []]


def test_trials_leave_the_queues_as_they_were(probe: Probe) -> None:
    """What a learner's function has left there stays, in its order; the trials do not."""
    for queue in ("classic", "quorum"):
        probe.publish(queue, ["first", "second"])
    arrived(probe, [Trial("letters", "all", ())])
    for queue in ("classic", "quorum"):
        assert [message.body for message in probe.messages(queue)] == ["first", "second"]


def test_a_queue_that_is_somebody_elses_does_not_matter(probe: Probe) -> None:
    """A queue exclusive to another connection, which a slow one may still have, is passed over."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(probe.wire.url))) as other:
        channel = other.channel()
        own = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(own, "letters", "quorum")
        assert arrived(probe, [Trial("letters", "quorum", ())]) == [["quorum"]]


def test_what_is_missing_and_what_is_too_much_are_told(probe: Probe) -> None:
    """The sentence names the key, where the message is and should be, and the bindings that explain it."""
    with pytest.raises(Wrong) as told:
        arrive(probe, [Trial("letters", "quorum", ("classic",))])
    assert "a message with the key `quorum`, sent to the exchange `letters`, arrived in `quorum`" in str(told.value)
    assert "`classic` is bound to `letters` with the key `all`" in str(told.value)
    assert "`quorum` is bound to `letters` with the keys `all` and `quorum`" in str(told.value)
