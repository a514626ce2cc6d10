"""`lifecycle.retrainOn`: what its entries name, and what can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.kinds.address import Address
from pzdecl.manifests import load
from pzdecl.manifests.codes import CODES
from pzdecl.manifests.model import Trigger
from tests.manifests.projects import CAMPAIGN, DATASET, GROUP, IMPORT, SCHEMA, SOLUTION, errors, write

VERSION = Address("SolutionVersion", "hrnn")


def project(*entries: str, more: str = "") -> dict[str, str]:
    retrain = "\n".join(f"    - {entry}" for entry in entries)
    head = f"metadata:\n  name: hrnn\n  lifecycle:\n    retrainOn:\n{retrain}"
    solution = SOLUTION.replace("metadata: {name: hrnn}", head)
    rest = "---\n".join([GROUP, SCHEMA, DATASET, IMPORT, CAMPAIGN, *([more] if more else [])])
    data = "USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n"
    return {"m.yaml": solution, "rest.yaml": rest, "interactions.csv": data}


def test_what_entries_name_and_the_order_that_follows(tmp_path: Path) -> None:
    entries = ["Schema/interactions", "DatasetImport/*.data", "Dataset/interactions.spec.schema"]
    resources = load(write(tmp_path, project(*entries))).resources
    schema, data, dataset = (Address(kind, "interactions") for kind in ("Schema", "DatasetImport", "Dataset"))
    assert resources[VERSION].triggers == (
        Trigger(entries[0], (schema,)),
        Trigger(entries[1], (data,), "data"),
        Trigger(entries[2], (dataset,), "schema"),
    )
    assert {schema, data, dataset} <= set(resources[VERSION].depends_on)
    assert schema not in resources[Address("Solution", "hrnn")].depends_on


def test_a_pattern_names_other_trainings_and_never_the_own(tmp_path: Path) -> None:
    more = SOLUTION.replace("{name: hrnn}", "{name: hrnn-2}")
    resources = load(write(tmp_path, project("SolutionVersion/*", more=more))).resources
    assert resources[VERSION].triggers[0].addresses == (Address("SolutionVersion", "hrnn-2"),)


@pytest.mark.parametrize(
    ("entry", "code", "suggestion"),
    [
        ("Schema", "PZ4004", None),
        ("Schema/", "PZ4004", None),
        ("Schema/interactions.", "PZ4004", None),
        ("Schema/a/b", "PZ4004", None),
        ("Schema/interaction", "PZ4001", "Schema/interactions"),
        ("Schema/interaction.schema", "PZ4001", "Schema/interactions.schema"),
        ("Filter/*", "PZ4001", None),
        ("Schma/interactions", "PZ2002", "Schema"),
        ("DatasetImport/interactions.dataSorce", "PZ3009", "DatasetImport/interactions.dataSource"),
        ("DatasetImport/interactions.date", "PZ3009", "DatasetImport/interactions.data"),
        ("DatasetImport/*.x*", "PZ3009", None),
        ("Schema/interactions.data", "PZ3009", None),
        ("Campaign/movies", "PZ4006", None),
        ("SolutionVersion/hrnn", "PZ4006", None),
    ],
)
def test_an_entry_that_names_nothing(tmp_path: Path, entry: str, code: str, suggestion: str | None) -> None:
    [error] = errors(write(tmp_path, project("Schema/interactions", entry)))
    assert (error.code, error.suggestion) == (code, suggestion)
    assert str(error.position) == "m.yaml:8:7"
    assert error.field == "metadata.lifecycle.retrainOn[1]"
    assert error.expected
    assert code in CODES


def test_what_is_written_in_a_file_that_cannot_be_read_may_be_there(tmp_path: Path) -> None:
    files = {**project("Filter/mine", "Filter/*"), "broken.yaml": "name: {mine\n"}
    assert {error.code for error in errors(write(tmp_path, files))} == {"PZ1002"}


def test_only_a_solution_is_trained(tmp_path: Path) -> None:
    group = GROUP.replace("{name: movies}", "{name: movies, lifecycle: {retrainOn: [Schema/x]}}")
    [error] = errors(write(tmp_path, {"m.yaml": group}))
    assert (error.code, error.field) == ("PZ3008", "metadata.lifecycle.retrainOn")
    assert str(error.position) == "m.yaml:3:38"


@pytest.mark.parametrize("value", ["Schema/x", "[1]", "{a: b}"])
def test_a_value_of_another_type(tmp_path: Path, value: str) -> None:
    solution = SOLUTION.replace("{name: hrnn}", f"{{name: hrnn, lifecycle: {{retrainOn: {value}}}}}")
    [error] = errors(write(tmp_path, {"m.yaml": f"{GROUP}---\n{solution}"}))
    assert error.code == "PZ3003"
