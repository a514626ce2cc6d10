"""Sensitive values: a keyed hash in state, a placeholder in requests, `(sensitive)` in sight."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pzdecl.errors import PzdeclError
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import lookup
from pzdecl.manifests.model import Desired
from pzdecl.plan.diff import replaced
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
