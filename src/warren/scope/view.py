"""The live view: one anywidget that is told what is new."""

from __future__ import annotations

import json
import weakref
import zlib
from pathlib import Path
from typing import Any, cast

import anywidget
import traitlets

from warren.scope.palette import EVENTS, PALETTE
from warren.scope.recording import Recording
from warren.scope.sampler import Sampler

HEARTBEAT = 1.0
"""Seconds after which the page hears from a kernel that has nothing new to say."""
OVERLAP = 5.0
"""Seconds after it is shown during which each message repeats what came since: the page may not listen yet."""
LINES_SENT = 300
"""Lines of the message log in one message at most; the page keeps no more."""

PAGE = Path(__file__).with_name("page")
PARTS = (
    "store", "look", "elements", "points", "chart", "marks", "cursor", "lanes", "depth", "log", "graph", "layout",
    "routes", "nodes", "edges", "topology", "header", "foot", "widget",
)  # fmt: skip
"""The sections of the page's one JavaScript module, in order: a widget can load only a single one without a network."""

Bundle = tuple[dict[str, Any], dict[str, Any]]


class View(anywidget.AnyWidget):
    """What the page shows of one scope.

    Its state, as JupyterLab asks for it after a page reload, is the whole recording; in between the page gets custom
    messages that hold only what is new, sent from the sampler's thread so that they flow while a cell is running.
    ipywidgets keeps each view until the kernel ends: of a scope that was stopped it keeps the last picture, packed.
    """

    _esm = "\n".join((PAGE / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
    _css = PAGE / "scope.css"
    snapshot = traitlets.Dict().tag(sync=True)
    palette = traitlets.Dict({name: hue._asdict() for name, hue in PALETTE.items()}).tag(sync=True)
    events = traitlets.Dict(EVENTS).tag(sync=True)

    def __init__(self, recording: Recording, sampler: Sampler, title: dict[str, str]) -> None:
        self._source: tuple[Recording, Sampler] | None = (recording, sampler)
        self._title, self._packed = title, b""
        self._sent, self._said, self._spoke, self._shown = -1.0, ("", ""), -HEARTBEAT, recording.elapsed()
        super().__init__()
        self.on_msg(self._asked)
        sampler.sampled = _told(weakref.ref(self))

    def show(self) -> Bundle:
        """The MIME bundle of a cell's output."""
        if self._source is not None:
            recording, sampler = self._source
            self._shown, sampler.explorer.shown = recording.elapsed(), True
            self._pack(sampler)
        return cast("Bundle", self._repr_mimebundle_())

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The widget's state, with the recording as it is at this moment."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if "snapshot" in state:
            state["snapshot"] = self._everything()
        return state

    def tell(self) -> None:
        """Send what is new since the last message, or a sign of life when there is nothing."""
        if self._source is None:
            return
        recording, sampler = self._source
        now, said = recording.elapsed(), (sampler.state, sampler.why)
        if recording.last > self._sent or said != self._said or now > self._spoke + HEARTBEAT:
            after = self._shown if now < self._shown + OVERLAP else self._sent
            self._sent, message = self._message(recording, sampler, after)
            self._said, self._spoke = said, now
            self.send(message)
        self._pack(sampler)

    def _pack(self, sampler: Sampler) -> None:
        """Let go of a recording that has ended."""
        if sampler.state == "stopped" and self._source is not None:
            whole = self._message(*self._source, -1.0)[1]
            self._packed, self._source = zlib.compress(json.dumps(whole).encode()), None

    def _everything(self) -> dict[str, Any]:
        if (source := self._source) is not None:
            return self._message(*source, -1.0)[1]
        return dict(json.loads(zlib.decompress(self._packed)))

    def _message(self, recording: Recording, sampler: Sampler, after: float) -> tuple[float, dict[str, Any]]:
        sent, changes = recording.changes(after)
        changes["lines"] = changes["lines"][-LINES_SENT:]
        clock = {"now": recording.elapsed(), "after": after, "until": sent}
        for kind in ("topology", "alarms", "blocked", "troubles"):  # one thing each, without a name
            if kind in changes:
                changes[kind] = changes[kind][""]
        state = {"state": sampler.state, "why": sampler.why, "names": sampler.names, "unseen": sampler.unseen}
        return sent, self._title | clock | state | changes

    def _asked(self, _widget: View, content: dict[str, Any], _buffers: object) -> None:
        """The page missed a message and asks for everything; or it says whether anybody can see it."""
        if "seen" in content and self._source is not None:
            self._source[1].explorer.look(bool(content["seen"]))
        if content.get("ask") == "everything":
            self.send(self._everything())


def _told(view: weakref.ref[View]) -> Any:
    """What the sampler's thread calls: it must not keep the view, nor through it the scope, alive."""

    def tell() -> None:
        if (alive := view()) is not None:
            alive.tell()

    return tell
