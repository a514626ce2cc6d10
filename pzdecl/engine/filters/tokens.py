"""The words of expressions: names, numbers, quoted text, placeholders and symbols, each with its place."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal["name", "number", "string", "placeholder", "symbol", "end"]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<name>[A-Za-z_]\w*)
      | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
      | "(?P<double>(?:[^"\\]|\\.)*)"
      | '(?P<single>(?:[^'\\]|\\.)*)'
      | \$(?P<placeholder>[A-Za-z0-9_]+)
      | (?P<symbol><=|>=|!=|[.=<>(),|*])
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)


class Token(NamedTuple):
    """`text` is without quotes, escapes or the dollar sign; `place` and `end` count characters from 0."""

    kind: Kind
    text: str
    place: int
    end: int


class BadSymbol(ValueError):
    """A character that belongs to nothing stands at `place`."""

    def __init__(self, symbol: str, place: int) -> None:
        super().__init__(f"{symbol!r} at character {place + 1} belongs to nothing")
        self.symbol = symbol
        self.place = place


def tokens(text: str) -> list[Token]:
    """All tokens of a text; the last one's kind is "end". Raises BadSymbol.

    In quotes a backslash takes the next character as it is.
    """
    found: list[Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise BadSymbol(text[start], start)
        group = str(match.lastgroup)
        word = match[group]
        start = match.start(group)
        if group in ("double", "single"):
            found.append(Token("string", re.sub(r"(?s)\\(.)", r"\1", word), start - 1, match.end()))
        elif group == "placeholder":
            found.append(Token("placeholder", word, start - 1, match.end()))
        else:
            kind: Kind = "name" if group == "name" else "number" if group == "number" else "symbol"
            found.append(Token(kind, word, start, match.end()))
        place = match.end()
    return [*found, Token("end", "", end, end)]
