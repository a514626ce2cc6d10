"""What an expression lets through, as a mask over a catalogue."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pzdecl.engine.filters.check import resolve, usable
from pzdecl.engine.filters.history import History
from pzdecl.engine.filters.ids import Codes, Index
from pzdecl.engine.filters.parser import number
from pzdecl.engine.filters.syntax import (
    CURRENT_USER,
    EVENTS,
    Anything,
    Clause,
    Condition,
    Expression,
    Field,
    Number,
    Operand,
    Placeholder,
    Text,
)
from pzdecl.engine.filters.table import Numbers, Table
from pzdecl.engine.filters.values import Bound, ValueProblem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_MADE_ANEW = "the dataset was made anew with another schema, so make the filter anew, too"
INDEXES, MASKS = 4, 16
"""What a catalogue keeps: its places in other indexes, and masks of a byte for each thing."""


class Catalogue:
    """The n things that are filtered: items (or users) by their places in `ids`."""

    def __init__(self, ids: Index | Codes) -> None:
        self.ids = ids
        self._rows: dict[int, tuple[Index, NDArray[np.int64]]] = {}
        self._masks: OrderedDict[tuple[int, Clause], tuple[Table, NDArray[np.bool_]]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, other: Index) -> NDArray[np.int64]:
        """int64[n]: the place of each thing in another index; `len(other)` where it isn't there."""
        kept = self._rows.get(id(other))
        if kept is None or kept[0] is not other:
            kept = (other, other.places(self.ids.array))
            self._rows = {**dict(list(self._rows.items())[1 - INDEXES :]), id(other): kept}
        return kept[1]

    def mask(self, clause: Clause, table: Table, make: Callable[[], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """bool[n]: what a clause matches that depends on nothing but a table; made once."""
        key = (id(table), clause)
        with self._lock:
            kept = self._masks.get(key)
        if kept is None or kept[0] is not table:
            kept = (table, make())
        with self._lock:
            self._masks[key] = kept
            self._masks.move_to_end(key)
            while len(self._masks) > MASKS:
                self._masks.popitem(last=False)
        return kept[1]


@dataclass(frozen=True)
class Known:
    """What is known of one request's dataset group, user and item.

    tables   the ITEMS and USERS datasets; a missing one is like an empty one
    history  the imported events, None without any
    user     the user's id, None where none was given
    item     the id of the item beside which is recommended
    later    the user's events since the import: items by type in lower case
    """

    tables: Mapping[str, Table]
    history: History | None = None
    user: str | None = None
    item: str | None = None
    later: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def user_row(self) -> int | None:
        """The user's row in USERS."""
        return self._row("USERS", self.user)

    @cached_property
    def item_row(self) -> int | None:
        """The row of the item in ITEMS."""
        return self._row("ITEMS", self.item)

    def _row(self, type: str, id: str | None) -> int | None:
        table = self.tables.get(type)
        return None if table is None or id is None else table.ids.find(id)


def allowed(expression: Expression, catalogue: Catalogue, known: Known, values: Bound) -> NDArray[np.bool_]:
    """bool[n]: what any INCLUDE matches (all, where none is in force), without what any EXCLUDE matches.

    Raises ValueProblem for a value that does not fit its column.
    """
    import numpy as np

    evaluation = _Evaluation(catalogue, known, values)
    if expression.target == "UserID" and any(clause.tests for clause in expression.clauses):
        return evaluation.users(expression.clauses)
    included: NDArray[np.bool_] | None = None
    excluded: NDArray[np.bool_] | None = None
    for clause in expression.clauses:
        if not all(evaluation.test(condition) for condition in clause.tests):
            continue
        matched = evaluation.clause(clause)
        if clause.action == "INCLUDE":
            included = matched if included is None else included | matched
        else:
            excluded = matched if excluded is None else excluded | matched
    if included is None:
        included = np.ones(len(catalogue), bool)
    return included if excluded is None else included & ~excluded


class _Evaluation:
    def __init__(self, catalogue: Catalogue, known: Known, values: Bound) -> None:
        self.catalogue = catalogue
        self.known = known
        self.values = values

    def clause(self, clause: Clause) -> NDArray[np.bool_]:
        """bool[n]: what fits all conditions of any group."""
        first = next(clause.conditions()).field.dataset
        if first in EVENTS:
            return _any_of_all(clause.any_of, lambda one: self._events(one, of_items=clause.target != "UserID"))
        table = self.known.tables.get(first)
        if table is None:
            import numpy as np

            return np.zeros(len(self.catalogue), bool)

        def mask() -> NDArray[np.bool_]:
            rows = _any_of_all(clause.any_of, lambda condition: self._rows(condition, table))
            return rows.take(self.catalogue.rows(table.ids))

        fixed = not any(isinstance(one, Placeholder | Field) for c in clause.conditions() for one in c.operands)
        return self.catalogue.mask(clause, table, mask) if fixed else mask()

    def users(self, clauses: Sequence[Clause]) -> NDArray[np.bool_]:
        """bool[n]: the users whom clauses let through, some of which have an IF.

        Where users are filtered, each of them is the CurrentUser of what is asked about it.
        """
        import numpy as np

        some, included, excluded = (np.zeros(len(self.catalogue), bool) for _ in range(3))
        for clause in clauses:
            force = np.ones(len(self.catalogue), bool)
            for condition in clause.tests:
                force &= self._own(condition)
            matched = self.clause(clause) & force
            if clause.action == "INCLUDE":
                some |= force
                included |= matched
            else:
                excluded |= matched
        found: NDArray[np.bool_] = (included | ~some) & ~excluded
        return found

    def _own(self, condition: Condition) -> NDArray[np.bool_]:
        """bool[n]: the users who fit a condition after IF."""
        import numpy as np

        table = self.known.tables.get("USERS")
        if table is None:
            return np.full(len(self.catalogue), condition.operator in ("NOT IN", "!="))
        return self._rows(condition, table).take(self.catalogue.rows(table.ids))

    def test(self, condition: Condition) -> bool:
        """Whether the user fits a condition after IF. One without a row fits nothing but NOT IN and !=."""
        table, row = self.known.tables.get("USERS"), self.known.user_row
        own: list[Any] = []
        if table is not None and row is not None:
            own = table.column(_name(condition.field, table)).of(row)
        numeric = table is not None and table.columns[_name(condition.field, table)].type != "string"
        if table is not None and not numeric:
            _check_order(condition)
        wanted = self._operands(condition, numeric)
        if wanted is None:
            return False
        return _single(condition.operator, own, wanted)

    def _rows(self, condition: Condition, table: Table) -> NDArray[np.bool_]:
        """bool[R + 1]: which rows of a table fit; the last is that of things without a row."""
        import numpy as np

        column = table.column(_name(condition.field, table))
        wanted = self._operands(condition, isinstance(column, Numbers))
        if wanted is None:
            return np.zeros(len(table) + 1, bool)
        operator = condition.operator
        if not isinstance(column, Numbers):
            _check_order(condition)
        if isinstance(column, Numbers) and operator not in ("IN", "NOT IN"):
            if not wanted:  # CurrentItem has no value: nothing can be compared with it
                return np.full(len(table) + 1, operator == "!=")
            return column.compared(operator, wanted[0])
        found = column.among(wanted)
        return ~found if operator in ("NOT IN", "!=") else found

    def _events(self, condition: Condition, *, of_items: bool) -> NDArray[np.bool_]:
        """bool[n]: the items with which the user had such events, or the users who had them with the item."""
        import numpy as np

        wanted = self._operands(condition, numeric=False)
        if wanted is None:
            return np.zeros(len(self.catalogue), bool)
        everything = any(isinstance(one, Anything) for one in condition.operands) or "*" in wanted
        types = None if everything else {str(one).lower() for one in wanted}
        found = np.zeros(len(self.catalogue) + 1, bool)
        history, known = self.known.history, self.known
        if of_items and known.user is not None:
            if history is not None:
                have = np.zeros(len(history.items) + 1, bool)
                have[history.of_user(known.user, types)] = True
                found[:-1] = have[self.catalogue.rows(history.items)] if have.any() else False
            for type, items in known.later.items():
                if types is None or type in types:
                    found[[place for one in items if (place := self.catalogue.ids.find(one)) is not None]] = (
                        True
                    )
        elif not of_items and known.item is not None and history is not None:
            have = np.zeros(len(history.users) + 1, bool)
            have[history.of_item(known.item, types)] = True
            found[:-1] = have[self.catalogue.rows(history.users)]
        matched: NDArray[np.bool_] = found[:-1]
        return ~matched if condition.operator in ("NOT IN", "!=") else matched

    def _operands(self, condition: Condition, numeric: bool) -> list[Any] | None:
        """The values that a condition compares with, in its column's type.

        None where a placeholder of it was given no value. Raises ValueProblem.
        """
        found: list[Any] = []
        given = False
        for operand in condition.operands:
            if isinstance(operand, Placeholder):
                if operand.name in self.values:
                    given = True
                    found += self._bound(condition, operand, numeric)
                elif condition.operator not in ("IN", "NOT IN"):
                    return None
            else:
                given = True
                found += self._written(condition, operand, numeric)
        return found if given else None

    def _bound(self, condition: Condition, operand: Placeholder, numeric: bool) -> list[Any]:
        texts = self.values[operand.name]
        if len(texts) > 1 and condition.operator not in ("IN", "NOT IN"):
            raise ValueProblem(
                f"${operand.name} has {len(texts)} values: expected one, as in "
                f"{condition.field} {condition.operator} ${operand.name}"
            )
        if not numeric:
            return list(texts)
        try:
            return [number(text) for text in texts]
        except ValueError:
            raise ValueProblem(
                f"The value of ${operand.name} is no number: expected one, as {condition.field} is a number"
            ) from None

    def _written(self, condition: Condition, operand: Operand, numeric: bool) -> list[Any]:
        if isinstance(operand, Field):
            table, row = self.known.tables.get("ITEMS"), self.known.item_row
            if table is None or row is None:
                return []
            column = table.column(_name(operand, table))
            if isinstance(column, Numbers) != numeric:
                raise ValueProblem(f"{condition.field} and {operand} can't be compared any more: {_MADE_ANEW}")
            return column.of(row)
        if isinstance(operand, Number):
            return [operand.value if numeric else str(operand.value)]
        if isinstance(operand, Text):
            try:
                return [number(operand.value) if numeric else operand.value]
            except ValueError:
                raise ValueProblem(
                    f"{operand.value!r} is compared with {condition.field}, which is a number now: {_MADE_ANEW}"
                ) from None
        return []


def _any_of_all(
    groups: Sequence[Sequence[Condition]], one: Callable[[Condition], NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """The union over groups of what fits all of a group's conditions."""
    matched: NDArray[np.bool_] | None = None
    for group in groups:
        fits: NDArray[np.bool_] | None = None
        for condition in group:
            found = one(condition)
            fits = found if fits is None else fits & found
        assert fits is not None
        matched = fits if matched is None else matched | fits
    assert matched is not None
    return matched


def _single(operator: str, own: Sequence[Any], wanted: Iterable[Any]) -> bool:
    """One thing's values (none, one, or several categories) against what is asked for."""
    wanted = list(wanted)
    if operator in ("IN", "="):
        return any(value in wanted for value in own)
    if operator in ("NOT IN", "!="):
        return not any(value in wanted for value in own)
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
    }
    return any(compare[operator](value, limit) for value in own for limit in wanted)


def _name(field: Field, table: Table) -> str:
    """The column of a table that a field names. Raises ValueProblem where a schema without it took over."""
    column = resolve(field, list(table.columns.values()))
    if column is None:
        dataset = "Users" if field.dataset == CURRENT_USER else str(field).partition(".")[0]
        raise ValueProblem(f"The {dataset} dataset has no field {field.name} any more")
    if not usable(column):
        raise ValueProblem(f"{field} can't be filtered by any more: {_MADE_ANEW}")
    return column.name


def _check_order(condition: Condition) -> None:
    """Texts have none: raises ValueProblem where one is asked for."""
    if condition.operator not in ("IN", "NOT IN", "=", "!="):
        raise ValueProblem(
            f"{condition.field} is text now, and stands before {condition.operator}: {_MADE_ANEW}"
        )
