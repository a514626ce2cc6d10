"""What filters let through, beside a plain reading of the same rules, row by row."""

from __future__ import annotations

import operator as op
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pzdecl.engine.data.columns import arrow_schema
from pzdecl.engine.data.schema import Column
from pzdecl.engine.filters.evaluate import Catalogue, Known, allowed
from pzdecl.engine.filters.history import NEWEST, Event, History, merged
from pzdecl.engine.filters.ids import Index
from pzdecl.engine.filters.parser import parse
from pzdecl.engine.filters.syntax import Condition, Expression, Number, Placeholder, Text
from pzdecl.engine.filters.table import Table
from pzdecl.engine.filters.values import ValueProblem, bind, written

COLUMNS = [
    Column("ITEM_ID", "string"),
    Column("GENRES", "string", nullable=True, categorical=True),
    Column("BRAND", "string", nullable=True),
    Column("PRICE", "float", nullable=True),
    Column("MADE", "long"),
]
ITEM = st.fixed_dictionaries(
    {
        "ITEM_ID": st.sampled_from([f"i{n}" for n in range(8)]),
        "GENRES": st.sampled_from([None, "a", "b", "a|b", "c|a", ""]),
        "BRAND": st.sampled_from([None, "a", "a|b"]),
        "PRICE": st.sampled_from([None, 0.5, 1.0, 12.99]),
        "MADE": st.sampled_from([0, 1, 2**60, -5]),
    }
)
ORDERS = {"<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}
TEXTS = st.lists(st.sampled_from(["a", "b", "c", "a|b", "A"]), min_size=1, max_size=2)
NUMBERS = st.sampled_from(["0", "1", "0.5", "12.99", str(2**60), "-5"])


@st.composite
def conditions(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        values = draw(TEXTS)
        column, operator = draw(st.sampled_from(["GENRES", "brand"])), draw(st.sampled_from(["IN", "NOT IN"]))
        listed = ["$T"] if operator == "IN" and draw(st.booleans()) else [f'"{value}"' for value in values]
        return f"Items.{column} {operator} ({', '.join(listed)})"
    column = draw(st.sampled_from(["PRICE", "MADE"]))
    operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
    return f"Items.{column} {operator} {draw(st.sampled_from(['$N', draw(NUMBERS)]))}"


@st.composite
def expressions(draw: st.DrawFn) -> str:
    clauses = []
    for _ in range(draw(st.integers(1, 3))):
        parts = [draw(conditions())]
        for _ in range(draw(st.integers(0, 3))):
            parts += [draw(st.sampled_from(["AND", "OR"])), draw(conditions())]
        clauses.append(f"{draw(st.sampled_from(['INCLUDE', 'EXCLUDE']))} ItemID WHERE {' '.join(parts)}")
    return " | ".join(clauses)


def plainly(expression: Expression, row: dict[str, Any] | None, values: dict[str, list[str]]) -> bool:
    """Whether one item passes."""

    def fits(condition: Condition) -> bool:
        name = condition.field.name.upper()
        cell = None if row is None else row[name]
        wanted: list[Any] = []
        for operand in condition.operands:
            if isinstance(operand, Placeholder):
                if operand.name not in values:
                    return False
                wanted += values[operand.name]
            elif isinstance(operand, Text | Number):
                wanted.append(operand.value)
        if name == "PRICE":
            wanted = [np.float32(value) for value in wanted]
            own: list[Any] = [] if cell is None else [np.float32(cell)]
        elif name == "MADE":
            wanted = [Fraction(value) for value in wanted]
            own = [] if cell is None else [cell]
        else:
            parts = str(cell or "").split("|") if name == "GENRES" else [cell]
            own = [part for part in parts if part]
        if condition.operator in ORDERS:
            return any(ORDERS[condition.operator](value, wanted[0]) for value in own)
        found = any(value in wanted for value in own)
        return found if condition.operator in ("IN", "=") else not found

    included, excluded, restricted = False, False, False
    for clause in expression.clauses:
        matched = any(all(fits(one) for one in group) for group in clause.any_of)
        if clause.action == "INCLUDE":
            restricted, included = True, included or matched
        else:
            excluded = excluded or matched
    return (included or not restricted) and not excluded


@settings(max_examples=60, deadline=None)
@given(st.lists(ITEM, max_size=10), expressions(), st.none() | TEXTS, st.none() | NUMBERS)
def test_masks_are_what_the_rules_say(
    rows: list[dict[str, Any]], text: str, texts: list[str] | None, number: str | None
) -> None:
    expression = parse(text)
    given_values = {"T": texts, "N": [number] if number else None}
    known = {name: list(one) for name, one in given_values.items() if one and name in expression.placeholders()}
    wire = {name: written(one) for name, one in known.items()}
    if missing := [name for name in expression.required() if name not in known]:
        with pytest.raises(ValueProblem, match=rf"\${missing[0]}"):
            bind(expression, wire)
        return
    arrays = [
        pa.array([row[column.name] for row in rows], field.type)
        for column, field in zip(COLUMNS, arrow_schema(COLUMNS), strict=True)
    ]
    table = Table(pa.table(arrays, schema=arrow_schema(COLUMNS)), "ITEM_ID", COLUMNS)
    ids = [f"i{n}" for n in range(10)]  # two of them have no row
    found = allowed(
        expression, Catalogue(Index(pa.array(ids))), Known({"ITEMS": table}), bind(expression, wire)
    )
    newest = {row["ITEM_ID"]: row for row in rows}
    assert found.tolist() == [plainly(expression, newest.get(one), known) for one in ids]


def test_values_of_the_wire() -> None:
    expression = parse("INCLUDE ItemID WHERE Items.A IN ($A) | EXCLUDE ItemID WHERE Items.B = $B")
    assert bind(expression, {"A": '"tech","non tech"'}) == {"A": ("tech", "non tech")}
    assert bind(expression, {"A": r'"a \"b\", c"', "B": "1465413032"})["B"] == ("1465413032",)
    assert bind(expression, {"A": '"0"', "B": '"0"'}) == {"A": ("0",), "B": ("0",)}
    assert written(['a "b", c', "\\"]) == r'"a \"b\", c","\\"'
    for wrong in ("", "tech", '"a",', ',"a"', '"a" "b"', '"a', '"a";'):
        with pytest.raises(ValueProblem, match=r"\$A can't be read at character"):
            bind(expression, {"A": wrong})


def _table(rows: list[list[Any]]) -> Table:
    """From the values of each column."""
    schema = arrow_schema(COLUMNS)
    arrays = [pa.array(one, field.type) for one, field in zip(rows, schema, strict=True)]
    return Table(pa.table(arrays, schema=schema), "ITEM_ID", COLUMNS)


def test_numbers_of_the_wire_are_written_as_numbers() -> None:
    rows = [["a", "b"], [None, None], [None, None], [1.5, 3e38], [19, 2**60]]
    table = _table(rows)
    catalogue, known = Catalogue(Index(pa.array(["a", "b"]))), Known({"ITEMS": table})

    def passing(condition: str, value: str) -> list[bool]:
        expression = parse(f"INCLUDE ItemID WHERE Items.{condition}")
        return list(allowed(expression, catalogue, known, bind(expression, {"N": value})).tolist())

    for condition in ("MADE < $N", "MADE IN ($N)", "PRICE > $N"):
        for wrong in ("9" * 400, "1e999", '"1_9"', '"\u0661\u0669"', '"nan"', '"inf"', '""'):
            with pytest.raises(ValueProblem, match="The value of \\$N is no number"):
                passing(condition, wrong)
    assert passing("MADE < $N", '" 2e1 "') == [True, False]
    assert passing("MADE < $N", "9" * 300) == [True, True]
    assert passing("PRICE < $N", "9" * 300) == [True, True], "beyond what the column can hold"
    assert passing("PRICE < $N", "1e300") == [True, True]


def test_many_numbers_are_found_as_few_are() -> None:
    made = [0, -5, 2**60, 2**60 + 1, 7]
    ids = [f"i{n}" for n in range(len(made))]
    rows = [ids, [None] * 5, [None] * 5, [0.5, None, 12.99, 0.0, 1e30], made]
    table = _table(rows)
    others = [f"{n}.5" for n in range(100, 130)] + ["9" * 300, "-1e300", "99999999999999999999"]

    def passing(column: str, operator: str, values: list[str]) -> list[bool]:
        expression = parse(f"INCLUDE ItemID WHERE Items.{column} {operator} ({', '.join(values)})")
        known = Known({"ITEMS": table})
        return list(allowed(expression, Catalogue(Index(pa.array(ids))), known, {}).tolist())

    for column, wanted in (("MADE", [str(2**60), "-5.0"]), ("PRICE", ["12.99", "0", "1e30"])):
        for operator in ("IN", "NOT IN"):
            assert passing(column, operator, wanted + others) == passing(column, operator, wanted)
    assert passing("MADE", "IN", [str(2**60), "-5.0", *others]) == [False, True, True, False, False]


def _history(tmp_path: Path, rows: list[tuple[str, str, str | None, int]]) -> History:
    part = tmp_path / "part.parquet"
    names = ("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP")
    pq.write_table(pa.table({name: [row[n] for row in rows] for n, name in enumerate(names)}), part)
    return History.read([part])


def test_what_a_user_did(tmp_path: Path) -> None:
    rows: list[tuple[str, str, str | None, int]]
    rows = [("u", f"i{n:03}", "View", n) for n in range(NEWEST + 5)]
    rows += [("u", "bought", "Purchase", 1), ("v", "i001", "view", 5), ("u", "odd", None, 3)]
    history = _history(tmp_path, rows)
    ids = sorted({row[1] for row in rows} | {"later", "never"})
    catalogue = Catalogue(Index(pa.array(ids)))
    later = merged([Event("later", "VIEW"), Event("unknown", "view")])

    def seen(text: str, user: str | None = "u") -> set[str]:
        known = Known({}, history, user, later=later if user == "u" else {})
        mask = allowed(parse(f"INCLUDE ItemID WHERE {text}"), catalogue, known, {})
        return {one for one, fits in zip(ids, mask.tolist(), strict=True) if fits}

    newest = {f"i{n:03}" for n in range(5, NEWEST + 5)}
    assert seen('Interactions.EVENT_TYPE IN ("view")') == newest | {"later"}
    assert seen('Interactions.EVENT_TYPE IN ("view", "PURCHASE")') == newest | {"later", "bought"}
    assert seen('Interactions.EVENT_TYPE IN ("*")') == newest | {"later", "bought", "odd"}
    assert seen('Interactions.EVENT_TYPE NOT IN ("view")') == set(ids) - newest - {"later"}
    assert seen('Interactions.EVENT_TYPE IN ("view")', "v") == {"i001"}
    assert seen('Interactions.EVENT_TYPE IN ("*")', "nobody") == set()
    people = Catalogue(Index(pa.array(["u", "v", "w"])))
    mask = allowed(
        parse('EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("purchase")'),
        people,
        Known({}, history, item="bought"),
        {},
    )
    assert mask.tolist() == [False, True, True]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(0, 3)), max_size=6),
    st.lists(
        st.tuples(st.sampled_from(["INCLUDE", "EXCLUDE"]), st.integers(0, 3), st.none() | st.integers(0, 3)),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["=", "!=", ">=", "<"]),
)
def test_of_users_each_is_the_current_one(
    people: list[tuple[str, int | None]], clauses: list[tuple[str, int, int | None]], operator: str
) -> None:
    """A filter about users lets one through as if it were asked for that user alone."""
    columns = [Column("USER_ID", "string"), Column("AGE", "int", nullable=True)]
    rows = [{"USER_ID": user, "AGE": age} for user, age in dict(people).items()]
    table = Table(pa.Table.from_pylist(rows, arrow_schema(columns)), "USER_ID", columns)
    text = " | ".join(
        f"{action} UserID WHERE Users.AGE > {more}"
        + (f" IF CurrentUser.AGE {operator} {than}" if than is not None else "")
        for action, more, than in clauses
    )
    ids = list("abcdefg")
    mask = allowed(parse(text), Catalogue(Index(pa.array(ids))), Known({"USERS": table}), {})

    def age_of(user: str) -> int | None:
        return dict(people).get(user)

    def holds(own: int | None, sign: str, other: int) -> bool:
        if own is None:
            return sign == "!="
        return {"=": own == other, "!=": own != other, ">=": own >= other, "<": own < other}[sign]

    for user, passes in zip(ids, mask.tolist(), strict=True):
        own = age_of(user)
        force = [one for one in clauses if one[2] is None or holds(own, operator, one[2])]
        found = {
            action: [own is not None and own > more for act, more, _ in force if act == action]
            for action in ("INCLUDE", "EXCLUDE")
        }
        included = any(found["INCLUDE"]) or not found["INCLUDE"]
        assert passes == (included and not any(found["EXCLUDE"])), (user, text)


def test_the_item_beside_which_is_recommended() -> None:
    rows = [
        {"ITEM_ID": "x", "GENRES": "a|b", "BRAND": None, "PRICE": 2.0, "MADE": 1},
        {"ITEM_ID": "y", "GENRES": "b", "BRAND": None, "PRICE": 1.0, "MADE": 1},
        {"ITEM_ID": "z", "GENRES": "c", "BRAND": None, "PRICE": None, "MADE": 1},
    ]
    table = Table(pa.Table.from_pylist(rows, arrow_schema(COLUMNS)), "ITEM_ID", COLUMNS)
    catalogue = Catalogue(Index(pa.array(["x", "y", "z"])))

    def passing(text: str, item: str | None) -> list[bool]:
        expression = parse(f"INCLUDE ItemID WHERE {text}")
        mask: list[bool] = allowed(expression, catalogue, Known({"ITEMS": table}, item=item), {}).tolist()
        return mask

    assert passing("Items.PRICE < CurrentItem.PRICE", "x") == [False, True, False]
    assert passing("Items.GENRES IN CurrentItem.GENRES", "y") == [True, True, False]
    assert passing("Items.GENRES IN CurrentItem.GENRES", "unknown") == [False, False, False]
    assert passing("Items.PRICE < CurrentItem.PRICE", "z") == [False, False, False]


def test_datasets_without_rows() -> None:
    table = Table.read([], "ITEM_ID", COLUMNS)
    catalogue = Catalogue(Index(pa.array(["x", "y"])))
    known = Known({"ITEMS": table}, History.read([]), "u")
    nothing = parse(
        'INCLUDE ItemID WHERE Items.PRICE > 1 | INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")'
    )
    assert allowed(nothing, catalogue, known, {}).tolist() == [False, False]
    assert allowed(parse('INCLUDE ItemID WHERE Items.GENRES NOT IN ("a")'), catalogue, known, {}).all()
    put = Table.read([], "ITEM_ID", COLUMNS, [{"ITEM_ID": "y", "PRICE": 2.0, "MADE": 1}])
    assert allowed(nothing, catalogue, Known({"ITEMS": put}, user="u"), {}).tolist() == [False, True]
    assert put.shown(0, ["PRICE", "GENRES"]) == {"PRICE": "2.0"}
