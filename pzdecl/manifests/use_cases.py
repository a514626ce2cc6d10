"""Rules for recommenders: the domain of their group, and what their configuration needs there."""

from __future__ import annotations

from collections.abc import Mapping

from pzdecl.kinds import recipes
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import lookup
from pzdecl.kinds.recommender import CONFIG, METADATA
from pzdecl.manifests.documents import Document
from pzdecl.manifests.report import Report


def check_use_case(
    document: Document,
    documents: Mapping[Address, Document],
    types: Mapping[str, set[str]],
    report: Report,
) -> None:
    """Reports a recommender that its group has no place for. A group that is not declared is not judged.

    types  the dataset types that are declared of each group
    """
    name = document.inputs["datasetGroup"]
    group = documents.get(Address("DatasetGroup", name))
    if group is None:
        return
    recipe, domain = recipes.DOMAIN.get(document.inputs["recipe"]), group.inputs.get("domain")
    if recipe is not None and recipe.domain != domain:
        fit = [one.name for one in recipes.DOMAIN.values() if one.domain == domain]
        has = f"domain {domain}" if domain else "no domain"
        report.add(
            "PZ5014",
            f"{recipe.name} is of domain {recipe.domain}, {group.address} has {has}",
            document.positions.get("spec.recipe", document.position),
            address=document.address,
            field="spec.recipe",
            expected=f"one of {', '.join(fit)}" if fit else f"a dataset group with domain {recipe.domain}",
            hint=None if fit else "for a group without a domain, declare a Solution and a Campaign",
        )
    declared = types.get(name, set())
    if lookup(document.inputs, f"{CONFIG}.{METADATA}") and declared and "ITEMS" not in declared:
        field = f"spec.{CONFIG}.{METADATA}"
        report.add(
            "PZ5012",
            f"{METADATA} needs a dataset of type ITEMS, which {name} does not have",
            document.positions.get(field, document.position),
            address=document.address,
            field=field,
            expected=f"a Dataset of type ITEMS in {name}, or {METADATA}: false",
        )
