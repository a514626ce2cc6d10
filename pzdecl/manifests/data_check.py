"""Whether the data of imports can be imported and trained on, before anything is changed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.errors import Diagnostic, Position
from pzdecl.kinds.address import Address
from pzdecl.kinds.schema import schema_text
from pzdecl.manifests.cache import Cache
from pzdecl.manifests.model import Desired, Project

if TYPE_CHECKING:
    from pzdecl.engine.data.check import CsvReport

MIN_INTERACTIONS = 1000
MIN_USERS = 25
_LOCATION = "spec.dataSource.dataLocation"
_VERSION = 1
"""Grows when the rules of checking change, so that old results are not used."""

Result = Mapping[str, Any]
"""What is kept of a CsvReport: its problems as lists, and its counts."""


def check_data(project: Project, wanted: Collection[Address] | None = None) -> list[Diagnostic]:
    """What is wrong with the data of imports (all, or the `wanted` ones), and with what training needs.

    Data that was found good or bad before, with the same schema, is not read again; data in S3 is not read.
    Raises OSError where data cannot be read, MissingExtra without pyarrow.
    """
    cache = Cache(project.root, "checks")
    found: list[Diagnostic] = []
    sound: dict[Address, Result] = {}
    for address, desired in project.resources.items():
        if wanted is not None and address not in wanted:
            continue
        dataset = _dataset(project, desired)
        schema = project.resources.get(Address("Schema", dataset.inputs["schema"])) if dataset else None
        if dataset is None or schema is None or desired.data is None or desired.data.path is None:
            continue
        result = _result(project, desired, schema.inputs["schema"], dataset.inputs["datasetType"], cache)
        if result is None:
            continue
        if result["problems"]:
            found += [_diagnostic(project, desired, problem) for problem in result["problems"]]
        elif dataset.inputs["datasetType"] == "INTERACTIONS":
            sound[address] = result
    cache.save()
    return sorted(
        [*found, *_minimums(project, sound)], key=lambda one: (one.position or Position(""), one.summary)
    )


def _dataset(project: Project, desired: Desired) -> Desired | None:
    if desired.address.kind != "DatasetImport":
        return None
    return project.resources.get(Address("Dataset", desired.inputs["dataset"]))


def _result(
    project: Project, desired: Desired, schema: Mapping[str, Any], dataset_type: str, cache: Cache
) -> Result | None:
    from pzdecl.manifests.data import fingerprint

    assert desired.data
    assert desired.data.path
    content = fingerprint(project.root, desired.data)
    if content is None:
        return None
    parts = (str(_VERSION), content.sha256, dataset_type, schema_text(schema))
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    known = cache.get(key)
    if isinstance(known, dict) and known.keys() == {"problems", "users_with_two", "event_types"}:
        return known
    from pzdecl.engine.data.check import check_csv

    result = _kept(check_csv(desired.data.path, schema, dataset_type))
    cache.put(key, result)
    return result


def _kept(report: CsvReport) -> dict[str, Any]:
    problems = [[p.file, p.line, p.column, p.field, p.message, p.expected] for p in report.problems]
    return {
        "problems": problems,
        "users_with_two": report.users_with_two,
        "event_types": dict(report.event_types),
    }


def _diagnostic(project: Project, desired: Desired, problem: Sequence[Any]) -> Diagnostic:
    """A problem of a CSV file. Where it has no line, the place is where the manifest names the file."""
    file, line, column, field, message, expected = problem
    assert desired.data
    assert desired.data.path
    path = desired.data.path / file if file else desired.data.path
    at = Position(shown(path, project.root), line, column or 1) if line else _at(desired, _LOCATION)
    if "missing the following columns" in message or (field and line == 1):
        code = "PZ7002"
    elif f"fewer than {MIN_INTERACTIONS}" in message:
        code = "PZ7005"
    else:
        code = "PZ7003" if field and line else "PZ7004"
    hint = None if line else f"the data is {shown(path, project.root)}"
    wanted, _, near = expected.partition("; did you mean ")
    suggestion = near.rstrip("?") or None
    return Diagnostic(
        code, message, at, str(desired.address), field or _LOCATION, wanted, suggestion=suggestion, hint=hint
    )


def _minimums(project: Project, sound: Mapping[Address, Result]) -> Iterator[Diagnostic]:
    """What training asks of interactions; only known for a dataset that is filled by one import."""
    imports: dict[str, list[Address]] = defaultdict(list)
    for address, desired in project.resources.items():
        if address.kind == "DatasetImport":
            imports[desired.inputs["dataset"]].append(address)
    for address, result in sound.items():
        desired = project.resources[address]
        if len(imports[desired.inputs["dataset"]]) > 1:
            continue
        dataset = project.resources[Address("Dataset", desired.inputs["dataset"])]
        group = dataset.inputs["datasetGroup"]
        solutions = [
            one
            for one in project.resources.values()
            if one.address.kind == "Solution" and one.inputs["datasetGroup"] == group
        ]
        if solutions and result["users_with_two"] < MIN_USERS:
            yield Diagnostic(
                "PZ7006",
                f"{result['users_with_two']} users have two interactions or more",
                _at(desired, _LOCATION),
                str(address),
                _LOCATION,
                f"at least {MIN_USERS} such users to train {solutions[0].address} on",
            )
        for solution in solutions:
            yield from _of_type(solution, result["event_types"])


def _of_type(solution: Desired, event_types: Mapping[str, int]) -> Iterator[Diagnostic]:
    """A solution that uses one type of event needs enough of these."""
    wanted = solution.inputs.get("eventType")
    if not wanted or not event_types:
        return
    rows = sum(count for name, count in event_types.items() if name.casefold() == wanted.casefold())
    if rows < MIN_INTERACTIONS:
        shown_type = "that type" if "eventType" in solution.sensitive else f"type {wanted}"
        yield Diagnostic(
            "PZ7005",
            f"the data has {rows} interactions of {shown_type}",
            _at(solution, "spec.eventType"),
            str(solution.address),
            "spec.eventType",
            f"at least {MIN_INTERACTIONS} of them",
            hint="the data has " + ", ".join(f"{name} ({count})" for name, count in event_types.items()),
        )


def shown(path: Path, root: Path) -> str:
    """A path as diagnostics name it: from the project's root, where it lies below."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _at(desired: Desired, field: str) -> Position:
    return desired.positions.get(field, desired.position)
