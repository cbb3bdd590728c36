"""Runs one private RabbitMQ node: unprivileged, on loopback, with a cookie, an epmd and ports of its own."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from warren.brokers import configuration, state
from warren.brokers.boot_failure import PortTaken, boot_failure
from warren.brokers.folders import explained
from warren.brokers.state import Process, State
from warren.errors import BrokerRefused, BrokerUnavailable

PORTS = ("amqp", "management", "stream", "prometheus", "dist", "epmd")
NAME = "warren@localhost"  # never the host's name: it need not resolve, and then the boot hangs for a minute
STOPPING = 15.0  # seconds; a clean stop takes 1 to 3, up to 7 with hundreds of vhosts
FILES = 512  # the least `ulimit -n` that leaves RabbitMQ sockets enough for a lesson


@dataclass(frozen=True)
class Installation:
    """A RabbitMQ on this machine: the folder of its scripts, its version, and what its processes need to be found."""

    sbin: str
    version: str
    path: str  # PATH that finds erl, epmd and a shell
    environment: dict[str, str] = field(default_factory=dict)


class Node:
    """One node in `folder`, as `plan` says (ports, user, installation). Its processes die with their starter."""

    def __init__(self, folder: Path, plan: State) -> None:
        self._folder = folder
        self._plan = plan
        self._installation = Installation(**plan.installation)
        self._epmd: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None
        self._new = True  # no data of an earlier boot

    @property
    def logfile(self) -> Path:
        return self._folder / "log" / "node.log"

    @property
    def container(self) -> str | None:
        return None

    @property
    def processes(self) -> tuple[Process, ...]:
        """The running processes: node, then epmd."""
        return tuple(Process.of(child.pid) for child in (self._node, self._epmd) if child and child.poll() is None)

    def alive(self) -> bool:
        return self._node is not None and self._node.poll() is None

    def start(self) -> None:
        """Start epmd and the node; does not wait until it serves. Raises BrokerUnavailable."""
        _raise_file_limit()
        self._must_be_free()
        self._write()
        environment = self._environment()
        if self._epmd is None or self._epmd.poll() is not None:
            command = [self._epmd_path(), "-port", str(self._plan.ports["epmd"]), "-address", "127.0.0.1"]
            self._epmd = self._spawn(command, environment, self._folder / "log" / "epmd.log")
        # From its own folder, by a relative name: RabbitMQ's shell scripts split absolute paths at spaces.
        self._node = self._spawn(["./rabbitmq-server"], environment, self._folder / "log" / "boot.log")

    def stop(self) -> None:
        """Stop the node."""
        _stop(self._node)

    def end(self) -> None:
        """Stop the node, then its epmd."""
        _stop(self._node)
        _stop(self._epmd)

    def forget(self) -> bool:
        """Delete the node's data, so that the next start makes them anew. False if this start has just made them."""
        shutil.rmtree(self._data, ignore_errors=True)
        return not self._new

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl on the node and return what it printed. Raises BrokerRefused with its complaint."""
        done = subprocess.run(
            ["./rabbitmqctl", "--node", NAME, *arguments],
            cwd=self._installation.sbin,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            complaint = " ".join((done.stderr or done.stdout).split())
            raise BrokerRefused(f"rabbitmqctl {arguments[0] if arguments else ''} failed: {complaint}")
        return done.stdout

    def failure(self) -> BrokerUnavailable:
        """Why the last boot failed, in RabbitMQ's own words."""
        with suppress(OSError):
            return boot_failure((self._folder / "log" / "boot.log").read_text(encoding="utf-8", errors="replace"))
        return BrokerUnavailable("it said nothing")

    def _must_be_free(self) -> None:
        """Raises PortTaken if somebody has a port of ours: known at once, where RabbitMQ needs seconds."""
        ports = dict(self._plan.ports)
        if self._epmd and self._epmd.poll() is None:
            del ports["epmd"]
        if busy := configuration.taken(ports):
            raise PortTaken(busy[0])

    @property
    def _data(self) -> Path:
        return self._folder / f"data-{self._plan.version}"  # data of another version is not read

    def _write(self) -> None:
        if "'" in str(self._folder):  # RabbitMQ's disk monitor puts it unescaped between such quotes, and hangs
            raise BrokerUnavailable(
                f"RabbitMQ cannot keep its data below {self._folder}, for the apostrophe in it: "
                "set WARREN_STATE to another folder."
            )
        with explained(self._folder, "WARREN_STATE"):
            for name in (".", "home", "log"):
                (self._folder / name).mkdir(mode=0o700, exist_ok=True)
            cookie = self._folder / "home" / ".erlang.cookie"
            if not cookie.exists():
                state.private(cookie, secrets.token_hex(20))
            self._forget_strangers()
            plan = self._plan
            own = configuration.node_conf(plan.ports, plan.username, plan.password)
            state.private(self._folder / "rabbitmq.conf", configuration.shared("rabbitmq.conf") + own)
            for name in ("advanced.config", "enabled_plugins"):
                state.private(self._folder / name, configuration.shared(name))

    def _forget_strangers(self) -> None:
        """Delete data that hold another user: RabbitMQ makes ours on an empty folder only."""
        stamp = self._data / "made-for"
        self._new = not stamp.exists() or stamp.read_text(encoding="utf-8") != self._plan.username
        if self._new:
            self.forget()
            self._data.mkdir(mode=0o700)
            state.private(stamp, self._plan.username)

    def _environment(self) -> dict[str, str]:
        """The whole environment of the node: nothing of the learner's own, such as RABBITMQ_… or ERL_… settings."""
        folder, ports = self._folder, self._plan.ports
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "HOME": str(folder / "home"),  # the cookie lives here
            "LANG": "C.UTF-8",
            "PATH": self._installation.path,
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the node: no shell between us and it
            "RABBITMQ_NODENAME": NAME,
            "RABBITMQ_CONF_ENV_FILE": os.devnull,  # not /etc/rabbitmq/rabbitmq-env.conf
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self._data),
            "RABBITMQ_LOGS": str(self.logfile),
            "RABBITMQ_PID_FILE": str(folder / "node.pid"),
            "RABBITMQ_DIST_PORT": str(ports["dist"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback,
            "RABBITMQ_CTL_ERL_ARGS": loopback,
            "ERL_EPMD_PORT": str(ports["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP_BYTES": "0",
            **self._installation.environment,
        }

    def _epmd_path(self) -> str:
        path = self._installation.path
        found = shutil.which("epmd", path=path)
        erl = shutil.which("erl", path=path)
        if not found and erl:
            found = next(map(str, Path(erl).resolve().parents[1].glob("erts-*/bin/epmd")), None)
        if not found:
            raise BrokerUnavailable(f"RabbitMQ {self._plan.version} needs Erlang, and there is no epmd on {path}.")
        return found

    def _spawn(self, command: list[str], environment: dict[str, str], output: Path) -> subprocess.Popen[bytes]:
        with explained(output, "WARREN_STATE"), output.open("wb") as out:
            return subprocess.Popen(
                command,
                cwd=self._installation.sbin,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                umask=0o077,
                preexec_fn=_die_with_parent(),  # noqa: PLW1509  # the supervisor has no threads
            )


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is None:
        return
    process.terminate()
    try:
        process.wait(STOPPING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux: what a child does before it becomes the node, to be stopped when this process dies, however it dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec nothing may be loaded
    pr_set_pdeathsig = 1  # linux/prctl.h
    return lambda: prctl(pr_set_pdeathsig, signal.SIGTERM)


def _raise_file_limit() -> None:
    """Lift `ulimit -n` as far as this user may. Raises BrokerUnavailable if that is too low for a broker."""
    import resource  # not on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    with suppress(ValueError, OSError):  # macOS allows less than its "infinity"
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= allowed < FILES:
        raise BrokerUnavailable(
            f"This user may open {allowed} files and RabbitMQ needs {FILES}: raise the limit (ulimit -Hn)."
        )
