"""Engines with something to import and to train on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.recipes.base import Recipe
from pzdecl.engine.store import store
from pzdecl.engine.training import train as training
from tests.contract.clients import InProcess, dataset, group, schema, solution, write_interactions
from tests.engine.jobs import programs
from tests.engine.jobs.programs import Halt, slow_train


class Bench:
    """An engine with a dataset group, a dataset and a solution, and nothing imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "engine"
        self.data = folder
        self.log = folder / "steps.log"
        self.engine = Engine(self.folder)
        self.service = InProcess(self.engine)
        self.group = group(self.service)
        self.dataset = dataset(self.service, self.group, schema(self.service))
        config = {"algorithmHyperParameters": {"log": str(self.log)}}
        self.solution = solution(self.service, self.group, solutionConfig=config)

    @property
    def halt(self) -> Halt:
        """Where trainings in this process stand still."""
        return programs.HALT

    def reopen(self) -> None:
        self.engine.close()
        self.engine = Engine(self.folder)
        self.service = InProcess(self.engine)

    def start_import(self, name: str, rows: int = 1200, mode: str = "FULL", seed: int = 1) -> str:
        path = write_interactions(self.data / f"{name}.csv", rows, seed=seed)
        return str(
            self.service.call(
                "create_dataset_import_job",
                jobName=name,
                datasetArn=self.dataset,
                dataSource={"dataLocation": str(path)},
                importMode=mode,
            )["datasetImportJobArn"]
        )

    def start_training(self) -> str:
        return str(
            self.service.call("create_solution_version", solutionArn=self.solution)["solutionVersionArn"]
        )

    def version(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.service.call("describe_solution_version", solutionVersionArn=arn)
        return dict(found["solutionVersion"])

    def rows(self) -> int:
        """Rows in the dataset's parts, as the files have them."""
        import pyarrow.parquet as pq

        with self.engine._context.store.read() as reader:
            parts = reader.parts(self.dataset)
        assert all(pq.read_metadata(self.folder / part.path).num_rows == part.rows for part in parts)
        return sum(part.rows for part in parts)

    def files(self) -> set[str]:
        """Everything in the engine's folder besides the database."""
        return {
            (Path(folder) / name).relative_to(self.folder).as_posix()
            for place in ("datasets", "models", "staging")
            for folder, _, names in os.walk(self.folder / place)  # which passes over what goes meanwhile
            for name in names
        }


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Trainings are `slow_train`; the recipe takes its parameters as they come."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(training, "train", slow_train)
    monkeypatch.setattr(programs, "HALT", Halt())
    monkeypatch.setattr(Recipe, "problems", lambda self, config: [])
    found = Bench(tmp_path)
    yield found
    found.engine.close()
