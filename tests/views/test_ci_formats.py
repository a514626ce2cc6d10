"""SARIF and JUnit: what CI systems show of a plan and of wrong manifests."""

from __future__ import annotations

import json
from xml.etree import ElementTree as xml

from pzdecl.errors import Diagnostic, Position, Severity
from pzdecl.views import diagnostics, findings, junit, sarif
from tests.views import sample

WRONG = [
    Diagnostic("PZ2002", "there is no kind X", Position("a.yaml", 3, 7), "X/y", "kind", "one of A", "B"),
    Diagnostic("PZ9999", "something\x07", None, None, severity=Severity.WARNING),
]


def test_sarif_holds_every_finding_with_its_rule_and_place() -> None:
    found = json.loads(sarif.render(findings.of_plan(sample.EVERYTHING)))
    [run] = found["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    results = {r["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: r for r in run["results"]}
    assert rules == sorted(rules)
    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in run["results"])
    solution = results["Solution/movies-hrnn"]
    assert (solution["level"], solution["ruleId"]) == ("warning", "plan/replace")
    place = solution["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "solutions.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12, "startColumn": 7},
    }
    blocked = [one for one in run["results"] if one["level"] == "error"]
    assert [one["ruleId"] for one in blocked] == ["plan/blocked"] * len(sample.EVERYTHING.blocked)
    assert not any(one.subject == str(sample.GROUP) for one in findings.of_plan(sample.RETRAIN)), "it stays"
    assert sarif.render(findings.of_plan(sample.EVERYTHING)) == sarif.render(
        findings.of_plan(sample.EVERYTHING)
    )


def test_sarif_of_wrong_manifests_names_the_code() -> None:
    [run] = json.loads(diagnostics.in_format("sarif", WRONG))["runs"]
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [
        ("PZ2002", "error"),
        ("PZ9999", "warning"),
    ]
    assert run["tool"]["driver"]["rules"][0]["shortDescription"]["text"] == "unknown kind"
    assert "did you mean: B" in run["results"][0]["message"]["text"]


def test_junit_counts_what_is_blocked_as_failed() -> None:
    plan = sample.EVERYTHING
    subjects = [str(change.address) for change in plan.changes]
    suite = xml.fromstring(junit.render("movies.prod", subjects, findings.of_plan(plan)))[0]
    cases = suite.findall("testcase")
    assert suite.get("tests") == str(len(cases))
    failed = [case for case in cases if case.find("failure") is not None]
    assert suite.get("failures") == str(len(failed)) == str(len(plan.blocked))
    assert {case.get("classname") for case in cases} >= {"movies.prod.Solution", "movies.prod.DatasetGroup"}


def test_junit_of_wrong_manifests_is_xml_whatever_they_hold() -> None:
    suite = xml.fromstring(diagnostics.in_format("junit", WRONG, ["Schema/fine"]))[0]
    by_name = {case.get("name"): case for case in suite}
    assert by_name["fine"].find("failure") is None
    failure = by_name["y"].find("failure")
    assert failure is not None
    assert failure.get("type") == "PZ2002"
    assert "(a.yaml:3:7)" in (failure.text or "")
    assert suite.get("failures") == "1"
