"""Getting a broker: somebody's, the one already running, or one of our own."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Literal

from warren.brokers import debian, docker, external, folders, installed, supervised
from warren.brokers.apt import Progress
from warren.brokers.broker import Broker
from warren.errors import BrokerUnavailable

__all__ = ["Broker", "Own", "cures", "down", "find", "running", "up", "ways"]

Own = Literal["installed", "docker", "debian"]
_WAYS: tuple[Own, ...] = ("installed", "docker", "debian")
_CURES = {"installed": installed.CURE, "docker": docker.CURE, "debian": debian.CURE}


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
            supervised.stop(folder)
            return _start(kind, progress)
        reasons = []
        for way in order:
            try:
                return _start(way, progress)
            except BrokerUnavailable as error:
                reasons.append(f"  {way}: {error}; to make it work: {_CURES[way]}")
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
    return [way for name in named or _WAYS for way in _WAYS if way == name]


def ways() -> dict[Own, str | None]:
    """For each way to start a broker: None if it will probably work here, else why not. Downloads, starts nothing."""
    looks: dict[Own, Callable[[], object]] = {
        "installed": installed.find,
        "docker": docker.look,
        "debian": debian.look,
    }
    found: dict[Own, str | None] = {}
    for way in _order():
        try:
            looks[way]()
            found[way] = None
        except BrokerUnavailable as error:
            found[way] = str(error)
    return found


def cures() -> str:
    """What would make each way work."""
    return "; or ".join(_CURES.values())


def _start(kind: Own, progress: Progress | None) -> Broker:
    ways: dict[Own, Callable[[], tuple[str, dict[str, Any]]]] = {
        "installed": installed.find,
        "docker": lambda: docker.find(progress),
        "debian": lambda: debian.find(progress),
    }
    version, installation = ways[kind]()
    if progress:
        progress(f"Starting RabbitMQ {version}", 0)
    broker = supervised.start(folders.state(), kind, version, installation)
    if progress:
        progress(f"Starting RabbitMQ {version}", 1)
    return broker
