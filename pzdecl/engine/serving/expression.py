"""Attribute expressions: `ITEMS.GENRES = "Comedy" AND ITEMS.YEAR = 1995`.

    expression := condition { "AND" condition }
    condition  := dataset "." column "=" value
    value      := "\"" text "\"" | "'" text "'" | number

Keywords and datasets are read in any case; values are exact. The words are those of filter expressions, which
know far more: `pzdecl.engine.filters`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pzdecl.engine.filters.tokens import BadSymbol, Token, tokens


class ExpressionError(ValueError):
    """The text is no expression, or asks for what there is not."""


class Condition(NamedTuple):
    """`dataset.column = value`; `dataset` in upper case. A number is a float, all else text."""

    dataset: str
    column: str
    value: str | float


def parse(text: str) -> list[Condition]:
    """The conditions that must all hold. Raises ExpressionError, which says where and what was expected."""
    return _Parser(text).expression()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0

    def expression(self) -> list[Condition]:
        conditions = [self._condition()]
        while self._peek().kind != "end":
            joined = self._take("name", "AND")
            if joined.text.upper() != "AND":
                raise self._wrong(joined, "AND")
            conditions.append(self._condition())
        return conditions

    def _condition(self) -> Condition:
        dataset = self._take("name", "a condition such as ITEMS.GENRES").text.upper()
        self._take("symbol", "a dot and a column", ".")
        column = self._take("name", "a column").text
        self._take("symbol", "=", "=")
        value = self._peek()
        if value.kind not in ("string", "number"):
            raise self._wrong(value, 'a value: a number, or text in quotes such as "Comedy"')
        self.at += 1
        return Condition(dataset, column, float(value.text) if value.kind == "number" else value.text)

    def _peek(self) -> Token:
        return self.tokens[self.at]

    def _take(self, kind: str, expected: str, text: str | None = None) -> Token:
        token = self._peek()
        if token.kind != kind or (text is not None and token.text != text):
            raise self._wrong(token, expected)
        self.at += 1
        return token

    def _wrong(self, token: Token, expected: str) -> ExpressionError:
        found = "the end" if token.kind == "end" else repr(token.text)
        return ExpressionError(
            f"{self.text!r} is no attribute expression: at character {token.place + 1} there is {found}, "
            f"expected {expected}"
        )


def _tokens(text: str) -> Sequence[Token]:
    """The words of filter expressions, of which only some are known here."""
    try:
        found = tokens(text)
        foreign = next((one for one in found if one.kind == "symbol" and one.text not in (".", "=")), None)
        if foreign is not None:
            raise BadSymbol(foreign.text, foreign.place)
    except BadSymbol as error:
        raise ExpressionError(
            f"{text!r} is no attribute expression: character {error.place + 1}, {error.symbol!r}, "
            'belongs to nothing; expected conditions such as ITEMS.GENRES = "Comedy", joined by AND'
        ) from None
    return found
