"""What trained models answer, read back from their files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pzdecl.engine.serving.files import FACTS, Ids, map_tensors, read_model, write_model
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.train import train
from tests.engine.training.worlds import cycle, write

RECIPES = ("aws-popularity-count", "aws-sims", "aws-hrnn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("models")
    hits = [(f"u{user:03}", "hit", 1_000_000 + 60 * n) for user in range(0, 60, 2) for n in range(15)]
    rows = [*cycle(), *hits]
    parts = {"INTERACTIONS": [write(base / "interactions.parquet", rows)]}
    config = {"featureTransformationParameters": {"max_item_interaction_count_percentile": "1.0"}}
    for recipe in RECIPES:
        solution = {"solutionConfig": config} if recipe == "aws-sims" else {}
        train(recipe, parts, solution, base / recipe, lambda _: None, lambda: False)
    return base


@pytest.fixture
def models(folder: Path) -> dict[str, ServedModel]:
    return {recipe: ServedModel.load(folder / recipe) for recipe in RECIPES}


def test_popularity_is_the_same_for_all_without_scores(models: dict[str, ServedModel]) -> None:
    model = models["aws-popularity-count"]
    answer = model.get_recommendations("u001", num_results=4)
    assert [set(item) for item in answer] == [{"itemId"}] * 4
    assert answer == model.get_recommendations("nobody", num_results=4)
    assert model.get_recommendations("u001")[-1] == {"itemId": "hit"}


def test_sims_answers_for_the_item_and_gives_popular_ones_for_the_unknown(
    models: dict[str, ServedModel],
) -> None:
    model = models["aws-sims"]
    near = [item["itemId"] for item in model.get_recommendations("u001", "i05", 2)]
    assert set(near) == {"i04", "i06"}
    popular = models["aws-popularity-count"].get_recommendations("u001", num_results=5)
    assert model.get_recommendations(None, "unheard-of", 5) == popular
    assert "i05" not in [item["itemId"] for item in model.get_recommendations(None, "i05", 500)]


def test_hrnn_goes_on_where_the_user_is_and_ignores_the_item(models: dict[str, ServedModel]) -> None:
    model = models["aws-hrnn"]
    rows = cycle()
    last = {user: int(item[1:]) for user, item, _ in rows}
    odd = [user for user in last if int(user[1:]) % 2]
    right = [
        model.get_recommendations(user, num_results=1)[0]["itemId"] == f"i{(last[user] + 1) % 12:02}"
        for user in odd
    ]
    assert sum(right) > 0.9 * len(odd)
    assert model.get_recommendations("u001", "i05") == model.get_recommendations("u001")


def test_hrnn_scores_are_a_softmax_over_all_items(models: dict[str, ServedModel]) -> None:
    for user in ("u001", "nobody"):
        answer = models["aws-hrnn"].get_recommendations(user, num_results=500)
        scores = [item["score"] for item in answer]
        assert len(answer) == 13
        assert sum(scores) == pytest.approx(1.0, abs=1e-5)
        assert scores == sorted(scores, reverse=True)
        assert all(score == round(score, 7) for score in scores)


def test_a_new_user_gets_what_is_popular_now(models: dict[str, ServedModel]) -> None:
    answer = models["aws-hrnn"].get_recommendations("nobody", num_results=5)
    assert "hit" in [item["itemId"] for item in answer]


@pytest.mark.parametrize("count", [0, 1, 25])
def test_as_many_as_asked_for(models: dict[str, ServedModel], count: int) -> None:
    for recipe, model in models.items():
        there = 12 if recipe == "aws-sims" else 13  # not the item itself
        assert len(model.get_recommendations("u001", "i05", count)) == min(count, there)


def test_ranking_keeps_to_the_list_and_puts_the_unknown_last(models: dict[str, ServedModel]) -> None:
    ranked = models["aws-hrnn"].get_personalized_ranking("u001", ["what", "i01", "i02", "hit", "i01"])
    assert {item["itemId"] for item in ranked} == {"what", "i01", "i02", "hit"}
    assert ranked[-1] == {"itemId": "what"}
    assert sum(item["score"] for item in ranked[:-1]) == pytest.approx(1.0, abs=1e-6)
    popular = models["aws-popularity-count"].get_personalized_ranking("u001", ["what", "hit", "i01"])
    assert popular == [{"itemId": "i01"}, {"itemId": "hit"}, {"itemId": "what"}]
    assert models["aws-hrnn"].get_personalized_ranking("nobody", ["what"]) == [{"itemId": "what"}]


@pytest.mark.parametrize("missing", [None, ""])
def test_missing_ids_are_refused(models: dict[str, ServedModel], missing: str | None) -> None:
    for recipe in ("aws-hrnn", "aws-popularity-count"):
        with pytest.raises(ValueError, match="userId is required"):
            models[recipe].get_recommendations(missing, "i05")
        with pytest.raises(ValueError, match="userId is required"):
            models[recipe].get_personalized_ranking(missing, ["i05"])
    with pytest.raises(ValueError, match="itemId is required"):
        models["aws-sims"].get_recommendations("u001", missing)
    with pytest.raises(ValueError, match="does not rank"):
        models["aws-sims"].get_personalized_ranking("u001", ["i05"])


def test_serving_needs_no_torch(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pzdecl.engine.serving.served import ServedModel;"
        f"m = ServedModel.load(Path({str(folder / 'aws-hrnn')!r}));"
        "print(len(m.get_recommendations('u001')), 'torch' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["13", "False"]


def test_files_are_mapped_and_come_back_as_written(tmp_path: Path) -> None:
    tensors = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([True, False]),
        "empty": np.zeros((0, 4), np.int32),
    }
    write_model(tmp_path, {"recipe": "r"}, tensors)
    facts, read = read_model(tmp_path)
    assert facts == {"format": 1, "recipe": "r"}
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.dtype
        assert np.array_equal(read[name], tensor)
    assert not map_tensors(tmp_path / "model.safetensors")["a"].flags.writeable


def test_an_incomplete_or_foreign_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ServedModel.load(tmp_path)
    write_model(tmp_path, {"recipe": "r"}, {})
    (tmp_path / FACTS).write_text('{"format": 99}')
    with pytest.raises(ValueError, match="format 99"):
        read_model(tmp_path)


def test_ids_are_found_without_reading_them_all() -> None:
    names = sorted(["", "a", "ab", "b", "zürich", "日本", "𝄞"])
    ids = Ids.unpack("x", Ids.pack("x", names))
    assert list(ids) == names
    assert [ids.find(name) for name in names] == list(range(len(names)))
    assert ids.find("aa") is None
    assert ids.find("~~") is None
    assert ids[-1] == names[-1]
    assert ids[1:3] == names[1:3]
    assert ids.some([4, 0, 5]) == [names[4], names[0], names[5]]
    assert ids.find("\ud800") is None, "half a character"
    assert Ids.unpack("x", Ids.pack("x", [])).find("a") is None
