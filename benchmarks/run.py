"""Measures what this course promises about time, on brokers of its own, and writes `benchmarks/report.md`.

    python benchmarks/run.py               everything: some minutes, and the network for the bare set-up
    python benchmarks/run.py broker widget only these; the others stay in the report as they were, with their date

Seconds differ from machine to machine, so each row has a ratio of two times of the same run.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import broker_times
import notebook_times
import setup_times
import widget_times
from measure import Row

PARTS = {
    "setup": ("From nothing to the first message", setup_times.measure),
    "broker": ("The broker", broker_times.measure),
    "notebooks": ("Notebooks", notebook_times.measure),
    "widget": ("The queue widget", widget_times.measure),
}


REPORT = Path(__file__).parent / "report.md"
HEAD = """# Benchmarks

Made by `make bench`; what one section compares was measured in one run, on one machine. Medians of several runs, but
for the bare set-up, which is one.
"""


def section(title: str, rows: list[Row]) -> str:
    lines = [f"{title}\n", f"{machine()}, {datetime.now(UTC):%Y-%m-%d}.\n"]
    lines += ["| measured | time | compared with | time | ratio | target |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.what} | {row.time} | {row.other} | {row.other_time} | {row.ratio} | {row.target} |" for row in rows
    ]
    return "\n".join(lines) + "\n"


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def before() -> dict[str, str]:
    """The sections of the report as it is, by title."""
    parts = REPORT.read_text(encoding="utf-8").split("\n## ")[1:] if REPORT.exists() else []
    return {part.partition("\n")[0]: part.rstrip("\n") + "\n" for part in parts}


def main(names: list[str]) -> None:
    """Measure the parts of that name, all if none is named."""
    sections = before()
    with tempfile.TemporaryDirectory(prefix="warren-bench-") as folder:
        os.environ |= {
            "WARREN_STATE": f"{folder}/state",
            "WARREN_WORK": f"{folder}/work",
            "WARREN_OWNER": str(os.getpid()),
        }
        os.environ.pop("WARREN_URL", None)
        try:
            for name, (title, measure) in PARTS.items():
                if not names or name in names:
                    print(f"{title} …", flush=True)
                    sections[title] = section(title, measure())
        finally:
            from warren import brokers

            brokers.down()
    known = [sections[title] for title, _ in PARTS.values() if title in sections]
    REPORT.write_text("\n## ".join([HEAD, *known]), encoding="utf-8")
    print(REPORT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(sys.argv[1:])
