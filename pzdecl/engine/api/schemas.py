"""Schema: Create, Describe, Delete, List. Schemas have no status, no tags and no update."""

from __future__ import annotations

import json
from typing import Any

from pzdecl.engine.api.common import create, describe, find, given, listing
from pzdecl.engine.api.families import SCHEMA
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.data.schema import check_schema
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.store.rows import Resource


@operation("CreateSchema")
def create_schema(context: Context, params: Params) -> Result:
    """Checks the Avro schema by the service's rules; the text is kept as it was given."""
    parse_schema(params["schema"], None, params.get("domain"))
    name = params["name"]
    arn = context.arn(f"schema/{name}")
    body = {"name": name, "schemaArn": arn, "schema": params["schema"], **given(params, "domain")}
    with context.store.write() as tx:
        create(tx, SCHEMA, Resource(arn, SCHEMA.type, name, None, body))
    return {"schemaArn": arn}


@operation("DescribeSchema")
def describe_schema(context: Context, params: Params) -> Result:
    """With the schema's text as it was given."""
    return describe(context, SCHEMA, params["schemaArn"])


@operation("DeleteSchema")
def delete_schema(context: Context, params: Params) -> Result:
    """Refused while a dataset uses it."""
    arn = params["schemaArn"]
    with context.store.write() as tx:
        find(tx, SCHEMA, arn)
        users = tx.datasets_with_schema(arn)
        if users:
            raise ResourceInUseException(
                f"The schema {arn} can't be deleted while a dataset uses it: {users[0]}"
            )
        tx.delete(arn)
    return {}


@operation("ListSchemas")
def list_schemas(context: Context, params: Params) -> Result:
    """All schemas, oldest first."""
    return listing(context, SCHEMA, params, None, "DatasetSchemaSummary")


def parse_schema(text: str, dataset_type: str | None, domain: str | None) -> dict[str, Any]:
    """The schema as a dict. Raises InvalidInputException with every rule that it breaks."""
    try:
        schema = json.loads(text)
    except RecursionError:
        raise InvalidInputException("The schema is not valid: it is nested too deeply") from None
    except ValueError as error:
        raise InvalidInputException(f"The schema is not valid JSON: {error}") from error
    problems = check_schema(schema, dataset_type, domain)
    if problems:
        texts = (f"{found.path or 'schema'}: {found.message} (expected {found.expected})" for found in problems)
        raise InvalidInputException(f"The schema is not valid: {'; '.join(texts)}")
    return dict(schema)
