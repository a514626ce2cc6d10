"""Gates of campaigns: offline metrics that a version must have before it is served.

A version that is there already is judged when planning; one that the plan trains, when applying, after it is
trained and before it is deployed. Rolling back passes no gate: it is the way out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pzdecl.engine.errors import ServiceError
from pzdecl.plan.model import Action, Reason, ReasonCode
from pzdecl.plan.node import Node
from pzdecl.plan.pins import FIELD
from pzdecl.plan.reasons import place
from pzdecl.plan.survey import Survey
from pzdecl.providers.client import ReadClient

Rules = Sequence[Mapping[str, Any]]
Metrics = Mapping[str, float]


def judge(node: Node, survey: Survey) -> None:
    """Blocks a planned deployment whose version is known and does not pass."""
    rules = of(node)
    version = node.bindings.get(FIELD)
    if not rules or not isinstance(version, str) or not survey.options.refresh:
        return
    text = refusal(survey.client, rules, version, serving(node))
    if text and node.desired:
        node.block(Reason(ReasonCode.GATE, text, place(node.desired, "spec.gates")))


def of(node: Node) -> Rules:
    """The gates that a planned change has to pass; none where it deploys nothing."""
    if node.desired is None or node.pinned or node.blocked:
        return ()
    deploys = node.action in (Action.CREATE, Action.REPLACE, Action.DEPLOY)
    rules: Rules = node.desired.inputs.get("gates", ()) if deploys else ()
    return rules


def serving(node: Node) -> str | None:
    """The ARN of the version that the campaign serves until now."""
    found = node.recorded.bindings.get(FIELD) if node.recorded else None
    return found if isinstance(found, str) else None


def refusal(client: ReadClient, rules: Rules, version: str, before: str | None) -> str | None:
    """Why a version may not be served in place of the one before; None: it passes all gates."""
    new = metrics(client, version)
    if new is None:
        return None  # nothing is measured yet, or it is not there: the deployment itself will tell
    old = metrics(client, before) if before and before != version else None
    return next((text for rule in rules if (text := broken(rule, new, old))), None)


def broken(rule: Mapping[str, Any], new: Metrics, old: Metrics | None) -> str | None:
    """How the metrics miss one gate. A regression is told only where there is a version to compare with."""
    name = rule["metric"]
    value = new.get(name)
    if value is None:
        return f"gate {name}: the new version has no such metric, only {', '.join(sorted(new))}"
    least, most = rule.get("min"), rule.get("maxRegression")
    if least is not None and value < least:
        return f"gate {name}: the new version has {value:.4f}, and {least:g} is the least"
    before = (old or {}).get(name)
    if most is not None and before is not None and before - value > most:
        return (
            f"gate {name}: the new version has {value:.4f}, {before - value:.4f} less than the one that serves "
            f"({before:.4f}), and {most:g} less is allowed"
        )
    return None


def metrics(client: ReadClient, version: str) -> Metrics | None:
    """The offline metrics of a version; None where the service gives none."""
    try:
        found: Metrics = client.read("get_solution_metrics", solutionVersionArn=version)["metrics"]
    except ServiceError:
        return None
    return found
