"""SARIF 2.1.0 (OASIS), which GitHub's code scanning and most editors read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from pzdecl import __version__
from pzdecl.views.findings import Finding
from pzdecl.views.words import plural

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST = 5_000
"""GitHub shows this many results of one run, and says nothing of the rest."""
_ORDER = ("error", "warning", "note")


def render(findings: Iterable[Finding], base: str = "") -> str:
    """One run with all findings, or the gravest of too many; equal findings give equal bytes.

    base  the way from the repository's top to the project's folder (`pzdecl.views.places`)
    """
    ordered = sorted(findings, key=lambda one: _ORDER.index(one.level))
    kept = ordered[:MOST]
    rules = sorted({one.rule: one.title for one in kept}.items())
    places = {rule: index for index, (rule, _) in enumerate(rules)}
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pzdecl",
                        "semanticVersion": __version__,
                        "rules": [{"id": rule, "shortDescription": {"text": title}} for rule, title in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True, **_left_out(len(ordered) - len(kept))}],
                "results": [_result(one, places[one.rule], base) for one in kept],
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _left_out(count: int) -> dict[str, Any]:
    if not count:
        return {}
    text = f"{plural(count, 'finding')} more than fit here"
    return {"toolExecutionNotifications": [{"level": "warning", "message": {"text": text}}]}


def _result(one: Finding, rule: int, base: str) -> dict[str, Any]:
    at = one.position
    file = quote(base + (at.file if at else "pzdecl.yaml"))
    place: dict[str, Any] = {"artifactLocation": {"uri": file, "uriBaseId": "%SRCROOT%"}}
    place["region"] = {"startLine": at.line or 1, "startColumn": at.column or 1} if at else {"startLine": 1}
    return {
        "ruleId": one.rule,
        "ruleIndex": rule,
        "level": one.level,
        "message": {"text": one.text},
        "locations": [{"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": one.subject}]}],
        "partialFingerprints": {"pzdecl/v1": f"{one.rule}:{one.subject}"},
    }
