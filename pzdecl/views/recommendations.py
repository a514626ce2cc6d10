"""Recommendations as a short numbered list, with titles where the items' data has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pzdecl.views import table
from pzdecl.views.style import PLAIN, Style


def text(items: Sequence[Mapping[str, Any]], titles: Mapping[str, str], style: Style = PLAIN) -> str:
    """`rank  item  title  score`; columns without any value are left out."""
    if not items:
        return "No recommendations.\n"
    scored = any("score" in item for item in items)
    titled = any(item["itemId"] in titles for item in items)
    header = ["rank", "item", *(["title"] if titled else []), *(["score"] if scored else [])]
    rows = []
    for rank, item in enumerate(items, start=1):
        row = [str(rank), item["itemId"]]
        if titled:
            row.append(titles.get(item["itemId"], ""))
        if scored:
            row.append(f"{item['score']:.7f}" if "score" in item else "")
        rows.append(row)
    right = frozenset({0, len(header) - 1} if scored else {0})
    return table.text(header, rows, right, style)


def as_json(answer: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """The service's answer, with `title` added to the items that have one."""
    items = [
        {**item, **({"title": titles[item["itemId"]]} if item["itemId"] in titles else {})}
        for item in answer.get("itemList", ())
    ]
    out = {"recommendationId": answer.get("recommendationId"), "itemList": items}
    return json.dumps(out, indent=2, ensure_ascii=False) + "\n"
