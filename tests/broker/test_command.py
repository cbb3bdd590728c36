"""The `warren` command, and getting a broker at all."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from warren import brokers, needs
from warren.brokers import debian, docker, folders, installed, state
from warren.cli import app
from warren.errors import BrokerUnavailable

run = CliRunner().invoke


def test_status_url_logs(broker):
    """What runs, its address, and its log; the password stands in the address only."""
    password = state.read(folders.state()).password
    status, url, logs = run(app, ["status"]), run(app, ["url"]), run(app, ["logs", "-n", "5"])
    assert status.stdout.startswith(f"RabbitMQ {broker.version} ({broker.kind}) runs.")
    assert url.stdout.strip() == broker.url
    assert 0 < len(logs.stdout.splitlines()) <= 10
    assert password not in status.output + logs.output
    assert [status.exit_code, url.exit_code, logs.exit_code] == [0, 0, 0]


def test_up_when_it_runs(broker):
    """A second `warren up` starts nothing."""
    generation = state.read(folders.state()).generation
    said = run(app, ["up"])
    assert f"RabbitMQ {broker.version} ({broker.kind}) runs." in said.stdout
    assert state.read(folders.state()).generation == generation


def test_restart(broker):
    """`warren restart` boots the node again and says so."""
    generation = state.read(folders.state()).generation
    assert "is back" in run(app, ["restart"]).stdout
    assert state.read(folders.state()).generation == generation + 1


@pytest.mark.parametrize("command", ["status", "url", "logs", "restart"])
def test_nothing_runs(fresh, command):
    """Without a broker every command says in one line what to do, with exit code 1 and no traceback."""
    said = run(app, [command])
    assert (said.exit_code, said.stdout) == (1, "")
    assert "`warren up` starts" in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_down_twice(fresh):
    """`warren down` is content where nothing runs."""
    assert run(app, ["down"]).stdout == "No broker was running.\n"


def test_no_way_at_all(fresh, monkeypatch):
    """Where no way works, one error names each way, why it did not work, and what would make it work."""

    def no(reason):
        def find(*_):
            raise BrokerUnavailable(reason)

        return find

    monkeypatch.delenv("WARREN_WITH")
    for way, reason in ((installed, "not installed"), (docker, "no daemon"), (debian, "no mirror")):
        monkeypatch.setattr(way, "find", no(reason))
    said = run(app, ["up"])
    assert said.exit_code == 1
    for way, reason, cure in (
        ("installed", "not installed", "brew install rabbitmq"),
        ("docker", "no daemon", "docker info"),
        ("debian", "no mirror", "warren up --with debian"),
    ):
        line = next(line for line in said.stderr.splitlines() if line.strip().startswith(f"{way}:"))
        assert reason in line
        assert cure in line


def test_unknown_way(fresh, monkeypatch):
    """A way that does not exist is answered with those that do."""
    monkeypatch.setenv("WARREN_WITH", "podman")
    with pytest.raises(BrokerUnavailable, match=r"WARREN_WITH names podman; there are: installed, docker, debian\."):
        brokers.up()
    assert run(app, ["up", "--with", "podman"]).exit_code == 2


def test_doctor(broker):
    """With a broker running everything is well, in the terminal, as text and as HTML, without the password."""
    said = run(app, ["doctor"])
    assert said.exit_code == 0, said.output
    report = needs.doctor()
    assert report.well
    assert f"RabbitMQ {broker.version} ({broker.kind})" in repr(report)
    assert "<table>" in report._repr_html_()
    assert state.read(folders.state()).password not in said.output + repr(report) + report._repr_html_()


def test_doctor_names_what_mends(fresh, monkeypatch, tmp_path):
    """What is missing comes with the command that mends it, and with exit code 1."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("WARREN_CACHE", str(tmp_path / "file"))
    said = run(app, ["doctor"])
    assert said.exit_code == 1
    rows = {need.name: need for need in needs.doctor()}
    assert rows["cache folder"] == needs.Need(
        "cache folder", "missing", rows["cache folder"].found, "set WARREN_CACHE to another folder"
    )
    assert rows["broker"].mend
