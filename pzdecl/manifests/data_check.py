"""Whether the data of imports can be imported and trained on, before anything is changed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pzdecl.errors import Diagnostic, Position
from pzdecl.kinds import recipes
from pzdecl.kinds.address import Address
from pzdecl.kinds.schema import schema_text
from pzdecl.manifests.cache import Cache
from pzdecl.manifests.data_problems import LOCATION, MIN_INTERACTIONS, at, diagnostics
from pzdecl.manifests.model import Desired, Project

if TYPE_CHECKING:
    from pzdecl.engine.data.check import CsvReport

MIN_USERS = 25
SELDOM = 100
"""One user in so many must have two interactions at least."""
_VERSION = 1
"""Grows when the rules of checking change, so that old results are not used."""

Result = Mapping[str, Any]
"""What is kept of a CsvReport: its problems as lists, and its counts."""


def check_data(
    project: Project,
    wanted: Collection[Address] | None = None,
    trained: Collection[Address] | None = None,
) -> list[Diagnostic]:
    """What is wrong with the data of imports (all, or the `wanted` ones), and with what training needs (of all
    solutions and recommenders, or the `trained` versions and recommenders, whose data may have been imported
    before).

    Data that was found good or bad before, with the same schema, is not read again; data in S3 is not read.
    Raises OSError where data cannot be read, MissingExtra without pyarrow.
    """
    cache, contents = Cache(project.root, "checks"), Cache(project.root, "contents")
    found: list[Diagnostic] = []
    sound: dict[Address, Result] = {}
    for address, desired in project.resources.items():
        asked = wanted is None or address in wanted
        dataset = _dataset(project, desired)
        if not asked and not (dataset and _feeds(project, dataset, trained or ())):
            continue
        schema = project.resources.get(Address("Schema", dataset.inputs["schema"])) if dataset else None
        if dataset is None or schema is None or desired.data is None or desired.data.path is None:
            continue
        result = _result(
            project, desired, schema.inputs["schema"], dataset.inputs["datasetType"], cache, contents
        )
        if result is None:
            continue
        if result["problems"]:
            found += diagnostics(project, desired, result["problems"]) if asked else []
        elif dataset.inputs["datasetType"] == "INTERACTIONS":
            sound[address] = result
    cache.save()
    contents.save()
    chosen = None if wanted is None else {*wanted, *(trained or ())}
    return sorted(
        [*found, *_minimums(project, sound, chosen)],
        key=lambda one: (one.position or Position(""), one.summary),
    )


def _dataset(project: Project, desired: Desired) -> Desired | None:
    if desired.address.kind != "DatasetImport":
        return None
    return project.resources.get(Address("Dataset", desired.inputs["dataset"]))


def _document(address: Address) -> Address:
    """The document of what is trained."""
    return Address("Solution", address.name) if address.kind == "SolutionVersion" else address


def _result(
    project: Project,
    desired: Desired,
    schema: Mapping[str, Any],
    dataset_type: str,
    cache: Cache,
    contents: Cache,
) -> Result | None:
    from pzdecl.manifests.data import fingerprint

    assert desired.data
    assert desired.data.path
    content = fingerprint(project.root, desired.data, contents)
    if content is None:
        return None
    parts = (str(_VERSION), content.sha256, dataset_type, schema_text(schema))
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    known = cache.get(key)
    if isinstance(known, dict) and known.keys() == {"problems", "users", "users_with_two", "event_types"}:
        return known
    from pzdecl.engine.data.check import check_csv

    result = _kept(check_csv(desired.data.path, schema, dataset_type))
    cache.put(key, result)
    return result


def _kept(report: CsvReport) -> dict[str, Any]:
    problems = [[p.file, p.line, p.column, p.field, p.message, p.expected] for p in report.problems]
    return {
        "problems": problems,
        "users": report.users,
        "users_with_two": report.users_with_two,
        "event_types": dict(report.event_types),
    }


def _feeds(project: Project, dataset: Desired, trained: Collection[Address]) -> bool:
    """Whether what is to be trained learns from the interactions of a dataset."""
    found = (project.resources.get(_document(address)) for address in trained)
    groups = {one.inputs["datasetGroup"] for one in found if one}
    return dataset.inputs["datasetType"] == "INTERACTIONS" and dataset.inputs["datasetGroup"] in groups


def _minimums(
    project: Project, sound: Mapping[Address, Result], chosen: Collection[Address] | None
) -> Iterator[Diagnostic]:
    """What training asks of interactions; only known for a dataset that is filled by one import.

    Of the `chosen` versions and of all that learn from the `chosen` imports; None: of all.
    """
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
        learners = {
            Address("SolutionVersion", one.name) if one.kind == "Solution" else one: desired
            for one, desired in project.resources.items()
            if one.kind in ("Solution", "Recommender") and desired.inputs["datasetGroup"] == group
        }
        solutions = [
            one for trained, one in learners.items() if chosen is None or address in chosen or trained in chosen
        ]
        needed = max(MIN_USERS, -(-result["users"] // SELDOM))
        if solutions and result["users_with_two"] < needed:
            yield Diagnostic(
                "PZ7006",
                f"only {result['users_with_two']} of {result['users']:,} users have two interactions or more",
                at(desired, LOCATION),
                str(address),
                LOCATION,
                f"at least {needed:,} such users to train {solutions[0].address} on",
            )
        for solution in solutions:
            yield from _of_type(solution, result["event_types"])


def _of_type(solution: Desired, event_types: Mapping[str, int]) -> Iterator[Diagnostic]:
    """A solution or recommender that uses one type of event needs enough of these."""
    wanted, field = solution.inputs.get("eventType"), "spec.eventType"
    if solution.address.kind == "Recommender":
        recipe = recipes.DOMAIN.get(solution.inputs["recipe"])
        wanted, field = (recipe.event_type if recipe else None), "spec.recipe"
    if not wanted or not event_types:
        return
    rows = sum(count for name, count in event_types.items() if name.casefold() == wanted.casefold())
    if rows < MIN_INTERACTIONS:
        shown_type = "that type" if "eventType" in solution.sensitive else f"type {wanted}"
        yield Diagnostic(
            "PZ7005",
            f"the data has {rows} interactions of {shown_type}",
            at(solution, field),
            str(solution.address),
            field,
            f"at least {MIN_INTERACTIONS} of them",
            hint="the data has " + ", ".join(f"{name} ({count})" for name, count in event_types.items()),
        )
