"""A rehearsal for a reviewer: per campaign the metrics before and after, and how far its lists move."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pzdecl.plan.model import Change
from pzdecl.rehearsal.lists import TOP, Movement
from pzdecl.rehearsal.model import CampaignReport, Rehearsal
from pzdecl.serving import Measured
from pzdecl.views import table, words
from pzdecl.views.markdown import plain
from pzdecl.views.metrics import heading, in_order
from pzdecl.views.style import PLAIN, Style

HEADER = ("metric", "before", "after", "difference", "95% interval", "verdict")
RIGHT = frozenset({1, 2, 3, 4})
LISTED = 8
"""Items that are named at most, on either side."""
ASKED = {"users": "users", "items": "items", "rankings": "users' rankings", "actions": "users' actions"}


def text(one: Rehearsal, style: Style = PLAIN) -> str:
    """For a terminal."""
    lines = [style.paint(_title(one), "bold"), *_facts(one), ""]
    for report in one.campaigns:
        lines.append(style.paint(f"{report.address}", "bold") + f": {_what(report)}")
        lines += [f"  {line}" for line in _body(report, style)]
        lines.append("")
    for address, why in one.problems:
        lines.append(f"{style.paint(str(address), 'yellow')}: {why}")
    lines += _ending(one)
    return "\n".join(lines).rstrip() + "\n"


def markdown(one: Rehearsal) -> str:
    """For a pull request."""
    lines = [f"### {plain(_title(one))}", "", *_paragraphs(_facts(one))]
    for report in one.campaigns:
        lines += [f"#### `{report.address}`", "", plain(_what(report)), ""]
        rows = _rows(report)
        if rows:
            lines += [table.markdown(HEADER, rows, RIGHT)]
        lines += [f"- {plain(line)}" for line in [*_moves(report), *report.notes]]
        lines.append("")
    if one.problems:
        lines += ["#### What went wrong, or was held back", ""]
        lines += [f"- `{address}`: {plain(why)}" for address, why in one.problems]
        lines.append("")
    lines += _paragraphs(_ending(one))
    return "\n".join(lines).rstrip() + "\n"


def as_json(one: Rehearsal) -> str:
    """Every number; null where there is none."""
    document = {
        "format_version": "1.0",
        "project": one.project,
        "environment": one.environment,
        "summary": {action.value: count for action, count in words.counts(one.plan.changes).items()},
        "sample": one.share,
        "rebuilt": one.rebuilt,
        "first_deployment": one.first,
        "campaigns": [_campaign(report) for report in one.campaigns],
        "unchanged": [str(address) for address in one.unchanged],
        "problems": [{"address": str(address), "message": why} for address, why in one.problems],
        "notes": list(one.notes),
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _campaign(report: CampaignReport) -> dict[str, Any]:
    return {
        "address": str(report.address),
        "changes": [
            {"address": str(c.address), "action": c.action.value, "reasons": [r.text for r in c.reasons]}
            for c in report.changes
        ],
        "before": _version(report.before),
        "after": _version(report.after),
        "differences": {
            name: {
                "value": found.value,
                "interval": list(found.interval) if found.interval else None,
                "shared_test_users": found.shared,
                "verdict": found.verdict,
            }
            for name, found in report.differences.items()
        },
        "movement": _movement(report.movement),
        "titles": dict(report.titles),
        "notes": list(report.notes),
    }


def _version(one: Measured | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "solution": one.solution,
        "solution_version": one.version,
        "recipe": one.recipe,
        "metrics": dict(one.metrics),
    }


def _movement(one: Movement | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "asked": one.asked,
        "count": one.count,
        f"overlap_at_{TOP}": round(one.overlap, 6),
        "rank_biased_overlap": round(one.rbo, 6),
        "first_item_changed": round(one.first_changed, 6),
        "unchanged": round(one.unchanged, 6),
        "overlap_by_chance": None if one.chance is None else round(one.chance, 6),
        "newly_shown": [{"item": item, "lists": count} for item, count in one.appeared],
        "no_longer_shown": [{"item": item, "lists": count} for item, count in one.gone],
        "items_shown_before": one.shown_before,
        "items_shown_after": one.shown_after,
        "catalogue": one.catalogue,
    }


def _title(one: Rehearsal) -> str:
    return f"Rehearsal of {one.project}, environment {one.environment}"


def _facts(one: Rehearsal) -> list[str]:
    lines = [f"The plan: {words.summary(words.counts(one.plan.changes), len(one.plan.blocked))}."]
    if one.share < 1:
        lines.append(f"Done with {one.share:.3g} of the users' data; before and after are both trained on it.")
    elif one.rebuilt:
        lines.append("Done on an engine made of the data files; before and after are both trained there.")
    if one.first:
        lines.append("Nothing is deployed yet, so there is no before to compare with.")
    return [*lines, *one.notes]


def _what(report: CampaignReport) -> str:
    told = [f"{_name(change)} {words.WORDS[change.action].future}{_why(change)}" for change in report.changes]
    return "; ".join(told) if told else "it serves another version"


def _name(change: Change) -> str:
    return {"Solution": "its solution", "SolutionVersion": "its model"}.get(change.address.kind, "it")


def _why(change: Change) -> str:
    return f" ({change.reasons[0].text})" if change.reasons else ""


def _body(report: CampaignReport, style: Style) -> Iterable[str]:
    rows = _rows(report)
    if rows:
        yield from table.text(HEADER, rows, RIGHT, style).splitlines()
    yield from _moves(report)
    yield from report.notes


def _rows(report: CampaignReport) -> list[list[str]]:
    before = report.before.metrics if report.before else {}
    after = report.after.metrics if report.after else {}
    rows = []
    for name in in_order([before, after]):
        found = report.differences.get(name)
        ends = found.interval if found else None
        rows.append(
            [
                heading(name),
                _number(before.get(name)),
                _number(after.get(name)),
                f"{found.value:+.4f}" if found else "-",
                f"{ends[0]:+.4f} to {ends[1]:+.4f}" if ends else "-",
                (found.verdict if found else None) or "-",
            ]
        )
    return rows


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _moves(report: CampaignReport) -> list[str]:
    one = report.movement
    if one is None:
        return []
    lines = [
        f"Top {TOP} of {one.count:,} {ASKED[one.asked]}: {_share(one.overlap)} of the items stay "
        f"(overlap@{TOP} {one.overlap:.3f}, rank-biased overlap {one.rbo:.3f}).",
        f"Another first item: {_share(one.first_changed)}; the very same list: {_share(one.unchanged)}.",
    ]
    if one.chance is not None:
        lines.append(
            f"It explores: by chance, two answers of before have an overlap@{TOP} of {one.chance:.3f}."
        )
    for name, items in (("Newly shown", one.appeared), ("No longer shown", one.gone)):
        if items:
            lines.append(f"{name}: {words.plural(len(items), 'item')}: {_items(items, report)}.")
    if one.catalogue:
        lines.append(
            f"Items shown: {one.shown_before:,} before, {one.shown_after:,} after, of {one.catalogue:,} "
            f"({_share(one.shown_before / one.catalogue)} and {_share(one.shown_after / one.catalogue)})."
        )
    return lines


def _items(items: Sequence[tuple[str, int]], report: CampaignReport) -> str:
    named = [f"{report.titles.get(item, item)} ({count})" for item, count in items[:LISTED]]
    rest = len(items) - len(named)
    return ", ".join(named) + (f" and {rest:,} more" if rest else "")


def _ending(one: Rehearsal) -> list[str]:
    if not one.campaigns:
        served = any(address.kind == "Recommender" for address in one.unchanged)
        return ["No campaign and no recommender changes." if served else "No campaign changes."]
    if one.unchanged:
        kinds = {address.kind for address in one.unchanged}
        count = words.plural(len(one.unchanged), "recommender" if kinds == {"Recommender"} else "campaign")
        if len(kinds) > 1:
            count = f"{len(one.unchanged)} campaigns and recommenders"
        return [f"{count} unchanged: {', '.join(address.name for address in one.unchanged)}."]
    return []


def _share(value: float) -> str:
    return f"{value:.0%}" if value in (0, 1) or 0.095 <= value <= 0.905 else f"{value:.1%}"


def _paragraphs(lines: Iterable[str]) -> list[str]:
    return [part for line in lines for part in (plain(line), "")]
