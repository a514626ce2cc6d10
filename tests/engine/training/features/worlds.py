"""Small worlds in which what is known beside ids decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pzdecl.engine.data.columns import ROLE
from pzdecl.engine.data.tables import Table, kinds_of
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.model import Job
from tests.engine.training.worlds import interactions, job


def rows(columns: Mapping[str, Sequence[Any]], **roles: str) -> Any:
    """A pyarrow Table as imports write it: `roles` says which columns are categorical or textual."""
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    fields = [f.with_metadata({ROLE: roles[f.name]}) if f.name in roles else f for f in table.schema]
    return table.cast(pa.schema(fields))


def table(columns: Mapping[str, Sequence[Any]], **roles: str) -> Table:
    """A side table in which every id has a row."""
    made = rows(columns, **roles)
    return Table(made, kinds_of(made), np.ones(made.num_rows, bool))


def quick(folder: Path, recipe: str = "aws-hrnn-metadata", **parameters: Any) -> Job:
    """A job whose training takes a second."""
    return job(
        folder, recipe, **{"hidden_dimension": 32, "max_user_history_length_percentile": 1.0, **parameters}
    )


def genres(users: int = 90, items: int = 24, length: int = 24, new: int = 2, seed: int = 0) -> TrainingData:
    """Even items are comedies, odd ones dramas; everybody watches one genre. The last `new` nobody met."""
    rng = np.random.default_rng(seed)
    histories = [(rng.integers(0, (items - new) // 2, length) * 2 + user % 2).tolist() for user in range(users)]
    names = [("comedy", "drama")[item % 2] for item in range(items)]
    return TrainingData(interactions(histories, items), items=table({"GENRES": names}, GENRES="categorical"))


def weekends(users: int = 80, items: int = 12, length: int = 30, seed: int = 0) -> TrainingData:
    """Whether it is a weekend, by chance, decides whether an odd item is taken up."""
    rng = np.random.default_rng(seed)
    days = rng.integers(0, 2, (users, length))
    histories = rng.integers(0, items // 2, (users, length)) * 2 + days
    events = interactions(histories.tolist(), items)
    names = [("weekday", "weekend")[day] for day in days.flatten().tolist()]
    return TrainingData(replace(events, columns=rows({"DAY": names, "NOTE": names}, DAY="categorical")))


def tastes(
    users: int = 100, strangers: int = 2, items: int = 12, length: int = 12, seed: int = 0
) -> TrainingData:
    """Users of class a take even items, those of class b odd ones. The last `strangers` have no events."""
    rng = np.random.default_rng(seed)
    histories = [
        (rng.integers(0, items // 2, length if user < users else 0) * 2 + user % 2).tolist()
        for user in range(users + strangers)
    ]
    classes = ["ab"[user % 2] for user in range(users + strangers)]
    return TrainingData(interactions(histories, items), users=table({"CLASS": classes}, CLASS="categorical"))
