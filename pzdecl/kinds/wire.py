"""How values travel: the API takes numbers and booleans of its maps as text, tags as a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text(value: Any) -> str:
    """A scalar as the API's maps want it: `true`, `64`, `0.5`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """A map of scalars as the API wants it."""
    return {key: text(value) for key, value in values.items()}


def number_text(value: str | float) -> str:
    """A number as text, the same for `4`, `4.0` and `"4"`. Text that is no number stays as it is."""
    try:
        number = float(value)
    except ValueError:
        return str(value)
    return str(int(number)) if number.is_integer() else repr(number)


def with_tags(params: dict[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """Adds tags to a request, where there are any; keys in order, so that equal input gives equal requests."""
    if tags:
        params["tags"] = [{"tagKey": key, "tagValue": tags[key]} for key in sorted(tags)]
    return params


def given(**params: Any) -> dict[str, Any]:
    """The parameters that are not None."""
    return {key: value for key, value in params.items() if value is not None}
