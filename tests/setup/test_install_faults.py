"""tools/install.py on bad days: each ends in one sentence, and the next run mends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from checkout import ALONE, NOWHERE, ROOT, Checkout, one_sentence, outside, pins


def test_killed_half_way(checkout: Checkout) -> None:
    """After a SIGKILL in the middle the same command mends it."""
    killed = subprocess.Popen(checkout.command(), cwd=checkout.folder, env=outside(), start_new_session=True)
    unfinished = checkout.folder / ".venv/unfinished"
    while not unfinished.exists():
        assert killed.poll() is None
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    (checkout.folder / ".venv/bin/python").unlink()  # the worst of what may be missing
    assert checkout.install().returncode == 0
    assert checkout.has("warren")
    assert not unfinished.exists()


def test_killed_during_an_update(made: Checkout) -> None:
    """A `.venv` that an update left half-done is made anew, although an earlier lock was complete in it."""
    (made.folder / ".venv/unfinished").touch()
    (made.folder / ".venv/leftover").touch()
    assert made.install().returncode == 0
    assert not (made.folder / ".venv/leftover").exists()


def test_no_index_for_pip(checkout: Checkout) -> None:
    """A package index that does not answer, on a bare machine: one sentence, and the next run works."""
    one_sentence(checkout.install(PIP_INDEX_URL=NOWHERE, **ALONE), "The Python package index did not answer")
    assert checkout.install().returncode == 0


def test_no_index_for_uv(made: Checkout, tmp_path: Path) -> None:
    """A package index that goes away before an update: one sentence, and what was there still works."""
    made.lock("lab", pins("lab", "anyio"))
    done = made.install(PIP_INDEX_URL=NOWHERE, UV_CACHE_DIR=str(tmp_path), UV_HTTP_RETRIES="0", **ALONE)
    one_sentence(done, "The Python package index did not answer")
    assert made.has("warren")
    assert not (made.folder / ".venv/unfinished").exists()


def test_a_file_that_is_not_the_one_in_the_lock(made: Checkout, tmp_path: Path) -> None:
    """What an index serves under a name and version is refused if its hash is not in the lock."""
    version = pins("lab", "sniffio") or pins("lab", "six") or pins("lab", "idna")
    made.lock("lab", f"{version.split()[0]} --hash=sha256:{'0' * 64}\n")
    one_sentence(made.install(UV_CACHE_DIR=str(tmp_path)), "not the one in the lock")


def test_a_folder_that_cannot_be_written() -> None:
    """A checkout on a read-only place: one sentence that names the folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkout = Checkout(folder)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        folder.chmod(0o555)
        mortal = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []  # root may write anywhere
        done = checkout.run([*mortal, *checkout.command()])
        folder.chmod(0o755)
    one_sentence(done, f"Nothing can be written in {folder}")


OLD = "import sys; sys.version_info = (3, 9, 2, 'final', 0); sys.argv[0] = 'tools/install.py'; __file__ = sys.argv[0]; "
OLD += "sys.path.insert(0, 'tools'); import install; sys.exit(install.main(['lab']))"


def test_python_too_old(checkout: Checkout) -> None:
    """A Python older than 3.11, and no newer one on PATH: one sentence that says so and what to do."""
    one_sentence(checkout.run([sys.executable, "-c", OLD], PATH="/nowhere"), "Warren needs Python 3.11 or newer")


def test_a_newer_python_on_path_is_used(checkout: Checkout, tmp_path: Path) -> None:
    """Where `python3` is too old, a newer one on PATH does the work."""
    newer = tmp_path / "python3.12"
    newer.write_text("#!/bin/sh\necho newer $2\n")
    newer.chmod(0o755)
    done = checkout.run([sys.executable, "-c", OLD], PATH=f"{tmp_path}:/bin")
    assert done.stdout == "newer lab\n", done.stderr


def test_an_old_python_can_read_it() -> None:
    """The set-up scripts have no syntax newer than Python 3.8, so that an old one can say that it is too old."""
    import ast

    for name in ("install", "pip_wheel"):
        ast.parse((ROOT / f"tools/{name}.py").read_text(encoding="utf-8"), feature_version=(3, 8))


def test_no_python_at_all(checkout: Checkout) -> None:
    """`make` without any Python on PATH: one sentence."""
    done = checkout.run(["make", "lab", "PYTHON="])
    assert done.returncode == 2
    assert "Warren needs Python 3.11 or newer, and there is no python3" in done.stderr


def test_venv_module_missing(checkout: Checkout, without_ensurepip: str) -> None:
    """No ensurepip and no Debian to get pip from: one sentence with the command for an administrator."""
    stub = Path(without_ensurepip) / "apt-get"
    stub.write_text("#!/bin/sh\nexit 100\n")
    stub.chmod(0o755)
    done = checkout.install(PYTHONPATH=without_ensurepip, PATH=f"{without_ensurepip}:{os.environ['PATH']}")
    one_sentence(done, "`apt-get install python3-venv` as root")


@pytest.mark.parametrize(
    ("said", "fragment"),
    [
        ("error: failed to write to file `/x`: No space left on device (os error 28)", "is full"),
        ("[Errno 28] No space left on device: '/x/.venv'", "is full"),
        ("OSError: [Errno 30] Read-only file system: '/x/.venv'", "Nothing can be written"),
        ("something nobody has seen yet", "start over with `make clean`"),
    ],
)
def test_sentences(said: str, fragment: str) -> None:
    """What cannot be brought about in a test is told apart by what uv, pip and the system say."""
    import install

    assert fragment in install.sentence(said)
