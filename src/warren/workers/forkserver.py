"""Processes that start in milliseconds: forks of one Python that has imported the clients already. On Linux.

A new Python takes 0.2 s of a processor until pika is imported, and a lab or a crew needs dozens of them. So the first
one asked for starts a server that lives as long as this process does, and forks: what it forks is a minder, whose only
work is to tell how its own fork, the process that was asked for, ends.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, NoReturn

CLIENTS = ("pika", "aio_pika")
"""What a learner's function needs most often, and what takes longest to import."""
_NUMBER = struct.Struct("i")

_lock = threading.Lock()
_server: Server | None = None


def start(stderr: int) -> subprocess.Popen[bytes] | Fork:
    """A process that runs `warren.workers.child`, in milliseconds where that can be had.

    It leads a session of its own: an interrupt of the kernel goes to the kernel's process group, not to it.
    """
    if sys.platform == "linux":  # elsewhere a library may have started threads, which a fork would not have
        with contextlib.suppress(OSError):
            return Fork(stderr)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "warren.workers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=_environment(),
        start_new_session=True,
    )


class Server:
    """The fork server of this process, with which it ends."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "warren.workers.forkserver", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self.end)

    def fork(self, fds: list[int]) -> None:
        """Hand a new process its pipes. Raises OSError if the server is gone."""
        socket.send_fds(self._requests, [b"f"], fds)

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self) -> None:
        self._requests.close()
        self._process.wait()


class Fork:
    """What `subprocess.Popen` is for a program: a process that runs `warren.workers.child`, leader of its own session.

    `stderr` is the file descriptor it writes its errors to. Raises OSError if there can be no fork server.
    """

    def __init__(self, stderr: int) -> None:
        child_reads, we_write = os.pipe()
        we_read, child_writes = os.pipe()
        status, minder_writes = os.pipe()
        self.stdin: BinaryIO = os.fdopen(we_write, "wb")
        self.stdout: BinaryIO = os.fdopen(we_read, "rb")
        self._status: BinaryIO = os.fdopen(status, "rb", buffering=0)
        self.returncode: int | None = None
        try:
            _request([child_reads, child_writes, stderr, minder_writes])
        finally:
            for theirs in (child_reads, child_writes, minder_writes):
                os.close(theirs)
        if (pid := self._told()) is None:
            raise ChildProcessError("the fork server ended before it had forked")
        self.pid = pid

    def wait(self) -> int:
        """Wait for its end. Returns its exit code, or the signal that ended it, negated."""
        if self.returncode is None:
            code = self._told()
            self._status.close()
            self.returncode = -signal.SIGKILL if code is None else code  # nothing but SIGKILL silences a minder
        return self.returncode

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def _told(self) -> int | None:
        """The next number from the minder; None if it is gone."""
        told = self._status.read(_NUMBER.size)
        return int(_NUMBER.unpack(told)[0]) if told else None


def _environment() -> dict[str, str]:
    """With this very package on the path of a new Python, wherever it lies."""
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def _request(fds: list[int]) -> None:
    """Have the server fork; it is started if there is none, or none any more."""
    global _server  # noqa: PLW0603  one for this process
    with _lock:
        if _server is not None:
            try:
                return _server.fork(fds)
            except OSError:
                _server.end()
        _server = Server()
        return _server.fork(fds)


def servers_pid() -> int | None:
    """The process that forks for this one, if it has begun to."""
    return _server.pid if _server else None


def serve(requests: socket.socket) -> NoReturn:
    """Fork for each request, until the process that asks is gone, however it went."""
    from warren.workers import child

    for client in CLIENTS:
        import_module(client)
    gc.freeze()  # what is there now stays: a collection in a fork would copy all of it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the minders
    while True:
        asked, fds, _, _ = socket.recv_fds(requests, 1, 4)
        if not asked:
            os._exit(0)
        if os.fork() == 0:
            requests.close()
            _mind(child.main, *fds)
        for fd in fds:
            os.close(fd)


def _mind(main: Callable[[], None], stdin: int, stdout: int, stderr: int, status: int) -> NoReturn:
    """In the first fork: make the second, tell its pid, and how it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (pid := os.fork()) == 0:
        os.setsid()
        os.close(status)
        for place, fd in enumerate((stdin, stdout, stderr)):
            os.dup2(fd, place)
            os.close(fd)
        main()
        os._exit(0)
    for fd in (stdin, stdout, stderr):
        os.close(fd)
    os.write(status, _NUMBER.pack(pid))
    _, ended = os.waitpid(pid, 0)
    os.write(status, _NUMBER.pack(os.waitstatus_to_exitcode(ended)))
    os._exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
