"""Which operation a request names: AWS JSON 1.1 by a header, REST-JSON by method and path. No two collide."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from pzdecl.engine.api.model import VERSIONS, service_model, snake
from pzdecl.engine.http.refusals import unknown_operation
from pzdecl.errors import nearest

DOCUMENTED = "docs/reference/operations.md"


@dataclass(frozen=True, slots=True)
class Route:
    """An operation of one of the three services.

    name     the API's ("CreateSolution"); `method` is boto3's ("create_solution")
    input, output
             shapes of the service's model; `output` is None where nothing comes back
    path     of the URL; "/" where a header names the operation
    """

    name: str
    method: str
    service: str
    path: str
    input: str
    output: str | None
    errors: tuple[str, ...]

    @property
    def is_rest(self) -> bool:
        """Whether the operation belongs to a REST-JSON service."""
        return self.path != "/"


@functools.cache
def routes() -> tuple[Route, ...]:
    """All operations of the three service models, by service and name."""
    found = []
    for service in VERSIONS:
        for name, operation in sorted(service_model(service)["operations"].items()):
            output = operation.get("output", {}).get("shape")
            errors = tuple(sorted(error["shape"] for error in operation.get("errors", ())))
            found.append(
                Route(
                    name,
                    snake(name),
                    service,
                    operation["http"]["requestUri"],
                    operation["input"]["shape"],
                    output,
                    errors,
                )
            )
    return tuple(found)


@functools.cache
def by_target() -> Mapping[str, Route]:
    """Routes by the value of X-Amz-Target ("AmazonPersonalize.CreateSolution")."""
    prefix = service_model("personalize")["metadata"]["targetPrefix"]
    return {f"{prefix}.{route.name}": route for route in routes() if not route.is_rest}


@functools.cache
def by_path() -> Mapping[str, Route]:
    """Routes of the REST-JSON services by path; all are POST."""
    return {route.path: route for route in routes() if route.is_rest}


def find(method: str, path: str, target: str | None) -> Route:
    """The operation that a request names. Raises a Refusal (UnknownOperationException)."""
    if path in by_path():
        found = by_path()[path]
    elif path in {"/", ""}:
        if target is None and method == "POST":
            raise unknown_operation(
                "The header X-Amz-Target is missing: expected AmazonPersonalize. and an operation's name"
            )
        if target is None:
            raise unknown_operation("This is pzdecl's server of Amazon Personalize's API", HTTPStatus.NOT_FOUND)
        if target not in by_target():
            near = nearest(target, by_target())
            meant = f"; did you mean {near}?" if near else ""
            raise unknown_operation(f"There is no operation {target[:200]}{meant}")
        found = by_target()[target]
    else:
        raise unknown_operation(
            f"There is nothing at {path[:200]}: expected / or one of {', '.join(sorted(by_path()))}",
            HTTPStatus.NOT_FOUND,
        )
    if method != "POST":
        raise unknown_operation(f"{found.name} is asked for by POST", HTTPStatus.METHOD_NOT_ALLOWED)
    return found
