from __future__ import annotations

from dataclasses import replace

import pytest

from pzdecl.plan.model import Action
from pzdecl.views import plan_text
from pzdecl.views.style import Style
from tests.views import sample

RETRAIN = """\
Deletions and replacements

  -/+ Solution/movies-hrnn will be replaced as movies-hrnn-0a1b2c3d  (solutions.yaml:3)
      hidden_dimension 43 → 64 forces replacement  (solutions.yaml:12)

Imports, trainings and deployments

  ↻ SolutionVersion/movies-hrnn will be trained  (solutions.yaml:3)
      Solution/movies-hrnn is replaced
  ⇢ Campaign/movies-hrnn will be deployed  (campaigns.yaml:2)
      SolutionVersion/movies-hrnn is trained anew

  to replace 1  1 Solution
  to train   1  1 SolutionVersion
  to deploy  1  1 Campaign

Plan: 1 to replace, 1 to train, 1 to deploy, 0 to delete.
"""


def test_a_retraining() -> None:
    assert plan_text.render(sample.RETRAIN) == RETRAIN


def test_the_dear_comes_first_and_the_summary_last() -> None:
    text = plan_text.render(sample.EVERYTHING)
    order = [
        "Solution/movies-sims will be deleted",
        "Solution/movies-hrnn will be replaced",
        "DatasetImport/movies-interactions will be imported",
        "SolutionVersion/movies-hrnn will be trained",
        "Campaign/movies-hrnn will be deployed",
        "DatasetGroup/movies will be created",
        "Campaign/movies-hrnn was changed",
        "minProvisionedTPS: 1 → 5",
        "EventTracker/movies-web is gone",
        "EventTracker/movies-web cannot delete",
        "--allow-destroy EventTracker/movies-web",
        "Warning: look here",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert text.splitlines()[-1] == (
        "Plan: 1 to create, 1 to replace, 1 to import, 1 to train, 1 to deploy, 1 to delete, 1 blocked."
    )


def test_nothing_to_change_says_so() -> None:
    assert plan_text.render(sample.NOTHING) == plan_text.NOTHING + "\n"


def test_a_field_that_no_reason_tells_of_is_shown() -> None:
    text = plan_text.render(sample.plan(sample.TAGGED))
    assert "      tags.team: discovery → search  (solutions.yaml:30)\n" in text


def test_ascii_where_symbols_cannot_be_written() -> None:
    plan = sample.plan(sample.TRAINED, sample.IMPORTED, sample.TAGGED)
    plan_text.render(plan, Style(unicode=False)).encode("ascii")


def test_color_adds_nothing_but_codes() -> None:
    import re

    colored = plan_text.render(sample.EVERYTHING, Style(color=True))
    assert "\x1b[31m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plan_text.render(sample.EVERYTHING)


@pytest.mark.parametrize("action", [a for a in Action if a is not Action.NO_OP])
def test_every_action_has_words_and_a_place(action: Action) -> None:
    text = plan_text.render(sample.plan(replace(sample.CREATED, action=action)))
    assert "DatasetGroup/movies will be " in text
    assert f"1 to {action}" in text
