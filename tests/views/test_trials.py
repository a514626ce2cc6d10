"""What a search tried, as text, Markdown and JSON."""

from __future__ import annotations

import json

from pzdecl.engine.training.tuning.trials import Candidate, Trial, Trials
from pzdecl.serving import Measured
from pzdecl.views import trials as view

NDCG = "normalized_discounted_cumulative_gain_at_25"
VERSION = Measured("best", "0a1b2c3d", "aws-hrnn", "shop", {NDCG: 0.4})
FOUND = Trials(
    NDCG,
    [
        Candidate(
            "aws-hrnn",
            3,
            [
                Trial(0, {"bptt": 32, "recency_mask": True}, "complete", 0.41234, {NDCG: 0.41234}, {}, 61.0),
                Trial(1, {"bptt": 2, "recency_mask": False}, "pruned", losses={3: 5.5, 4: 5.4}, seconds=20.04),
                Trial(2, {"bptt": 7, "recency_mask": True}, "failed", seconds=1.0, reason="It diverged."),
            ],
        ),
        Candidate("aws-hrnn-coldstart", reason="It needs data of type ITEMS."),
    ],
    "aws-hrnn",
    {"bptt": 32, "recency_mask": True},
)


def test_text() -> None:
    assert view.text([(VERSION, FOUND)]).splitlines() == [
        "best/0a1b2c3d: 3 trials by NDCG@25",
        "aws-hrnn: NDCG@25 0.4123, chosen",
        "trial  bptt  recency_mask  NDCG@25  seconds  outcome",
        "    1    32          true  0.4123*     61.0  complete",
        "    2     2         false        -     20.0  given up after 40%",
        "    3     7          true        -      1.0  failed: It diverged.",
        "aws-hrnn-coldstart: not trained. It needs data of type ITEMS.",
    ]


def test_markdown() -> None:
    lines = view.markdown([(VERSION, FOUND)]).splitlines()
    assert lines[0] == "### best/0a1b2c3d: 3 trials by NDCG@25"
    assert "| 2 | 2 | false | - | 20.0 | given up after 40% |" in lines


def test_json_has_everything() -> None:
    (version,) = json.loads(view.as_json([(VERSION, FOUND)]))["versions"]
    assert (version["solution"], version["chosen"]) == ("best", "aws-hrnn")
    assert version["candidates"][0]["trials"][1]["losses"] == {"3": 5.5, "4": 5.4}
    assert version["candidates"][1]["reason"] == "It needs data of type ITEMS."
