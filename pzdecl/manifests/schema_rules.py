"""Avro schemas against the rules of the service, for the dataset types that use them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pzdecl.errors import nearest
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import join
from pzdecl.kinds.schema import MAX_LENGTH, schema_text
from pzdecl.manifests.documents import Document
from pzdecl.manifests.report import Report


def check_schemas(documents: Mapping[Address, Document], report: Report) -> None:
    """Reports every broken rule of every declared schema."""
    from pzdecl.engine.data.schema import check_schema

    users: dict[Address, set[str]] = defaultdict(set)
    for document in documents.values():
        if document.kind.name == "Dataset" and document.spec is not None:
            users[Address("Schema", document.inputs["schema"])].add(document.inputs["datasetType"])
    for address, document in documents.items():
        if document.kind.name != "Schema" or document.spec is None:
            continue
        schema = document.inputs["schema"]
        types: list[str | None] = [*sorted(users[address])]
        for dataset_type in types or [None]:
            for problem in check_schema(schema, dataset_type, document.inputs.get("domain")):
                if _follows(problem.message, schema):
                    continue
                _add(document, problem.path, problem.message, problem.expected, report)
        if len(schema_text(schema)) > MAX_LENGTH:
            _add(document, "", "the schema is too long", f"at most {MAX_LENGTH} characters of JSON", report)


def _follows(message: str, schema: Any) -> bool:
    """Whether a field is only found missing because its type is wrong, which is said already."""
    _, has_no, name = message.partition(" schema has no ")
    fields = schema.get("fields") if has_no and isinstance(schema, dict) else None
    return isinstance(fields, list) and any(isinstance(one, dict) and one.get("name") == name for one in fields)


def _add(document: Document, path: str, message: str, expected: str, report: Report) -> None:
    steps = [int(step) if step.isdigit() else step for step in path.split(".") if step]
    field = join(["spec", "schema", *steps])
    at = document.positions.get(field)
    while at is None and steps:
        steps.pop()
        at = document.positions.get(join(["spec", "schema", *steps]))
    wanted, _, near = expected.partition("; did you mean ")
    code = "PZ6001"
    if path == "name":
        code = "PZ6002"
    elif path == "fields" and " has no " in message and not message.endswith("metadata field"):
        code = "PZ6003"
    suggestion = near.rstrip("?") or None
    if code == "PZ6002" and suggestion is None:
        suggestion = nearest(str(document.inputs["schema"].get("name", "")), wanted.split(" or "))
    report.add(
        code,
        message,
        at or document.position,
        address=document.address,
        field=field,
        expected=wanted,
        suggestion=suggestion,
    )
