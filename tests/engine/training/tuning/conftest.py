from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine.progress import Progress
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.tuning import search as module
from pzdecl.engine.training.tuning.trials import Trials
from tests.engine.training import worlds
from tests.engine.training.tuning import toys


class Laboratory:
    """A folder with data, and searches in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "work"
        self.folder.mkdir()
        self.log = root / "epochs.log"
        self.data = {"INTERACTIONS": [worlds.write(root / "events.parquet", worlds.cycle())]}
        self.told: list[Progress] = []

    def solution(self, recipe: str = "toy", *, trials: int = 12, **config: Any) -> dict[str, Any]:
        resources = {"maxNumberOfTrainingJobs": str(trials), "maxParallelTrainingJobs": "2"}
        hpo = {"hpoResourceConfig": resources, "algorithmHyperParameterRanges": config.pop("ranges", {})}
        return {
            "performHPO": True,
            "performAutoML": False,
            "recipeArn": f"arn:aws:personalize:::recipe/{recipe}",
            "solutionConfig": {"hpoConfig": hpo, "log": str(self.log), **config},
        }

    def automl(self, *recipes: str, **config: Any) -> dict[str, Any]:
        config["recipeList"] = [f"arn:aws:personalize:::recipe/{name}" for name in recipes]
        return {"performHPO": True, "performAutoML": True, "solutionConfig": {"autoMLConfig": config}}

    def search(self, solution: dict[str, Any], cancelled: Any = None) -> Trials:
        def no() -> bool:
            return False

        return module.search(solution, self.data, self.folder, self.told.append, cancelled or no)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    """With the toy recipes, on a machine of one core."""
    monkeypatch.setattr(module, "cores", lambda: 1)
    for name, recipe in toys.RECIPES.items():
        monkeypatch.setitem(RECIPES, name, recipe)
    return Laboratory(tmp_path)
