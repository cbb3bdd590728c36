"""What the course needs of this machine, whether it is there, and the command that mends it: `warren doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from importlib import metadata
from typing import Literal

from warren import brokers
from warren.brokers import folders
from warren.brokers.broker import Broker
from warren.brokers.node import FILES
from warren.errors import BrokerRefused, WarrenError

TAUGHT = "4.3"  # the version the lessons are written for; 4.0 to 4.2 work with a few cells passed over
OLDEST_PYTHON = (3, 11)

State = Literal["ok", "to do", "missing"]


@dataclass(frozen=True)
class Need:
    """One thing the course needs: `found` says what there is, `mend` how to get it where `state` is not ok."""

    name: str
    state: State
    found: str
    mend: str = ""


class Report(list[Need]):
    """All needs; a cell shows them as a table."""

    @property
    def well(self) -> bool:
        """True if nothing is missing."""
        return all(need.state != "missing" for need in self)

    def __repr__(self) -> str:
        wide = max(len(need.name) for need in self)
        rows = [f"{need.name:<{wide}}  {need.state:<7}  {need.found}" for need in self]
        cures = [f"{need.name}: {need.mend}" for need in self if need.mend]
        return "\n".join([*rows, *cures])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(need.name)}</td><td><b>{escape(need.state)}</b></td><td>{escape(need.found)}</td>"
            f"<td><code>{escape(need.mend)}</code></td></tr>"
            for need in self
        )
        return f"<table><tr><th>need</th><th>state</th><th>found</th><th>what mends it</th></tr>{rows}</table>"


def doctor() -> Report:
    """Look at everything the course needs; starts nothing, changes nothing."""
    return Report([*_programs(), *_broker(), *_machine()])


def _programs() -> Iterator[Need]:
    python = platform.python_version()
    good = sys.version_info >= OLDEST_PYTHON
    yield Need(
        "Python", "ok" if good else "missing", python, "" if good else "install Python 3.11 or newer, then: make lab"
    )
    for name, package in (("JupyterLab", "jupyterlab"), ("pika", "pika"), ("aio-pika", "aio-pika")):
        try:
            yield Need(name, "ok", metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Need(name, "missing", "not installed", "pip install -e .")


def _broker() -> Iterator[Need]:
    try:
        broker = brokers.find(start=False)
    except WarrenError as error:
        if os.environ.get("WARREN_URL"):
            yield Need("broker", "missing", str(error), "correct WARREN_URL, or unset it to get a broker of your own")
        else:
            yield _way()
        return
    fit = f"RabbitMQ {broker.version} ({broker.kind})"
    old = "" if broker.at_least(TAUGHT) else f"; some cells need {TAUGHT} and will say so"
    yield Need("broker", "ok", fit + old)
    yield from _management(broker)


def _way() -> Need:
    """No broker runs: could one be started?"""
    ways = brokers.ways()
    for way, problem in ways.items():
        if problem is None:
            return Need("broker", "to do", f"none runs; the way called {way} will work here", "warren up")
    problems = "; ".join(f"{way}: {problem}" for way, problem in ways.items())
    return Need("broker", "missing", f"none runs, and no way to get one ({problems})", brokers.cures())


def _management(broker: Broker) -> Iterator[Need]:
    try:
        api = broker.management()
        api.overview()
    except WarrenError as error:
        yield Need("HTTP API", "missing", str(error), "set WARREN_MANAGEMENT_URL, e.g. http://host:15672")
        return
    yield Need("HTTP API", "ok", "answers")
    with suppress(BrokerRefused):  # somebody's broker that does not tell everybody
        if api.alarms():
            mend = (
                "free memory, and space on the disk of the state folder" if broker.own else "tell who runs the broker"
            )
            yield Need("alarms", "missing", "a memory or disk alarm is on: the broker takes no messages", mend)
    api.close()


def _machine() -> Iterator[Need]:
    yield _files()
    places = (
        ("state folder", folders.state, folders.NEEDED_BY_NODE, "WARREN_STATE"),
        ("cache folder", folders.cache, folders.NEEDED_BY_DOWNLOAD, "WARREN_CACHE"),
    )
    for name, place, needed, variable in places:
        try:
            path = place()
            folders.need(path, needed, variable)
        except WarrenError as error:
            yield Need(name, "missing", str(error), f"set {variable} to another folder")
        else:
            yield Need(name, "ok", f"writable, {shutil.disk_usage(path).free // 2**30} GiB free")
    yield _work()


def _files() -> Need:
    try:
        import resource
    except ImportError:  # Windows
        return Need("open files", "ok", "no limit")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        return Need("open files", "missing", f"at most {hard}, RabbitMQ needs {FILES}", f"ulimit -Hn {FILES}")
    return Need("open files", "ok", f"at least {FILES}")


def _work() -> Need:
    from warren import work

    path = work.folder()
    existing = next(place for place in (path, *path.parents) if place.exists())
    if os.access(existing, os.W_OK):
        return Need("work folder", "ok", "writable")
    return Need("work folder", "missing", f"{path} cannot be written to", "set WARREN_WORK to a folder of yours")
