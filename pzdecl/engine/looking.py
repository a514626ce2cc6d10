"""What an engine's folder holds, for looking at it as a whole: ids, and items that fit a condition."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pzdecl.engine.store.store import Store

if TYPE_CHECKING:
    from pzdecl.engine.filters.syntax import Expression, Problem

Column = Literal["USER_ID", "ITEM_ID"]
_BEFORE = "INCLUDE ItemID WHERE "
_DATASETS = {"USER_ID": ("INTERACTIONS",), "ITEM_ID": ("INTERACTIONS", "ITEMS")}


def known_ids(folder: Path, group_arn: str, column: Column) -> list[str]:
    """The distinct users who did something, or the items of the catalogue, of a dataset group; sorted."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found: set[str] = set()
    with closing(Store(folder)) as store, store.read() as reader:
        for dataset in reader.children("dataset", group_arn):
            if dataset.body["datasetType"] in _DATASETS[column]:
                for part in reader.parts(dataset.arn):
                    values = pq.read_table(folder / part.path, columns=[column]).column(column)
                    found.update(one for one in pc.unique(values).to_pylist() if one is not None)
    return sorted(found)


def fitting(folder: Path, group_arn: str, where: str, items: Sequence[str]) -> set[str]:
    """Which of the items fit a condition on columns, such as `Items.YEAR >= 1990 AND Items.KIND = "film"`.

    The condition is what stands behind WHERE in a filter. Raises ValueError, which says what is wrong with it.
    """
    import pyarrow as pa

    from pzdecl.engine.filters.check import problems
    from pzdecl.engine.filters.evaluate import Catalogue, allowed
    from pzdecl.engine.filters.ids import Index
    from pzdecl.engine.filters.sources import Sources, group_columns

    expression = condition(where)
    with closing(Store(folder)) as store:
        with store.read() as reader:
            found = problems(expression, group_columns(reader, group_arn))
        if found:
            raise ValueError(_told(found[0]))
        ids = sorted(set(items), key=str.encode)
        known = Sources(folder).known(store, group_arn, expression, None, None)
        mask = allowed(expression, Catalogue(Index(pa.array(ids, pa.large_string()))), known, {})
    return {one for one, fits in zip(ids, mask.tolist(), strict=True) if fits}


def condition(where: str) -> Expression:
    """The filter expression that includes the items which fit a condition. Raises ValueError."""
    from pzdecl.engine.filters.parser import parse
    from pzdecl.engine.filters.syntax import EVENTS, ExpressionError

    try:
        expression = parse(_BEFORE + where)
    except ExpressionError as error:
        raise ValueError(_told(error.problem)) from None
    plain = len(expression.clauses) == 1 and not expression.clauses[0].tests
    if not plain or expression.placeholders() or expression.uses(*EVENTS, "USERS"):
        raise ValueError("expected conditions on columns of the items alone, such as Items.YEAR >= 1990")
    return expression


def _told(problem: Problem) -> str:
    return str(replace(problem, place=max(0, problem.place - len(_BEFORE))))
