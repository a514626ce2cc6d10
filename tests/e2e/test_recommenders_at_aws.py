"""Recommenders where the target is Amazon Personalize, played by a server: boto3 and HTTP in between."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli, cli
from tests.cli.test_recommenders import apply, changes, edit, films
from tests.e2e.test_aws_provider import Target, target
from tests.waiting import idle

__all__ = ["cli", "films", "target"]


def test_made_changed_stopped_started_and_destroyed(cli: Cli, films: Path, target: Target) -> None:
    at_home = changes(cli, films)
    (films / "pzdecl.yaml").write_text(f"name: films\nprovider: {target.provider()}\n")
    assert changes(cli, films) == at_home
    edit(films, "recipe: aws-vod-most-popular}", "recipe: aws-vod-most-popular, active: false}")
    apply(cli, films)
    client = target.engine.client()
    listed = {one["name"]: one["status"] for one in client.list_recommenders()["recommenders"]}
    assert listed == {"because": "ACTIVE", "popular": "INACTIVE"}
    assert cli("-C", films, "recommend", "because", "u1", "--item", "i05", "-n", "3").code == 0
    assert "INACTIVE" in cli("-C", films, "recommend", "popular", "u1").err

    edit(films, "recipe: aws-vod-most-popular, active: false}", "recipe: aws-vod-most-popular}")
    edit(films, "{enableMetadataWithRecommendations: true}", "{minRecommendationRequestsPerSecond: 3}")
    assert set(changes(cli, films).values()) == {"update"}
    apply(cli, films)
    assert cli("-C", films, "recommend", "popular", "u1", "-n", "3").code == 0
    arn = target.engine.arn("recommender/because")
    client.stop_recommender(recommenderArn=arn)
    idle(target.engine)
    assert changes(cli, films) == {"Recommender/because": "update"}
    apply(cli, films)

    assert cli("-C", films, "destroy", "--auto-approve").code == 0
    assert client.list_dataset_groups()["datasetGroups"] == []
