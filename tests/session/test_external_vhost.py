"""On somebody else's broker: which vhost is used, and what is left alone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pika
import pytest

import warren
from warren.brokers.broker import Broker
from warren.errors import BrokerRefused
from warren.management import Management


@pytest.fixture
def administration(broker: Broker) -> Iterator[Management]:
    client = broker.management()
    yield client
    client.close()


@pytest.fixture(params=["class_7", "class 7/ü"])
def given(request: pytest.FixtureRequest, administration: Management) -> Iterator[str]:
    """A vhost that an instructor made."""
    name = f"{request.param}_{secrets.token_hex(3)}"
    administration.create_vhost(name)
    yield name
    administration.delete_vhost(name)


@pytest.fixture
def participant(request: pytest.FixtureRequest, administration: Management) -> Iterator[str]:
    """A user who may use the HTTP API and make nothing; or, as a `policymaker`, policies."""
    name = f"ada_{secrets.token_hex(3)}"
    tags = getattr(request, "param", "management")
    administration._call("PUT", f"users/{name}", json={"password": "s3cret", "tags": tags})
    yield name
    administration._call("DELETE", f"users/{name}")


def allow(administration: Management, user: str, vhost: str) -> None:
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    administration._call("PUT", f"permissions/{quote(vhost, safe='')}/{user}", json=everything)


def use(monkeypatch: pytest.MonkeyPatch, broker: Broker, folder: Path, user: str = "", vhost: str = "/") -> str:
    """Point WARREN_URL at the broker, as that user, for a learner whose state folder is new."""
    parts = urlsplit(broker.url_for(vhost))
    if user:
        parts = parts._replace(netloc=f"{user}:s3cret@{parts.hostname}:{parts.port}")
    monkeypatch.setenv("WARREN_URL", parts.geturl())
    monkeypatch.setenv("WARREN_MANAGEMENT_URL", broker.management_url or "")
    monkeypatch.setenv("WARREN_STATE", str(folder))
    return parts.geturl()


@pytest.fixture
def url_of_participant(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    broker: Broker,
    administration: Management,
    given: str,
    participant: str,
) -> str:
    """The participant may do everything in the given vhost, and WARREN_URL leads there."""
    allow(administration, participant, given)
    return use(monkeypatch, broker, tmp_path, participant, given)


def fill(url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.exchange_declare("shop", durable=True)
        channel.queue_declare("orders", durable=True)


def holds(administration: Management, vhost: str) -> list[str]:
    queues = [row["name"] for row in administration.queue_totals(vhost)]
    exchanges = [row["name"] for row in administration.exchanges(vhost)]
    return queues + [name for name in exchanges if name and not name.startswith("amq.")]


@pytest.mark.usefixtures("url_of_participant")
def test_the_vhost_of_the_url_is_the_participants_one_vhost(administration: Management, given: str) -> None:
    """A participant without any rights but those on the vhost opens every lesson there, each time empty."""
    first = warren.lesson("01")
    assert first.vhost == given
    fill(first.url)
    second = warren.lesson("02")
    assert second.vhost == given
    assert holds(administration, given) == []
    fill(second.url)
    second.close()
    assert holds(administration, given) == []
    assert given in administration.vhosts()


@pytest.mark.parametrize(
    ("participant", "left"), [("policymaker", []), ("management", ["limit"])], indirect=["participant"]
)
@pytest.mark.usefixtures("url_of_participant")
def test_policies_go_too_where_the_participant_may_make_them(
    administration: Management, given: str, left: list[str]
) -> None:
    """A policy of an earlier lesson is removed; one that only the instructor can make stays, and is no obstacle."""
    limit = {"pattern": ".*", "definition": {"max-length": 5}}
    administration._call("PUT", f"policies/{quote(given, safe='')}/limit", json=limit)
    with warren.lesson("01"):
        assert [policy["name"] for policy in administration.policies(given)] == left


def test_connections_of_earlier_runs_are_closed(
    administration: Management, given: str, url_of_participant: str
) -> None:
    """An exclusive queue of a cell that was never cleaned up does not stand in the way of the next lesson."""
    warren.lesson("01")
    left = pika.BlockingConnection(pika.URLParameters(url_of_participant))
    left.channel().queue_declare("mine", exclusive=True)
    with warren.lesson("01"):
        assert holds(administration, given) == []
        with pytest.raises(pika.exceptions.AMQPError):
            left.channel()


def test_the_first_use_refuses_a_vhost_that_is_not_empty(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broker: Broker, administration: Management, given: str
) -> None:
    """Somebody's queues are not deleted because a URL was mistyped; the sentence names the way to insist."""
    url = use(monkeypatch, broker, tmp_path, vhost=given)
    fill(url)
    for _ in range(2):
        with pytest.raises(
            BrokerRefused, match=r"is not empty \(queues: 1, exchanges: 1\).*WARREN_EMPTY_VHOST=1"
        ) as error:
            warren.lesson("01")
        assert (urlsplit(url).password or "?") not in str(error.value)
    assert holds(administration, given) == ["orders", "shop"]
    monkeypatch.setenv("WARREN_EMPTY_VHOST", "1")
    with warren.lesson("01"):
        assert holds(administration, given) == []
    assert (urlsplit(url).password or "?") not in (tmp_path / "used_vhosts.json").read_text(encoding="utf-8")


def test_an_administrator_without_a_vhost_gets_one_for_each_lesson(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broker: Broker, administration: Management
) -> None:
    """Where the URL names `/`, vhosts of our own are made and removed, and `/` keeps all it holds."""
    existed = "/" in administration.vhosts()
    administration.create_vhost("/")
    try:
        fill(broker.url_for("/"))
        use(monkeypatch, broker, tmp_path)
        with warren.lesson("01") as lesson:
            assert lesson.vhost == "warren_01_hello_queue"
            assert not lesson.broker.own
        assert holds(administration, "/") == ["orders", "shop"]
        assert "warren_01_hello_queue" not in administration.vhosts()
    finally:
        empty(administration) if existed else administration.delete_vhost("/")


def empty(administration: Management) -> None:
    administration.delete_queue("/", "orders")
    administration.delete_exchange("/", "shop")


def test_a_participant_without_a_vhost_is_told_what_to_ask_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broker: Broker, administration: Management, participant: str
) -> None:
    """Who may not make vhosts and names none gets a sentence, and nothing is touched."""
    existed = "/" in administration.vhosts()
    administration.create_vhost("/")
    allow(administration, participant, "/")
    before = administration.vhosts()
    try:
        use(monkeypatch, broker, tmp_path, participant)
        with pytest.raises(BrokerRefused, match="Ask for a vhost and put it at the end of the URL"):
            warren.lesson("01")
        assert administration.vhosts() == before
    finally:
        if not existed:
            administration.delete_vhost("/")


def test_a_limit_of_connections_is_told_as_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broker: Broker, administration: Management, given: str
) -> None:
    """A vhost that is full is not told as one that does not exist; the sentence says what makes room."""
    administration._call("PUT", f"vhost-limits/{quote(given, safe='')}/max-connections", json={"value": 0})
    use(monkeypatch, broker, tmp_path, vhost=given)
    with pytest.raises(BrokerRefused, match="a limit of this vhost or user is reached: restart kernels"):
        warren.lesson("01")


def test_a_shared_broker_is_never_restarted_or_commanded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broker: Broker, given: str
) -> None:
    """What only our own broker may suffer is refused on somebody else's, from a lesson too."""
    use(monkeypatch, broker, tmp_path, vhost=given)
    with warren.lesson("02") as lesson:
        actions: tuple[Any, ...] = (lesson.broker.restart, lesson.broker.stop, lambda: lesson.broker.ctl("status"))
        for action in actions:
            with pytest.raises(BrokerRefused, match="may be shared"):
                action()
