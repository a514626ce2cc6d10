"""Schema: the columns of a dataset, as an Avro record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import ArnOf, Call, Inputs, Kind, Operations, Problem, Spec
from pzdecl.kinds.dataset_group import Domain
from pzdecl.kinds.wire import given

MAX_LENGTH = 20_000


class SchemaSpec(Spec):
    """An Avro schema, written as YAML or read from a file: exactly one of `schema` and `schemaFile`."""

    schema_: dict[str, Any] | None = Field(
        None,
        alias="schema",
        description="The Avro schema: a record whose name is that of the dataset's type.",
        examples=[
            {
                "type": "record",
                "name": "Interactions",
                "namespace": "com.amazonaws.personalize.schema",
                "fields": [
                    {"name": "USER_ID", "type": "string"},
                    {"name": "ITEM_ID", "type": "string"},
                    {"name": "TIMESTAMP", "type": "long"},
                ],
                "version": "1.0",
            }
        ],
    )
    schema_file: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        None,
        description="A .json or .avsc file with the Avro schema, relative to the manifest.",
        examples=["interactions.avsc"],
    )
    domain: Domain | None = Field(None, description="The domain of the schema's dataset group, if it has one.")


class Schema(Kind):
    """Row of facts for schemas. `inputs["schema"]` is the Avro record as JSON, wherever it was written."""

    name = "Schema"
    spec = SchemaSpec
    operations = Operations(
        create="create_schema",
        describe="describe_schema",
        list="list_schemas",
        delete="delete_schema",
        describe_key="schema",
        list_key="schemas",
        arn_key="schemaArn",
    )
    taggable = False

    def check(self, spec: SchemaSpec) -> list[Problem]:
        if (spec.schema_ is None) == (spec.schema_file is None):
            what = "neither schema nor schemaFile" if spec.schema_ is None else "both schema and schemaFile"
            return [Problem("PZ3007", (), what, "exactly one of schema and schemaFile")]
        return []

    def inputs(self, spec: SchemaSpec) -> dict[str, Any]:
        return given(schema=spec.schema_, domain=spec.domain)

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"schema/{name}"

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = given(name=name, schema=schema_text(inputs["schema"]), domain=inputs.get("domain"))
        return Call(self.operations.create, params)

    def recall(self, description: Mapping[str, Any]) -> Inputs | None:
        text = description.get("schema")
        return given(schema=json.loads(text), domain=description.get("domain")) if text else None


def schema_text(schema: Mapping[str, Any]) -> str:
    """The Avro schema as canonical JSON: keys sorted, no spaces."""
    return json.dumps(schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
