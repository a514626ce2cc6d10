"""Specs: what a manifest may hold, declared once and read quickly.

A spec is declared as a pydantic model is, with the same words (`Field`, `StringConstraints`, `Annotated`), and
pydantic has the last word: `pzdecl.kinds.models` makes the pydantic model of a spec, which says what is wrong
with a value, and of which JSON Schemas are made. But importing pydantic and making its models takes longer than
all the rest of a short command. So a value is read here first. What is certainly right becomes a spec; anything
else, and whatever this module does not know for sure, is left to pydantic. See docs/decisions/specs.md.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Annotated, Any, Literal, NamedTuple, Self, Union, get_args, get_origin, get_type_hints

REQUIRED: Any = ...
"""In place of a default: the field has none."""

Reader = Callable[[Any], Any]
"""Gives the value that a spec holds. Raises Unsure."""


class Unsure(Exception):
    """A value that pydantic has to judge."""


class FieldInfo:
    """What is said of a field beside its type. `bounds` are pydantic's, by name."""

    __slots__ = ("about", "alias", "bounds", "default")

    def __init__(
        self, default: Any, alias: str | None, about: Mapping[str, Any], bounds: Mapping[str, Any]
    ) -> None:
        self.default = default
        self.alias = alias
        self.about = about
        self.bounds = bounds


def Field(
    default: Any = REQUIRED,
    *,
    alias: str | None = None,
    description: str | None = None,
    examples: list[Any] | None = None,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
) -> Any:
    """A field's default, and what is said of it; also inside `Annotated`."""
    about = _given(description=description, examples=examples)
    bounds = _given(ge=ge, gt=gt, le=le, min_length=min_length, max_length=max_length, pattern=pattern)
    return FieldInfo(default, alias, about, bounds)


class StringConstraints:
    """Bounds of text, inside `Annotated`."""

    __slots__ = ("bounds",)

    def __init__(
        self, *, min_length: int | None = None, max_length: int | None = None, pattern: str | None = None
    ) -> None:
        self.bounds = _given(min_length=min_length, max_length=max_length, pattern=pattern)


class BeforeValidator:
    """A function that a value goes through before it is judged, inside `Annotated`."""

    __slots__ = ("function",)

    def __init__(self, function: Reader) -> None:
        self.function = function


class Row(NamedTuple):
    """One field of a spec; `alias` is its name in manifests."""

    name: str
    alias: str
    annotation: Any
    info: FieldInfo

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.info.default is REQUIRED


class Spec:
    """Base of what stands in `spec:`, and of what is nested in it; aliases are the manifest's names.

    Strict: a text is never read as a number, or the other way round, and no field may be there undeclared.
    Immutable. `Spec(**values)` takes values by alias. Raises pydantic's ValidationError, a ValueError.
    """

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(self.model_validate(values).__dict__)

    @classmethod
    def fields(cls) -> Mapping[str, Row]:
        """The fields by name, in the order in which they are declared."""
        return _fields(cls)

    @classmethod
    def model_validate(cls, value: Any) -> Self:
        """The spec that plain values make. Raises pydantic's ValidationError, a ValueError."""
        try:
            return cls.read(value)
        except Unsure:
            from pzdecl.kinds.models import judge

            return judge(cls, value)

    @classmethod
    def read(cls, value: Any) -> Self:
        """The spec that plain values certainly make. Raises Unsure where pydantic has to say."""
        if type(value) is not dict:
            raise Unsure
        readers, defaults, lists = _table(cls)
        found = defaults.copy()
        for key, inner in value.items():
            if key not in readers:
                raise Unsure
            name, read = readers[key]
            found[name] = read(inner)
        for name, default in found.items():
            if default is REQUIRED:
                raise Unsure
            if name in lists and default is defaults[name]:
                found[name] = default.copy()
        return cls.of(found)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """A spec of values, by field, that were judged already."""
        made = object.__new__(cls)
        made.__dict__.update(values)
        return made

    def model_dump(
        self, *, by_alias: bool = False, exclude_defaults: bool = False, exclude_none: bool = False
    ) -> dict[str, Any]:
        """The spec as plain values."""
        plain: dict[str, Any] = {}
        values = self.__dict__
        for name, alias, _, info in _fields(type(self)).values():
            value = values[name]
            if (exclude_defaults and value == info.default) or (exclude_none and value is None):
                continue
            plain[alias if by_alias else name] = _plain(value, by_alias, exclude_defaults, exclude_none)
        return plain

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment]  # values may be lists and mappings

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"


def _plain(value: Any, *how: bool) -> Any:
    if isinstance(value, Spec):
        by_alias, defaults, none = how
        return value.model_dump(by_alias=by_alias, exclude_defaults=defaults, exclude_none=none)
    if isinstance(value, list):
        return [_plain(inner, *how) for inner in value]
    if isinstance(value, dict):
        return {key: _plain(inner, *how) for key, inner in value.items()}
    return value


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


class _Table(NamedTuple):
    """How a spec is read: field and reader by alias, defaults by field, the fields with defaults to copy."""

    readers: Mapping[str, tuple[str, Reader]]
    defaults: dict[str, Any]
    lists: frozenset[str]


_FIELDS: dict[type[Spec], Mapping[str, Row]] = {}
_TABLES: dict[type[Spec], _Table] = {}
"""What was made of the declarations of the specs that were needed so far."""


def _fields(spec: type[Spec]) -> Mapping[str, Row]:
    if spec in _FIELDS:
        return _FIELDS[spec]
    rows = {}
    for name, annotation in get_type_hints(spec, include_extras=True).items():
        declared = getattr(spec, name, REQUIRED)
        info = declared if isinstance(declared, FieldInfo) else FieldInfo(declared, None, {}, {})
        assert name not in vars(Spec), f"{spec.__name__}.{name} would hide what every spec has"
        rows[name] = Row(name, info.alias or _camel(name), annotation, info)
    _FIELDS[spec] = rows
    return rows


def _table(spec: type[Spec]) -> _Table:
    if spec in _TABLES:
        return _TABLES[spec]
    rows = _fields(spec).values()
    readers = {row.alias: (row.name, _bounded(_reader(row.annotation), row.info.bounds)) for row in rows}
    defaults = {row.name: row.info.default for row in rows}
    lists = frozenset(name for name, default in defaults.items() if isinstance(default, list | dict))
    _TABLES[spec] = _Table(readers, defaults, lists)
    return _TABLES[spec]


def _unsure(value: Any) -> Any:  # noqa: ARG001
    raise Unsure


def _text(value: Any) -> str:
    if type(value) is not str or not (value.isascii() or _encodable(value)):
        raise Unsure
    return value


def _encodable(text: str) -> bool:
    """Whether a text has no halves of surrogate pairs, which escapes can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(value: Any) -> float:
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise Unsure from None
    if type(value) is not float or not isfinite(value):
        raise Unsure
    return value


def _exactly(wanted: type) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not wanted:
            raise Unsure
        return value

    return read


def _anything(value: Any) -> Any:
    return value


_SCALARS: dict[Any, Reader] = {
    str: _text,
    int: _exactly(int),
    float: _number,
    bool: _exactly(bool),
    types.NoneType: _exactly(types.NoneType),
    Any: _anything,
}


def _reader(annotation: Any) -> Reader:
    """How a value of this type is read; of a type that is not known here, none is."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        read = _reader(arguments[0])
        for mark in arguments[1:]:
            read = _marked(read, mark)
        return read
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is Literal:
        return _literal(arguments)
    if origin in (list, dict):
        return _ENTRIES[origin](*map(_reader, arguments))
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation.read
    return _SCALARS.get(annotation, _unsure)


def _literal(words: Iterable[Any]) -> Reader:
    allowed = frozenset(word for word in words if isinstance(word, str))

    def read(value: Any) -> Any:
        if type(value) is not str or value not in allowed:
            raise Unsure
        return value

    return read


def _list(read: Reader) -> Reader:
    def read_all(value: Any) -> Any:
        if type(value) is not list:
            raise Unsure
        return [read(inner) for inner in value]

    return read_all


def _dict(read_key: Reader, read: Reader) -> Reader:
    def read_all(value: Any) -> Any:
        if type(value) is not dict:
            raise Unsure
        return {read_key(key): read(inner) for key, inner in value.items()}

    return read_all


_ENTRIES: dict[Any, Callable[..., Reader]] = {list: _list, dict: _dict}


def _union(members: Iterable[Any]) -> Reader:
    """By the value's type: the one member that takes it. Where several would, pydantic chooses."""
    takers: dict[type, list[Any]] = {}
    for member in members:
        for kind in _taken(member):
            takers.setdefault(kind, []).append(member)
    if len(takers.get(int, ())) > 1:  # a float would take it, too
        takers[int] = [member for member in takers[int] if float not in _taken(member)]
    readers = {kind: _reader(found[0]) if len(found) == 1 else _unsure for kind, found in takers.items()}

    def read(value: Any) -> Any:
        return readers.get(type(value), _unsure)(value)

    return read


_TYPES: dict[Any, tuple[type, ...]] = {float: (float, int), Any: (str, int, float, bool, list, dict)}
_TYPES |= {kind: (kind,) for kind in (str, int, bool, types.NoneType)}


def _taken(annotation: Any) -> tuple[type, ...]:
    """The types of the values that may be of this type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        before = any(isinstance(mark, BeforeValidator) for mark in arguments[1:])
        return _TYPES[Any] if before else _taken(arguments[0])
    if origin in (Union, types.UnionType):
        return tuple(kind for member in arguments for kind in _taken(member))
    if origin is Literal:
        return (str,)
    if origin in (list, dict):
        return (origin,)
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return (dict,)
    return _TYPES.get(annotation, _TYPES[Any])


def _marked(read: Reader, mark: Any) -> Reader:
    if isinstance(mark, BeforeValidator):
        return lambda value: read(mark.function(value))
    return _bounded(read, mark.bounds) if isinstance(mark, StringConstraints | FieldInfo) else _unsure


def _bounded(read: Reader, bounds: Mapping[str, Any]) -> Reader:
    """What `read` gives, if it is within all bounds. They are none of null."""
    checks = [_CHECKS[name](bound) for name, bound in bounds.items()]
    if not checks:
        return read

    def read_bounded(value: Any) -> Any:
        value = read(value)
        if value is not None and not all(check(value) for check in checks):
            raise Unsure
        return value

    return read_bounded


def _number_check(fits: Callable[[Any, Any], bool]) -> Callable[[Any], Callable[[Any], bool]]:
    return lambda bound: lambda value: type(value) in (int, float) and fits(value, bound)


def _length_check(fits: Callable[[int, int], bool]) -> Callable[[Any], Callable[[Any], bool]]:
    return lambda bound: lambda value: type(value) in (str, list, dict) and fits(len(value), bound)


def _pattern_check(pattern: str) -> Callable[[Any], bool]:
    """Pydantic's patterns are those of another language: printable ASCII means the same in both."""

    def check(value: Any) -> bool:
        plain = type(value) is str and value.isascii() and value.isprintable()
        return plain and re.search(pattern, value) is not None

    return check


_CHECKS: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "ge": _number_check(lambda value, bound: bool(value >= bound)),
    "gt": _number_check(lambda value, bound: bool(value > bound)),
    "le": _number_check(lambda value, bound: bool(value <= bound)),
    "min_length": _length_check(lambda length, bound: length >= bound),
    "max_length": _length_check(lambda length, bound: length <= bound),
    "pattern": _pattern_check,
}
