"""Columns that solutions and recommenders name or need, against the schemas of the datasets of their group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pzdecl.errors import nearest
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import join
from pzdecl.manifests.documents import Document
from pzdecl.manifests.report import Report

Documents = Mapping[Address, Document]
Columns = Mapping[str, tuple[Address, list[str]]]
"""By dataset type: the schema, and its columns."""

CONFIG = "solutionConfig"
CONFIGS = {"Solution": CONFIG, "Recommender": "recommenderConfig"}
"""Where kinds name columns."""
_NEEDS = {"eventType": "EVENT_TYPE", f"{CONFIG}.eventValueThreshold": "EVENT_VALUE"}
"""Fields of a solution that choose among interactions by a column. Without the column nothing passes."""
_TYPES = ("INTERACTIONS", "ITEMS", "USERS", "ACTIONS", "ACTION_INTERACTIONS")


def check_columns(valid: Documents, report: Report) -> None:
    """Reports columns that are not there. A dataset or schema that is not declared here is not judged."""
    groups = _columns(valid)
    for document in valid.values():
        if document.kind.name in CONFIGS:
            columns = groups.get(document.inputs["datasetGroup"], {})
            _needed(document, columns, report)
            for path, dataset_type, column in _named(document, report):
                _exists(document, path, dataset_type, column, columns, report)


def _columns(valid: Documents) -> dict[str, dict[str, tuple[Address, list[str]]]]:
    """The columns of each group's datasets."""
    found: dict[str, dict[str, tuple[Address, list[str]]]] = {}
    for dataset in valid.values():
        if dataset.kind.name != "Dataset":
            continue
        schema = valid.get(Address("Schema", dataset.inputs["schema"]))
        fields = schema.inputs["schema"].get("fields") if schema else None
        if schema and isinstance(fields, list):
            names = [str(one["name"]) for one in fields if isinstance(one, dict) and "name" in one]
            group = found.setdefault(dataset.inputs["datasetGroup"], {})
            group[dataset.inputs["datasetType"]] = (schema.address, names)
    return found


def _needed(document: Document, columns: Columns, report: Report) -> None:
    schema, names = columns.get("INTERACTIONS", (None, []))
    config = document.inputs.get(CONFIG, {})
    for field, column in _NEEDS.items():
        value = (config if "." in field else document.inputs).get(field.rpartition(".")[2])
        if schema is not None and value is not None and column not in names:
            report.add(
                "PZ5011",
                f"{field.rpartition('.')[2]} needs the column {column}, which {schema} does not have",
                document.positions.get(f"spec.{field}", document.position),
                address=document.address,
                field=f"spec.{field}",
                expected=f"a schema with the field {column}, or no {field.rpartition('.')[2]}",
            )


def _named(document: Document, report: Report) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Where a column is named, the type of its dataset, and its name."""
    part_of = CONFIGS[document.kind.name]
    config: Mapping[str, Any] = document.inputs.get(part_of, {})
    objective = config.get("optimizationObjective")
    if objective:
        yield (part_of, "optimizationObjective", "itemAttribute"), "ITEMS", objective["itemAttribute"]
    for part, by_type in config.get("trainingDataConfig", {}).items():
        for written, names in by_type.items():
            path = (part_of, "trainingDataConfig", part, written)
            if written.upper() not in _TYPES:
                report.add(
                    "PZ3004",
                    f"there is no dataset type {written}",
                    document.positions.nearest(("spec", *path), on_key=True),
                    address=document.address,
                    field=join(("spec", *path)),
                    expected=f"one of {', '.join(_TYPES)}",
                    suggestion=nearest(written, _TYPES) or nearest(written.upper(), _TYPES),
                )
                continue
            for index, name in enumerate(names):
                # A recommender's lists are sorted: where a name stands in one says nothing of the manifest.
                yield (*path, index) if part_of == CONFIG else path, written.upper(), name


def _exists(
    document: Document,
    path: tuple[str | int, ...],
    dataset_type: str,
    column: str,
    columns: Columns,
    report: Report,
) -> None:
    if dataset_type not in columns:
        return
    schema, names = columns[dataset_type]
    if column not in names:
        report.add(
            "PZ5011",
            f"{schema} has no field {column}",
            document.positions.nearest(("spec", *path)),
            address=document.address,
            field=join(("spec", *path)),
            expected=f"one of {', '.join(names)}",
            suggestion=nearest(column, names),
        )
