"""Plain values to pydantic models, and pydantic's errors to diagnostics in the words of a manifest."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pzdecl.errors import nearest
from pzdecl.kinds.fields import join
from pzdecl.manifests.nodes import Node, ScalarNode
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report, Spot
from pzdecl.manifests.scalars import describe

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]

_TYPES = {
    "string_type": "text",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than_equal": ("at least {ge}", "PZ3005"),
    "less_than_equal": ("at most {le}", "PZ3005"),
    "too_long": ("at most {max_length} entries", "PZ3005"),
    "too_short": ("at least {min_length} entries", "PZ3005"),
    "string_too_long": ("at most {max_length} characters", "PZ3006"),
    "string_too_short": ("at least {min_length} characters", "PZ3006"),
}
_PATTERNS = {
    r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*$": "letters, digits, - and _, beginning with a letter or digit",
    r"^rate\(\d+ days?\)$": "rate(N days)",
    r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$": "arn:aws:iam::ACCOUNT:role/NAME",
    r"^arn:([a-z\d-]+):iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$": "arn:aws:iam::ACCOUNT:role/NAME",
    r"^arn:aws.*:kms:.*:[0-9]{12}:key/.*$": "arn:aws:kms:REGION:ACCOUNT:key/ID",
    r"^s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/\S*)?$": "s3://BUCKET/PREFIX, the bucket's name of 3 to 63 "
    "small letters, digits, dots and hyphens",
    r"^[A-Za-z_][A-Za-z\d_]*$": "a column's name: letters, digits and _, not beginning with a digit",
    r"^https?://\S+$": "a URL, such as http://127.0.0.1:8080",
}


def without_nulls(value: Any) -> Any:
    """A mapping without the fields that are null: `field:` with nothing behind it is the same as no field."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


def validate(
    model: type[Model],
    value: Any,
    *,
    below: Path,
    positions: Positions,
    report: Report,
    address: object = None,
) -> Model | None:
    """The model of a value; None, with the reasons in the report, if it is not valid.

    `below` is where the value stands in its document (`("spec",)`).
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        _explain(errors, model, value, below=below, positions=positions, report=report, address=address)
        return None


def _explain(
    errors: Iterable[Any],
    model: type[BaseModel],
    value: Any,
    *,
    below: Path,
    positions: Positions,
    report: Report,
    address: object,
) -> None:
    """Reports pydantic's errors, one for each place: a union gives one error for each of its members."""
    grouped: dict[Path, list[Any]] = {}
    for found in errors:
        path = _real(found["loc"], value, found["type"])
        grouped.setdefault(path, []).append(found)
    for path, group in grouped.items():
        if _other_member(path, group, grouped):
            continue
        place = (*below, *path)
        first = group[0]
        kind = first["type"]
        if kind == "literal_error" and first["loc"][-1] == "[key]":
            _wrong_key(first, place, positions, report, address)
            continue
        at = positions.nearest(place, on_key=kind == "extra_forbidden")
        spot = Spot(at, address, join(place))
        if kind == "extra_forbidden":
            valid = sorted(fields_at(model, path[:-1]))
            name = str(path[-1])
            report.add(
                "PZ3001",
                f"there is no field {name}",
                spot,
                expected=_one_of(valid) if valid else "no fields here",
                suggestion=nearest(name, valid),
            )
        elif kind == "missing":
            report.add("PZ3002", f"{path[-1]} is missing", spot, expected=f"a value for {path[-1]}")
        else:
            _wrong_value(group, spot, positions.node(place), path, report, fields_at(model, path))


def _wrong_key(found: Any, place: Path, positions: Positions, report: Report, address: object) -> None:
    """Reports a key of a mapping that is none of those it may have."""
    name, valid = str(place[-1]), _literals(found["ctx"]["expected"])
    spot = Spot(positions.nearest(place, on_key=True), address, join(place))
    report.add(
        "PZ3001", f"there is no field {name}", spot, expected=_one_of(valid), suggestion=nearest(name, valid)
    )


def _other_member(path: Path, group: Sequence[Any], every: Iterable[Path]) -> bool:
    """Whether these errors are of a union's other members only: one fits better and says what is wrong."""
    inside = any(len(other) > len(path) and other[: len(path)] == path for other in every)
    return bool(path) and inside and isinstance(group[0]["input"], (list, dict))


def _wrong_value(
    group: Sequence[Any],
    spot: Spot,
    node: Node | None,
    path: Path,
    report: Report,
    inside: Sequence[str],
) -> None:
    """Reports a value that does not fit its field; `group` holds what pydantic has against it.

    `inside` are the fields that may stand in the field, where it is a mapping of some.
    """
    first = group[0]
    value, context = first["input"], first.get("ctx", {})
    name = path[-1] if path else spot.field
    if isinstance(name, int):
        name = f"{path[-2]}[{name}]" if len(path) > 1 else f"entry {name + 1}"
    literal = next((one for one in group if one["type"] == "literal_error"), None)
    if literal is not None and (isinstance(literal["input"], str) or len(group) == 1):
        allowed = [str(word) for word in _literals(literal["ctx"]["expected"])]
        more = [_TYPES[one["type"]] for one in group if one["type"] in _TYPES]
        wrong = literal["input"]
        report.add(
            "PZ3004",
            f"{name} cannot be {describe(wrong)}"
            if not isinstance(wrong, str)
            else f"{name} cannot be {wrong}",
            spot,
            expected=_one_of([*allowed, *more]),
            suggestion=nearest(wrong, allowed) if isinstance(wrong, str) else None,
        )
    elif first["type"] in _TYPES:
        expected = _one_of(list(dict.fromkeys(_TYPES.get(one["type"], "another value") for one in group)))
        if inside and expected == "a mapping":
            expected += f" with {', '.join(inside)}"
        hint = None
        if any(one["type"] == "string_type" for one in group) and isinstance(node, ScalarNode) and node.value:
            hint = f'write it in quotes: "{node.value}"'
        report.add("PZ3003", f"{name} is {describe(value)}", spot, expected=expected, hint=hint)
    elif first["type"] in _BOUNDS:
        words, code = _BOUNDS[first["type"]]
        has = _size(value) if "too_" in first["type"] else describe(value)
        report.add(code, f"{name} is {has}", spot, expected=words.format(**context))
    elif first["type"] == "string_pattern_mismatch":
        pattern = context["pattern"]
        expected = _PATTERNS.get(pattern, f"text that matches {pattern}")
        report.add("PZ3006", f"{name} cannot be {value!r}", spot, expected=expected)
    else:
        report.add("PZ3003", f"{name} is {describe(value)}", spot, expected=first["msg"])


PATTERN_SIGNS = "*?"
"""What makes a pattern of a path. Brackets are of list elements: `fields[0].type`, `fields[*].type`."""


def fields_at(model: Any, path: Iterable[str | int]) -> list[str]:
    """The names of the fields that may stand below a path of a model; empty where anything may."""
    found = list(_models(model))
    for step in path:
        if isinstance(step, int):
            continue
        below: list[Any] = []
        for one in found:
            if get_origin(one) is dict:
                below += _models(get_args(one)[1])
                continue
            for name, info in one.model_fields.items():
                if (info.alias or name) == step:
                    below += _models(info.annotation)
        found = below
    models = [one for one in found if get_origin(one) is not dict]
    return [info.alias or name for one in models for name, info in one.model_fields.items()]


def has_field(model: type[BaseModel], path: Sequence[str | int]) -> bool:
    """Whether a dotted path can lead to something in a model. A step that is a pattern (`*TPS`) takes in all
    that comes after it.
    """
    for index, step in enumerate(path):
        valid = fields_at(model, path[:index])
        if not valid:
            return index > 0
        if isinstance(step, str) and any(sign in step for sign in PATTERN_SIGNS):
            return any(fnmatchcase(name, step) for name in valid)
        if isinstance(step, str) and step not in valid:
            return False
    return True


def _models(annotation: Any) -> Iterator[Any]:
    """The models inside an annotation such as `list[Model] | None`, and mappings such as `dict[str, Model]`."""
    if get_origin(annotation) is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, list, Annotated):
        for inner in get_args(annotation):
            yield from _models(inner)


def _real(loc: Path, value: Any, kind: str) -> Path:
    """Pydantic's location without what it adds: names of union members, `[key]`."""
    path: list[str | int] = []
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        inner: Any = value
        if isinstance(value, dict) or (isinstance(value, list) and isinstance(step, int)):
            try:
                value = inner[step]
            except LookupError:
                if last and kind == "missing":
                    path.append(step)
            else:
                path.append(step)
    return tuple(path)


def _literals(expected: str) -> list[str]:
    """The words of pydantic's `'FULL' or 'INCREMENTAL'`."""
    return [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]


def _one_of(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _size(value: Any) -> str:
    if isinstance(value, str):
        return "empty" if not value else f"{len(value)} characters long"
    return f"{len(value)} entries long"
