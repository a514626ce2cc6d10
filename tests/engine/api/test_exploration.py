"""aws-user-personalization behind a campaign: new items are explored as configured, and it is logged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.store import store
from tests.contract.clients import (
    ITEMS,
    InProcess,
    avro,
    dataset,
    deployed,
    field,
    group,
    imported,
    schema,
    settled,
    solution,
    trained,
)

DAY = 86_400
NOW = 1_600_000_000
FIELDS = avro("Items", *ITEMS["fields"], field("CREATION_TIMESTAMP", "long"))
OLD, NEW = [f"i{n:02}" for n in range(30)], [f"new{n}" for n in range(8)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """An engine with a trained aws-user-personalization (`up`) and aws-personalized-ranking (`pr`)."""
    folder = tmp_path_factory.mktemp("exploration")
    with pytest.MonkeyPatch.context() as patch, Engine(folder / "engine") as engine:
        patch.setattr(store, "SYNCHRONOUS", "OFF")
        engine.start_worker()
        working = InProcess(engine)
        group_arn = group(working)
        for kind, path, fields in (
            ("Interactions", _interactions(folder / "interactions.csv"), None),
            ("Items", _items(folder / "items.csv"), FIELDS),
        ):
            arn = dataset(working, group_arn, schema(working, kind, fields), kind)
            imported(working, arn, path, kind)
        for name, recipe in (("up", "aws-user-personalization"), ("pr", "aws-personalized-ranking")):
            config = {"algorithmHyperParameters": {"hidden_dimension": "32"}}
            arn = solution(working, group_arn, name, recipe, solutionConfig=config)
            trained(working, arn)
        yield working


def _interactions(path: Path) -> Path:
    """60 users go round the old items, each genre after the other; the newest event is at NOW."""
    draw, lines = random.Random(1), []
    for user in range(60):
        item = draw.randrange(30)
        for step in range(17, -1, -1):
            item = (item + draw.choice([1, 1, 1, 2])) % 30
            lines.append(f"u{user},{OLD[item]},{NOW - step * 3 * DAY}")
    path.write_text("\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *lines]) + "\n", encoding="utf-8")
    return path


def _items(path: Path) -> Path:
    lines = [f"{item},g{n % 3},{NOW - 300 * DAY}" for n, item in enumerate(OLD)]
    lines += [f"{item},g{n % 3},{NOW - n * DAY}" for n, item in enumerate(NEW)]
    path.write_text("\n".join(["ITEM_ID,GENRE,CREATION_TIMESTAMP", *lines]) + "\n", encoding="utf-8")
    return path


def _campaign(service: InProcess, name: str, of: str = "up", **config: str) -> str:
    settings: dict[str, Any] = {"campaignConfig": {"itemExplorationConfig": config}} if config else {}
    version = f"{service.arn_prefix}solution/{of}/$LATEST"
    return str(deployed(service, version, name, **settings)["campaignArn"])


def _ask(service: InProcess, campaign: str, user: str = "u1", count: int = 10, **more: Any) -> dict[str, Any]:
    return service.call("get_recommendations", campaignArn=campaign, userId=user, numResults=count, **more)


def _ids(answer: dict[str, Any]) -> list[str]:
    return [item["itemId"] for item in answer["itemList"]]


def test_the_default_explores_and_logs_what_it_showed(service: InProcess) -> None:
    campaign = _campaign(service, "default")
    answers = [_ask(service, campaign, f"u{n}") for n in range(40)]
    lists = {answer["recommendationId"]: _ids(answer) for answer in answers}
    assert any(set(one) & set(NEW) for one in lists.values())
    log = list(service.engine.shown(campaign))
    assert {one.recommendation: list(one.items) for one in log} == lists
    for one in log:
        assert one.version.startswith(f"{service.arn_prefix}solution/up/")
        assert one.user in {f"u{n}" for n in range(40)}
        assert all(0 < chance <= 1 for chance in one.propensities)
        assert all(item in NEW for item, explored in zip(one.items, one.explored, strict=True) if explored)


def test_weight_zero_is_relevance_alone_and_is_not_logged(service: InProcess) -> None:
    campaign = _campaign(service, "relevant", explorationWeight="0")
    before = len(list(service.engine.shown()))
    first = _ask(service, campaign)
    assert all(_ids(_ask(service, campaign)) == _ids(first) for _ in range(5))
    scores = [item["score"] for item in first["itemList"]]
    assert scores == sorted(scores, reverse=True)
    assert len(list(service.engine.shown())) == before


def test_the_weight_and_the_cut_off_reach_the_answer(service: InProcess) -> None:
    most = _campaign(service, "most", explorationWeight="1", explorationItemAgeCutOff="3")
    little = _campaign(service, "little", explorationWeight="0.1", explorationItemAgeCutOff="3")
    shown = {}
    for campaign in (most, little):
        for n in range(60):
            _ask(service, campaign, f"u{n}")
        pairs = [
            (item, explored)
            for one in service.engine.shown(campaign)
            for item, explored in zip(one.items, one.explored, strict=True)
        ]
        shown[campaign] = [item for item, explored in pairs if explored]
    assert set(shown[most]) == set(NEW[:4])  # ages of 0 to 3 days
    assert len(shown[most]) > 2 * len(shown[little])
    service.call(
        "update_campaign",
        campaignArn=most,
        campaignConfig={"itemExplorationConfig": {"explorationWeight": "0"}},
    )
    settled(service, "describe_campaign", "campaign", campaignArn=most)
    assert _ids(_ask(service, most)) == _ids(_ask(service, most))


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"explorationWeight": "1.5"}, "explorationWeight is '1.5': expected a number from 0 to 1"),
        ({"explorationWeight": "\u0660"}, "a number from 0 to 1"),
        ({"explorationWeight": "nan"}, "a number from 0 to 1"),
        ({"explorationItemAgeCutOff": "0.5"}, "expected a number of days, at least 1"),
        ({"explorationItemAgeCutOff": "soon"}, "expected a number of days, at least 1"),
        ({"exploration_weight": "0.5"}, "did you mean explorationWeight?"),
    ],
)
def test_wrong_configurations_are_refused(service: InProcess, config: dict[str, str], text: str) -> None:
    code, message = service.refused(
        "create_campaign",
        name="wrong",
        solutionVersionArn=f"{service.arn_prefix}solution/up/$LATEST",
        campaignConfig={"itemExplorationConfig": config},
    )
    assert code == "InvalidInputException"
    assert text in message


def test_ranking_does_not_explore(service: InProcess) -> None:
    code, message = service.refused(
        "create_campaign",
        name="wrong",
        solutionVersionArn=f"{service.arn_prefix}solution/pr/$LATEST",
        campaignConfig={"itemExplorationConfig": {"explorationWeight": "0.3"}},
    )
    assert code == "InvalidInputException"
    assert "aws-personalized-ranking" in message
    campaign = _campaign(service, "ranking", "pr")
    given = ["nobody-knows", "i03", NEW[0], "i07"]
    before = len(list(service.engine.shown()))
    answer = service.call("get_personalized_ranking", campaignArn=campaign, userId="u1", inputList=given)
    ranked = answer["personalizedRanking"]
    assert [item["itemId"] for item in ranked if "score" not in item] == ["nobody-knows"]
    assert ranked[-1] == {"itemId": "nobody-knows"}
    assert sum(item["score"] for item in ranked[:-1]) == pytest.approx(1, abs=1e-5)
    assert {item["itemId"] for item in ranked} == set(given)  # one without interactions has its metadata
    assert len(list(service.engine.shown())) == before
    assert service.refused("get_recommendations", campaignArn=campaign, userId="u1")[0] == (
        "InvalidInputException"
    )


def test_what_the_guide_says_of_the_recipe(service: InProcess) -> None:
    campaign = _campaign(service, "guide", explorationWeight="0")
    everything = _ask(service, campaign, count=500)["itemList"]
    assert {item["itemId"] for item in everything} == {*OLD, *NEW}
    assert sum(item["score"] for item in everything) == pytest.approx(1, abs=1e-4)
    assert _ids(_ask(service, campaign, itemId="i05")) == _ids(_ask(service, campaign))
    assert len(_ids(_ask(service, campaign, "nobody"))) == 10
    with_context = _ask(service, campaign, context={"DEVICE": "phone"})
    assert _ids(with_context) == _ids(_ask(service, campaign))  # unknown to the data


def test_an_update_goes_on_from_the_version_that_was_trained_in_full(service: InProcess) -> None:
    arn = f"{service.arn_prefix}solution/up"
    first = service.call("list_solution_versions", solutionArn=arn)["solutionVersions"][0]["solutionVersionArn"]
    made = trained(service, arn, trainingMode="UPDATE")
    assert made["trainingMode"] == "UPDATE"
    metrics = [
        service.call("get_solution_metrics", solutionVersionArn=version)["metrics"]
        for version in (first, made["solutionVersionArn"])
    ]
    assert metrics[0] == metrics[1]
    campaign = _campaign(service, "updated", explorationWeight="0")
    served = service.call("describe_campaign", campaignArn=campaign)["campaign"]["solutionVersionArn"]
    assert served == made["solutionVersionArn"]
    assert len(_ids(_ask(service, campaign))) == 10


def test_an_update_is_refused_where_there_is_nothing_to_go_on_from(service: InProcess) -> None:
    code, message = service.refused(
        "create_solution_version", solutionArn=f"{service.arn_prefix}solution/pr", trainingMode="UPDATE"
    )
    assert code == "InvalidInputException"
    assert "is for aws-" in message
    assert "aws-user-personalization" in message
    assert message.endswith("the recipe is aws-personalized-ranking")
    untrained = solution(
        service, f"{service.arn_prefix}dataset-group/movies", "untrained", "aws-user-personalization"
    )
    code, message = service.refused("create_solution_version", solutionArn=untrained, trainingMode="UPDATE")
    assert code == "InvalidInputException"
    assert "trainingMode FULL: create one first" in message
