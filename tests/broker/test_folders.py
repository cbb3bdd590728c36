"""Folders that cannot be used: each gets one sentence with its path and the cure."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from warren.brokers import folders
from warren.errors import BrokerUnavailable

FOLDERS = [(folders.state, "WARREN_STATE"), (folders.cache, "WARREN_CACHE")]


@pytest.mark.parametrize(("folder", "variable"), FOLDERS)
def test_a_file_in_the_way(folder, variable, tmp_path, monkeypatch):
    """Where a file stands in place of the folder, the sentence names it and the variable that helps."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    with pytest.raises(BrokerUnavailable, match=f"{tmp_path}/file cannot be written to .* set {variable} to another"):
        folder()


@pytest.mark.parametrize(("folder", "variable"), FOLDERS)
def test_read_only(folder, variable, monkeypatch):
    """A place nobody can write to, not even root."""
    monkeypatch.setenv(variable, "/proc/warren")
    with pytest.raises(BrokerUnavailable, match=f"/proc/warren cannot be written to .* set {variable} to another"):
        folder()


def test_no_home(monkeypatch, tmp_path):
    """Without HOME and without an entry in the user database there is still a folder, and an absolute one."""
    for name in ("WARREN_STATE", "XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(folders, "user_state_path", lambda name: folders.Path("~/.local/state/warren"))
    monkeypatch.setattr(folders.tempfile, "gettempdir", lambda: str(tmp_path))
    assert folders.state().is_relative_to(tmp_path)


def test_too_little_room(tmp_path):
    """Too little free space is said with both numbers before anything is started."""
    with pytest.raises(BrokerUnavailable, match=rf"{tmp_path} has \d+ MiB free and Warren needs 99999999 MiB"):
        folders.need(tmp_path, 99_999_999, "WARREN_STATE")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small file system")
def test_full(tmp_path):
    """On a file system that is really full the sentence says so, before a boot and in the middle of a write."""
    script = (
        "import os\n"
        "from warren.brokers import folders, state, supervised\n"
        "from warren.errors import WarrenError\n"
        "place = folders.state()\n"
        "def start(): supervised.start(place, 'debian', '4.3.6', {})\n"
        "def write():\n"
        "    with folders.explained(place, 'WARREN_STATE'): state.private(place / 'broker.json', 'x' * 99999)\n"
        "for step in (start, write):\n"
        "    try: step()\n"
        "    except WarrenError as error: print(error)\n"
    )
    mounted = 'mount -t tmpfs -o size=64k tmpfs "$WARREN_STATE" && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted, "sh", sys.executable, "-c", script],
        env={**os.environ, "WARREN_STATE": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this container may not mount")
    assert f"{tmp_path} has 0 MiB free and Warren needs 100 MiB there" in done.stdout
    assert f"The folder {tmp_path} is full. Free some space, or set WARREN_STATE" in done.stdout
