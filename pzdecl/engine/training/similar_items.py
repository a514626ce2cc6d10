"""Fits aws-similar-items: counts as aws-sims does, vectors for what the counts leave open, vectors of metadata.

`leads` and `follows` are item2vec (O. Barkan and N. Koenigstein, 2016) in closed form: the factors of how much
likelier than by chance one item is found close to another,

    leads(i) . follows(j)  ~  max(0, log(closeness(i -> j) * total / (from(i) * to(j) ** SMOOTHING)))

(O. Levy and Y. Goldberg, "Neural word embedding as implicit matrix factorization", NIPS 2014; the exponent is
from Levy, Goldberg and Dagan, TACL 3, 2015). `data` are the factors of the Items table: categories, words and
buckets of numbers, weighted by their rarity, of length one. An item with fewer than COLD interactions has no
place of its own in the histories. It gets the vectors that its data suggest: a ridge regression from `data`
that is fitted to all others (Z. Gantner et al., "Learning attribute-to-feature mappings for cold-start
recommendations", ICDM 2010), stretched to their usual length.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.tables import Table
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.serving.similar_items import similar
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.features.design import cells_of, side_design
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.popularity import by_popularity
from pzdecl.engine.training.related.closeness import blocks
from pzdecl.engine.training.related.factors import factors
from pzdecl.engine.training.related.histories import distinct, newest_items
from pzdecl.engine.training.related.lists import Lists

COLD = 5
SMOOTHING = 0.75
RIDGE = 3.0


class SimilarItems:
    """Counts and vectors of all items."""

    def __init__(self, data: TrainingData, job: Job) -> None:
        self.job = job
        self.tensors = _tensors(data, job)

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """What is similar to the newest item that each user was shown; popular items without one."""
        discount = float(self.job.parameters["popularity_discount_factor"])
        newest = newest_items(shown, users)
        lists = np.full((len(users), count), -1, np.int32)
        for item in np.unique(newest).tolist():
            found = similar(self.tensors, item if item >= 0 else None, count, discount)
            lists[newest == item, : len(found)] = found
        return lists

    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """Counts and factorises again, over everybody."""
        return SimilarItems(data, self.job).tensors


def fit_similar_items(data: TrainingData, job: Job) -> SimilarItems:
    """Counts pairs, then factorises the counts and the Items table."""
    return SimilarItems(data, job)


def _tensors(data: TrainingData, job: Job) -> dict[str, NDArray[Any]]:
    """What `serving.similar_items` reads.

    popular                         int32[N], the most popular first
    users                           int32[N], how many had each item
    offsets, neighbours, closeness  of the closest items of each, see `Lists.tensors`
    leads, follows                  float32 (N, item_id_hidden_dim)
    data                            float32 (N, item_metadata_hidden_dim)
    """
    histories = distinct(data.interactions)
    counted = _counted(histories, job)
    users = np.bincount(histories.items, minlength=len(histories.item_ids))
    leads, follows = _taken_up(counted, len(users), job)
    described = _described(data.items, len(users), job)
    cold = users < COLD
    return {
        "popular": by_popularity(data.interactions),
        "users": users.astype(np.int32),
        **counted,
        "leads": _with_cold(leads, described, cold),
        "follows": _with_cold(follows, described, cold),
        "data": described,
    }


def _counted(histories: Interactions, job: Job) -> dict[str, NDArray[Any]]:
    lists = Lists()
    for _, last, near in blocks(histories):
        _alive(job)
        lists.add(near.real)
        job.report(Progress("items", last, len(histories.item_ids)))
    return lists.tensors()


def _taken_up(counted: dict[str, NDArray[Any]], count: int, job: Job) -> tuple[NDArray[Any], NDArray[Any]]:
    """`leads` and `follows`, float32 (N, item_id_hidden_dim)."""
    from scipy import sparse

    closeness, to = counted["closeness"].astype(np.float64), counted["neighbours"]
    origin = np.repeat(np.arange(count), np.diff(counted["offsets"]))
    out = np.bincount(origin, closeness, count)
    into = np.bincount(to, closeness, count) ** SMOOTHING
    lift = np.maximum(np.log(closeness * into.sum() / (out[origin] * into[to])), 0).astype(np.float32)
    matrix = sparse.csr_matrix((lift, to, counted["offsets"]), shape=(count, count))
    return factors(matrix, int(job.parameters["item_id_hidden_dim"]), job.seed, lambda: _alive(job))


def _described(items: Table | None, count: int, job: Job) -> NDArray[np.float32]:
    """`data`, float32 (N, item_metadata_hidden_dim): vectors of length one, zero where nothing is known."""
    from scipy import sparse

    width = int(job.parameters["item_metadata_hidden_dim"])
    design = side_design(items)
    if items is None or not design.columns:
        return np.zeros((count, width), np.float32)
    cells = cells_of(design, items.rows)
    matrix = sparse.csr_matrix((cells.weights, cells.columns, cells.offsets), shape=(count, design.width))
    matrix = sparse.diags(np.asarray(items.known, np.float32)) @ matrix
    have = np.bincount(matrix.indices[matrix.data != 0], minlength=design.width)
    rarity = np.log((count + 1) / (have + 1)).astype(np.float32)
    left, _ = factors((matrix @ sparse.diags(rarity)).tocsr(), width, job.seed, lambda: _alive(job))
    lengths = np.linalg.norm(left, axis=1, keepdims=True)
    return np.asarray(np.divide(left, lengths, out=np.zeros_like(left), where=lengths > 1e-6))


def _with_cold(vectors: NDArray[Any], described: NDArray[Any], cold: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The vectors, those of cold items by regression; of cold items without data zero."""
    known = np.asarray(np.any(described != 0, axis=1))
    taught = known & ~cold
    guessed = np.zeros_like(vectors)
    if taught.any():
        inputs = np.column_stack([described, np.ones(len(described))])
        x, y = inputs[taught], vectors[taught]
        weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(inputs.shape[1]), x.T @ y)
        fitted = x @ weights
        stretch = np.linalg.norm(y, axis=1).mean() / max(np.linalg.norm(fitted, axis=1).mean(), 1e-9)
        guessed[known] = inputs[known] @ weights * stretch
    return np.asarray(np.where(cold[:, None], guessed, vectors), np.float32)


def _alive(job: Job) -> None:
    if job.cancelled():
        raise TrainingCancelled
