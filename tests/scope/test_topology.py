"""What a scope draws around the queues is what the broker has: exchanges, bindings, publishers, consumers, alarms."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from warren.brokers.broker import Broker
from warren.management import Management
from warren.scope import Scope
from warren.workers import Crew

Watch = Callable[..., Scope]
Until = Callable[..., Any]
Connect = Callable[[str], BlockingChannel]


@pytest.fixture
def management(broker: Broker) -> Iterator[Management]:
    management = broker.management()
    yield management
    management.close()


@pytest.fixture
def look(watch: Watch) -> Callable[..., Scope]:
    """A scope that somebody looks at."""

    def look(*queues: str, **on: Broker) -> Scope:
        scope = watch(*queues, **on)
        scope._repr_mimebundle_()
        return scope

    return look


def seen(scope: Scope, part: str) -> list[dict[str, Any]]:
    return list(scope.recording.newest("topology").get("", {}).get(part, []))


def head(scope: Scope, queue: str, what: str) -> float | None:
    return scope.recording.newest("head").get(queue, {}).get(what)  # type: ignore[no-any-return]


def shop(channel: BlockingChannel) -> None:
    """A topic exchange with an alternate, two queues, and a parking queue for what one of them rejects."""
    channel.exchange_declare("spare", "fanout")
    channel.exchange_declare("shop", "topic", arguments={"alternate-exchange": "spare"})
    channel.exchange_declare("dead", "direct")
    channel.exchange_declare("nobody's", "headers")
    dead = {"x-dead-letter-exchange": "dead", "x-dead-letter-routing-key": "parked"}
    for queue, arguments in {"orders": dead, "invoices": {}, "parking": {}, "lost": {}}.items():
        channel.queue_declare(queue, durable=True, arguments=arguments)
    channel.queue_bind("orders", "shop", "order.*")
    channel.queue_bind("invoices", "shop", "order.paid")
    channel.queue_bind("parking", "dead", "parked")
    channel.queue_bind("lost", "spare", "")


def edge(source: str, destination: str, key: str, to: str = "queue") -> dict[str, Any]:
    return {"source": source, "destination": destination, "to": to, "key": key, "arguments": {}}


def test_the_topology_is_the_brokers(channel: BlockingChannel, look: Watch) -> None:
    """Exchanges with type and alternate, bindings with keys, dead-letter edges: all there are, at the first look."""
    shop(channel)
    scope = look()
    scope.mark("now")
    assert seen(scope, "exchanges") == [
        {"name": "dead", "type": "direct", "alternate": None},
        {"name": "nobody's", "type": "headers", "alternate": None},
        {"name": "shop", "type": "topic", "alternate": "spare"},
        {"name": "spare", "type": "fanout", "alternate": None},
    ]
    assert sorted(seen(scope, "bindings"), key=str) == sorted(
        [
            edge("shop", "orders", "order.*"),
            edge("shop", "invoices", "order.paid"),
            edge("dead", "parking", "parked"),
            edge("spare", "lost", ""),
        ],
        key=str,
    )
    assert seen(scope, "dead") == [{"queue": "orders", "exchange": "dead", "key": "parked"}]
    assert (seen(scope, "consumers"), seen(scope, "publishers")) == ([], [])


def test_only_what_has_to_do_with_the_queues_watched(channel: BlockingChannel, look: Watch) -> None:
    """With queues named the rest of the vhost is left out; ways through other exchanges belong to them."""
    shop(channel)
    channel.exchange_declare("front", "fanout")
    channel.exchange_bind("shop", "front")
    scope = look("lost")
    scope.mark("now")
    assert [row["name"] for row in seen(scope, "exchanges")] == ["front", "shop", "spare"]
    assert seen(scope, "bindings") == [edge("front", "shop", "", "exchange"), edge("spare", "lost", "")]


def test_the_default_exchange_is_drawn_where_nothing_else_is(channel: BlockingChannel, look: Watch) -> None:
    """A queue without bindings hangs on the default exchange by its own name."""
    channel.queue_declare("tasks", durable=True)
    scope = look("tasks")
    scope.mark("now")
    assert seen(scope, "exchanges") == [{"name": "", "type": "direct", "alternate": None}]
    assert seen(scope, "bindings") == [edge("", "tasks", "tasks")]


def test_policies_count_too(
    channel: BlockingChannel, look: Watch, management: Management, vhost: str, until: Until
) -> None:
    """Dead-letter and alternate exchanges set by a policy are drawn; one that is not there is told as missing."""
    for name, pattern, kind, rule in (
        ("a", "^tasks$", "queues", {"dead-letter-exchange": "nowhere"}),
        ("b", "^shop$", "exchanges", {"alternate-exchange": "spare"}),
    ):
        policy = {"pattern": pattern, "definition": rule, "apply-to": kind}
        management._call("PUT", f"policies/{vhost}/{name}", json=policy)
    channel.exchange_declare("spare", "fanout")
    channel.exchange_declare("shop", "fanout")
    channel.queue_declare("tasks", durable=True)
    channel.queue_bind("tasks", "shop", "")
    scope = look("tasks")
    until(lambda: seen(scope, "dead") == [{"queue": "tasks", "exchange": "nowhere", "key": None}])
    assert {"name": "shop", "type": "fanout", "alternate": "spare"} in seen(scope, "exchanges")
    assert {"name": "nowhere", "type": "missing", "alternate": None} in seen(scope, "exchanges")


def test_what_comes_and_goes_is_drawn(channel: BlockingChannel, look: Watch, until: Until) -> None:
    """Exchanges and bindings made and deleted while somebody looks appear and disappear."""
    channel.queue_declare("tasks", durable=True)
    scope = look("tasks")
    channel.exchange_declare("shop", "fanout")
    channel.queue_bind("tasks", "shop", "")
    until(lambda: seen(scope, "bindings") == [edge("shop", "tasks", "")])
    channel.exchange_delete("shop")
    until(lambda: seen(scope, "bindings") == [edge("", "tasks", "tasks")])


def test_consumers_have_names_and_slots(connect: Connect, look: Watch, until: Until) -> None:
    """Prefetch and unacked messages of each consumer are exact; a cancelled one stays for a moment, told as such."""
    channel, worker = connect("shop"), connect("worker 1")
    channel.queue_declare("tasks", durable=True)
    for number in range(10):
        channel.basic_publish("", "tasks", str(number).encode())
    scope = look("tasks")
    worker.basic_qos(prefetch_count=7)
    tag = worker.basic_consume("tasks", lambda *_: None)
    until(lambda: seen(scope, "consumers"))
    one = seen(scope, "consumers")[0]
    assert {name: one[name] for name in ("queue", "name", "prefetch", "acks", "active", "gone", "since")} == {
        "queue": "tasks", "name": "worker 1", "prefetch": 7, "acks": True, "active": True, "gone": None, "since": None,
    }  # fmt: skip
    until(lambda: scope.recording.newest("flows").get(f"consumer:{one['id']}", {}).get("unacked") == 7)
    worker.basic_cancel(tag)
    until(lambda: [gone["gone"] for gone in seen(scope, "consumers")] == ["cancelled"])
    until(lambda: not seen(scope, "consumers"))


def test_workers_bear_their_names_to_the_end(
    broker: Broker, vhost: str, channel: BlockingChannel, look: Watch, until: Until
) -> None:
    """Consumers of the kit's workers are called as the workers are, and one that was killed is told as killed."""

    def work(worker: Any) -> None:
        with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
            for _ in connection.channel().consume("tasks", inactivity_timeout=0.05):
                if worker.stopping:
                    break

    channel.queue_declare("tasks", durable=True)
    scope = look("tasks")
    with Crew(work, 2, broker.url_for(vhost, heartbeat=60), scope.log, process=True) as crew:
        until(lambda: sorted(one["name"] for one in seen(scope, "consumers")) == ["worker 1", "worker 2"])
        crew[0].kill()  # type: ignore[attr-defined]
        until(lambda: [one["name"] for one in seen(scope, "consumers") if one["gone"] == "killed"] == ["worker 1"])
    until(lambda: {one["gone"] for one in seen(scope, "consumers")} <= {"killed", "cancelled"})
    until(lambda: [mark.label for mark in scope.recording.marks()] == ["consumer gone"])


def test_lines_say_which_queue_they_are_about(connect: Connect, look: Watch, until: Until) -> None:
    """What a consumer of one queue did is that queue's; of one that reads from two, or that publishes, it is open."""
    packer, both = connect("packer"), connect("both")
    for name in ("tasks", "invoices"):
        packer.queue_declare(name, durable=True)
        both.basic_consume(name, lambda *_: None)
    packer.basic_consume("tasks", lambda *_: None)
    scope = look("tasks", "invoices")
    until(lambda: len(seen(scope, "consumers")) == 3)
    for who in ("packer", "both", "stranger"):
        scope.log(who, "acked", "order 1")
    scope.log("packer", "published", "invoice 1")
    scope.log("packer", "confirmed", "invoice 1", "invoices")
    queues = [line[4] for line in scope._view._everything()["lines"]]
    assert queues == ["tasks", "", "", "", "invoices"]
    assert [record["queue"] for record in scope.records() if record["kind"] == "log"] == queues


def test_what_the_broker_does_not_tell_is_not_nought(connect: Connect, look: Watch, until: Until) -> None:
    """The flow out of an exchange whose name no address can hold is not known; one that rests is 0."""
    channel = connect("checkout")
    for source, queue in ((".", "tasks"), ("shop", "invoices")):
        channel.queue_declare(queue, durable=True)
        channel.exchange_declare(source, "fanout", durable=True)
        channel.queue_bind(queue, source, "")
    scope = look()
    until(lambda: scope.recording.newest("flows").get("binding:.|tasks|queue|") == 0)
    channel.basic_publish(".", "", b"1")
    until(lambda: scope._view._everything()["flows"].get("binding:.|tasks|queue|", 0) is None)
    assert scope._view._everything()["flows"]["binding:shop|invoices|queue|"] == 0


def test_who_left_keeps_its_name(connect: Connect, look: Watch, until: Until) -> None:
    """A connection that published and consumed is called the same when it is gone, until it is forgotten."""
    channel = connect("clerk")
    channel.queue_declare("tasks", durable=True)
    scope = look("tasks")
    channel.basic_consume("tasks", lambda *_: None)
    channel.basic_publish("", "tasks", b"1")
    until(lambda: seen(scope, "publishers") and seen(scope, "consumers"))
    channel.connection.close()
    names = set()
    until(lambda: names.update(one["name"] for one in seen(scope, "publishers")) or not seen(scope, "publishers"))
    assert names == {"clerk"}


def test_a_flow_comes_to_rest(connect: Connect, look: Watch, until: Until) -> None:
    """After a burst every flow goes back to 0, also the one to a queue that was bound between two bursts."""
    channel = connect("shop")
    channel.exchange_declare("cancelled", "fanout", durable=True)
    scope = look()
    for queue in ("refunds", "reports"):
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "cancelled", "")
        for _ in range(10):
            channel.basic_publish("cancelled", "", b"order")
        until(lambda at=queue: scope.recording.newest("flows").get(f"binding:cancelled|{at}|queue|"))
    until(lambda: not any(rate for name, rate in scope.recording.newest("flows").items() if "cancelled" in name))


def test_of_every_queue_the_gone_ones_leave_the_picture(
    connect: Connect, look: Watch, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scope of all queues draws one that was deleted for a few seconds more; a scope that names it goes on."""
    monkeypatch.setattr("warren.scope.sampler.GONE_KEPT", 1.0)
    channel = connect("shop")
    for queue in ("reply", "tasks"):
        channel.queue_declare(queue, durable=True)
    every, named = look(), look("reply", "tasks")
    both = [edge("", "reply", "reply"), edge("", "tasks", "tasks")]
    until(lambda: seen(every, "bindings") == seen(named, "bindings") == both)
    channel.queue_delete("reply")
    until(lambda: every._sampler._there(every.queues) == ["tasks"])
    assert list(named._sampler._there(named.queues)) == ["reply", "tasks"]
    until(lambda: seen(every, "bindings") == both[1:])


def test_a_crew_that_leaves_work_behind_is_one_mark(broker: Broker, vhost: str, watch: Watch, until: Until) -> None:
    """Consumers that go together are marked together, also while nobody looks; those that held nothing are not."""
    connection = pika.BlockingConnection(pika.URLParameters(broker.url_for(vhost)))
    channel = connection.channel()
    channel.queue_declare("tasks", durable=True)
    scope = watch("tasks")
    for _ in range(3):
        channel.basic_consume("tasks", lambda *_: None)
    for number in range(3):
        channel.basic_publish("", "tasks", str(number).encode())
    scope.mark("three")
    until(lambda: scope.recording.now("tasks").unacked == 3)
    connection.close()
    until(lambda: [mark.label for mark in scope.recording.marks()] == ["three", "3 consumers gone"])
    with pika.BlockingConnection(pika.URLParameters(broker.url_for(vhost))) as orderly:
        orderly.channel().basic_consume("tasks", lambda *_: None, auto_ack=True)
        until(lambda: scope.recording.now("tasks")[1:] == (0, 0, 0, 1))
    until(lambda: scope.recording.now("tasks").consumers == 0)
    scope.mark("quiet")
    assert [mark.label for mark in scope.recording.marks()] == ["three", "3 consumers gone", "quiet"]


def test_fetched_messages_are_no_consumers(channel: BlockingChannel, watch: Watch) -> None:
    """A passive declare of a quorum queue counts each fetched unacked message as a consumer; the scope does not."""
    channel.queue_declare("tasks", durable=True, arguments={"x-queue-type": "quorum"})
    for number in range(3):
        channel.basic_publish("", "tasks", str(number).encode())
    scope = watch("tasks")
    for _ in range(3):
        channel.basic_get("tasks")
    assert channel.queue_declare("tasks", passive=True).method.consumer_count == 3
    assert scope.facts() == "tasks: peak 3 ready, 3 unacked; now 3 unacked"
    assert {reading.consumers for reading in scope.recording.readings("tasks")} == {0}


def test_flow_is_told_for_each_edge(connect: Connect, look: Watch, until: Until) -> None:
    """What is published to an exchange, reaches each queue, and goes astray to the alternate, by measured rates."""
    channel = connect("checkout")
    shop(channel)
    scope = look()

    def moving() -> dict[str, Any]:
        for key in ("order.new", "order.paid", "elsewhere"):
            channel.basic_publish("shop", key, b"")
        channel.basic_publish("", "orders", b"")
        flows = scope.recording.newest("flows")
        return flows if flows.get("alternate:shop") and flows.get("binding:|orders|queue|orders") else {}

    flows = until(moving)
    assert flows["alternate:shop"] == flows["exchange:spare"] == flows["binding:spare|lost|queue|"]
    assert flows["binding:shop|orders|queue|order.*"] > flows["binding:shop|invoices|queue|order.paid"] > 0
    assert flows["exchange:shop"] > flows["exchange:"] > 0
    assert flows["binding:dead|parking|queue|parked"] == flows["dead:orders"] == 0
    assert sorted((one["name"], one["exchange"]) for one in seen(scope, "publishers")) == [
        ("checkout", ""), ("checkout", "shop"),
    ]  # fmt: skip
    channel.connection.close()
    until(lambda: all(one["gone"] for one in seen(scope, "publishers")))
    until(lambda: not seen(scope, "publishers"))


def test_dead_letters_are_counted(channel: BlockingChannel, look: Watch, until: Until) -> None:
    """What a queue rejected is counted exactly, from the queue that parks it."""
    shop(channel)
    scope = look()
    for number in range(20):
        channel.basic_publish("", "orders", str(number).encode())
    for _ in range(20):
        method = channel.basic_get("orders")[0]
        if method.delivery_tag % 3:
            channel.basic_ack(method.delivery_tag)
        else:
            channel.basic_reject(method.delivery_tag, requeue=False)
    until(lambda: head(scope, "orders", "dead") == 6)
    until(lambda: scope.recording.newest("flows").get("dead:orders") == 0)
    assert head(scope, "orders", "dead") == 6


def test_the_age_of_the_oldest_message(channel: BlockingChannel, look: Watch, until: Until) -> None:
    """A queue that was seen empty and filled since has a head as old as its filling; an empty one has none."""
    channel.queue_declare("tasks", durable=True)
    channel.queue_declare("before", durable=True)
    channel.basic_publish("", "before", b"came unseen")
    scope = look("tasks", "before")
    scope.mark("empty")
    channel.basic_publish("", "tasks", b"1")
    filled = scope.recording.elapsed()
    scope.mark("filled")
    age = until(lambda: head(scope, "tasks", "age"))
    assert 0 < age <= scope.recording.elapsed() - filled + 0.5
    assert head(scope, "before", "age") is None
    channel.queue_purge("tasks")
    until(lambda: head(scope, "tasks", "age") == 0)


def test_alarms_are_told(broker: Broker, connect: Connect, look: Watch, until: Until) -> None:
    """A memory alarm and the connection it blocks are in what the page gets while they last, and marked once each."""
    if not broker.own:
        pytest.skip("only a broker of our own may be alarmed")
    plain = connect("checkout").connection.channel()
    plain.queue_declare("tasks", durable=True)
    scope = look("tasks")
    until(lambda: scope.recording.newest("alarms") == {"": []})
    broker.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        until(lambda: scope.recording.newest("alarms") == {"": ["memory"]})
        plain.basic_publish("", "tasks", b"")  # waits for nothing, and so does not hang
        until(lambda: told(scope) == (["memory"], ["checkout"]))
    finally:
        broker.ctl("set_vm_memory_high_watermark", "0.6")
    until(lambda: told(scope) == ([], []))
    labels = [mark.label for mark in scope.recording.marks()]
    assert sorted(labels) == ["checkout blocked", "memory alarm", "memory alarm over"]


def told(scope: Scope) -> tuple[list[str], list[str]]:
    """The alarms and the blocked connections that a page would hear of now."""
    message = scope._view._everything()
    return message["alarms"], message["blocked"]


def test_nobody_looks_nothing_is_asked(channel: BlockingChannel, watch: Watch, until: Until) -> None:
    """The topology is asked for from the moment a scope is shown, and seldom while the page is out of sight."""
    channel.queue_declare("tasks", durable=True)
    scope = watch("tasks")
    scope.mark("unseen")
    assert not scope.recording.newest("topology")
    scope._repr_mimebundle_()
    until(lambda: scope.recording.newest("topology"))
    scope._view._asked(scope._view, {"seen": False}, None)
    until(lambda: not scope._sampler.explorer._todo)
    channel.exchange_declare("shop", "fanout")
    channel.queue_bind("tasks", "shop", "")
    time.sleep(1.5)  # nothing to poll for: it must not happen
    assert seen(scope, "bindings") == [edge("", "tasks", "tasks")]
    scope._view._asked(scope._view, {"seen": True}, None)
    until(lambda: seen(scope, "bindings") == [edge("shop", "tasks", "")])


def test_a_broker_that_counts_less(connect: Connect, look: Watch, until: Until) -> None:
    """Where the broker does not count by exchange and queue, what only one exchange can have done is still told."""
    channel = connect("checkout")
    shop(channel)
    scope = look()
    scope._sampler.explorer._by_queue = False

    def moving() -> dict[str, Any]:
        channel.basic_publish("shop", "order.new", b"")
        flows = scope.recording.newest("flows")
        return flows if flows.get("binding:shop|orders|queue|order.*") else {}

    flows = until(moving)
    assert flows["exchange:shop"] > 0
    assert [(one["name"], one["exchange"]) for one in seen(scope, "publishers")] == [("checkout", "shop")]
    channel.basic_publish("", "lost", b"")
    until(lambda: [one["exchange"] for one in seen(scope, "publishers")] == [None])
    assert {"", "shop"} <= {row["name"] for row in seen(scope, "exchanges")}


def test_says_why_there_is_no_topology(broker: Broker, channel: BlockingChannel, look: Watch) -> None:
    """Without the HTTP API the page is told why it draws no topology, and depths go on."""
    channel.queue_declare("tasks", durable=True)
    scope = look("tasks", on=dataclasses.replace(broker, management_url=None))
    channel.basic_publish("", "tasks", b"")
    assert "now 1 ready" in scope.facts()
    message = scope._view._everything()
    assert message["unseen"] == "this broker's HTTP API is not known here"
    assert "topology" not in message
