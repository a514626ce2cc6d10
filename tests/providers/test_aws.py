"""The AWS provider against botocore's stubber: nothing leaves this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pzdecl import providers
from pzdecl.engine import errors
from pzdecl.providers.aws import AwsClient

pytest.importorskip("boto3")
from botocore.stub import Stubber

GROUP = "arn:aws:personalize:eu-west-1:123456789012:dataset-group/g"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsClient]:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    found = providers.open_aws(region="eu-west-1", role="arn:aws:iam::123456789012:role/reader")
    yield found
    found.close()


def _stub(client: AwsClient, service: str = "personalize") -> Stubber:
    stubber = Stubber(client._client(service))
    stubber.activate()
    return stubber


def test_answers_come_without_boto3s_metadata(client: AwsClient) -> None:
    stub = _stub(client)
    stub.add_response("describe_dataset_group", {"datasetGroup": {"name": "g"}}, {"datasetGroupArn": GROUP})
    assert client.read("describe_dataset_group", datasetGroupArn=GROUP) == {"datasetGroup": {"name": "g"}}
    with pytest.raises(ValueError, match="writes"):
        client.read("create_dataset_group", name="g")


def test_the_runtime_has_its_own_client(client: AwsClient) -> None:
    stub = _stub(client, "personalize-runtime")
    stub.add_response("get_recommendations", {"itemList": [{"itemId": "1"}]}, {"campaignArn": GROUP})
    assert client.read("get_recommendations", campaignArn=GROUP)["itemList"] == [{"itemId": "1"}]


@pytest.mark.parametrize("code", [*errors.BY_CODE, "AccessDeniedException", "ThrottlingException"])
def test_errors_become_the_engines_classes(client: AwsClient, code: str) -> None:
    _stub(client).add_client_error("describe_dataset_group", code, "what happened")
    expected = errors.BY_CODE.get(code, errors.UnavailableException)
    with pytest.raises(expected, match="what happened") as caught:
        client.read("describe_dataset_group", datasetGroupArn=GROUP)
    assert caught.value.operation == "DescribeDatasetGroup"


def test_wrong_parameters_and_names_are_invalid_input(client: AwsClient) -> None:
    with pytest.raises(errors.InvalidInputException, match="datasetGroupArn"):
        client.read("describe_dataset_group")
    with pytest.raises(errors.InvalidInputException, match="no operation"):
        client.read("describe_nothing")


@pytest.mark.parametrize("place", ["data/items.csv", "/data/items.csv", "file:///data/items.csv", ""])
def test_data_on_this_machine_is_refused(client: AwsClient, place: str) -> None:
    with pytest.raises(errors.InvalidInputException, match="s3://BUCKET/KEY"):
        client.call(
            "create_dataset_import_job", jobName="j", datasetArn=GROUP, dataSource={"dataLocation": place}
        )


def test_imports_get_the_role(client: AwsClient) -> None:
    params: dict[str, Any] = {"jobName": "j", "datasetArn": GROUP, "dataSource": {"dataLocation": "s3://b/k"}}
    stub = _stub(client)
    stub.add_response(
        "create_dataset_import_job",
        {"datasetImportJobArn": GROUP},
        {**params, "roleArn": "arn:aws:iam::123456789012:role/reader"},
    )
    assert client.call("create_dataset_import_job", **params) == {"datasetImportJobArn": GROUP}
    stub.assert_no_pending_responses()


def test_arns_have_the_account_that_sts_tells(client: AwsClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Sts:
        def get_caller_identity(self) -> dict[str, str]:
            asked.append(True)
            return {"Account": "123456789012"}

        def close(self) -> None:
            """Nothing was opened."""

    monkeypatch.setitem(client._clients, "sts", Sts())
    assert client.arn("dataset-group/g") == GROUP
    assert client.arn("schema/s") == GROUP.replace("dataset-group/g", "schema/s")
    assert asked == [True]


def test_a_missing_profile_or_region_is_said(client: AwsClient) -> None:
    with pytest.raises(errors.UnavailableException, match="nobody"):
        providers.open_aws(region="eu-west-1", profile="nobody")
    with pytest.raises(errors.UnavailableException, match=r"provider\.region"):
        providers.open_aws()
