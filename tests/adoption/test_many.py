"""Adopting all of an account that is large, shared, and changes meanwhile."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl import providers
from pzdecl.adoption import placing
from pzdecl.engine import Engine
from pzdecl.engine.store import store
from pzdecl.providers.local import LocalClient
from tests.cli.conftest import Cli, cli
from tests.contract.clients import INTERACTIONS, ITEMS

__all__ = ["cli"]

MANY = 120


@pytest.fixture(autouse=True)
def _without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pzdecl.yaml").write_text("name: other\n")
    return tmp_path


@pytest.fixture
def api(root: Path) -> Iterator[Any]:
    """The engine as boto3's client, for what somebody else makes in it."""
    with Engine(root / ".pzdecl/engine") as engine:
        yield engine.client()


def adopted(cli: Cli, root: Path, *more: object) -> list[str]:
    done = cli("-C", root, "adopt", "--all", *more)
    assert done.code == 0, done.err
    return done.out.replace(": adopted", "").split()


def settled(cli: Cli, root: Path) -> None:
    plan = cli("-C", root, "plan", "--detailed-exitcode")
    assert plan.code == 0, plan.out + plan.err


class Watched(LocalClient):
    """Counts what is asked, and does something before a chosen request."""

    asked: Counter[str]
    before: Callable[[str, dict[str, Any]], None]

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        self.asked[operation] += 1
        self.before(operation, params)
        return super().read(operation, **params)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str, dict[str, Any]], None]], Counter[str]]:
    """Has every client that is opened from now on do something before it reads; gives what was asked."""

    def watch(before: Callable[[str, dict[str, Any]], None]) -> Counter[str]:
        asked: Counter[str] = Counter()

        def opened(folder: Path, **options: Any) -> Watched:
            options.pop("resumes", None)
            client = Watched(Engine(folder), read_only=options.get("read_only", False))
            client.asked, client.before = asked, before
            return client

        monkeypatch.setattr(providers, "open_local", opened)
        return asked

    return watch


def test_hundreds_come_page_after_page(
    cli: Cli, root: Path, api: Any, watched: Callable[[Any], Counter[str]]
) -> None:
    for number in range(MANY):
        api.create_schema(name=f"s{number:03}", schema=json.dumps(INTERACTIONS))
        tags = [{"tagKey": "number", "tagValue": str(number)}]
        api.create_dataset_group(name=f"g{number:03}", tags=tags)
    asked = watched(lambda *_: None)
    addresses = adopted(cli, root)
    assert len(addresses) == 2 * MANY
    assert asked["list_schemas"] == 4, "two pages, twice"
    assert asked["describe_dataset_group"] == MANY
    assert asked["list_tags_for_resource"] <= 2 * MANY
    assert len(list((root / "adopted").glob("*.yaml"))) == MANY + 1
    assert 'number: "7"' in (root / "adopted/g007.yaml").read_text()
    settled(cli, root)


def test_what_is_deleted_meanwhile_is_left(
    cli: Cli, root: Path, api: Any, watched: Callable[[Any], Counter[str]]
) -> None:
    arns = {name: api.create_dataset_group(name=name)["datasetGroupArn"] for name in ("early", "late", "kept")}
    gone: set[str] = set()

    def delete(name: str) -> None:
        if name not in gone:
            gone.add(name)
            api.delete_dataset_group(datasetGroupArn=arns[name])

    def before(operation: str, params: dict[str, Any]) -> None:
        if operation == "describe_dataset_group" and params["datasetGroupArn"] == arns["early"]:
            delete("early")  # listed, and gone when it is looked at
        if operation == "list_solutions":
            delete("late")  # looked at, and gone before anything is written

    watched(before)
    done = cli("-C", root, "adopt", "--all")
    assert done.code == 0, done.err
    assert done.out == "DatasetGroup/kept: adopted\n"
    assert f"{arns['late']}: it was deleted meanwhile" in done.err
    settled(cli, root)


def test_a_list_that_is_deleted_while_it_is_recorded_stops_everything(
    cli: Cli, root: Path, api: Any, watched: Callable[[Any], Counter[str]]
) -> None:
    group = api.create_dataset_group(name="g")["datasetGroupArn"]
    metrics = [{"eventType": "view", "metricName": "views", "expression": "SAMPLECOUNT()"}]
    told = {"name": "EVENT_TYPE", "type": "string"}
    text = json.dumps({**INTERACTIONS, "fields": [*INTERACTIONS["fields"], told]})
    schema = api.create_schema(name="s", schema=text)["schemaArn"]
    api.create_dataset(name="d", datasetGroupArn=group, datasetType="Interactions", schemaArn=schema)
    arn = api.create_metric_attribution(
        name="m",
        datasetGroupArn=group,
        metrics=metrics,
        metricsOutputConfig={"roleArn": "arn:aws:iam::000000000000:role/r"},
    )["metricAttributionArn"]
    lists = 0

    def before(operation: str, params: dict[str, Any]) -> None:
        nonlocal lists
        lists += operation == "list_metric_attribution_metrics"
        if lists == 2:
            lists += 1
            api.delete_metric_attribution(metricAttributionArn=arn)

    watched(before)
    done = cli("-C", root, "adopt", "--all")
    assert done.code == 1
    assert f"{arn} was deleted while everything was adopted" in done.err
    assert not (root / "adopted").exists()
    assert cli("-C", root, "state", "list").out == ""
    assert adopted(cli, root) == ["Dataset/d", "DatasetGroup/g", "Schema/s"]
    settled(cli, root)


def test_names_that_are_taken_get_a_number(cli: Cli, root: Path, api: Any) -> None:
    """Addresses are the project's, names the account's: `movies` here may be `prod-movies` there."""
    (root / "own.yaml").write_text(
        "apiVersion: pzdecl/v1\nkind: DatasetGroup\nmetadata: {name: movies}\nspec: {}\n"
    )
    project = root / "pzdecl.yaml"
    project.write_text("name: other\nnamePrefix: prod-\n")
    assert cli("-C", root, "apply", "--auto-approve").code == 0
    project.write_text("name: other\n")
    other = api.create_dataset_group(name="movies")["datasetGroupArn"]
    schema = api.create_schema(name="movies", schema=json.dumps(ITEMS))["schemaArn"]
    api.create_dataset(name="movies", datasetGroupArn=other, datasetType="Items", schemaArn=schema)
    assert adopted(cli, root) == ["Dataset/movies", "DatasetGroup/movies-2", "Schema/movies"]
    text = (root / "adopted/movies.yaml").read_text()
    assert "datasetGroup: movies-2" in text
    settled(cli, root)
    listed = json.loads(cli("-C", root, "state", "list", "--format", "json").out)["resources"]
    arns = {one["address"]: one["arn"] for one in listed}
    assert arns["DatasetGroup/movies"].endswith("/prod-movies")
    assert arns["DatasetGroup/movies-2"] == other


def test_names_that_differ_in_case_alone_have_files_of_their_own(cli: Cli, root: Path, api: Any) -> None:
    for name in ("Movies", "movies", "MOVIES", "shared"):
        api.create_dataset_group(name=name)
    api.create_schema(name="s", schema=json.dumps(ITEMS))
    assert len(adopted(cli, root)) == 5
    files = [path.name.casefold() for path in (root / "adopted").glob("*.yaml")]
    assert len(files) == len(set(files)) == 4
    settled(cli, root)


def test_text_that_yaml_would_read_otherwise_comes_back_as_it_is(cli: Cli, root: Path, api: Any) -> None:
    odd = 'a "b": \\ ${var.x} \x7f\x85\x9f\xa0\u2028\u2029\ufeff\uffff \U0001f600 é'
    api.create_schema(name="s", schema=json.dumps({**ITEMS, "doc": odd}))
    assert adopted(cli, root) == ["Schema/s"]
    [file] = (root / "adopted").glob("*.yaml")
    assert "é" in file.read_text(encoding="utf-8")
    settled(cli, root)


def test_a_killed_adoption_is_not_taken_for_somebody_elses_manifests(
    cli: Cli, root: Path, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.create_dataset_group(name="mine")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(placing, "take_back", lambda into, existed: None)  # a kill leaves no time to tidy up
        patch.setattr("pzdecl.adoption.everything.recording", killed)
        assert cli("-C", root, "adopt", "--all").code == 130
    done = cli("-C", root, "adopt", "--all", "--into", "elsewhere")
    assert done.code == 64
    assert "pzdecl adopt --all --into adopted" in done.err
    assert adopted(cli, root) == ["DatasetGroup/mine"]
    settled(cli, root)
