"""Somebody's broker, named by WARREN_URL: never restarted, never reconfigured."""

from __future__ import annotations

import os
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, unquote, urlsplit

import pika
from pika.exceptions import (
    AMQPConnectionError,
    ConnectionClosedByBroker,
    IncompatibleProtocolError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from warren.brokers import connecting
from warren.brokers.broker import Broker
from warren.errors import BrokerRefused, BrokerUnavailable, ManagementUnavailable, WarrenError
from warren.management import Management

OLDEST = "4.0"
_PORTS = {"amqp": 5672, "amqps": 5671}
_NOT_ALLOWED = 530  # AMQP 0-9-1: no such vhost, or no permission for it


def find() -> Broker | None:
    """The broker of WARREN_URL, or None where it is not set.

    Raises BrokerUnavailable (host, port, TLS) or BrokerRefused (password, vhost, version), never with the password.
    """
    url = _url()
    if not url:
        return None
    parts = _understood(url)
    version = _version(url, parts)
    broker = Broker("external", url, _management_url(parts), version)
    if not broker.at_least(OLDEST):
        raise BrokerRefused(f"The broker at {_where(parts)} is RabbitMQ {version}; the course needs {OLDEST} or newer.")
    return broker


def address() -> str | None:
    """WARREN_URL as it may be shown: without password and parameters; None where it is not set."""
    url = _url()
    if not url:
        return None
    parts = _understood(url)
    return f"{parts.scheme}://{parts.username or 'guest'}@{_where(parts)}{parts.path}"


def _url() -> str:
    return os.environ.get("WARREN_URL", "").strip()


def _understood(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        fit = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0 and _parameters_fit(url)
    except ValueError:  # a port that is no number
        fit = False
    if not fit:
        raise BrokerUnavailable(
            "WARREN_URL is not an AMQP URL: write amqp://user:password@host:5672/vhost, or amqps:// for TLS, "
            "with special characters of the password as %XX and, after a `?`, only parameters that pika knows."
        )
    return parts


def _parameters_fit(url: str) -> bool:
    """False where a parameter of the query has a value that pika cannot use."""
    try:
        with _quiet():
            pika.URLParameters(url)
    except (ValueError, TypeError, SyntaxError):  # the last for `ssl_options`, a Python literal
        return False
    except OSError:  # a certificate's file that is not there: connecting tells
        return True
    return True


@contextmanager
def _quiet() -> Iterator[None]:
    """Without pika's warnings about parameters in the URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _version(url: str, parts: SplitResult) -> str:
    """The broker's version; every way that connecting can fail as its own sentence."""
    where, user, vhost = _where(parts), unquote(parts.username or "guest"), unquote(parts.path[1:]) or "/"
    try:
        with _quiet():
            return connecting.version(url)
    except (ProbableAuthenticationError, ProbableAccessDeniedError, ConnectionClosedByBroker) as error:
        raise _refused(error, where, user, vhost) from None
    except connecting.FAULTS as error:
        raise _unavailable(error, where) from None


def _refused(error: AMQPConnectionError, where: str, user: str, vhost: str) -> BrokerRefused:
    if "limit (" in str(error):  # 530 as well; of the vhost or of the user
        return BrokerRefused(
            f"The broker at {where} lets no more connections in, for a limit of this vhost or user is reached: restart "
            "kernels of notebooks you do not need, or ask for a higher limit."
        )
    if isinstance(error, ProbableAuthenticationError) or getattr(error, "reply_code", 0) == 403:
        return BrokerRefused(f"The broker at {where} refused the user {user!r}: check user and password in WARREN_URL.")
    if isinstance(error, ProbableAccessDeniedError) or getattr(error, "reply_code", 0) == _NOT_ALLOWED:
        return BrokerRefused(
            f"The broker at {where} let {user!r} in, but not to the vhost {vhost!r}: it does not exist, or this user "
            "may not use it. The vhost is the part of WARREN_URL after the host."
        )
    return BrokerRefused(f"The broker at {where} closed the connection: {getattr(error, 'reply_text', error)}.")


def _unavailable(error: Exception, where: str) -> BrokerUnavailable:
    causes = list(_causes(error))
    if certificate := next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None):
        return BrokerUnavailable(
            f"The certificate of the broker at {where} is not trusted ({certificate.verify_message}): name your own "
            "CA in SSL_CERT_FILE, and the host in WARREN_URL as the certificate does."
        )
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return BrokerUnavailable(
            f"What answers at {where} does not speak TLS: write amqp:// in WARREN_URL, or the TLS port (usually 5671)."
        )
    if any(isinstance(cause, IncompatibleProtocolError) for cause in causes) or _closed_at_once(causes):
        return BrokerUnavailable(
            f"What answers at {where} does not speak plain AMQP 0-9-1: for TLS write amqps:// in WARREN_URL; "
            "the HTTP API's port belongs in WARREN_MANAGEMENT_URL."
        )
    reason = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), "no answer")
    return BrokerUnavailable(
        f"No broker answers at {where} ({reason}): check host and port in WARREN_URL, and that the broker runs."
    )


def _closed_at_once(causes: list[BaseException]) -> bool:
    """True where something accepted the connection and hung up during the handshake."""
    return any(isinstance(cause, pika.exceptions.StreamLostError | ConnectionResetError) for cause in causes)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and all that pika wrapped in it."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        cause = waiting.pop()
        if cause in found:
            continue
        found.append(cause)
        inner = [*cause.args, getattr(cause, "exception", None), cause.__cause__, cause.__context__]
        waiting += [one for one in inner if isinstance(one, BaseException)]
    return found


def _where(parts: SplitResult) -> str:
    return f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"


def _management_url(parts: SplitResult) -> str | None:
    """WARREN_MANAGEMENT_URL, which must let us in; else a usual address on the broker's host; None where none answers.

    One that answers and does not let us in is kept: who calls it is told so, and what to ask for.
    """
    named = os.environ.get("WARREN_MANAGEMENT_URL", "").strip()
    if named:
        return _named(named, parts)
    usual = _usual(parts.hostname or "")
    return next((url for url in usual if not isinstance(_answers(url, parts), ManagementUnavailable)), None)


def _usual(host: str) -> list[str]:
    """Where the HTTP API of a broker on that host is by default."""
    host = f"[{host}]" if ":" in host else host
    return [f"http://{host}:15672", f"https://{host}:15671", f"https://{host}:15672"]


def _named(url: str, parts: SplitResult) -> str:
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise BrokerUnavailable("WARREN_MANAGEMENT_URL is not a URL: write http://host:15672 or https://host.")
    # user and password are those of WARREN_URL; any that stand here too must not end up in messages
    bare = address._replace(netloc=address.netloc.rpartition("@")[2], query="", fragment="").geturl()
    if problem := _answers(bare, parts):
        raise problem
    return bare


def _answers(url: str, parts: SplitResult) -> WarrenError | None:
    """None if the HTTP API lets us in there; else what is wrong."""
    api = Management(url, unquote(parts.username or "guest"), unquote(parts.password or "guest"), timeout=2)
    try:
        api.overview()
    except WarrenError as error:
        return error
    finally:
        api.close()
    return None
