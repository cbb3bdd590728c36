"""What a scope does when something it needs is missing, forbidden, slow, or goes away."""

from __future__ import annotations

import dataclasses
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from urllib.parse import urlsplit

import cloudpickle
import httpx
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from polling import until

from warren.brokers.broker import Broker
from warren.errors import BrokerRefused, WarrenError
from warren.scope import Scope

Watch = Callable[..., Scope]


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "warren scope"]


def connections(broker: Broker, vhost: str) -> list[str]:
    """The names that the vhost's connections gave themselves."""
    management = broker.management()
    rows = management.connections(vhost)
    management.close()
    return [row["client_properties"].get("connection_name", "") for row in rows]


@pytest.fixture
def unprivileged(shared: Callable[..., Broker]) -> Broker:
    """The broker as a user sees it who may use AMQP and not the HTTP API."""
    return shared(tags="")


def alone(broker: Broker, fault: str, silent_port: int) -> Broker:
    """The broker with an HTTP API that is not known, is not there, or says nothing."""
    urls = {"unknown": None, "refused": "http://127.0.0.1:1", "silent": f"http://127.0.0.1:{silent_port}"}
    return dataclasses.replace(broker, management_url=urls[fault])


@pytest.mark.parametrize("fault", ["unknown", "refused", "silent"])
def test_goes_on_from_amqp_alone(
    broker: Broker, channel: BlockingChannel, watch: Watch, silent_port: int, fault: str
) -> None:
    """Without the HTTP API ready and consumers stay exact, and facts say that unacked is not known."""
    scope = watch("tasks", on=alone(broker, fault, silent_port))
    assert scope.facts() == "tasks: not declared"
    channel.queue_declare("tasks", durable=True)
    channel.basic_publish("", "tasks", b"1")
    channel.basic_publish("", "tasks", b"2")
    channel.basic_get("tasks")
    assert scope.facts() == "tasks: peak 1 ready, unacked not known without the HTTP API; now 1 ready"
    assert scope._sampler.state == "alone"
    assert scope._sampler.why
    channel.queue_delete("tasks")
    assert scope.facts().endswith("now gone")


def test_goes_on_when_the_http_api_is_forbidden(unprivileged: Broker, channel: BlockingChannel, watch: Watch) -> None:
    """A user without the management tag gets depths, and is told why there is no more."""
    channel.queue_declare("tasks", durable=True)
    scope = watch("tasks", on=unprivileged)
    channel.basic_publish("", "tasks", b"1")
    assert "now 1 ready" in scope.facts()
    assert scope._sampler.why == "the HTTP API refuses this user"


def test_every_queue_takes_the_http_api(broker: Broker, vhost: str) -> None:
    """Without names and without an HTTP API the learner is told to name the queues."""
    with pytest.raises(BrokerRefused, match="name the queues"):
        Scope(dataclasses.replace(broker, management_url=None), vhost)
    assert not threads()


def test_survives_a_restart_of_the_broker(broker: Broker, vhost: str, channel: BlockingChannel, watch: Watch) -> None:
    """The recording says when the broker went and came back, and goes on with the queue that survived."""
    channel.queue_declare("tasks", durable=True)
    scope = watch("tasks")
    assert scope.facts() == "tasks: peak 0 ready, 0 unacked; now 0"
    broker.restart()
    until(lambda: scope._sampler.state == "live")
    assert scope.facts() == "tasks: peak 0 ready, 0 unacked; now 0"
    assert [mark.label for mark in scope.recording.marks()] == ["broker down", "broker back"]
    assert None in [entry.ready for entry in scope.recording.readings("tasks")]
    until(lambda: connections(broker, vhost) == ["Warren scope"])


def test_survives_the_loss_of_its_connection(broker: Broker, vhost: str, watch: Watch) -> None:
    """A connection closed by an administrator is opened again, and nobody is told that the broker was down."""
    scope = watch("tasks")
    management = broker.management()
    until(lambda: management.connections(vhost))
    first = management.connections(vhost)[0]["name"]
    management.close_connection(first, "test")
    until(lambda: [row["name"] for row in management.connections(vhost)] not in ([], [first]))
    assert scope._sampler.state == "live"
    assert not scope.recording.marks()
    management.close()


def test_says_when_the_vhost_is_gone(broker: Broker, watch: Watch, vhost: str) -> None:
    """A deleted vhost is told apart from a broker that is down; a new one of that name is watched again."""
    scope = watch("tasks")
    management = broker.management()
    management.delete_vhost(vhost)
    until(lambda: scope._sampler.state == "down")
    assert scope._sampler.why == "vhost"
    management.create_vhost(vhost)
    until(lambda: scope._sampler.state == "live")
    assert [mark.label for mark in scope.recording.marks()] == ["vhost deleted", "vhost back"]
    management.close()


def test_a_withdrawn_permission_is_no_deleted_vhost(
    broker: Broker, vhost: str, shared: Callable[..., Broker], watch: Watch
) -> None:
    """A user who may not enter the vhost any more is told so, in words of its own, and goes on when it may again."""
    on = shared()
    user = urlsplit(on.url).username
    scope = watch("tasks", on=on)
    management = broker.management()
    management._call("DELETE", f"permissions/{vhost}/{user}")
    until(lambda: scope._sampler.state == "down")
    assert scope._sampler.why == "refused"
    assert scope.facts() == "tasks: access refused"
    management._call("PUT", f"permissions/{vhost}/{user}", json={"configure": "", "write": ".*", "read": ".*"})
    until(lambda: scope._sampler.state == "live")
    assert [mark.label for mark in scope.recording.marks()] == ["access refused", "access back"]
    management.close()


@pytest.mark.parametrize(
    ("name", "why"),
    [("hidden", "this user may not look at it"), ("private", "it belongs to another connection alone")],
)
def test_one_queue_it_may_not_ask_for(
    broker: Broker,
    channel: BlockingChannel,
    shared: Callable[..., Broker],
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    why: str,
) -> None:
    """From AMQP alone: what the broker refuses about one queue is said, and the others are shown."""
    if name == "hidden" and not broker.at_least("4.3.1"):
        pytest.skip("any permission is enough since 4.3.1")
    monkeypatch.setattr("warren.scope.troubles.LASTING", 0.7)
    seen = r"^(tasks|private)$"
    on = shared("", configure=seen, write=seen, read=seen)
    channel.queue_declare("tasks", durable=True)
    channel.queue_declare(name, durable=name == "hidden", exclusive=name == "private")
    scope = watch(name, "tasks", on=on)
    assert (
        scope.facts()
        == f"tasks: peak 0 ready, unacked not known without the HTTP API; now 0\ncannot show {name} ({why})"
    )
    channel.queue_delete(name)
    if name == "private":
        until(lambda: "private: not declared" in scope.facts())


def test_an_unreachable_broker_does_not_hang(broker: Broker, silent_port: int) -> None:
    """A broker that takes a connection and says nothing costs seconds, not minutes, and `stop` ends it."""
    silent = dataclasses.replace(broker, url=f"amqp://u:p@127.0.0.1:{silent_port}/", management_url=None)
    scope = Scope(silent, "any", ["tasks"])
    assert scope.facts() == "tasks: broker down"
    scope.stop()
    until(lambda: not threads())


def test_nothing_is_left_after_stop(broker: Broker, vhost: str, watch: Watch) -> None:
    """After `stop` no thread and no connection is left, the numbers are, and a second `stop` does nothing."""
    scope = watch("tasks")
    until(lambda: connections(broker, vhost) == ["Warren scope"])
    scope.stop()
    assert not threads()
    until(lambda: connections(broker, vhost) == [])
    scope.stop()
    scope.mark("too late")
    assert scope.facts() == "tasks: not declared"


def test_a_scope_nobody_holds_stops(broker: Broker, vhost: str) -> None:
    """A dropped scope ends its thread, also after it was shown."""
    scope: Scope | None = Scope(broker, vhost, ["tasks"])
    assert scope is not None
    scope._repr_mimebundle_()
    assert threads()
    scope = None
    gc.collect()
    until(lambda: not threads())


def test_a_kept_view_holds_no_recording(broker: Broker, vhost: str, channel: BlockingChannel) -> None:
    """ipywidgets keeps the view of a stopped scope: what it holds of it is the last picture, packed."""
    channel.queue_declare("tasks", durable=True)
    scope = Scope(broker, vhost, ["tasks"])
    scope._repr_mimebundle_()
    view, recording = scope._view, weakref.ref(scope.recording)
    assert view is not None
    for step in range(20_000):
        scope.recording.read("tasks", step % 50, 0, 0, 0)
    scope.stop()
    del scope
    gc.collect()
    assert recording() is None
    assert len(view._packed) < 200_000
    snapshot = view.get_state()["snapshot"]
    assert snapshot["state"] == "stopped"
    assert max(reading[1] for reading in snapshot["queues"]["tasks"]["readings"]) == 49


def test_python_ends_while_a_scope_runs(broker: Broker, vhost: str) -> None:
    """A program that never calls `stop` ends at once and quietly."""
    program = "import sys, warren.scope; from warren import brokers\n"
    program += "scope = warren.scope.Scope(brokers.find(), sys.argv[1], ['tasks']); scope.mark('x')"
    done = subprocess.run([sys.executable, "-c", program, vhost], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_learners_channel_is_never_touched(
    broker: Broker, vhost: str, channel: BlockingChannel, watch: Watch
) -> None:
    """The scope looks through a connection of its own."""
    channel.queue_declare("tasks", durable=True)
    scope = watch("tasks", "missing")
    scope.facts()
    assert channel.is_open
    until(lambda: sorted(connections(broker, vhost)) == ["", "Warren scope"])


def test_an_unknown_event_is_refused(watch: Watch) -> None:
    """The message log takes the events it has colours for, and names them."""
    scope = watch("tasks")
    with pytest.raises(WarrenError, match="published, confirmed"):
        scope.log("worker 1", "exploded", "")
    assert not scope.recording.lines()


def test_a_scope_stays_in_its_process(watch: Watch) -> None:
    """A worker's function that takes a scope along to another process is told what to use instead."""
    with pytest.raises(WarrenError, match=r"worker\.log"):
        cloudpickle.dumps(watch("tasks"))


def test_logging_from_many_threads(watch: Watch) -> None:
    """Lines of eight threads all arrive, each thread's in its order."""
    scope = watch("tasks")

    def work(name: str) -> None:
        for number in range(200):
            scope.log(name, "acked", str(number))

    crew = [threading.Thread(target=work, args=(f"worker {number}",)) for number in range(8)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    for thread in range(8):
        lines = [line.what for line in scope.recording.lines() if line.who == f"worker {thread}"]
        assert lines == [str(number) for number in range(200)]


def test_an_http_api_that_is_not_rabbitmq(broker: Broker, channel: BlockingChannel, watch: Watch) -> None:
    """A proxy's HTML in place of the API is no reason to stop."""
    assert httpx.get(f"{broker.management_url}/", trust_env=False).text.lstrip().startswith("<")
    scope = watch("tasks", on=dataclasses.replace(broker, management_url=f"{broker.management_url}/index.html?"))
    channel.queue_declare("tasks", durable=True)
    assert scope.facts() == "tasks: peak 0 ready, unacked not known without the HTTP API; now 0"
