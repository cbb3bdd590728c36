"""What a check says: done, not yet, wrong (because …) or cannot tell, as text and as HTML that say the same."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

State = Literal["done", "not yet", "wrong", "cannot tell"]

# sign, what joins the state to its reason, and a colour of the widget's palette (safe for colour-blind eyes)
FORMS: dict[State, tuple[str, str, str]] = {
    "done": ("✔", ": ", "#009E73"),
    "not yet": ("…", ": ", "#E69F00"),
    "wrong": ("✘", ", because ", "#D55E00"),
    "cannot tell": ("?", ": ", "#56B4E9"),
}
_PRINTED_LINES = 10  # of what the learner's functions printed; a loop that prints must not fill the page
_PRINTED_WIDTH = 160  # characters of a line, likewise


@dataclass(frozen=True)
class Result:
    """The answer of one check. Its text holds no port, time or id: two runs of a notebook compare equal.

    `because` is the reason or what was seen; `exercise` is "Exercise 1 · Publish"; `printed` are lines that the
    learner's functions printed; `note` is about something else, such as progress that could not be saved.
    """

    state: State
    because: str
    exercise: str = ""
    printed: tuple[str, ...] = ()
    note: str = ""

    @property
    def done(self) -> bool:
        return self.state == "done"

    def _headline(self) -> str:
        return f"{self.exercise} · {self.state}" if self.exercise else self.state

    def __repr__(self) -> str:
        sign, joint, _ = FORMS[self.state]
        printed = ["", "It printed:", *(f"  {line}" for line in self._last_printed())] if self.printed else []
        note = ["", self.note] if self.note else []
        return "\n".join([f"{sign} {self._headline()}{joint}{self.because}", *printed, *note])

    def _last_printed(self) -> list[str]:
        skipped = len(self.printed) - _PRINTED_LINES
        last = [cut(line, _PRINTED_WIDTH) for line in self.printed[-_PRINTED_LINES:]]
        return [*([f"(… {skipped} lines before)"] if skipped > 0 else []), *last]

    def _repr_html_(self) -> str:
        """The text has the page's own colour, so it reads in light and in dark; no meaning rests on colour alone."""
        sign, joint, colour = FORMS[self.state]
        box = f"border-left:0.4em solid {colour};padding:0.4em 0.8em;margin:0.2em 0;line-height:1.5"
        said = f'<span aria-hidden="true">{sign}</span> <strong>{escape(self._headline())}</strong>'
        html = f'<div role="status" style="{box}">{said}{joint}{_code(self.because)}'
        if self.printed:
            lines = escape("\n".join(self._last_printed()))
            html += f'<details><summary>It printed</summary><pre style="margin:0">{lines}</pre></details>'
        return html + (f"<p>{_code(self.note)}</p>" if self.note else "") + "</div>"


def _code(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    parts = escape(text).replace("\n", "<br>").split("`")
    if len(parts) % 2 == 0:  # an odd backtick, perhaps out of somebody's message: leave them all
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def cut(text: str, most: int) -> str:
    """The text, or as much of it as that many characters hold."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def short(text: object) -> str:
    """Something of the learner's, such as a body, short enough for a sentence and to stand between backticks."""
    return cut(str(text), 60).replace("`", "'").replace("\n", "⏎")


class Verdict(Exception):
    """Ends a check from anywhere inside it, with that result."""

    def __init__(self, result: Result) -> None:
        super().__init__(repr(result))
        self.result = result


class Wrong(Verdict):
    """Ends a check with `wrong`."""

    def __init__(self, because: str) -> None:
        super().__init__(wrong(because))


def done(seen: str) -> Result:
    """The exercise is solved. `seen` says what was observed; nothing is done that was not."""
    return Result("done", seen)


def not_yet(missing: str) -> Result:
    """Nothing was tried yet."""
    return Result("not yet", missing)


def wrong(because: str) -> Result:
    """What was seen is not what was asked for; `because` names both and goes on after "wrong, because"."""
    return Result("wrong", because)


def cannot_tell(why: str) -> Result:
    """The broker, or this kind of broker, does not let the check see what it needs. Never the learner's fault."""
    return Result("cannot tell", why)
