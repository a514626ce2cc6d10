"""An apply as JSON lines in Terraform's vocabulary: `version, planned_change, change_summary, apply_start, …`.

Readers show `@message` for a type they don't know and ignore keys they don't know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from pzdecl.apply.events import Event, EventType
from pzdecl.apply.result import Run
from pzdecl.errors import Diagnostic
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action, Op, Plan
from pzdecl.views import plan_text, run_text, words
from pzdecl.views.diagnostics import as_json
from pzdecl.views.progress import sentence

UI_VERSION = "1.0"
INTERVAL = 1.0
"""The least seconds between two lines about the progress of one resource."""


def _now() -> datetime:
    return datetime.now(UTC)


class JsonView:
    """A listener that writes one JSON object a line; progress at most once a second for a resource."""

    def __init__(self, out: TextIO, version: str, now: Callable[[], datetime] = _now) -> None:
        self._out = out
        self._now = now
        self._told: dict[Address, float] = {}
        self.write("version", f"pzdecl {version}", pzdecl=version, ui=UI_VERSION)

    def write(self, kind: str, message: str, level: str = "info", **more: Any) -> None:
        """One line."""
        stamp = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"@level": level, "@message": message, "@module": "pzdecl.ui", "@timestamp": stamp, "type": kind}
        self._out.write(json.dumps({**line, **more}, ensure_ascii=False, default=str) + "\n")
        self._out.flush()

    def plan(self, plan: Plan) -> None:
        """What was planned: drift, a line for each change, and the counts."""
        for drift in plan.drift:
            action = "delete" if drift.missing else "update"
            change = {"resource": _resource(drift.address), "action": action}
            self.write("resource_drift", f"{drift.address}: changed outside of pzdecl", change=change)
        for planned in plan.changes:
            if planned.action is Action.NO_OP:
                continue
            change = {"resource": _resource(planned.address), "action": str(planned.action)}
            if planned.reasons:
                change["reason"] = str(planned.reasons[0].code)
                change["reason_text"] = planned.reasons[0].text
            if planned.blocked:
                change["blocked"] = planned.blocked.text
            self.write(
                "planned_change", f"{planned.address}: {words.WORDS[planned.action].future}", change=change
            )
        counted = {str(action): count for action, count in words.counts(plan.changes).items()}
        counted[Op.MOVE.value] = sum(change.previous is not None for change in plan.changes)
        self.write("change_summary", plan_text.summary(plan), changes=_changes(counted, "plan"))

    def diagnostic(self, diagnostic: Diagnostic, root: Path) -> None:
        """An error or a warning."""
        severity = str(diagnostic.severity)
        level = "warn" if severity == "warning" else severity
        text = f"{severity.capitalize()}: {diagnostic.summary}"
        self.write("diagnostic", text, level, diagnostic=as_json(diagnostic, root))

    def error(self, message: str, hint: str | None = None, code: str | None = None) -> None:
        """An error that has no place in a file."""
        found = {"severity": "error", "summary": message, "detail": hint or ""}
        if code:
            found["code"] = code
        self.write("diagnostic", f"Error: {message}", "error", diagnostic=found)

    def __call__(self, event: Event) -> None:
        """One event, one line."""
        if event.address is None:
            return
        op = event.op or ""
        hook: dict[str, Any] = {"resource": _resource(event.address), "action": op}
        if event.elapsed:
            hook["elapsed_seconds"] = round(event.elapsed, 3)
        if event.arn:
            hook |= {"id_key": "arn", "id_value": event.arn}
        if event.message:
            hook["message"] = event.message
        level = "error" if event.type is EventType.STEP_ERRORED else "info"
        if event.type is EventType.STEP_PROGRESS:
            if event.elapsed - self._told.get(event.address, -INTERVAL) < INTERVAL:
                return
            self._told[event.address] = event.elapsed
            if event.progress:
                hook["progress"] = _progress(event)
        self.write(str(event.type), _message(event, op), level, hook=hook)

    def run(self, run: Run) -> None:
        """How it ended."""
        self.write(
            "change_summary",
            run_text.done(run),
            changes=_changes(run.counts, "apply"),
            outcome=str(run.outcome),
            failed=[str(failure.address) for failure in run.failed],
            skipped=[str(skipped.address) for skipped in run.skipped],
            running=[str(address) for address in run.running],
            elapsed_seconds=round(run.seconds, 3),
        )

    def close(self) -> None:
        """Nothing is left to be closed."""


def _resource(address: Address) -> dict[str, Any]:
    return {
        "addr": str(address),
        "resource": str(address),
        "resource_type": address.kind,
        "resource_name": address.name,
        "resource_key": None,
    }


def _changes(counted: Mapping[str, int], operation: str) -> dict[str, Any]:
    """Terraform's four counts (a replacement is one add and one remove), and all of ours."""
    get = counted.get
    replaced = get("replace", 0)
    return {
        "add": get("create", 0) + get("train", 0) + get("import", 0) + get("infer", 0) + replaced,
        "change": get("update", 0) + get("deploy", 0),
        "import": 0,
        "remove": get("delete", 0) + replaced,
        "operation": operation,
        "actions": {action: count for action, count in counted.items() if count},
    }


def _progress(event: Event) -> dict[str, Any]:
    progress = event.progress
    assert progress
    return {
        "unit": progress.unit,
        "done": progress.done,
        "total": progress.total,
        "rate": progress.rate,
        "eta_seconds": progress.eta,
        **({"detail": dict(progress.detail)} if progress.detail else {}),
    }


def _message(event: Event, op: str) -> str:
    match event.type:
        case EventType.STEP_START:
            return f"{event.address}: {words.DOING.get(op, op)}..."
        case EventType.STEP_COMPLETE:
            return f"{event.address}: {words.DONE.get(op, op)} after {words.duration(event.elapsed)}"
        case EventType.STEP_PROGRESS if event.progress:
            return f"{event.address}: {words.DOING.get(op, op)}, {sentence(event.progress)}"
        case EventType.STEP_PROGRESS:
            return f"{event.address}: still {words.DOING.get(op, op)}"
    return f"{event.address}: {event.message or event.type}"
