"""The engine as an object: its clients, names, and the service model that it goes by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.api import model, operation, validate
from pzdecl.engine.errors import InvalidInputException, ResourceNotFoundException
from pzdecl.errors import MissingExtra
from tests.waiting import until


def test_clients_have_boto3s_names(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    assert engine.client().list_recipes()["recipes"]
    with pytest.raises(AttributeError, match="create_solutoin"):
        _ = engine.client().create_solutoin
    with pytest.raises(AttributeError):
        _ = engine.client("personalize-runtime").create_solution
    with pytest.raises(ValueError, match="personalize-runtime"):
        engine.client("s3")
    with pytest.raises(InvalidInputException, match="no operation"):
        engine.call("create_nothing", {})


def test_names_are_those_of_boto3() -> None:
    botocore = pytest.importorskip("botocore")
    for name, found in operation.load().items():
        assert botocore.xform_name(found.name) == name
        assert found.name in model.service_model(found.service)["operations"]


def test_identity_goes_into_arns(tmp_path: Path) -> None:
    with Engine(tmp_path, account="123456789012", region="eu-west-1", partition="aws-cn") as engine:
        arn = engine.call("create_dataset_group", {"name": "g"})["datasetGroupArn"]
    assert arn == "arn:aws-cn:personalize:eu-west-1:123456789012:dataset-group/g"


def test_errors_name_their_operation(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    with pytest.raises(ResourceNotFoundException) as missing:
        engine.call("describe_schema", {"schemaArn": engine.arn("schema/x")})
    with pytest.raises(InvalidInputException) as invalid:
        engine.call("describe_schema", {})
    assert missing.value.operation == invalid.value.operation == "DescribeSchema"


def test_without_botocore_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra) as caught:
        model.service_model.__wrapped__("personalize")
    assert "pzdecl[engine]" in str(caught.value.hint)


@pytest.mark.parametrize("service", model.VERSIONS)
def test_every_shape_of_every_service_can_be_checked(service: str) -> None:
    for name, found in model.service_model(service)["operations"].items():
        with pytest.raises(InvalidInputException):
            validate.validate(name, service, {"no such member": 1})
        assert found["input"]["shape"] == model.input_shape(name, service)


def test_places_of_data_on_this_machine(tmp_path: Path) -> None:
    ok = {"jobName": "j", "datasetArn": "arn:aws:personalize:::dataset/g/ITEMS"}
    for place in ("data.csv", "/a/" + "b" * 400, "file:///a/b.csv", "C:\\data", "s3://bucket/key"):
        validate.validate(
            "CreateDatasetImportJob", "personalize", {**ok, "dataSource": {"dataLocation": place}}
        )
    wrong: tuple[object, ...] = ("ftp://x", "", "file://", "s3://" + "x" * 300, "x" * 5000, 5)
    for other in wrong:
        with pytest.raises(InvalidInputException, match=r"dataSource\.dataLocation"):
            validate.validate(
                "CreateDatasetImportJob", "personalize", {**ok, "dataSource": {"dataLocation": other}}
            )


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("get_recommendations", {"campaignArn": "arn:aws:personalize:::campaign/c", "userId": "a\udcff"}),
        ("create_schema", {"name": "s", "schema": '{"name": "\ud800"}'}),
        ("create_data_deletion_job", {"dataSource": {"dataLocation": "/data/\udcff.csv"}}),
        ("get_recommendations", {"filterValues": {"GENRE": '"\ud800"'}}),
    ],
)
def test_text_that_is_not_whole_is_refused(tmp_path: Path, operation: str, params: dict[str, Any]) -> None:
    """Arguments of a command that are no UTF-8 come as such."""
    with Engine(tmp_path) as engine, pytest.raises(InvalidInputException, match="half a character"):
        engine.call(operation, params)


def test_threads_that_write_at_once_share_commits(tmp_path: Path) -> None:
    with Engine(tmp_path) as engine:
        engine.call("create_dataset_group", {"name": "warm"})
        store = engine._context.store
        commits: list[int] = []
        commit = store._commit

        def counted(connection: Any, batch: Any) -> None:
            commits.append(batch.size)
            commit(connection, batch)

        store._commit = counted  # type: ignore[method-assign]
        with ThreadPoolExecutor(10) as pool:
            with store.write():  # the others come while this one writes
                made = pool.map(lambda n: engine.call("create_dataset_group", {"name": f"g{n}"}), range(300))
                until(lambda: store._waiting, lambda waiting: waiting == 10)
            assert len(list(made)) == 300
        assert sum(commits) == 301
        assert max(commits) >= 11, "one for all who waited"
        assert len(engine.call("list_dataset_groups", {"maxResults": 100})["datasetGroups"]) == 100
