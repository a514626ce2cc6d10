"""A recommender's life as a client sees it: made, asked, changed, stopped, started, deleted."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.contract.clients import (
    INTERACTIONS,
    RECIPE,
    Service,
    avro,
    dataset,
    field,
    group,
    imported,
    schema,
    settled,
)

EVENTS = avro("Interactions", *INTERACTIONS["fields"], field("EVENT_TYPE", "string"))


def watched(path: Path) -> Path:
    """1,200 Watch events of 60 users; lower numbers are watched more."""
    draw = random.Random(1)
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    lines += [
        f"u{n % 60},i{min(draw.randrange(30), draw.randrange(30)):02},{1_600_000_000 + n},Watch"
        for n in range(1200)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def calm(service: Service, arn: str) -> dict[str, Any]:
    """The description once nothing of it is under way."""
    return settled(service, "describe_recommender", "recommender", recommenderArn=arn)


def test_the_life_of_a_recommender(working: Service, tmp_path: Path) -> None:
    arn = group(working, "films", domain="VIDEO_ON_DEMAND")
    made = schema(working, "events", EVENTS, domain="VIDEO_ON_DEMAND")
    interactions = dataset(working, arn, made)
    imported(working, interactions, watched(tmp_path / "watched.csv"))

    params = {"name": "popular", "datasetGroupArn": arn, "recipeArn": RECIPE + "aws-vod-most-popular"}
    tags = [{"tagKey": "team", "tagValue": "home"}]
    recommender = working.call("create_recommender", **params, tags=tags)["recommenderArn"]
    assert recommender == f"{working.arn_prefix}recommender/popular"
    assert working.refused("create_recommender", **params)[0] == "ResourceAlreadyExistsException"
    found = calm(working, recommender)
    assert found["status"] == "ACTIVE"
    assert 0 < found["modelMetrics"]["coverage"] <= 1
    assert working.call("list_tags_for_resource", resourceArn=recommender)["tags"] == tags
    listed = working.call("list_recommenders", datasetGroupArn=arn)["recommenders"]
    assert [(one["name"], one["status"]) for one in listed] == [("popular", "ACTIVE")]

    asked = {"recommenderArn": recommender, "userId": "somebody", "numResults": 3}
    answer = working.call("get_recommendations", **asked)
    assert [set(one) for one in answer["itemList"]] == [{"itemId"}] * 3
    assert max(one["itemId"] for one in answer["itemList"]) < "i10"
    assert working.refused("get_recommendations", recommenderArn=recommender)[0] == "InvalidInputException"
    both = working.refused("get_recommendations", campaignArn=f"{working.arn_prefix}campaign/x", **asked)
    assert both[0] == "InvalidInputException"

    config = {"minRecommendationRequestsPerSecond": 2}
    working.call("update_recommender", recommenderArn=recommender, recommenderConfig=config)
    assert calm(working, recommender)["recommenderConfig"] == config
    working.call("stop_recommender", recommenderArn=recommender)
    assert calm(working, recommender)["status"] == "INACTIVE"
    assert working.refused("get_recommendations", **asked)[0] == "InvalidInputException"
    assert working.refused("stop_recommender", recommenderArn=recommender)[0] == "ResourceInUseException"
    working.call("start_recommender", recommenderArn=recommender)
    assert calm(working, recommender)["status"] == "ACTIVE"
    assert working.call("get_recommendations", **asked)["itemList"] == answer["itemList"]

    working.call("delete_dataset", datasetArn=interactions)
    assert working.refused("delete_dataset_group", datasetGroupArn=arn)[0] == "ResourceInUseException"
    working.call("delete_recommender", recommenderArn=recommender)
    assert working.refused("delete_recommender", recommenderArn=recommender)[0] == "ResourceNotFoundException"
    working.call("delete_dataset_group", datasetGroupArn=arn)


def test_updates_of_what_is_not_there(service: Service) -> None:
    arn = f"{service.arn_prefix}recommender/none"
    for operation in ("describe", "start", "stop", "delete"):
        code, message = service.refused(f"{operation}_recommender", recommenderArn=arn)
        assert (code, arn in message) == ("ResourceNotFoundException", True)
    update = service.refused("update_recommender", recommenderArn=arn, recommenderConfig={})
    assert update[0] == "ResourceNotFoundException"
