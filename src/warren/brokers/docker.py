"""RabbitMQ in a container, with our configuration and its ports on this machine's loopback only."""

from __future__ import annotations

import io
import os
import socket
import sys
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warren.brokers import configuration
from warren.brokers.apt import Progress
from warren.brokers.state import Process, State
from warren.errors import BrokerRefused, BrokerUnavailable

if TYPE_CHECKING:
    import docker

IMAGE = "rabbitmq:4.3-management"
CURE = "start Docker, so that `docker info` answers, then: warren up --with docker"

_INSIDE = {"amqp": 5672, "management": 15672, "stream": 5552, "prometheus": 15692}
_STOPPING = 20  # seconds until Docker kills a container that was asked to stop


def find(progress: Progress | None = None) -> tuple[str, dict[str, Any]]:
    """Version and image, pulled if need be. Raises BrokerUnavailable: no daemon, no permission, no image."""
    from docker.errors import DockerException, ImageNotFound

    if sys.platform == "win32":
        raise BrokerUnavailable("on Windows start it yourself, `docker compose up -d broker`, and set WARREN_URL")
    image = os.environ.get("WARREN_IMAGE") or IMAGE
    client = _client()
    try:
        client.images.get(image)
    except ImageNotFound:
        try:
            _pull(client, image, progress)
        except DockerException as error:
            raise BrokerUnavailable(f"Docker cannot pull {image}: {_said(error)}") from error
    finally:
        client.close()
    return image.rpartition(":")[2], {"image": image}


def look() -> None:
    """Raises BrokerUnavailable where no Docker daemon answers."""
    _client().close()


def remove(folder: Path) -> None:
    """Remove whatever container was left behind for this state folder, if Docker answers."""
    from docker.errors import DockerException

    with suppress(BrokerUnavailable, DockerException):
        for container in _client().containers.list(all=True, filters={"label": f"warren={_whose(folder)}"}):
            container.remove(force=True, v=True)


class Container:
    """One container as `plan` says (ports, user, image). Nothing but `end` or `remove` ends it."""

    def __init__(self, folder: Path, plan: State) -> None:
        self._folder = folder
        self._plan = plan
        self._client = _client()
        self._container = self._client.containers.get(plan.container) if plan.container else None

    @property
    def processes(self) -> tuple[Process, ...]:
        return ()

    @property
    def container(self) -> str | None:
        return self._container.id if self._container else None

    def start(self) -> None:
        """Start the container; does not wait until the broker serves. Raises BrokerUnavailable with Docker's reason."""
        from docker.errors import DockerException

        try:
            if self._container is None:
                self._container = self._create()
            self._container.start()
        except DockerException as error:
            raise BrokerUnavailable(f"Docker did not start the container: {_said(error)}") from error

    def alive(self) -> bool:
        from docker.errors import DockerException

        with suppress(DockerException, OSError):
            if self._container:
                self._container.reload()
                return str(self._container.status) == "running"
        return False

    def stop(self) -> None:
        """Stop the broker; the container keeps its data and its ports."""
        from docker.errors import DockerException

        with suppress(DockerException):
            if self._container:
                self._container.stop(timeout=_STOPPING)

    def end(self) -> None:
        """Stop the broker and remove the container with its data."""
        from docker.errors import DockerException

        self.stop()
        with suppress(DockerException):
            if self._container:
                self._container.remove(force=True, v=True)
        self._container = None

    def forget(self) -> bool:
        """Remove the container, so that the next start makes a fresh one. False: this one was fresh."""
        self.end()
        return False

    def failure(self) -> BrokerUnavailable:
        """Why the last boot failed: the last lines of the container's log."""
        return BrokerUnavailable(" ".join(self.log(5).split())[:400] or "it said nothing")

    def log(self, lines: int) -> str:
        from docker.errors import DockerException

        with suppress(DockerException):
            if self._container:
                return bytes(self._container.logs(tail=lines)).decode("utf-8", "replace")
        return ""

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl in the container and return what it printed. Raises BrokerRefused with its complaint."""
        from docker.errors import DockerException

        if self._container is None:
            raise BrokerUnavailable("The container is gone: `warren up` starts another.")
        try:
            code, (out, err) = self._container.exec_run(["rabbitmqctl", *arguments], demux=True)
        except DockerException as error:
            raise BrokerUnavailable(f"Docker does not run commands in the container: {_said(error)}") from error
        if code:
            complaint = " ".join((err or out or b"").decode("utf-8", "replace").split())
            raise BrokerRefused(f"rabbitmqctl {' '.join(arguments[:1])} failed: {complaint}")
        return bytes(out or b"").decode("utf-8", "replace")

    def _create(self) -> Any:
        plan = self._plan
        made = self._client.containers.create(
            plan.installation["image"],
            environment={
                "RABBITMQ_DEFAULT_USER": plan.username,
                "RABBITMQ_DEFAULT_PASS": plan.password,
                "RABBITMQ_NODENAME": "warren@localhost",  # data belong to a node name: the same one at every boot
            },
            ports={f"{inside}/tcp": ("127.0.0.1", plan.ports[name]) for name, inside in _INSIDE.items()},
            labels={"warren": _whose(self._folder)},
        )
        made.put_archive("/etc/rabbitmq", _configuration(plan.ports["stream"]))
        return made


def _client() -> docker.DockerClient:
    """Docker where the `docker` command would find it. Raises BrokerUnavailable in one sentence."""
    import docker
    from docker.context import ContextAPI
    from docker.errors import DockerException

    try:
        context = None if os.environ.get("DOCKER_HOST") else ContextAPI.get_current_context()
        client = docker.DockerClient(base_url=context.Host) if context and context.Host else docker.from_env()
        client.ping()
    except (DockerException, OSError) as error:
        raise BrokerUnavailable(f"no Docker daemon answers ({_said(error)})") from error
    return client


def _whose(folder: Path) -> str:
    """The label by which a container is known as this folder's; two machines may share one Docker."""
    return f"{socket.gethostname()}:{folder}"


def _pull(client: docker.DockerClient, image: str, progress: Progress | None) -> None:
    layers: dict[str, tuple[int, int]] = {}
    for event in client.api.pull(image, stream=True, decode=True):
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            layers[event["id"]] = (detail["current"], detail["total"])
        if progress and layers:
            done, total = (sum(numbers) for numbers in zip(*layers.values(), strict=True))
            progress(f"Downloading {image}", done / total)
    client.images.get(image)  # a pull that failed half-way says so in an event only; this raises


def _configuration(stream_port: int) -> bytes:
    """Our configuration as an archive that Docker unpacks into /etc/rabbitmq: no folder need be shared with it."""
    files = {
        "conf.d/50-warren.conf": configuration.shared("rabbitmq.conf"),
        "conf.d/60-node.conf": configuration.advertised(stream_port) + "\n",
        "advanced.config": configuration.shared("advanced.config"),
        "enabled_plugins": configuration.shared("enabled_plugins"),
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()


def _said(error: BaseException) -> str:
    """What went wrong, without the layers of libraries it came through."""
    while error.__context__ is not None and not getattr(error, "explanation", None):
        error = error.__context__
    reason = getattr(error, "explanation", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(str(reason).split()).rstrip(".")
