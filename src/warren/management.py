"""The calls we make to RabbitMQ's HTTP API, typed. One client may be shared by threads."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from warren.errors import BrokerRefused, ManagementUnavailable

Row = dict[str, Any]  # one JSON object of the API; its keys are RabbitMQ's own


def _path(*names: str) -> str:
    """Names as one URL path, each quoted whole: a vhost or queue may hold `/`, spaces or any Unicode.

    Raises BrokerRefused for `.` and `..`, which RabbitMQ's web server takes for folders, also when quoted.
    """
    for name in names:
        if name in (".", ".."):
            raise BrokerRefused(f"RabbitMQ's HTTP API cannot reach anything named {name!r}: choose another name.")
    return "/".join(quote(name, safe="") for name in names)


def _query(columns: Sequence[str], rates_over: int | None) -> str:
    parts = [f"columns={','.join(columns)}"] if columns else []
    if rates_over:
        parts.append(f"msg_rates_age={rates_over}&msg_rates_incr=1")
    return f"?{'&'.join(parts)}" if parts else ""


class Management:
    """The HTTP API of one broker.

    `url` is `http://host:port`, without credentials. Calls raise ManagementUnavailable when nothing, or something
    that is not RabbitMQ, answers, and BrokerRefused for 401, 403 and (since 4.3, for a vhost of somebody else) 404.
    """

    def __init__(self, url: str, username: str, password: str, timeout: float = 5.0) -> None:
        self.url = url.rstrip("/")
        self._username = username
        # Of httpx only the transport, which takes 60 % of a client's time: a scope asks twenty times a second. It knows
        # no proxies either, as it should be: 127.0.0.1 is never behind the company's. It trusts what pika trusts.
        self._http = httpx.HTTPTransport(verify=ssl.create_default_context(), trust_env=False)
        self._headers = {"authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()}
        self._extensions = {"timeout": httpx.Timeout(timeout).as_dict()}

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None) -> httpx.Response:
        try:
            request = httpx.Request(
                method,
                f"{self.url}/api/{path}",
                headers=self._headers | (headers or {}),
                json=json,
                extensions=self._extensions,
            )
            answer = self._http.handle_request(request)
            answer.read()
        except httpx.HTTPError as error:
            raise ManagementUnavailable(self._silence(error)) from error
        if answer.status_code in (401, 403, 404):
            raise BrokerRefused(self._refusal(answer.status_code, f"{method} /api/{path}"))
        if answer.is_error:
            raise ManagementUnavailable(
                f"The RabbitMQ HTTP API answered {method} /api/{path} with {answer.status_code}."
            )
        return answer

    def _silence(self, error: httpx.HTTPError) -> str:
        """Why nothing answers, and what to do."""
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return (
                f"The certificate of the RabbitMQ HTTP API at {self.url} is not trusted: name your own CA in "
                "SSL_CERT_FILE, and the host in WARREN_MANAGEMENT_URL as the certificate does."
            )
        return (
            f"The RabbitMQ HTTP API at {self.url} does not answer ({type(error).__name__}): see with `warren status` "
            "whether the broker runs, then open the lesson again."
        )

    def _refusal(self, status: int, call: str) -> str:
        """What the broker refuses, and what to do."""
        if status == 401:
            return (
                f"The RabbitMQ HTTP API at {self.url} does not let {self._username!r} in (401): check the password, "
                "ask for the tag `management` for this user, or set WARREN_MANAGEMENT_URL if that is another broker."
            )
        cure = (
            "that vhost, or what you look for in it, is gone or not yours; opening the lesson again makes its vhost"
            if status == 404
            else "this user may not do that; ask whoever runs the broker"
        )
        return f"The RabbitMQ HTTP API refused {call} ({status}): {cure}."

    def _get(self, path: str) -> Any:
        answer = self._call("GET", path)
        try:
            return answer.json()
        except ValueError as error:
            raise ManagementUnavailable(
                f"What answers at {self.url} is not RabbitMQ's HTTP API (no JSON; a proxy?)."
            ) from error

    def overview(self) -> Row:
        """Versions and node name; `rabbitmq_version` is there for every user."""
        return dict(self._get("overview"))

    def whoami(self) -> Row:
        """The user's name and tags."""
        return dict(self._get("whoami"))

    def ready(self) -> bool:
        """True once the node serves clients (`ready-to-serve-clients`; an overview on brokers without that check)."""
        try:
            self._call("GET", "health/checks/ready-to-serve-clients")
        except BrokerRefused:
            return "rabbitmq_version" in self.overview()
        except ManagementUnavailable:
            return False
        return True

    def alarms(self) -> bool:
        """True while a memory or disk alarm is in effect anywhere in the cluster."""
        try:
            self._call("GET", "health/checks/alarms")
        except ManagementUnavailable:
            return True
        return False

    # vhosts
    def vhosts(self) -> list[str]:
        return [row["name"] for row in self._get("vhosts?columns=name")]

    def vhost(self, name: str) -> Row:
        """One vhost with its `description`."""
        return dict(self._get(f"vhosts/{_path(name)}"))

    def create_vhost(self, name: str, description: str = "") -> None:
        """Make the vhost, or set the description of one that exists. Its creator gets full permissions on it."""
        self._call("PUT", f"vhosts/{_path(name)}", json={"description": description})

    def delete_vhost(self, name: str) -> None:
        """Delete the vhost with all in it, closing its connections; nothing happens if it is not there."""
        try:
            self._call("DELETE", f"vhosts/{_path(name)}")
        except BrokerRefused:
            if name in self.vhosts():
                raise

    # what a vhost holds
    def queue_totals(self, vhost: str) -> list[Row]:
        """Every queue of the vhost with `messages_ready`, `messages_unacknowledged` and `messages`.

        At once for classic queues, 0.2 s late for quorum queues on a tuned node (streams: no totals).
        """
        return list(self._get(f"queues/{_path(vhost)}?disable_stats=true&enable_queue_totals=true"))

    def queues(self, vhost: str, columns: Sequence[str] = (), rates_over: int | None = None) -> list[Row]:
        """Every queue of the vhost with full statistics, up to a second late on a tuned node.

        With `rates_over` each `…_details` of `message_stats` has an `avg_rate` over that many seconds; its `rate`
        without it falls to 0 between two samples. `columns` are paths such as `message_stats.publish`, here as below:
        only these are answered, which for ten queues is a twentieth of everything.
        """
        return self._rows(f"queues/{_path(vhost)}", columns, rates_over)

    def queue(self, vhost: str, name: str) -> Row:
        """One queue with its `arguments` and statistics."""
        return dict(self._get(f"queues/{_path(vhost, name)}"))

    def delete_queue(self, vhost: str, name: str) -> None:
        self._call("DELETE", f"queues/{_path(vhost, name)}")

    def exchanges(self, vhost: str, columns: Sequence[str] = (), rates_over: int | None = None) -> list[Row]:
        return self._rows(f"exchanges/{_path(vhost)}", columns, rates_over)

    def exchange(self, vhost: str, name: str, columns: Sequence[str] = (), rates_over: int | None = None) -> Row:
        """One exchange. Only with `management.rates_mode = detailed` are `incoming` and `outgoing` filled:

        what each channel publishes to it, and what it hands to each queue.
        """
        return dict(self._get(f"exchanges/{_path(vhost, name or 'amq.default')}{_query(columns, rates_over)}"))

    def delete_exchange(self, vhost: str, name: str) -> None:
        self._call("DELETE", f"exchanges/{_path(vhost, name)}")

    def policies(self, vhost: str) -> list[Row]:
        return list(self._get(f"policies/{_path(vhost)}"))

    def delete_policy(self, vhost: str, name: str) -> None:
        self._call("DELETE", f"policies/{_path(vhost, name)}")

    def bindings(self, vhost: str, columns: Sequence[str] = ()) -> list[Row]:
        return self._rows(f"bindings/{_path(vhost)}", columns)

    def consumers(self, vhost: str, columns: Sequence[str] = ()) -> list[Row]:
        return self._rows(f"consumers/{_path(vhost)}", columns)

    def connections(self, vhost: str, columns: Sequence[str] = ()) -> list[Row]:
        return self._rows(f"vhosts/{_path(vhost)}/connections", columns)

    def channels(self, vhost: str, columns: Sequence[str] = (), rates_over: int | None = None) -> list[Row]:
        return self._rows(f"vhosts/{_path(vhost)}/channels", columns, rates_over)

    def nodes(self, columns: Sequence[str] = ()) -> list[Row]:
        """The nodes of the cluster; `mem_alarm` and `disk_free_alarm` say who blocks publishers."""
        return self._rows("nodes", columns)

    def _rows(self, path: str, columns: Sequence[str], rates_over: int | None = None) -> list[Row]:
        # with columns the API answers [] in place of an object that has none of them yet
        return [row for row in self._get(path + _query(columns, rates_over)) if isinstance(row, dict)]

    def close_connection(self, name: str, reason: str) -> None:
        self._call("DELETE", f"connections/{_path(name)}", headers={"X-Reason": reason})
