"""The JSON Schemas that editors use: current, draft-07, and of the same opinion as the loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pzdecl.engine.recipes.registry import CUSTOM
from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.nodes import compose
from pzdecl.manifests.report import Report
from pzdecl.manifests.schemas import main, manifest_schema, project_schema
from tests.manifests.projects import CAMPAIGN, DATASET, EVERYTHING, GROUP, INSTANCE, SCHEMA, SOLUTION, TEMPLATE

ROOT = Path(__file__).parents[2]
MANIFEST = jsonschema.Draft7Validator(manifest_schema())
PROJECT = jsonschema.Draft7Validator(project_schema())


def documents(text: str) -> list[Any]:
    nodes = compose(text, "x", Report())
    assert nodes
    return [Evaluator("x", Variables(), Report()).value(node) for node in nodes]


def test_they_are_draft_07() -> None:
    for validator in (MANIFEST, PROJECT):
        jsonschema.Draft7Validator.check_schema(validator.schema)
        text = json.dumps(validator.schema)
        assert "$defs" not in text
        assert "prefixItems" not in text
        assert "unevaluatedProperties" not in text


def test_the_files_are_current() -> None:
    assert main(["--check", str(ROOT / "schemas")]) == 0


def test_check_sees_a_stale_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    (tmp_path / "project.schema.json").write_text("{}")
    assert main(["--check", str(tmp_path)]) == 1
    assert "project.schema.json is not current" in capsys.readouterr().err


@pytest.mark.parametrize(
    "path",
    [one for one in sorted((ROOT / "examples").glob("*/*.yaml")) if one.parent.name != "ci"],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_the_examples_are_valid(path: Path) -> None:
    validator = PROJECT if path.name == "pzdecl.yaml" else MANIFEST
    for document in documents(path.read_text(encoding="utf-8")):
        validator.validate(document)


@pytest.mark.parametrize("text", EVERYTHING)
def test_each_kind_is_valid(text: str) -> None:
    MANIFEST.validate(documents(text)[0])


@pytest.mark.parametrize(
    "text",
    [
        CAMPAIGN.replace("hrnn}", "hrnn, minProvisionedTPS: '${var.tps}'}"),
        SOLUTION + "  performHPO: ${var.hpo}\n  training: {trainingMode: '${var.mode}', when: manual}\n",
        SOLUTION + "  solutionConfig: {algorithmHyperParameters: {hidden_dimension: '${var.h}', bptt: '8'}}\n",
        SOLUTION + "  solutionConfig:\n  eventType:\n",
        GROUP.replace("movies", "'${var.name}'"),
        GROUP + "spec:\n",
        DATASET.replace("Interactions", "ITEMS"),
        GROUP.replace("movies", "'shop-${each.key}'") + "forEach: {a: {tps: 1}}\nenabled: ${var.on}\n",
        TEMPLATE,
        INSTANCE,
        "apiVersion: pzdecl/v1\nmoved:\n  - {from: Solution/a, to: Solution/b}\n",
        "apiVersion: pzdecl/v1\nremoved:\n  - {address: Campaign/a, destroy: true}\n",
        SOLUTION.replace("aws-hrnn", "aws-semantic-similarity")
        + "  solutionConfig: {algorithmHyperParameters: {x: 1}}\n",
    ],
)
def test_what_is_valid(text: str) -> None:
    MANIFEST.validate(documents(text)[0])


@pytest.mark.parametrize(
    "text",
    [
        GROUP.replace("pzdecl/v1", "v1"),
        GROUP.replace("DatasetGroup", "SolutionVersion"),
        GROUP.replace("{name: movies}", "{}"),
        GROUP.replace("movies", "a b"),
        GROUP.replace("{name: movies}", "{name: movies, lable: x}"),
        GROUP + "spec: {domain: SHOP}\n",
        GROUP + "more: 1\n",
        GROUP + "forEach: 3\n",
        "apiVersion: pzdecl/v1\nmoved:\n  - {from: Solution/a}\n",
        "apiVersion: pzdecl/v1\nremoved:\n  - Campaign/a\n",
        GROUP + "enabled: perhaps\n",
        GROUP + "documents: []\n",
        TEMPLATE + "spec: {}\n",
        TEMPLATE.replace("type: integer", "type: int"),
        INSTANCE.replace("template:", "templat:"),
        CAMPAIGN.replace("hrnn}", "hrnn, minProvisionedTPS: 0}"),
        CAMPAIGN.replace("hrnn}", "hrnn, gates: [{min: 0.5}]}"),
        "apiVersion: pzdecl/v1\nkind: Campaign\nmetadata: {name: x}\n",
        SCHEMA.replace("{name: interactions}", "{name: x, tags: {a: b}}"),
        SOLUTION + "  performHPO: maybe\n",
        SOLUTION + "  training: {when: [never]}\n",
        SOLUTION + "  solutionConfig: {algorithmHyperParameters: {hidden_dimension: 1024}}\n",
        SOLUTION + "  solutionConfig: {algorithmHyperParameters: {hiden_dimension: 64}}\n",
        SOLUTION + "  solutionConfig: {algorithmHyperParameters: {recency_mask: often}}\n",
    ],
)
def test_what_is_not(text: str) -> None:
    assert not MANIFEST.is_valid(documents(text)[0])


def test_editors_can_complete_hyperparameters() -> None:
    rules = manifest_schema()["definitions"]["SolutionSpec"]["allOf"]
    by_recipe = {rule["if"]["properties"]["recipe"]["enum"][0]: rule["then"] for rule in rules}
    assert set(by_recipe) == set(CUSTOM)
    config = by_recipe["aws-hrnn"]["properties"]["solutionConfig"]["properties"]
    hidden = config["algorithmHyperParameters"]["properties"]["hidden_dimension"]
    assert hidden["anyOf"][0] == {"type": "integer", "minimum": 32, "maximum": 256}
    assert hidden["default"] == 43
    assert "from 32 to 256" in hidden["description"]


def test_every_field_is_described() -> None:
    """What an editor shows when the pointer rests on a field of a spec or of metadata."""
    for name, definition in {**manifest_schema()["definitions"], **project_schema()["definitions"]}.items():
        assert definition.get("description"), name
        if name.endswith("Spec"):
            for field, schema in definition.get("properties", {}).items():
                assert schema.get("description") or "$ref" in schema, f"{name}.{field}"
