"""Recommendations as a short numbered list, with titles where the items' data has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pzdecl.views import table
from pzdecl.views.style import PLAIN, Style

WIDEST = 40
"""Characters of a cell of metadata in a table."""


def text(
    items: Sequence[Mapping[str, Any]], titles: Mapping[str, str], style: Style = PLAIN, *, what: str = "item"
) -> str:
    """`rank  item  title  score`, then columns of metadata; those without any value are left out.

    what  what is listed: items, or actions
    """
    if not items:
        return "No recommendations.\n"
    scored = any("score" in item for item in items)
    key = f"{what}Id"
    titled = any(item[key] in titles for item in items)
    columns = list(dict.fromkeys(name for item in items for name in item.get("metadata", ())))
    header = ["rank", what, *(["title"] if titled else []), *(["score"] if scored else []), *columns]
    rows = []
    for rank, item in enumerate(items, start=1):
        row = [str(rank), item[key]]
        if titled:
            row.append(titles.get(item[key], ""))
        if scored:
            row.append(f"{item['score']:.7f}" if "score" in item else "")
        row += [_short(item.get("metadata", {}).get(name, "")) for name in columns]
        rows.append(row)
    right = frozenset({0, 2 + titled} if scored else {0})
    return table.text(header, rows, right, style)


def _short(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= WIDEST else value[: WIDEST - 1] + "…"


def as_json(answer: Mapping[str, Any], titles: Mapping[str, str], key: str = "itemList") -> str:
    """The service's answer, with `title` added to the items (under `key`) that have one."""
    items = [
        {**item, **({"title": titles[item["itemId"]]} if item.get("itemId") in titles else {})}
        for item in answer.get(key, ())
    ]
    out = {"recommendationId": answer.get("recommendationId"), key: items}
    return json.dumps(out, indent=2, ensure_ascii=False) + "\n"
