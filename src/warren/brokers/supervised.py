"""The broker Warren runs itself, seen from outside: start its supervisor, find it again, restart it, stop it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from warren.brokers import configuration, connecting, docker, node, state
from warren.brokers.broker import Broker, Kind
from warren.brokers.folders import NEEDED_BY_NODE, explained, need
from warren.brokers.state import State
from warren.errors import BrokerUnavailable

HUNG = 10.0  # seconds; a node that just died is booted again by then, or at least said to be
PATIENCE = 90.0  # seconds for a boot, a restart or a stop to be over; the supervisor gives up before
STOPPED = "it was stopped while it booted"
ATTEMPTS = 3  # boots, each on other ports, when somebody takes a port between our look and the boot


def lock(folder: Path) -> FileLock:
    """Whoever starts or stops the folder's broker holds this."""
    return FileLock(folder / "lock", mode=0o600)


def running(folder: Path) -> Broker | None:
    """The folder's broker if it is up; one that is just booting is waited for."""
    deadline = time.monotonic() + PATIENCE
    hung = time.monotonic() + HUNG
    while time.monotonic() < deadline:
        found = state.read(folder)
        if found is None or not found.supervised or found.phase in ("failed", "stopped"):
            return None
        if found.phase == "ready":
            if connecting.answers(found):
                state.touch(folder)
                return _broker(folder, found)
            if time.monotonic() > hung:
                return None
        time.sleep(0.05)
    return None


def start(folder: Path, kind: Kind, version: str, installation: dict[str, Any]) -> Broker:
    """Start a broker of that kind in the folder and wait until it serves. The caller holds the lock.

    Raises BrokerUnavailable with RabbitMQ's own reason.
    """
    clear(folder)
    need(folder, NEEDED_BY_NODE, "WARREN_STATE")
    before = state.read(folder)
    for attempt in range(ATTEMPTS):
        plan = _plan(before if attempt == 0 else None, kind, version, installation)
        with explained(folder, "WARREN_STATE"):
            state.write(folder, plan)
            state.touch(folder)
            output = state.private(folder / "supervisor.log", "")
        try:
            _spawn(folder, output)
            found = _settled(folder, plan)
        except KeyboardInterrupt:
            clear(folder)
            raise
        if found.phase == "ready":
            return _broker(folder, found)
        clear(folder)
        if not found.port_taken and not configuration.taken(plan.ports):
            break
    raise BrokerUnavailable(
        f"RabbitMQ {version} ({kind}) did not start: {found.reason or STOPPED}. Its log: {log(folder)}"
    )


def stop(folder: Path) -> bool:
    """Stop the folder's broker and what may be left of one. False if there was nothing to stop."""
    found = state.read(folder)
    was = found is not None and (found.supervised or any(process.alive() for process in found.processes))
    if found and found.supervisor and found.supervised:
        state.end([found.supervisor], PATIENCE)
    clear(folder)
    return was


def clear(folder: Path) -> None:
    """End what a supervisor that died by SIGKILL left behind: only processes and containers the state file names."""
    found = state.read(folder)
    if found is None:
        return
    state.end([process for process in (found.supervisor, *found.processes) if process], node.STOPPING)
    if found.kind == "docker":
        docker.remove(folder)


def log(folder: Path) -> Path:
    """The file where the folder's broker says what it does."""
    return folder / "node" / "log" / "node.log"


def tail(folder: Path, lines: int) -> str:
    """The last lines of that."""
    found = state.read(folder)
    if found and found.kind == "docker":
        return docker.Container(folder, found).log(lines)
    try:
        with log(folder).open(encoding="utf-8", errors="replace") as text:
            return "".join(deque(text, lines)).rstrip()
    except OSError:
        raise BrokerUnavailable("No broker has run yet: `warren up` starts one.") from None


def _plan(before: State | None, kind: Kind, version: str, installation: dict[str, Any]) -> State:
    """The next broker: with the user and, if they are free, on the ports of the one before, whose data it may find."""
    names = node.PORTS
    ports = before.ports if before and set(before.ports) == set(names) and not configuration.taken(before.ports) else {}
    same = before is not None and before.kind == kind and before.version == version
    return State(
        kind=kind,
        version=version,
        username=before.username if before and same else f"warren-{secrets.token_hex(3)}",
        password=before.password if before and same else secrets.token_urlsafe(24),
        ports=ports or configuration.free_ports(*names),
        installation=installation,
    )


def _spawn(folder: Path, output: Path) -> None:
    """Start the supervisor in a session of its own: neither Ctrl-C nor *Interrupt* nor the kernel's end reaches it."""
    with output.open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "warren.brokers.supervisor", str(folder)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
        )
    if done.returncode:
        raise BrokerUnavailable(f"The process that looks after RabbitMQ did not start: {_last_line(output)}")


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def _settled(folder: Path, before: State) -> State:
    """The state once the boot after that of `before` is over, whichever way it ended."""
    begun = time.monotonic()
    heard = False
    while time.monotonic() < begun + (PATIENCE if heard else HUNG):
        found = state.read(folder)
        if found and found.supervisor:
            heard = True
            if found.phase in ("failed", "stopped") or (
                found.phase == "ready" and found.generation > before.generation
            ):
                return found
            if not found.supervised:
                return found.but(phase="failed", reason="the process that looked after it was killed")
        time.sleep(0.02)
    reason = "it takes too long" if heard else f"nothing is heard of it ({_last_line(folder / 'supervisor.log')})"
    return before.but(phase="failed", reason=reason)


def _broker(folder: Path, found: State) -> Broker:
    return Broker(
        kind=found.kind,
        url=connecting.url(found),
        management_url=connecting.management_url(found),
        version=found.version,
        _ctl=_ctl(folder, found),
        _restart=lambda: _restart(folder),
        _stop=lambda: _stop(folder),
    )


def _ctl(folder: Path, found: State) -> Callable[..., str]:
    if found.kind == "docker":
        return docker.Container(folder, found).ctl
    return node.Node(folder / "node", found).ctl


def _restart(folder: Path) -> None:
    found = state.read(folder)
    if found is None or not found.supervised or found.supervisor is None:
        raise BrokerUnavailable("The broker does not run any more: `warren up` starts it again.")
    found.supervisor.signal(signal.SIGHUP)
    after = _settled(folder, found)
    if after.phase != "ready":
        raise BrokerUnavailable(f"RabbitMQ did not come back: {after.reason or STOPPED}. Its log: {log(folder)}")


def _stop(folder: Path) -> None:
    with lock(folder):
        stop(folder)
