"""Recommenders in rehearsals and tests of projects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_recommenders import edit, films

__all__ = ["films"]

pytest.importorskip("torch")

NDCG = "normalized_discounted_cumulative_gain_at_25"
TEST = f"""\
apiVersion: pzdecl/v1
kind: Test
metadata: {{name: films}}
spec:
  steps:
    - name: deploy
      expect:
        metrics:
          - {{recommender: popular, metric: {NDCG}, min: 0.0001, max: 1}}
        recommendations:
          - {{recommender: popular, user: nobody, count: 5, atLeast: 5, atMost: 5}}
          - {{recommender: because, item: i03, user: u1, excludes: [i03]}}
          - {{recommender: because, item: i03, count: 4, atMost: 4}}
          - {{recommender: because, sample: 3, count: 4, atLeast: 1, any: 'Items.GENRES IN ("Drama")'}}
"""


def rehearsed(cli: Cli, root: Path, *more: object) -> dict[str, Any]:
    done = cli("-C", root, "rehearse", "--format", "json", "--users", 20, *more)
    assert done.code == 0, done.err
    return dict(json.loads(done.out))


def test_a_recommender_that_changes_is_compared(cli: Cli, films: Path) -> None:
    first = rehearsed(cli, films)
    assert first["first_deployment"] is True
    assert {one["address"]: one["before"] for one in first["campaigns"]} == {
        "Recommender/because": None,
        "Recommender/popular": None,
    }
    assert cli("-C", films, "apply", "--auto-approve").code == 0
    told = cli("-C", films, "rehearse")
    assert "No campaign and no recommender changes." in told.out

    edit(films, "recipe: aws-vod-most-popular", "recipe: aws-vod-trending-now")
    for more in ((), ("--sample", 0.9)):
        found = rehearsed(cli, films, *more)
        [one] = found["campaigns"]
        assert one["address"] == "Recommender/popular"
        assert [change["action"] for change in one["changes"]] == ["replace"]
        assert one["before"]["metrics"]
        assert one["after"]["metrics"]
        assert one["movement"]["count"] == 20
        assert one["movement"]["asked"] == "users"
        assert found["unchanged"] == ["Recommender/because"]
    told = cli("-C", films, "rehearse")
    assert "Recommender/popular: it will be replaced" in told.out
    assert "1 recommender unchanged: because." in told.out


def test_what_only_shows_more_moves_no_list(cli: Cli, films: Path) -> None:
    assert cli("-C", films, "apply", "--auto-approve").code == 0
    edit(films, "  recommenderConfig: {enableMetadataWithRecommendations: true}\n", "")
    [one] = rehearsed(cli, films)["campaigns"]
    assert (one["address"], one["movement"]["asked"]) == ("Recommender/because", "items")
    assert one["movement"]["unchanged"] == 1
    assert one["movement"]["items_shown_before"] > 0, "each item is asked for by a user"
    assert one["notes"] == ["It goes on serving the version that it serves."]


def test_a_test_asks_recommenders(cli: Cli, films: Path) -> None:
    (films / "films.pztest.yaml").write_text(TEST)
    done = cli("-C", films, "test")
    assert done.code == 0, done.out + done.err
    wrong = TEST.replace("recommender: because, sample", "recommender: becuase, sample").replace(
        "min: 0.0001", "min: 2"
    )
    (films / "films.pztest.yaml").write_text(wrong)
    done = cli("-C", films, "test")
    assert done.code == 1
    assert "there is no such recommender" in done.out
    assert f"popular: {NDCG} at least 2" in done.out
    (films / "films.pztest.yaml").write_text(TEST.replace("{recommender: popular, user", "{user"))
    done = cli("-C", films, "test")
    assert done.code == 1
    assert "either campaign or recommender" in done.out + done.err
