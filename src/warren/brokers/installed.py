"""A RabbitMQ that is already installed on this machine, run as a private node: its own service is left alone."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from warren.brokers import configuration
from warren.brokers.apt import Progress
from warren.brokers.node import Installation
from warren.errors import BrokerUnavailable

OLDEST = (4, 0)
CURE = "install RabbitMQ 4: `conda install -c conda-forge rabbitmq-server`, or `brew install rabbitmq`"


def find(_progress: Progress | None = None) -> tuple[str, dict[str, Any]]:
    """Version and installation of the newest RabbitMQ here.

    Raises BrokerUnavailable: there is none, it is too old, it lacks a plugin or finds no Erlang.
    """
    if sys.platform == "win32":
        raise BrokerUnavailable("Warren runs no node of its own on Windows.")
    found = sorted({version: sbin for sbin in _places() if (version := version_of(sbin))}.items(), key=_newest)
    if not found:
        raise BrokerUnavailable("there is no rabbitmq-server on PATH or in the usual places")
    version, sbin = found[-1]
    if numbers(version) < OLDEST:
        raise BrokerUnavailable(f"the rabbitmq-server in {sbin} is {version}, and Warren needs 4.0 or newer")
    if missing := _missing_plugins(sbin):
        raise BrokerUnavailable(f"the rabbitmq-server in {sbin} lacks the plugin {', '.join(missing)}")
    path = os.pathsep.join(dict.fromkeys([*_path(), str(sbin)]))
    if not shutil.which("erl", path=path):
        raise BrokerUnavailable(f"the rabbitmq-server in {sbin} finds no Erlang (erl) on PATH")
    return version, asdict(Installation(str(sbin), version, path))


def look() -> None:
    """Raises BrokerUnavailable where this way cannot work."""
    find()


def version_of(sbin: Path) -> str | None:
    """The version of the RabbitMQ whose scripts are in `sbin`: its `rabbit` application carries it in its name."""
    for plugin in (sbin.parent / "plugins").glob("rabbit-[0-9]*"):
        if match := re.match(r"rabbit-(\d+\.\d+\.\d+)", plugin.name):
            return match[1]
    return None


def _missing_plugins(sbin: Path) -> list[str]:
    """The plugins that our nodes enable and this RabbitMQ has not: it would boot without a word, and without them."""
    wanted = re.findall(r"\w+", configuration.shared("enabled_plugins"))
    return [name for name in wanted if not any((sbin.parent / "plugins").glob(f"{name}-[0-9]*"))]


def _places() -> Iterator[Path]:
    """Folders of RabbitMQ's own scripts. Debian's /usr/sbin/rabbitmq-server is none: it refuses other users."""
    for folder in _path():
        script = shutil.which("rabbitmq-server", path=folder)
        if script:
            yield Path(script).resolve().parent
    for pattern in (
        "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",  # Debian, Ubuntu, Fedora
        "/opt/rabbitmq/sbin",  # the container image, the generic archive
        "/opt/homebrew/opt/rabbitmq/sbin",
        "/usr/local/opt/rabbitmq/sbin",
        "/home/linuxbrew/.linuxbrew/opt/rabbitmq/sbin",
        f"{sys.prefix}/lib/rabbitmq/sbin",  # conda
    ):
        yield from Path("/").glob(pattern.lstrip("/"))


def _path() -> list[str]:
    """Where programs are: PATH, this Python's own folder (conda), and what a bare PATH lacks."""
    own = [str(Path(sys.prefix) / "bin")]
    usual = ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin"]
    return [folder for folder in [*os.environ.get("PATH", "").split(os.pathsep), *own, *usual] if folder]


def _newest(item: tuple[str, Path]) -> tuple[int, ...]:
    return numbers(item[0])


def numbers(version: str) -> tuple[int, ...]:
    """The version as numbers that can be compared."""
    return tuple(int(part) for part in version.split("."))
