"""Requests against the service model: each kind of violation, with its path and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.clients import Service

GROUP = "arn:aws:personalize:local:000000000000:dataset-group/g"
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("create_dataset_group", {}, "Value null at 'name'"),
    ("create_dataset_group", {"name": None}, "Value null at 'name'"),
    ("create_dataset_group", {"name": ""}, "greater than or equal to 1"),
    ("create_dataset_group", {"name": "a" * 64}, "less than or equal to 63"),
    ("create_dataset_group", {"name": "-a"}, "regular expression pattern"),
    ("create_dataset_group", {"name": "a b"}, "regular expression pattern"),
    ("create_dataset_group", {"name": 5}, "Value 5 at 'name'"),
    ("create_dataset_group", {"nmae": "a"}, "did you mean 'name'?"),
    ("create_dataset_group", {"name": "a", "domain": "MUSIC"}, "[ECOMMERCE, VIDEO_ON_DEMAND]"),
    ("create_dataset_group", {"name": "a", "tags": {"a": "b"}}, "Member must be a list"),
    ("create_dataset_group", {"name": "a", "tags": ["b"]}, "at 'tags[0]' failed to satisfy constraint"),
    ("create_dataset_group", {"name": "a", "tags": [{"tagKey": "k"}]}, "'tags[0].tagValue'"),
    ("describe_dataset_group", {"datasetGroupArn": "movies"}, "arn:([a-z"),
    ("list_dataset_groups", {"maxResults": 0}, "greater than or equal to 1"),
    ("list_dataset_groups", {"maxResults": 101}, "less than or equal to 100"),
    ("list_dataset_groups", {"maxResults": "5"}, "Member must be a whole number"),
    ("list_dataset_groups", {"maxResults": True}, "Member must be a whole number"),
    ("create_schema", {"name": "s", "schema": "x" * 20001}, "less than or equal to 20000"),
    ("create_solution", {"name": "s", "datasetGroupArn": GROUP, "performHPO": "no"}, "true or false"),
    (
        "create_solution",
        {"name": "s", "datasetGroupArn": GROUP, "solutionConfig": {"algorithmHyperParameters": {"bptt": 5}}},
        "'solutionConfig.algorithmHyperParameters.bptt'",
    ),
    (
        "create_solution",
        {"name": "s", "datasetGroupArn": GROUP, "solutionConfig": {"algorithmHyperParameter": {}}},
        "did you mean 'algorithmHyperParameters'?",
    ),
    (
        "create_solution",
        {
            "name": "s",
            "datasetGroupArn": GROUP,
            "solutionConfig": {"eventsConfig": {"eventParametersList": [{"weight": 1.5}]}},
        },
        "'solutionConfig.eventsConfig.eventParametersList[0].weight'",
    ),
    ("create_dataset_import_job", {"jobName": "j", "datasetArn": GROUP, "dataSource": "x"}, "a structure"),
    (
        "create_dataset_import_job",
        {"jobName": "j", "datasetArn": GROUP, "dataSource": {}, "importMode": "PART"},
        "[FULL, INCREMENTAL]",
    ),
    ("get_recommendations", {"userId": "a" * 257}, "less than or equal to 256"),
    ("get_recommendations", {"numResults": -1}, "greater than or equal to 0"),
]


@pytest.mark.parametrize(("operation", "params", "text"), CASES)
def test_a_violation_is_named(service: Service, operation: str, params: dict[str, Any], text: str) -> None:
    code, message = service.refused(operation, **params)
    assert code == "InvalidInputException"
    assert text in message


def test_all_violations_come_in_one_message(service: Service) -> None:
    _, message = service.refused("create_solution", name="a b", performHPO=1, extra=True)
    assert message.startswith("4 validation errors detected: ")
    assert all(word in message for word in ("'name'", "'performHPO'", "'datasetGroupArn'", "'extra'"))


def test_values_of_tags_are_not_repeated(service: Service) -> None:
    _, message = service.refused(
        "create_dataset_group", name="a", tags=[{"tagKey": "k", "tagValue": "secret\t"}]
    )
    assert "tags[0].tagValue" in message
    assert "secret" not in message
