"""What a learner's function really says to the broker: it connects through here, and every AMQP method is noted.

Some answers differ in nothing the broker keeps: an acknowledgement and a rejection both empty the queue, `auto_ack`
looks like an acknowledgement in time, two threads on one channel may be lucky. The conversation tells them apart, at
once and on every broker. Bytes pass unchanged.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pika import amqp_object, exceptions, frame, spec

CHUNK = 64 * 1024
KEPT = 1024  # bytes of each body: enough to tell the messages of a check apart


@dataclass
class Noted:
    """One AMQP method on its way. `at` is `time.monotonic()`, which all processes of a machine share.

    `body` is how the message begins that a publish or a delivery carries, `size` how long it is: they come after it.
    """

    at: float
    channel: int
    method: amqp_object.Method
    body: bytes = b""
    size: int | None = None
    properties: spec.BasicProperties | None = None

    @property
    def whole(self) -> bool:
        """True when the message has followed its method."""
        return self.size is not None and len(self.body) >= min(self.size, KEPT)

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def reason(self) -> str:  # of a `Close`
        return str((self.method.reply_code, self.method.reply_text))


@dataclass
class Conversation:
    """One connection: the methods the client and the broker sent. It broke at `ended`; at `gone` no line is left."""

    client: socket.socket
    said: list[Noted] = field(default_factory=list)
    heard: list[Noted] = field(default_factory=list)
    ended: float = float("inf")
    gone: float = float("inf")


@dataclass
class Silence:
    """The broker says no more once so many messages have been published in all; see `Wire.hold`.

    `over` is set at its end, `cut` tells that the connections ended with it.
    """

    after: int
    lose: bool
    late: bool
    cut: bool = False
    over: threading.Event = field(default_factory=threading.Event)


class Wire:
    """A loopback port that leads to the broker of `upstream`, an AMQP URL (`amqps` on the broker's side only)."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._silence: Silence | None = None
        self.conversations: list[Conversation] = []
        threading.Thread(target=self._accept, name="warren wire", daemon=True).start()

    @property
    def url(self) -> str:
        """What the learner's function connects to in place of `upstream`."""
        credentials = self._upstream.netloc.rpartition("@")[0]
        address = f"127.0.0.1:{self._server.getsockname()[1]}"
        netloc = f"{credentials}@{address}" if credentials else address
        return self._upstream._replace(scheme="amqp", netloc=netloc).geturl()

    def noted(self, *methods: type[amqp_object.Method]) -> list[Noted]:
        """What clients sent of these methods, e.g. `noted(spec.Basic.Ack)`; connection by connection."""
        return [one for each in self.conversations for one in list(each.said) if isinstance(one.method, methods)]

    def said(self, *methods: type[amqp_object.Method]) -> list[amqp_object.Method]:
        """The same without time and channel."""
        return [one.method for one in self.noted(*methods)]

    def refusals(self, since: float = 0) -> list[str]:
        """Why the broker closed channels and connections, in its own words: `(404, "NOT_FOUND - no exchange …")`."""
        return [one.reason for _, one in self.closings(since)]

    def closings(self, since: float = 0) -> list[tuple[Conversation, Noted]]:
        """By which words of the broker channels and connections were closed, each with its conversation."""
        closes = (spec.Channel.Close, spec.Connection.Close)
        heard = [(each, one) for each in self.conversations for one in list(each.heard) if one.at >= since]
        return [(each, one) for each, one in heard if isinstance(one.method, closes)]

    def hold(self, after: int = 1, *, lose: bool = False, late: bool = False) -> int:
        """From the `after`-th message that is published from now on, keep back what the broker says to its publisher.

        With `lose` that message, and what comes after it, never reaches the broker either; with `late` it does so at
        the end. It ends with `release`, `cut` or another `hold`. Returns the number of that message among all.
        """
        silence = Silence(len(self.noted(spec.Basic.Publish)) + after, lose, late)
        self.release()
        self._silence = silence
        return silence.after

    def say(self, to: Conversation, channel: int, method: amqp_object.Method) -> None:
        """Tell the client of a conversation something in the broker's place, while what the broker says is held."""
        to.heard.append(Noted(time.monotonic(), channel, method))
        with contextlib.suppress(OSError):
            to.client.sendall(frame.Method(channel, method).marshal())

    def release(self) -> None:
        """Hand over what was kept back."""
        if self._silence:
            self._silence.over.set()
        self._silence = None

    def cut(self) -> None:
        """Break every connection, as a network that fails does; new ones may come."""
        with self._lock:
            broken, self._sockets = self._sockets, []
            for each in self.conversations:
                each.ended = min(each.ended, time.monotonic())
        if self._silence:
            self._silence.cut = True
        self.release()
        for end in broken:
            _close(end)

    def close(self) -> None:
        _close(self._server)
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # closed
                return
            try:
                broker = self._connect()
            except OSError:  # no broker: the client finds its connection closed, as without us
                _close(client)
                continue
            conversation = Conversation(client)
            with self._lock:
                self._sockets += [client, broker]
                self.conversations.append(conversation)
            self._pump(client, broker, conversation, conversation.said)
            self._pump(broker, client, conversation, conversation.heard)

    def _connect(self) -> socket.socket:
        host, secure = self._upstream.hostname or "localhost", self._upstream.scheme == "amqps"
        broker = socket.create_connection((host, self._upstream.port or (5671 if secure else 5672)), timeout=10)
        broker.settimeout(None)
        broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each small frame waits for the last one's ack
        return ssl.create_default_context().wrap_socket(broker, server_hostname=host) if secure else broker

    def _pump(self, source: socket.socket, target: socket.socket, of: Conversation, into: list[Noted]) -> None:
        threading.Thread(target=self._carry, args=(source, target, of, into), name="warren wire", daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, of: Conversation, into: list[Noted]) -> None:
        """Write down first, then pass on: what the broker has been told, and no client was kept from, is recorded."""
        rest = b""
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if into is of.heard and not self._handed_over(of):
                    break
                rest = _read(rest + data, into)
                if into is of.heard or not self._lost(of):
                    target.sendall(data)
        of.gone = min(of.gone, time.monotonic())
        _close(source)
        _close(target)

    def _silent(self, of: Conversation) -> Silence | None:
        """The silence that has begun for who has published in this conversation; None if there is none."""
        silence = self._silence
        if silence is None or not any(isinstance(one.method, spec.Basic.Publish) for one in list(of.said)):
            return None
        return silence if len(self.noted(spec.Basic.Publish)) >= silence.after else None

    def _handed_over(self, of: Conversation) -> bool:
        """Wait for the end of the silence, if there is one: True when the client is to hear what was said in it."""
        silence = self._silent(of)
        if silence is None:
            return True
        silence.over.wait()
        return not silence.cut

    def _lost(self, of: Conversation) -> bool:
        silence = self._silent(of)
        if silence and silence.late:
            silence.over.wait()
        return silence is not None and silence.lose


def _read(data: bytes, into: list[Noted]) -> bytes:
    """Add the methods in `data` to the record, and return what begins the next frame."""
    while data:
        try:
            used, found = frame.decode_frame(data)
        except (exceptions.AMQPError, KeyError, ValueError):  # not AMQP 0-9-1, or two threads wrote at once
            return b""
        if not used:
            break
        if isinstance(found, frame.Method):
            into.append(Noted(time.monotonic(), found.channel_number, found.method))
        elif isinstance(found, (frame.Header, frame.Body)):
            _add_to_last(into, found)
        data = data[used:]
    return data


def _add_to_last(into: list[Noted], found: frame.Header | frame.Body) -> None:
    """A header and a body follow, on their channel, the method that they belong to."""
    for noted in reversed(into):
        if noted.channel == found.channel_number:
            if isinstance(found, frame.Header):
                noted.size, noted.properties = found.body_size, found.properties
            else:
                noted.body = (noted.body + found.fragment)[:KEPT]
            return


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()
