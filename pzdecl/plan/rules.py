"""The project's own policies (`policies:` in pzdecl.yaml): what may be made, and what may go, here."""

from __future__ import annotations

from collections.abc import Iterator

from pzdecl.kinds.fields import lookup
from pzdecl.plan import quotas
from pzdecl.plan.model import Action, Reason, ReasonCode
from pzdecl.plan.node import MAKING, Node
from pzdecl.plan.survey import Survey

CHANGING = MAKING | {Action.UPDATE, Action.DEPLOY}
RATES = {
    "Campaign": "minProvisionedTPS",
    "Recommender": "recommenderConfig.minRecommendationRequestsPerSecond",
}
"""The fields with the requests a second that are provided, and billed."""
AUTOML_FAMILY = ("aws-hrnn", "aws-hrnn-metadata", "aws-hrnn-coldstart")
"""What AutoML chooses from where the manifest names no recipes."""


def refusal(node: Node, survey: Survey) -> Reason | None:
    """The first policy or quota that a change breaks. What stays as it is breaks none."""
    for name, text in _broken(node, survey):
        return Reason(ReasonCode.POLICY, f"policies.{name}: {text}", survey.project.policies.position(name))
    for text in quotas.exceeded(node, survey):
        return Reason(ReasonCode.POLICY, f"provider.quotas: {text}")
    return None


def _broken(node: Node, survey: Survey) -> Iterator[tuple[str, str]]:
    policies = survey.project.policies
    if node.action is Action.DELETE and policies.named_deletions and not survey.options.destroy:
        if node.address not in survey.allowed and not node.gone:
            yield (
                "namedDeletions",
                f"nothing is deleted without its name: allow it with --allow-destroy {node.address}",
            )
        return
    if node.action not in CHANGING or node.desired is None:
        return
    if policies.allowed_recipes is not None and node.address.kind in ("Solution", "Recommender"):
        wrong = [one for one in _recipes(node) if one not in policies.allowed_recipes]
        if wrong:
            yield "allowedRecipes", f"{wrong[0]} is not one of {', '.join(policies.allowed_recipes)}"
    if policies.maximum_tps is not None and (rate := RATES.get(node.address.kind)):
        tps = lookup(node.desired.inputs, rate) or 1
        if tps > policies.maximum_tps:
            name = rate.rpartition(".")[2]
            yield "maximumTPS", f"{name} is {tps}, and {policies.maximum_tps} at most is allowed"
    if node.kind.taggable and node.kind.declared:
        missing = [key for key in policies.required_tags if key not in node.desired.tags]
        if missing:
            yield "requiredTags", f"it has no tag {missing[0]}"


def _recipes(node: Node) -> tuple[str, ...]:
    assert node.desired
    inputs = node.desired.inputs
    if "recipe" in inputs:
        return (inputs["recipe"],)
    listed = inputs.get("solutionConfig", {}).get("autoMLConfig", {}).get("recipeList")
    return tuple(listed or AUTOML_FAMILY)
