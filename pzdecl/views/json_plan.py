"""A plan as JSON that keeps Terraform's key names, so that policy tools written for them read it.

`PlanDocument` is the document's type; `schemas/plan.schema.json` is generated from it. Equal plans give
equal bytes.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from pzdecl.errors import Position
from pzdecl.kinds.base import Effect
from pzdecl.plan.file import reviewed
from pzdecl.plan.model import Action, Change, Drift, FieldChange, Plan, ReasonCode, Step
from pzdecl.views import words

TerraformAction = Literal["no-op", "create", "read", "update", "delete", "forget"]

_TERRAFORM: dict[Action, list[TerraformAction]] = {
    Action.CREATE: ["create"],
    Action.UPDATE: ["update"],
    Action.REPLACE: ["create", "delete"],
    Action.DELETE: ["delete"],
    Action.IMPORT: ["create"],
    Action.TRAIN: ["create"],
    Action.INFER: ["create"],
    Action.DEPLOY: ["update"],
    Action.ACCEPT: ["no-op"],
    Action.FORGET: ["forget"],
    Action.NO_OP: ["no-op"],
}

_TERRAFORM_REASONS = {
    (Action.DELETE, ReasonCode.NOT_DECLARED): "delete_because_no_resource_config",
    (Action.REPLACE, ReasonCode.FIELD_CHANGED): "replace_because_cannot_update",
    (Action.REPLACE, ReasonCode.REQUESTED): "replace_by_request",
    (Action.CREATE, ReasonCode.MISSING): "create_because_missing",
    (Action.TRAIN, ReasonCode.TRIGGERED): "replace_by_triggers",
}


class Place(TypedDict):
    """Where in the manifests."""

    filename: str
    line: int
    column: int


class ReasonDocument(TypedDict):
    """Why; for people, not for decisions."""

    code: str
    text: str
    position: NotRequired[Place]
    cause: NotRequired[Annotated[str, Field(description="address of the resource that caused it")]]


class FieldDocument(TypedDict):
    """One field that differs."""

    path: Annotated[str, Field(description="dotted path in the resource's inputs")]
    before: Any
    after: Any
    effect: Annotated[Effect, Field(description="what changing this field does")]
    position: NotRequired[Place]


class ChangeDocument(TypedDict):
    """Terraform's `change`: `actions` holds its words, and `before` and `after` the values."""

    actions: Annotated[
        list[TerraformAction],
        Field(description='Terraform\'s words; a replacement is ["create", "delete"]: the new one comes first'),
    ]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    after_unknown: Annotated[dict[str, bool], Field(description="fields that the service chooses")]
    replace_paths: Annotated[list[list[str]], Field(description="paths that force the replacement")]


class UploadDocument(TypedDict):
    """Files of this machine that are put where the service can read them, unless they are there."""

    path: Annotated[str, Field(description="a file or folder, relative to the project's root")]
    bytes: int
    to: Annotated[str, Field(description="where the job reads it, told from its content")]


class ResourceChangeDocument(TypedDict):
    """What happens to one address."""

    address: str
    type: Annotated[str, Field(description="the kind")]
    name: Annotated[str, Field(description="metadata.name")]
    mode: Literal["managed"]
    action: Annotated[Action, Field(description="pzdecl's own word, finer than change.actions")]
    action_reason: NotRequired[str]
    previous_address: NotRequired[Annotated[str, Field(description="the address until now: it is moved")]]
    change: ChangeDocument
    reasons: list[ReasonDocument]
    fields: list[FieldDocument]
    api_name: NotRequired[Annotated[str, Field(description="the API's name after the change")]]
    deposed: NotRequired[Annotated[str, Field(description="the API's name of what an earlier run left behind")]]
    expected_seconds: NotRequired[Annotated[float, Field(description="told from past trainings")]]
    upload: NotRequired[UploadDocument]
    position: NotRequired[Place]
    blocked: NotRequired[Annotated[ReasonDocument, Field(description="why a policy refuses it")]]


class DriftDocument(TypedDict):
    """What moved behind our back."""

    address: str
    type: str
    name: str
    mode: Literal["managed"]
    missing: bool
    change: ChangeDocument


class StepDocument(TypedDict):
    """One request that an apply would make."""

    id: str
    op: str
    address: str
    operation: Annotated[str | None, Field(description="boto3's method name")]
    params: dict[str, Any]
    needs: Annotated[list[str], Field(description="ids of the steps that must be done first")]


class PlanDocument(TypedDict):
    """The answer of `pzdecl plan --format json` and `pzdecl show PLANFILE --format json`."""

    format_version: str
    project: str
    environment: str
    digest: Annotated[str, Field(description="of the whole plan: `apply --expect` applies just this one")]
    applyable: Annotated[bool, Field(description="there is something to do")]
    complete: Annotated[
        bool, Field(description="nothing is blocked or left out: after it the project is as declared")
    ]
    errored: bool
    change_summary: Annotated[
        dict[str, int], Field(description="how many of each action, without blocked ones")
    ]
    resource_changes: list[ResourceChangeDocument]
    resource_drift: list[DriftDocument]
    steps: list[StepDocument]
    diagnostics: list[dict[str, Any]]


def document(plan: Plan) -> PlanDocument:
    """The plan as a document of JSON values."""
    return {
        "format_version": plan.format_version,
        "project": plan.project,
        "environment": plan.environment,
        "digest": reviewed(plan),
        "applyable": plan.has_changes,
        "complete": not (plan.blocked or plan.partial or plan.refresh_only),
        "errored": False,
        "change_summary": {str(a): n for a, n in words.counts(plan.changes).items()},
        "resource_changes": [_change(change) for change in plan.changes],
        "resource_drift": [_drift(drift) for drift in plan.drift],
        "steps": [_step(step) for step in plan.steps],
        "diagnostics": [
            {"severity": str(w.severity), "code": w.code, "summary": w.summary, "address": w.address}
            for w in plan.warnings
        ],
    }


def render(plan: Plan) -> str:
    """Sorted, indented JSON ending in a newline."""
    return json.dumps(document(plan), indent=2, sort_keys=True, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: Any) -> Any:
    """Mappings and tuples that json does not know."""
    return dict(value) if hasattr(value, "keys") else list(value)


def _change(change: Change) -> ResourceChangeDocument:
    replace_paths = [f.path.split(".") for f in change.fields if f.effect is Effect.REPLACE]
    out: ResourceChangeDocument = {
        "address": str(change.address),
        "type": change.address.kind,
        "name": change.address.name,
        "mode": "managed",
        "action": change.action,
        "change": {
            "actions": _TERRAFORM[change.action],
            "before": dict(change.before) if change.before is not None else None,
            "after": dict(change.after) if change.after is not None else None,
            "after_unknown": dict.fromkeys(change.after_unknown, True),
            "replace_paths": replace_paths if change.action is Action.REPLACE else [],
        },
        "reasons": [_reason(r.code, r.text, r.position, r.cause) for r in change.reasons],
        "fields": [_field(field) for field in change.fields],
    }
    if change.reasons:
        code = change.reasons[0].code
        out["action_reason"] = _TERRAFORM_REASONS.get((change.action, code), str(code))
    if change.name and change.name != change.address.name:
        out["api_name"] = change.name
    if change.previous:
        out["previous_address"] = str(change.previous)
    if change.deposed:
        out["deposed"] = change.deposed
    if change.seconds is not None:
        out["expected_seconds"] = change.seconds
    if upload := change.upload:
        out["upload"] = {"path": upload.path, "bytes": upload.bytes, "to": upload.to}
    if change.position:
        out["position"] = _place(change.position)
    if change.blocked:
        blocked = change.blocked
        out["blocked"] = _reason(blocked.code, blocked.text, blocked.position, blocked.cause)
    return out


def _reason(code: ReasonCode, text: str, position: Position | None, cause: object) -> ReasonDocument:
    out: ReasonDocument = {"code": str(code), "text": text}
    if position:
        out["position"] = _place(position)
    if cause:
        out["cause"] = str(cause)
    return out


def _field(field: FieldChange) -> FieldDocument:
    out: FieldDocument = {
        "path": field.path,
        "before": field.before,
        "after": field.after,
        "effect": field.effect,
    }
    if field.position:
        out["position"] = _place(field.position)
    return out


def _drift(drift: Drift) -> DriftDocument:
    return {
        "address": str(drift.address),
        "type": drift.address.kind,
        "name": drift.address.name,
        "mode": "managed",
        "missing": drift.missing,
        "change": {
            "actions": ["delete"] if drift.missing else ["update"],
            "before": {f.path: f.before for f in drift.fields},
            "after": None if drift.missing else {f.path: f.after for f in drift.fields},
            "after_unknown": {},
            "replace_paths": [],
        },
    }


def _step(step: Step) -> StepDocument:
    return {
        "id": step.id,
        "op": str(step.op),
        "address": str(step.address),
        "operation": step.operation,
        "params": dict(step.params),
        "needs": list(step.needs),
    }


def _place(position: Position) -> Place:
    return {"filename": position.file, "line": position.line, "column": position.column}
