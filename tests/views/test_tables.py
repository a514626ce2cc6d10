from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.plan.model import Action
from pzdecl.serving import Measured
from pzdecl.state.model import RunRecord
from pzdecl.views import graph, history, metrics, recipes, recommendations, words
from tests.views import sample

NDCG = "normalized_discounted_cumulative_gain_at_25"
ROWS = [
    Measured("pop", "v1", "aws-popularity-count", "movies", {NDCG: 0.1, "coverage": 0.02}),
    Measured("hrnn", "v2", "aws-hrnn", "movies", {NDCG: 0.25, "coverage": 0.4}, ("home",)),
    Measured("other", "v3", "aws-sims", "music", {NDCG: 0.9, "coverage": 0.9}),
]


def test_metrics_mark_the_best_and_compare_with_popularity() -> None:
    lines = metrics.text(ROWS).splitlines()
    assert "0.2500*" in lines[2]
    assert "0.1000 " in lines[1]
    assert lines[2].endswith("2.50x")
    assert "home" in lines[2]
    assert lines[3].endswith("-"), "another group has no popularity of its own"
    assert "0.9000*" in lines[3]


def test_metrics_as_markdown_and_json() -> None:
    assert metrics.markdown(ROWS).startswith("| solution | version | recipe |")
    found = json.loads(metrics.as_json(ROWS))["versions"]
    assert found[1]["best"] == ["coverage", NDCG]
    assert found[1]["ratio_to_popularity"] == pytest.approx(2.5)
    assert found[2]["ratio_to_popularity"] is None


def test_metrics_without_a_value_or_a_baseline() -> None:
    text = metrics.text([Measured("hrnn", "v2", "aws-hrnn", "movies", {"coverage": 0.0})])
    assert "vs popularity:" not in text
    zero = [Measured("p", "v", "aws-popularity-count", "movies", {NDCG: 0.0})]
    assert metrics.text(zero).splitlines()[1].endswith("-")


def test_graphs_are_sorted_and_quoted() -> None:
    nodes = [sample.VERSION, sample.SOLUTION]
    edges = [(sample.SOLUTION, sample.VERSION)]
    dot = graph.dot(nodes, edges, {sample.VERSION: Action.TRAIN})
    assert '"Solution/movies-hrnn" -> "SolutionVersion/movies-hrnn";' in dot
    assert "fillcolor" in dot
    assert dot.count("{") == dot.count("}")
    mermaid = graph.mermaid(nodes, edges, {sample.VERSION: Action.TRAIN})
    assert mermaid.splitlines()[0] == "flowchart LR"
    assert "  n0 --> n1" in mermaid
    assert "class n1 train" in mermaid
    assert graph.dot(reversed(nodes), edges) == graph.dot(nodes, edges)


def test_recommendations_with_and_without_titles_and_scores() -> None:
    items = [{"itemId": "7", "score": 0.25}, {"itemId": "8", "score": 0.125}]
    lines = recommendations.text(items, {"7": "Night Train"}).splitlines()
    assert lines[0].split() == ["rank", "item", "title", "score"]
    assert "Night Train" in lines[1]
    assert "0.2500000" in lines[1]
    assert recommendations.text([{"itemId": "7"}], {}).splitlines()[0].split() == ["rank", "item"]
    assert recommendations.text([], {}) == "No recommendations.\n"
    found = json.loads(
        recommendations.as_json({"itemList": items, "recommendationId": "r"}, {"7": "Night Train"})
    )
    assert found["itemList"][0] == {"itemId": "7", "score": 0.25, "title": "Night Train"}


def test_history_shows_runs() -> None:
    began = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    done = RunRecord(
        "1", "pzdecl apply", "ana", began, began + timedelta(seconds=90), "done", {"create": 2}, "abc"
    )
    open_ = RunRecord("2", "pzdecl apply", "ana", began, None, None, {}, None)
    text = history.text([open_, done])
    assert "2 created" in text
    assert "90 s" in text
    assert "running" in text
    assert json.loads(history.as_json([done]))["runs"][0]["started"] == "2026-01-02T03:04:05+00:00"


def test_every_recipe_is_described_with_its_hyperparameters() -> None:
    listing = recipes.listing(RECIPES.values())
    for name, recipe in RECIPES.items():
        assert name in listing
        text = recipes.description(recipe)
        if recipe.domain is None:
            assert all(h.name in text for h in recipe.hyperparameters)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (61, "61 s"), (200, "3 min 20 s"), (180, "3 min"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text
