"""Recipes of items on real data, from files to answers: does what is documented hold there?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from pzdecl.engine.data.reading import CsvReader
from pzdecl.engine.data.schema import columns
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.train import train
from tests import datasets

pytestmark = pytest.mark.slow
NDCG = "normalized_discounted_cumulative_gain_at_25"
RECIPES = ("aws-sims", "aws-similar-items", "aws-trending-now", "aws-popularity-count")


def imported(name: str, folder: Path, without: frozenset[str] = frozenset()) -> dict[str, list[Path]]:
    """The data set's Items as an import writes them, and its interactions, but for those with some items."""
    source = datasets.require(name)
    reader = CsvReader(source / "items.csv", columns(json.loads((source / "items.schema.json").read_text())))
    pq.write_table(pa.Table.from_batches(list(reader.blocks())), folder / "items.parquet")
    ids = pyarrow.csv.ConvertOptions(column_types={"USER_ID": pa.string(), "ITEM_ID": pa.string()})
    plain, packed = source / "interactions.csv", source / "interactions.csv.gz"
    table = pyarrow.csv.read_csv(packed if packed.exists() else plain, convert_options=ids)
    kept = np.array([item not in without for item in table["ITEM_ID"].to_pylist()])
    pq.write_table(table.filter(kept), folder / "interactions.parquet")
    return {"INTERACTIONS": [folder / "interactions.parquet"], "ITEMS": [folder / "items.parquet"]}


def trained(
    recipe: str, parts: dict[str, list[Path]], folder: Path, **config: Any
) -> tuple[ServedModel, dict[str, float]]:
    solution = {"solutionConfig": config}
    metrics = train(recipe, parts, solution, folder / recipe, lambda _: None, lambda: False)
    return ServedModel.load(folder / recipe), metrics


def ids(answer: list[dict[str, Any]]) -> list[str]:
    assert all(set(item) == {"itemId"} for item in answer)  # none of these recipes gives scores
    return [item["itemId"] for item in answer]


@pytest.mark.parametrize("name", ["ml-100k", "online-retail"])
def test_documented_behaviour(name: str, tmp_path: Path) -> None:
    parts = imported(name, tmp_path)
    found = {recipe: trained(recipe, parts, tmp_path) for recipe in RECIPES}
    models = {recipe: model for recipe, (model, _) in found.items()}
    popular = ids(models["aws-popularity-count"].get_recommendations("anybody"))
    known = models["aws-sims"].item_ids[7]
    for recipe in ("aws-sims", "aws-similar-items"):
        assert ids(models[recipe].get_recommendations(None, "unheard-of")) == popular
        near = ids(models[recipe].get_recommendations(None, known, 500))
        assert len(near) == len(set(near)) == 500
        assert known not in near
        assert ids(models[recipe].get_recommendations("some user", known)) == near[:25]
    assert found["aws-trending-now"][1]["trend_prediction_accuracy"] > 0.05
    trending = models["aws-trending-now"].get_recommendations()
    assert ids(trending) == ids(models["aws-trending-now"].get_recommendations("some user", known))
    del found["aws-trending-now"]
    ndcg = {recipe: metrics[NDCG] for recipe, (_, metrics) in found.items()}
    assert ndcg["aws-similar-items"] >= ndcg["aws-sims"] > ndcg["aws-popularity-count"]


def test_trends_of_a_day_last(tmp_path: Path) -> None:
    features = {"trend_discovery_frequency": "1 day"}
    parts = imported("ml-100k", tmp_path)
    _, metrics = trained("aws-trending-now", parts, tmp_path, featureTransformationParameters=features)
    assert metrics["trend_prediction_accuracy"] > 0.25


def test_films_that_nobody_saw_have_neighbours_of_their_genres(tmp_path: Path) -> None:
    table = pyarrow.csv.read_csv(
        datasets.require("ml-100k") / "items.csv",
        convert_options=pyarrow.csv.ConvertOptions(column_types={"ITEM_ID": pa.string()}),
    )
    genres = {
        item: frozenset((text or "").split("|"))
        for item, text in zip(table["ITEM_ID"].to_pylist(), table["GENRES"].to_pylist(), strict=True)
    }
    names = sorted(genres)
    rng = np.random.default_rng(0)
    cold = frozenset(rng.choice(names, 160, replace=False).tolist())
    model, _ = trained("aws-similar-items", imported("ml-100k", tmp_path, cold), tmp_path)

    def agreement(item: str, others: list[str]) -> float:
        """The mean share of genres that are common (Jaccard)."""
        mine = genres[item]
        return float(np.mean([len(mine & genres[one]) / len(mine | genres[one]) for one in others]))

    def answer(item: str) -> list[str]:
        return ids(model.get_recommendations(None, item, 10))

    popular = answer("unheard-of")
    found = np.mean([agreement(item, answer(item)) for item in cold])
    chance = np.mean([agreement(item, rng.choice(names, 10).tolist()) for item in cold])
    assert found > 1.4 * max(chance, np.mean([agreement(item, popular) for item in cold]))
