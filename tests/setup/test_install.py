"""tools/install.py, what every `make` command begins with: as it should go."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import ALONE, NOWHERE, ROOT, Checkout, one_sentence, outside, pins


def test_everything_in_a_folder_with_spaces_and_letters_without_home(tmp_path: Path) -> None:
    """`make lab` with the real lock works where the path has spaces and non-ASCII letters and HOME is not set."""
    checkout = Checkout(tmp_path / "mein Käse übung")
    for kind in ("lab", "dev"):
        checkout.lock(kind, (ROOT / f"requirements/{kind}.txt").read_text(encoding="utf-8"))
    done = checkout.run(["make", "lab", "BIN=.venv/bin/python -c 'print(\"opened\")' #"], HOME="")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "opened"), done.stderr
    version = checkout.run([".venv/bin/jupyter", "lab", "--version"])
    assert version.returncode == 0, version.stderr
    assert checkout.has("warren")


def test_a_python_in_a_folder_with_spaces(checkout: Checkout, tmp_path: Path) -> None:
    """`make` calls a Python whose own path has spaces, as conda's in somebody's folder may have."""
    (tmp_path / "my py").mkdir()
    (tmp_path / "my py/python3").symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    path = f"{tmp_path}/my py:{os.environ['PATH']}"
    done = checkout.run(["make", "lab", "BIN=true #"], PATH=path)
    assert done.returncode == 0, done.stderr
    assert checkout.has("warren")


def test_a_second_run_does_nothing(made: Checkout) -> None:
    """Where `.venv` is as the lock says, set-up is silent and starts no program."""
    made.lock("lab", pins("lab", "platformdirs"))
    made.install()
    again = made.install(PATH="/nowhere")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_a_changed_lock_is_installed(made: Checkout) -> None:
    """A package that came into the lock is there after the next run."""
    made.lock("lab", pins("lab", "platformdirs", "aiolimiter"))
    assert made.install().returncode == 0
    assert made.has("aiolimiter")


def test_what_the_learner_installed_stays(made: Checkout) -> None:
    """A package that is not in the lock, added with pip, survives a change of the lock."""
    made.run([".venv/bin/python", "-m", "pip", "install", "-q", "--no-deps", "purgatory"])
    made.lock("lab", pins("lab", "platformdirs", "cloudpickle"))
    assert made.install().returncode == 0
    assert made.has("purgatory")


def test_two_at_once(checkout: Checkout) -> None:
    """Two set-ups of one checkout at the same moment: one works, the other waits and finds it done."""
    two = [
        subprocess.Popen(checkout.command(), cwd=checkout.folder, env=outside(), stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [one.communicate(timeout=200)[0] for one in two]
    assert [one.returncode for one in two] == [0, 0]
    assert b"".join(said).count(b"Set up in") == 1


@pytest.fixture
def mirror() -> Iterator[tuple[str, list[str]]]:
    """A package index that has nothing, and the paths it was asked for."""
    asked: list[str] = []

    class Mirror(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple", asked
        server.shutdown()


def test_pip_settings_hold_for_uv(made: Checkout, tmp_path: Path, mirror: tuple[str, list[str]]) -> None:
    """The index somebody configured for pip, in its file, is the one uv asks."""
    address, asked = mirror
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nindex-url = {address}\n")
    made.lock("lab", pins("lab", "idna"))
    done = made.install(**ALONE | {"PIP_CONFIG_FILE": str(config), "UV_CACHE_DIR": str(tmp_path / "cache")})
    assert "/simple/idna/" in asked, done.stderr
    one_sentence(done, "lacks what the lock names")


def test_a_folder_of_wheels_that_is_gone(made: Checkout) -> None:
    """pip passes over a `find-links` folder that does not exist any more, and so does the set-up."""
    made.lock("lab", pins("lab", "platformdirs", "aiolimiter"))
    done = made.install(PIP_FIND_LINKS="/nowhere/wheels")
    assert done.returncode == 0, done.stderr
    assert made.has("aiolimiter")


def test_uv_settings_win(made: Checkout, tmp_path: Path, mirror: tuple[str, list[str]]) -> None:
    """An index somebody configured for uv itself is not replaced by pip's."""
    address, asked = mirror
    made.lock("lab", pins("lab", "idna"))
    settings = ALONE | {"PIP_INDEX_URL": NOWHERE, "UV_DEFAULT_INDEX": address, "UV_CACHE_DIR": str(tmp_path / "cache")}
    made.install(**settings)
    assert "/simple/idna/" in asked


def test_a_cache_that_cannot_be_written(made: Checkout) -> None:
    """With a cache folder that cannot be made, uv works without one."""
    made.lock("lab", pins("lab", "platformdirs", "h11"))
    done = made.install(UV_CACHE_DIR="/dev/null/cache")
    assert done.returncode == 0, done.stderr
    assert made.has("h11")


@pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="Debian and its kin leave ensurepip out")
def test_venv_module_missing_on_debian(checkout: Checkout, without_ensurepip: str) -> None:
    """No ensurepip on Debian: pip comes out of Debian's own package, without root."""
    done = checkout.install(PYTHONPATH=without_ensurepip)
    assert done.returncode == 0, done.stderr
    assert checkout.has("pip")


def test_clean_keeps_what_is_yours(checkout: Checkout) -> None:
    """`make clean` stops the broker, removes `.venv` and caches, and neither sources nor the learner's work."""
    caches = [".venv/bin", ".ruff_cache", "src/warren/__pycache__", "notebooks/.ipynb_checkpoints"]
    kept = ["work/labs/01.ipynb", "work/__pycache__/mine.py", "src/warren/cli.py"]
    for folder in caches:
        (checkout.folder / folder).mkdir(parents=True)
    for file in kept:
        (checkout.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (checkout.folder / file).touch()
    warren = checkout.folder / ".venv/bin/warren"
    warren.write_text("#!/bin/sh\necho $1 >stopped\n")
    warren.chmod(0o755)
    done = checkout.run(["make", "clean"])
    assert done.returncode == 0, done.stderr
    assert [folder for folder in caches if (checkout.folder / folder).exists()] == []
    assert [file for file in kept if not (checkout.folder / file).exists()] == []
    assert (checkout.folder / "stopped").read_text() == "down\n"
