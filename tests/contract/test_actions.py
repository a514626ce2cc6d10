"""Next best actions from their datasets to the answer: what is recorded, refused, recommended, filtered."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients import (
    INTERACTIONS,
    RECIPE,
    ROLE,
    Service,
    avro,
    dataset,
    deployed,
    erased,
    field,
    group,
    imported,
    schema,
    settled,
    solution,
    trained,
)

NOW = int(time.time())
DAY = 24 * 60 * 60
RECIPE_NAME = "aws-next-best-action"


ACTIONS = avro(
    "Actions",
    field("ACTION_ID", "string"),
    field("VALUE", "null", "long"),
    field("TYPE", "null", "string"),
    field("EXPIRATION_TIMESTAMP", "null", "long"),
    field("REPEAT_FREQUENCY", "null", "long"),
    field("PRICE", "null", "float"),
)
ACTED = avro(
    "ActionInteractions",
    field("USER_ID", "string"),
    field("ACTION_ID", "string"),
    field("EVENT_TYPE", "string"),
    field("TIMESTAMP", "long"),
    field("NUMBER_OF_ACTIONS", "null", "int"),
)


class Bank:
    """A group whose users u0 to u59 had items; those with even numbers take loans, the others cards, all some
    polls.

    The actions: card and loan (known well), gift (expired), club (worth 9, not known), poll (repeats every 3
    days).
    """

    def __init__(self, service: Service, folder: Path, *, acted: bool = True) -> None:
        self.service = service
        self.group = group(service)
        kinds = {"Interactions": INTERACTIONS, "Actions": ACTIONS, "Action_Interactions": ACTED}
        self.datasets = {
            kind: dataset(service, self.group, schema(service, kind, fields), kind)
            for kind, fields in kinds.items()
        }
        described = service.call("describe_dataset", datasetArn=self.datasets["Action_Interactions"])
        self.tracking_id = str(described["dataset"].get("trackingId"))
        had = [f"u{n % 60},i{(n % 60) % 2 * 20 + (n * n) % 20},{NOW - 50 * DAY + n * 60}" for n in range(1200)]
        self.load("Interactions", folder / "had.csv", ["USER_ID,ITEM_ID,TIMESTAMP", *had])
        actions = [
            "ACTION_ID,VALUE,TYPE,EXPIRATION_TIMESTAMP,REPEAT_FREQUENCY,PRICE",
            f"card,3,money,{NOW + 900 * DAY},,10.5",
            "loan,3,money,,,20.0",
            f"gift,9,fun,{NOW - DAY},,0",
            "club,9,fun,,,5.0",
            "poll,1,fun,,3,0",
        ]
        self.load("Actions", folder / "actions.csv", actions)
        if acted:
            rows = ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP,NUMBER_OF_ACTIONS"]
            for n in range(60):
                for place, action in enumerate(("poll", "card", "loan")):
                    for step in range(4):
                        likes = (action == "loan") == (n % 2 == 0) if action != "poll" else (n // 2 + step) % 2
                        kind = "Taken" if likes else ("NOT_TAKEN", "viewed")[n % 2]
                        rows.append(f"u{n},{action},{kind},{NOW - (36 - 8 * step) * DAY + place * 3600},{step}")
            self.load("Action_Interactions", folder / "acted.csv", rows)

    def load(self, kind: str, path: Path, lines: list[str]) -> None:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        imported(self.service, self.datasets[kind], path, path.stem)

    def deploy(self) -> str:
        """The campaign."""
        arn = solution(self.service, self.group, "next", RECIPE_NAME)
        self.version = str(trained(self.service, arn)["solutionVersionArn"])
        self.campaign = str(deployed(self.service, self.version, "next")["campaignArn"])
        return self.campaign

    def ask(self, user: str = "u0", **more: Any) -> dict[str, float]:
        """Actions with scores, in the order of the answer."""
        answer = self.service.call("get_action_recommendations", campaignArn=self.campaign, userId=user, **more)
        assert answer["recommendationId"].startswith("RID-")
        return {one["actionId"]: one["score"] for one in answer["actionList"]}

    def put(self, *given: dict[str, Any]) -> None:
        filled = [
            {"userId": "u0", "sessionId": "s", "timestamp": NOW, "eventType": "Viewed", **one} for one in given
        ]
        self.service.call("put_action_interactions", trackingId=self.tracking_id, actionInteractions=filled)

    def exported(self, folder: Path) -> list[str]:
        """The lines of an export of the action interactions."""
        job = self.service.call(
            "create_dataset_export_job",
            jobName=folder.name,
            datasetArn=self.datasets["Action_Interactions"],
            ingestionMode="ALL",
            roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": str(folder)}},
        )["datasetExportJobArn"]
        found = settled(
            self.service, "describe_dataset_export_job", "datasetExportJob", datasetExportJobArn=job
        )
        assert found["status"] == "ACTIVE", found
        [file] = folder.glob("*.csv")
        return file.read_text(encoding="utf-8").splitlines()

    def filter(self, name: str, expression: str) -> str:
        made = self.service.call(
            "create_filter", name=name, datasetGroupArn=self.group, filterExpression=expression
        )
        return str(made["filterArn"])


@pytest.fixture
def bank(working: Service, tmp_path: Path) -> Bank:
    made = Bank(working, tmp_path)
    made.deploy()
    return made


def test_the_life_of_next_best_actions(bank: Bank) -> None:
    metrics = bank.service.call("get_solution_metrics", solutionVersionArn=bank.version)["metrics"]
    assert {"coverage", "precision", "recall", "auc"} == set(metrics)
    even, odd = bank.ask("u0"), bank.ask("u1")
    assert even["loan"] > 0.6
    assert even["card"] < 0.4
    assert odd["card"] > 0.6
    assert odd["loan"] < 0.4
    assert list(even.values()) == sorted(even.values(), reverse=True)
    # gift has expired; club is known of nobody, so it has no score
    assert set(even) == {"loan", "card", "poll", "club"}
    assert even["club"] == 0.0
    assert list(bank.ask("u0", numResults=1)) in (["loan"], ["poll"], ["club"])
    assert bank.ask("u0", numResults=0) == {}
    assert "loan" in bank.ask("somebody new")

    # taken up now: REPEAT_FREQUENCY leaves it out, and a taking is known to all that looks at the user
    bank.put({"actionId": "poll", "eventType": "Taken", "properties": '{"numberOfActions": "12"}'})
    assert "poll" not in bank.ask("u0")
    assert "poll" in bank.ask("u1")
    bank.put({"actionId": "card", "eventType": "Not Taken", "timestamp": NOW + 5}, {"actionId": "loan"})
    assert bank.ask("u0") != even

    # an action that is put is recommended at once, without a training
    tour = {"actionId": "tour", "properties": '{"type": "money", "value": 2, "price": 1.0}'}
    bank.service.call("put_actions", datasetArn=bank.datasets["Actions"], actions=[tour])
    assert bank.ask("u0", numResults=100)["tour"] == 0.0


def test_filters_of_actions(bank: Bank) -> None:
    paid = bank.filter("paid", "INCLUDE ActionID WHERE Actions.PRICE > $LEAST")
    assert set(bank.ask(filterArn=paid, filterValues={"LEAST": "6"})) == {"card", "loan"}
    taken = bank.filter("taken", 'EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("Taken")')
    assert set(bank.ask("somebody", filterArn=taken)) == {"card", "loan", "poll", "club"}
    before = set(bank.ask("u59", filterArn=taken))
    bank.put({"userId": "u59", "actionId": "club", "eventType": "Taken"})
    assert set(bank.ask("u59", filterArn=taken)) == before - {"club"}


def test_what_is_refused(bank: Bank) -> None:
    refused: Callable[..., tuple[str, str]] = bank.service.refused
    asked = {"campaignArn": bank.campaign, "userId": "u0"}
    for operation, params, words in (
        ("get_recommendations", asked, "use GetActionRecommendations"),
        ("get_personalized_ranking", {**asked, "inputList": ["i1"]}, "does not rank"),
        ("get_action_recommendations", {"campaignArn": bank.campaign}, "userId is missing"),
        ("get_action_recommendations", {"userId": "u0"}, "campaignArn is missing"),
        ("get_action_recommendations", {**asked, "numResults": 101}, "expected 0 to 100"),
    ):
        code, message = refused(operation, **params)
        assert code == "InvalidInputException"
        assert words in message
    code, _ = refused("get_action_recommendations", campaignArn=f"{bank.campaign}x", userId="u0")
    assert code == "ResourceNotFoundException"
    other = solution(bank.service, bank.group)
    made = trained(bank.service, other)["solutionVersionArn"]
    popular = deployed(bank.service, made, "popular")["campaignArn"]
    code, message = refused("get_action_recommendations", campaignArn=popular, userId="u0")
    assert code == "InvalidInputException"
    assert "aws-popularity-count, does not recommend actions" in message
    code, message = refused(
        "create_batch_inference_job",
        jobName="batch",
        solutionVersionArn=bank.version,
        jobInput={"s3DataSource": {"path": "s3://in/x"}},
        jobOutput={"s3DataDestination": {"path": "s3://out/x"}},
        roleArn=ROLE,
    )
    assert code == "InvalidInputException"


def test_without_action_interactions_nothing_has_a_score(working: Service, tmp_path: Path) -> None:
    bank = Bank(working, tmp_path, acted=False)
    bank.deploy()
    metrics = working.call("get_solution_metrics", solutionVersionArn=bank.version)["metrics"]
    assert set(metrics) == {"coverage"}
    found = bank.ask("u0")
    assert set(found.values()) == {0.0}
    assert next(iter(found)) == "club"  # worth most
    assert set(found) == {"club", "card", "loan", "poll"}


def test_put_action_interactions(service: Service) -> None:
    arn = group(service)
    dataset(service, arn, schema(service), "Interactions")
    acted = dataset(service, arn, schema(service, "acted", ACTED), "Action_Interactions")
    tracking_id = service.call("describe_dataset", datasetArn=acted)["dataset"]["trackingId"]
    good = {"actionId": "a", "sessionId": "s", "timestamp": NOW, "eventType": "Not Taken"}

    def refused(**wrong: Any) -> tuple[str, str]:
        return service.refused(
            "put_action_interactions", trackingId=tracking_id, actionInteractions=[good, {**good, **wrong}]
        )

    for kind in ("TAKEN", "not_taken", "Viewed", "Not Taken"):
        service.call(
            "put_action_interactions", trackingId=tracking_id, actionInteractions=[{**good, "eventType": kind}]
        )
    for wrong, words in (
        ({"eventType": "Takn"}, "did you mean Taken?"),
        ({"properties": '{"numberOfAction": 1}'}, "did you mean numberOfActions?"),
        ({"properties": '{"eventType": "x"}'}, "can't be a property"),
        ({"properties": '{"numberOfActions": "many"}'}, "expected a whole number"),
        ({"timestamp": NOW * 1000}, "seconds since 1970"),
    ):
        code, message = refused(**wrong)
        assert code == "InvalidInputException"
        assert words in message
        assert "actionInteractions[1]" in message
    tracker = service.call("create_event_tracker", name="web", datasetGroupArn=arn)["trackingId"]
    code, message = service.refused("put_action_interactions", trackingId=tracker, actionInteractions=[good])
    assert code == "ResourceNotFoundException"
    assert "of the event tracker" in message
    code, _ = service.refused("put_action_interactions", trackingId="none", actionInteractions=[good])
    assert code == "ResourceNotFoundException"


def test_domain_groups_have_no_actions(service: Service) -> None:
    arn = group(service, domain="ECOMMERCE")
    made = schema(service, "actions", ACTIONS)
    code, message = service.refused(
        "create_dataset", name="x", schemaArn=made, datasetGroupArn=arn, datasetType="Actions"
    )
    assert code == "InvalidInputException"
    assert "custom dataset group" in message


def test_the_recipe_is_described(service: Service) -> None:
    found = service.call("describe_recipe", recipeArn=RECIPE + RECIPE_NAME)["recipe"]
    assert found["recipeType"] == "PERSONALIZED_ACTIONS"
    found = service.call(
        "describe_feature_transformation", featureTransformationArn=found["featureTransformationArn"]
    )
    assert found["featureTransformation"]["defaultParameters"] == {"action_optimization_period": "14"}


def test_what_was_put_is_exported_counts_once_and_is_forgotten(working: Service, tmp_path: Path) -> None:
    bank = Bank(working, tmp_path, acted=False)
    taken = {"actionId": "loan", "eventType": "Taken", "eventId": "e1", "properties": '{"numberOfActions": 3}'}
    bank.put(taken, {"actionId": "card", "userId": "u1"}, {**taken, "timestamp": NOW + 1})
    bank.put({**taken, "actionId": "card"})  # exports leave out equal rows: these are others
    exported = bank.exported(tmp_path / "all")
    assert exported[0] == "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP,NUMBER_OF_ACTIONS"
    assert sorted(exported[1:]) == [f"u0,loan,Taken,{NOW},3", f"u1,card,Viewed,{NOW},"]
    (tmp_path / "users.csv").write_text("USER_ID\nu0\n")
    assert erased(working, bank.group, tmp_path / "users.csv")["status"] == "COMPLETED"
    assert bank.exported(tmp_path / "rest")[1:] == [f"u1,card,Viewed,{NOW},"]
