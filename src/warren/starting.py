"""The broker for a notebook, with a bar while it is downloaded or boots; nothing of the bar stays in the output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import clear_output, display

from warren import brokers
from warren.brokers.broker import Broker


def broker() -> Broker:
    """The broker to use, started or even downloaded if need be. Raises BrokerUnavailable and BrokerRefused."""
    shell: Any = get_ipython()
    if _in_notebook():
        shell.extension_manager.load_extension("warren.cells")  # also where `warren lab` did not start the kernel
    with _told() as tell:
        return brokers.find(progress=tell)


@contextmanager
def shown(what: str) -> Iterator[None]:
    """Say what takes some seconds, for as long as it takes."""
    with _told() as tell:
        tell(what)
        yield


def _in_notebook() -> bool:
    return getattr(get_ipython(), "kernel", None) is not None


@contextmanager
def _told() -> Iterator[Any]:
    """What to tell the steps to: a bar in the cell, or where there is no notebook what the commands use."""
    if not _in_notebook():
        from warren.terminal import progress

        with progress() as tell:
            yield tell
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()


class _Bar:
    """One line of a cell's output, gone when done."""

    def __init__(self) -> None:
        self._shown: Any = None

    def __call__(self, what: str, done: float | None = None) -> None:
        """Show what is done, and how much of it, if that is known (0 to 1)."""
        part, value = ("", "") if done is None else (f" {done:.0%}", f" value='{done:.2f}'")
        text = {"text/plain": f"{what} …{part}", "text/html": f"{escape(what)} <progress{value}></progress>"}
        if self._shown is None:  # empty at first: nbval, which knows nothing of updates nor of clearing, sees no output
            self._shown = display({}, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        self._shown.update(text, raw=True)

    def close(self) -> None:
        if self._shown is not None:
            clear_output()  # type: ignore[no-untyped-call]
