"""Filters on a model that was updated: its ids are in two sorted parts, and masks go by its codes."""

from __future__ import annotations

import pyarrow as pa

from pzdecl.engine.filters.evaluate import Catalogue
from pzdecl.engine.filters.ids import Index, index_of
from pzdecl.engine.serving.files import Ids
from pzdecl.engine.serving.update import MoreIds


def ids(*names: str) -> Ids:
    return Ids.unpack("x", Ids.pack("x", sorted(names)))


def test_places_follow_the_codes_of_both_parts() -> None:
    more = MoreIds(ids("b", "d", "ü"), ids("a", "e"))
    found = index_of(more)
    assert found.array.to_pylist() == ["b", "d", "ü", "a", "e"]
    assert len(found) == 5
    assert [found.find(one) for one in ("a", "ü", "e", "c")] == [3, 2, 4, None]
    table = Index(pa.array(["a", "d", "e"], pa.large_string()))
    assert Catalogue(found).rows(table).tolist() == [3, 1, 3, 0, 2]


def test_a_model_that_was_not_updated() -> None:
    found = index_of(ids("b", "d"))
    assert isinstance(found, Index)
    assert found.find("d") == 1
