"""Recommenders from a manifest to the answer: planned, applied, asked, changed, drifted, adopted, destroyed."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.store import store
from tests.cli.conftest import Cli
from tests.shop import EVENTS, Folder, data, document, group, manifest, table

pytest.importorskip("scipy")

PROJECT = "name: films\nprovider: {type: local}\n"
ITEMS = {
    "ITEM_ID": "string",
    "TITLE": "string",
    "GENRES": "string, categorical: true",
    "CREATION_TIMESTAMP": "long",
}
OF = {"group": "films", "domain": "VIDEO_ON_DEMAND"}
DATA = manifest(
    group("films", "VIDEO_ON_DEMAND"),
    data("films-events", EVENTS, file="events.csv", **OF),
    data("films-items", ITEMS, type="Items", file="items.csv", **OF),
)
BECAUSE = """\
datasetGroup: films
recipe: aws-vod-because-you-watched-x
recommenderConfig: {enableMetadataWithRecommendations: true}
"""
RECOMMENDERS = manifest(
    document(
        "Recommender",
        "popular",
        "datasetGroup: films, recipe: aws-vod-most-popular",
        metadata="tags: {team: home}",
    ),
    document("Recommender", "because", BECAUSE),
)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two recommenders, nothing applied. Nothing here is about power failures."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    made, draw = Folder(tmp_path / "films"), random.Random(1)
    drawn = (min(draw.randrange(30), draw.randrange(30)) for _ in range(1500))
    events = (f"u{n % 75},i{item:02},{1_600_000_000 + n * 60},Watch" for n, item in enumerate(drawn))
    items = (f"i{n:02},Film {n},{'Comedy|Drama' if n % 2 else 'Drama'},1500000000" for n in range(30))
    made.write("pzdecl.yaml", PROJECT)
    made.write("data.yaml", DATA)
    made.write("recommenders.yaml", RECOMMENDERS)
    made.write("events.csv", table(EVENTS, events))
    made.write("items.csv", table(ITEMS, items))
    return made.root


def edit(root: Path, before: str, after: str) -> None:
    Folder(root).edit("recommenders.yaml", before, after)


def changes(cli: Cli, root: Path, *more: str) -> dict[str, str]:
    """What a plan would do, by address."""
    found = cli("-C", root, "plan", "--format", "json", *more)
    assert found.code == 0, found.err
    document = json.loads(found.out)
    return {
        one["address"]: "+".join(one["change"]["actions"])
        for one in document["resource_changes"]
        if one["change"]["actions"] != ["no-op"]
    }


def apply(cli: Cli, root: Path) -> str:
    done = cli("-C", root, "apply", "--auto-approve")
    assert done.code == 0, done.err
    assert changes(cli, root) == {}
    return done.err + done.out


def described(root: Path, name: str) -> dict[str, Any]:
    with Engine(root / ".pzdecl" / "engine") as engine:
        arn = engine.arn(f"recommender/{name}")
        found: dict[str, Any] = engine.client().describe_recommender(recommenderArn=arn)["recommender"]
        return found


def call(root: Path, operation: str, **params: Any) -> None:
    """Does something behind pzdecl's back."""
    with Engine(root / ".pzdecl" / "engine") as engine:
        engine.start_worker(scheduled=False)
        getattr(engine.client(), operation)(**params)
        engine.stop(finish=True)


def test_from_a_manifest_to_the_answer_and_back(cli: Cli, films: Path) -> None:
    planned = changes(cli, films)
    assert planned["Recommender/popular"] == planned["Recommender/because"] == "create"
    apply(cli, films)
    answer = cli("-C", films, "recommend", "popular", "u1", "--count", "3")
    assert answer.code == 0, answer.err
    assert "Film" in answer.out
    beside = cli("-C", films, "recommend", "Recommender/because", "nobody", "--item", "i05", "-n", "4",
                 "--metadata", "GENRES", "--format", "json")  # fmt: skip
    found = json.loads(beside.out)["itemList"]
    assert len(found) == 4
    assert all("Drama" in one["metadata"]["GENRES"] for one in found)
    missing = cli("-C", films, "recommend", "because", "u1")
    assert (missing.code, "--item ID" in missing.err) == (64, True)

    metrics = json.loads(cli("-C", films, "metrics", "--format", "json").out)["versions"]
    assert [(one["solution"], one["recipe"], one["serving"]) for one in metrics] == [
        ("because", "aws-vod-because-you-watched-x", ["because"]),
        ("popular", "aws-vod-most-popular", ["popular"]),
    ]
    assert all(0 < one["metrics"]["coverage"] <= 1 for one in metrics)
    assert "aws-vod-most-popular" in cli("-C", films, "metrics").out

    # In place, and what it takes back to the defaults.
    edit(films, "{enableMetadataWithRecommendations: true}", "{minRecommendationRequestsPerSecond: 3}")
    assert changes(cli, films) == {"Recommender/because": "update"}
    apply(cli, films)
    config = described(films, "because")["recommenderConfig"]
    assert config["minRecommendationRequestsPerSecond"] == 3
    assert not config["enableMetadataWithRecommendations"]

    # Another use case is another recommender; the first serves until the second does.
    edit(films, "aws-vod-most-popular", "aws-vod-trending-now")
    assert changes(cli, films) == {"Recommender/popular": "create+delete"}
    apply(cli, films)
    with Engine(films / ".pzdecl" / "engine") as engine:
        names = [one["name"] for one in engine.client().list_recommenders()["recommenders"]]
    assert len(names) == 2
    assert any(name.startswith("popular-") for name in names)
    assert cli("-C", films, "recommend", "popular", "-n", "2").code == 0

    destroyed = cli("-C", films, "destroy", "--auto-approve")
    assert destroyed.code == 0, destroyed.err
    with Engine(films / ".pzdecl" / "engine") as engine:
        assert engine.client().list_dataset_groups()["datasetGroups"] == []


def test_stopped_and_started_by_the_manifest_and_behind_its_back(cli: Cli, films: Path) -> None:
    edit(films, "recipe: aws-vod-most-popular}", "recipe: aws-vod-most-popular, active: false}")
    apply(cli, films)
    assert described(films, "popular")["status"] == "INACTIVE"
    refused = cli("-C", films, "recommend", "popular", "u1")
    assert (refused.code, "INACTIVE" in refused.err) == (1, True)

    edit(
        films,
        "recipe: aws-vod-most-popular, active: false}",
        "recipe: aws-vod-most-popular, recommenderConfig: {minRecommendationRequestsPerSecond: 2}}",
    )
    assert changes(cli, films) == {"Recommender/popular": "update"}
    apply(cli, films)
    found = described(films, "popular")
    assert (found["status"], found["recommenderConfig"]["minRecommendationRequestsPerSecond"]) == ("ACTIVE", 2)

    call(films, "stop_recommender", recommenderArn=found["recommenderArn"])
    config = {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["TITLE"]}}}
    call(films, "update_recommender", recommenderArn=found["recommenderArn"], recommenderConfig=config)
    drift = cli("-C", films, "drift")
    assert drift.code == 2
    assert "active" in drift.out
    assert "trainingDataConfig" in drift.out
    assert changes(cli, films) == {"Recommender/popular": "update"}
    apply(cli, films)
    again = described(films, "popular")
    assert again["status"] == "ACTIVE"
    assert "trainingDataConfig" not in again["recommenderConfig"]


def test_adopted_with_all_the_rest(cli: Cli, films: Path) -> None:
    edit(
        films,
        "recommenderConfig: {enableMetadataWithRecommendations: true}",
        "recommenderConfig: {trainingDataConfig: {excludedDatasetColumns: {items: [TITLE]}}}\n  active: false",
    )
    apply(cli, films)
    before = described(films, "because")
    shutil.rmtree(films / ".pzdecl" / "state")
    for name in ("data.yaml", "recommenders.yaml"):
        (films / name).unlink()
    adopted = cli("-C", films, "adopt", "--all", "--into", "found", "--auto-approve")
    if adopted.code == 64:
        adopted = cli("-C", films, "adopt", "--all", "--into", "found")
    assert adopted.code == 0, adopted.err
    text = "".join(path.read_text() for path in (films / "found").rglob("*.yaml"))
    assert "aws-vod-because-you-watched-x" in text
    assert "active: false" in text
    assert changes(cli, films) == {}
    assert described(films, "because") == before


@pytest.mark.parametrize(
    ("before", "after", "code", "told"),
    [
        ("aws-vod-most-popular", "aws-vod-most-populr", "PZ3010", "did you mean: aws-vod-most-popular"),
        ("aws-vod-most-popular", "aws-sims", "PZ3010", "is a recipe of solutions"),
        ("aws-vod-most-popular", "aws-ecomm-recommended-for-you", "PZ5014", "VIDEO_ON_DEMAND"),
        (
            "enableMetadataWithRecommendations: true",
            "itemExplorationConfig: {explorationWeight: 0.5}",
            "PZ3008",
            "aws-vod-top-picks",
        ),
        (
            "enableMetadataWithRecommendations: true",
            "trainingDataConfig: {excludedDatasetColumns: {ITEMS: [TITEL]}}",
            "PZ5011",
            "did you mean: TITLE",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    cli: Cli, films: Path, before: str, after: str, code: str, told: str
) -> None:
    edit(films, before, after)
    found = cli("-C", films, "validate")
    assert found.code == 1
    assert code in found.err + found.out
    assert told in found.err + found.out
    assert "recommenders.yaml:" in found.err + found.out


def test_items_that_a_use_case_needs(cli: Cli, films: Path) -> None:
    edit(films, "aws-vod-most-popular", "aws-vod-top-picks")
    data = films / "data.yaml"
    kept = [part for part in data.read_text().split("---\n") if "items" not in part.lower()]
    data.write_text("---\n".join(kept))
    found = cli("-C", films, "validate")
    assert found.code == 1
    assert found.err.count("PZ5012") + found.out.count("PZ5012") == 2
    assert "aws-vod-top-picks needs a dataset of type ITEMS" in found.err + found.out


def test_events_that_a_use_case_needs_are_counted_before_anything_changes(cli: Cli, films: Path) -> None:
    path = films / "events.csv"
    path.write_text(path.read_text().replace("Watch", "Click", 700))
    found = cli("-C", films, "plan")
    assert found.code == 1
    assert "PZ7005: the data has 800 interactions of type Watch" in found.err
    assert "recommenders.yaml:4" in found.err
    edit(films, "aws-vod-most-popular", "aws-vod-trending-now")
    edit(films, "aws-vod-because-you-watched-x", "aws-vod-more-like-x")
    assert cli("-C", films, "plan").code == 0


def test_policies_hold_for_recommenders(cli: Cli, films: Path) -> None:
    edit(films, "{enableMetadataWithRecommendations: true}", "{minRecommendationRequestsPerSecond: 3}")
    limits = "policies: {maximumTPS: 2, allowedRecipes: [aws-vod-because-you-watched-x]}\n"
    (films / "pzdecl.yaml").write_text(PROJECT + limits)
    found = cli("-C", films, "plan")
    assert "minRecommendationRequestsPerSecond is 3" in found.out
    assert "aws-vod-most-popular is not one of" in found.out


def test_recipes_of_domains_are_described_as_such(cli: Cli) -> None:
    listed = cli("recipes", "list")
    assert "aws-ecomm-frequently-bought-together" in listed.out
    one = cli("recipes", "describe", "aws-ecomm-customers-who-viewed-x-also-viewed")
    for words in ("ECOMMERCE", "View", "Purchase", "userId and itemId"):
        assert words in one.out
    assert "solutionConfig" not in one.out


def test_the_example_is_planned_with_its_own_data(cli: Cli, tmp_path: Path) -> None:
    root = tmp_path / "shop"
    shutil.copytree(ROOT / "examples/shop", root, ignore=shutil.ignore_patterns("data", ".pzdecl"))
    subprocess.run([sys.executable, root / "generate.py"], check=True)
    planned = changes(cli, root)
    assert sorted(one for one in planned if one.startswith("Recommender/")) == [
        "Recommender/best-sellers",
        "Recommender/for-you",
        "Recommender/goes-with",
    ]
    first = (root / "data/interactions.csv").read_bytes()
    subprocess.run([sys.executable, root / "generate.py"], check=True)
    assert (root / "data/interactions.csv").read_bytes() == first


def test_the_manifests_of_the_page_are_valid(cli: Cli, tmp_path: Path) -> None:
    page = (ROOT / "docs/reference/recommenders.md").read_text(encoding="utf-8")
    blocks = page.split("```yaml\n")[1:]
    assert blocks
    for number, block in enumerate(blocks):
        (tmp_path / f"{number}.yaml").write_text(block.partition("```")[0])
    (tmp_path / "pzdecl.yaml").write_text("name: page\nprovider: {type: local}\n")
    found = cli("-C", tmp_path, "validate")
    assert found.code == 0, found.err
