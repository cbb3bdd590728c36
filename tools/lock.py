"""Compiles `requirements/*.txt` from `pyproject.toml`: for all platforms, with hashes, without any index address."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import install

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {  # `dev` keeps to what `lab` chose, so that it is `lab` and more
    "uv": ["--group", "uv"],
    "lab": ["pyproject.toml"],
    "dev": ["pyproject.toml", "--group", "dev", "-c", "requirements/lab.txt"],
}


def compile_lock(name: str, into: Path, *, upgrade: bool = False) -> None:
    """Write `<into>/<name>.txt`. What it already pins stays pinned unless `upgrade`.

    Raises subprocess.CalledProcessError, uv having said why.
    """
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--no-header",
        "--generate-hashes",
    ]
    command += ["--python-version", "3.11", *LOCKS[name], "-o", str(into / f"{name}.txt")]
    if upgrade:
        command += ["--upgrade"]
    # A folder of wheels or a second index may hold only some of a version's files: their hashes would be all we lock.
    incomplete = ("UV_FIND_LINKS", "UV_INDEX")
    environment = {name: value for name, value in install.uv_environment().items() if name not in incomplete}
    subprocess.run(command, cwd=ROOT, check=True, env=environment)


if __name__ == "__main__":
    for lock in LOCKS:
        compile_lock(lock, ROOT / "requirements", upgrade="--upgrade" in sys.argv)
