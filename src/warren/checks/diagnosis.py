"""What became of the learner's code, told in a sentence: the one of the table, or else the error's own words."""

from __future__ import annotations

import re

from warren.checks.result import cut
from warren.checks.sentences import REFUSALS, SENTENCES
from warren.workers import Failure

LONGEST = 160  # characters of an exception's own words, or of a line of code


def explain(failure: Failure) -> str | None:
    """The sentence for that error, without a full stop; None for one that is not in the table."""
    vague = failure.type in ("error", "AttributeError")  # struct's and Python's, which don't say what they are about
    text = f"{failure} in {failure.last_line}" if vague else str(failure)
    return _told(text, (*REFUSALS, *SENTENCES))


def refusal(text: str) -> str | None:
    """The same for what the broker said where no code is at fault: a limit, or a permission that is not given."""
    return _told(text, REFUSALS)


def _told(text: str, table: tuple[tuple[str, str], ...]) -> str | None:
    for pattern, sentence in table:
        if found := re.search(pattern, text, re.DOTALL):
            return sentence.format_map({name: _plain(text) for name, text in found.groupdict().items()})
    return None


def _plain(text: str) -> str:
    """The broker's Erlang terms in fewer words: `the value '60000' of type 'signedint'` is 60000."""
    plain = re.sub(r"the value '(.*?)' of type '\w+'?", r"\1", text).strip("'")
    return "nothing" if text == "none" else plain or '""'


def tell(name: str, failure: Failure) -> str:
    """What a function called `name` raised, and where; to follow "wrong, because"."""
    if failure.type == "ProcessEnded":
        return f"`{name}` did not return: {failure.message}"
    if failure.message.startswith("what the function returned"):
        return f"`{name}` returned what cannot leave its process: {explain(failure) or cut(failure.message, LONGEST)}"
    where = failure.where(name)
    what = explain(failure) or cut(failure.message, LONGEST)
    kind = "an error" if failure.type == "error" else failure.type  # struct's, which has no other name
    return f"`{name}` raised {kind}" + (f" at {_quoted(cut(where, LONGEST))}" if where else "") + f": {what}"


def _quoted(where: str) -> str:
    """`line 3: 1 / 0` with the code in backticks."""
    line, _, source = where.partition(": ")
    return f"{line}, `{source}`" if "`" not in source else f"{line}, {source}"
