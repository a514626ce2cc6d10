"""A small world of users, items and actions, whose right answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

DAY = 24 * 60 * 60
NOW = 1_700_000_000
"""When the newest events are."""
KINDS = 3


class World(NamedTuple):
    """Files by dataset type, and float64[users, actions]: the chance that an offer is taken."""

    files: dict[str, list[Path]]
    chances: NDArray[np.float64]


def world(
    folder: Path, *, users: int = 600, actions: int = 9, offers: int = 12, seed: int = 0, levels: float = 1.0
) -> World:
    """Users of three kinds, who have items of their kind; an action is for one kind, and some are liked by all.

    levels  how far the actions' own attraction differs
    """
    draw = np.random.default_rng(seed)
    level = np.linspace(-2.0, 0.4, actions) * levels
    draw.shuffle(level)
    of_user, of_action = np.arange(users) % KINDS, np.arange(actions) % KINDS
    eager = draw.normal(0, 0.5, users)
    logits = level + eager[:, None] + np.where(of_user[:, None] == of_action, 1.6, -1.2)
    chances = 1 / (1 + np.exp(-logits))
    had, acted = [], []
    for user in range(users):
        for _ in range(10):
            item = int(draw.integers(8)) * KINDS + (
                of_user[user] if draw.random() < 0.8 else draw.integers(KINDS)
            )
            had.append((f"u{user:04}", f"i{item:02}", NOW - int(draw.integers(30, 40) * DAY)))
        for offer in range(offers):
            action = int(draw.integers(actions))
            at = NOW - int((28 - 28 * offer / offers) * DAY) + int(draw.integers(3600))
            taken = draw.random() < chances[user, action]
            kind = "Taken" if taken else ("Not Taken" if draw.random() < 0.5 else "Viewed")
            acted.append((f"u{user:04}", f"a{action:02}", min(at, NOW), kind))
    rows = [(f"a{one:02}", "ABC"[of_action[one]], one % 4) for one in range(actions)]
    return World(
        {
            "INTERACTIONS": [part(folder / "had.parquet", had, ("USER_ID", "ITEM_ID", "TIMESTAMP"))],
            "ACTION_INTERACTIONS": [
                part(folder / "acted.parquet", acted, ("USER_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE"))
            ],
            "ACTIONS": [part(folder / "actions.parquet", rows, ("ACTION_ID", "TYPE", "VALUE"))],
        },
        chances,
    )


def part(file: Path, rows: Sequence[Sequence[Any]], names: Sequence[str]) -> Path:
    """Rows as a Parquet part."""
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), file)
    return file
