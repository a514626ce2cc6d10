"""What batch inference and batch segment jobs share: places, versions, filters, the queue."""

from __future__ import annotations

from typing import Any

from pzdecl.engine.api.common import ACTIVE, PENDING, Family, create, find, given
from pzdecl.engine.api.families import FILTER, SOLUTION_VERSION
from pzdecl.engine.api.filters import usable
from pzdecl.engine.api.operation import Context, Params
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.filters.syntax import Expression
from pzdecl.engine.store.rows import Reader, Resource, Writer


def place(context: Context, location: str, where: str) -> str:
    """A location as every process understands it. Raises InvalidInputException."""
    try:
        return context.storage.absolute(location)
    except ValueError as error:
        raise InvalidInputException(f"{where}: {error}") from error


def body_of(context: Context, family: Family, params: Params, *, most: int, default: int) -> dict[str, Any]:
    """What a description of the job shows, with its places."""
    wanted = params.get("numResults", default)
    if not 1 <= wanted <= most:
        raise InvalidInputException(f"numResults is {wanted}: expected 1 to {most}")
    source = place(context, params["jobInput"]["s3DataSource"]["path"], "jobInput.s3DataSource.path")
    target = place(
        context, params["jobOutput"]["s3DataDestination"]["path"], "jobOutput.s3DataDestination.path"
    )
    if source.rstrip("/") == target.rstrip("/"):
        raise InvalidInputException(f"The output path is the input path, {source}: expected another one")
    name = params["jobName"]
    return {
        "jobName": name,
        family.arn_key: context.arn(f"{family.type}/{name}"),
        **given(params, "solutionVersionArn", "filterArn", "jobInput", "jobOutput", "roleArn"),
        "numResults": wanted,
        "_source": source,
        "_target": target,
    }


def version_of(reader: Reader, arn: str) -> Resource:
    """A trained version. Raises ResourceNotFoundException and ResourceInUseException."""
    version = find(reader, SOLUTION_VERSION, arn)
    if version.status != ACTIVE:
        raise ResourceInUseException(
            f"The solution version {arn} is not {ACTIVE}: its status is {version.status}"
        )
    return version


def filter_of(reader: Reader, params: Params, version: Resource, target: str) -> Expression | None:
    """The filter's expression. Raises InvalidInputException where it is about something else than `target`."""
    if "filterArn" not in params:
        return None
    expression = usable(find(reader, FILTER, params["filterArn"]), version.body["datasetGroupArn"])
    if expression.target != target:
        raise InvalidInputException(
            f"The filter {params['filterArn']} is about {expression.target}: expected a filter about {target}"
        )
    return expression


def start(
    tx: Writer, family: Family, body: dict[str, Any], version: Resource, kind: str, params: Params
) -> None:
    """Writes the job and queues it."""
    arn = body[family.arn_key]
    resource = Resource(arn, family.type, body["jobName"], version.arn, body, PENDING)
    create(tx, family, resource, params.get("tags"))
    tx.enqueue(arn, kind, version.body["datasetGroupArn"])
