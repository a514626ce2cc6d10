"""Every recipe of items and users from its manifest to what it recommends, as is documented of it.

Actions have a data set of their own (tests/contract/test_actions.py), use cases of domains are recommenders
(tests/cli/test_recommenders.py).
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pzdecl import Engine
from pzdecl.engine.recipes.registry import CUSTOM
from tests import datasets
from tests.e2e.recipe_world import World, name_of, real

SHARES = {"ml-100k": 3, "online-retail": 8}
WHERE = {"ml-100k": 'ITEMS.GENRES = "Comedy"', "online-retail": "ITEMS.PRICE = 1.25"}
QUICK = ("aws-popularity-count", "aws-sims", "aws-trending-now")
COLD_BELOW = 15

RECIPES = {name: recipe for name, recipe in CUSTOM.items() if recipe.type != "PERSONALIZED_ACTIONS"}


def of_type(kind: str) -> list[str]:
    return [recipe.name for recipe in RECIPES.values() if recipe.type == kind]


@pytest.fixture(scope="module", params=SHARES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """All recipes on a part of a real data set, applied."""
    name = str(request.param)
    found = real(datasets.require(name), tmp_path_factory.mktemp("recipes") / name, SHARES[name])
    found.solutions(RECIPES.values())
    found.run("apply", "--auto-approve")
    return found


@pytest.mark.slow
def test_every_recipe_is_trained_measured_and_settled(world: World) -> None:
    metrics = world.metrics()
    assert set(metrics) == set(RECIPES)
    for recipe, found in metrics.items():
        assert found, recipe
        assert all(math.isfinite(value) for value in found.values()), (recipe, found)
    world.run("plan", "--detailed-exitcode")


@pytest.mark.slow
def test_personal_recipes_answer_users_old_and_new(world: World) -> None:
    (user, _), (other, _) = world.users.most_common(2)
    for recipe in of_type("USER_PERSONALIZATION"):
        known, again, new = (world.recommend(recipe, one) for one in (user, other, "nobody-yet"))
        assert len(known) == len(again) == len(new) == 25, recipe
        assert len({one["itemId"] for one in known}) == 25
        if recipe == "aws-popularity-count":
            assert known == again == new
            assert "score" not in known[0]
        else:
            assert known != again, recipe
            scores = [one["score"] for one in known]
            assert 0 < sum(scores) <= 1 + 1e-6
            if not RECIPES[recipe].explores:
                assert scores == sorted(scores, reverse=True), recipe


@pytest.mark.slow
def test_hrnn_ignores_an_item(world: World) -> None:
    user, item = next(iter(world.users)), world.events.most_common(1)[0][0]
    assert world.recommend("aws-hrnn", user, item) == world.recommend("aws-hrnn", user)


@pytest.mark.slow
def test_coldstart_recommends_what_few_have_met(world: World) -> None:
    user = next(iter(world.users))
    found = world.recommend("aws-hrnn-coldstart", user)
    assert [one["itemId"] for one in found if world.events[one["itemId"]] >= COLD_BELOW] == []


@pytest.mark.slow
def test_related_items(world: World) -> None:
    frequent = [item for item, count in world.events.items() if 20 <= count < 40]
    for recipe in of_type("RELATED_ITEMS"):
        check_related(world, recipe, frequent[0], frequent[1])


@pytest.mark.slow
def test_trending_items_need_nobody(world: World) -> None:
    check_trending(world)


@pytest.mark.slow
def test_ranking_keeps_unknown_items_last_without_a_score(world: World) -> None:
    user = next(iter(world.users))
    items = [item for item, _ in world.events.most_common(9)]
    with Engine(world.root / ".pzdecl" / "engine") as engine:
        client = engine.client("personalize-runtime")
        for recipe in of_type("PERSONALIZED_RANKING"):
            ranked = client.get_personalized_ranking(
                campaignArn=engine.arn(f"campaign/{name_of(recipe)}"),
                userId=user,
                inputList=["never-seen", *items[:4], "nor-this", *items[4:]],
            )["personalizedRanking"]
            assert [one["itemId"] for one in ranked[-2:]] == ["never-seen", "nor-this"], recipe
            assert all("score" not in one for one in ranked[-2:])
            scores = [one["score"] for one in ranked[:-2]]
            assert scores == sorted(scores, reverse=True)
            assert sum(scores) == pytest.approx(1, abs=1e-5)
            assert {one["itemId"] for one in ranked[:-2]} == set(items)


@pytest.mark.slow
def test_segments_are_users(world: World) -> None:
    item = world.events.most_common(1)[0][0]
    asked = {
        "aws-item-affinity": ("--item", item),
        "aws-item-attribute-affinity": ("--where", WHERE[world.group]),
    }
    for recipe in of_type("USER_SEGMENTATION"):
        found = world.segment(recipe, *asked[recipe], "-n", "40")
        assert len(set(found)) == 40, recipe
        assert set(found) <= set(world.users)


def test_counting_recipes_on_the_example(tmp_path: Path) -> None:
    example = datasets.ROOT / "examples" / "movies"
    shutil.copytree(
        example, tmp_path / "movies", ignore=shutil.ignore_patterns(".pzdecl", "data", "__pycache__")
    )
    world = World(tmp_path / "movies", "movies")
    subprocess.run([sys.executable, world.root / "generate.py"], check=True, stdout=subprocess.DEVNULL)
    world.solutions((RECIPES[name] for name in QUICK), event_type="watch")
    world.run("apply", "--auto-approve")
    assert set(world.metrics()) == set(QUICK)
    popular = [
        world.recommend("aws-popularity-count", user) for user in ("member-0042", "member-0001", "nobody")
    ]
    assert popular[0] == popular[1] == popular[2]
    assert len(popular[0]) == 25
    check_related(world, "aws-sims", "amber-carousel", popular[0][20]["itemId"])
    check_trending(world)


def check_related(world: World, recipe: str, item: str, other: str) -> None:
    """Of two items the answers differ and leave out the items themselves; unknown ones get what is popular."""
    found, differs = world.recommend(recipe, item=item), world.recommend(recipe, item=other)
    assert len(found) == 25
    assert found != differs
    assert item not in {one["itemId"] for one in found}
    unknown = world.recommend(recipe, item="never-seen")
    assert len(unknown) == 25
    assert unknown == world.recommend(recipe, item="nor-this")
    assert not any("score" in one for one in found + unknown)


def check_trending(world: World) -> None:
    found = world.recommend("aws-trending-now")
    assert len({one["itemId"] for one in found}) == 25
    assert found == world.recommend("aws-trending-now", next(iter(world.users), "somebody"))
