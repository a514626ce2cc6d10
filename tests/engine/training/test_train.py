"""`train` from Parquet to a model's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine.progress import Progress
from pzdecl.engine.recipes.base import ParameterError
from pzdecl.engine.serving.files import read_model
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.train import train
from tests.engine.training.worlds import cycle, write

KEYS = [
    "coverage",
    "mean_reciprocal_rank_at_25",
    "normalized_discounted_cumulative_gain_at_10",
    "normalized_discounted_cumulative_gain_at_25",
    "normalized_discounted_cumulative_gain_at_5",
    "precision_at_10",
    "precision_at_25",
    "precision_at_5",
]


def run(folder: Path, recipe: str, parts: dict[str, list[Path]], **solution: Any) -> dict[str, float]:
    return train(recipe, parts, solution, folder, lambda _: None, lambda: False)


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, list[Path]]:
    return {"INTERACTIONS": [write(tmp_path / "interactions.parquet", cycle())]}


@pytest.mark.parametrize("recipe", ["aws-popularity-count", "aws-sims"])
def test_eight_metrics_and_a_complete_model(recipe: str, parts: dict[str, list[Path]], tmp_path: Path) -> None:
    metrics = run(tmp_path / "model", recipe, parts)
    assert list(metrics) == KEYS
    assert all(value == round(value, 4) for value in metrics.values())
    facts, _ = read_model(tmp_path / "model")
    assert facts["recipe"] == recipe
    assert facts["metrics"] == metrics
    assert (facts["interactions"], facts["users"], facts["items"]) == (2400, 60, 12)
    files = ["evaluation.safetensors", "model.json", "model.safetensors"]
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == files


def test_hrnn_knows_a_circle_that_popularity_does_not(parts: dict[str, list[Path]], tmp_path: Path) -> None:
    hrnn = run(tmp_path / "hrnn", "aws-hrnn", parts)
    popular = run(tmp_path / "popular", "aws-popularity-count", parts)
    assert hrnn["mean_reciprocal_rank_at_25"] > 0.9 > popular["mean_reciprocal_rank_at_25"]
    assert not (tmp_path / "hrnn" / "checkpoint").exists()
    assert json.loads((tmp_path / "hrnn" / "model.json").read_text())["hyperparameters"]["bptt"] == 32


def test_the_same_data_gives_the_same_model(parts: dict[str, list[Path]], tmp_path: Path) -> None:
    for name in "ab":
        run(tmp_path / name, "aws-sims", parts)
    for file in ("model.json", "model.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_items_without_events_count_in_the_coverage(parts: dict[str, list[Path]], tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    full = run(tmp_path / "a", "aws-popularity-count", parts)
    pq.write_table(pa.table({"ITEM_ID": [f"x{n}" for n in range(12)]}), tmp_path / "items.parquet")
    half = run(tmp_path / "b", "aws-popularity-count", {**parts, "ITEMS": [tmp_path / "items.parquet"]})
    assert (full["coverage"], half["coverage"]) == (1.0, 0.5)


def test_filters_come_before_the_minimum(tmp_path: Path) -> None:
    rows = [(*row, "watch" if n % 2 else "click", float(n % 10)) for n, row in enumerate(cycle())]
    part = {"INTERACTIONS": [write(tmp_path / "i.parquet", rows, ["EVENT_TYPE", "EVENT_VALUE"])]}
    run(tmp_path / "model", "aws-sims", part, eventType="WATCH")
    with pytest.raises(TrainingFailed, match="fewer than 1000 interactions after filtering by event type: buy"):
        run(tmp_path / "model", "aws-sims", part, eventType="buy")
    with pytest.raises(TrainingFailed, match="fewer than 1000 interactions"):
        run(tmp_path / "model", "aws-sims", part, solutionConfig={"eventValueThreshold": "6"})
    with pytest.raises(TrainingFailed, match="eventValueThreshold must be a number, not 'high'"):
        run(tmp_path / "model", "aws-sims", part, solutionConfig={"eventValueThreshold": "high"})


def test_a_wrong_hyperparameter_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    config = {"algorithmHyperParameters": {"hidden_dimension": "7"}}
    with pytest.raises(ParameterError, match="an integer from 32 to 256"):
        run(tmp_path, "aws-hrnn", {"INTERACTIONS": [tmp_path / "missing"]}, solutionConfig=config)


def test_cancelled_leaves_no_model_but_its_checkpoint(parts: dict[str, list[Path]], tmp_path: Path) -> None:
    done: list[float] = []

    def report(progress: Progress) -> None:
        done.append(progress.done)

    with pytest.raises(TrainingCancelled):
        train("aws-hrnn", parts, {}, tmp_path / "model", report, lambda: bool(done and done[-1] > 1.2))
    assert [f.name for f in (tmp_path / "model").iterdir()] == ["checkpoint"]
    assert (tmp_path / "model" / "checkpoint" / "checkpoint.safetensors").exists()
