"""Columns that trainings leave out: those of the configuration, and those that came after the solution."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine.training import train as training
from tests.contract.clients import ITEMS, avro, dataset, field, schema, settled, solution, trained
from tests.engine.jobs.conftest import Bench

WIDER = avro("Items", *ITEMS["fields"], field("PRICE", "null", "float"))


@pytest.fixture
def seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """By solution: what its latest training was told to leave out. The group has items, and a worker."""
    found: dict[str, Any] = {}

    def train(recipe: str, _: Any, settings: Mapping[str, Any], folder: Path, *__: Any, **___: Any) -> Any:
        config = settings["solutionConfig"].get("trainingDataConfig", {})
        found[settings["solutionArn"].rpartition("/")[2]] = config.get("excludedDatasetColumns", {})
        (folder / "model.json").write_text("{}")
        return {"coverage": 0.5}

    monkeypatch.setattr(training, "train", train)
    bench.engine.start_worker(scheduled=False)
    bench.start_import("a")
    return found


def test_solutions_leave_out_columns_that_came_later(bench: Bench, seen: dict[str, Any]) -> None:
    service = bench.service
    items = dataset(service, bench.group, schema(service, "items", ITEMS), "Items")
    included = {"trainingDataConfig": {"includedDatasetColumns": {"ITEMS": ["GENRE", "PRICE"]}}}
    excluded = {"trainingDataConfig": {"excludedDatasetColumns": {"Items": ["GENRE"]}}}
    before = {
        "plain": solution(service, bench.group, "plain"),
        "included": solution(service, bench.group, "included", solutionConfig=included),
        "excluded": solution(service, bench.group, "excluded", solutionConfig=excluded),
    }
    described = service.call("describe_solution", solutionArn=before["plain"])
    trained(service, before["plain"])
    assert seen == {"plain": {}}
    service.call("update_dataset", datasetArn=items, schemaArn=schema(service, "wider", WIDER))
    settled(service, "describe_dataset", "dataset", datasetArn=items)
    after = solution(service, bench.group, "after")
    for arn in (*before.values(), after):
        trained(service, arn)
    assert seen == {
        "plain": {"ITEMS": ["PRICE"]},
        "included": {},
        "excluded": {"ITEMS": ["GENRE", "PRICE"]},
        "after": {},
    }
    again = service.call("describe_solution", solutionArn=before["plain"])
    del again["solution"]["latestSolutionVersion"]
    assert again == described, "a solution looks as it did"


def test_including_some_columns_leaves_out_the_others(bench: Bench, seen: dict[str, Any]) -> None:
    service = bench.service
    dataset(service, bench.group, schema(service, "items", WIDER), "Items")
    config = {"trainingDataConfig": {"includedDatasetColumns": {"ITEMS": ["PRICE"]}}}
    trained(service, solution(service, bench.group, "some", solutionConfig=config))
    assert seen == {"some": {"ITEMS": ["GENRE"]}}
