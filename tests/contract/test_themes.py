"""Batch inference jobs that make themes: what they answer, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients import Service, avro, dataset, field, group, imported, schema
from tests.contract.test_batch import Shop, answered, infer, places, version
from tests.contract.test_filters import EVENTS, filter_

CONFIG = {"fieldsForThemeGeneration": {"itemName": "NAME"}}
THEMED: dict[str, Any] = {"batchInferenceJobMode": "THEME_GENERATION", "themeGenerationConfig": CONFIG}
WORLDS = ("Deep space", "Old Paris", "Wild west")
"""i0, i3, ... are of the first, and so on; who takes up one of them takes up others of it."""


ID = field("ITEM_ID", "string")
NAME = field("NAME", "string")
ABOUT = field("ABOUT", "null", "string", textual=True)
GENRE = field("GENRE", "null", "string", categorical=True)


@pytest.fixture
def films(working: Service, tmp_path: Path) -> Shop:
    """A group with 30 items of three worlds, 60 users who each like one of them, and their events."""
    group_arn = group(working)
    events = [f"u{n % 60},i{3 * (n * 7 // 60 % 10) + n % 3},click,{1_600_000_000 + n}" for n in range(1200)]
    rows = [
        f'i{n},Film {n},A tale of {WORLDS[n % 3].lower()} no. {n},"Drama|{WORLDS[n % 3][-5:].strip()}"'
        for n in range(30)
    ]
    for kind, described, lines in (
        ("Interactions", EVENTS, ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *events]),
        ("Items", avro("Items", ID, NAME, ABOUT, GENRE), ["ITEM_ID,NAME,ABOUT,GENRE", *rows]),
    ):
        (tmp_path / f"{kind}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        arn = dataset(working, group_arn, schema(working, kind, described), kind)
        imported(working, arn, tmp_path / f"{kind}.csv", kind)
    return working, group_arn


def test_each_list_has_a_theme_and_is_in_its_order(films: Shop, tmp_path: Path) -> None:
    service, _ = films
    arn = version(films, "aws-similar-items")
    asked = [{"itemId": f"i{n}"} for n in range(3)]
    plain = infer(films, arn, places(tmp_path, *asked), "plain", numResults=12)
    assert "themeGenerationConfig" not in plain
    before = [line["output"]["recommendedItems"] for line in answered(tmp_path)]

    where = places(tmp_path, *asked, {"userId": "u1"}, "no json", {"itemId": "none"})
    found = infer(films, arn, where, "themed", numResults=12, **THEMED)
    assert found["status"] == "ACTIVE", found
    assert {key: found[key] for key in THEMED} == THEMED
    listed = service.call("list_batch_inference_jobs", solutionVersionArn=arn)["batchInferenceJobs"]
    assert {one["jobName"]: one["batchInferenceJobMode"] for one in listed} == {
        "plain": "BATCH_INFERENCE",
        "themed": "THEME_GENERATION",
    }
    lines = answered(tmp_path)
    assert [line["input"] for line in lines[:3]] == asked
    for world, items, line in zip(WORLDS, before, lines, strict=False):
        output = line["output"]
        assert set(output) == {"recommendedItems", "theme", "itemsThemeRelevanceScores"}
        assert sorted(output["recommendedItems"]) == sorted(items)
        assert world.casefold() in output["theme"].casefold()
        scores = output["itemsThemeRelevanceScores"]
        assert scores == sorted(scores, reverse=True)
        of = dict(zip(output["recommendedItems"], scores, strict=True))
        same = {one for one in items if WORLDS[int(one[1:]) % 3] == world}
        assert min(of[one] for one in same) == 1.0
        assert max((of[one] for one in set(items) - same), default=0.0) < 0.5
        # Items that bear the theme alike stay in the order in which they are recommended.
        assert [one for one in output["recommendedItems"] if of[one] == 1.0] == [
            one for one in items if one in same
        ]
    wrong = [json.loads(line) for line in (tmp_path / "out/asked.json.errors").read_text().splitlines()]
    assert [one["line"] for one in wrong][:2] == [4, 5]
    assert "itemId is missing" in wrong[0]["error"]


def test_lists_without_a_theme_are_errors(films: Shop, tmp_path: Path) -> None:
    service, group_arn = films
    arn = version(films, "aws-similar-items")
    few = filter_(service, group_arn, "INCLUDE ItemID WHERE Items.GENRE IN ($G)")
    lines = [{"itemId": "i1", "filterValues": {"G": f'"{genre}"'}} for genre in ("space", "Drama", "none")]
    found = infer(films, arn, places(tmp_path, *lines), filterArn=few, numResults=30, **THEMED)
    assert found["status"] == "ACTIVE", found
    space, drama, nothing = answered(tmp_path)
    assert {int(one[1:]) % 3 for one in space["output"]["recommendedItems"]} == {0}
    assert "Deep space" in space["output"]["theme"].capitalize()
    # Of all items but one: what two of them share, a third of all have, as in the catalogue.
    assert "there is no theme: nothing in NAME, ABOUT, GENRE" in drama["error"]
    assert "the filter lets no item through" in nothing["error"]


def test_what_themes_are_refused_for(films: Shop, tmp_path: Path) -> None:
    service, group_arn = films
    arn, other = version(films, "aws-similar-items"), version(films, "aws-sims")
    where = places(tmp_path, {"itemId": "i1"})

    def named(name: str) -> dict[str, Any]:
        return THEMED | {"themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": name}}}

    wrong: list[tuple[dict[str, Any], str]] = [
        ({"batchInferenceJobMode": "THEME_GENERATION"}, "themeGenerationConfig is required"),
        ({"themeGenerationConfig": CONFIG}, "is for batchInferenceJobMode THEME_GENERATION"),
        (
            THEMED | {"solutionVersionArn": other},
            "aws-sims, recommends without themes: expected aws-similar-items",
        ),
        (
            named("NAMES"),
            "no column of the Items dataset: expected one of NAME, ABOUT, GENRE (did you mean NAME?)",
        ),
        (named("ITEM_ID"), "which is no column of text: expected one of"),
        (named("A-B"), "itemName"),
    ]
    for more, words in wrong:
        params = {"jobName": "job", "solutionVersionArn": arn, **where, **more}
        code, message = service.refused("create_batch_inference_job", **params)
        assert code == "InvalidInputException"
        assert words in message
    of = {one["datasetType"]: one["datasetArn"] for one in service.call("list_datasets")["datasets"]}
    service.call("delete_dataset", datasetArn=of["ITEMS"])
    for described, words in (
        (None, "the dataset group has no Items dataset"),
        (avro("Items", ID, field("PRICE", "float")), "expected a column of text, and there is none"),
        (avro("Items", ID, NAME, GENRE), "no textual column"),
    ):
        made = ""
        if described:
            made = dataset(
                service, group_arn, schema(service, f"s{len(described['fields'])}", described), "Items"
            )
        params = {"jobName": "job", "solutionVersionArn": arn, **where, **THEMED}
        code, message = service.refused("create_batch_inference_job", **params)
        assert (code, words in message) == ("InvalidInputException", True), message
        if made:
            service.call("delete_dataset", datasetArn=made)
