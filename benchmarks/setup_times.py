"""A fresh copy of the checkout with an empty HOME, until a message has gone through its first lesson's queue."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Row, seconds

ROOT = Path(__file__).resolve().parents[1]
FIRST_MESSAGE = """
import pika, warren
lesson = warren.lesson("01")
channel = pika.BlockingConnection(pika.URLParameters(lesson.url)).channel()
channel.queue_declare("orders", durable=True)
channel.basic_publish("", "orders", b"order 1")
method, _, body = channel.basic_get("orders", auto_ack=True)
assert body == b"order 1"
lesson.close()
"""


def measure() -> list[Row]:
    """Bare and set-up-again times; the whole way, and its two parts."""
    with tempfile.TemporaryDirectory(prefix="warren-bench-setup-") as name:
        bare = Bare(Path(name))
        try:
            packages, broker = seconds(bare.set_up), seconds(bare.first_message)
            bare.stop()
            packages_again, broker_again = seconds(bare.set_up), seconds(bare.first_message)
            running = seconds(bare.first_message)
        finally:
            bare.stop()
    whole, again = packages + broker, packages_again + broker_again
    return [
        Row("bare machine → first message", whole, "the same, set up before", again, "bare: under 30 s"),
        Row("… of it, `.venv` from the lock", packages, "the stamp is current", packages_again, "again: under 1 s"),
        Row("… of it, getting and booting a broker", broker, "booting it again", broker_again),
        Row("set up before → first message", again, "the broker runs already", running, "running: under 3 s"),
    ]


class Bare:
    """A copy of the checkout and an empty HOME."""

    def __init__(self, folder: Path) -> None:
        self._checkout = folder / "checkout"
        self._environment = bare_environment(folder / "home")
        (folder / "home").mkdir()
        copy(self._checkout)

    def set_up(self) -> None:
        self._run(sys._base_executable, "tools/install.py", "lab")  # type: ignore[attr-defined]

    def first_message(self) -> None:
        self._run(".venv/bin/python", "-c", FIRST_MESSAGE)

    def stop(self) -> None:
        self._run(".venv/bin/warren", "down")

    def _run(self, *command: str) -> None:
        where = {"cwd": self._checkout, "env": self._environment}
        subprocess.run(command, **where, check=True, stdout=subprocess.DEVNULL)


def copy(checkout: Path) -> None:
    """What a clone would hold."""
    listed = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    files = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, encoding="utf-8").stdout.split("\0")
    for name in files:
        if name and (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, checkout / name)


def bare_environment(home: Path) -> dict[str, str]:
    """Nothing of ours and no cache; mirrors, proxies and certificates of this machine are kept."""
    ours = ("WARREN", "VIRTUAL_ENV", "UV_CACHE_DIR", "XDG_", "PIP_CACHE_DIR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    config = Path("~/.config/pip/pip.conf").expanduser()
    return kept | {"HOME": str(home)} | ({"PIP_CONFIG_FILE": str(config)} if config.exists() else {})
