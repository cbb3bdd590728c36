"""The private node: who can reach it, what it is set to, and that it comes back."""

from __future__ import annotations

import signal
import socket
import stat

import pika
import psutil
import pytest

from warren import brokers
from warren.brokers import folders, state
from warren.errors import BrokerRefused

pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def written() -> state.State:
    """What the state file says now."""
    found = state.read(folders.state())
    assert found is not None
    if found.kind == "docker":
        pytest.skip("this machine's own broker is a container: see test_docker.py")
    return found


def test_listens_on_loopback_only(written):
    """Nothing of ours can be reached from another machine."""
    listening = [
        connection.laddr
        for process in written.processes
        for connection in psutil.Process(process.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.port for address in listening} >= set(written.ports.values())
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}


def test_secrets_are_for_this_user_only(written):
    """No other user of the machine can read the password or the cookie."""
    folder = folders.state()
    for name in (
        "broker.json",
        "supervisor.log",
        "node/rabbitmq.conf",
        "node/home/.erlang.cookie",
        "node/log/node.log",
    ):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE((folder / "node").stat().st_mode) == 0o700


def test_never_guest(broker, written):
    """The user and the password are random, and guest does not exist."""
    assert written.username != "guest"
    assert len(written.password) > 20
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@127.0.0.1:{written.ports['amqp']}/"))


def test_repr_hides_the_password(broker, written):
    """A broker or its state in a cell's output gives no password away."""
    assert written.password not in repr(broker) + repr(written) + str(broker)


def test_statistics_are_fast(broker):
    """The live view's tuning is really in effect: one sample per second, not one every five."""
    asked = [
        "{rabbitmq_management, sample_retention_policies}",
        "{rabbitmq_management_agent, sample_retention_policies}",
        "{rabbit, quorum_tick_interval}",
        "{rabbit, collect_statistics_interval}",
    ]
    said = broker.ctl("eval", f"[application:get_env(A, K) || {{A, K}} <- [{','.join(asked)}]].")
    assert said.count("{basic,[{605,1}]}") == 2
    assert said.count("{ok,500}") == 2


def test_deprecated_queues_are_refused_as_upstream_does(broker, vhost):
    """A transient shared queue is refused on every broker of ours, Debian's package or not."""
    connection = pika.BlockingConnection(pika.URLParameters(broker.url_for(vhost)))
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match="transient_nonexcl_queues"):
        connection.channel().queue_declare("orders")


def test_streams_name_an_address_that_works(broker, written):
    """A stream client that asks where to connect is sent to loopback, not to a host name."""
    assert "127.0.0.1" in broker.ctl("eval", "application:get_env(rabbitmq_stream, advertised_host).")
    socket.create_connection(("127.0.0.1", written.ports["stream"]), timeout=5).close()


def test_restart_keeps_ports_and_messages(broker, vhost, written):
    """restart() really boots the node again, on the same ports, and a persistent message survives it."""
    with pika.BlockingConnection(pika.URLParameters(broker.url_for(vhost))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("orders", durable=True)
        channel.basic_publish("", "orders", b"order 1", pika.BasicProperties(delivery_mode=2))
    broker.restart()
    after = state.read(folders.state())
    assert (after.ports, after.generation) == (written.ports, written.generation + 1)
    assert set(after.processes).isdisjoint(written.processes[:1])
    with pika.BlockingConnection(pika.URLParameters(broker.url_for(vhost))) as connection:
        assert connection.channel().basic_get("orders")[2] == b"order 1"


def test_comes_back_after_sigkill(broker, written):
    """A node killed with SIGKILL is booted again by itself; the next find() waits for it and gives the same broker."""
    written.processes[0].signal(signal.SIGKILL)
    again = brokers.find()
    assert again.url == broker.url
    after = state.read(folders.state())
    assert after.supervisor == written.supervisor
    assert after.generation == written.generation + 1


def test_ctl_says_what_is_wrong(broker):
    """A command that fails raises with rabbitmqctl's own words."""
    with pytest.raises(BrokerRefused, match=r"no_such_user|does not exist"):
        broker.ctl("set_permissions", "nobody", ".*", ".*", ".*")
