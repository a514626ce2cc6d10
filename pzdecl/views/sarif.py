"""SARIF 2.1.0 (OASIS), which GitHub's code scanning and most editors read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pzdecl import __version__
from pzdecl.views.findings import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST = 5_000
"""GitHub keeps this many results of one run, and says nothing of the rest."""


def render(findings: Iterable[Finding]) -> str:
    """One run with all findings; equal findings give equal bytes."""
    kept = list(findings)[:MOST]
    rules = sorted({(one.rule, one.title) for one in kept})
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
                "results": [_result(one, places[one.rule]) for one in kept],
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _result(one: Finding, rule: int) -> dict[str, Any]:
    at = one.position
    place: dict[str, Any] = {"artifactLocation": {"uri": at.file if at else "pzdecl.yaml"}}
    place["region"] = {"startLine": at.line or 1, "startColumn": at.column or 1} if at else {"startLine": 1}
    return {
        "ruleId": one.rule,
        "ruleIndex": rule,
        "level": one.level,
        "message": {"text": one.text},
        "locations": [{"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": one.subject}]}],
        "partialFingerprints": {"pzdecl/v1": f"{one.rule}:{one.subject}"},
    }
