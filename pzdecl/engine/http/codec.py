"""JSON bodies to requests and results to JSON bodies, as the service models' shapes say.

Both of AWS's protocols that are spoken here put everything into the body. A shape is compiled once into a
function. Decoding turns epoch seconds into datetimes and drops members that are null, which is how a client
says that it gives none; everything else is left to `validate`. Encoding keeps the shape's members and turns
datetimes into epoch seconds with milliseconds.
"""

from __future__ import annotations

import datetime
import functools
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from pzdecl.engine.api.model import service_model
from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.http.refusals import not_json

Convert = Callable[[Any, str], Any]
"""Takes a value and its path in the body."""

_YEAR_9999 = 253402300800.0


def parse(body: bytes) -> dict[str, Any]:
    """A body's JSON object; an empty body is an empty object. Raises a Refusal (SerializationException)."""
    if not body.strip():
        return {}
    try:
        # As text: bytes would be decoded with more patience than Unicode has.
        found = _READER.decode(body.decode())
        if b"\\u" in body:
            json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair is not text
    except RecursionError:
        raise not_json("The request's body is nested too deeply") from None
    except UnicodeError:
        raise not_json("The request's body has text that is not valid Unicode") from None
    except ValueError as error:  # of a number with thousands of digits, Python tells what to set in its modules
        raise not_json(f"The request's body is not JSON: {str(error).partition(';')[0]}") from None
    if not isinstance(found, dict):
        raise not_json("The request's body is not a JSON object")
    return found


def decode(shape: str, service: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The request in a body, shaped as boto3's arguments. Raises InvalidInputException for what is no time."""
    params: dict[str, Any] = _decoder(shape, service)(body, "")
    return params


def encode(shape: str | None, service: str, result: Mapping[str, Any]) -> bytes:
    """The body of a result. An operation without an output shape answers with an empty object."""
    if shape is None:
        return b"{}"
    return _WRITER.encode(_encoder(shape, service)(result, "")).encode()


@functools.cache
def _decoder(name: str, service: str) -> Convert:
    return _converter(name, service, _decoder, _to_moment, keep_unknown=True)


@functools.cache
def _encoder(name: str, service: str) -> Convert:
    return _converter(name, service, _encoder, _to_seconds, keep_unknown=False)


def _converter(
    name: str,
    service: str,
    inner: Callable[[str, str], Convert],
    moment: Convert,
    *,
    keep_unknown: bool,
) -> Convert:
    shape = service_model(service)["shapes"][name]
    match shape["type"]:
        case "structure":
            members = {member: inner(target["shape"], service) for member, target in shape["members"].items()}
            return _structure(members, keep_unknown)
        case "list":
            return _list(inner(shape["member"]["shape"], service))
        case "map":
            return _map(inner(shape["value"]["shape"], service))
        case "timestamp":
            return moment
    return _same


def _same(value: Any, path: str) -> Any:  # noqa: ARG001 - a `Convert`
    return value


def _structure(members: Mapping[str, Convert], keep_unknown: bool) -> Convert:
    names = members.keys()
    plain = all(member is _same for member in members.values())

    def convert(value: Any, path: str) -> Any:
        if not isinstance(value, dict | Mapping):  # a dict is told quickly, another mapping is not
            return value
        fits = plain and type(value) is dict and (keep_unknown or value.keys() <= names)
        if fits and None not in value.values():
            return value
        prefix = f"{path}." if path else ""
        return {
            key: members[key](one, prefix + key) if key in members else one
            for key, one in value.items()
            if one is not None and (keep_unknown or key in members)
        }

    return convert


def _list(member: Convert) -> Convert:
    if member is _same:
        return _same

    def convert(value: Any, path: str) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [member(one, f"{path}[{index}]") for index, one in enumerate(value)]

    return convert


def _map(member: Convert) -> Convert:
    if member is _same:
        return _same

    def convert(value: Any, path: str) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {key: member(one, f"{path}.{key}") for key, one in value.items()}

    return convert


def _to_moment(value: Any, path: str) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value < _YEAR_9999:
        raise InvalidInputException(
            f"1 validation error detected: Value at '{path}' failed to satisfy constraint: "
            "Member must be a time in seconds since 1970, as a number"
        )
    return datetime.datetime.fromtimestamp(value, datetime.UTC)


def _to_seconds(value: Any, path: str) -> Any:  # noqa: ARG001 - a `Convert`
    return round(value.timestamp(), 3) if isinstance(value, datetime.datetime) else value


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large a number")
    return value


_READER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)
_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
