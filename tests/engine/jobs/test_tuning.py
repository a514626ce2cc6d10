"""Versions of solutions with performHPO and performAutoML, through the engine's API."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.store import store
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.tuning import search
from tests.contract.clients import (
    RECIPE,
    InProcess,
    dataset,
    group,
    schema,
    settled,
    solution,
    write_interactions,
)
from tests.engine.training.tuning import toys
from tests.waiting import PATIENCE, until

SMALL = {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "4"}}


class Shop:
    """An engine at work, with imported interactions."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(folder / "engine")
        self.service = InProcess(self.engine)
        self.engine.start_worker()
        self.group = group(self.service)
        data = dataset(self.service, self.group, schema(self.service))
        source = {"dataLocation": str(write_interactions(folder / "data.csv"))}
        self.service.call("create_dataset_import_job", jobName="all", datasetArn=data, dataSource=source)

    def start(self, arn: str) -> str:
        return str(self.service.call("create_solution_version", solutionArn=arn)["solutionVersionArn"])

    def finished(self, version: str) -> dict[str, Any]:
        return settled(self.service, "describe_solution_version", "solutionVersion", solutionVersionArn=version)

    def automl(self, *recipes: str) -> str:
        config = {"autoMLConfig": {"recipeList": [RECIPE + name for name in recipes]}}
        params = {
            "name": "best",
            "datasetGroupArn": self.group,
            "performAutoML": True,
            "solutionConfig": config,
        }
        return str(self.service.call("create_solution", **params)["solutionArn"])


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """With the toy recipes, on a machine of one core."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(search, "cores", lambda: 1)
    for name, recipe in toys.RECIPES.items():
        monkeypatch.setitem(RECIPES, name, recipe)
    found = Shop(tmp_path)
    yield found
    found.engine.close()


def test_the_best_hyperparameters_are_trained_and_told(shop: Shop) -> None:
    arn = solution(
        shop.service, shop.group, "tuned", "aws-sims", performHPO=True, solutionConfig={"hpoConfig": SMALL}
    )
    version = shop.finished(shop.start(arn))
    assert version["status"] == "ACTIVE", version.get("failureReason")
    tuned = version["tunedHPOParams"]["algorithmHyperParameters"]
    folder = shop.engine.folder / "models" / "tuned" / version["solutionVersionArn"][-8:]
    used = json.loads((folder / "model.json").read_text())["hyperparameters"]
    assert {name: str(used[name]) for name in tuned} == tuned
    trials = shop.engine.trials(version["solutionVersionArn"])
    assert trials is not None
    assert len(trials.candidates[0].trials) == 4
    best = trials.candidates[0].best
    assert best is not None
    assert all(used[name] == value for name, value in best.parameters.items())
    progress = shop.engine.progress(version["solutionVersionArn"])
    assert progress is not None
    assert (progress.unit, progress.total) == ("trainings", 5)
    assert not (folder / "tuning").exists()


def test_automl_shows_the_best_recipe_and_what_the_others_lack(shop: Shop) -> None:
    arn = shop.automl("toy-items", "toy-b", "toy")
    version = shop.finished(shop.start(arn))
    assert version["status"] == "ACTIVE", version.get("failureReason")
    assert (version["performAutoML"], version["performHPO"]) == (True, True)
    assert version["recipeArn"] == RECIPE + "toy"
    found = shop.service.call("describe_solution", solutionArn=arn)["solution"]
    assert found["autoMLResult"] == {"bestRecipeArn": RECIPE + "toy"}
    trials = shop.engine.trials(version["solutionVersionArn"])
    assert trials is not None
    assert [len(one.trials) for one in trials.candidates] == [0, 5, 5]
    assert "ITEMS" in str(trials.candidates[0].reason)


def test_where_no_recipe_can_be_trained_the_reason_says_why(shop: Shop) -> None:
    version = shop.finished(shop.start(shop.automl("toy-items")))
    assert version["status"] == "CREATE FAILED"
    assert "toy-items needs data of type ITEMS" in version["failureReason"]


def _buggy(*_: Any) -> Any:
    raise ZeroDivisionError("a bug")


def test_a_bug_in_one_recipe_leaves_automl_the_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "toy", replace(RECIPES["toy"], trainer=lambda: _buggy))
    version = shop.finished(shop.start(shop.automl("toy", "toy-b")))
    assert (version["status"], version["recipeArn"]) == ("ACTIVE", RECIPE + "toy-b")
    trials = shop.engine.trials(version["solutionVersionArn"])
    assert trials is not None
    assert trials.candidates[0].reason == "Internal error in the built-in engine: ZeroDivisionError: a bug"
    assert [trial.state for trial in trials.candidates[0].trials] == ["failed"] * 3


def test_the_trials_of_a_search_that_failed_are_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "toy", replace(RECIPES["toy"], trainer=lambda: _buggy))
    version = shop.finished(shop.start(shop.automl("toy", "toy-items")))
    assert version["status"] == "CREATE FAILED"
    assert "toy: Internal error in the built-in engine: ZeroDivisionError" in version["failureReason"]
    shop.engine.stop()
    shop.engine.start_worker()  # which sweeps up
    trials = shop.engine.trials(version["solutionVersionArn"])
    assert trials is not None
    assert [len(one.trials) for one in trials.candidates] == [3, 0]
    arn = version["solutionVersionArn"].rpartition("/")[0]
    shop.service.call("delete_solution", solutionArn=arn)
    assert not list((shop.engine.folder / "models").glob("best/*"))


def test_a_recipe_without_its_dataset_fails_in_clear_words(shop: Shop) -> None:
    version = shop.finished(shop.start(solution(shop.service, shop.group, "s", "toy-items")))
    assert version["status"] == "CREATE FAILED"
    assert version["failureReason"] == (
        "toy-items needs data of type ITEMS: import it into the dataset group first."
    )


def test_a_search_can_be_stopped(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def fit(data: Any, job: Any) -> Any:
        begun.set()
        while not job.cancelled():
            time.sleep(0.01)
        raise TrainingCancelled

    monkeypatch.setitem(RECIPES, "toy", replace(RECIPES["toy"], trainer=lambda: fit))
    version = shop.start(solution(shop.service, shop.group, "s", "toy", performHPO=True))
    assert begun.wait(PATIENCE)
    shop.service.call("stop_solution_version_creation", solutionVersionArn=version)
    assert shop.finished(version)["status"] == "CREATE STOPPED"
    until(lambda: list((shop.engine.folder / "staging").iterdir()), lambda left: not left)
