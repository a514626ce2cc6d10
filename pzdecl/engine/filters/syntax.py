"""What a filter expression says, as data.

    filter     := clause { "|" clause }
    clause     := ( "INCLUDE" | "EXCLUDE" ) target "WHERE" condition { ( "AND" | "OR" ) condition }
                  [ "IF" condition { "AND" condition } ]
    target     := "ItemID" | "UserID" | "ActionID"
    condition  := dataset "." field [ "NOT" ] "IN" ( list | "CurrentItem." field )
                | dataset "." field comparison ( operand | "(" operand ")" )
    list       := "(" operand { "," operand } ")"
    operand    := text in quotes | number | "$" name | "*" | "CurrentItem." field
    dataset    := "Items" | "Interactions" | "Users" | "Actions" | "Action_Interactions"; in IF "CurrentUser"
    comparison := "=" | "!=" | "<" | "<=" | ">" | ">="

AND binds tighter than OR. Keywords, targets, datasets and fields are read in any case. Clauses are joined so:
what any INCLUDE matches (everything, where there is none), without what any EXCLUDE matches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

Action = Literal["INCLUDE", "EXCLUDE"]
Target = Literal["ItemID", "UserID", "ActionID"]
Operator = Literal["IN", "NOT IN", "=", "!=", "<", "<=", ">", ">="]

TARGETS: tuple[Target, ...] = ("ItemID", "UserID", "ActionID")
DATASETS = {
    "interactions": "INTERACTIONS",
    "items": "ITEMS",
    "users": "USERS",
    "actions": "ACTIONS",
    "action_interactions": "ACTION_INTERACTIONS",
}
"""Datasets of conditions, by what is written in lower case."""
WORDS = {
    "INTERACTIONS": "Interactions",
    "ITEMS": "Items",
    "USERS": "Users",
    "ACTIONS": "Actions",
    "ACTION_INTERACTIONS": "Action_Interactions",
    "CURRENT_USER": "CurrentUser",
    "CURRENT_ITEM": "CurrentItem",
}
"""How datasets are written."""
CURRENT_USER, CURRENT_ITEM = "CURRENT_USER", "CURRENT_ITEM"
EVENTS = ("INTERACTIONS", "ACTION_INTERACTIONS")
"""Datasets of which only the type of event can be tested."""


class Field(NamedTuple):
    """`Items.GENRES`: a column of a dataset ("ITEMS", or one of CURRENT_USER and CURRENT_ITEM), as written."""

    dataset: str
    name: str
    place: int
    end: int

    def __str__(self) -> str:
        return f"{WORDS[self.dataset]}.{self.name}"


class Placeholder(NamedTuple):
    """`$NAME`: its values come with each request."""

    name: str
    place: int
    end: int


class Text(NamedTuple):
    """Text in quotes."""

    value: str
    place: int
    end: int


class Number(NamedTuple):
    """A number: an int where it is whole, so that long ones stay exact."""

    value: int | float
    place: int
    end: int


class Anything(NamedTuple):
    """`*` or `"*"`: any type of event."""

    place: int
    end: int


Operand = Text | Number | Placeholder | Anything | Field


class Condition(NamedTuple):
    """`field operator operands`; comparisons have one operand."""

    field: Field
    operator: Operator
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """One INCLUDE or EXCLUDE: what fits all conditions of any group of `any_of`, for users who fit `tests`."""

    action: Action
    target: Target
    any_of: tuple[tuple[Condition, ...], ...]
    tests: tuple[Condition, ...]
    place: int
    target_place: int

    def conditions(self) -> Iterator[Condition]:
        """What is asked of items (or users, or actions)."""
        for group in self.any_of:
            yield from group


@dataclass(frozen=True, slots=True)
class Expression:
    """A whole filter expression."""

    text: str
    clauses: tuple[Clause, ...]

    @property
    def target(self) -> Target:
        """What is filtered."""
        return self.clauses[0].target

    def conditions(self) -> Iterator[Condition]:
        """All conditions, those after IF too."""
        for clause in self.clauses:
            yield from clause.conditions()
            yield from clause.tests

    def placeholders(self) -> dict[str, Placeholder]:
        """By name, the first of each."""
        found: dict[str, Placeholder] = {}
        for condition in self.conditions():
            for operand in condition.operands:
                if isinstance(operand, Placeholder):
                    found.setdefault(operand.name, operand)
        return found

    def required(self) -> list[str]:
        """The placeholders of INCLUDE clauses: without their values nothing can be said."""
        names = [
            operand.name
            for clause in self.clauses
            if clause.action == "INCLUDE"
            for condition in (*clause.conditions(), *clause.tests)
            for operand in condition.operands
            if isinstance(operand, Placeholder)
        ]
        return list(dict.fromkeys(names))

    def fields(self) -> list[Field]:
        """Every field, in the order in which they stand."""
        found = []
        for condition in self.conditions():
            found += [condition.field, *(one for one in condition.operands if isinstance(one, Field))]
        return found

    def uses(self, *datasets: str) -> bool:
        """Whether a field of one of these datasets stands in it."""
        return any(field.dataset in datasets for field in self.fields())


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an expression: one line, where (characters from 0), and what would have been right.

    `syntax` says that it is no expression at all.
    """

    message: str
    place: int
    end: int
    expected: str | None = None
    suggestion: str | None = None
    syntax: bool = False

    def __str__(self) -> str:
        expected = f": expected {self.expected}" if self.expected else ""
        meant = f" (did you mean {self.suggestion}?)" if self.suggestion else ""
        return f"{self.message} at character {self.place + 1}{expected}{meant}"


class ExpressionError(ValueError):
    """The text is no filter expression."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
