"""Measures what this course promises about time, on brokers of its own, and writes `benchmarks/report.md`.

    python benchmarks/run.py               everything: some minutes, and the network for the bare set-up
    python benchmarks/run.py broker widget only these; the report keeps nothing of the others

Seconds differ from machine to machine, so each row has a ratio of two times of the same run.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
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


def table(rows: list[Row]) -> list[str]:
    head = ["| measured | time | compared with | time | ratio | target |", "|---|---|---|---|---|---|"]
    return head + [
        f"| {row.what} | {row.time} | {row.other} | {row.other_time} | {row.ratio} | {row.target} |" for row in rows
    ]


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def main(names: list[str]) -> None:
    """Measure the parts of that name, all if none is named."""
    report = ["# Benchmarks", "", f"Made by `make bench` on a machine with {machine()}."]
    report += ["Medians of several runs, but for the bare set-up, which is one.", ""]
    with tempfile.TemporaryDirectory(prefix="warren-bench-") as folder:
        os.environ |= {
            "WARREN_STATE": f"{folder}/state",
            "WARREN_WORK": f"{folder}/work",
            "WARREN_OWNER": str(os.getpid()),
        }
        os.environ.pop("WARREN_URL", None)
        try:
            for name, (title, measure) in PARTS.items():
                if names and name not in names:
                    continue
                print(f"{title} …", flush=True)
                report += [f"## {title}", "", *table(measure()), ""]
        finally:
            from warren import brokers

            brokers.down()
    (Path(__file__).parent / "report.md").write_text("\n".join(report), encoding="utf-8")
    print("\n".join(report))


if __name__ == "__main__":
    main(sys.argv[1:])
