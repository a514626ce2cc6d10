"""aws-similar-items: what is counted, what vectors add, and items that nobody took up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from pzdecl.engine.data.tables import Kind, Table
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.recipes.base import ParameterError
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.serving.files import Ids
from pzdecl.engine.serving.query import Query, Stored
from pzdecl.engine.serving.similar_items import PRIOR, SimilarItemsAnswers, relation, similar
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.related.closeness import blocks
from pzdecl.engine.training.related.factors import factors
from pzdecl.engine.training.similar_items import SimilarItems, fit_similar_items
from tests.engine.training.worlds import interactions, job

RECIPE = "aws-similar-items"
KINDS: dict[str, Kind] = {"GENRES": "categorical", "TITLE": "text"}


def histories() -> list[list[int]]:
    """Everybody takes up one of two halves of the first twenty items, in any order."""
    rng = np.random.default_rng(0)
    return [(rng.permutation(10) + 10 * (user % 2)).tolist() for user in range(60)]


def catalogue(count: int = 24) -> Table:
    """Of items 0-9 and 20, 21 the genre is red, of the others blue; of the last nothing is known."""
    red = [item < 10 or item in (20, 21) for item in range(count)]
    known = np.array([item < count - 1 for item in range(count)])
    genres = pa.array(["red|all" if one else "blue|all" for one in red], mask=~known)
    titles = pa.array(["crimson tale" if one else "azure tale" for one in red], mask=~known)
    return Table(pa.table({"GENRES": genres, "TITLE": titles}), KINDS, known)


def model(folder: Path, items: Table | None = None) -> SimilarItems:
    data = TrainingData(interactions(histories(), 24), items)
    return fit_similar_items(data, job(folder, RECIPE))


def halves(found: Any) -> set[str]:
    return {"red" if item < 10 or item in (20, 21) else "blue" for item in found}


def test_what_goes_together_is_similar(tmp_path: Path) -> None:
    tensors = model(tmp_path).tensors
    for item in range(20):
        found = similar(tensors, item, 9, 0.0)
        assert item not in found
        assert halves(found) == halves([item])


def test_items_that_nobody_took_up_are_like_those_of_their_kind(tmp_path: Path) -> None:
    tensors = model(tmp_path, catalogue()).tensors
    for item in (20, 21, 22):
        assert halves(similar(tensors, item, 8, 0.0)) == halves([item])
    # Where popular items have no advantage, the other new one of the kind comes first.
    assert 21 in similar(tensors, 20, 2, 1.0)


def test_without_data_or_interactions_popular_items_remain(tmp_path: Path) -> None:
    fitted = model(tmp_path, catalogue())
    popular = fitted.tensors["popular"]
    assert similar(fitted.tensors, None, 5, 0.0).tolist() == popular[:5].tolist()
    assert similar(fitted.tensors, 23, 5, 0.0).tolist() == popular[:5].tolist()
    assert not fitted.tensors["data"][23].any()
    assert not model(tmp_path).tensors["data"].any()


def test_the_relation_is_the_formula(tmp_path: Path) -> None:
    tensors = model(tmp_path, catalogue()).tensors
    near = np.concatenate([block.near.toarray() for block in blocks(interactions(histories(), 24))]).real
    for item in (3, 22):
        raised = (1.0 + tensors["users"]) * np.exp(
            tensors["follows"] @ tensors["leads"][item] + 2 * tensors["data"] @ tensors["data"][item]
        )
        wanted = (near[item] + PRIOR * raised / raised.sum()) / (1 + tensors["users"]) ** 0.3
        np.testing.assert_allclose(relation(tensors, item, 0.3), wanted, rtol=1e-4)


def test_filters_and_counts(tmp_path: Path) -> None:
    facts = {"hyperparameters": {"popularity_discount_factor": 0.0}}
    ids = Ids.unpack("x", Ids.pack("x", [f"i{n:02}" for n in range(24)]))
    answers = SimilarItemsAnswers(Stored(facts, model(tmp_path).tensors, ids, ids))
    allowed = np.zeros(24, bool)
    allowed[[1, 2, 15]] = True
    for item, found in ((1, {2, 15}), (7, {1, 2, 15}), (None, {1, 2, 15})):
        assert set(answers.answer(Query(item=item, allowed=allowed)).items.tolist()) == found
    assert len(answers.answer(Query(item=0, count=500)).items) == 23
    assert len(answers.answer(Query(item=0, count=0)).items) == 0


def test_the_newest_item_is_what_the_evaluation_asks_about(tmp_path: Path) -> None:
    fitted = model(tmp_path)
    lists = fitted.recommend(interactions([[], [12, 3], [4, 13]], 24), np.array([0, 1, 2]), 9)
    assert lists[0].tolist() == fitted.tensors["popular"][:9].tolist()
    assert [halves(row) for row in lists[1:]] == [{"red"}, {"blue"}]


def test_the_same_seed_gives_the_same_vectors(tmp_path: Path) -> None:
    first, second = (model(tmp_path, catalogue()).tensors for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("shown", [[[0]], [[0, 0, 0]], [[], []]])
def test_one_item_or_none(shown: list[list[int]], tmp_path: Path) -> None:
    fitted = fit_similar_items(TrainingData(interactions(shown, 1)), job(tmp_path, RECIPE))
    assert similar(fitted.tensors, 0, 5, 0.0).tolist() == []


def test_a_cancelled_fit_ends(tmp_path: Path) -> None:
    stopped = Job(job(tmp_path, RECIPE).parameters, 0, lambda _: None, lambda: True, tmp_path)
    with pytest.raises(TrainingCancelled):
        fit_similar_items(TrainingData(interactions([[0, 1]], 2)), stopped)


def test_the_factors_are_the_best_of_their_width() -> None:
    rng = np.random.default_rng(3)
    dense = rng.standard_normal((60, 8)) @ rng.standard_normal((8, 40)) + 0.01 * rng.standard_normal((60, 40))
    left, right = factors(sparse.csr_matrix(dense.astype(np.float32)), 8, 0, lambda: None)
    values = np.linalg.svd(dense, compute_uv=False)
    assert np.linalg.norm(dense - left @ right.T) == pytest.approx(np.linalg.norm(values[8:]), rel=0.01)
    wide = factors(sparse.csr_matrix(np.eye(3, dtype=np.float32)), 5, 0, lambda: None)
    np.testing.assert_allclose(wide[0] @ wide[1].T, np.eye(3), atol=1e-5)
    assert wide[0].shape == (3, 5)


def test_the_widths_can_only_be_searched() -> None:
    for name in ("item_id_hidden_dim", "item_metadata_hidden_dim"):
        with pytest.raises(ParameterError, match=f"{name} can only be optimised: expected a range"):
            RECIPES[RECIPE].parameters({"algorithmHyperParameters": {name: "50"}})
