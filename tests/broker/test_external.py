"""Somebody's broker: WARREN_URL, and every way in which it can be wrong."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pika
import pytest

from warren import brokers
from warren.brokers import external
from warren.errors import BrokerRefused, BrokerUnavailable, ManagementUnavailable, WarrenError
from warren.management import Management


@contextmanager
def one_sentence(password: str) -> Iterator[None]:
    """Holds what is raised inside to one line, without the password."""
    try:
        yield
    except WarrenError as error:
        told = str(error)
        if password in told or "\n" in told:
            pytest.fail(f"no single sentence, or the password is in it: {told}")
        raise


@pytest.fixture
def port(broker) -> int:
    return urlsplit(broker.url).port


@pytest.fixture
def use(broker, monkeypatch):
    """Sets WARREN_URL, looks for the broker, and holds every complaint to: one sentence, no password."""
    password = unquote(urlsplit(broker.url).password)

    def look(url: str, management: str = "") -> external.Broker:
        monkeypatch.setenv("WARREN_URL", url)
        monkeypatch.setenv("WARREN_MANAGEMENT_URL", management)
        with one_sentence(password):
            return brokers.find()

    return look


def test_is_used_and_left_alone(broker, use):
    """WARREN_URL comes first, and what is somebody's is never restarted, stopped or commanded."""
    found = use(broker.url, broker.management_url)
    assert (found.kind, found.own, found.version, found.management_url) == (
        "external",
        False,
        broker.version,
        broker.management_url,
    )
    for forbidden in (found.restart, found.stop, lambda: found.ctl("list_vhosts")):
        with pytest.raises(BrokerRefused, match="may be shared"):
            forbidden()


def test_password_in_the_management_url_goes_nowhere(broker, use):
    """Credentials in WARREN_MANAGEMENT_URL are dropped: those of WARREN_URL count, and messages show the address."""
    address = broker.management_url.replace("http://", "http://somebody:secret@")
    assert use(broker.url, address).management_url == broker.management_url


def test_wrong_host(use):
    """A host that does not exist is named."""
    with pytest.raises(BrokerUnavailable, match=r"No broker answers at no-such-host\.invalid:5672"):
        use("amqp://u:p@no-such-host.invalid/")


def test_wrong_port(use):
    """A port nobody listens on is named."""
    with pytest.raises(BrokerUnavailable, match=r"No broker answers at 127\.0\.0\.1:1 "):
        use("amqp://u:p@127.0.0.1:1/")


def test_silent_port(use, silent_port):
    """A port that takes the connection and never answers is named, like one that nobody listens on."""
    with pytest.raises(BrokerUnavailable, match=rf"No broker answers at 127\.0\.0\.1:{silent_port} \(no answer\)"):
        use(f"amqp://u:p@127.0.0.1:{silent_port}/")


def test_wrong_password(use, port):
    """A wrong password is called that, without being shown."""
    with pytest.raises(BrokerRefused, match="refused the user 'somebody'") as refused:
        use(f"amqp://somebody:s3cret@127.0.0.1:{port}/")
    assert "s3cret" not in str(refused.value)


def test_wrong_vhost(broker, use):
    """A vhost that does not exist is named, decoded."""
    with pytest.raises(BrokerRefused, match="not to the vhost 'no/such'"):
        use(broker.url_for("no/such"))


def test_tls_to_a_plain_port(broker, use):
    """amqps:// at a plain port: the cure is amqp://."""
    with pytest.raises(BrokerUnavailable, match="does not speak TLS: write amqp://"):
        use(broker.url.replace("amqp://", "amqps://"))


def test_plain_to_a_tls_port(use, tls_port):
    """amqp:// at a TLS port: the cure is amqps://."""
    with pytest.raises(BrokerUnavailable, match="for TLS write amqps://"):
        use(f"amqp://u:p@127.0.0.1:{tls_port}/")


def test_untrusted_certificate(use, tls_port):
    """A certificate nobody signed is refused, and the message says where to name one's own CA."""
    with pytest.raises(BrokerUnavailable, match=r"is not trusted .*SSL_CERT_FILE"):
        use(f"amqps://u:p@127.0.0.1:{tls_port}/")


def test_http_port(broker, use):
    """The port of the management UI is no AMQP port, and the message says where it belongs."""
    with pytest.raises(BrokerUnavailable, match="belongs in WARREN_MANAGEMENT_URL"):
        use(f"amqp://u:p@127.0.0.1:{urlsplit(broker.management_url).port}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://u:p@host/",
        "amqp://",
        "rabbit",
        "amqp://u:pa#ss@host/",
        "amqp://u:p@host:x/",
        "amqp://u:p@host/?heartbeat=abc",
        "amqps://u:p@host/?ssl_options=cafile",
    ],
)
def test_not_an_amqp_url(use, url):
    """What is no AMQP URL gets an example of one."""
    with pytest.raises(BrokerUnavailable, match="write amqp://user:password@host:5672/vhost"):
        use(url)


def test_parameters_stay(broker, use):
    """What stands after the `?` of WARREN_URL holds for a lesson's URL too, and what the lesson needs comes first."""
    found = use(f"{broker.url}?connection_attempts=3&heartbeat=7&locale=en%26US")
    lesson = pika.URLParameters(found.url_for("a/b", heartbeat=1800))
    assert (lesson.connection_attempts, lesson.heartbeat, lesson.locale) == (3, 1800, "en&US")
    assert lesson.virtual_host == "a/b"


@pytest.fixture
def untagged(broker, vhost):
    """The URL of a user who may use the vhost, and not the HTTP API."""
    management = broker.management()
    management._call("PUT", f"users/plain_{vhost}", json={"password": "s3cret", "tags": ""})
    rights = {"configure": ".*", "write": ".*", "read": ".*"}
    management._call("PUT", f"permissions/{vhost}/plain_{vhost}", json=rights)
    yield f"amqp://plain_{vhost}:s3cret@127.0.0.1:{urlsplit(broker.url).port}/{vhost}"
    management._call("DELETE", f"users/plain_{vhost}")
    management.close()


def test_user_without_the_tag(broker, use, untagged, monkeypatch):
    """A user whom the HTTP API does not let in is told which tag to ask for, wherever the API was found."""
    with pytest.raises(BrokerRefused, match=r"\(401\).* ask for the tag `management`"):
        use(untagged, broker.management_url)
    monkeypatch.setattr(external, "_usual", lambda host: ["http://127.0.0.1:1", broker.management_url])
    found = use(untagged)
    with pytest.raises(BrokerRefused, match=r"\(401\).* ask for the tag `management`"):
        found.management().overview()


def test_vhost_that_is_gone(broker):
    """What is not there, and a broker that has gone, each come with what to do next."""
    with pytest.raises(BrokerRefused, match=r"no_such_vhost.* \(404\): .* opening the lesson again makes its vhost"):
        broker.management().queues("no_such_vhost")
    with pytest.raises(ManagementUnavailable, match=r"does not answer \(ConnectError\): see with `warren status`"):
        Management("http://127.0.0.1:1", "u", "p").overview()


def test_too_old(broker, use, monkeypatch):
    """An older broker than the course needs is refused with both versions (here the bar is raised above this one)."""
    monkeypatch.setattr(external, "OLDEST", "99.0")
    with pytest.raises(BrokerRefused, match=rf"is RabbitMQ {broker.version}; the course needs 99\.0"):
        use(broker.url)


def test_wrong_management_url(broker, use, port):
    """An HTTP API that was named must answer; the message names its address."""
    with pytest.raises(ManagementUnavailable, match=f"127.0.0.1:{port}"):
        use(broker.url, f"http://127.0.0.1:{port}")
    with pytest.raises(BrokerUnavailable, match="WARREN_MANAGEMENT_URL is not a URL"):
        use(broker.url, "127.0.0.1:15672")


@pytest.fixture(scope="module")
def tls_port(tmp_path_factory):
    """A port that speaks TLS, with a certificate nobody trusts."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_shake_hands, args=(server, context), daemon=True).start()
        yield server.getsockname()[1]


def _shake_hands(server: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return  # the fixture closed it
        with connection:
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:  # what came was no TLS
                continue
