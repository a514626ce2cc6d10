"""Floors on real data: segments of the recipes are worth more than what is simpler."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.affinity.measure import measure_segments
from tests import datasets
from tests.bench.segments import load, quiet, simple

RECALL = "recall_at_1_percent"


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["aws-item-affinity", "aws-item-attribute-affinity"])
def test_segments_of_movielens(recipe: str, tmp_path: Path) -> None:
    data = load("ml-100k", tmp_path)
    if data is None:
        pytest.skip(f"the split of ml-100k is not in {datasets.BASE}: set PZDECL_DATA")
    simpler = [metrics[RECALL] for _, metrics in simple(recipe, data, quiet(recipe, tmp_path, 0))]
    _, found = measure_segments(RECIPES[recipe].trainer(), data, quiet(recipe, tmp_path / "job", 0))
    assert found[RECALL] > 1.1 * max(simpler)
