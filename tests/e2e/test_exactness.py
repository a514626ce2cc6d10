"""What a plan says is what an apply does, on the built-in engine: for random projects, edits and interference.

`PZDECL_SEEDS` names the seeds of the default test, `5` or `5-90`: so that one can be run again.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from pzdecl.kinds.address import Address
from pzdecl.state.model import Failure, Intent
from tests.e2e import random_shops
from tests.e2e.random_shops import Shop
from tests.e2e.shop_world import World

FIRST, _, LAST = os.environ.get("PZDECL_SEEDS", "0-5").partition("-")
SEEDS = range(int(FIRST), int(LAST or FIRST) + 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_shop_is_settled_exactly(tmp_path: Path, seed: int) -> None:
    live(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("tens", range(1, 16))
def test_many_random_shops(tmp_path: Path, tens: int) -> None:
    for seed in range(10 * tens, 10 * tens + 10):
        live(tmp_path / str(seed), seed)


def live(root: Path, seed: int) -> None:
    """The life of a shop: built, edited and disturbed a few times, and sometimes destroyed."""
    rng = Random(seed)
    world = World(root, random_shops.draw(rng))
    world.settle()
    for _ in range(rng.randint(1, 4)):
        if rng.random() < 0.4:
            world.disturb(rng)
        if rng.random() < 0.85:
            edited, _ = random_shops.edit(world.shop, rng, rng.randint(1, 3))
            if not world.take(edited):
                continue
        if random_shops.trainable(world.shop):
            world.settle(allow=rng.random() < 0.6, **_asked(world, rng))
        else:
            world.stumble()
    if random_shops.trainable(world.shop) and rng.random() < 0.2:
        world.settle(destroy=True)


def _asked(world: World, rng: Random) -> dict[str, list[str]]:
    """Sometimes a job is asked for, or a replacement."""
    declared = [str(address) for address in world.project().declared.resources]
    jobs = [text for text in declared if text.startswith(("SolutionVersion/", "DatasetImport/"))]
    others = sorted(set(declared) - set(jobs))
    chance = rng.random()
    if chance < 0.12 and jobs:
        return {"retrain": [rng.choice(jobs)]}
    return {"replace": [rng.choice(others)]} if chance < 0.25 and others else {}


@pytest.mark.parametrize("failed", [True, False])
@pytest.mark.parametrize(("kind", "spec"), [("DatasetGroup", {}), ("EventTracker", {"datasetGroup": "g"})])
def test_an_attempt_that_left_nothing_is_no_reason_to_refuse(
    tmp_path: Path, kind: str, spec: dict[str, str], failed: bool
) -> None:
    """An earlier run was killed, or failed, under a name that is now made otherwise."""
    rng, shop = Random(1), Shop()
    shop.add("DatasetGroup", "g", {}, rng)
    world = World(tmp_path, shop)
    world.settle()
    arn = "arn:aws:personalize:local:000000000000:dataset-group/new" if kind == "DatasetGroup" else None
    address = Address(kind, "new")
    with world.project().locked(command="apply") as state:
        run = state.begin_run(command="apply", plan=None)
        state.intend([Intent(address, f"create:{address}:01234567", "create", "new", arn, run)])
        if failed:
            failure = Failure(address, "create", "new", arn, "the service says no")
            state.fail(run, f"create:{address}:01234567", "no", failure)
    shop.add(kind, "new", spec, rng)
    assert world.take(shop)
    world.settle(resumed=True)
