"""Whether an expression fits the datasets of its group: fields, their types, and what may stand together."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence

from pzdecl.engine.data.schema import Column
from pzdecl.engine.filters.parser import number
from pzdecl.engine.filters.syntax import (
    CURRENT_ITEM,
    CURRENT_USER,
    EVENTS,
    WORDS,
    Anything,
    Clause,
    Condition,
    Expression,
    Field,
    Number,
    Operand,
    Placeholder,
    Problem,
    Text,
)
from pzdecl.errors import nearest

Columns = Mapping[str, Sequence[Column] | None]
"""The columns of each dataset type of a group; None where the dataset is there and its columns aren't known."""

MOST_FIELDS = 10
"""Different fields of one expression."""
ABOUT = {"ItemID": ("ITEMS", "INTERACTIONS"), "UserID": ("USERS", "INTERACTIONS"),
         "ActionID": ("ACTIONS", "ACTION_INTERACTIONS")}  # fmt: skip
"""The datasets by which each target is filtered."""
NEVER = ("EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP", "REPEAT_FREQUENCY")
EVENT_TYPE = "EVENT_TYPE"


def problems(expression: Expression, columns: Columns) -> list[Problem]:
    """Everything that is wrong with it, in the order in which it stands; nothing for a sound filter."""
    found = [*_targets(expression)]
    for clause in expression.clauses:
        found += _one_dataset(clause)
        for condition in clause.conditions():
            found += _condition(condition, columns)
        for test in clause.tests:
            found += _condition(test, columns)
    fields = {(_dataset(field), field.name.casefold()): field for field in reversed(expression.fields())}
    if len(fields) > MOST_FIELDS:
        last = max(fields.values(), key=lambda field: field.place)
        message = f"{len(fields)} different fields"
        found.append(Problem(message, last.place, last.end, f"at most {MOST_FIELDS} in one filter"))
    return sorted(found, key=lambda problem: problem.place)


def resolve(field: Field, columns: Sequence[Column]) -> Column | None:
    """The column that a field names: the one of that very name, else one that differs in case."""
    exact = next((column for column in columns if column.name == field.name), None)
    folded = field.name.casefold()
    return exact or next((column for column in columns if column.name.casefold() == folded), None)


def _targets(expression: Expression) -> Iterator[Problem]:
    first = expression.clauses[0].target
    for clause in expression.clauses:
        end = clause.target_place + len(clause.target)
        if clause.target != first:
            message = f"{clause.target} beside {first}"
            yield Problem(message, clause.target_place, end, f"{first}, as in the first expression")
        fit = ABOUT[clause.target]
        for condition in clause.conditions():
            if condition.field.dataset not in fit:
                expected = " or ".join(f"{WORDS[one]}.FIELD" for one in fit)
                message = f"{condition.field} in an expression about {clause.target}"
                yield Problem(message, condition.field.place, condition.field.end, expected)


def _one_dataset(clause: Clause) -> Iterator[Problem]:
    first, *rest = clause.conditions()
    for condition in rest:
        if condition.field.dataset != first.field.dataset:
            words = WORDS[first.field.dataset]
            yield Problem(
                f"{condition.field} beside {words}",
                condition.field.place,
                condition.field.end,
                f"fields of {words} only; put other datasets into an expression of their own, after |",
            )


def _condition(condition: Condition, columns: Columns) -> Iterator[Problem]:
    field = condition.field
    if condition.operator == "NOT IN":
        for operand in condition.operands:
            if isinstance(operand, Placeholder):
                message = "Placeholders are not allowed with NOT_IN operator: it stands"
                yield Problem(message, operand.place, operand.end, "values, or IN and the opposite action")
    if field.dataset in EVENTS:
        yield from _event_type(condition, columns)
        return
    column = yield from _column(field, columns)
    if column is not None and column.type == "string" and condition.operator not in ("IN", "NOT IN", "=", "!="):
        message = f"{field} is text, and stands before {condition.operator}"
        yield Problem(message, field.place, field.end, "IN, NOT IN, = or !=, or a numeric field")
        return
    for operand in condition.operands:
        if isinstance(operand, Anything):
            message = "* in place of a value"
            yield Problem(message, operand.place, operand.end, "values; * is for Interactions.EVENT_TYPE IN")
        elif isinstance(operand, Field):
            other = yield from _column(operand, columns)
            if column and other and (column.type == "string") != (other.type == "string"):
                message = f"{operand} is {_words(other)}, {field} is {_words(column)}"
                yield Problem(message, operand.place, operand.end, "fields that can be compared")
        elif column is not None:
            yield from _operand(field, column, operand)


def _event_type(condition: Condition, columns: Columns) -> Iterator[Problem]:
    field = condition.field
    if field.name.casefold() != EVENT_TYPE.casefold():
        message = f"{field} can't be filtered by"
        yield Problem(message, field.place, field.end, f"{WORDS[field.dataset]}.{EVENT_TYPE}")
        return
    yield from _column(field, columns)
    if condition.operator not in ("IN", "NOT IN", "=", "!="):
        message = f"{field} is text, and stands before {condition.operator}"
        yield Problem(message, field.place, field.end, "IN, NOT IN, = or !=")
    for operand in condition.operands:
        if isinstance(operand, Field | Number):
            message = f"{operand} in place of a type of event" if isinstance(operand, Field) else "a number"
            yield Problem(message, operand.place, operand.end, 'a type of event in quotes, or "*" for all')


def _column(field: Field, columns: Columns) -> Generator[Problem, None, Column | None]:
    """Yields what is wrong with a field; returns its column, None where it isn't known or can't be used."""
    dataset = _dataset(field)
    if dataset not in columns:
        words = WORDS[dataset]
        message = f"{field} is named, and the dataset group has no {words} dataset"
        yield Problem(message, field.place, field.end, f"a dataset of type {dataset} in the group")
        return None
    known = columns[dataset]
    if known is None:
        return None
    column = resolve(field, known)
    if column is None:
        names = [one.name for one in known if usable(one)]
        suggestion = nearest(field.name, names)
        message = f"the schema of {WORDS[dataset]} has no field {field.name}"
        yield Problem(message, field.place, field.end, f"one of {', '.join(names)}", suggestion)
        return None
    if not usable(column):
        message = f"{field} is {_words(column)} and can't be filtered by"
        yield Problem(message, field.place, field.end, "a field of numbers, categories or plain text")
        return None
    return column


def _operand(field: Field, column: Column, operand: Operand) -> Iterator[Problem]:
    if isinstance(operand, Number) and column.type == "string":
        message = f"{operand.value} is compared with {field}, which is text"
        yield Problem(message, operand.place, operand.end, f'text in quotes: "{operand.value}"')
    elif isinstance(operand, Text) and column.type != "string" and not _is_number(operand.value):
        message = f"{operand.value!r} is compared with {field}, which is a number"
        yield Problem(message, operand.place, operand.end, "a number")


def usable(column: Column) -> bool:
    """Whether filters may compare a column with anything."""
    return not column.textual and column.type != "boolean" and column.name not in NEVER


def _words(column: Column) -> str:
    if column.textual:
        return "a textual field"
    return {"boolean": "a boolean", "string": "text"}.get(column.type, "a number")


def _dataset(field: Field) -> str:
    return {CURRENT_USER: "USERS", CURRENT_ITEM: "ITEMS"}.get(field.dataset, field.dataset)


def _is_number(text: str) -> bool:
    try:
        number(text)
    except ValueError:
        return False
    return True
