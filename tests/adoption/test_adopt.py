"""Adopting what somebody else made: a whole engine, one resource, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pzdecl.adoption import placing
from pzdecl.adoption.rows import Adopter
from pzdecl.engine import Engine
from tests.cli.conftest import Cli, cli, starter
from tests.shop import document, group, manifest

__all__ = ["cli", "starter"]

pytest.importorskip("torch")

UNSEEN = """\
datasetGroup: shop
filterExpression: 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view", "${var.type}")'
"""
EFFECT = "metrics: [{metricName: views, eventType: view, expression: SAMPLECOUNT()}]"
TUNED = """\
datasetGroup: shop
recipe: aws-hrnn
performHPO: true
eventType: view
solutionConfig:
  algorithmHyperParameters: {hidden_dimension: 40, recency_mask: false}
  featureTransformationParameters: {max_user_history_length_percentile: 0.9}
  hpoConfig:
    hpoResourceConfig: {maxNumberOfTrainingJobs: 2, maxParallelTrainingJobs: 1}
    algorithmHyperParameterRanges:
      integerHyperParameterRanges: [{name: bptt, minValue: 4, maxValue: 8}]
training: {when: manual}
"""
NIGHTLY = """\
solution: shop-popular
jobInput: {s3DataSource: {path: users.json}}
jobOutput: {s3DataDestination: {path: answers}}
"""
MORE = manifest(
    group("books", metadata="tags: {team: books}"),
    document("Dataset", "books", "datasetGroup: books, datasetType: Interactions, schema: shop-interactions"),
    document("EventTracker", "web", "datasetGroup: shop"),
    document("Filter", "unseen", UNSEEN),
    document("MetricAttribution", "effect", f"datasetGroup: shop, {EFFECT}"),
    document("Solution", "tuned", TUNED, metadata='tags: {"a b": "1"}'),
    document("BatchInferenceJob", "nightly", NIGHTLY),
)


@pytest.fixture
def shop(cli: Cli, starter: Path) -> Path:
    """Two groups with everything in them, applied; the popular solution was replaced once."""
    (starter / "more.yaml").write_text(MORE)
    (starter / "users.json").write_text('{"userId": "user-1"}\n')
    project = starter / "pzdecl.yaml"
    project.write_text(
        project.read_text().replace("variables:\n  tps", "variables:\n  type: {default: buy}\n  tps")
    )
    applied(cli, starter)
    recommender = starter / "recommender.yaml"
    recommender.write_text(
        recommender.read_text().replace(
            "  recipe: aws-popularity-count", "  eventType: view\n  recipe: aws-popularity-count"
        )
    )
    applied(cli, starter)
    return starter


def applied(cli: Cli, root: Path) -> None:
    done = cli("-C", root, "apply", "--auto-approve")
    assert done.code == 0, done.err


def bare(shop: Path, into: Path) -> Path:
    """A project without manifests over the shop's engine."""
    into.mkdir()
    (into / "pzdecl.yaml").write_text(
        f"name: other\nprovider: {{type: local, engine: {shop}/.pzdecl/engine}}\n"
    )
    return into


def test_all_of_an_engine_is_adopted_and_the_plan_is_empty(cli: Cli, shop: Path, tmp_path: Path) -> None:
    other = bare(shop, tmp_path / "other")
    done = cli("-C", other, "adopt", "--all")
    assert done.code == 0, done.err
    addresses = done.out.replace(": adopted", "").split()
    recorded = cli("-C", shop, "state", "list").out.split()
    kinds = sorted(one.partition("/")[0] for one in recorded if not one.startswith("BatchInferenceJob"))
    # The manual solution was never trained: it has no version to adopt.
    assert sorted(one.partition("/")[0] for one in addresses) == kinds
    assert "1 past BatchInferenceJob" in done.err or "past BatchInferenceJobs" in done.err
    assert "is taken for what the job had read" in done.err
    assert sorted(path.name for path in (other / "adopted").iterdir()) == [
        "books.yaml",
        "shared.yaml",
        "shop.yaml",
    ]

    plan = cli("-C", other, "plan", "--detailed-exitcode")
    manifests = "".join(path.read_text() for path in (other / "adopted").iterdir())
    assert plan.code == 0, plan.out + manifests
    assert "Solution/tuned was never trained" in done.err
    again = cli("-C", other, "adopt", "--all", "--into", "again")
    assert again.code == 0
    assert again.out == ""
    assert not (other / "again").exists()
    assert "there is nothing that is not managed yet" in again.err


@pytest.mark.parametrize(("place", "function"), [(placing, "place"), (Adopter, "row"), (placing, "finish")])
def test_a_killed_adoption_is_begun_anew(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: object, function: str
) -> None:
    """Killed before the manifests are in place, before they are recorded, or right after that."""
    (tmp_path / "pzdecl.yaml").write_text("name: other\n")
    with Engine(tmp_path / ".pzdecl/engine") as engine:
        engine.client().create_dataset_group(name="mine")

    def killed(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(placing, "take_back", lambda into, existed: None)  # a kill leaves no time to tidy up
        patch.setattr(place, function, killed)
        assert cli("-C", tmp_path, "adopt", "--all").code == 130
    assert (tmp_path / "adopted").exists() == (function != "place")
    assert cli("-C", tmp_path, "adopt", "--all").code == 0
    assert cli("-C", tmp_path, "plan", "--detailed-exitcode").code == 0
    assert [path.name for path in tmp_path.rglob("*") if "adopt" in path.name] == ["adopted"]


def test_accounts_share_nothing(cli: Cli, shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "pzdecl.yaml").write_text("name: other\n")
    with Engine(other / ".pzdecl/engine") as engine:
        engine.client().create_dataset_group(name="mine")
    done = cli("-C", other, "adopt", "--all")
    assert done.out == "DatasetGroup/mine: adopted\n", done.err
    assert cli("-C", other, "plan", "--detailed-exitcode").code == 0
    assert cli("-C", shop, "plan", "--detailed-exitcode").code == 0


def arn(cli: Cli, root: Path, address: str) -> str:
    import json

    listed = json.loads(cli("-C", root, "state", "list", "--format", "json").out)["resources"]
    return str(next(one["arn"] for one in listed if one["address"] == address))


def test_a_lost_state_is_taken_up_again_one_by_one(cli: Cli, starter: Path) -> None:
    applied(cli, starter)
    order = [
        "Schema/shop-interactions",
        "DatasetGroup/shop",
        "Dataset/shop-interactions",
        "DatasetImport/shop-interactions",
        "Solution/shop-popular",
        "Campaign/shop-popular",
    ]
    arns = {address: arn(cli, starter, address) for address in order}
    shutil.rmtree(starter / ".pzdecl/state")
    early = cli("-C", starter, "adopt", "Dataset/shop-interactions", arns["Dataset/shop-interactions"])
    assert early.code == 1
    assert "DatasetGroup/shop, which is not managed yet" in early.err
    for address in order:
        done = cli("-C", starter, "adopt", address.lower().replace("shop", "shop"), arns[address])
        assert done.code == 0, done.err
        assert done.out == f"{address}: adopted\n"
    plan = cli("-C", starter, "plan", "--detailed-exitcode")
    assert plan.code == 0, plan.out
    assert cli("-C", starter, "state", "list").out.split() == sorted([*order, "SolutionVersion/shop-popular"])


def test_what_differs_from_the_manifest_is_planned(cli: Cli, starter: Path) -> None:
    with Engine(starter / ".pzdecl/engine") as engine:
        made = engine.client().create_dataset_group(
            name="handmade", tags=[{"tagKey": "team", "tagValue": "x"}]
        )["datasetGroupArn"]
    done = cli("-C", starter, "adopt", "DatasetGroup/shop", made)
    assert done.code == 0, done.err
    plan = cli("-C", starter, "plan").out
    assert "tag team removed" in plan
    applied(cli, starter)
    with Engine(starter / ".pzdecl/engine") as engine:
        groups = engine.client().list_dataset_groups()["datasetGroups"]
    assert [one["name"] for one in groups] == ["handmade"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["DatasetGroup/shop"], 64, "give an address and an ARN, or --all"),
        (["--all", "--into", ".."], 64, "is not below the project's folder"),
        (["--all", "--into", "data"], 64, "is there already"),
        (["DatasetGroup/shop", "x", "--into", "y"], 64, "--into is for --all"),
        (["DatasetGroup/shop", "x"], 64, "x is no ARN of Amazon Personalize"),
        (["DatasetGroup/none", "x"], 64, "there is no DatasetGroup/none"),
        (
            ["DatasetGroup/shop", "arn:aws:personalize:local:000000000000:dataset-group/none"],
            1,
            "there is no DatasetGroup at",
        ),
    ],
)
def test_what_cannot_be_adopted(cli: Cli, starter: Path, arguments: list[str], code: int, words: str) -> None:
    done = cli("-C", starter, "adopt", *arguments)
    assert (done.code, words in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


def test_what_is_managed_is_not_adopted_again(cli: Cli, starter: Path) -> None:
    applied(cli, starter)
    own = arn(cli, starter, "DatasetGroup/shop")
    done = cli("-C", starter, "adopt", "DatasetGroup/shop", own)
    assert done.code == 64
    assert "is managed already as this very resource" in done.err


def forget(root: Path) -> None:
    shutil.rmtree(root / ".pzdecl/state")


def test_a_lost_state_is_taken_up_again_at_once(cli: Cli, shop: Path) -> None:
    """By the names that plans give: also what was replaced, and has another one than its manifest says."""
    recorded = cli("-C", shop, "state", "list").out.split()
    arns = {address: arn(cli, shop, address) for address in recorded}
    assert arns["Solution/shop-popular"].rpartition("/")[2] != "shop-popular"
    forget(shop)
    done = cli("-C", shop, "adopt", "--all")
    assert done.code == 0, done.err
    assert "what manifests say otherwise" in done.err
    assert not (shop / "adopted").exists(), "everything is declared"
    past = {"BatchInferenceJob/nightly"}
    assert set(cli("-C", shop, "state", "list").out.split()) == {*recorded} - past
    assert {address: arn(cli, shop, address) for address in {*recorded} - past} == {
        address: found for address, found in arns.items() if address not in past
    }
    plan = cli("-C", shop, "plan", "--detailed-exitcode", "--exclude", "BatchInferenceJob/nightly")
    assert plan.code == 0, plan.out


def test_what_is_declared_differs_and_what_is_not_has_a_manifest(cli: Cli, shop: Path) -> None:
    more = shop / "more.yaml"
    documents = more.read_text().split("---\n")
    more.write_text("---\n".join(one for one in documents if "name: unseen" not in one))
    forget(shop)
    done = cli("-C", shop, "adopt", "--all", "--var", "tps=7")
    assert done.code == 0, done.err
    assert [path.name for path in (shop / "adopted").iterdir()] == ["shop.yaml"]
    assert "kind: Filter" in (shop / "adopted/shop.yaml").read_text()
    plan = cli("-C", shop, "plan", "--exclude", "BatchInferenceJob/nightly", "--var", "tps=7")
    assert "minProvisionedTPS 1 → 7" in plan.out
    assert plan.out.endswith("Plan: 1 to update, 0 to delete.\n")


def test_environments_that_share_an_engine_are_told_apart_by_their_prefixes(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pzdecl.yaml").write_text(
        "name: other\nprovider: {type: local, engine: shared}\n"
        "environments: {dev: {namePrefix: dev-}, prod: {namePrefix: prod-}}\n"
    )
    manifest = tmp_path / "own.yaml"
    manifest.write_text(
        "apiVersion: pzdecl/v1\nkind: DatasetGroup\nmetadata: {name: movies}\nspec: {}\n---\n"
        "apiVersion: pzdecl/v1\nkind: EventTracker\nmetadata: {name: web}\nspec: {datasetGroup: movies}\n"
    )
    for environment in ("dev", "prod"):
        assert cli("-C", tmp_path, "apply", "--auto-approve", "-e", environment).code == 0
    forget(tmp_path)
    manifest.unlink()
    done = cli("-C", tmp_path, "adopt", "--all", "-e", "dev")
    assert done.out.replace(": adopted", "").split() == ["DatasetGroup/movies", "EventTracker/web"]
    assert "2 resources of other environments: their names do not begin with dev-" in done.err
    assert "prod" not in (tmp_path / "adopted/movies.yaml").read_text()
    again = cli("-C", tmp_path, "adopt", "--all", "-e", "prod")
    assert again.out == done.out
    for environment in ("dev", "prod"):
        plan = cli("-C", tmp_path, "plan", "--detailed-exitcode", "-e", environment)
        assert plan.code == 0, plan.out


def test_what_refers_to_something_that_is_gone_is_left(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pzdecl.yaml").write_text("name: other\n")
    (tmp_path / "own.yaml").write_text(
        "apiVersion: pzdecl/v1\nkind: DatasetGroup\nmetadata: {name: movies}\nspec: {}\n---\n"
        "apiVersion: pzdecl/v1\nkind: EventTracker\nmetadata: {name: web}\nspec: {datasetGroup: movies}\n"
    )
    with Engine(tmp_path / ".pzdecl/engine") as engine:
        other = engine.client().create_dataset_group(name="books")["datasetGroupArn"]
        engine.client().create_event_tracker(name="web", datasetGroupArn=other)
    done = cli("-C", tmp_path, "adopt", "--all")
    assert done.code == 0, done.err
    assert done.out == "DatasetGroup/books: adopted\n"
    assert "the manifest of EventTracker/web refers to DatasetGroup/movies, which is not there" in done.err
