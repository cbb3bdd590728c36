"""The process that owns a broker: `python -m warren.brokers.supervisor <state folder>`.

It outlives the notebook that started it, boots the node again when it dies, and ends with it on SIGTERM
(`warren down`), when its owner (`WARREN_OWNER`, a process id) is gone, when its state folder is taken away, or when
nobody used the broker for `WARREN_IDLE` seconds. SIGHUP restarts the node. Its only report is the state file.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

import psutil

from warren.brokers import state
from warren.brokers.boot_failure import PortTaken
from warren.brokers.connecting import management_url, serves, url, version
from warren.brokers.docker import Container
from warren.brokers.node import Node
from warren.brokers.state import Phase, Process, State
from warren.errors import BrokerUnavailable, WarrenError
from warren.management import Management

BOOTING = 60.0  # seconds until a boot counts as failed; 3 are usual, 10 on a busy machine
LIVES = 5  # how often a node that died by itself is booted again, within HEALTHY
HEALTHY = 600.0  # seconds after which earlier deaths are forgotten
IDLE = 7200.0  # seconds without a connection or a lesson opened after which the broker goes


class Runner(Protocol):
    """What runs the broker: a Node or a Container."""

    @property
    def processes(self) -> tuple[Process, ...]: ...
    @property
    def container(self) -> str | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def end(self) -> None: ...
    def alive(self) -> bool: ...
    def forget(self) -> bool: ...
    def failure(self) -> BrokerUnavailable: ...


class Supervisor:
    """Keeps one broker running until told to stop."""

    def __init__(self, folder: Path, plan: State, idle: float, owner: Process | None) -> None:
        self._folder = folder
        self._state = plan.but(supervisor=Process.of(os.getpid()))
        self._runner: Runner = Container(folder, plan) if plan.kind == "docker" else Node(folder / "node", plan)
        self._idle = idle
        self._owner = owner
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._deaths: list[float] = []
        self._looked = time.monotonic()

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda got, frame: self._signals.put(got))
        failure: BaseException | None = None
        self._report("starting")
        try:
            self._boot("starting")
            while self._wanted() and self._used():
                self._turn()
        except _Stop:
            pass
        except BaseException as error:  # whatever it is: the starter reads it in the state file, its place in our log
            failure = error
            raise
        finally:
            self._runner.end()
            if failure is None:
                self._report("stopped")
            else:
                reason = str(failure) or repr(failure)
                self._report("failed", reason=reason, port_taken=isinstance(failure, PortTaken))

    def _turn(self) -> None:
        """Wait for the next thing to happen and do what it asks for."""
        try:
            got = self._signals.get(timeout=0.5)
        except queue.Empty:
            got = 0
        if got in (signal.SIGTERM, signal.SIGINT):
            raise _Stop
        if got == signal.SIGHUP:
            self._report("restarting")
            self._runner.stop()
            self._boot("restarting")
        elif not self._runner.alive():
            self._revive()

    def _revive(self) -> None:
        now = time.monotonic()
        self._deaths = [death for death in self._deaths if now - death < HEALTHY] + [now]
        if len(self._deaths) > LIVES:
            raise BrokerUnavailable(f"RabbitMQ died {len(self._deaths)} times: {self._runner.failure()}")
        self._boot("restarting")

    def _boot(self, phase: Phase) -> None:
        """Boot the broker and wait until it serves. A first boot that fails on old data is tried again without them."""
        while True:
            self._runner.start()
            self._report(phase)
            failure = self._booted()
            if failure is None:
                state.touch(self._folder)
                self._report("ready", generation=self._state.generation + 1, version=version(url(self._state)))
                return
            self._runner.stop()
            if phase != "starting" or not self._runner.forget():
                raise failure

    def _booted(self) -> BrokerUnavailable | None:
        """None once the broker serves clients; why not, if it never will."""
        deadline = time.monotonic() + BOOTING
        while time.monotonic() < deadline:
            if not self._runner.alive():
                return self._runner.failure()
            if serves(self._state):
                return None
            with suppress(queue.Empty):
                if self._signals.get(timeout=0.05) in (signal.SIGTERM, signal.SIGINT):
                    raise _Stop
            if not self._wanted():
                raise _Stop
        return BrokerUnavailable(f"it did not serve clients within {BOOTING:.0f} s ({self._runner.failure()})")

    def _wanted(self) -> bool:
        """False once the owner is gone or the state folder is not ours any more."""
        if self._owner and not self._owner.alive():
            return False
        written = state.read(self._folder)
        return written is not None and written.supervisor == self._state.supervisor

    def _used(self) -> bool:
        """False once nobody was connected or opened a lesson for the idle time; looks every now and then."""
        if time.monotonic() - self._looked < min(30.0, self._idle / 4):
            return True
        self._looked = time.monotonic()
        if time.time() - state.touched(self._folder) < self._idle:
            return True
        api = Management(management_url(self._state), self._state.username, self._state.password)
        with suppress(WarrenError), closing(api):
            if api.overview()["object_totals"]["connections"]:
                state.touch(self._folder)
                return True
        return False

    def _report(self, phase: Phase, **changes: Any) -> None:
        """Write the state file, unless it was taken away or names another supervisor by now."""
        self._state = self._state.but(
            **{"reason": "", **changes},
            phase=phase,
            processes=self._runner.processes,
            container=self._runner.container,
        )
        written = state.read(self._folder)
        if written and written.supervisor in (None, self._state.supervisor):
            with suppress(OSError):
                state.write(self._folder, self._state)


class _Stop(Exception):
    """Somebody asked for the end."""


def _owner() -> Process | None:
    """The process named by WARREN_OWNER. One that is gone already counts as gone, not as none."""
    pid = int(os.environ.get("WARREN_OWNER") or 0)
    if not pid:
        return None
    try:
        return Process.of(pid)
    except psutil.Error:
        return Process(pid, 0.0)


def main() -> None:
    folder = Path(sys.argv[1])
    owner = _owner()
    idle = float(os.environ.get("WARREN_IDLE") or IDLE)
    plan = state.read(folder)
    if plan is None:
        sys.exit(f"There is no plan for a broker in {folder}.")
    if os.fork():  # the starter waits for this process only; the supervisor is nobody's child and leaves no zombie
        os._exit(0)
    Supervisor(folder, plan, idle, owner).run()


if __name__ == "__main__":
    main()
