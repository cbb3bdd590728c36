"""What the commands print with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)


@contextmanager
def progress() -> Iterator[Any]:
    """A progress bar on a terminal, a line for each step elsewhere. Yields what `brokers.up` wants to be told with."""
    if not complaints.is_terminal:
        said: list[str] = []

        def say(what: str, _done: float | None = None) -> None:
            if what not in said:
                said.append(what)
                complaints.print(what, markup=False)

        yield say
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=complaints, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: float | None = None) -> None:
            if what not in tasks:
                for earlier in tasks.values():
                    bars.update(earlier, completed=1)
                tasks[what] = bars.add_task(what, total=1)
            bars.update(tasks[what], completed=done)

        yield tell
