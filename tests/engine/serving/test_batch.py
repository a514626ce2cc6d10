"""Answers for many at once are the answers for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pzdecl.engine.serving import batch, blend
from pzdecl.engine.serving.batch import recommend_all
from pzdecl.engine.serving.query import Query
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.train import train
from tests.engine.training.worlds import cycle, write

RECIPES = ("aws-popularity-count", "aws-sims", "aws-hrnn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("models")
    parts = {"INTERACTIONS": [write(base / "interactions.parquet", cycle(users=120, length=20))]}
    for recipe in RECIPES:
        train(recipe, parts, {}, base / recipe, lambda _: None, lambda: False)
    return base


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("dense", [0, 8192], ids=["sparse memory", "dense memory"])
def test_many_answers_are_the_single_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, filtered: bool, dense: int
) -> None:
    monkeypatch.setattr(blend, "DENSE_MOST", dense)
    monkeypatch.setattr(batch, "MOST", 100)
    model = ServedModel.load(folder / recipe)
    of_items = recipe == "aws-sims"
    ids = [*(model.item_ids if of_items else model.user_ids), "nobody"]
    allowed = np.arange(len(model.item_ids)) % 3 == 0 if filtered else None
    found = dict(recommend_all(model, ids, 5, allowed))
    assert list(found) == ids
    for one in ids:
        asked = {"item_id": one} if of_items else {"user_id": one}
        single = model.get_recommendations(**asked, num_results=5, query=Query(allowed=allowed))
        many = model.listed(found[one])
        assert [item["itemId"] for item in many] == [item["itemId"] for item in single]
        scores = [item.get("score", 0.0) for item in many]
        assert scores == pytest.approx([item.get("score", 0.0) for item in single], abs=2e-7)
        assert len(many) == (4 if filtered else 5) or of_items


def test_blocks_are_worked_on_when_they_are_asked_for(folder: Path) -> None:
    asked = []

    def ids() -> Iterator[str]:
        for number in range(10_000):
            asked.append(number)
            yield f"u{number:03}"

    answers = recommend_all(ServedModel.load(folder / "aws-hrnn"), ids(), 3)
    assert asked == []
    assert next(answers)[0] == "u000"
    assert len(asked) == batch.MOST
