"""The broker for a notebook, with a bar while it is downloaded or boots; nothing of the bar stays in the output."""

from __future__ import annotations

import sys
from html import escape
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import clear_output, display

from warren import brokers
from warren.brokers.broker import Broker


def broker() -> Broker:
    """The broker to use, started or even downloaded if need be. Raises BrokerUnavailable and BrokerRefused."""
    shell: Any = get_ipython()
    in_notebook = getattr(shell, "kernel", None) is not None
    if in_notebook:
        shell.extension_manager.load_extension("warren.cells")  # also where `warren lab` did not start the kernel
    bar = _Bar() if in_notebook else _Lines()
    found = brokers.find(progress=bar)
    bar.close()
    return found


class _Bar:
    """One line of a cell's output, gone when done."""

    def __init__(self) -> None:
        self._shown: Any = None

    def __call__(self, what: str, done: float) -> None:
        text = {
            "text/plain": f"{what} … {done:.0%}",
            "text/html": f"{escape(what)} <progress value='{done:.2f}'></progress>",
        }
        if self._shown is None:
            self._shown = display(text, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._shown.update(text, raw=True)

    def close(self) -> None:
        if self._shown is not None:
            clear_output()  # type: ignore[no-untyped-call]


class _Lines:
    """One line on stderr for each step, where there is no notebook."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, what: str, _done: float) -> None:
        if what != self._said:
            self._said = what
            print(what, file=sys.stderr)

    def close(self) -> None:
        """Nothing to clear."""
