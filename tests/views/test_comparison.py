"""Compared versions as a table, as Markdown, as JSON and as a picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from pzdecl.comparison import Compared, Comparison, Difference
from pzdecl.errors import MissingExtra, UsageError
from pzdecl.serving import Measured
from pzdecl.views import comparison, metrics_plot

NDCG = "normalized_discounted_cumulative_gain_at_25"
POPULAR = Measured(
    "pop", "aaaa1111", "aws-popularity-count", "movies", {NDCG: 0.127, "coverage": 0.05}, arn="1"
)
HRNN = Measured(
    "hrnn", "bbbb2222", "aws-hrnn", "movies", {NDCG: 0.696, "coverage": 0.77, "zeta": 0.5}, ("home",), arn="2"
)
CURVE = [
    {"epoch": 1, "loss": 6.0, "validation_loss": 5.0},
    {"epoch": 2, "loss": 5.0, "validation_loss": 4.5},
    {"epoch": 3, "loss": 4.0, "validation_loss": 4.7},
]
FOUND = Comparison(
    "movies",
    POPULAR,
    (
        Compared(POPULAR, 69, {NDCG: (0.0783, 0.1806)}),
        Compared(
            HRNN,
            69,
            {NDCG: (0.6216, 0.7724)},
            {NDCG: Difference(0.569, (0.4875, 0.6521), 69), "coverage": Difference(0.72)},
            CURVE,
        ),
    ),
)
BLIND = Comparison(
    "movies", POPULAR, (Compared(POPULAR), Compared(HRNN, differences={NDCG: Difference(0.569)}))
)

TEXT = """\
movies: compared with pop/aaaa1111 (aws-popularity-count)
metric    solution  version   recipe                 value      95% interval  difference        95% interval  verdict
coverage  pop       aaaa1111  aws-popularity-count  0.0500                 -           -                   -  compared with
          hrnn      bbbb2222  aws-hrnn              0.7700                 -     +0.7200                   -  -
NDCG@25   pop       aaaa1111  aws-popularity-count  0.1270  0.0783 to 0.1806           -                   -  compared with
          hrnn      bbbb2222  aws-hrnn              0.6960  0.6216 to 0.7724     +0.5690  +0.4875 to +0.6521  better
zeta      hrnn      bbbb2222  aws-hrnn              0.5000                 -           -                   -  -
Intervals: bootstrap over 69 tested; they do not tell of other seeds of a training.
Differences: user by user, over the 69 that both versions were tested on.
"""  # noqa: E501 - the table as it is


def test_the_table() -> None:
    assert comparison.text([FOUND]) == TEXT


def test_markdown_names_the_metric_in_every_row() -> None:
    lines = comparison.markdown([FOUND]).splitlines()
    assert lines[0] == "### movies: compared with pop/aaaa1111 (aws-popularity-count)"
    assert lines[2].startswith("| metric | solution | version |")
    assert [line.split(" | ")[0] for line in lines[4:9]] == [
        "| coverage",
        "| coverage",
        "| NDCG@25",
        "| NDCG@25",
        "| zeta",
    ]


def test_json_has_every_number() -> None:
    (found,) = json.loads(comparison.as_json([FOUND]))["comparisons"]
    assert found["against"] == {"solution": "pop", "solution_version": "aaaa1111"}
    first, second = found["versions"]
    assert (first["tested"], second["serving"], second["solution"]) == (69, ["home"], "hrnn")
    assert second["metrics"][NDCG] == {
        "value": 0.696,
        "interval": [0.6216, 0.7724],
        "difference": 0.569,
        "difference_interval": [0.4875, 0.6521],
        "shared_test_users": 69,
        "verdict": "better",
    }
    assert first["metrics"][NDCG]["verdict"] is None
    assert second["metrics"]["coverage"]["interval"] is None


def test_it_says_where_single_users_are_not_known() -> None:
    assert "No intervals: Amazon Personalize does not tell the metrics of single users" in comparison.text(
        [BLIND]
    )
    partly = Comparison("movies", None, (FOUND.versions[0], Compared(HRNN)))
    assert "No intervals for hrnn/bbbb2222: train again" in comparison.text([partly])
    assert comparison.text([partly]).startswith("movies\n"), "nothing is compared with"
    assert comparison.text([]) == ""


def test_it_says_whose_files_are_gone_and_what_helps() -> None:
    former = replace(POPULAR, version="cccc3333", current=False)
    gone = Comparison("movies", None, (Compared(HRNN, gone=True), Compared(former, gone=True)))
    told = comparison.text([gone]).splitlines()[-2:]
    assert told == [
        "The files of hrnn/bbbb2222 are gone from the engine's folder: "
        "`pzdecl apply --retrain Solution/hrnn` trains it anew.",
        "The files of pop/cccc3333 are gone from the engine's folder: it has no intervals any more.",
    ]
    assert "older pzdecl" not in comparison.text([gone])


def test_a_picture_as_png_and_svg(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    png, svg = tmp_path / "m.png", tmp_path / "m.svg"
    assert metrics_plot.draw([FOUND], png) == [png]
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert metrics_plot.draw([FOUND], svg) == [svg]
    words = " ".join(ET.parse(svg).getroot().itertext())
    for word in ("NDCG@25", "coverage", "hrnn/bbbb2222 (aws-hrnn, serves home)", "epoch", "validation"):
        assert word in words
    before = svg.read_bytes()
    metrics_plot.draw([FOUND], svg)
    assert svg.read_bytes() == before, "equal metrics give equal bytes"


def test_a_picture_without_curves_has_one_panel() -> None:
    pytest.importorskip("matplotlib")
    assert len(metrics_plot.figure(FOUND).axes) == 2
    assert len(metrics_plot.figure(BLIND).axes) == 1


def test_groups_have_a_picture_each(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    music = Comparison("music", None, (Compared(POPULAR),))
    drawn = metrics_plot.draw([FOUND, music], tmp_path / "m.svg")
    assert [file.name for file in drawn] == ["m-movies.svg", "m-music.svg"]
    assert all(file.exists() for file in drawn)


def test_what_cannot_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"m\.pdf can't be drawn"):
        metrics_plot.check(tmp_path / "m.pdf")
    with pytest.raises(UsageError, match="no is not a folder"):
        metrics_plot.check(tmp_path / "no" / "m.png")
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match="matplotlib is not installed") as error:
        metrics_plot.check(tmp_path / "m.png")
    assert error.value.hint == "install it with: pip install 'pzdecl[plot]'"
