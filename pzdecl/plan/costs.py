"""What trainings will take, told from those on record: hours for so many rows, with the same recipe.

The last training of the same solution tells best; otherwise the others of its recipe do, all their hours over
all their rows. Where nothing of the kind was trained yet, or an import's rows are not known, nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action
from pzdecl.plan.node import Node
from pzdecl.plan.survey import Survey
from pzdecl.state.model import Recorded

HOURS = "trainingHours"


def seconds(node: Node, survey: Survey) -> float | None:
    """How many seconds the planned training will take; None where nobody can tell, or nothing is trained."""
    if node.action is not Action.TRAIN or node.blocked is not None:
        return None
    rows = _rows(node.data)
    own = node.recorded
    same = own is not None and _recipe(own.address, survey.recorded) == _planned(node, survey)
    known = [own] if same and own and _pace(own) else _alike(node, survey)
    pace = [one for row in known if row and (one := _pace(row))]
    if not rows or not pace:
        return None
    hours, counted = sum(one[0] for one in pace), sum(one[1] for one in pace)
    return round(3600 * hours * rows / counted, 1)


def _alike(node: Node, survey: Survey) -> Iterable[Recorded]:
    recipe = _planned(node, survey)
    versions = (row for row in survey.recorded.values() if row.address.kind == node.address.kind)
    return [row for row in versions if recipe and _recipe(row.address, survey.recorded) == recipe]


def _pace(row: Recorded) -> tuple[float, int] | None:
    """Hours and rows of a training on record."""
    hours, rows = row.attributes.get(HOURS), _rows(row.data)
    return (float(hours), rows) if isinstance(hours, int | float) and hours > 0 and rows else None


def _rows(data: Mapping[str, Any] | None) -> int:
    """The rows behind a training; 0 where one import's are not known."""
    counts = [int(content.get("rows") or 0) for content in (data or {}).values()]
    return sum(counts) if all(counts) else 0


def _recipe(version: Address, recorded: Mapping[Address, Recorded]) -> str | None:
    solution = recorded.get(Address("Solution", version.name))
    return _told(solution.inputs) if solution else None


def _planned(node: Node, survey: Survey) -> str | None:
    solution = survey.nodes.get(Address("Solution", node.address.name))
    return _told(solution.inputs) if solution else None


def _told(inputs: Mapping[str, Any]) -> str | None:
    """The recipe; searching for hyperparameters or recipes takes so much longer that it counts as another."""
    marks = [name for name in ("performHPO", "performAutoML") if inputs.get(name)]
    recipe = inputs.get("recipe")
    return " ".join([str(recipe), *marks]) if recipe or marks else None
