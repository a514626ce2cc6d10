"""What filters read while others replace it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.data.schema import Column
from pzdecl.engine.errors import UnavailableException
from pzdecl.engine.filters import evaluate
from pzdecl.engine.filters.evaluate import Known, allowed
from pzdecl.engine.filters.ids import Index
from pzdecl.engine.filters.parser import parse
from pzdecl.engine.filters.table import Table
from pzdecl.engine.filters.values import ValueProblem
from pzdecl.engine.store.rows import Part
from tests.contract.clients import ITEMS, InProcess, dataset, group, schema


class Catalogue:
    """A dataset of items whose only part is replaced again and again, as imports do it."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(folder)
        service = InProcess(self.engine)
        self.group = group(service)
        self.items = dataset(service, self.group, schema(service, "items", ITEMS), "Items")
        self.number = 0

    def path(self, number: int) -> Path:
        return self.engine.folder / f"{number}.parquet"

    def replace(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.number += 1
        one = pa.table({"ITEM_ID": [f"i{self.number}"], "GENRE": ["a"]})
        pq.write_table(one, self.path(self.number))
        with self.engine._context.store.write() as tx:
            tx.replace_parts(self.items, [Part(f"{self.number}.parquet", 1, 1, "j")])
        self.path(self.number - 1).unlink(missing_ok=True)

    def ids(self) -> list[str]:
        context = self.engine._context
        table: Table = context.sources.table(context.store, self.group, "ITEMS")
        return [table.ids[place] for place in range(len(table))]


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    made = Catalogue(tmp_path / "engine")
    yield made
    made.engine.close()


def test_data_that_are_replaced_faster_than_they_are_read_are_read_all_the_same(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.replace()
    read, replaced = Table.read, iter(range(12))

    def overtaken(*given: object) -> Table:
        if next(replaced, None) is not None:
            catalogue.replace()
        return read(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(Table, "read", overtaken)
    assert catalogue.ids() == ["i13"]
    assert catalogue.ids() == ["i13"]


@pytest.mark.parametrize("damage", ["removed", "cut"])
def test_data_that_are_lost_are_told(catalogue: Catalogue, damage: str) -> None:
    catalogue.replace()
    if damage == "removed":
        catalogue.path(1).unlink()
    else:
        catalogue.path(1).write_bytes(b"PAR1 and no more")
    with pytest.raises(UnavailableException, match=r"can't be read .*: import it again"):
        catalogue.ids()
    catalogue.path(1).unlink(missing_ok=True)
    catalogue.replace()
    assert catalogue.ids() == ["i2"]


ANEW = [
    ("string", 'EXCLUDE ItemID WHERE Items.GENRE IN ("a")', None),
    (
        "int",
        'EXCLUDE ItemID WHERE Items.GENRE IN ("a")',
        "'a' is compared with Items.GENRE, which is a number now",
    ),
    ("string", "EXCLUDE ItemID WHERE Items.GENRE < 3", "Items.GENRE is text now, and stands before <"),
    ("boolean", "EXCLUDE ItemID WHERE Items.GENRE != 3", "Items.GENRE can't be filtered by any more"),
    ("int", "EXCLUDE ItemID WHERE Items.ID IN (CurrentItem.GENRE)", "can't be compared any more"),
    (
        "boolean",
        'EXCLUDE ItemID WHERE Items.ID IN ("i1") IF CurrentUser.GENRE = "a"',
        "CurrentUser.GENRE can't be filtered by any more",
    ),
    (
        "string",
        'EXCLUDE ItemID WHERE Items.ID IN ("i1") IF CurrentUser.GENRE > 1',
        "CurrentUser.GENRE is text now, and stands before >",
    ),
]


@pytest.mark.parametrize(("type", "expression", "told"), ANEW)
def test_a_dataset_that_was_made_anew_with_other_types_is_told(
    type: str, expression: str, told: str | None
) -> None:
    """A filter outlives its datasets: what its text says may not fit those that came after them."""
    import pyarrow as pa

    columns = [Column("ID", "string"), Column("GENRE", type, nullable=True)]
    values = {"string": ["a", "b"], "int": [1, 2], "boolean": [True, None]}[type]
    table = Table(pa.table({"ID": ["i1", "i2"], "GENRE": values}), "ID", columns)
    known = Known({"ITEMS": table, "USERS": table}, None, "i1", "i2")
    catalogue = evaluate.Catalogue(Index(pa.array(["i1", "i2"], pa.large_string())))
    if told is None:
        assert allowed(parse(expression), catalogue, known, {}).tolist() == [False, True]
        return
    with pytest.raises(ValueProblem, match=told):
        allowed(parse(expression), catalogue, known, {})
