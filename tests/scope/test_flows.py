"""The arithmetic of flows, dead letters and ages, on numbers of the tests' own."""

from __future__ import annotations

from typing import Any

import pytest

from warren.scope.dead import DeadLetters
from warren.scope.entries import Reading
from warren.scope.flows import flows, targets
from warren.scope.head import Heads


def exchange(name: str, kind: str = "topic", alternate: str | None = None) -> dict[str, Any]:
    return {"name": name, "type": kind, "alternate": alternate}


def bind(source: str, destination: str, key: str = "", to: str = "queue") -> dict[str, Any]:
    return {"source": source, "destination": destination, "to": to, "key": key, "arguments": {}}


def drawn(exchanges: list[Any], bindings: list[Any], *dead: tuple[str, str, str | None]) -> dict[str, Any]:
    edges = [{"queue": queue, "exchange": to, "key": key} for queue, to, key in dead]
    return {"exchanges": exchanges, "bindings": bindings, "dead": edges}


def queue(messages: int = 0, unacked: int = 0, **counted: int) -> dict[str, Any]:
    return {"messages": messages, "messages_unacknowledged": unacked, "message_stats": counted}


def test_a_message_is_followed_through_exchanges() -> None:
    """The broker counts it for the exchange it was published to; each edge and exchange on its way shows it."""
    picture = drawn(
        [exchange("front", "fanout"), exchange("shop"), exchange("audit", "fanout")],
        [bind("front", "shop", to="exchange"), bind("front", "audit", to="exchange"), bind("shop", "orders", "a.*")],
    )
    assert flows(picture, {"front": 40.0, "shop": 2.0}, {("front", "orders"): 40.0, ("shop", "orders"): 2.0}, {}) == {
        "exchange:front": 40.0,
        "exchange:shop": 42.0,
        "exchange:audit": 0.0,
        "binding:front|shop|exchange|": 40.0,
        "binding:front|audit|exchange|": 0.0,
        "binding:shop|orders|queue|a.*": 42.0,
    }


def test_an_alternate_is_the_way_only_where_no_binding_is() -> None:
    """Flow to a queue bound directly never goes by the alternate exchange."""
    picture = drawn(
        [exchange("shop", alternate="spare"), exchange("spare", "fanout")],
        [bind("shop", "orders", "x"), bind("spare", "orders"), bind("spare", "lost")],
    )
    found = flows(picture, {"shop": 9.0}, {("shop", "orders"): 6.0, ("shop", "lost"): 3.0}, {})
    assert (found["alternate:shop"], found["exchange:spare"]) == (3.0, 3.0)
    assert (found["binding:shop|orders|queue|x"], found["binding:spare|orders|queue|"]) == (6.0, 0.0)


def test_a_circle_of_exchanges_ends() -> None:
    """Exchanges bound to each other, and alternates of each other, are no endless way."""
    picture = drawn(
        [exchange("a", alternate="b"), exchange("b", alternate="a")],
        [bind("a", "b", to="exchange"), bind("b", "a", to="exchange")],
    )
    assert flows(picture, {"a": 1.0}, {("a", "gone"): 1.0}, {})["exchange:a"] == 1.0


def test_what_is_not_known_is_not_nought() -> None:
    """None stands for all that may lead to a queue of unknown sources, 0 for what is known to rest."""
    picture = drawn(
        [exchange("shop", alternate="lost"), exchange("events"), exchange("lost", "fanout"), exchange("quiet")],
        [
            bind("shop", "events", to="exchange"),
            bind("events", "audit"),
            bind("quiet", "rest"),
            bind("lost", "parking"),
        ],
    )
    moving = flows(picture, {"shop": 5.0, "events": None}, {}, {}, {"audit"})
    assert {name for name, rate in moving.items() if rate is None} == {
        "binding:shop|events|exchange|", "binding:events|audit|queue|", "exchange:events",
    }  # fmt: skip
    assert moving["binding:quiet|rest|queue|"] == moving["alternate:shop"] == 0
    assert moving["exchange:shop"] == 5


@pytest.mark.parametrize(
    ("pattern", "key", "reached"),
    [
        ("order.*", "order.paid", True),
        ("order.*", "order", False),
        ("order.#", "order", True),
        ("#", "", True),
        ("#.paid", "order.shop.paid", True),
        ("*.paid", "order.shop.paid", False),
        ("order.paid", "order.paid", True),
    ],
)
def test_topic_keys_of_dead_letters(pattern: str, key: str, reached: bool) -> None:
    """A dead letter's key finds its queues as the topic exchange does."""
    picture = drawn(
        [exchange("dlx")], [bind("dlx", "parking", pattern), bind("dlx", "other", "never")], ("q", "dlx", key)
    )
    assert targets(picture, picture["dead"][0]) == (["parking"] if reached else [])


def test_what_a_parking_queue_holds_was_dead_lettered() -> None:
    """Nobody publishes to it: all it holds and gave away came from the one queue that dead-letters into it."""
    picture = drawn([exchange("dlx", "fanout")], [bind("dlx", "parking")], ("orders", "dlx", None))
    letters = DeadLetters()
    stats = {"orders": queue(publish=100, ack=80, messages=3), "parking": queue(4, ack=1)}
    assert letters.rates(10.0, picture, stats) == {"orders": 0.0}
    stats["parking"] = queue(10, ack=1)
    assert letters.rates(12.0, picture, stats) == {"orders": 3.0}
    assert letters.exact == {"orders": 11}
    assert letters.rates(16.0, picture, stats) == {"orders": 0.0}


def test_dead_letters_going_round() -> None:
    """In a retry circle what was delivered and not acked went to the waiting queue, and what left that came back."""
    picture = drawn([exchange("")], [], ("orders", "", "wait"), ("wait", "", "orders"))
    letters = DeadLetters()

    def after(rounds: int) -> dict[str, Any]:
        given = 10 + rounds  # each round one message is rejected, waits, and is delivered again
        return {"orders": queue(publish=10, deliver=given, ack=9, messages=1, unacked=1), "wait": queue(0)}

    assert letters.rates(0.0, picture, after(0)) == {"orders": 0.0, "wait": 0.0}
    assert letters.rates(2.0, picture, after(4)) == {"orders": 2.0, "wait": 2.0}


def test_requeued_messages_are_no_dead_letters() -> None:
    """A worker that dies and gives ten back is not taken for one that rejects ten."""
    picture = drawn([exchange("dlx", "fanout")], [], ("orders", "dlx", None))
    letters = DeadLetters()
    letters.rates(0.0, picture, {"orders": queue(20, 10, publish=20, deliver=10)})
    assert letters.rates(2.0, picture, {"orders": queue(20, 0, publish=20, deliver=10)}) == {"orders": 0.0}


def test_the_head_of_a_queue_that_is_worked_off() -> None:
    """Of messages that came one a second and leave in that order, the oldest of three came three ago."""
    heads = Heads()
    heads.look("tasks", Reading(0, 0, 0, 0, 0), 0.0)
    for second in range(1, 11):
        reading = Reading(second, min(second, 3), 0, 0, 1)
        heads.look("tasks", reading, float(second))
        held = min(second, 3)
        age = heads.age("tasks", reading, float(second), queue(held, publish=second, ack=second - held))
    assert age == 2.0


def test_a_stamp_is_believed() -> None:
    """Where the broker knows the time stamped on the head, that is its age."""
    import time

    row = queue(1, publish=1) | {"head_message_timestamp": int(time.time()) - 60}
    assert Heads().age("tasks", Reading(0, 1, 0, 0, 0), 1.0, row) == pytest.approx(60, abs=1.5)


def test_priorities_have_no_known_head() -> None:
    """Where messages overtake each other nothing is made up."""
    heads = Heads()
    heads.look("tasks", Reading(0, 0, 0, 0, 0), 0.0)
    row = queue(1, publish=1) | {"arguments": {"x-max-priority": 5}}
    assert heads.age("tasks", Reading(1, 1, 0, 0, 0), 1.0, row) is None
