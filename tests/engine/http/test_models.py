"""Every operation of the three service models: a valid request, and each field wrong in each way."""

from __future__ import annotations

import pytest

from pzdecl.engine.api import operation
from pzdecl.engine.http.routing import Route, routes
from tests.engine.http.running import Wire, mismatches
from tests.engine.http.samples import valid, violations, with_every_number

SHARED = {"InvalidInputException", "ResourceNotFoundException"}
"""Errors that a request can have though its operation does not list them: ListSchemas lists no InvalidInput."""


def test_there_are_79_operations() -> None:
    assert len(routes()) == 71 + 3 + 5
    assert len({route.method for route in routes()}) == len(routes())
    assert set(operation.load()) <= {route.method for route in routes()}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("route", routes(), ids=lambda route: route.name)
def test_a_valid_request_is_performed_or_refused_by_a_listed_error(
    route: Route, full: bool, common: Wire
) -> None:
    answer = common.call(route, valid(route, full=full))
    if answer.status == 200:
        found = mismatches(answer.json, route.output, route.service) if route.output else answer.json
        assert not found
        return
    assert answer.error in {*route.errors, *SHARED}
    assert "validation error" not in answer.message
    assert answer.status == {"ResourceNotFoundException": 404, "ResourceInUseException": 409}.get(
        answer.error if route.is_rest else "", 400
    )
    if route.method not in operation.load():
        assert answer.error == "InvalidInputException"
        assert f"does not perform {route.name} yet" in answer.message


@pytest.mark.parametrize("route", routes(), ids=lambda route: route.name)
def test_numbers_of_any_size_are_answered(route: Route, common: Wire) -> None:
    for huge in (2**70, -(2**70), 1e300):
        for request in with_every_number(route, huge):
            answer = common.call(route, request)
            assert answer.status < 500, (request, answer)


@pytest.mark.parametrize("route", routes(), ids=lambda route: route.name)
def test_every_wrong_field_is_named(route: Route, common: Wire) -> None:
    found = list(violations(route))
    assert found or route.name in {"ListDatasetGroups"}
    for violation in found:
        answer = common.call(route, violation.params)
        told = f"{violation.what} at {violation.path}: {answer.status} {answer.body.decode()}"
        assert (answer.status, answer.error) == (400, "InvalidInputException"), told
        assert "validation error" in answer.message, told
        # An empty text can be too short and not fit the pattern: whatever is told is about this field.
        problems = answer.message.count("failed to satisfy constraint")
        assert problems == answer.message.count(f"at '{violation.path}") > 0, told
