"""deploy/keda/packers.yaml: KEDA would take it, its parts fit together, and it says what lesson 17 says."""

from __future__ import annotations

import ast
import contextlib
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
MANIFESTS = list(yaml.safe_load_all((ROOT / "deploy/keda/packers.yaml").read_text(encoding="utf-8")))
SCHEMA = json.loads((ROOT / "deploy/keda/schema.json").read_text(encoding="utf-8"))
MINUTE = 60  # seconds: what a second of the lesson is in the file


def manifest(kind: str) -> Any:
    """A copy of the document of that kind, to be broken at will."""
    (found,) = [one for one in MANIFESTS if one["kind"] == kind]
    return copy.deepcopy(found)


def complaints(document: Any) -> list[str]:
    """What the schema of that document's kind has against it."""
    own = Draft202012Validator({"$ref": f"#/$defs/{document['kind']}", "$defs": SCHEMA["$defs"]})
    return [error.message for error in own.iter_errors(document)]


def trigger(document: Any) -> Any:
    return document["spec"]["triggers"][0]


def behaviour(document: Any) -> Any:
    return document["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]


def test_the_schema_is_one() -> None:
    """A schema with a mistake in it would let everything through."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("document", MANIFESTS, ids=lambda document: document["kind"])
def test_each_manifest_passes(document: Any) -> None:
    """No field is missing, unknown or of the wrong type, and exactly one kind fits."""
    assert not complaints(document)
    assert not list(Draft202012Validator(SCHEMA).iter_errors(document))


BROKEN: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "no triggers": ("ScaledObject", lambda one: one["spec"].pop("triggers"), "'triggers' is a required property"),
    "no target": ("ScaledObject", lambda one: one["spec"]["scaleTargetRef"].clear(), "'name' is a required property"),
    "a misspelt field": ("ScaledObject", lambda one: one["spec"].update(maxReplicas=4), "'maxReplicas' was unexpected"),
    "a number as text": (
        "ScaledObject",
        lambda one: one["spec"].update(minReplicaCount="1"),
        "is not of type 'integer'",
    ),
    "another version": ("ScaledObject", lambda one: one.update(apiVersion="keda.k8s.io/v1alpha1"), "was expected"),
    "a bare number in the metadata": (
        "ScaledObject",
        lambda one: trigger(one)["metadata"].update(value=10),
        "10 is not of type 'string'",
    ),
    "a target of nothing": (
        "ScaledObject",
        lambda one: trigger(one)["metadata"].update(value="0"),
        "'0' does not match",
    ),
    "an unknown mode": (
        "ScaledObject",
        lambda one: trigger(one)["metadata"].update(mode="Depth"),
        "'Depth' is not one of",
    ),
    "the old name of the target": (
        "ScaledObject",
        lambda one: trigger(one)["metadata"].update(queueLength="10"),
        "'queueLength' was unexpected",
    ),
    "unacked left out over AMQP": (
        "ScaledObject",
        lambda one: trigger(one)["metadata"].update(protocol="amqp", excludeUnacknowledged="true"),
        "'false' was expected",
    ),
    "a rate over AMQP": (
        "ScaledObject",
        lambda one: trigger(one)["metadata"].update(protocol="amqp", mode="MessageRate"),
        "'QueueLength' was expected",
    ),
    "a password in the file": (
        "ScaledObject",
        lambda one: trigger(one)["metadata"].update(host="http://shop:secret@rabbitmq/"),
        "should not be valid under",
    ),
    "an endless window": (
        "ScaledObject",
        lambda one: behaviour(one)["scaleDown"].update(stabilizationWindowSeconds=7200),
        "7200 is greater than the maximum of 3600",
    ),
    "a policy without a period": (
        "ScaledObject",
        lambda one: behaviour(one)["scaleDown"]["policies"][0].pop("periodSeconds"),
        "'periodSeconds' is a required property",
    ),
    "a fallback to nobody knows how many": (
        "ScaledObject",
        lambda one: one["spec"]["fallback"].pop("replicas"),
        "'replicas' is a required property",
    ),
    "a secret without its key": (
        "TriggerAuthentication",
        lambda one: one["spec"]["secretTargetRef"][0].pop("key"),
        "'key' is a required property",
    ),
    "a parameter the scaler does not know": (
        "TriggerAuthentication",
        lambda one: one["spec"]["secretTargetRef"][0].update(parameter="url"),
        "'url' is not one of",
    ),
    "a number that KEDA sets": (
        "Deployment",
        lambda one: one["spec"].update(replicas=3),
        "'replicas' was unexpected",
    ),
    "no time to drain": (
        "Deployment",
        lambda one: one["spec"]["template"]["spec"].pop("terminationGracePeriodSeconds"),
        "'terminationGracePeriodSeconds' is a required property",
    ),
    "an image that moves": (
        "Deployment",
        lambda one: one["spec"]["template"]["spec"]["containers"][0].update(image="shop/packer:latest"),
        "'shop/packer:latest' does not match",
    ),
}


@pytest.mark.parametrize(("kind", "spoil", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_manifest_fails(kind: str, spoil: Callable[[Any], Any], said: str) -> None:
    """Each mistake is refused for what it is."""
    document = manifest(kind)
    spoil(document)
    assert [one for one in complaints(document) if said in one], complaints(document)
    assert list(Draft202012Validator(SCHEMA).iter_errors(document))


def test_the_parts_refer_to_each_other() -> None:
    """What scales, what is scaled and what lets it look are in one namespace and have each other's names."""
    scaled, login, deployment = (manifest(kind) for kind in ("ScaledObject", "TriggerAuthentication", "Deployment"))
    assert scaled["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert trigger(scaled)["authenticationRef"]["name"] == login["metadata"]["name"]
    assert len({one["metadata"]["namespace"] for one in MANIFESTS}) == 1
    template = deployment["spec"]["template"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert (
        scaled["spec"]["minReplicaCount"] <= scaled["spec"]["fallback"]["replicas"] <= scaled["spec"]["maxReplicaCount"]
    )


def test_unacked_messages_count() -> None:
    """Only over HTTP does KEDA see them, and without them a desk hides the backlog and a busy packer looks idle."""
    metadata = trigger(manifest("ScaledObject"))["metadata"]
    assert (metadata["protocol"], metadata["excludeUnacknowledged"]) == ("http", "false")


def test_the_numbers_are_those_of_the_lesson() -> None:
    """Target, limits and cool-down stand in lesson 17 and here, and are the same."""
    rule, spec = constants(ROOT / "notebooks/17_scaling.ipynb"), manifest("ScaledObject")["spec"]
    assert int(trigger({"spec": spec})["metadata"]["value"]) == rule["TARGET"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (rule["LEAST"], rule["MOST"])
    down = behaviour({"spec": spec})["scaleDown"]["stabilizationWindowSeconds"]
    assert down == MINUTE * rule["COOL_DOWN"]


def constants(notebook: Path) -> dict[str, Any]:
    """The names in capitals that the notebook's cells set to plain values."""
    found: dict[str, Any] = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        for node in ast.parse(cell.source).body if cell.cell_type == "code" else []:
            if isinstance(node, ast.Assign) and all(name.isupper() for name in _names(node)):
                with contextlib.suppress(ValueError):  # computed
                    value = ast.literal_eval(node.value)
                    found |= dict(zip(_names(node), value if isinstance(value, tuple) else (value,), strict=True))
    return found


def _names(node: ast.Assign) -> list[str]:
    return [name.id for name in ast.walk(node.targets[0]) if isinstance(name, ast.Name)]
