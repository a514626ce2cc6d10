"""Which columns a training leaves out: those that the configuration says, and those that came later.

A column that UpdateDataset adds is left out by the solutions and recommenders that were there before, as in the
service: nobody's model changes because somebody else's column arrives. One that the configuration takes in by
name (`includedDatasetColumns`) is not left out, and a solution that is made afterwards learns from all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pzdecl.engine.api.families import RECOMMENDER, SOLUTION
from pzdecl.engine.api.recommender_config import COLUMNS, EXCLUDED, INCLUDED, excluded
from pzdecl.engine.filters.sources import group_columns
from pzdecl.engine.store.rows import Reader, Resource, Writer

LATER = "_later"
"""In the body of a solution or recommender: by type of dataset, the columns that came after it."""


def leave_out(tx: Writer, group: str, dataset_type: str, names: Iterable[str]) -> None:
    """Notes that columns are new to the solutions and recommenders that a dataset group has now."""
    new = set(names)
    if not new:
        return
    for family in (SOLUTION, RECOMMENDER):
        for one in tx.children(family.type, group):
            later = one.body.setdefault(LATER, {})
            later[dataset_type] = sorted({*later.get(dataset_type, ()), *new})
            tx.save(one, touch=False)


def settings(reader: Reader, version: Resource, parent: Resource) -> dict[str, Any]:
    """A version's body as a training reads it, with all columns that are left out in `excludedDatasetColumns`.

    parent  its solution or recommender
    """
    found = {name: value for name, value in version.body.items() if not name.startswith("_")}
    config = dict(found.get("solutionConfig") or {})
    out = {kind: set(names) for kind, names in excluded(config, group_columns(reader, _group(version))).items()}
    named = _included(config) | _included(parent.body.get("recommenderConfig") or {})
    for kind, names in parent.body.get(LATER, {}).items():
        out.setdefault(kind, set()).update(name for name in names if (kind, name) not in named)
    left_out = {kind: sorted(names) for kind, names in sorted(out.items()) if names}
    if left_out:
        config[COLUMNS] = {**(config.get(COLUMNS) or {}), EXCLUDED: left_out}
        found["solutionConfig"] = config
    return found


def _group(version: Resource) -> str:
    return str(version.body["datasetGroupArn"])


def _included(config: dict[str, Any]) -> set[tuple[str, str]]:
    given = (config.get(COLUMNS) or {}).get(INCLUDED) or {}
    return {(kind.upper(), name) for kind, names in given.items() for name in names}
