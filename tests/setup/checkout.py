"""A copy of the checkout as a clone would have it, with a lock of two small packages so that set-up takes seconds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOWHERE = "http://somebody:secret@127.0.0.1:9/simple"  # nothing listens on the discard port
ALONE = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "UV_NO_CONFIG": "1"}


def pins(lock: str, *names: str) -> str:
    """The entries of those packages, hashes and all, from one of the real locks."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text)
    return "\n".join(entry for name in names for entry in entries if entry.startswith(f"{name}=="))


def files() -> list[Path]:
    """Every file of the project, as a clone would hold it; whoever the folder belongs to."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8").stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


class Checkout:
    """A copy of this checkout; `install` runs its set-up script as `make` does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for file in files():
            name = file.relative_to(ROOT)
            if name.parts[0] in ("notebooks", "tests"):
                continue
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / name)
        self.lock("lab", pins("lab", "platformdirs"))
        self.lock("dev", pins("lab", "platformdirs", "filelock"))

    def lock(self, kind: str, text: str) -> None:
        (self.folder / "requirements" / f"{kind}.txt").write_text(text, encoding="utf-8")

    def command(self, kind: str = "lab") -> list[str]:
        return [sys._base_executable, "tools/install.py", kind]  # type: ignore[attr-defined]

    def install(self, kind: str = "lab", **settings: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.command(kind), **settings)

    def run(self, command: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in (outside() | settings).items() if value}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, encoding="utf-8", timeout=200
        )

    def has(self, package: str) -> bool:
        python = self.folder / ".venv/bin/python"
        return subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode == 0


def outside() -> dict[str, str]:
    """The environment of somebody who runs `make` in a terminal, not of a test in `.venv`."""
    inside = Path(sys.executable).parent
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != inside]
    ours = ("PYTEST", "WARREN", "VIRTUAL_ENV", "MAKE", "MFLAGS")  # a make under a make says where it is
    mine = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return mine | {"PATH": os.pathsep.join(path)}


def one_sentence(done: subprocess.CompletedProcess[str], fragment: str) -> None:
    """It failed, and the last thing said is our sentence, without a traceback and without a password."""
    assert done.returncode == 1, done.stdout
    assert fragment in done.stderr.splitlines()[-1], done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stdout + done.stderr
