"""Sensitive values: a keyed hash in state, a placeholder in requests, `(sensitive)` in sight."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from pzdecl.errors import PzdeclError, StalePlan
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import lookup
from pzdecl.manifests.model import Desired, Project
from pzdecl.plan.diff import replaced
from pzdecl.plan.model import Plan
from pzdecl.state.codec import canonical


class Secrets:
    """Hides the sensitive inputs of a project's resources.

    The hash is keyed with the project, the environment and the address: equal values in two places don't look
    alike.
    """

    def __init__(self, project: str, environment: str) -> None:
        self._key = f"pzdecl/{project}/{environment}/"

    def marker(self, address: Address, value: Any) -> dict[str, str]:
        """What state holds in place of a value: tells that it changed, not what it is."""
        key = f"{self._key}{address}".encode()
        return {"$hash": hmac.new(key, canonical(value).encode(), sha256).hexdigest()}

    def hidden(self, desired: Desired) -> Mapping[str, Any]:
        """The inputs with markers."""
        inputs = desired.inputs
        for path in sorted(desired.sensitive):
            value = lookup(inputs, _bare(path))
            if value is not None:
                inputs = replaced(inputs, _bare(path), self.marker(desired.address, value))
        return inputs

    def tokens(self, desired: Desired, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """`inputs` with a text in place of each marker that goes through a kind's request code unchanged."""
        for path in sorted(desired.sensitive):
            if lookup(inputs, _bare(path)) is not None:
                inputs = replaced(inputs, _bare(path), _token(path))
        return inputs

    def bindings(self, desired: Desired, bindings: Mapping[str, Any], *, token: bool) -> dict[str, Any]:
        """Bindings without the sensitive values that a reference took over from the inputs."""
        values = {lookup(desired.inputs, _bare(path)): path for path in desired.sensitive}
        return {
            field: (_token(values[value]) if token else self.marker(desired.address, value))
            if isinstance(value, str) and value in values
            else value
            for field, value in bindings.items()
        }

    def request(self, desired: Desired, params: Any) -> Any:
        """A request's parameters with `{"$sensitive": path}` for each token.

        Raises PzdeclError where a sensitive value is only a part of what is sent: it could not be left out of a
        plan.
        """
        tokens = {_token(path): {"$sensitive": _bare(path)} for path in desired.sensitive}
        return _restored(params, tokens, desired)


def refuse_others(plan: Plan, project: Project) -> None:
    """Raises StalePlan where a plan leaves a sensitive value to the manifests, and they hold another one now.

    The record that the plan writes tells of the value that it was made with.
    """
    secrets = Secrets(plan.project, plan.environment)
    for step in plan.steps:
        for path in _left_open(step.params):
            desired = project.resources.get(step.address)
            value = lookup(desired.inputs, path) if desired else None
            planned = lookup((step.record or {}).get("inputs", {}), path)
            if value is None or secrets.marker(step.address, value) != planned:
                what = "is gone from the manifests" if value is None else "has another value now"
                raise StalePlan(
                    f"the plan is stale: {step.address}: {path}, which is sensitive and in no plan, {what}",
                    hint="give the variables that the plan was made with, or make a new plan",
                )


def _left_open(value: Any) -> Iterator[str]:
    """The paths of sensitive values that a request's parameters leave out."""
    if isinstance(value, Mapping):
        if "$sensitive" in value:
            yield value["$sensitive"]
        else:
            for inner in value.values():
                yield from _left_open(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _left_open(inner)


def _restored(value: Any, tokens: Mapping[str, Any], desired: Desired) -> Any:
    if isinstance(value, Mapping):
        return {key: _restored(inner, tokens, desired) for key, inner in value.items()}
    if isinstance(value, list):
        return [_restored(inner, tokens, desired) for inner in value]
    if isinstance(value, str):
        if value in tokens:
            return tokens[value]
        for token, placeholder in tokens.items():
            if token in value:
                path = placeholder["$sensitive"]
                raise PzdeclError(
                    f"{desired.position}: {desired.address}: {path} can't hold a sensitive value: "
                    "it is sent as a part of another one",
                    hint="use a variable that is not sensitive there",
                )
    return value


def _bare(path: str) -> str:
    return path.removeprefix("spec.")


def _token(path: str) -> str:
    return f"<sensitive:{_bare(path)}>"
