"""Small projects for tests, made without YAML."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pzdecl.errors import Position
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import flatten
from pzdecl.manifests.model import Desired, Lifecycle, Project, ProviderSettings, Trigger
from pzdecl.manifests.triggers import read

Documents = Mapping[str, Mapping[str, Any]]
"""Address as text to `{"spec": inputs, "tags": ..., "lifecycle": {...}, "dependsOn": [...], "when": ...,
"retrainOn": [...]}`."""

FIELDS = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
]


def schema(*more: str, name: str = "Interactions") -> dict[str, Any]:
    fields = [*FIELDS, *({"name": field, "type": ["null", "string"]} for field in more)]
    return {"schema": {"type": "record", "name": name, "fields": fields, "version": "1.0"}}


def movies(**changes: Any) -> dict[str, dict[str, Any]]:
    """One of each kind, and an INCREMENTAL import beside the FULL one. `changes` go into the solution's
    spec.
    """
    return {
        "Schema/s": {"spec": schema()},
        "DatasetGroup/g": {"spec": {}, "tags": {"team": "discovery"}},
        "Dataset/d": {"spec": {"datasetGroup": "g", "schema": "s", "datasetType": "INTERACTIONS"}},
        "DatasetImport/full": {
            "spec": {"dataset": "d", "dataSource": {"dataLocation": "data/a.csv"}, "importMode": "FULL"}
        },
        "DatasetImport/more": {
            "spec": {"dataset": "d", "dataSource": {"dataLocation": "data/b.csv"}, "importMode": "INCREMENTAL"}
        },
        "EventTracker/t": {"spec": {"datasetGroup": "g"}},
        "Solution/x": {"spec": {"datasetGroup": "g", "recipe": "aws-hrnn", **changes}},
        "Campaign/c": {"spec": {"solution": "x"}},
    }


def project(documents: Documents, name: str = "movies") -> Project:
    """What the manifests would have become; the SolutionVersion nodes and implied dependencies included."""
    full: dict[Address, Mapping[str, Any]] = {Address.parse(text): doc for text, doc in documents.items()}
    for address in list(full):
        if address.kind == "Solution":
            when = full[address].get("when", ["config", "data"])
            inputs: dict[str, Any] = {"solution": address.name, "trainingMode": "FULL", "when": when}
            if events := full[address]["spec"].get("solutionConfig", {}).get("eventsConfig"):
                inputs["solutionConfig"] = {"eventsConfig": events}
            triggers = full[address].get("retrainOn", ())
            lifecycle = {**full[address].get("lifecycle", {}), "protect": False}
            version = {"spec": inputs, "retrainOn": triggers, "lifecycle": lifecycle}
            full[Address("SolutionVersion", address.name)] = version
    resources = {}
    for line, address in enumerate(sorted(full), start=1):
        resources[address] = desired(address, full[address], full, 10 * line)
    root = Path("/project")
    return Project(root, name, "default", ProviderSettings(), root / ".pzdecl/state/default.db", resources)


def desired(
    address: Address, doc: Mapping[str, Any], full: Mapping[Address, Mapping[str, Any]], line: int
) -> Desired:
    inputs = doc["spec"]
    position = Position("movies.yaml", line)
    needed = {Address.parse(text) for text in doc.get("dependsOn", ())}
    references = tuple(KINDS[address.kind].references(inputs))
    needed |= {reference.target for reference in references if reference.target}
    if address.kind == "Campaign" and not inputs["solution"].startswith("arn:"):
        needed.add(Address("SolutionVersion", inputs["solution"]))
    if address.kind == "SolutionVersion":
        group = full[Address("Solution", inputs["solution"])]["spec"]["datasetGroup"]
        needed |= {a for a in full if a.kind == "DatasetImport" and group_of(a, full) == group}
    triggers = (
        tuple(trigger(text, address, full) for text in doc.get("retrainOn", ()))
        if address.kind == "SolutionVersion"
        else ()
    )
    needed |= {one for trigger in triggers for one in trigger.addresses}
    if address.kind == "DatasetImport" and inputs["importMode"] == "INCREMENTAL":
        needed |= {
            a
            for a, other in full.items()
            if a.kind == "DatasetImport"
            and other["spec"]["dataset"] == inputs["dataset"]
            and other["spec"]["importMode"] == "FULL"
        }
    positions = {f"spec.{path}": Position("movies.yaml", line + 1) for path, _ in flatten(inputs)}
    return Desired(
        address,
        inputs,
        position,
        references,
        tuple(sorted(needed)),
        doc.get("tags", {}),
        _lifecycle(**doc.get("lifecycle", {})),
        positions,
        sensitive=frozenset(doc.get("sensitive", ())),
        triggers=triggers,
    )


def _lifecycle(
    protect: bool = False, ignore_changes: Iterable[str] = (), on_delete: Literal["delete", "retain"] = "delete"
) -> Lifecycle:
    return Lifecycle(protect, tuple(ignore_changes), on_delete)


def trigger(text: str, version: Address, full: Mapping[Address, Mapping[str, Any]]) -> Trigger:
    entry = read(text)
    assert entry
    return Trigger(text, tuple(sorted(one for one in full if entry.fits(one) and one != version)), entry.path)


def group_of(address: Address, full: Mapping[Address, Mapping[str, Any]]) -> str | None:
    dataset = full.get(Address("Dataset", full[address]["spec"]["dataset"]))
    return dataset["spec"]["datasetGroup"] if dataset else None


def content(text: str, rows: int = 1000) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "bytes": len(text), "rows": rows}
