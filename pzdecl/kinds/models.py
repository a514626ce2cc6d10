"""Specs as pydantic models: what pydantic says of a value that a spec is not sure of, and JSON Schemas."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import pydantic
from pydantic import BaseModel, ConfigDict, create_model

from pzdecl.kinds.spec import BeforeValidator, FieldInfo, Spec, StringConstraints

Made = TypeVar("Made", bound=Spec)


class Model(BaseModel):
    """Base of the models: what is true of every spec."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)


_MODELS: dict[type[Spec], type[BaseModel]] = {}
_SPECS: dict[type[BaseModel], type[Spec]] = {}
"""The models that were made, and the spec of each."""


def model_of(spec: type[Spec]) -> type[BaseModel]:
    """The pydantic model of a spec."""
    if spec in _MODELS:
        return _MODELS[spec]
    fields: dict[str, Any] = {}
    for name, row in spec.fields().items():
        info = row.info
        default = _as_model(info.default)
        field = pydantic.Field(default, alias=row.alias, **info.about, **info.bounds)
        fields[name] = (_translated(row.annotation), field)
    made = create_model(
        spec.__name__, __base__=Model, __doc__=spec.__doc__, __module__=spec.__module__, **fields
    )
    _MODELS[spec], _SPECS[made] = made, spec
    return made


def judge(spec: type[Made], value: Any) -> Made:
    """The spec that a value makes, by pydantic's rules. Raises its ValidationError, which is a ValueError."""
    if isinstance(value, spec):
        return value
    found: Any = _as_spec(model_of(spec).model_validate(value))
    assert isinstance(found, spec)
    return found


def _as_spec(value: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return _SPECS[type(value)].of({name: _as_spec(getattr(value, name)) for name in fields})
    if isinstance(value, list):
        return [_as_spec(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _as_spec(inner) for key, inner in value.items()}
    return value


def _as_model(default: Any) -> Any:
    if not isinstance(default, Spec):
        return default
    return model_of(type(default)).model_validate(default.model_dump(by_alias=True, exclude_defaults=True))


def _translated(annotation: Any) -> Any:
    """A type with models in place of specs, and pydantic's marks in place of those of specs."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(_translated(arguments[0]), *map(_mark, arguments[1:]))]
    if origin in (Union, types.UnionType):
        return Union[tuple(map(_translated, arguments))]  # noqa: UP007
    if origin in (list, dict):
        return origin[tuple(map(_translated, arguments))]
    if origin is not Literal and isinstance(annotation, type) and issubclass(annotation, Spec):
        return model_of(annotation)
    return annotation


def _mark(mark: Any) -> Any:
    match mark:
        case StringConstraints():
            return pydantic.StringConstraints(**mark.bounds)
        case BeforeValidator():
            return pydantic.BeforeValidator(mark.function)
        case FieldInfo():
            return pydantic.Field(**mark.about, **mark.bounds)
    return mark
