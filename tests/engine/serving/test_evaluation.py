"""What a training leaves to look at: the metrics of each test user, and the learning curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pzdecl.engine.progress import Progress
from pzdecl.engine.serving.evaluation import read_evaluation, write_evaluation
from pzdecl.engine.serving.files import write_model
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.metrics import Evaluation
from pzdecl.engine.training.train import train
from tests.engine.training.worlds import cycle, write


def test_values_come_back_beside_their_users(tmp_path: Path) -> None:
    found = Evaluation({"coverage": 0.5}, ["zoë", "ann", "bob"]).with_values(
        {"x": np.array([0.3, np.nan, 0.1])}
    )
    write_evaluation(tmp_path, found)
    write_model(tmp_path, {"recipe": "r", "curve": [{"epoch": 1}]}, {})
    read = read_evaluation(tmp_path)
    assert read.ids == ["ann", "bob", "zoë"], "sorted, for any order that they were measured in"
    assert read.each["x"].tolist()[1:] == [0.1, 0.3]
    assert np.isnan(read.each["x"][0])
    assert read.curve == [{"epoch": 1}]


def test_what_was_not_written_is_empty(tmp_path: Path) -> None:
    assert read_evaluation(tmp_path / "nothing").ids == []
    write_model(tmp_path, {"recipe": "r"}, {})
    old = read_evaluation(tmp_path)
    assert (list(old.ids), dict(old.each), list(old.curve)) == ([], {}, [])


def test_the_curve_has_all_epochs_of_a_training_that_was_interrupted(tmp_path: Path) -> None:
    parts = {"INTERACTIONS": [write(tmp_path / "i.parquet", cycle())]}
    told: list[Progress] = []
    with pytest.raises(TrainingCancelled):
        train("aws-hrnn", parts, {}, tmp_path / "m", told.append, lambda: bool(told and told[-1].done > 2.2))
    metrics = train("aws-hrnn", parts, {}, tmp_path / "m", told.append, lambda: False)
    read = read_evaluation(tmp_path / "m")
    assert [point["epoch"] for point in read.curve] == list(range(1, len(read.curve) + 1))
    assert len(read.curve) > 3
    assert read.curve[-1]["validation_loss"] < read.curve[0]["validation_loss"]
    for name, values in read.each.items():
        assert metrics[name] == round(float(values.mean()), 4)
    assert len(read.ids) == 6, "one user in ten"
