"""Rules that look at several resources together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from pzdecl.engine.recipes.registry import CUSTOM
from pzdecl.errors import Position
from pzdecl.kinds import recipes
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import lookup
from pzdecl.kinds.places import is_remote
from pzdecl.manifests.columns import check_columns
from pzdecl.manifests.documents import Document
from pzdecl.manifests.model import ProviderSettings
from pzdecl.manifests.report import Report
from pzdecl.manifests.themes import check_themes
from pzdecl.manifests.use_cases import check_use_case

Documents = Mapping[Address, Document]


def check_rules(documents: Documents, provider: ProviderSettings, report: Report) -> None:
    """Reports every broken rule."""
    valid = {address: document for address, document in documents.items() if document.spec is not None}
    _at_most_one(valid, report)
    _incremental(valid, report)
    _domains(valid, report)
    check_columns(valid, report)
    types = _types(valid)
    for document in valid.values():
        if document.kind.name == "Solution":
            _recipe_at_hand(document, provider, report)
            _datasets(document, valid, types, report)
        elif document.kind.name == "Recommender":
            check_use_case(document, valid, types, report)
            _datasets(document, valid, types, report)
        elif document.kind.name == "Campaign":
            _campaign_config(document, valid, report)
        elif document.kind.name == "BatchInferenceJob":
            check_themes(document, valid, report)
        for field in (document.kind.reads, document.kind.writes):
            if field and (location := lookup(document.inputs, field)):
                _location(document, field, location, provider, report)


def _of(documents: Documents, kind: str) -> Iterator[Document]:
    return (document for document in documents.values() if document.kind.name == kind)


def _at_most_one(documents: Documents, report: Report) -> None:
    """One dataset of a type and one tracker in a group, one FULL import of a dataset."""
    rules: list[tuple[str, str, str, Any]] = [
        ("Dataset", "PZ5001", "datasetType", lambda i: (i["datasetGroup"], i["datasetType"])),
        ("EventTracker", "PZ5003", "datasetGroup", lambda i: i["datasetGroup"]),
        (
            "DatasetImport",
            "PZ5002",
            "importMode",
            lambda i: i["dataset"] if i["importMode"] == "FULL" else None,
        ),
    ]
    words = {
        "PZ5001": ("{group} has two datasets of type {type}", "at most one dataset of each type in a group"),
        "PZ5002": ("{dataset} has two FULL imports", "one FULL import of a dataset; others INCREMENTAL"),
        "PZ5003": ("{group} has two event trackers", "at most one event tracker in a group"),
    }
    for kind, code, field, key_of in rules:
        first: dict[Hashable, Document] = {}
        for document in sorted(_of(documents, kind), key=lambda one: one.position):
            key = key_of(document.inputs)
            if key is None:
                continue
            earlier = first.setdefault(key, document)
            if earlier is document:
                continue
            summary, expected = words[code]
            inputs = document.inputs
            report.add(
                code,
                summary.format(
                    group=inputs.get("datasetGroup"),
                    type=inputs.get("datasetType"),
                    dataset=inputs.get("dataset"),
                ),
                _at(document, f"spec.{field}"),
                address=document.address,
                field=f"spec.{field}",
                expected=expected,
                hint=f"the other is {earlier.address} ({earlier.position})",
            )


def _incremental(documents: Documents, report: Report) -> None:
    """Warns of INCREMENTAL imports of a dataset of this project that has no FULL one."""
    full = {d.inputs["dataset"] for d in _of(documents, "DatasetImport") if d.inputs["importMode"] == "FULL"}
    for document in _of(documents, "DatasetImport"):
        dataset = document.inputs["dataset"]
        if dataset not in full and Address("Dataset", dataset) in documents:
            report.add(
                "PZ5004",
                f"no FULL import of {dataset} is declared",
                _at(document, "spec.importMode"),
                address=document.address,
                field="spec.importMode",
                expected="an INCREMENTAL import beside a FULL one",
                warning=True,
            )


def _domains(documents: Documents, report: Report) -> None:
    """A dataset's schema has the domain of its group."""
    for dataset in _of(documents, "Dataset"):
        group = documents.get(Address("DatasetGroup", dataset.inputs["datasetGroup"]))
        schema = documents.get(Address("Schema", dataset.inputs["schema"]))
        if group is None or schema is None:
            continue
        wanted, found = group.inputs.get("domain"), schema.inputs.get("domain")
        if wanted != found:
            report.add(
                "PZ5008",
                f"{schema.address} has {_domain(found)}, {group.address} has {_domain(wanted)}",
                _at(dataset, "spec.schema"),
                address=dataset.address,
                field="spec.schema",
                expected=f"a schema with {_domain(wanted)}",
            )


def _recipe_at_hand(document: Document, provider: ProviderSettings, report: Report) -> None:
    """Also of those that AutoML shall choose from, as they stand in the manifest."""
    automl = getattr(getattr(document.spec, "solution_config", None), "auto_ml_config", None)
    listed = (automl.recipe_list if automl else None) or ()
    named = [("recipe", document.inputs.get("recipe"))]
    named += [
        (f"solutionConfig.autoMLConfig.recipeList[{place}]", recipes.short(name))
        for place, name in enumerate(listed)
    ]
    for field, recipe in named:
        if provider.type == "local" and recipe in recipes.SERVICE_ONLY:
            report.add(
                "PZ5006",
                f"the built-in engine has no {recipe}",
                _at(document, f"spec.{field}"),
                address=document.address,
                field=f"spec.{field}",
                expected=f"one of {', '.join(sorted(CUSTOM))}",
                hint="Amazon Personalize has it: provider type aws",
            )


def _types(documents: Documents) -> dict[str, set[str]]:
    """By group the types of the datasets that are declared in it."""
    found: dict[str, set[str]] = {}
    for dataset in _of(documents, "Dataset"):
        found.setdefault(dataset.inputs["datasetGroup"], set()).add(dataset.inputs["datasetType"])
    return found


def _datasets(document: Document, documents: Documents, types: Mapping[str, set[str]], report: Report) -> None:
    """A group that is declared here with its datasets has those that the recipe learns from."""
    recipe, group = recipes.built_in(document.inputs.get("recipe", "")), document.inputs["datasetGroup"]
    declared = types.get(group, set())
    missing = [kind for kind in recipe.datasets if kind not in declared] if recipe else []
    if recipe and missing and declared and Address("DatasetGroup", group) in documents:
        report.add(
            "PZ5012",
            f"{recipe.name} needs a dataset of type {' and '.join(missing)}, which {group} does not have",
            _at(document, "spec.recipe"),
            address=document.address,
            field="spec.recipe",
            expected=f"a Dataset of type {missing[0]} in {group}, or a recipe that needs none",
        )


def _location(
    document: Document, field: str, location: str, provider: ProviderSettings, report: Report
) -> None:
    """Amazon Personalize has S3, the engine files and S3; a server at an own endpoint perhaps both."""
    remote = is_remote(location)
    at, address = _at(document, f"spec.{field}"), document.address
    if provider.type == "local" and remote and not location.startswith("s3://"):
        report.add(
            "PZ5009",
            f"the built-in engine cannot read {location}",
            at,
            address=address,
            field=f"spec.{field}",
            expected="a path, relative to the manifest, or s3://bucket/path",
        )
    if provider.type != "aws" or provider.endpoint is not None or remote:
        return
    if field == document.kind.writes:
        report.add(
            "PZ5005",
            f"Amazon Personalize cannot write to {location}",
            at,
            address=address,
            field=f"spec.{field}",
            expected="s3://bucket/path/",
            hint="a variable can name a folder locally and a bucket in AWS: ${var.out}/x/",
        )
    elif provider.staging is None:
        report.add(
            "PZ5005",
            f"Amazon Personalize cannot read {location}",
            at,
            address=address,
            field=f"spec.{field}",
            expected="s3://bucket/path, or a place that files are uploaded to",
            hint="set staging: s3://BUCKET/PREFIX below provider: in pzdecl.yaml",
        )


def _campaign_config(document: Document, documents: Documents, report: Report) -> None:
    solution = documents.get(Address("Solution", document.inputs["solution"]))
    recipe = solution.inputs.get("recipe") if solution else None
    if recipe is None:
        return
    if recipe in recipes.SEGMENTING:
        report.add(
            "PZ5013",
            f"{recipe} finds users; no campaign can serve it",
            _at(document, "spec.solution"),
            address=document.address,
            field="spec.solution",
            expected="a solution of a recipe that recommends items",
            hint=f"pzdecl segment {document.inputs['solution']} finds the users of an item or of attributes",
        )
    parts = {"itemExplorationConfig": recipes.EXPLORING, "rankingInfluence": recipes.INFLUENCED}
    spec = document.spec.model_dump(by_alias=True, exclude_none=True) if document.spec else {}
    for part, fit in parts.items():
        if part in (spec.get("campaignConfig") or {}) and recipe not in fit:
            report.add(
                "PZ5007",
                f"{recipe} has no use for {part}",
                document.positions.nearest(("spec", "campaignConfig", part), on_key=True),
                address=document.address,
                field=f"spec.campaignConfig.{part}",
                expected=f"a solution with {' or '.join(sorted(fit))}",
            )


def _domain(domain: str | None) -> str:
    return f"domain {domain}" if domain else "no domain"


def _at(document: Document, field: str) -> Position:
    return document.positions.get(field, document.position)
