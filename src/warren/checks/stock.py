"""What stands for a warehouse's knowledge. The process a learner's function runs in imports this: keep it light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from warren.checks.ledger import Work

STOCK = {"tea": "12", "honey": "3", "soap": "7", "rice": "40", "flour": "8", "oil": "5", "jam": "26", "figs": "9"}


@dataclass(frozen=True)
class Count(Work):
    """`count(article)` returns how many there are, as text, and raises LookupError for an article nobody sells.

    Each call is an entry in the ledger, as with other work; there, such an error is "raised".
    """

    stock: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, work: Work, stock: Mapping[str, str]) -> Count:
        """The same work, knowing what there is."""
        return cls(work.name, work.folder, work.takes, work.raises, work.holds, stock)

    def __call__(self, *given: Any, **named: Any) -> str:  # type: ignore[override]  # this work has a result
        article = self._only(*given, *named.values())
        self._write("begun", article)
        if article in (self.holds or ()):
            self._hold(article)
        if article not in self.stock:
            self._write("raised", article)
            raise LookupError(unknown(article))
        self._write("done", article)
        return self.stock[article]


def unknown(article: str) -> str:
    """What `count` says of an article that nobody sells."""
    return f"we sell no {article}"
