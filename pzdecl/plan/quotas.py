"""Quotas of Amazon Personalize (`provider.quotas: aws`): what a plan can know of them before anything is begun.

What this project declares is counted. What else is in the account, what is pending at the moment and how large
a dataset has become, the service itself finds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from pzdecl.engine.api.quotas import BY_NAME, NONE, Quotas
from pzdecl.engine.filters.parser import parse
from pzdecl.engine.filters.syntax import ExpressionError
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action
from pzdecl.plan.node import Node
from pzdecl.plan.survey import Survey

TYPES: Mapping[str, str] = {
    "Schema": "schema",
    "DatasetGroup": "dataset-group",
    "Solution": "solution",
    "Campaign": "campaign",
    "Recommender": "recommender",
    "Filter": "filter",
}
"""The word of a kind's ARN."""


def exceeded(node: Node, survey: Survey) -> Iterator[str]:
    """What is too much where a resource is made or data is imported."""
    quotas = BY_NAME[survey.project.provider.quotas]
    if quotas is NONE:
        return
    if node.action is Action.IMPORT and node.data is not None:
        mode = str(node.inputs.get("importMode", "FULL"))
        size, most = sum(one.get("bytes") or 0 for one in node.data.values()), quotas.import_bytes.get(mode)
        if most is not None and size > most:
            yield f"the data has {size:,} bytes, and an import with importMode {mode} takes {most:,} at most"
    if node.action is not Action.CREATE or node.address.kind not in TYPES:
        return
    before = _before(node.address, survey)
    yield from _too_many(node.address, before, quotas)
    if node.address.kind == "Filter" and quotas.filter_fields is not None:
        fields = frozenset().union(*(_fields(one, survey) for one in (*before, node.address)))
        if len(fields) > quotas.filter_fields:
            yield (
                f"all filters of {_group(node.address, survey)} would use {len(fields)} different fields, and "
                f"{quotas.filter_fields} are allowed"
            )


def _too_many(address: Address, before: Sequence[Address], quotas: Quotas) -> Iterator[str]:
    word = TYPES[address.kind]
    for figures, where in ((quotas.in_account, "an account"), (quotas.in_group, "a dataset group")):
        most = figures.get(word)
        if most is not None and len(before) >= most:
            yield f"it would be {address.kind} number {len(before) + 1}, and {where} has {most} at most"


def _before(address: Address, survey: Survey) -> Sequence[Address]:
    """Those of its kind, and group where it has one, that count before it."""
    listed = _counted(survey)[address.kind, _group(address, survey)]
    rank = _rank(survey)
    return listed[: bisect_left(listed, rank(address), key=rank)]


@lru_cache(maxsize=1)
def _counted(survey: Survey) -> Mapping[tuple[str, str | None], Sequence[Address]]:
    """What the project will have of each kind in each group; what is recorded first, the rest by name."""
    found: defaultdict[tuple[str, str | None], list[Address]] = defaultdict(list)
    for address in sorted(survey.project.resources, key=_rank(survey)):
        if address.kind in TYPES and (address in survey.recorded or survey.includes(address)):
            found[address.kind, _group(address, survey)].append(address)
    return found


def _rank(survey: Survey) -> Callable[[Address], tuple[bool, Address]]:
    return lambda one: (one not in survey.recorded, one)


def _group(address: Address, survey: Survey) -> str | None:
    """The dataset group that a resource belongs to; None for what belongs to none."""
    desired = survey.project.resources.get(address)
    if desired is None:
        return None
    if "datasetGroup" in desired.inputs:
        return str(desired.inputs["datasetGroup"])
    if address.kind == "Campaign":
        solution = Address("Solution", str(desired.inputs.get("solution")))
        return _group(solution, survey) if solution in survey.project.resources else str(solution)
    return None


def _fields(address: Address, survey: Survey) -> frozenset[tuple[str, str]]:
    return _fields_of(str(survey.project.resources[address].inputs.get("filterExpression", "")))


@lru_cache(maxsize=1000)
def _fields_of(text: str) -> frozenset[tuple[str, str]]:
    try:
        return frozenset((field.dataset, field.name.casefold()) for field in parse(text).fields())
    except ExpressionError:
        return frozenset()
