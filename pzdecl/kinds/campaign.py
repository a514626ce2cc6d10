"""Campaign: what serves recommendations. It follows the newest trained version of its solution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from pzdecl.engine.recipes.ranges import MEASURED
from pzdecl.errors import nearest
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import ArnOf, Call, Effect, Inputs, Kind, Operations, Problem, Spec, is_arn
from pzdecl.kinds.names import MAX_INTEGER, Ref
from pzdecl.kinds.wire import given, texts, with_tags

LATEST = "$LATEST"
Weight = Annotated[float, Field(ge=0, le=1)]


class ItemExplorationConfig(Spec):
    """How often items are shown that little is known of (aws-user-personalization)."""

    exploration_weight: Weight = Field(0.3, description="0 shows what is most relevant, 1 explores most.")
    exploration_item_age_cut_off: float = Field(
        30.0, ge=1, description="Items older than this many days are not explored."
    )


class CampaignConfig(Spec):
    """How a campaign answers."""

    item_exploration_config: ItemExplorationConfig | None = None
    enable_metadata_with_recommendations: bool = Field(
        False, description="Whether a request may ask for columns of the items."
    )
    sync_with_latest_solution_version: bool = Field(
        False, description="Whether the service itself deploys each new version of the solution."
    )
    ranking_influence: dict[Literal["POPULARITY", "FRESHNESS"], Weight] | None = Field(
        None, description="Weights beside similarity (aws-semantic-similarity)."
    )


class Gate(Spec):
    """An offline metric that a version must have before it is served."""

    metric: str = Field(
        description="A metric of the solution's versions.",
        examples=["normalized_discounted_cumulative_gain_at_25"],
    )
    min: float | None = Field(None, description="The least that is served.")
    max_regression: float | None = Field(
        None, ge=0, description="How much less it may be than that of the version that serves."
    )


class CampaignSpec(Spec):
    """A campaign serves the newest trained version of a solution."""

    solution: Ref = Field(
        description="The solution whose newest version is served: a name, or the ARN of one or of a version."
    )
    min_provisioned_tps: int = Field(
        1,
        ge=1,
        le=MAX_INTEGER,
        alias="minProvisionedTPS",
        description="Requests a second that are always provided (and billed).",
    )
    campaign_config: CampaignConfig | None = Field(None, description="How it answers.")
    gates: list[Gate] | None = Field(
        None,
        max_length=20,
        description="What a new version must measure up to; otherwise the one that serves goes on serving.",
    )


class Campaign(Kind):
    """Row of facts for campaigns: everything changes in place, a new version is a switch."""

    name = "Campaign"
    spec = CampaignSpec
    refers_to: ClassVar[Mapping[str, str]] = {"solution": "Solution"}
    operations = Operations(
        create="create_campaign",
        describe="describe_campaign",
        list="list_campaigns",
        update="update_campaign",
        delete="delete_campaign",
        describe_key="campaign",
        list_key="campaigns",
        arn_key="campaignArn",
    )

    def inputs(self, spec: CampaignSpec) -> dict[str, Any]:
        inputs = super().inputs(spec)
        if not inputs.get("campaignConfig"):
            inputs.pop("campaignConfig", None)
        if not inputs.get("gates"):
            inputs.pop("gates", None)
        return inputs

    def check(self, spec: CampaignSpec) -> list[Problem]:
        """Gates ask for something that is measured."""
        problems = []
        for index, gate in enumerate(spec.gates or ()):
            if gate.min is None and gate.max_regression is None:
                expected = "min, maxRegression or both"
                problems.append(Problem("PZ3015", ("gates", index), "the gate asks for nothing", expected))
            if gate.metric not in MEASURED:
                problems.append(
                    Problem(
                        "PZ3015",
                        ("gates", index, "metric"),
                        f"no recipe is measured by {gate.metric}",
                        "one of " + ", ".join(MEASURED),
                        suggestion=nearest(gate.metric, MEASURED),
                    )
                )
        if spec.gates and _follows(spec):
            problems.append(
                Problem(
                    "PZ3015",
                    ("gates",),
                    "the service itself deploys each new version (syncWithLatestSolutionVersion)",
                    "gates, or that the service deploys",
                )
            )
        return problems

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        """A managed solution stands for its newest version; `$LATEST` where the service switches by itself."""
        solution = inputs["solution"]
        if is_arn(solution):
            is_version = solution.partition(":solution/")[2].count("/") > 0
            return {"solutionVersionArn": solution if is_version else f"{solution}/{LATEST}"}
        if _syncs(inputs):
            return {"solutionVersionArn": f"{arn_of(Address('Solution', solution))}/{LATEST}"}
        return {"solutionVersionArn": arn_of(Address("SolutionVersion", solution))}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"campaign/{name}"

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = given(
            name=name,
            solutionVersionArn=bindings["solutionVersionArn"],
            minProvisionedTPS=inputs.get("minProvisionedTPS", 1),
            campaignConfig=_wire(inputs.get("campaignConfig", {})) or None,
        )
        return Call(self.operations.create, with_tags(params, tags))

    def update(self, arn: Any, inputs: Inputs, bindings: Inputs) -> Call:
        params = {
            "campaignArn": arn,
            "solutionVersionArn": bindings["solutionVersionArn"],
            "minProvisionedTPS": inputs.get("minProvisionedTPS", 1),
            "campaignConfig": _wire(inputs.get("campaignConfig", {})),
        }
        return Call("update_campaign", params)

    def effect(self, field: str, inputs: Inputs) -> Effect:
        if field.startswith("gates"):
            return Effect.METADATA
        return Effect.SWITCH if field in ("solution", "solutionVersionArn") else Effect.IN_PLACE

    def default(self, field: str, inputs: Inputs) -> Any:
        return {
            "minProvisionedTPS": 1,
            "campaignConfig.enableMetadataWithRecommendations": False,
            "campaignConfig.syncWithLatestSolutionVersion": False,
            "campaignConfig.itemExplorationConfig.explorationWeight": 0.3,
            "campaignConfig.itemExplorationConfig.explorationItemAgeCutOff": 30.0,
        }.get(field)

    def observe(self, description: Mapping[str, Any]) -> dict[str, Any]:
        """The deployed values. Where the service follows new versions by itself, the version is left out."""
        config = _read(description.get("campaignConfig") or {})
        tps = description.get("minProvisionedTPS", 1)
        seen = {"minProvisionedTPS": None if tps == 1 else tps, "campaignConfig": config or None}
        version = str(description.get("solutionVersionArn", ""))
        if _syncs({"campaignConfig": config}) or version.endswith(LATEST):
            return seen
        return {**seen, "solutionVersionArn": version or None}


def _follows(spec: CampaignSpec) -> bool:
    return bool(spec.campaign_config and spec.campaign_config.sync_with_latest_solution_version)


def _syncs(inputs: Inputs) -> bool:
    return bool((inputs.get("campaignConfig") or {}).get("syncWithLatestSolutionVersion"))


def _wire(config: Mapping[str, Any]) -> dict[str, Any]:
    wire = dict(config)
    if "itemExplorationConfig" in wire:
        wire["itemExplorationConfig"] = texts(wire["itemExplorationConfig"])
    return wire


def _read(wire: Mapping[str, Any]) -> dict[str, Any]:
    """A described campaignConfig in the words of inputs: typed, without defaults."""
    config = {key: value for key, value in wire.items() if value not in (None, {}, False)}
    if "itemExplorationConfig" in config:
        explore = {key: float(value) for key, value in config["itemExplorationConfig"].items()}
        parsed = ItemExplorationConfig.model_validate(explore)
        config["itemExplorationConfig"] = parsed.model_dump(by_alias=True, exclude_defaults=True)
    return config
