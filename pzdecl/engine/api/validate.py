"""Checks a request against the service model: what boto3 checks on its side, and what only the service checks.

Required members, types, unknown members, ranges, lengths, patterns, enums, and the sizes of lists and maps. A
shape is compiled once into a function, so that checking a request costs microseconds. All violations come out
together.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from pzdecl.engine.api.model import input_shape, service_model
from pzdecl.engine.errors import InvalidInputException
from pzdecl.errors import nearest

Check = Callable[[Any, str, list[str]], None]
"""Takes a value and its path, and adds what is wrong to the list."""

LOCAL_PATH_MAX = 4096
_REMOTE = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.\-]*://")
_SEPARATORS = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{N}": "", r"\p{Z}": _SEPARATORS, r"\p{ASCII}": r"[\x00-\x7f]"}
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "integer": ((int,), "a whole number"),
    "long": ((int,), "a whole number"),
    "double": ((int, float), "a number"),
    "float": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "timestamp": ((datetime.datetime, int, float, str), "a time"),
}
_WIDEST = {"integer": 2**31 - 1, "long": 2**63 - 1}


def validate(operation: str, service: str, params: Mapping[str, Any]) -> None:
    """Raises InvalidInputException with every violation in `params`, each with its path and what is allowed."""
    shape = input_shape(operation, service)
    if shape is None:
        raise InvalidInputException(f"{service} has no operation {operation}", operation=operation)
    problems: list[str] = []
    _compiled(shape, service)(params, "", problems)
    if problems:
        count = len(problems)
        text = "; ".join(problems)
        raise InvalidInputException(
            f"{count} validation error{'' if count == 1 else 's'} detected: {text}", operation=operation
        )


@functools.cache
def _compiled(name: str, service: str) -> Check:
    shape = service_model(service)["shapes"][name]
    kind = shape["type"]
    if kind == "structure":
        return _structure(shape, service)
    if kind == "list":
        return _list(shape, service)
    if kind == "map":
        return _map(shape, service)
    if name == "S3Location":
        return _location(_scalar(shape))
    return _scalar(shape)


def _structure(shape: Mapping[str, Any], service: str) -> Check:
    checks = {member: _compiled(target["shape"], service) for member, target in shape["members"].items()}
    required = tuple(shape.get("required", ()))

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, Mapping):
            problems.append(_violation(value, path, "Member must be a structure"))
            return
        prefix = f"{path}." if path else ""
        problems.extend(
            f"Value null at '{prefix}{member}' failed to satisfy constraint: Member must not be null"
            for member in required
            if member not in value
        )
        for member, inner in value.items():
            member_check = checks.get(member)
            if member_check is None:
                problems.append(_unknown(str(member), prefix, tuple(checks)))
            else:
                member_check(inner, prefix + member, problems)

    return check


def _unknown(member: str, prefix: str, known: tuple[str, ...]) -> str:
    suggestion = nearest(member, known)
    meant = f"; did you mean '{suggestion}'?" if suggestion else ""
    return (
        f"Unknown parameter '{prefix}{member}' failed to satisfy constraint: "
        f"Member must be one of [{', '.join(known)}]{meant}"
    )


def _list(shape: Mapping[str, Any], service: str) -> Check:
    member_check = _compiled(shape["member"]["shape"], service)
    low, high = shape.get("min", 0), shape.get("max")

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, list | tuple):
            problems.append(_violation(value, path, "Member must be a list"))
            return
        _size(value, path, problems, low, high)
        for index, inner in enumerate(value):
            member_check(inner, f"{path}[{index}]", problems)

    return check


def _map(shape: Mapping[str, Any], service: str) -> Check:
    key_check = _compiled(shape["key"]["shape"], service)
    value_check = _compiled(shape["value"]["shape"], service)
    low, high = shape.get("min", 0), shape.get("max")

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, Mapping):
            problems.append(_violation(value, path, "Member must be a map"))
            return
        _size(value, path, problems, low, high)
        for key, inner in value.items():
            key_check(key, f"{path} (key)", problems)
            value_check(inner, f"{path}.{key}", problems)

    return check


def _scalar(shape: Mapping[str, Any]) -> Check:
    kind = shape["type"]
    types, words = _TYPES[kind]
    low, high = shape.get("min"), shape.get("max")
    if kind in _WIDEST:  # what the model leaves open, the type does not
        low = -_WIDEST[kind] - 1 if low is None else low
        high = _WIDEST[kind] if high is None else high
    enum = frozenset(shape.get("enum", ()))
    enum_text = f"Member must satisfy enum value set: [{', '.join(shape.get('enum', ()))}]"
    pattern_text = shape.get("pattern")
    pattern = _pattern(pattern_text) if pattern_text else None
    is_text = kind == "string"
    hidden = bool(shape.get("sensitive"))

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            problems.append(_violation(value, path, f"Member must be {words}", hidden))
            return
        if isinstance(value, str) and is_text:
            size = len(value)
            if not value.isascii() and not _whole(value):
                text = "Member must be whole text, without half a character (a lone surrogate)"
                problems.append(_violation(value, path, text, hidden))
                return
            if high is not None and size > high:
                problems.append(
                    _violation(value, path, f"Member must have length less than or equal to {high}", hidden)
                )
            if low is not None and size < low:
                problems.append(
                    _violation(value, path, f"Member must have length greater than or equal to {low}", hidden)
                )
            if enum and value not in enum:
                problems.append(_violation(value, path, enum_text, hidden))
            elif pattern is not None and not pattern.fullmatch(value):
                text = f"Member must satisfy regular expression pattern: {pattern_text}"
                problems.append(_violation(value, path, text, hidden))
            return
        if kind not in {"integer", "long", "double", "float"}:
            return
        # NaN fails both comparisons, as it should.
        if high is not None and not value <= high:
            problems.append(_violation(value, path, f"Member must have value less than or equal to {high}"))
        if low is not None and not value >= low:
            problems.append(_violation(value, path, f"Member must have value greater than or equal to {low}"))

    return check


def _whole(text: str) -> bool:
    """Whether a text can be written as UTF-8: arguments of a command that are not may hold lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _location(remote: Check) -> Check:
    """Where data lies: the service's pattern for anything with a scheme, else a path on this machine."""

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, str) or _REMOTE.match(value) or not _whole(value):
            remote(value, path, problems)
        elif not value.removeprefix("file://"):
            problems.append(_violation(value, path, "Member must not be empty"))
        elif len(value) > LOCAL_PATH_MAX:
            problems.append(
                _violation(value, path, f"Member must have length less than or equal to {LOCAL_PATH_MAX}")
            )

    return check


def _size(value: Any, path: str, problems: list[str], low: int, high: int | None) -> None:
    if high is not None and len(value) > high:
        text = f"Member must have length less than or equal to {high}"
        problems.append(f"Value with {len(value)} entries at '{path}' failed to satisfy constraint: {text}")
    if len(value) < low:
        text = f"Member must have length greater than or equal to {low}"
        problems.append(f"Value with {len(value)} entries at '{path}' failed to satisfy constraint: {text}")


def _violation(value: Any, path: str, constraint: str, hidden: bool = False) -> str:
    shown = "Value" if hidden else f"Value {_shown(value)}"
    return f"{shown} at '{path or 'request'}' failed to satisfy constraint: {constraint}"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    """A Java pattern as the model writes it, in Python's dialect. Values must match it from end to end."""
    for java, python in _JAVA_CLASSES.items():
        text = text.replace(java, python)
    return re.compile(text, 0 if r"\w" in text else re.ASCII)  # Java's \d is 0 to 9
