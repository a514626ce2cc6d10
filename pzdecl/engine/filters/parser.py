"""Reads a filter expression: a recursive descent over its tokens. The grammar is in `syntax`."""

from __future__ import annotations

import functools
import math
import re
from typing import cast

from pzdecl.engine.filters.syntax import (
    CURRENT_ITEM,
    CURRENT_USER,
    DATASETS,
    TARGETS,
    Action,
    Anything,
    Clause,
    Condition,
    Expression,
    ExpressionError,
    Field,
    Number,
    Operand,
    Operator,
    Placeholder,
    Problem,
    Text,
)
from pzdecl.engine.filters.tokens import BadSymbol, Token, tokens
from pzdecl.errors import nearest

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
PLACEHOLDER_MAX = 50
"""Characters of a placeholder's name: what a request can name."""
_WRITTEN = ("Items", "Interactions", "Users", "Actions", "Action_Interactions")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)


@functools.lru_cache(maxsize=512)
def parse(text: str) -> Expression:
    """The expression. Raises ExpressionError, which says where it is wrong and what was expected there."""
    try:
        found = tokens(text)
    except BadSymbol as error:
        expected = "a closing quote" if error.symbol in "\"'" else "an expression such as " + EXAMPLE
        raise ExpressionError(
            Problem(f"{error.symbol!r}", error.place, error.place + 1, expected, syntax=True)
        ) from error
    return _Parser(text, found).expression()


EXAMPLE = 'EXCLUDE ItemID WHERE Items.GENRES IN ("Horror")'


class _Parser:
    def __init__(self, text: str, found: list[Token]) -> None:
        self.text = text
        self.tokens = found
        self.at = 0

    def expression(self) -> Expression:
        clauses = [self._clause()]
        while self._symbol("|"):
            clauses.append(self._clause())
        self._end(clauses[-1])
        return Expression(self.text, tuple(clauses))

    def _end(self, last: Clause) -> None:
        token = self._peek()
        if token.kind == "end":
            return
        if self._is_word(token, "OR") and last.tests:
            raise self._wrong(token, "AND: conditions after IF are joined by AND alone")
        if self._is_word(token, "IF"):
            raise self._wrong(token, "the end, or | and another expression: each has one IF, at its end")
        if self._is_word(token, "INCLUDE", "EXCLUDE"):
            raise self._wrong(token, "| before another INCLUDE or EXCLUDE")
        joints = "AND, | or the end" if last.tests else "AND, OR, IF, | or the end"
        raise self._wrong(token, joints, ("AND",) if last.tests else ("AND", "OR", "IF"))

    def _clause(self) -> Clause:
        first = self._word("INCLUDE or EXCLUDE", "INCLUDE", "EXCLUDE")
        target = self._peek()
        known = {one.casefold(): one for one in TARGETS}
        if target.kind != "name" or target.text.casefold() not in known:
            raise self._wrong(target, "ItemID, UserID or ActionID", TARGETS)
        self.at += 1
        self._word("WHERE", "WHERE")
        groups: list[list[Condition]] = [[self._condition(test=False)]]
        while True:
            if self._take_word("AND"):
                groups[-1].append(self._condition(test=False))
            elif self._take_word("OR"):
                groups.append([self._condition(test=False)])
            else:
                break
        tests: list[Condition] = []
        if self._take_word("IF"):
            tests.append(self._condition(test=True))
            while self._take_word("AND"):
                tests.append(self._condition(test=True))
        return Clause(
            cast(Action, first.text.upper()),
            known[target.text.casefold()],
            tuple(map(tuple, groups)),
            tuple(tests),
            first.place,
            target.place,
        )

    def _condition(self, *, test: bool) -> Condition:
        token = self._peek()
        if token.text == "(" and token.kind == "symbol":
            raise self._wrong(
                token, "a field: conditions have no parentheses, chain expressions with | instead"
            )
        if self._is_word(token, "NOT"):
            raise self._wrong(token, "a field: NOT stands only before IN")
        field = self._field(test=test)
        operator = self._operator()
        if operator in ("IN", "NOT IN"):
            return Condition(field, operator, self._list(test=test))
        wrapped = self._symbol("(")
        operand = self._operand(test=test, among="a value: a number, text in quotes or a $placeholder")
        if wrapped and not self._symbol(")"):
            raise self._wrong(self._peek(), f") after the one value that {operator} takes")
        return Condition(field, operator, (operand,))

    def _operator(self) -> Operator:
        token = self._peek()
        if token.kind == "symbol" and token.text in COMPARISONS:
            self.at += 1
            return cast(Operator, token.text)
        if self._take_word("NOT"):
            self._word("IN after NOT", "IN")
            return "NOT IN"
        if self._take_word("IN"):
            return "IN"
        raise self._wrong(token, f"IN, NOT IN or one of {' '.join(COMPARISONS)}", ("IN", "NOT"))

    def _list(self, *, test: bool) -> tuple[Operand, ...]:
        token = self._peek()
        if self._is_word(token, "CurrentItem"):
            return (self._operand(test=test, among="CurrentItem.FIELD"),)
        if not self._symbol("("):
            raise self._wrong(token, "( and a list of values, or CurrentItem.FIELD")
        among = "a value: text in quotes, a number or a $placeholder"
        found = [self._operand(test=test, among=among)]
        while self._symbol(","):
            found.append(self._operand(test=test, among=among))
        if not self._symbol(")"):
            raise self._wrong(self._peek(), "a comma and another value, or )")
        return tuple(found)

    def _operand(self, *, test: bool, among: str) -> Operand:
        token = self._peek()
        if token.kind == "string":
            self.at += 1
            whole = Anything(token.place, token.end) if token.text == "*" else None
            return whole or Text(token.text, token.place, token.end)
        if token.kind == "number":
            try:
                value = number(token.text)
            except ValueError:
                raise self._wrong(token, "a number that is not too large") from None
            self.at += 1
            return Number(value, token.place, token.end)
        if token.kind == "placeholder":
            if len(token.text) > PLACEHOLDER_MAX:
                raise self._wrong(token, f"a placeholder of at most {PLACEHOLDER_MAX} characters")
            self.at += 1
            return Placeholder(token.text, token.place, token.end)
        if token.kind == "symbol" and token.text == "*":
            self.at += 1
            return Anything(token.place, token.end)
        if self._is_word(token, "CurrentItem") and not test:
            return self._dotted(CURRENT_ITEM)
        if token.kind == "name":
            raise self._wrong(token, f"{among}; text stands in quotes")
        raise self._wrong(token, among)

    def _field(self, *, test: bool) -> Field:
        token = self._peek()
        written = token.text.casefold() if token.kind == "name" else ""
        if test:
            if written != "currentuser":
                raise self._wrong(
                    token, "CurrentUser.FIELD: after IF only the user is looked at", ("CurrentUser",)
                )
            return self._dotted(CURRENT_USER)
        if written in ("currentuser", "currentitem"):
            where = "after IF" if written == "currentuser" else "on the right of an operator"
            raise self._wrong(token, f"{', '.join(_WRITTEN)}: {token.text} stands {where} only")
        if written not in DATASETS:
            raise self._wrong(token, f"a field such as Items.GENRES: {', '.join(_WRITTEN)}", _WRITTEN)
        return self._dotted(DATASETS[written])

    def _dotted(self, dataset: str) -> Field:
        first = self.tokens[self.at]
        self.at += 1
        if not self._symbol("."):
            raise self._wrong(self._peek(), f". and a field of {first.text}")
        name = self._peek()
        if name.kind != "name":
            raise self._wrong(name, f"a field of {first.text}")
        self.at += 1
        return Field(dataset, name.text, first.place, name.end)

    def _peek(self) -> Token:
        return self.tokens[self.at]

    def _is_word(self, token: Token, *words: str) -> bool:
        return token.kind == "name" and token.text.casefold() in {word.casefold() for word in words}

    def _take_word(self, word: str) -> bool:
        if self._is_word(self._peek(), word):
            self.at += 1
            return True
        return False

    def _word(self, expected: str, *words: str) -> Token:
        token = self._peek()
        if not self._is_word(token, *words):
            raise self._wrong(token, expected, words)
        self.at += 1
        return token

    def _symbol(self, text: str) -> bool:
        token = self._peek()
        if token.kind == "symbol" and token.text == text:
            self.at += 1
            return True
        return False

    def _wrong(self, token: Token, expected: str, near: tuple[str, ...] = ()) -> ExpressionError:
        found = "the end" if token.kind == "end" else self.text[token.place : token.end]
        suggestion = nearest(token.text, near) if token.kind == "name" and near else None
        if suggestion and suggestion.casefold() == token.text.casefold():
            suggestion = None
        shown = found if token.kind == "end" else repr(found)
        return ExpressionError(
            Problem(shown, token.place, max(token.end, token.place + 1), expected, suggestion, syntax=True)
        )


def number(text: str) -> int | float:
    """A number as it is written: whole ones stay exact. Raises ValueError, also for what no float can hold."""
    if not _NUMBER.fullmatch(text.strip()):  # Python would also read 1_000, and the digits of other scripts
        raise ValueError(f"{text} is no number")
    try:
        whole = int(text)
    except ValueError:
        found = float(text)
        if not math.isfinite(found):
            raise ValueError(f"{text} is no finite number") from None
        return found
    try:
        float(whole)
    except OverflowError:
        raise ValueError(f"{text} is too large a number") from None
    return whole
