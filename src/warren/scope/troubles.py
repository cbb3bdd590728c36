"""What cannot be shown, and why: told once and for as long as it lasts, and never the end of the recording."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from warren.scope.recording import Recording

LASTING = 5.0
"""Seconds without a fault after which it is taken to be over: not every reading does what fails."""
LONGEST = 80
"""Characters of an error that are told."""

Answer = TypeVar("Answer")


class Troubles:
    """The faults of one sampler. They go into the recording as `troubles`. For one thread only."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._seen: dict[str, float] = {}

    def attempt(self, what: str, action: Callable[..., Answer], *arguments: Any) -> Answer | None:
        """What the action returns; None if it fails, whatever the surprise: it costs the picture only this part."""
        try:
            return action(*arguments)
        except Exception as error:  # noqa: BLE001  # a surprise is of any type
            self.note(what, f"{type(error).__name__}: {error}"[:LONGEST])
            return None

    def note(self, what: str, why: str) -> None:
        """That cannot be shown at present."""
        self._seen[f"cannot show {what} ({why})"] = time.monotonic()

    def tell(self) -> None:
        """Write down those that last."""
        now = time.monotonic()
        self._seen = {text: seen for text, seen in self._seen.items() if now < seen + LASTING}
        self._recording.latest("troubles", {"": sorted(self._seen)})
