"""Getting a broker: somebody's, the one already running, or one of our own."""

from __future__ import annotations

import os
from typing import Any, Literal, Protocol

from warren.brokers import debian, docker, external, folders, installed, supervised
from warren.brokers.apt import Progress
from warren.brokers.broker import Broker
from warren.errors import BrokerUnavailable

__all__ = ["Broker", "Own", "cures", "down", "find", "running", "up", "ways"]

Own = Literal["installed", "docker", "debian"]


class _Way(Protocol):
    """A module that knows one way to get a broker of our own. Its functions raise BrokerUnavailable."""

    CURE: str  # what would make it work

    def find(self, progress: Progress | None = None, /) -> tuple[str, dict[str, Any]]:
        """Version and installation, downloaded if need be."""

    def look(self) -> None:
        """Whether it will probably work here. Downloads, starts nothing."""


_WAYS: dict[Own, _Way] = {"installed": installed, "docker": docker, "debian": debian}  # in the order they are tried


def find(start: bool = True, progress: Progress | None = None) -> Broker:
    """A broker that answers: of WARREN_URL, else the one that runs, else (if `start`) one that is started now.

    `progress` is told what takes time. Raises BrokerUnavailable and BrokerRefused, each in one sentence.
    """
    broker = external.find() or running()
    if broker:
        return broker
    if not start:
        raise BrokerUnavailable("No broker is running: `warren up` starts one.")
    return up(progress=progress)


def running() -> Broker | None:
    """The broker that Warren already runs for this user, if it answers."""
    return supervised.running(folders.state())


def up(kind: Own | None = None, progress: Progress | None = None) -> Broker:
    """The broker that runs, or a new one: of that kind, or of the first kind that works here.

    Raises BrokerUnavailable; for no `kind` it names every way, why it did not work, and what would make it work.
    """
    order = _order()
    folder = folders.state()
    with supervised.lock(folder):
        broker = supervised.running(folder)
        if broker and kind in (None, broker.kind):
            return broker
        if kind:
            return _start(kind, progress)
        reasons = []
        for way in order:
            try:
                return _start(way, progress)
            except BrokerUnavailable as error:
                reasons.append(f"  {way}: {error}; to make it work: {_WAYS[way].CURE}")
    raise BrokerUnavailable("\n".join(["No RabbitMQ could be had here. What was tried:", *reasons]))


def down() -> bool:
    """Stop the broker that Warren runs for this user. False if none ran."""
    folder = folders.state()
    with supervised.lock(folder):
        return supervised.stop(folder)


def _order() -> list[Own]:
    """The ways to try, in their order; `WARREN_WITH=debian` or `WARREN_WITH=installed,debian` names others."""
    named = [name.strip() for name in os.environ.get("WARREN_WITH", "").split(",") if name.strip()]
    if unknown := set(named) - set(_WAYS):
        raise BrokerUnavailable(f"WARREN_WITH names {', '.join(unknown)}; there are: {', '.join(_WAYS)}.")
    return sorted((way for way in _WAYS if way in named), key=named.index) if named else list(_WAYS)


def ways() -> dict[Own, str | None]:
    """For each way to start a broker: None if it will probably work here, else why not. Downloads, starts nothing."""
    found: dict[Own, str | None] = {}
    for way in _order():
        try:
            _WAYS[way].look()
            found[way] = None
        except BrokerUnavailable as error:
            found[way] = str(error)
    return found


def cures() -> str:
    """What would make each way work."""
    return "; or ".join(way.CURE for way in _WAYS.values())


def _start(kind: Own, progress: Progress | None) -> Broker:
    """Start a broker of that kind; the one that runs goes only once there is something to start."""
    version, installation = _WAYS[kind].find(progress)
    if progress:
        progress(f"Starting RabbitMQ {version}", 0)
    broker = supervised.start(folders.state(), kind, version, installation)
    if progress:
        progress(f"Starting RabbitMQ {version}", 1)
    return broker
