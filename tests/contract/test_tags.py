"""Tags: on what, how many, and what describing leaves out."""

from __future__ import annotations

import pytest

from tests.contract.clients import Service, dataset, group, schema, solution


def _tags(**values: str) -> list[dict[str, str]]:
    return [{"tagKey": key, "tagValue": value} for key, value in values.items()]


def test_tags_are_added_changed_and_removed(service: Service) -> None:
    arn = group(service, tags=_tags(team="discovery", stage="test"))
    service.call("tag_resource", resourceArn=arn, tags=_tags(stage="live", cost="7"))
    service.call("untag_resource", resourceArn=arn, tagKeys=["team", "never there"])
    found = service.call("list_tags_for_resource", resourceArn=arn)["tags"]
    assert found == _tags(cost="7", stage="live")
    assert "tags" not in service.call("describe_dataset_group", datasetGroupArn=arn)["datasetGroup"]


def test_tags_go_with_their_resource(service: Service) -> None:
    arn = group(service, tags=_tags(team="a"))
    service.call("delete_dataset_group", datasetGroupArn=arn)
    assert service.refused("list_tags_for_resource", resourceArn=arn)[0] == "ResourceNotFoundException"
    group(service)
    assert service.call("list_tags_for_resource", resourceArn=arn)["tags"] == []


def test_all_but_schemas_can_be_tagged(service: Service) -> None:
    group_arn, schema_arn = group(service), schema(service)
    for arn in (dataset(service, group_arn, schema_arn), solution(service, group_arn)):
        service.call("tag_resource", resourceArn=arn, tags=_tags(a="b"))
    code, message = service.refused("tag_resource", resourceArn=schema_arn, tags=_tags(a="b"))
    assert code == "InvalidInputException"
    assert "schema" in message


def test_everything_that_the_service_tags_can_be_tagged(service: Service) -> None:
    """Whatever has a Create with tags: on creation, and later."""
    from pzdecl.engine.api.families import TAGGABLE
    from pzdecl.engine.api.model import service_model

    model = service_model("personalize")
    tagged = {
        name.removeprefix("Create")
        for name, found in model["operations"].items()
        if name.startswith("Create") and "tags" in model["shapes"][found["input"]["shape"]]["members"]
    }
    words = {"".join(part.capitalize() for part in kind.split("-")) for kind in TAGGABLE}
    assert words == tagged


def test_a_resource_has_at_most_fifty_tags(service: Service) -> None:
    many = _tags(**{f"k{number}": "v" for number in range(51)})
    assert service.refused("create_dataset_group", name="g", tags=many)[0] == "TooManyTagsException"
    arn = group(service, tags=many[:50])
    assert service.refused("tag_resource", resourceArn=arn, tags=many[50:])[0] == "TooManyTagsException"
    service.call("tag_resource", resourceArn=arn, tags=_tags(k1="changed"))
    keys = [tag["tagKey"] for tag in many]
    assert service.refused("untag_resource", resourceArn=arn, tagKeys=keys)[0] == "TooManyTagKeysException"


@pytest.mark.parametrize(
    "tags",
    [
        [{"tagKey": "a", "tagValue": "1"}, {"tagKey": "a", "tagValue": "2"}],
        [{"tagKey": "aws:x", "tagValue": "1"}],
        [{"tagKey": "", "tagValue": "1"}],
        [{"tagKey": "a" * 129, "tagValue": "1"}],
        [{"tagKey": "a", "tagValue": "b" * 257}],
        [{"tagKey": "a\tb", "tagValue": "1"}],
        [{"tagKey": "a"}],
    ],
)
def test_wrong_tags_create_nothing(service: Service, tags: list[dict[str, str]]) -> None:
    assert service.refused("create_dataset_group", name="g", tags=tags)[0] == "InvalidInputException"
    assert service.call("list_dataset_groups")["datasetGroups"] == []


def test_tags_take_letters_of_any_script(service: Service) -> None:
    arn = group(service, tags=[{"tagKey": "größe_é:漢/字=+-@.", "tagValue": "x y\u00a0z"}])
    assert service.call("list_tags_for_resource", resourceArn=arn)["tags"][0]["tagValue"] == "x y\u00a0z"
