from __future__ import annotations

import pytest

from tests.plan.projects import movies
from tests.plan.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def settled(world: World) -> World:
    """A world in which the movies project stands."""
    world.settle(movies())
    return world
