"""Uploads in a plan: as text, Markdown and JSON, and in a saved plan."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from pzdecl.plan.file import dump, load, reviewed
from pzdecl.plan.model import Plan, Upload
from pzdecl.views import json_plan, plan_markdown, plan_text, words
from tests.views.sample import IMPORTED

DIGEST = "8e3ad0b4" + "5b69bbd9" * 7
TO = f"s3://bucket/pzdecl/{DIGEST}/interactions.csv"
UPLOAD = Upload("data/interactions.csv", 2_243_382, TO)
PLAN = Plan("shop", "prod", "", (replace(IMPORTED, upload=UPLOAD),), ())
SCHEMA = Path(__file__).parents[2] / "schemas/plan.schema.json"


def test_text_and_markdown_tell_what_goes_where() -> None:
    line = (
        "uploads data/interactions.csv (2.2 MB) to s3://bucket/pzdecl/8e3ad0b4…/interactions.csv, "
        "unless it is there"
    )
    assert f"      {line}\n" in plan_text.render(PLAN)
    assert f"    {line}\n" in plan_markdown.render(PLAN)


def test_json_and_saved_plans_hold_all_of_it() -> None:
    found = json.loads(json_plan.render(PLAN))
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    told = {"path": "data/interactions.csv", "bytes": 2_243_382, "to": TO}
    assert found["resource_changes"][0]["upload"] == told
    assert load(dump(PLAN)) == PLAN


def test_plans_without_uploads_have_no_word_of_them() -> None:
    bare = replace(PLAN, changes=(IMPORTED,))
    assert b"upload" not in dump(bare)
    assert "upload" not in json_plan.render(bare)
    assert reviewed(bare) != reviewed(PLAN), "where data goes is reviewed, too"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_500, "1.5 kB"),
        (12_345_678, "12.3 MB"),
        (2 * 10**9, "2.0 GB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert words.size(count) == text
