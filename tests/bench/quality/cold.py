"""How well items that nobody has met are recommended: some are held out of training, ranked by metadata.

Asked is for users who took up items that were held out, with all that they did with the others; ranked are the
items that were held out, among themselves. Two things to compare with: `random` order, which finds as many as
there are, and the `popularity of the genre`, the same for everybody: the mean number of events with the items
of the same genres.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.recipes.registry import RECIPES
from tests.bench.quality.data import by_user, coded, splits, training_data, truths
from tests.bench.quality.measure import Measure, Measured, job


def cold_items(share: float, *, users: int | None = None) -> Measure:
    """The measure with a share of the items held out; `users` is how many are asked at most, the first ones."""

    def measure(name: str, recipe: str, parameters: Mapping[str, Any], seed: int) -> Measured | None:
        parts = splits(name)
        if parts is None:
            return None
        events = by_user(pa.concat_tables(parts))
        out = held_out(events, share, seed)
        with tempfile.TemporaryDirectory(prefix="pzdecl-quality-") as scratch:
            data = training_data(name, events.filter(pc.invert(out)), Path(scratch), whole_catalogue=True)
            began = time.monotonic()
            model = RECIPES[recipe].trainer()(data, job(recipe, parameters, seed, Path(scratch) / "job"))
            model.finish(data)
            seconds = time.monotonic() - began
        shown = data.interactions
        held = np.unique(coded(events.filter(out), shown).items)
        truth = truths(events.filter(out), shown)
        asked = np.fromiter(sorted(truth), np.int64)[:users]
        taken = np.array([np.isin(held, truth[int(user)]) for user in asked])
        scores = np.concatenate([part[:, held] for part in model.scores(shown, asked)])
        found = {"": scores, "popularity of the genre ": np.tile(genre_popularity(data)[held], (len(asked), 1))}
        figures = {
            f"{kind}P@{k}": precision(ranked, taken, k) for kind, ranked in found.items() for k in (5, 10, 25)
        }
        chance = float(taken.mean())
        times = {f"{kind}P@5 / random": figures[f"{kind}P@5"] / chance for kind in found}
        return Measured({**figures, **times, "random": chance}, seconds)

    return measure


def held_out(events: Any, share: float, seed: int) -> Any:
    """Of a table of events, which are with the items that are held out: a pyarrow boolean array."""
    items = pc.unique(events["ITEM_ID"]).sort()
    chosen = np.random.default_rng(seed).permutation(len(items))[: round(share * len(items))]
    return pc.is_in(events["ITEM_ID"], value_set=items.take(pa.array(np.sort(chosen))))


def precision(scores: NDArray[np.float32], taken: NDArray[np.bool_], count: int) -> float:
    """The share of the `count` best of each row, of equals the first, that were taken up."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return float(np.take_along_axis(taken, best, 1).mean())


def genre_popularity(data: TrainingData) -> NDArray[np.float64]:
    """For each item, the mean over its genres of the mean number of events with their items."""
    assert data.items is not None
    genres = [(text or "").split("|") for text in data.items.rows["GENRES"].to_pylist()]
    names = sorted({name for some in genres for name in some})
    has = np.array([[name in some for name in names] for some in genres])
    counts = np.bincount(data.interactions.items, minlength=len(genres))
    known = has & (counts > 0)[:, None]
    popularity = (known * counts[:, None]).sum(0) / np.maximum(known.sum(0), 1)
    return np.asarray((has * popularity).sum(1) / has.sum(1))
