"""The `warren` command, and getting a broker at all."""

from __future__ import annotations

from urllib.parse import urlsplit

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


def test_up_starts_one(fresh):
    """Where none runs, `warren up` starts one and says each step once, on stderr."""
    said = run(app, ["up"])
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("RabbitMQ 4.")
    assert [line.split()[:2] for line in said.stderr.splitlines()][-1:] == [["Starting", "RabbitMQ"]]
    assert len(set(said.stderr.splitlines())) == len(said.stderr.splitlines())


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


def test_a_url_in_force(broker, monkeypatch):
    """Where WARREN_URL is set, `up` and `logs` say which, without the password, and start or show nothing else."""
    generation = state.read(folders.state()).generation
    monkeypatch.setenv("WARREN_URL", broker.url)
    monkeypatch.setenv("WARREN_MANAGEMENT_URL", broker.management_url)
    parts = urlsplit(broker.url)
    named = f"amqp://{parts.username}@{parts.hostname}:{parts.port}/"
    said, refused, logs = run(app, ["up"]), run(app, ["up", "--with", "debian"]), run(app, ["logs"])
    assert f"RabbitMQ {broker.version} (external) runs. It is the one of WARREN_URL, {named}:" in said.stdout
    assert f"WARREN_URL is in force ({named}): unset it to start" in refused.stderr
    assert f"WARREN_URL is in force ({named}): that broker keeps its log" in logs.stderr
    assert [said.exit_code, refused.exit_code, logs.exit_code] == [0, 1, 1]
    assert parts.password not in said.output + refused.output + logs.output
    assert state.read(folders.state()).generation == generation


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
