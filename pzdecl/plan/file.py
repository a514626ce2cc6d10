"""Saved plans: canonical JSON, the same bytes for an equal plan, with a digest that tells if they were
changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from pzdecl.errors import Diagnostic, Position, PzdeclError, Severity
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Effect
from pzdecl.plan.model import (
    FORMAT_VERSION,
    Action,
    Change,
    Drift,
    FieldChange,
    Op,
    Plan,
    Reason,
    ReasonCode,
    Step,
    Upload,
)
from pzdecl.state.codec import canonical

AGAIN = "make it again: pzdecl plan --out FILE"


class BadPlanFile(PzdeclError):
    """What was read is no plan that this version could carry out."""

    def __init__(self, message: str, hint: str = AGAIN) -> None:
        super().__init__(message, hint=hint)


def dump(plan: Plan) -> bytes:
    """The plan as canonical JSON in UTF-8, ending in a newline: sorted keys, no times, no absolute paths."""
    content = _plan(plan)
    return (canonical({**content, "digest": _digest(content)}) + "\n").encode()


def digest(plan: Plan) -> str:
    """SHA-256 (hex) of the plan's content."""
    return _digest(_plan(plan))


def reviewed(plan: Plan) -> str:
    """`sha256:` and the digest of what a reviewer sees: the same plan made again has it again.

    Left out are the lineage, since a state that is yet to be made has none (that the rows are those that were
    planned on is in the content), and how long trainings will take.
    """
    content = _plan(replace(plan, lineage="", changes=tuple(replace(c, seconds=None) for c in plan.changes)))
    return f"sha256:{_digest(content)}"


def load(data: bytes) -> Plan:
    """The reverse of `dump`. Raises BadPlanFile for what is empty, cut short, changed or of another format."""
    if not data.strip():
        raise BadPlanFile("the plan file is empty")
    try:
        content = json.loads(data.decode())
    except UnicodeDecodeError as error:
        raise BadPlanFile("the plan file is not UTF-8 text, so it is no plan of pzdecl") from error
    except json.JSONDecodeError as error:
        ended = error.pos >= len(data.decode().rstrip()) - 1 or error.msg.startswith("Unterminated string")
        what = "cut short" if ended else "not JSON"
        raise BadPlanFile(f"the plan file is {what} (line {error.lineno}, column {error.colno})") from error
    if not isinstance(content, dict) or "format_version" not in content:
        raise BadPlanFile("the file is no plan: it says no format_version")
    version = str(content["format_version"])
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        raise BadPlanFile(
            f"the plan file has format {version}; this version of pzdecl reads {FORMAT_VERSION}",
            "apply it with the version of pzdecl that made it, or make it again with this one",
        )
    if content.pop("digest", None) != _digest(content):
        raise BadPlanFile("the plan file was changed after it was made: its digest does not fit its content")
    try:
        return _to_plan(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadPlanFile(f"the plan file is not complete: {error!r}") from error


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "format_version": plan.format_version,
        "project": plan.project,
        "environment": plan.environment,
        "lineage": plan.lineage,
        "changes": [_change(change) for change in plan.changes],
        "steps": [_step(step) for step in plan.steps],
        "drift": [
            {"address": str(one.address), "missing": one.missing, "fields": [_field(f) for f in one.fields]}
            for one in plan.drift
        ],
        "expects": dict(plan.expects),
        "attempts": list(plan.attempts),
        "warnings": [_warning(warning) for warning in plan.warnings],
        "partial": plan.partial,
        **({"refresh_only": True} if plan.refresh_only else {}),
    }


def _to_plan(content: Mapping[str, Any]) -> Plan:
    return Plan(
        project=content["project"],
        environment=content["environment"],
        lineage=content["lineage"],
        changes=tuple(_to_change(one) for one in content["changes"]),
        steps=tuple(_to_step(one) for one in content["steps"]),
        drift=tuple(
            Drift(Address.parse(one["address"]), one["missing"], tuple(_to_field(f) for f in one["fields"]))
            for one in content["drift"]
        ),
        expects=content["expects"],
        attempts=tuple(content["attempts"]),
        warnings=tuple(_to_warning(one) for one in content["warnings"]),
        partial=content["partial"],
        refresh_only=content.get("refresh_only", False),
        format_version=content["format_version"],
    )


def _change(change: Change) -> dict[str, Any]:
    return {
        "address": str(change.address),
        "action": change.action,
        "reasons": [_reason(reason) for reason in change.reasons],
        "fields": [_field(field) for field in change.fields],
        "before": change.before,
        "after": change.after,
        "after_unknown": list(change.after_unknown),
        "name": change.name,
        "position": _position(change.position),
        "blocked": _reason(change.blocked) if change.blocked else None,
        "deposed": change.deposed,
        "steps": list(change.steps),
        "previous": str(change.previous) if change.previous else None,
        "seconds": change.seconds,
        **({"upload": asdict(change.upload)} if change.upload else {}),
    }


def _to_change(one: Mapping[str, Any]) -> Change:
    return Change(
        address=Address.parse(one["address"]),
        action=Action(one["action"]),
        reasons=tuple(_to_reason(reason) for reason in one["reasons"]),
        fields=tuple(_to_field(field) for field in one["fields"]),
        before=one["before"],
        after=one["after"],
        after_unknown=tuple(one["after_unknown"]),
        name=one["name"],
        position=_to_position(one["position"]),
        blocked=_to_reason(one["blocked"]) if one["blocked"] else None,
        deposed=one["deposed"],
        steps=tuple(one["steps"]),
        previous=Address.parse(one["previous"]) if one["previous"] else None,
        seconds=one["seconds"],
        upload=Upload(**one["upload"]) if "upload" in one else None,
    )


def _step(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "op": step.op,
        "address": str(step.address),
        "operation": step.operation,
        "params": step.params,
        "needs": list(step.needs),
        "name": step.name,
        "arn": step.arn,
        "record": step.record,
        "deposed": step.deposed,
        "gates": [dict(gate) for gate in step.gates],
        "serving": step.serving,
    }


def _to_step(one: Mapping[str, Any]) -> Step:
    fields = {
        **one,
        "op": Op(one["op"]),
        "address": Address.parse(one["address"]),
        "needs": tuple(one["needs"]),
        "gates": tuple(one["gates"]),
    }
    return Step(**fields)


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "text": reason.text,
        "position": _position(reason.position),
        "cause": str(reason.cause) if reason.cause else None,
    }


def _to_reason(one: Mapping[str, Any]) -> Reason:
    cause = Address.parse(one["cause"]) if one["cause"] else None
    return Reason(ReasonCode(one["code"]), one["text"], _to_position(one["position"]), cause)


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": field.path,
        "before": field.before,
        "after": field.after,
        "effect": field.effect,
        "position": _position(field.position),
    }


def _to_field(one: Mapping[str, Any]) -> FieldChange:
    at = _to_position(one["position"])
    return FieldChange(one["path"], one["before"], one["after"], Effect(one["effect"]), at)


def _warning(warning: Diagnostic) -> dict[str, Any]:
    names = ("code", "summary", "address", "field", "expected", "suggestion", "hint", "severity")
    return {**{name: getattr(warning, name) for name in names}, "position": _position(warning.position)}


def _to_warning(one: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        **{**one, "position": _to_position(one["position"]), "severity": Severity(one["severity"])}
    )


def _position(position: Position | None) -> list[Any] | None:
    return [position.file, position.line, position.column] if position else None


def _to_position(value: list[Any] | None) -> Position | None:
    return Position(*value) if value else None
