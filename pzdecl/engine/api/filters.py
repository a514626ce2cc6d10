"""Filter: Create, Describe, Delete, List. Filters can't be changed."""

from __future__ import annotations

from pzdecl.engine.api.common import ACTIVE, create, describe, find, listing
from pzdecl.engine.api.families import DATASET_GROUP, FILTER
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.filters.check import Columns, problems
from pzdecl.engine.filters.parser import parse
from pzdecl.engine.filters.sources import group_columns
from pzdecl.engine.filters.syntax import Expression, ExpressionError
from pzdecl.engine.store.rows import Resource

JOBS = ("batch-inference-job", "batch-segment-job")
"""The jobs that use a filter while they are at work."""


@operation("CreateFilter")
def create_filter(context: Context, params: Params) -> Result:
    """Active at once: the expression is checked against the schemas of the group's datasets here and now."""
    name, group_arn, text = params["name"], params["datasetGroupArn"], params["filterExpression"]
    arn = context.arn(f"filter/{name}")
    body = {"name": name, "filterArn": arn, "datasetGroupArn": group_arn, "filterExpression": text}
    with context.store.write() as tx:
        find(tx, DATASET_GROUP, group_arn)
        checked(text, group_columns(tx, group_arn))
        create(tx, FILTER, Resource(arn, FILTER.type, name, group_arn, body), params.get("tags"))
    return {"filterArn": arn}


@operation("DescribeFilter")
def describe_filter(context: Context, params: Params) -> Result:
    """With its expression."""
    return describe(context, FILTER, params["filterArn"])


@operation("DeleteFilter")
def delete_filter(context: Context, params: Params) -> Result:
    """Refused while a batch job that uses it is pending or in progress."""
    arn = params["filterArn"]
    with context.store.write() as tx:
        find(tx, FILTER, arn)
        user = tx.query(
            "SELECT resources.arn FROM jobs JOIN resources USING (arn) WHERE state <> 'finished' "
            f"AND type IN ({', '.join('?' * len(JOBS))}) AND json_extract(body, '$.filterArn') = ? LIMIT 1",
            (*JOBS, arn),
        )
        if user:
            raise ResourceInUseException(
                f"The filter {arn} can't be deleted while {user[0][0]} uses it, which is pending or in progress"
            )
        tx.delete(arn)
    return {}


@operation("ListFilters")
def list_filters(context: Context, params: Params) -> Result:
    """Of one dataset group, or all. The key of the list begins with a capital, as the service's does."""
    return listing(context, FILTER, params, params.get("datasetGroupArn"), "FilterSummary")


def usable(resource: Resource, group_arn: str) -> Expression:
    """The expression of a filter that a request names. Raises InvalidInputException where it can't be used."""
    if resource.status != ACTIVE:
        raise InvalidInputException(
            f"The filter {resource.arn} can't be used: its status is {resource.status}, expected {ACTIVE}"
        )
    if resource.parent != group_arn:
        raise InvalidInputException(
            f"The filter {resource.arn} is of the dataset group {resource.parent}: expected one of {group_arn}"
        )
    return parse(resource.body["filterExpression"])


def checked(text: str, columns: Columns) -> Expression:
    """The expression of a filter that can be made. Raises InvalidInputException with all that is wrong."""
    try:
        expression = parse(text)
    except ExpressionError as error:
        raise InvalidInputException(f"Could not create filter. Invalid input symbol {error.problem}") from error
    found = problems(expression, columns)
    if found:
        raise InvalidInputException(f"Invalid Expression: {'; '.join(map(str, found))}")
    return expression
