"""Variables, environments, and what may be sensitive."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.kinds.address import Address
from pzdecl.manifests import load
from tests.manifests.projects import CAMPAIGN, GROUP, SOLUTION, errors, write

PROJECT = """\
name: ${var.team}-shop
provider: {type: local, engine: '${var.engine}'}
variables:
  team: {default: discovery, description: who}
  engine: {default: .engine}
  tps: {type: integer, default: 1}
  weight: {type: number, default: 0.5}
  on: {type: boolean, default: false}
  event: {default: watch}
  secret: {default: hidden, sensitive: true}
environments:
  prod:
    provider: {type: local, engine: /srv/engine}
    state: state/${var.team}.db
    variables: {tps: 5}
  test: {}
"""
FILES = {
    "m.yaml": "---\n".join(
        [
            GROUP.replace(
                "{name: movies}", "{name: movies, tags: {'${var.team}': '${var.team}-${var.tps}-${var.on}'}}"
            ),
            SOLUTION + "  performAutoTraining: ${var.on}\n  eventType: 'a-${var.event}-$${var.x}'\n",
            CAMPAIGN.replace("hrnn}", "hrnn, minProvisionedTPS: '${var.tps}'}"),
        ]
    )
}


def project(root: Path) -> Path:
    return write(root, FILES, PROJECT)


def test_values_keep_their_type_and_text_takes_them_in(tmp_path: Path) -> None:
    loaded = load(project(tmp_path), variables={"on": "true", "tps": "2"})
    resources = loaded.resources
    assert loaded.name == "discovery-shop"
    assert resources[Address("Campaign", "movies")].inputs["minProvisionedTPS"] == 2
    assert resources[Address("Solution", "hrnn")].inputs["performAutoTraining"] is True
    assert resources[Address("Solution", "hrnn")].inputs["eventType"] == "a-watch-${var.x}"
    assert resources[Address("DatasetGroup", "movies")].tags == {"discovery": "discovery-2-true"}
    group = resources[Address("DatasetGroup", "movies")]
    assert group.positions["metadata.tags.discovery"].line == 3


def test_which_value_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path)
    first, second = tmp_path / "first.json", tmp_path / "second.yaml"
    first.write_text('{"tps": 30, "event": "first"}')
    second.write_text("tps: 40\n")

    def tps(**options: object) -> object:
        loaded = load(root, **options)  # type: ignore[arg-type]
        return loaded.resources[Address("Campaign", "movies")].inputs.get("minProvisionedTPS")

    assert tps(var_files=[second]) == 40
    second.rename(tmp_path / ".second.yaml")
    second = tmp_path / ".second.yaml"
    assert tps() is None
    assert tps(environment="prod") == 5
    monkeypatch.setenv("PZDECL_VAR_tps", "20")
    monkeypatch.setenv("PZDECL_VAR_other", "ignored")
    assert tps(environment="prod") == 20
    assert tps(var_files=[first]) == 30
    assert tps(var_files=[first, second]) == 40
    assert tps(var_files=[second, first]) == 30
    assert tps(var_files=[first], variables={"tps": "50"}) == 50


def test_environments(tmp_path: Path) -> None:
    root = project(tmp_path)
    assert load(root).provider.engine == tmp_path / ".engine"
    prod = load(root, environment="prod")
    assert (prod.provider.engine, prod.state.path) == (Path("/srv/engine"), tmp_path / "state/discovery.db")
    assert load(root, environment="test").state.path == tmp_path / ".pzdecl/state/test.db"
    [error] = errors(root, environment="pord")
    assert (error.code, error.suggestion, str(error.position)) == ("PZ0002", "prod", "pzdecl.yaml:11:1")


@pytest.mark.parametrize(
    ("given", "code", "expected"),
    [
        ({"tps": "many"}, "PZ0005", "an integer"),
        ({"tps": "1.5"}, "PZ0005", "an integer"),
        ({"weight": "x"}, "PZ0005", "a number"),
        ({"weight": ".inf"}, "PZ0005", "a number"),
        ({"on": "yes"}, "PZ0005", "true or false"),
    ],
)
def test_values_of_the_wrong_type(tmp_path: Path, given: dict[str, str], code: str, expected: str) -> None:
    [error] = errors(project(tmp_path), variables=given)
    assert (error.code, error.expected) == (code, expected)
    assert next(iter(given)) in error.summary


def test_an_unknown_variable_given_from_outside(tmp_path: Path) -> None:
    [error] = errors(project(tmp_path), variables={"tsp": "1"})
    assert (error.code, error.suggestion) == ("PZ0003", "tps")


def test_variable_files_that_are_none(tmp_path: Path) -> None:
    root = project(tmp_path)
    assert [one.code for one in errors(root, var_files=[tmp_path / "no.yaml"])] == ["PZ0008"]
    (tmp_path / ".list.yaml").write_text("- a\n")
    assert [one.code for one in errors(root, var_files=[tmp_path / ".list.yaml"])] == ["PZ0008"]
    (tmp_path / ".wrong.yaml").write_text("tps: many\n")
    [error] = errors(root, var_files=[tmp_path / ".wrong.yaml"])
    assert error.code == "PZ0005"
    assert error.position is not None
    assert error.position.line == 1


def test_variables_cannot_use_variables(tmp_path: Path) -> None:
    text = "name: x\nvariables:\n  a: {default: b}\n  c: {default: '${var.a}'}\n"
    [error] = errors(write(tmp_path, {}, text))
    assert (error.code, str(error.position)) == ("PZ0006", "pzdecl.yaml:4:16")


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("name: x\nvariables: []\n", "PZ3003", "pzdecl.yaml:2:1"),
        ("name: x\nvariables:\n  a: {typ: string}\n", "PZ3001", "pzdecl.yaml:3:7"),
        ("name: x\nvariables:\n  a: {type: text}\n", "PZ3004", "pzdecl.yaml:3:13"),
        ("name: x\nvariables:\n  a: {type: integer, default: b}\n", "PZ0005", "pzdecl.yaml:3:31"),
        ("name: x\nvariables:\n  a:\n", "PZ0004", "pzdecl.yaml:3:3"),
        ("name: ${var.x}\n", "PZ0003", "pzdecl.yaml:1:7"),
        ("name: x\nenvironments: {default: {variables: {b: 1}}}\n", "PZ0003", "pzdecl.yaml:2:41"),
    ],
)
def test_wrong_declarations(tmp_path: Path, text: str, code: str, place: str) -> None:
    assert [(one.code, str(one.position)) for one in errors(write(tmp_path, {}, text))] == [(code, place)]


def test_sensitive_values_are_named_by_path(tmp_path: Path) -> None:
    solution = (
        SOLUTION + "  eventType: x${var.secret}\n  solutionConfig: {eventValueThreshold: '${var.secret}'}\n"
    )
    root = write(tmp_path, {"m.yaml": f"{GROUP}---\n{solution}"}, PROJECT.replace("hidden", "'7.5'"))
    found = load(root).resources[Address("Solution", "hrnn")]
    assert found.sensitive == {"eventType", "solutionConfig.eventValueThreshold"}
    assert found.inputs["eventType"] == "x7.5"


def test_a_sensitive_value_is_not_under_a_key_that_no_path_leads_to(tmp_path: Path) -> None:
    config = "  solutionConfig: {algorithmHyperParameters: {a.b: '${var.secret}'}}\n"
    solution = SOLUTION.replace("aws-hrnn", "aws-semantic-similarity") + config
    found = errors(write(tmp_path, {"m.yaml": f"{GROUP}---\n{solution}"}, PROJECT))
    assert "PZ0007" in [one.code for one in found]


@pytest.mark.parametrize("field", ["recipe: '${var.secret}'", "datasetGroup: '${var.secret}'"])
def test_a_sensitive_value_is_in_no_reference(tmp_path: Path, field: str) -> None:
    name = field.partition(":")[0]
    solution = "\n".join(f"  {field}" if name in line else line for line in SOLUTION.split("\n"))
    text = PROJECT.replace("hidden", "aws-hrnn" if name == "recipe" else "movies")
    found = errors(write(tmp_path, {"m.yaml": f"{GROUP}---\n{solution}"}, text))
    assert [(one.code, one.field) for one in found] == [("PZ0007", f"spec.{name}")]


@pytest.mark.parametrize(
    "line",
    [
        "  performHPO: ${var.secret}",
        "  recipe: ${var.secret}",
        "  solutionConfig: {algorithmHyperParameters: {bptt: '${var.secret}'}}",
        "  solutionConfig: {autoTrainingConfig: {schedulingExpression: '${var.secret}'}}",
        "  training: {when: '${var.secret}'}",
    ],
)
def test_a_sensitive_value_is_in_no_error_of_a_field(tmp_path: Path, line: str) -> None:
    solution = SOLUTION.replace("  recipe: aws-hrnn\n", "") if "recipe" in line else SOLUTION
    found = errors(write(tmp_path, {"m.yaml": f"{GROUP}---\n{solution}{line}\n"}, PROJECT))
    assert found
    assert "hidden" not in str(found)


def test_a_sensitive_value_is_in_no_error(tmp_path: Path) -> None:
    project_text = PROJECT.replace("secret: {default: hidden", "secret: {type: integer, default: hidden")
    [error] = errors(write(tmp_path, FILES, project_text))
    assert "hidden" not in f"{error.summary}{error.expected}{error.hint}"


def test_environments_do_not_share_a_state_file(tmp_path: Path) -> None:
    text = "name: shop\nstate: state.db\nenvironments: {dev: {}, prod: {state: prod.db}}\n"
    root = write(tmp_path, {"m.yaml": GROUP}, project=text)
    assert [(one.code, one.position and one.position.line, one.field) for one in errors(root)] == [
        ("PZ0009", 2, "state")
    ]
    (root / "pzdecl.yaml").write_text(text.replace("dev: {}", "dev: {state: dev.db}"))
    assert not errors(root)
