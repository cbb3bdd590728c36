"""Where the broker is, whole for clients that read an AMQP URL, in pieces for the others."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

PREFETCH = 100  # messages a worker may have unacknowledged: enough that none of the clients waits for the network

Do = Callable[[bytes], bool]


@dataclass(frozen=True)
class Address:
    """An AMQP URL, and the port of the stream protocol on the same host."""

    url: str
    stream_port: int = 5552

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "localhost"

    @property
    def tls(self) -> ssl.SSLContext | None:
        """For an `amqps` URL."""
        return ssl.create_default_context() if urlsplit(self.url).scheme == "amqps" else None

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (5671 if self.tls else 5672)

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.url).username or "guest")

    @property
    def password(self) -> str:
        return unquote(urlsplit(self.url).password or "guest")

    @property
    def vhost(self) -> str:
        return unquote(urlsplit(self.url).path[1:]) or "/"

    @property
    def heartbeat(self) -> int:
        """Seconds; 60, RabbitMQ's own, where the URL names none."""
        return int(dict(parse_qsl(urlsplit(self.url).query)).get("heartbeat", "60"))
