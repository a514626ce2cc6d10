"""What differs between two JSON values, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from pzdecl.kinds.fields import flatten, join, split
from pzdecl.kinds.names import tail


class Difference(NamedTuple):
    """A dotted path (`schema.fields[2].type`) with the two values; None where there is none."""

    path: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> list[Difference]:
    """All that differs, sorted by path. Mappings are compared key by key, lists by deepdiff (loaded at
    need).
    """
    if before == after:
        return []
    return sorted(_mapping(before, after, prefix), key=lambda difference: difference.path)


def _mapping(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str) -> Iterator[Difference]:
    for key in before.keys() | after.keys():
        path = f"{prefix}.{key}" if prefix else str(key)
        yield from _value(before.get(key), after.get(key), path)


def _value(old: Any, new: Any, path: str) -> Iterator[Difference]:
    if old == new:
        return
    if marked(old) or marked(new):
        yield Difference(path, old, new)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mapping(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list(old, new, path)
    elif old is None and isinstance(new, Mapping):
        yield from (Difference(leaf, None, value) for leaf, value in flatten(new, path))
    elif new is None and isinstance(old, Mapping):
        yield from (Difference(leaf, value, None) for leaf, value in flatten(old, path))
    else:
        yield Difference(path, old, new)


def _list(old: list[Any], new: list[Any], path: str) -> Iterator[Difference]:
    from deepdiff import DeepDiff  # type: ignore[attr-defined, unused-ignore]
    from deepdiff.helper import NotPresent

    tree = DeepDiff(old, new, view="tree", ignore_numeric_type_changes=True)
    seen = set()
    for group in tree.values():
        for level in group:
            at = path + join(level.path(output_format="list"))
            left = None if isinstance(level.t1, NotPresent) else level.t1
            right = None if isinstance(level.t2, NotPresent) else level.t2
            if (at, repr(left), repr(right)) not in seen:
                seen.add((at, repr(left), repr(right)))
                yield Difference(at, left, right)


def marked(value: Any) -> bool:
    """Whether a value stands for another: an ARN that is not known yet, or a sensitive value."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in ("$arn", "$hash")


def ignored(path: str, patterns: Iterable[str]) -> str | None:
    """The shortest beginning of a path that one of the patterns (paths or globs) names; None if none does.

    Brackets in a pattern are those of list elements (`fields[0]`, `fields[*].type`), not sets of letters.
    """
    literal = [pattern.replace("[", "[[]") for pattern in patterns]
    if not literal:
        return None
    steps = split(path)
    for length in range(1, len(steps) + 1):
        beginning = join(steps[:length])
        if any(fnmatchcase(beginning, pattern) for pattern in literal):
            return beginning
    return None


def replaced(values: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of `values` in which the dotted path holds `value`; None takes it out (and what that leaves
    empty).
    """
    copy = dict(values)
    if path in copy:
        _put(copy, path, value)
        return copy
    first, *rest = split(path)
    if not rest:
        _put(copy, str(first), value)
        return copy
    inner = copy.get(str(first))
    if isinstance(rest[0], int):
        # Elements of a list have no names to be told apart by: the list is left to whoever compares it as a
        # whole.
        items = list(inner or [])
        if rest[0] < len(items):
            items[rest[0]] = value if len(rest) == 1 else replaced(items[rest[0]], join(rest[1:]), value)
        elif value is not None:
            items.append(value)
        _put(copy, str(first), [item for item in items if item is not None])
        return copy
    below = replaced(inner if isinstance(inner, Mapping) else {}, join(rest), value)
    _put(copy, str(first), below or None)
    return copy


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        values.pop(key, None)
    else:
        values[key] = value


def short(value: Any, limit: int = 40) -> str:
    """A value in a few characters: for reasons, in a line of text."""
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping) and "$hash" in value:
        return "(sensitive)"
    if isinstance(value, Mapping) and "$arn" in value:
        return f"the new {value['$arn']}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = tail(text) or text
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shown(value: Any) -> Any:
    """A value as a plan shows it: sensitive ones as `(sensitive)`."""
    if isinstance(value, str):
        # Nearly all are: asking whether one is a mapping takes as long as all the rest.
        return value
    if isinstance(value, Mapping):
        return "(sensitive)" if "$hash" in value else {key: shown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shown(inner) for inner in value]
    return value
