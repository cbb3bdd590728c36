"""RabbitMQ's configuration: the files in `rabbitmq/` are for every broker of ours, the rest is this node's own."""

from __future__ import annotations

import secrets
import socket
from contextlib import ExitStack
from pathlib import Path

SHARED = (
    Path(__file__).parent / "rabbitmq"
)  # rabbitmq.conf, advanced.config, enabled_plugins; docker-compose.yml mounts them

# Below the range from which Linux, macOS and Windows take the ports of outgoing connections (32768 and up):
# nobody's connection takes a port of ours while the node restarts.
_RANGE = range(20000, 32000)


def free_ports(*names: str) -> dict[str, int]:
    """One free loopback port for each name, all held at the same time, so that they differ."""
    ports: dict[str, int] = {}
    with ExitStack() as held:
        while len(ports) < len(names):
            port = secrets.choice(_RANGE)
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports[names[len(ports)]] = port
    return ports


def taken(ports: dict[str, int]) -> list[int]:
    """Those of the ports that somebody listens on."""
    busy = []
    for port in ports.values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port of the last boot in TIME_WAIT is free
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                busy.append(port)
    return busy


def node_conf(ports: dict[str, int], username: str, password: str) -> str:
    """What a private node adds to the shared rabbitmq.conf: loopback listeners on its own ports, and its own user."""
    return f"""
# This node's own part.
listeners.tcp.1 = 127.0.0.1:{ports["amqp"]}
management.tcp.ip = 127.0.0.1
management.tcp.port = {ports["management"]}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {ports["prometheus"]}
stream.listeners.tcp.1 = 127.0.0.1:{ports["stream"]}
{advertised(ports["stream"])}
default_user = {username}
default_pass = {password}
"""


def advertised(stream_port: int) -> str:
    """Where stream clients are told to connect; by itself the broker names its own host, which need not resolve."""
    return f"stream.advertised_host = 127.0.0.1\nstream.advertised_port = {stream_port}"


def shared(name: str) -> str:
    """The text of one of the shared files."""
    return (SHARED / name).read_text(encoding="utf-8")
