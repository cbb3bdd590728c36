"""A broker that speaks TLS only, with a certificate of somebody's own CA: fault-free, untrusted, under another name."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pika
import pytest

from warren import brokers
from warren.brokers import configuration, folders, state, supervised
from warren.errors import BrokerUnavailable, ManagementUnavailable

CONF = """
listeners.ssl.1 = 127.0.0.1:{amqps}
ssl_options.certfile = {folder}/localhost.pem
ssl_options.keyfile = {folder}/localhost.key
management.ssl.ip = 127.0.0.1
management.ssl.port = {https}
management.ssl.certfile = {folder}/localhost.pem
management.ssl.keyfile = {folder}/localhost.key
"""


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA, `ca.pem`, and what it signed for the name `localhost` alone."""
    if not shutil.which("openssl"):
        pytest.skip("this machine has no openssl")
    folder: Path = tmp_path_factory.mktemp("tls")
    for name, subject in (("ca", "/CN=Our own CA"), ("localhost", "/CN=localhost")):
        signed = [] if name == "ca" else ["-CA", folder / "ca.pem", "-CAkey", folder / "ca.key"]
        what = "basicConstraints=critical,CA:TRUE" if name == "ca" else "subjectAltName=DNS:localhost"
        files = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
        command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", subject, "-addext", what]
        _openssl(*command, *signed, *files)
    return folder


@pytest.fixture(scope="module")
def listening(broker: brokers.Broker, certified: Path) -> Iterator[tuple[str, str]]:
    """A node of its own with TLS listeners: its AMQP URL and its HTTP API's, by the name in the certificate."""
    own = state.read(folders.state())
    if own is None or own.kind == "docker":
        pytest.skip("this machine's own broker is a container")
    ports = configuration.free_ports("amqps", "https")
    (certified / "tls.conf").write_text(CONF.format(folder=certified, **ports))
    more = {**own.installation.get("environment", {}), "RABBITMQ_CONFIG_FILES": str(certified / "tls.conf")}
    folder = certified / "state"
    folder.mkdir()
    node = supervised.start(folder, own.kind, own.version, {**own.installation, "environment": more})
    parts = urlsplit(node.url)
    credentials = f"{parts.username}:{parts.password}"
    yield f"amqps://{credentials}@localhost:{ports['amqps']}/", f"https://localhost:{ports['https']}"
    supervised.stop(folder)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, listening: tuple[str, str]) -> None:
    """WARREN_URL and WARREN_MANAGEMENT_URL of that node."""
    monkeypatch.setenv("WARREN_URL", listening[0])
    monkeypatch.setenv("WARREN_MANAGEMENT_URL", listening[1])


@pytest.mark.usefixtures("use")
def test_own_ca(certified: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its CA in SSL_CERT_FILE a broker is found over TLS, and a lesson's URL and HTTP API work there."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certified / "ca.pem"))
    found = brokers.find()
    assert found.management().overview()["rabbitmq_version"] == found.version
    with pika.BlockingConnection(pika.URLParameters(found.url_for("/", heartbeat=1800))) as connection:
        assert connection.is_open


@pytest.mark.usefixtures("use")
def test_ca_not_named(listening: tuple[str, str]) -> None:
    """Without SSL_CERT_FILE neither AMQP nor the HTTP API is trusted, and each says how to name the CA."""
    with pytest.raises(BrokerUnavailable, match=r"is not trusted .* name your own CA in SSL_CERT_FILE"):
        brokers.find()
    with pytest.raises(ManagementUnavailable, match="is not trusted: name your own CA in SSL_CERT_FILE"):
        brokers.Broker("external", listening[0], listening[1], "4.3.6").management().overview()


@pytest.mark.usefixtures("use")
def test_another_name(certified: Path, monkeypatch: pytest.MonkeyPatch, listening: tuple[str, str]) -> None:
    """A host that the certificate does not name is refused by that reason, over AMQP and over HTTP."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certified / "ca.pem"))
    monkeypatch.setenv("WARREN_URL", listening[0].replace("localhost", "127.0.0.1"))
    with pytest.raises(BrokerUnavailable, match=r"IP address mismatch.*the host in WARREN_URL as the certificate does"):
        brokers.find()
    monkeypatch.setenv("WARREN_URL", listening[0])
    monkeypatch.setenv("WARREN_MANAGEMENT_URL", listening[1].replace("localhost", "127.0.0.1"))
    with pytest.raises(ManagementUnavailable, match="the host in WARREN_MANAGEMENT_URL as the certificate does"):
        brokers.find()
