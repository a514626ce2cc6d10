"""Small worlds whose right answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.model import Job

HOUR = 3600


def write(file: Path, rows: Sequence[Sequence[Any]], columns: Sequence[str] = ()) -> Path:
    """Rows of (user, item, timestamp, ...) as a Parquet part."""
    names = ["USER_ID", "ITEM_ID", "TIMESTAMP", *columns]
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), file)
    return file


def interactions(histories: Sequence[Sequence[int]], items: int, gap: int = 60) -> Interactions:
    """A history a user: item numbers, `gap` seconds apart."""
    lengths = [len(history) for history in histories]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return Interactions(
        users=np.repeat(np.arange(len(histories)), lengths).astype(np.int32),
        items=np.array([item for history in histories for item in history], np.int32),
        timestamps=np.concatenate([np.arange(n) * gap for n in lengths]).astype(np.int64),
        offsets=offsets,
        user_ids=[f"u{n:04}" for n in range(len(histories))],
        item_ids=[f"i{n:04}" for n in range(items)],
    )


def fitted(recipe: str, data: Interactions, job: Job) -> Any:
    """A recipe's model, fitted to events alone."""
    return RECIPES[recipe].trainer()(TrainingData(data), job)


def cycle(users: int = 60, items: int = 12, length: int = 40, seed: int = 0) -> list[tuple[str, str, int]]:
    """Everybody goes round the same circle of items from a start of their own."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        start, begin = int(rng.integers(items)), int(rng.integers(10_000))
        for step in range(length):
            rows.append((f"u{user:03}", f"i{(start + step) % items:02}", begin + 60 * step))
    return rows


def job(folder: Path, recipe: str = "aws-hrnn", **parameters: float) -> Job:
    """A job that nobody watches."""
    complete = {**RECIPES[recipe].parameters({}), **parameters}
    return Job(complete, 0, _ignore, lambda: False, folder)


def _ignore(progress: Progress) -> None:
    del progress
