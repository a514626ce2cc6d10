"""Searches find what is best, spend no more than they may, and go on where they were."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pzdecl.engine.recipes.ranges import OBJECTIVE
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.split import split
from pzdecl.engine.training.tuning import task
from pzdecl.engine.training.tuning.trials import read_trials
from tests.engine.training.tuning import toys
from tests.engine.training.tuning.conftest import Laboratory
from tests.engine.training.tuning.toys import EPOCHS, OPTIMUM


def width(low: int, high: int) -> dict[str, Any]:
    return {"integerHyperParameterRanges": [{"name": "training.width", "minValue": low, "maxValue": high}]}


def epochs(lab: Laboratory) -> list[tuple[int, bool, int]]:
    return [tuple(json.loads(line)) for line in lab.log.read_text().splitlines()]


def test_the_known_optimum_is_found(lab: Laboratory) -> None:
    found = lab.search(lab.solution(trials=25))
    assert found.chosen == "toy"
    assert abs(int(found.parameters["width"]) - OPTIMUM) <= 10
    assert found.parameters["mask"] is True
    assert set(found.parameters) == {"width", "mask", "handicap"}
    (candidate,) = found.candidates
    assert len(candidate.trials) == candidate.wanted == 25
    assert {trial.state for trial in candidate.trials} == {"complete", "pruned"}


def test_the_first_trial_is_what_would_be_trained_without_a_search(lab: Laboratory) -> None:
    found = lab.search(lab.solution(trials=2))
    assert found.candidates[0].trials[0].parameters == {"width": 200, "mask": False}


def test_equal_input_gives_equal_trials(lab: Laboratory) -> None:
    first = lab.search(lab.solution())
    (lab.folder / "trials.json").unlink()
    second = lab.search(lab.solution())
    assert [t.parameters for t in first.candidates[0].trials] == [
        t.parameters for t in second.candidates[0].trials
    ]


def test_hopeless_trials_stop_early(lab: Laboratory) -> None:
    (candidate,) = lab.search(lab.solution(trials=15)).candidates
    pruned = [trial for trial in candidate.trials if trial.state == "pruned"]
    complete = [trial for trial in candidate.trials if trial.state == "complete"]
    assert pruned
    assert all(trial.value is None for trial in pruned)
    assert all(max(trial.losses) < EPOCHS for trial in pruned)
    best = candidate.best
    assert best is not None
    assert all(min(trial.losses.values()) > min(best.losses.values()) for trial in pruned)
    begun = len(epochs(lab))
    assert begun < len(candidate.trials) * EPOCHS
    assert begun >= len(complete) * EPOCHS


def test_declared_ranges_bound_the_search_and_the_rest_stays(lab: Laboratory) -> None:
    found = lab.search(lab.solution(ranges=width(100, 120), algorithmHyperParameters={"mask": "true"}))
    tried = [trial.parameters for trial in found.candidates[0].trials]
    assert all(set(one) == {"width"} and 100 <= int(one["width"]) <= 120 for one in tried)
    assert found.parameters["width"] == min(int(one["width"]) for one in tried)
    assert found.parameters["mask"] is True


def test_no_point_is_tried_twice(lab: Laboratory) -> None:
    (candidate,) = lab.search(lab.solution(ranges=width(100, 104), trials=40)).candidates
    tried = sorted(int(trial.parameters["width"]) for trial in candidate.trials)
    assert tried == [100, 101, 102, 103, 104]


def test_a_trial_that_fails_is_no_end(lab: Laboratory) -> None:
    found = lab.search(lab.solution(ranges=width(100, 104), broken=[100, 103]))
    failed = [trial for trial in found.candidates[0].trials if trial.state == "failed"]
    assert {trial.parameters["width"] for trial in failed} == {100, 103}
    assert {trial.reason for trial in failed} == {"This width cannot be trained."}
    assert found.parameters["width"] == 101


def test_a_bug_in_one_trial_is_no_end(lab: Laboratory) -> None:
    found = lab.search(lab.solution(ranges=width(100, 104), buggy=[100, 103]))
    failed = [trial for trial in found.candidates[0].trials if trial.state == "failed"]
    assert {trial.parameters["width"] for trial in failed} == {100, 103}
    assert {trial.reason for trial in failed} == {"Internal error in the built-in engine: KeyError: 'a bug'"}
    assert found.parameters["width"] == 101


def test_where_every_trial_fails_the_training_does(lab: Laboratory) -> None:
    with pytest.raises(TrainingFailed, match="This width cannot be trained"):
        lab.search(lab.solution(ranges=width(100, 139), trials=40, broken=list(range(100, 140))))
    trials = read_trials(lab.folder)
    assert trials is not None
    assert len(trials.candidates[0].trials) == 3


def test_networks_tell_their_validation_losses(lab: Laboratory) -> None:
    """By which they can be given up: the epochs' progress has them."""
    found = lab.search(lab.solution("aws-hrnn", trials=1))
    (trial,) = found.candidates[0].trials
    assert trial.parameters == {"hidden_dimension": 43, "bptt": 32, "recency_mask": True}
    assert len(trial.losses) > 1
    assert trial.losses[max(trial.losses)] < trial.losses[min(trial.losses)]
    assert trial.value is not None
    assert trial.value > 0.5


def test_the_final_test_users_take_no_part(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []

    def measure(fit: Any, data: Any, job: Any) -> Any:
        seen.append(set(data.interactions.users.tolist()))
        return toys.measure(fit, data, job)

    monkeypatch.setitem(RECIPES, "toy", replace(RECIPES["toy"], protocol=lambda: measure))
    lab.search(lab.solution(trials=1))
    everybody, trying = seen
    data = task.read_data(RECIPES["toy"], lab.data, {}).interactions
    test_users = set(split(data, 0).test_users.tolist())
    assert test_users
    assert trying == everybody - test_users


def test_a_cancelled_search_goes_on_without_doing_anything_twice(lab: Laboratory) -> None:
    whole = lab.search(lab.solution())
    expected = epochs(lab)
    (lab.folder / "trials.json").unlink()
    lab.log.unlink()
    turns = 0
    while True:
        limit = len(epochs(lab)) + 7 if lab.log.exists() else 7

        def enough(limit: int = limit) -> bool:
            return lab.log.exists() and len(epochs(lab)) >= limit

        try:
            again = lab.search(lab.solution(), enough)
            break
        except TrainingCancelled:
            turns += 1
            assert read_trials(lab.folder) is not None
    assert turns > 5
    assert epochs(lab) == expected
    assert again.parameters == whole.parameters
    assert [t.state for t in again.candidates[0].trials] == [t.state for t in whole.candidates[0].trials]
    assert not (lab.folder / "tuning").exists()


def test_progress_counts_trainings_and_never_goes_back(lab: Laboratory) -> None:
    lab.search(lab.solution(trials=6))
    done = [progress.done for progress in lab.told]
    assert done == sorted(done)
    assert {(progress.unit, progress.total) for progress in lab.told} == {("trainings", 7)}
    assert done[-1] == 6
    assert lab.told[-1].detail["best"] > 0


def test_automl_takes_the_better_recipe_and_keeps_what_the_others_gave(lab: Laboratory) -> None:
    found = lab.search(lab.automl("toy-b", "toy", "toy-items"))
    assert found.chosen == "toy"
    worse, better, impossible = found.candidates
    assert worse.best is not None
    assert better.best is not None
    assert worse.best.metrics[OBJECTIVE] < better.best.metrics[OBJECTIVE]
    assert impossible.trials == []
    assert "ITEMS" in str(impossible.reason)
    assert found.parameters["width"] == better.best.parameters["width"]
    assert {(p.detail["candidate"], p.detail["candidates"]) for p in lab.told} == {(1, 3), (2, 3)}
    assert {p.total for p in lab.told} == {11}
    assert read_trials(lab.folder) == found


def test_automl_compares_on_the_metric_that_is_asked_for(lab: Laboratory) -> None:
    found = lab.search(lab.automl("toy-b", "toy", metricName="coverage"))
    assert found.objective == "coverage"
    assert found.chosen == "toy-b"  # equal: the one named first
    (lab.folder / "trials.json").unlink()
    with pytest.raises(TrainingFailed, match=r"toy: toy is not measured by precision_at_5"):
        lab.search(lab.automl("toy", metricName="precision_at_5"))


def test_automl_without_a_recipe_that_can_be_trained_says_why(lab: Laboratory) -> None:
    with pytest.raises(TrainingFailed, match=r"None of the recipes .* toy-items: toy-items needs .* ITEMS"):
        lab.search(lab.automl("toy-items"))
    trials = read_trials(lab.folder)
    assert trials is not None
    assert "ITEMS" in str(trials.candidates[0].reason)
