"""Requests drawn from the service models: a valid one for each operation, and every field wrong in all ways."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pzdecl.engine.api.model import service_model
from pzdecl.engine.http.routing import Route

TEXTS = (
    "arn:aws:personalize:local:000000000000:solution/a",
    "arn:aws:iam::000000000000:role/a",
    "arn:aws:kms:local:000000000000:key/a",
    "s3://bucket/key",
    "rate(1 day)",
    "SUM(Items.PRICE)",
    "a",
    "1",
)
"""Texts of which one fits every pattern of the models."""

NUMBERS = {"integer", "long", "double", "float", "timestamp"}


@dataclass(frozen=True)
class Violation:
    """`params` are right but for one thing: `what` at `path`."""

    what: str
    path: str
    params: dict[str, Any]


def valid(route: Route, *, full: bool) -> dict[str, Any]:
    """A request with the required members only, or with every member down to the last."""
    made: dict[str, Any] = _sample(route.service, route.input, full, ())
    return made


def _sample(service: str, name: str, full: bool, above: tuple[str, ...]) -> Any:  # noqa: PLR0911
    shape = service_model(service)["shapes"][name]
    match shape["type"]:
        case "structure":
            required = shape.get("required", ())
            return {
                member: _sample(service, target["shape"], full, (*above, name))
                for member, target in shape["members"].items()
                if member in required or (full and target["shape"] not in above)
            }
        case "list":
            return [
                _sample(service, shape["member"]["shape"], full, above) for _ in range(shape.get("min", 1) or 1)
            ]
        case "map":
            key = _sample(service, shape["key"]["shape"], full, above)
            return {key: _sample(service, shape["value"]["shape"], full, above)}
        case "string":
            return _text(shape)
        case "boolean":
            return True
        case "timestamp":
            return 1_600_000_000
    return max(1, shape.get("min", 1))


def _text(shape: dict[str, Any]) -> str:
    if "enum" in shape:
        return str(shape["enum"][0])
    for text in TEXTS:
        padded = text.ljust(shape.get("min", 0), "a")
        if len(padded) <= shape.get("max", len(padded)) and _fits(shape.get("pattern"), padded):
            return padded
    raise AssertionError(f"none of TEXTS fits {shape}")


def _fits(pattern: str | None, text: str) -> bool:
    if pattern is None:
        return True
    for java, python in ((r"\p{L}", "a-z"), (r"\p{Z}", " "), (r"\p{N}", "0-9"), (r"\p{ASCII}", r"[\x00-\x7f]")):
        pattern = pattern.replace(java, python)
    return re.fullmatch(pattern, text) is not None


def violations(route: Route) -> Iterator[Violation]:
    """Every single violation of the operation's shape, one field at a time."""
    request = valid(route, full=True)
    for steps, shape, required in _fields(route.service, route.input, request, (), ()):
        path = _written(steps)
        if required:
            yield Violation("missing", path, _without(request, steps))
        for what, value in _wrong(shape):
            yield Violation(what, path, _with(request, steps, value))


def with_every_number(route: Route, value: float) -> Iterator[dict[str, Any]]:
    """Requests that are valid but for a number, which is `value`: each number of the operation in turn."""
    request = valid(route, full=True)
    for steps, shape, _ in _fields(route.service, route.input, request, (), ()):
        if shape["type"] in NUMBERS:
            yield _with(request, steps, value)


def _fields(
    service: str, name: str, value: Any, steps: tuple[str | int, ...], required: tuple[str, ...]
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any], bool]]:
    shape = service_model(service)["shapes"][name]
    if steps:
        yield steps, shape, bool(required) and steps[-1] in required
    match shape["type"]:
        case "structure":
            needed = tuple(shape.get("required", ()))
            for member, target in shape["members"].items():
                if member in value:
                    yield from _fields(service, target["shape"], value[member], (*steps, member), needed)
        case "list":
            yield from _fields(service, shape["member"]["shape"], value[0], (*steps, 0), ())
        case "map":
            for key, inner in value.items():
                yield from _fields(service, shape["value"]["shape"], inner, (*steps, key), ())


def _wrong(shape: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values that a shape does not allow, each for one reason."""
    kind = shape["type"]
    yield "type", 5 if kind not in NUMBERS else "five"
    yield "type", [] if kind != "list" else {}
    if kind not in {"structure", "map"}:
        yield "type", {}
    low, high = shape.get("min"), shape.get("max")
    if shape == service_model("personalize")["shapes"]["S3Location"]:  # paths are allowed here as well
        yield "too long", "s3://".ljust(shape["max"] + 1, "a")
        yield "pattern", "ftp://host/file"
    elif kind == "string":
        if high is not None:
            yield "too long", "a" * (high + 1)
        if low:
            yield "too short", ""
        if "enum" in shape:
            yield "enum", "NONE_OF_THESE"
        elif "pattern" in shape and not _fits(shape["pattern"], "\n"):
            yield "pattern", "\n"
    elif kind == "list" and low:
        yield "too few", []
    elif kind in NUMBERS:
        if high is not None:
            yield "too large", high + 1
        if low is not None:
            yield "too small", low - 1
        if kind in {"integer", "long"}:
            yield "type", 1.5


def _with(request: dict[str, Any], steps: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(request)
    _parent(changed, steps)[steps[-1]] = value
    return changed


def _without(request: dict[str, Any], steps: tuple[str | int, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(request)
    del _parent(changed, steps)[steps[-1]]
    return changed


def _parent(value: Any, steps: tuple[str | int, ...]) -> Any:
    for step in steps[:-1]:
        value = value[step]
    return value


def _written(steps: tuple[str | int, ...]) -> str:
    """As the refusals write a path: `tags[0].tagKey`."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
