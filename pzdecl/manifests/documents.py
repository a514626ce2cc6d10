"""From a document to a typed resource."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from pzdecl.errors import Position, nearest
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind, Spec
from pzdecl.kinds.fields import join, lookup, split
from pzdecl.kinds.places import is_remote
from pzdecl.manifests.envelope import API_VERSION, FIELDS, MetadataSpec
from pzdecl.manifests.evaluate import Evaluator
from pzdecl.manifests.expansion import Copy
from pzdecl.manifests.metadata import check_metadata
from pzdecl.manifests.model import DataSource, Lifecycle
from pzdecl.manifests.nodes import MappingNode, place
from pzdecl.manifests.patches import patched
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report, Spot
from pzdecl.manifests.schema_file import read_schema
from pzdecl.manifests.secrets import sensitive_paths
from pzdecl.manifests.values import validate, without_nulls


@dataclass(slots=True)
class Document:
    """A manifest that was read. `spec` and `inputs` are there only if it is valid."""

    address: Address
    kind: Kind
    position: Position
    positions: Positions
    spec: Spec | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    metadata: MetadataSpec | None = None
    data: DataSource | None = None
    sensitive: frozenset[str] = frozenset()
    written: Mapping[str, Any] = field(default_factory=dict)
    """The document as it is written, for what can be checked even where it is not valid."""

    @property
    def lifecycle(self) -> Lifecycle:
        """The lifecycle in the words of the model."""
        assert self.metadata
        found = self.metadata.lifecycle
        ignored = tuple(
            path.removeprefix("spec.").removeprefix("metadata.") for path in found.ignore_changes or ()
        )
        return Lifecycle(found.protect, ignored, found.on_delete)


def declared_kinds() -> list[str]:
    """The names of the kinds that a manifest may have."""
    return [name for name, kind in KINDS.items() if kind.declared]


def read_document(root: Path, copy: Copy, report: Report) -> Document | None:
    """Reads one document. None if it has no address; what is wrong is in the report."""
    file, node, variables, patches = copy
    evaluator = Evaluator(file, variables, report)
    at = place(file, node.start_mark)
    known = len(report.errors)
    value = evaluator.value(node)
    if not isinstance(node, MappingNode) or not ("kind" in value or "apiVersion" in value):
        _not_a_manifest(value, at, report)
        return None
    positions = Positions(file, node)
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    called = value.get("kind")
    if patches and _is_text(called) and _is_text(name):
        positions = patched(value, f"{called}/{name}", patches, positions, report)
        metadata = value.get("metadata")
    written = f"{called}/{name}" if _is_text(called) and _is_text(name) else None
    if evaluator.sensitive and id(positions.node(("metadata", "name"))) in evaluator.sensitive:
        report.add(
            "PZ0007",
            "metadata.name holds a sensitive variable",
            positions.nearest(("metadata", "name")),
            field="metadata.name",
            expected="a variable that is not sensitive",
            hint="plans and state show names",
        )
        name = written = None
    report.complete(known, written, positions.field_at)
    kind = _kind(value, positions, written, report)
    address = Address(kind.name, name) if kind and _is_text(name) else None
    _envelope(value, positions, written, report)
    read = validate(
        MetadataSpec,
        without_nulls(metadata) if metadata is not None else {},
        below=("metadata",),
        positions=positions,
        report=report,
        address=written,
    )
    if kind is None:
        return None
    spec = validate(
        kind.spec,
        _spec_value(kind, value.get("spec")),
        below=("spec",),
        positions=positions,
        report=report,
        address=address,
    )
    if address is None:
        return None
    document = Document(address, kind, at, positions, spec, metadata=read, written=value)
    check_metadata(document.kind, address, metadata, positions, report)
    if spec is not None and _sound(document, spec, report):
        document.inputs = kind.inputs(spec)
        _read_files(root, document, value.get("spec") or {}, report)
        if evaluator.sensitive:
            document.sensitive = sensitive_paths(positions, kind, evaluator.sensitive, address, report)
    return document


def _sound(document: Document, spec: Spec, report: Report) -> bool:
    """Checks what pydantic cannot. A document with problems is left without its spec."""
    problems = document.kind.check(spec)
    for problem in problems:
        path = ("spec", *problem.path)
        at = document.positions.nearest(path, on_key=problem.on_key)
        report.add(
            problem.code,
            problem.summary,
            Spot(at, document.address, join(path)),
            expected=problem.expected,
            suggestion=problem.suggestion,
            hint=problem.hint,
        )
    if problems:
        document.spec = None
    return not problems


def _read_files(root: Path, document: Document, value: Mapping[str, Any], report: Report) -> None:
    """Takes in what the spec names: a schema's file as inputs, an import's data as a path."""
    if document.kind.reads:
        document.data = _located(root, document, document.kind.reads)
    if document.kind.writes and lookup(document.inputs, document.kind.writes):
        _located(root, document, document.kind.writes)
    if document.kind.name == "Schema" and value.get("schemaFile"):
        schema = read_schema(root, document.positions, value["schemaFile"], document.address, report)
        if schema is None:
            document.spec = None
        else:
            document.inputs["schema"], document.positions = schema


def _spec_value(kind: Kind, value: Any) -> Any:
    """The spec without nulls; those inside an Avro schema mean something (`default: null`)."""
    if value is None:
        return {}
    if kind.name == "Schema" and isinstance(value, dict):
        return {key: inner for key, inner in value.items() if inner is not None}
    return without_nulls(value)


def _located(root: Path, document: Document, field: str) -> DataSource:
    """Where a job reads or writes.

    A relative path starts at its manifest's folder; inputs hold it from the root.
    """
    location: str = lookup(document.inputs, field)
    if is_remote(location):
        return DataSource(location, None)
    written = Path(os.path.expanduser(location))
    path = Path(os.path.normpath(root / Path(document.positions.file).parent / written))
    kept = path if written.is_absolute() else Path(os.path.relpath(path, root))
    document.inputs = _with(document.inputs, split(field), kept.as_posix())
    return DataSource(location, path)


def _with(values: Mapping[str, Any], path: Sequence[str | int], value: str) -> dict[str, Any]:
    """A copy in which a path that is there holds another value."""
    first, *rest = path
    return {**values, str(first): _with(values[str(first)], rest, value) if rest else value}


def _not_a_manifest(value: Any, at: Position, report: Report) -> None:
    if value is None:
        report.add(
            "PZ1005", "an empty document", at, expected="a manifest", hint="remove it and the --- above it"
        )
        return
    hint = "if the file is something else, name it under exclude: in pzdecl.yaml"
    if at.file.endswith("/pzdecl.yaml"):
        folder = at.file.rpartition("/")[0]
        hint = f"{folder} is a project of its own: name it under exclude: in pzdecl.yaml"
    report.add(
        "PZ2001",
        "this document is not a manifest",
        at,
        expected="a mapping with apiVersion, kind, metadata and spec",
        hint=hint,
    )


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value)


def _kind(value: Mapping[str, Any], positions: Positions, address: str | None, report: Report) -> Kind | None:
    name = value.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is not None and kind.declared:
        return kind
    if name is None:
        report.add("PZ3002", "kind is missing", positions.nearest(()), field="kind", expected="a field kind")
        return None
    kinds = [*declared_kinds(), "Template", "Instance"]
    hint = None
    if name == "SolutionVersion":
        hint = "a Solution's manifest makes its versions: see spec.training"
    elif value.get("apiVersion") != API_VERSION:
        hint = "if the file is something else, name it under exclude: in pzdecl.yaml"
    report.add(
        "PZ2002",
        f"there is no kind {name}",
        positions.nearest(("kind",)),
        address=address,
        field="kind",
        expected=f"one of {', '.join(kinds)}",
        suggestion=nearest(str(name), kinds) if kind is None else None,
        hint=hint,
    )
    return None


def _envelope(value: Mapping[str, Any], positions: Positions, address: str | None, report: Report) -> None:
    version = value.get("apiVersion")
    if version is None:
        at = positions.nearest(())
        report.add(
            "PZ3002",
            "apiVersion is missing",
            at,
            address=address,
            field="apiVersion",
            expected=f"apiVersion: {API_VERSION}",
        )
    elif version != API_VERSION:
        report.add(
            "PZ2003",
            f"there is no apiVersion {version}",
            positions.nearest(("apiVersion",)),
            address=address,
            field="apiVersion",
            expected=API_VERSION,
            suggestion=nearest(str(version), [API_VERSION]),
        )
    for name in value:
        if name not in FIELDS:
            report.add(
                "PZ3001",
                f"there is no field {name}",
                positions.nearest((name,), on_key=True),
                address=address,
                field=name,
                expected=f"{', '.join(FIELDS[:-1])} or {FIELDS[-1]}",
                suggestion=nearest(name, FIELDS),
                hint="the API's own fields stand under spec:",
            )
