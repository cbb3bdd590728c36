"""What every way to get a broker returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from warren.errors import BrokerRefused
from warren.management import Management

Kind = Literal["external", "installed", "docker", "debian"]


@dataclass(frozen=True)
class Broker:
    """A broker that answers.

    `url` is an AMQP URL with credentials and no vhost of a lesson; `management_url` is `http://host:port` or None
    where the HTTP API cannot be reached; `version` is RabbitMQ's own ("4.3.6"). `repr` never shows the password.
    """

    kind: Kind
    url: str = field(repr=False)
    management_url: str | None
    version: str
    _ctl: Callable[..., str] | None = field(default=None, repr=False, compare=False)
    _restart: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    _stop: Callable[[], None] | None = field(default=None, repr=False, compare=False)

    @property
    def own(self) -> bool:
        """True for a broker Warren runs itself, which it may restart and reconfigure."""
        return self.kind != "external"

    @property
    def vhost(self) -> str:
        """The vhost named in `url`; `/` where it names none."""
        return unquote(urlsplit(self.url).path[1:]) or "/"

    def url_for(self, vhost: str, **parameters: str | int) -> str:
        """`url` with another vhost and connection parameters such as `heartbeat=1800` beside those that it has."""
        parts = urlsplit(self.url)
        query = urlencode({**dict(parse_qsl(parts.query)), **parameters}, quote_via=quote)
        return parts._replace(path=f"/{quote(vhost, safe='')}", query=query).geturl()

    def management(self, timeout: float = 5.0) -> Management:
        """A new HTTP API client (timeout in seconds); close it when done. Raises BrokerRefused if there is none."""
        if self.management_url is None:
            raise BrokerRefused("This broker's HTTP API is not reachable; set WARREN_MANAGEMENT_URL if it has one.")
        parts = urlsplit(self.url)
        user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
        return Management(self.management_url, user, password, timeout)

    def at_least(self, version: str) -> bool:
        """True if the broker is of that version or newer: `broker.at_least("4.3")`."""
        return _numbers(self.version) >= _numbers(version)

    def ctl(self, *arguments: str) -> str:
        """Run `rabbitmqctl` against the broker and return what it printed. Raises BrokerRefused on a shared broker."""
        return self._owned(self._ctl, "take commands from rabbitmqctl")(*arguments)

    def restart(self) -> None:
        """Stop the node and boot it again on the same ports and data. Raises BrokerRefused on a shared broker."""
        self._owned(self._restart, "be restarted")()

    def stop(self) -> None:
        """Stop the node for good. Raises BrokerRefused on a shared broker."""
        self._owned(self._stop, "be stopped")()

    def _owned(self, action: Callable[..., str] | Callable[[], None] | None, what: str) -> Callable[..., str]:
        if action is None:
            raise BrokerRefused(f"The broker of WARREN_URL may be shared: Warren does not let it {what}.")
        return action  # type: ignore[return-value]  # ctl returns text, the others nothing


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split(".") if part.isdigit())
