"""Talking to a broker just enough to know it: does it serve, which version is it."""

from __future__ import annotations

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from warren.brokers.state import State
from warren.errors import WarrenError
from warren.management import Management

FAULTS = (AMQPError, AMQPConnectorException, OSError)
"""What pika raises for a connection that cannot be had or breaks: a broker that stays silent is no AMQPError."""


TIMEOUT = 7.0
"""Seconds to wait for a greeting. RabbitMQ's HTTP port hangs up on who speaks AMQP after 5, which tells what it is."""


def version(url: str, timeout: float = TIMEOUT) -> str:
    """The broker's version as it names it on connecting. Raises one of FAULTS."""
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = timeout
    connection = pika.BlockingConnection(parameters)
    try:
        said = connection._impl.server_properties or {}  # noqa: SLF001  # pika has no public name for them
        return str(said.get("version", "0"))
    finally:
        connection.close()


def url(state: State) -> str:
    return f"amqp://{state.username}:{state.password}@127.0.0.1:{state.ports['amqp']}/"


def management_url(state: State) -> str:
    return f"http://127.0.0.1:{state.ports['management']}"


def answers(state: State) -> bool:
    """True if one can log in over AMQP."""
    try:
        version(url(state))
    except FAULTS:
        return False
    return True


def serves(state: State) -> bool:
    """True once the broker is ready: the HTTP API says so and one can log in over AMQP."""
    api = Management(management_url(state), state.username, state.password, timeout=2)
    try:
        return api.ready() and answers(state)
    except WarrenError:
        return False
    finally:
        api.close()
