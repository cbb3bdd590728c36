"""Warren: a hands-on RabbitMQ course. `lesson` and `lab` open one; everything else hangs on what they return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warren.checks import lab
    from warren.needs import doctor
    from warren.sale import Sale
    from warren.session import lesson

__all__ = ["Sale", "doctor", "lab", "lesson"]

_HOME = {"Sale": "warren.sale", "doctor": "warren.needs", "lab": "warren.checks", "lesson": "warren.session"}


def __getattr__(name: str) -> Any:
    """Import on first use: every worker process imports this package, and needs neither httpx nor matplotlib."""
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'warren' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
