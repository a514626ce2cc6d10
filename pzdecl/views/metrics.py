"""Offline metrics of all trained versions side by side: the best value marked, popularity as the baseline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pzdecl.kinds.recipes import DOMAIN
from pzdecl.serving import Measured
from pzdecl.views import table
from pzdecl.views.style import PLAIN, Style

BASELINE = "aws-popularity-count"
APART = frozenset({"aws-item-affinity", "aws-item-attribute-affinity", "aws-next-best-action"})
"""Recipes whose answers are no items: they compete with nothing else."""

NAMES = {
    "coverage": "coverage",
    "mean_reciprocal_rank_at_25": "MRR@25",
    "normalized_discounted_cumulative_gain_at_5": "NDCG@5",
    "normalized_discounted_cumulative_gain_at_10": "NDCG@10",
    "normalized_discounted_cumulative_gain_at_25": "NDCG@25",
    "normalized_discounted_cumulative_gain_with_event_weights_at_5": "weighted NDCG@5",
    "normalized_discounted_cumulative_gain_with_event_weights_at_10": "weighted NDCG@10",
    "normalized_discounted_cumulative_gain_with_event_weights_at_25": "weighted NDCG@25",
    "precision_at_5": "P@5",
    "precision_at_10": "P@10",
    "precision_at_25": "P@25",
    "average_rewards_at_k": "rewards@K",
    "hits_at_1_percent": "hits@1%",
    "recall_at_1_percent": "recall@1%",
    "trend_prediction_accuracy": "trend accuracy",
    "auc": "AUC",
    "precision": "precision",
    "recall": "recall",
}
"""The service's names, and the columns' headings in their order."""

RATED = "normalized_discounted_cumulative_gain_at_25"
"""The metric whose ratio to the baseline is shown."""


def heading(name: str) -> str:
    """A metric's short name."""
    return NAMES.get(name, name)


def in_order(metrics: Iterable[Iterable[str]]) -> list[str]:
    """All metrics that some version has, those of NAMES first; none is left out."""
    found = {name for names in metrics for name in names}
    return [name for name in NAMES if name in found] + sorted(found - set(NAMES))


def text(rows: Sequence[Measured], style: Style = PLAIN) -> str:
    """A table for a terminal; the best value of each metric carries a `*`."""
    header, cells, right = _cells(rows)
    out = table.text(header, cells, right, style)
    return out + _legend(rows)


def markdown(rows: Sequence[Measured]) -> str:
    """A Markdown table."""
    header, cells, right = _cells(rows)
    return table.markdown(header, cells, right) + "\n" + _legend(rows)


def as_json(rows: Sequence[Measured]) -> str:
    """Every number, and which is best in its group."""
    best = _best(rows)
    out: list[dict[str, Any]] = [
        {
            "solution": row.solution,
            "solution_version": row.version,
            "recipe": row.recipe,
            "dataset_group": row.group,
            "current": row.current,
            "serving": list(row.serving),
            "metrics": dict(row.metrics),
            "best": sorted(m for m, v in row.metrics.items() if v == best[_field(row), m]),
            "ratio_to_popularity": _ratio(row, rows),
        }
        for row in rows
    ]
    return json.dumps({"format_version": "1.0", "versions": out}, indent=2, sort_keys=True) + "\n"


def _cells(rows: Sequence[Measured]) -> tuple[list[str], list[list[str]], frozenset[int]]:
    known = in_order(row.metrics for row in rows)
    best = _best(rows)
    header = ["solution", "version", "recipe", "serving", *(heading(name) for name in known), "vs popularity"]
    cells = []
    for row in rows:
        line = [row.solution, row.version, row.recipe, ", ".join(row.serving) or "-"]
        for name in known:
            value = row.metrics.get(name)
            mark = "*" if value is not None and value == best[_field(row), name] else " "
            line.append("-" if value is None else f"{value:.4f}{mark}")
        ratio = _ratio(row, rows)
        cells.append([*line, "-" if ratio is None else f"{ratio:.2f}x"])
    return header, cells, frozenset(range(4, len(header)))


def _best(rows: Sequence[Measured]) -> dict[tuple[str, str], float]:
    """The best value of each metric in each group: versions of different groups saw different data.

    Versions that find users, actions or items do not compete: each kind has its own best.
    """
    best: dict[tuple[str, str], float] = {}
    for row in rows:
        for name, value in row.metrics.items():
            key = (_field(row), name)
            best[key] = max(value, best.get(key, value))
    return best


def _field(row: Measured) -> str:
    """What a version competes in: its dataset group; for segments, actions and use cases also its recipe."""
    apart = row.recipe in APART or row.recipe in DOMAIN
    return f"{row.group}/{row.recipe}" if apart else row.group


def _ratio(row: Measured, rows: Sequence[Measured]) -> float | None:
    """How many times the baseline's value; None without one, or where the baseline scored nothing."""
    baseline = [
        r.metrics.get(RATED) for r in rows if r.recipe == BASELINE and r.group == row.group and r.current
    ]
    value = row.metrics.get(RATED)
    if not baseline or not baseline[0] or value is None:
        return None
    return value / baseline[0]


def _legend(rows: Sequence[Measured]) -> str:
    legend = "* best of its dataset group"
    if any(_field(row) != row.group for row in rows):
        legend += " (recommenders, segments and actions: among those of its recipe)"
    if any(_ratio(row, rows) is not None for row in rows):
        legend += f"; vs popularity: {NAMES[RATED]} over that of {BASELINE}"
    return legend + "\n"
