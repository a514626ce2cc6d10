from __future__ import annotations

import json
from dataclasses import replace

import jsonschema

from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action, Plan
from pzdecl.views import github, json_plan, plan_markdown, schemas
from pzdecl.views.annotations import annotation
from tests.views import sample


def _many(count: int, action: Action = Action.CREATE) -> Plan:
    return sample.plan(
        *(
            replace(sample.CREATED, address=Address("DatasetGroup", f"group-{i:05}"), action=action)
            for i in range(count)
        )
    )


def test_json_fits_its_schema() -> None:
    schema = schemas.plan_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    for plan in (sample.EVERYTHING, sample.RETRAIN, sample.NOTHING):
        jsonschema.validate(json.loads(json_plan.render(plan)), schema)


def test_json_speaks_terraforms_words() -> None:
    found = json.loads(json_plan.render(sample.EVERYTHING))
    changes = {change["address"]: change for change in found["resource_changes"]}
    solution = changes["Solution/movies-hrnn"]
    assert solution["change"]["actions"] == ["create", "delete"]
    assert solution["action"] == "replace"
    assert solution["action_reason"] == "replace_because_cannot_update"
    assert solution["api_name"] == "movies-hrnn-0a1b2c3d"
    assert solution["change"]["replace_paths"] == [
        ["solutionConfig", "algorithmHyperParameters", "hidden_dimension"]
    ]
    assert changes["SolutionVersion/movies-hrnn"]["change"]["after_unknown"] == {"arn": True}
    assert changes["Campaign/movies-hrnn"]["change"]["actions"] == ["update"]
    assert changes["EventTracker/movies-web"]["blocked"]["code"] == "holds_data"
    assert [drift["address"] for drift in found["resource_drift"]] == [
        "Campaign/movies-hrnn",
        "EventTracker/movies-web",
    ]
    assert found["complete"] is False
    assert found["change_summary"]["delete"] == 1


def test_equal_plans_give_equal_bytes() -> None:
    again = sample.plan(*reversed(sample.RETRAIN.changes))
    assert (
        json_plan.document(again)["resource_changes"] == json_plan.document(sample.RETRAIN)["resource_changes"]
    )
    assert json_plan.render(sample.RETRAIN) == json_plan.render(sample.RETRAIN)


def test_markdown_leads_with_the_summary_and_marks_the_environment() -> None:
    lines = plan_markdown.render(sample.RETRAIN).splitlines()
    assert lines[0] == "<!-- pzdecl:movies:dev -->"
    assert "**Plan: 1 to replace, 1 to train, 1 to deploy, 0 to delete.**" in lines
    assert "- Solution/movies-hrnn will be replaced as movies-hrnn-0a1b2c3d  (solutions.yaml:3)" in lines
    assert "    hidden_dimension 43 → 64 forces replacement  (solutions.yaml:12)" in lines
    assert lines.count("```diff") == lines.count("```") == 2


def test_markdown_fits_a_comment_and_says_what_is_missing() -> None:
    text = plan_markdown.render(_many(3000))
    assert len(text) < 65_536
    kept = text.count(" will be created")
    assert f"{3000 - kept:,} changes more than fit here" in text
    assert text.count("<details") == text.count("</details>")


def test_annotations_point_at_the_line_that_caused_it() -> None:
    lines = github.render(sample.RETRAIN).splitlines()
    assert lines[0].startswith(
        "::warning file=solutions.yaml,line=12,col=7,title=Solution/movies-hrnn will be replaced::"
    )
    assert "hidden_dimension 43 → 64 forces replacement" in lines[0]
    assert any(line.startswith("::notice title=pzdecl plan%3A movies%2C dev::Plan: ") for line in lines)


def test_annotations_stay_within_what_github_shows() -> None:
    lines = github.render(_many(50)).splitlines()
    assert len(lines) == github.LIMIT
    assert "and 42 more" in lines[-1]
    assert (
        sum(line.startswith("::warning") for line in github.render(_many(50, Action.DELETE)).splitlines()) == 10
    )


def test_warnings_are_told_beside_changes_and_without_any() -> None:
    for plan in (sample.EVERYTHING, replace(sample.NOTHING, warnings=sample.EVERYTHING.warnings)):
        assert "! look here (a.yaml:1:1)" in plan_markdown.render(plan)
        assert "::warning file=a.yaml,line=1,col=1,title=PZ9999::look here" in github.render(plan)


def test_annotations_escape_what_would_end_them() -> None:
    line = annotation("error", "a: b, c", "50%\nnext")
    assert line == "::error title=a%3A b%2C c::50%25%0Anext"
