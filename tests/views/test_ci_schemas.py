"""SARIF and JUnit against their schemas, and what CI systems show of much, of odd names and of folders."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as xml

import jsonschema
import pytest

from pzdecl.errors import Diagnostic, Position
from pzdecl.rehearsal.results import Check, StepResult, TestResult
from pzdecl.views import diagnostics, findings, github, junit, sarif, tests_junit
from pzdecl.views.annotations import LIMIT
from pzdecl.views.findings import Finding
from pzdecl.views.places import in_repository
from tests.views import sample
from tests.views.test_ci_formats import WRONG

# The parts of SARIF's schema, version 2.1.0 (OASIS, Errata 01), that bind what is written here: names, required
# ones, types and bounds. What is not listed is not written.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def _object(required: Iterable[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(of: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": of, **more}


URI = {"type": "string", "pattern": r"^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-F]{2})+$"}
PLACE = _object(
    [],
    artifactLocation=_object([], uri=URI, uriBaseId={"type": "string"}),
    region=_object(
        [], startLine={"type": "integer", "minimum": 1}, startColumn={"type": "integer", "minimum": 1}
    ),
)
RESULT = _object(
    ["message"],
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=TEXT,
    locations=_list(
        _object(
            [],
            physicalLocation=PLACE,
            logicalLocations=_list(_object([], fullyQualifiedName={"type": "string"}), uniqueItems=True),
        )
    ),
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
)
RULE = _object(["id"], id={"type": "string", "maxLength": 255}, shortDescription=TEXT)
SCHEMA = _object(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs=_list(
        _object(
            ["tool"],
            tool=_object(
                ["driver"],
                driver=_object(
                    ["name"],
                    name={"type": "string"},
                    semanticVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+([-+].+)?$"},
                    rules=_list(RULE, uniqueItems=True),
                ),
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            invocations=_list(
                _object(
                    ["executionSuccessful"],
                    executionSuccessful={"type": "boolean"},
                    toolExecutionNotifications=_list(_object(["message"], level=LEVEL, message=TEXT)),
                )
            ),
            results=_list(RESULT),
        )
    ),
)


def _many(count: int) -> list[Finding]:
    return [Finding("plan/create", "note", f"Schema/s{n}", "comes", "new") for n in range(count)]


ODD = [
    Finding("PZ1", "error", "a b#c/d.yaml", "bad\x00 text", "t", Position("ein Ordner/grün & #1%.yaml", 1, 1)),
    Finding("PZ1", "warning", "Schema/x", "other words", "another title"),
]


@pytest.mark.parametrize(
    "found", [list(findings.of_plan(sample.EVERYTHING)), ODD, [], _many(sarif.MOST + 1)], ids=len
)
def test_sarif_fits_its_schema(found: list[Finding]) -> None:
    document = json.loads(sarif.render(found, "some where/"))
    jsonschema.Draft7Validator(SCHEMA).validate(document)
    rules = [rule["id"] for rule in document["runs"][0]["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules), "one rule has one entry, whatever is blocked"


def test_sarif_names_files_from_the_repositorys_top() -> None:
    [run] = json.loads(sarif.render(ODD, "some where/"))["runs"]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]]
    assert places == ["some%20where/ein%20Ordner/gr%C3%BCn%20%26%20%231%25.yaml", "some%20where/pzdecl.yaml"]


def test_sarif_keeps_the_gravest_and_says_that_there_is_more() -> None:
    [run] = json.loads(sarif.render([*_many(sarif.MOST), ODD[0]]))["runs"]
    assert run["results"][0]["level"] == "error"
    assert len(run["results"]) == sarif.MOST
    [told] = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "1 finding more than fit here"


@pytest.mark.parametrize("marked", [".git", "workspace", None])
def test_a_projects_way_in_its_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: str | None
) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    project = tmp_path / "teams/shop"
    project.mkdir(parents=True)
    assert in_repository(project) == ""
    if marked == ".git":
        (tmp_path / ".git").mkdir()
    elif marked:
        monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert in_repository(project) == ("teams/shop/" if marked else "")
    assert in_repository(tmp_path) == ""


def test_annotations_name_files_from_the_repositorys_top() -> None:
    """GitHub shows those of files that it does not find nowhere in the changed files."""
    first = github.render(sample.RETRAIN, "teams/shop/").splitlines()[0]
    assert first.startswith("::warning file=teams/shop/solutions.yaml,line=12,")
    assert "file=teams/shop/a.yaml,line=3" in diagnostics.in_format("github", WRONG, base="teams/shop/")


def test_of_too_many_errors_github_shows_how_many_more_there_are() -> None:
    many = [Diagnostic("PZ2002", f"wrong {n}", Position("a.yaml", n + 1)) for n in range(30)]
    lines = diagnostics.in_format("github", [WRONG[1], *many]).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 31 + ["::warning"]
    assert lines[LIMIT - 1] == "::error title=pzdecl::and 21 more: see the log"
    assert sum("wrong " in line for line in lines) == 30, "all of them are in the log"


# What the XSD allows that Jenkins and most others read (junit-10.xsd): attributes by element, required ones
# with a star, and children.
JUNIT = {
    "testsuites": ("name time tests failures disabled errors", "testsuite"),
    "testsuite": (
        "name* tests* failures errors time disabled skipped timestamp hostname id package file",
        "properties testcase system-out system-err",
    ),
    "testcase": ("name* classname time assertions status group", "skipped error failure system-out system-err"),
    "failure": ("type message", ""),
    "skipped": ("type message", ""),
    "system-out": ("", ""),
}


def fits(element: xml.Element) -> None:
    attributes, children = (text.split() for text in JUNIT[element.tag])
    assert set(element.attrib) <= {name.rstrip("*") for name in attributes}, element.tag
    assert {name[:-1] for name in attributes if name.endswith("*")} <= set(element.attrib), element.tag
    for name in {"tests", "failures", "errors", "skipped"} & set(element.attrib):
        assert element.attrib[name].isdigit()
    for child in element:
        assert child.tag in children, f"{child.tag} in {element.tag}"
        fits(child)


AT = Position("t.yaml", 1)


@pytest.mark.parametrize(
    "text",
    [
        junit.render("movies.dev", ["Schema/x"], findings.of_plan(sample.EVERYTHING)),
        junit.render("a\x01b", ["x\x02/y"], ODD),
        junit.render("empty", [], []),
        diagnostics.in_format("junit", WRONG),
        tests_junit.render(
            [
                TestResult(
                    "one\x03",
                    "t\x04.yaml",
                    (
                        StepResult("plan", AT, (Check("is\x05 so", AT, "no"),), 1.5),
                        StepResult("apply", AT, skipped=True),
                    ),
                )
            ]
        ),
    ],
)
def test_junit_fits_the_common_schema(text: str) -> None:
    fits(xml.fromstring(text))
