"""Versions compared: metrics with 95% intervals, and whether they differ from those of one of the versions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pzdecl.comparison import Compared, Comparison, Difference, Interval
from pzdecl.serving import Measured
from pzdecl.views import table
from pzdecl.views.metrics import heading, in_order
from pzdecl.views.style import PLAIN, Style

HEADER = (
    "metric",
    "solution",
    "version",
    "recipe",
    "value",
    "95% interval",
    "difference",
    "95% interval",
    "verdict",
)
RIGHT = frozenset({4, 5, 6, 7})


def text(comparisons: Sequence[Comparison], style: Style = PLAIN) -> str:
    """A table for each dataset group, metric by metric."""
    return "\n".join(
        f"{style.paint(_title(one), 'bold')}\n{table.text(HEADER, _rows(one), RIGHT, style)}{_legend(one)}"
        for one in comparisons
    )


def markdown(comparisons: Sequence[Comparison]) -> str:
    """The same as Markdown tables."""
    return "\n".join(
        f"### {_title(one)}\n\n{table.markdown(HEADER, _rows(one, every=True), RIGHT)}\n{_legend(one)}"
        for one in comparisons
    )


def as_json(comparisons: Sequence[Comparison]) -> str:
    """Every number; null where it can't be told."""
    out = [
        {
            "dataset_group": one.group,
            "against": _name(one.against),
            "versions": [_version(version) for version in one.versions],
        }
        for one in comparisons
    ]
    return json.dumps({"format_version": "1.0", "comparisons": out}, indent=2, sort_keys=True) + "\n"


def _version(one: Compared) -> dict[str, Any]:
    metrics = {}
    for name, value in one.measured.metrics.items():
        found = one.differences.get(name)
        metrics[name] = {
            "value": value,
            "interval": _list(one.intervals.get(name)),
            "difference": found.value if found else None,
            "difference_interval": _list(found.interval) if found else None,
            "shared_test_users": found.shared if found else None,
            "verdict": found.verdict if found else None,
        }
    return {
        **(_name(one.measured) or {}),
        "recipe": one.measured.recipe,
        "serving": list(one.measured.serving),
        "current": one.measured.current,
        "tested": one.tested,
        "metrics": metrics,
    }


def _name(one: Measured | None) -> dict[str, str] | None:
    return {"solution": one.solution, "solution_version": one.version} if one else None


def _list(interval: Interval | None) -> list[float] | None:
    return [round(end, 6) for end in interval] if interval else None


def _title(one: Comparison) -> str:
    if one.against is None:
        return one.group
    return f"{one.group}: compared with {one.against.solution}/{one.against.version} ({one.against.recipe})"


def _rows(one: Comparison, *, every: bool = False) -> list[list[str]]:
    """Metric by metric, version by version; the metric's name once, or in `every` row."""
    rows = []
    for name in in_order(version.measured.metrics for version in one.versions):
        first = True
        for version in one.versions:
            if name in version.measured.metrics:
                rows.append([heading(name) if first or every else "", *_cells(version, name, one.against)])
                first = False
    return rows


def _cells(one: Compared, name: str, against: Measured | None) -> Iterable[str]:
    found = one.differences.get(name)
    yield from (one.measured.solution, one.measured.version, one.measured.recipe)
    yield f"{one.measured.metrics[name]:.4f}"
    yield _interval(one.intervals.get(name))
    yield f"{found.value:+.4f}" if found else "-"
    yield _interval(found.interval, signed=True) if found else "-"
    yield ("compared with" if one.measured is against else "-") if found is None else _verdict(found)


def _verdict(found: Difference) -> str:
    return found.verdict or "-"


def _interval(ends: Interval | None, *, signed: bool = False) -> str:
    if ends is None:
        return "-"
    sign = "+" if signed else ""
    return f"{ends[0]:{sign}.4f} to {ends[1]:{sign}.4f}"


def _legend(one: Comparison) -> str:
    """What the numbers rest on, and why some are missing."""
    lines = []
    tested = sorted({version.tested for version in one.versions if version.tested})
    shared = sorted({d.shared for version in one.versions for d in version.differences.values() if d.interval})
    if tested:
        lines.append(
            f"Intervals: bootstrap over {_span(tested)} tested; they do not tell of other seeds of a training."
        )
    if shared:
        lines.append(f"Differences: user by user, over the {_span(shared)} that both versions were tested on.")
    lines += [_gone(version.measured) for version in one.versions if version.gone]
    blind = [version.measured for version in one.versions if not (version.tested or version.gone)]
    if blind and len(blind) == len(one.versions):
        lines.append(
            "No intervals: Amazon Personalize does not tell the metrics of single users, and versions that an "
            "older pzdecl trained did not keep them."
        )
    elif blind:
        names = ", ".join(f"{row.solution}/{row.version}" for row in blind)
        lines.append(f"No intervals for {names}: train again to have the metrics of single users kept.")
    return "".join(f"{line}\n" for line in lines)


def _gone(row: Measured) -> str:
    what = f"The files of {row.solution}/{row.version} are gone from the engine's folder"
    if not row.current:
        return f"{what}: it has no intervals any more."
    return f"{what}: `pzdecl apply --retrain Solution/{row.solution}` trains it anew."


def _span(counts: Sequence[int]) -> str:
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
