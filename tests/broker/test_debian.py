"""The Debian way: what it reads of this machine's apt, and a mirror that fails it."""

from __future__ import annotations

from pathlib import Path

import pytest

from warren.brokers import apt, debian
from warren.errors import BrokerUnavailable

DEB822 = """
# the machine's mirror
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/some.gpg

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
"""
ONE_LINE = """
# deb http://comment.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/some.gpg] http://mirror.example/debian bookworm main contrib
deb-src http://source.example/debian bookworm main
"""


@pytest.fixture
def etc(tmp_path, monkeypatch):
    """An /etc/apt of our own, on a machine that is Debian 12."""
    (tmp_path / "sources.list.d").mkdir()
    monkeypatch.setattr(apt, "_SOURCES", tmp_path)
    monkeypatch.setattr(apt, "_os_release", lambda: {"ID": "debian", "VERSION_CODENAME": "bookworm"})
    return tmp_path


@pytest.mark.parametrize(("name", "text"), [("debian.sources", DEB822), ("debian.list", ONE_LINE)])
def test_reads_both_formats(etc, name, text):
    """The mirror and its key are found in deb822 and in one-line sources; comments and disabled ones do not count."""
    (etc / "sources.list.d" / "another.list").write_text("deb http://vendor.example/tool stable main\n")
    (etc / "sources.list.d" / name).write_text(text)
    assert apt.mirror() == apt.Mirror("debian", "http://mirror.example/debian", "/usr/share/keyrings/some.gpg")


def test_ubuntu(etc, monkeypatch):
    """Ubuntu's own mirror is taken on Ubuntu and on what derives from it."""
    monkeypatch.setattr(apt, "_os_release", lambda: {"ID": "mint", "ID_LIKE": "ubuntu debian"})
    (etc / "sources.list").write_text("deb http://mirror.example/ubuntu noble main universe\n")
    assert apt.mirror().distribution == "ubuntu"
    assert apt.mirror().address == "http://mirror.example/ubuntu"


def test_no_mirror(etc):
    """A machine whose apt names no mirror is told so."""
    with pytest.raises(BrokerUnavailable, match="no package mirror of this machine's own release stands in /etc/apt"):
        apt.mirror()


def test_neither_debian_nor_ubuntu(etc, monkeypatch):
    """Another distribution is told so."""
    monkeypatch.setattr(apt, "_os_release", lambda: {"ID": "fedora"})
    with pytest.raises(BrokerUnavailable, match="neither Debian nor Ubuntu"):
        apt.mirror()


@pytest.mark.skipif(not Path("/usr/bin/apt-get").exists(), reason="this machine has no apt-get")
def test_mirror_unreachable(etc, tmp_path, monkeypatch):
    """A mirror that does not answer gives one sentence with apt's reason, and leaves no half installation."""
    (etc / "sources.list").write_text("deb http://127.0.0.1:1/debian bookworm main\n")
    monkeypatch.setenv("WARREN_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BrokerUnavailable, match=r"the package mirror did not deliver: .*127\.0\.0\.1:1") as failed:
        debian.find()
    assert "\n" not in str(failed.value)
    assert not list((tmp_path / "cache").rglob("root"))
