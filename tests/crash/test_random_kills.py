"""Random shops whose applies are killed with SIGKILL, edited and killed again: the next apply settles them."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.crash import process
from tests.e2e import random_shops
from tests.e2e.shop_world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

FIRST, _, LAST = os.environ.get("PZDECL_SEEDS", "0-1").partition("-")
SEEDS = range(int(FIRST), int(LAST or FIRST) + 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_shop_survives_kills(tmp_path: Path, seed: int) -> None:
    live(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("tens", range(1, 11))
def test_many_random_shops_survive_kills(tmp_path: Path, tens: int) -> None:
    for seed in range(10 * tens, 10 * tens + 10):
        live(tmp_path / str(seed), seed)


def live(root: Path, seed: int) -> None:
    """One to three series of kills, each at the end of which the shop is settled."""
    rng = Random(seed)
    world = World(root, random_shops.draw(rng))
    if rng.random() < 0.7:
        world.settle()
    for _ in range(rng.randint(1, 3)):
        _edit(world, rng)
        versions = world.trained()
        same = True
        for _ in range(rng.randint(1, 4)):
            _kill(world, rng)
            if rng.random() < 0.3:
                same = False
                _edit(world, rng)
            if rng.random() < 0.15 and world.rows(world.project()):
                same = False
                world.disturb(rng)
                if rng.random() < 0.5:
                    process.run(world.root, last=rng.randint(1, 12), refresh_only=True)
        world.settle(resumed=True)
        trained = world.trained() - versions
        if same:
            assert set(Counter(arn.rpartition("/")[0] for arn in trained).values()) <= {1}, "trained twice"
    if rng.random() < 0.2:
        process.run(root, last=rng.randint(1, 30), destroy=True)
        world.settle(destroy=True, resumed=True)


def _edit(world: World, rng: Random) -> None:
    edited, _ = random_shops.edit(world.shop, rng, rng.randint(1, 3))
    if random_shops.trainable(edited):
        world.take(edited)


def _kill(world: World, rng: Random) -> None:
    project = world.project()
    allowed = world.allowed(project)
    steps = project.plan(allow_destroy=allowed).steps
    world.kept |= {step.arn for step in steps if step.op == "forget" and step.arn}
    process.run(world.root, last=rng.randint(1, 60), allow=allowed)
