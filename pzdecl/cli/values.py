"""Values of options: what needs no reading is taken as it is.

typer has pydantic read every value, defaults too, and importing pydantic takes longer than a short command.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import MethodType
from typing import Any, Literal, get_args, get_origin

_UNREAD = object()
"""In place of a value that typer has to read."""
_PLAIN_PATH = {"exists": False, "file_okay": True, "dir_okay": True, "writable": False, "resolve_path": False}


def quick(command: Any) -> Any:
    """A command of typer's, whose parameters from now on take plain values as they are."""
    listed = command.get_params

    def get_params(ctx: Any) -> list[Any]:
        found: list[Any] = listed(ctx)
        for parameter in found:
            if isinstance(parameter.process_value, MethodType):  # one that several commands have is done once
                parameter.process_value = _quick(parameter)
        return found

    command.get_params = get_params
    return command


def _quick(parameter: Any) -> Callable[[Any, Any], Any]:
    read = parameter.process_value

    def process_value(ctx: Any, value: Any) -> Any:
        taken = _taken(parameter, value)
        if taken is _UNREAD or (parameter.required and parameter.value_is_missing(taken)):
            return read(ctx, value)
        return parameter.callback(ctx, parameter, taken) if parameter.callback is not None else taken

    return process_value


def _taken(parameter: Any, value: Any) -> Any:
    """What typer would make of a value, where that is plain."""
    several = parameter.multiple or parameter.nargs == -1
    if value is None:
        return () if several else None
    descriptor = getattr(parameter, "type_descriptor", None)
    if descriptor is None or descriptor.parameter_info.parser is not None:
        return _UNREAD
    if not several:
        # A default is of our own making, of the right type.
        return value if value is parameter.default else _one(descriptor, descriptor.annotation, value)
    if get_origin(descriptor.annotation) is not list or not isinstance(value, list | tuple):
        return _UNREAD
    (kind,) = get_args(descriptor.annotation)
    found = [_one(descriptor, kind, inner) for inner in value]
    return _UNREAD if _UNREAD in found else found


def _one(descriptor: Any, kind: Any, value: Any) -> Any:
    if type(value) is not str:
        return _UNREAD
    if kind is str or (get_origin(kind) is Literal and value in get_args(kind)):
        return value
    if kind is Path:
        info = descriptor.parameter_info
        plain = info.path_type is None and all(getattr(info, key) is way for key, way in _PLAIN_PATH.items())
        if plain and (not os.path.exists(value) or os.access(value, os.R_OK)):
            return Path(value)
    return _UNREAD
