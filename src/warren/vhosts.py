"""The vhost of a lesson or lab: which it is, how it gets empty, and when it is ours to remove."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from urllib.parse import urlsplit

from filelock import FileLock

from warren.brokers import folders
from warren.brokers.broker import Broker
from warren.errors import BrokerRefused, WarrenError
from warren.management import Management

EMPTY_WITHIN = 5.0  # seconds; a closed connection lets go of its exclusive queues within 0.1 s


class CleanVhost:
    """The vhost for `name` on this broker.

    On our own broker it has that name; on somebody else's it is the one its URL names, or, if that is `/` and the user
    may make vhosts, `warren_<name>`: `/` is never touched. Raises BrokerRefused where there is none to use.
    """

    def __init__(self, broker: Broker, management: Management, name: str) -> None:
        self._broker, self._management = broker, management
        self._given = not broker.own and broker.vhost != "/"
        self.name = broker.vhost if self._given else name if broker.own else f"warren_{name}"
        self.url = broker.url_for(self.name)
        self._mark = secrets.token_hex(8)

    def open(self) -> None:
        """Make it, or make it empty."""
        with _one_at_a_time():
            if self._given:
                self._empty_given()
            else:
                self._may_make()
                self._management.delete_vhost(self.name)
                self._management.create_vhost(self.name, description=self._mark)

    def empty(self, *, close_connections: bool = True) -> None:
        """Delete all that is in it: queues, exchanges and policies.

        Raises BrokerRefused if some of it stays. Only with its connections closed do queues exclusive to them go.
        """
        deadline = time.monotonic() + (EMPTY_WITHIN if close_connections else 0)
        self._delete_all(close_connections)
        while left := self._holds():
            if time.monotonic() > deadline:
                raise BrokerRefused(f"The vhost {self.name} could not be emptied: it still holds {left}.")
            time.sleep(0.05)
            self._delete_all(close_connections)

    def close(self) -> None:
        """Remove it with all in it, unless another kernel has opened it since; nothing happens without a broker."""
        with contextlib.suppress(WarrenError), _one_at_a_time():
            if self._given:
                self.empty()
            elif self._management.vhost(self.name).get("description") == self._mark:
                self._management.delete_vhost(self.name)

    def _may_make(self) -> None:
        tags = self._management.whoami().get("tags", [])  # a list, or before 3.9 text with commas
        if "administrator" not in tags:
            raise BrokerRefused(
                "WARREN_URL names no vhost of your own, and its user may not make one. "
                "Ask for a vhost and put it at the end of the URL: amqp://user:password@host:5672/your-vhost."
            )

    def _empty_given(self) -> None:
        """Empty the participant's one vhost; the first time it must be empty already, for it may be the wrong one."""
        used = _UsedVhosts()
        if not used.has(self.url) and self._holds() and os.environ.get("WARREN_EMPTY_VHOST") != "1":
            raise BrokerRefused(
                f"The vhost {self.name} of WARREN_URL is not empty ({self._holds()}), and opening a lesson deletes all "
                "that is in it. If it is meant for this course, set WARREN_EMPTY_VHOST=1; otherwise use another vhost."
            )
        used.add(self.url)
        self.empty()

    def _holds(self) -> str:
        queues = [row["name"] for row in self._management.queue_totals(self.name)]
        counts = {"queues": len(queues), "exchanges": len(self._exchanges())}
        return ", ".join(f"{what}: {count}" for what, count in counts.items() if count)

    def _exchanges(self) -> list[str]:
        names = [row["name"] for row in self._management.exchanges(self.name)]
        return [name for name in names if name and not name.startswith("amq.")]

    def _delete_all(self, close_connections: bool) -> None:
        """Connections first: an exclusive queue goes with its connection, and nobody else may delete it."""
        broker, vhost = self._management, self.name
        for connection in broker.connections(vhost) if close_connections else []:
            with contextlib.suppress(WarrenError):  # it went by itself, here and below, or the next round tells
                broker.close_connection(connection["name"], "a lesson opens on this vhost")
        for queue in broker.queue_totals(vhost):
            with contextlib.suppress(WarrenError):
                broker.delete_queue(vhost, queue["name"])
        for exchange in self._exchanges():
            with contextlib.suppress(WarrenError):
                broker.delete_exchange(vhost, exchange)
        for policy in broker.policies(vhost):
            with contextlib.suppress(WarrenError):
                broker.delete_policy(vhost, policy["name"])


def _one_at_a_time() -> FileLock:
    """Held while a vhost of this learner's opens or goes: RabbitMQ fails a vhost that is made and deleted at once."""
    return FileLock(folders.state() / "vhosts.lock", mode=0o600)


class _UsedVhosts:
    """The given vhosts that this learner has opened a lesson on before, in the state folder; no passwords."""

    def __init__(self) -> None:
        self._file = folders.state() / "used_vhosts.json"

    def _read(self) -> list[str]:
        with contextlib.suppress(OSError, ValueError):
            return list(json.loads(self._file.read_text(encoding="utf-8")))
        return []

    def has(self, url: str) -> bool:
        return _without_password(url) in self._read()

    def add(self, url: str) -> None:
        if not self.has(url):
            self._file.write_text(json.dumps([*self._read(), _without_password(url)]), encoding="utf-8")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.username}@{parts.hostname}:{parts.port}{parts.path}"
