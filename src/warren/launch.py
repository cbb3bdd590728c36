"""`warren lab`: a broker, the learner's copies, and JupyterLab on them, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from warren import brokers, jupyter_home, work
from warren.errors import WarrenError
from warren.terminal import progress


class CannotListen(WarrenError):
    """JupyterLab cannot be reached at that address: it is not this machine's, or not ours to use."""


def lab(
    browser: Annotated[bool, typer.Option(help="Open a browser, where there is a display.")] = True,
    ip: Annotated[str, typer.Option(help="The address to listen on; in a container 0.0.0.0.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The first port to try.", min=1, max=65535)] = 8888,
) -> None:
    """Open the course in JupyterLab, with a broker behind it. Ctrl-C ends both."""
    os.environ |= jupyter_home.environment()
    _hand_out()
    with _broker():
        _serve(ip, port, browser and _has_display())


def _hand_out() -> None:
    handed = work.hand_out()
    if handed.new or handed.refreshed:
        print(f"Your copies in {work.folder()}: {len(handed.new)} new, {len(handed.refreshed)} renewed.")
    _trust([work.folder() / name for name in (*handed.new, *handed.refreshed)])
    for name in handed.kept:
        print(f"{name}: the course has a newer one; yours, which you have changed, stays as it is.")


def _trust(copies: list[Path]) -> None:
    """Let JupyterLab show the outputs that came with the course as they are: it trusts only what was run here."""
    from nbformat import read, sign

    notary = sign.NotebookNotary()
    for copy in copies:
        notary.sign(read(copy, as_version=4))


@contextmanager
def _broker() -> Iterator[None]:
    """A broker for as long as JupyterLab runs; one that ran before stays."""
    os.environ["WARREN_OWNER"] = str(os.getpid())  # even SIGKILL of this process ends a broker it started
    earlier = "WARREN_URL" in os.environ or brokers.running()
    try:
        with progress() as tell:
            brokers.find(progress=tell)
        yield
    finally:
        if not earlier:
            brokers.down()


def _has_display() -> bool:
    """Whether a browser could show up: without one Python would open a text browser in this very terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _listening(options: dict[str, object]) -> Any:
    """JupyterLab with these settings, listening but not serving yet. Raises CannotListen."""
    from jupyterlab.labapp import LabApp

    try:
        return LabApp.initialize_server([f"--{name}={value}" for name, value in options.items()])
    except OSError as error:
        raise CannotListen(
            f"JupyterLab cannot listen on {options['ServerApp.ip']}, port {options['ServerApp.port']} "
            f"({error.strerror or error}): --ip takes an address of this machine, such as 127.0.0.1."
        ) from error


def _serve(ip: str, port: int, browser: bool) -> None:
    """Run JupyterLab in this process until Ctrl-C or SIGTERM; it ends its kernels then."""
    options = {
        "ServerApp.root_dir": work.folder(),
        "ServerApp.ip": ip,
        "ServerApp.port": port,  # or one of the next fifty
        "ServerApp.open_browser": browser,
        "ServerApp.allow_root": True,
        "ServerApp.answer_yes": True,  # one Ctrl-C is enough
        "ServerApp.log_level": "CRITICAL",  # what a learner must know is in the browser
        "LabApp.log_level": "CRITICAL",
        "LabApp.default_url": "/lab",  # the workspace knows what is open
        "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    server = _listening(options)
    if hasattr(signal, "SIGHUP"):  # the terminal window was closed
        signal.signal(signal.SIGHUP, lambda *_: server.stop(from_signal=True))
    server.log.addFilter(lambda record: "To access the server" not in record.getMessage())  # we say it in one line
    address = "127.0.0.1" if ip == "0.0.0.0" else ip  # noqa: S104  # a container publishes its ports on loopback
    print(f"JupyterLab: http://{address}:{server.port}{server.base_url}lab?token={server.identity_provider.token}")
    print("Ctrl-C here ends it.", flush=True)
    server.start()
    print("JupyterLab has ended.")
