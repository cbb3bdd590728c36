"""The colours of the course, in one place: the widget gets them as CSS variables, the figures from here.

The hues are those RabbitMQ users know from the management UI, in the palette of Okabe and Ito, which people with any
form of colour blindness tell apart. A fill is for areas; words in that colour are darker on white and lighter on dark,
so that they reach the contrast WCAG 2.1 AA asks for (4.5 : 1).
"""

from __future__ import annotations

from typing import NamedTuple


class Hue(NamedTuple):
    """One meaning's colours: `fill` for areas and lines, `on_light` and `on_dark` for words."""

    fill: str
    on_light: str
    on_dark: str


PALETTE: dict[str, Hue] = {
    "ready": Hue("#E69F00", "#7F5600", "#F5B942"),
    "unacked": Hue("#56B4E9", "#0A629B", "#85C9F2"),
    "delayed": Hue("#CC79A7", "#93396C", "#E5A3C7"),
    "dead": Hue("#D55E00", "#A84300", "#FF8B4A"),
    "consumers": Hue("#009E73", "#006B4E", "#3CCBA0"),
    "lane": Hue("#0072B2", "#00578A", "#7CC0F0"),
    "band": Hue("#F0E442", "#6A6200", "#F0E442"),
    "quiet": Hue("#8A929C", "#59616B", "#A3ABB5"),
}

INK, FAINT, GRID = "#1F2328", "#59616B", "#E3E6EA"
"""Of figures: words, words that matter less, and lines behind the numbers."""

EVENTS: dict[str, str] = {
    "published": "quiet",
    "confirmed": "quiet",
    "delivered": "unacked",
    "acked": "consumers",
    "rejected": "dead",
    "returned": "dead",
    "redelivered": "ready",
    "gone": "dead",
    "started": "quiet",
    "note": "quiet",
}
"""What a line of the message log can say happened, and the hue it is written in."""
