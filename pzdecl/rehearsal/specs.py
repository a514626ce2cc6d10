"""The form of test files, as pydantic models: `*.pztest.yaml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Spec
from pzdecl.manifests.envelope import Name
from pzdecl.manifests.project_spec import PatchSpec, Value

Text = Annotated[str, StringConstraints(min_length=1)]
ActionName = Literal[
    "create", "update", "replace", "delete", "import", "train", "deploy", "infer", "forget", "no-op"
]
Count = Annotated[int, Field(ge=0)]


class ChangeSpec(Spec):
    """A change that the plan must hold."""

    address: Text = Field(description="Kind/name, or a pattern.", examples=["Campaign/*"])
    action: ActionName | None = Field(None, description="What happens to it.")
    reason: str | None = Field(None, description="Words that one of its reasons holds.")
    blocked: bool | None = Field(
        None, description="Whether a policy, a protection or a gate holds it back: when planned, or when run."
    )


class PlanSpec(Spec):
    """What the plan must say."""

    empty: bool | None = Field(None, description="Whether nothing changes.")
    changes: list[ChangeSpec] | None = Field(None, description="Changes that it holds.")
    nothing_else: bool = Field(False, description="Whether no other address changes than those of changes.")
    counts: dict[ActionName, Count] | None = Field(
        None, description="How many changes of an action there are.", examples=[{"train": 1, "delete": 0}]
    )


class MetricSpec(Spec):
    """What a trained version must be worth."""

    campaign: str | None = Field(None, description="The version that this campaign serves.")
    recommender: str | None = Field(None, description="The model that this recommender serves.")
    solution: str | None = Field(None, description="The newest version of this solution.")
    metric: Text = Field(
        description="An offline metric.", examples=["normalized_discounted_cumulative_gain_at_25"]
    )
    min: float | None = Field(None, description="The least that it must be.")
    max: float | None = Field(None, description="The most that it may be.")
    better_than: str | None = Field(
        None, description="Another campaign (or recommender, or solution) that has less of it."
    )
    by: Annotated[float, Field(ge=0)] = Field(0.0, description="How much more than betterThan it must be.")


class RecommendationSpec(Spec):
    """What a campaign or recommender must answer. Unless atLeast says otherwise, not nothing."""

    campaign: Text | None = Field(None, description="The campaign that is asked.")
    recommender: Text | None = Field(None, description="The recommender that is asked.")
    user: str | None = Field(None, description="The user who is asked for, known or not.")
    item: str | None = Field(None, description="The item that is asked for (related items), perhaps by a user.")
    sample: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Asks for so many users of the data (or items), each of which must fit."
    )
    items: list[str] | None = Field(None, min_length=1, description="What is put in order (rankings).")
    count: Annotated[int, Field(ge=1, le=500)] = Field(10, description="How many items are asked for.")
    at_least: Count = Field(1, description="Items that the answer must hold.")
    at_most: Count | None = Field(None, description="Items that the answer may hold.")
    first: str | None = Field(None, description="The first item.")
    contains: list[str] | None = Field(None, description="Items that are in it.")
    excludes: list[str] | None = Field(None, description="Items that are not in it.")
    all: Text | None = Field(
        None,
        description="A condition on columns of the items that all must fit, as in a filter behind WHERE.",
        examples=["Items.YEAR >= 1990", 'Items.GENRES IN ("Drama")'],
    )
    any: Text | None = Field(None, description="A condition that one item at least must fit.")

    @property
    def asked(self) -> Address:
        """What is asked."""
        kind, name = ("Campaign", self.campaign) if self.campaign else ("Recommender", self.recommender)
        return Address(kind, name or "")


class ExpectSpec(Spec):
    """What must hold after a step."""

    plan: PlanSpec | None = Field(None, description="What the plan says.")
    metrics: list[MetricSpec] | None = Field(None, description="What trained versions are worth.")
    recommendations: list[RecommendationSpec] | None = Field(None, description="What campaigns answer.")
    error: Text | None = Field(None, description="Words of the error with which the step is refused.")


class StepOptions(Spec):
    """Options of the plan, as on the command line."""

    target: list[str] | None = None
    exclude: list[str] | None = None
    retrain: list[str] | None = None
    replace: list[str] | None = None
    allow_destroy: list[str] | None = None
    destroy: bool = False


class StepSpec(Spec):
    """One step: the project with these settings is planned, and applied unless only a plan is wanted."""

    name: Text = Field(description="What it shows, unique in the file.")
    command: Literal["apply", "plan"] = Field("apply", description="Whether the plan is carried out.")
    environment: str | None = Field(None, description="The environment of pzdecl.yaml.")
    variables: dict[str, Value] | None = Field(None, description="Values of variables.")
    patches: list[PatchSpec] | None = Field(None, description="Fields of manifests that are otherwise here.")
    data: dict[str, Text] | None = Field(
        None,
        description="Files that imports read instead, by name of the import, relative to the test file.",
        examples=[{"movies-interactions": "more.csv"}],
    )
    options: StepOptions = Field(StepOptions(), description="Options of the plan.")
    expect: ExpectSpec = Field(ExpectSpec(), description="What must hold then.")


class TestSpec(Spec):
    """Steps on one scratch engine, which begins with nothing."""

    __test__ = False  # no test of pytest

    sample: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="The share of the users' data that is used."
    )
    environment: str | None = Field(None, description="The environment of steps that name none.")
    steps: list[StepSpec] = Field(min_length=1, description="What is done, in order, up to a failure.")


class TestMetadata(Spec):
    """What the test is called."""

    __test__ = False

    name: Name = Field(description="Its name in reports.")


class TestDocument(Spec):
    """A test file."""

    __test__ = False

    api_version: Literal["pzdecl/v1"] = Field(description="The version of the format.")
    kind: Literal["Test"] = Field(description="That it is a test.")
    metadata: TestMetadata = Field(description="What it is called.")
    spec: TestSpec = Field(description="What is done, and what must hold.")


def as_text(value: Any) -> str:
    """A variable's value as the command line gives it."""
    import json

    return value if isinstance(value, str) else json.dumps(value)
