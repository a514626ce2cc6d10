"""YAML as it is meant: nothing turns into something else, and nothing is lost."""

from __future__ import annotations

import json

from tests.pitfalls.conftest import Site

TAGS = {
    "country": "no",
    "switch": "on",
    "duration": "1:30",
    "day": "2024-01-01",
    "power": "y",
}


def test_25_words_stay_words(site: Site) -> None:
    """Norway is no boolean, 1:30 no number of seconds, a date no object: these are texts, as written."""
    written = "{" + ", ".join(f"{key}: {value}" for key, value in TAGS.items()) + "}"
    site.edit("popular.yaml", "{team: discovery}", written)
    answer = site("plan", "--format", "json")
    assert answer.code == 0, answer.out
    changes = {one["address"]: one["change"] for one in json.loads(answer.out)["resource_changes"]}
    assert changes["Solution/popular"]["after"]["tags"] == TAGS


def test_25_a_key_that_is_there_twice_is_an_error(site: Site) -> None:
    site.edit("popular.yaml", "recipe: aws-popularity-count", "recipe: aws-popularity-count, recipe: aws-sims")
    answer = site("validate")
    assert answer.code == 1
    assert "PZ1004" in answer.err
    assert "popular.yaml:4:" in answer.err
