"""Labs that cannot lie: what runs a learner's functions, watches the broker meanwhile, and says what it saw.

A new lab is `labNN.py` (its exercises: title, hints and check, written with `probe.py` and `scenarios.py`),
`solutions/NN_slug.ipynb`, and `tests/wrong_answers/labNN.py` (EXPECTED mistakes with the words that meet them, and
ALSO_RIGHT answers). The rest finds them by their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warren.checks.lab_session import lab

__all__ = ["lab"]


def __getattr__(name: str) -> Any:
    """Import on first use: the process a learner's function runs in imports `warren.checks.ledger` and no more."""
    if name not in __all__:
        raise AttributeError(f"module 'warren.checks' has no attribute {name!r}")
    from warren.checks.lab_session import lab

    return lab
