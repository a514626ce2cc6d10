"""Related items: how well aws-sims and aws-similar-items find the next item, and how fast aws-sims counts.

Leave last out, as `tests.bench.quality` does it: the query is the item before the last of each user; what the
user had is removed from the answers. What is compared on ml-1m is among all items: the recipe's own default
leaves the most popular tenth out, as the service does, and with them half of what is looked for.

The peer is implicit's CosineRecommender(K=100), fitted to the same events in the same process, by turns.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy import sparse

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.recipes.registry import RECIPES
from tests.bench.quality.data import training_data
from tests.bench.quality.measure import job, ranking
from tests.bench.quality.protocols import first_hit, leave_last_out
from tests.bench.report import Report

LOO = ranking(leave_last_out, first_hit)
FIGURE = "unseen NDCG@10"
WHOLE = {"min_item_interaction_count_percentile": 0.0, "max_item_interaction_count_percentile": 1.0}
TWICE_KNN = 0.086
"""Two times what the best item-kNN peer of the reference reaches."""
TIMES = 5


def bench(report: Report, scratch: Path) -> None:
    _quality(report)
    _speed(report, scratch / "related")


def _quality(report: Report) -> None:
    whole, usual = ndcg("ml-1m", "aws-sims", WHOLE), ndcg("ml-1m", "aws-sims", {})
    name = "aws-sims on ml-1m, all items: NDCG@10"
    if whole is None:
        report.skip(name, "set PZDECL_DATA to a folder that holds splits/ml-1m/")
    else:
        report.add(name, whole, TWICE_KNN, f"seen items removed; with every default {usual:.4f}", at_least=True)
    for data in ("ml-100k", "online-retail"):
        name = f"aws-similar-items over aws-sims, {data}: NDCG@10"
        similar, sims = ndcg(data, "aws-similar-items", {}), ndcg(data, "aws-sims", WHOLE)
        if similar is None or sims is None:
            report.skip(name, f"set PZDECL_DATA to a folder that holds splits/{data}/")
        else:
            report.add(name, similar / sims, 1, f"{similar:.4f} / {sims:.4f}, all items", at_least=True)


def ndcg(data: str, recipe: str, parameters: Mapping[str, Any]) -> float | None:
    found = LOO(data, recipe, parameters, 0)
    return None if found is None else found.scores[FIGURE]


def _speed(report: Report, scratch: Path) -> None:
    held = leave_last_out("ml-1m")
    name = "aws-sims fit on ml-1m: times implicit's cosine"
    if held is None:
        report.skip(name, "set PZDECL_DATA to a folder that holds splits/ml-1m/")
        return
    data = training_data("ml-1m", held.training, scratch)
    around = job("aws-sims", WHOLE, 0, scratch / "job")
    peer = importlib.util.find_spec("implicit") and cosine(data.interactions)
    ours, theirs = [], []
    for _ in range(TIMES):
        ours.append(seconds(lambda: RECIPES["aws-sims"].trainer()(data, around)))
        if peer:
            theirs.append(seconds(peer))
    if peer:
        basis = f"{median(ours):.2f} s / {median(theirs):.2f} s, medians of {TIMES}, all items"
        report.add(name, median(ours) / median(theirs), 1, basis)
    else:
        report.skip(name, f"{median(ours):.2f} s; to compare: pip install --group bench")


def cosine(data: Interactions) -> Callable[[], None]:
    """Fits the peer to who had what."""
    from implicit.nearest_neighbours import CosineRecommender

    ones, shape = np.ones(len(data), np.float32), (len(data.user_ids), len(data.item_ids))
    matrix = sparse.csr_matrix((ones, (data.users, data.items)), shape=shape)
    return lambda: CosineRecommender(K=100).fit(matrix, show_progress=False)


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
