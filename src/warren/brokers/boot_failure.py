"""Why a boot failed, in one sentence."""

from __future__ import annotations

import re


def port_taken(port: int) -> str:
    """The sentence by which a start on other ports is tried."""
    return f"another program listens on port {port} (eaddrinuse)"


def boot_failure(output: str) -> str:
    """The sentence that matters in what a failed boot printed."""
    if listener := re.search(r'could_not_start_listener,"[^"]*",(\d+)', output):
        return port_taken(int(listener[1]))
    before, _, after = output.partition("BOOT FAILED")
    logged = re.search(r"\[error\] <[\d.]+> +(\S.*)", before)
    block = re.match(r"[\s=]*(\S.*?)(\n\s*\n|$)", after, re.DOTALL)
    lines = output.strip().splitlines()
    said = logged[1] if logged else block[1] if block else lines[-1] if lines else "it said nothing"
    return " ".join(said.split())[:400]
