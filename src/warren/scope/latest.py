"""Things of which only the newest value counts: the topology, flows, the age of a head, alarms."""

from __future__ import annotations

from typing import Any


class Latest:
    """Values by kind and name, each with the moment it became so."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, tuple[float, Any]]] = {}

    def says(self, kind: str, name: str, value: Any) -> bool:
        """True if that is the value already."""
        known = self._values.get(kind, {}).get(name)
        return known is not None and bool(known[1] == value)

    def put(self, kind: str, name: str, value: Any, t: float) -> None:
        self._values.setdefault(kind, {})[name] = (t, value)

    def keep(self, kind: str, names: set[str]) -> None:
        """Forget all others of that kind."""
        self._values[kind] = {name: value for name, value in self._values.get(kind, {}).items() if name in names}

    def get(self, kind: str) -> dict[str, Any]:
        """The newest value of each name of that kind."""
        return {name: value for name, (_, value) in self._values.get(kind, {}).items()}

    def after(self, t: float) -> dict[str, dict[str, Any]]:
        """What became so later than t, by kind; kinds without news are left out."""
        news = {
            kind: {name: value for name, (since, value) in values.items() if since > t}
            for kind, values in self._values.items()
        }
        return {kind: values for kind, values in news.items() if values}
