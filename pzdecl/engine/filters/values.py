"""The values that a request gives to a filter's placeholders.

On the wire each is one text: `"Comedy","Drama"` for texts, in double quotes and joined by commas; `1995` or
`"1995"` for a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pzdecl.engine.filters.syntax import Expression
from pzdecl.engine.filters.tokens import BadSymbol, tokens
from pzdecl.errors import nearest

Bound = Mapping[str, tuple[str, ...]]
"""The values of each placeholder that has any, as text."""


class ValueProblem(ValueError):
    """The values of a request don't fit the filter."""


def bind(expression: Expression, given: Mapping[str, str]) -> Bound:
    """Reads a request's filterValues. Raises ValueProblem for what is unknown, missing or can't be read.

    A placeholder of an EXCLUDE expression may go without: what is compared with it then matches nothing.
    """
    known = expression.placeholders()
    for name in given:
        if name not in known:
            meant = nearest(name, known)
            hint = f" (did you mean {meant}?)" if meant else ""
            expected = f"expected {', '.join(f'${one}' for one in known)}{hint}" if known else "it has none"
            raise ValueProblem(f"The filter has no placeholder ${name}: {expected}")
    missing = [name for name in expression.required() if name not in given]
    if missing:
        names = ", ".join(f"${name}" for name in missing)
        raise ValueProblem(
            f"The filter's INCLUDE needs a value for {names}: give it in filterValues, such as "
            f'{{"{missing[0]}": "\\"value\\""}}'
        )
    return {name: _read(name, text) for name, text in given.items()}


def written(values: Iterable[str]) -> str:
    """Texts as filterValues has them."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return ",".join(f'"{value}"' for value in escaped)


def _read(name: str, text: str) -> tuple[str, ...]:
    try:
        found = tokens(text)
    except BadSymbol as error:
        raise _unreadable(name, error.place) from None
    values: list[str] = []
    for index, token in enumerate(found[:-1]):
        if index % 2:
            if token.kind != "symbol" or token.text != ",":
                raise _unreadable(name, token.place)
        elif token.kind in ("string", "number"):
            values.append(token.text)
        else:
            raise _unreadable(name, token.place)
    if len(found) % 2:  # nothing at all, or a comma at the end; the last token is the end
        raise _unreadable(name, found[-1].place)
    return tuple(values)


def _unreadable(name: str, place: int) -> ValueProblem:
    return ValueProblem(
        f"The value of ${name} can't be read at character {place + 1}: expected texts in double quotes, joined "
        'by commas ("a","b"), or a number'
    )
