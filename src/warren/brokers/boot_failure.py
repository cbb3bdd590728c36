"""Why a boot failed, in one sentence."""

from __future__ import annotations

import re

from warren.errors import BrokerUnavailable


class PortTaken(BrokerUnavailable):
    """Somebody listens on a port of ours: a start on other ports may succeed."""

    def __init__(self, port: int) -> None:
        super().__init__(f"another program listens on port {port} (eaddrinuse)")


def boot_failure(output: str) -> BrokerUnavailable:
    """The sentence that matters in what a failed boot printed."""
    if listener := re.search(r'could_not_start_listener,"[^"]*",(\d+)', output):
        return PortTaken(int(listener[1]))
    before, _, after = output.partition("BOOT FAILED")
    logged = re.search(r"\[error\] <[\d.]+> +(\S.*)", before)
    block = re.match(r"[\s=]*(\S.*?)(\n\s*\n|$)", after, re.DOTALL)
    lines = output.strip().splitlines()
    said = logged[1] if logged else block[1] if block else lines[-1] if lines else "it said nothing"
    return BrokerUnavailable(" ".join(said.split())[:400])
