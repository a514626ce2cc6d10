"""SolutionVersion: one training of a solution. A job without a manifest of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pzdecl.kinds.base import ArnOf, Call, Effect, Inputs, Kind, Operations, Spec
from pzdecl.kinds.listing import items
from pzdecl.kinds.names import resolve
from pzdecl.kinds.solution import SolutionSpec, TrainingSpec
from pzdecl.kinds.wire import with_tags
from pzdecl.providers.client import ReadClient

TRAINED_IN_PLACE = ("performIncrementalUpdate",)
"""Fields that a solution takes in place although they change what a training makes of it."""


class SolutionVersionSpec(Spec):
    """No fields: a version is made from its Solution's document."""


def version_inputs(solution: str, spec: SolutionSpec, inputs: Inputs) -> dict[str, Any]:
    """The inputs of `SolutionVersion/x` from the spec and the inputs of `Solution/x`.

    A replaced solution shows in the binding, so only what a solution takes in place must stand here.
    """
    training = spec.training or TrainingSpec()
    when = training.when
    version: dict[str, Any] = {
        "solution": solution,
        "trainingMode": training.training_mode,
        "when": "manual" if when == "manual" else sorted(set(when)),
    }
    for field in TRAINED_IN_PLACE:
        if field in inputs:
            version[field] = inputs[field]
    events = inputs.get("solutionConfig", {}).get("eventsConfig")
    if events:
        version["solutionConfig"] = {"eventsConfig": events}
    return version


class SolutionVersion(Kind):
    """Row of facts for trainings. The service chooses the ARN; the name of the run is given."""

    name = "SolutionVersion"
    spec = SolutionVersionSpec
    refers_to: ClassVar[Mapping[str, str]] = {"solution": "Solution"}
    operations = Operations(
        create="create_solution_version",
        describe="describe_solution_version",
        list="list_solution_versions",
        describe_key="solutionVersion",
        list_key="solutionVersions",
        arn_key="solutionVersionArn",
    )
    declared = False
    run_action = "train"
    from_imports = True
    deletable = False

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {"solutionArn": resolve("Solution", inputs["solution"], arn_of)}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> None:
        return None

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = {"name": name, "solutionArn": bindings["solutionArn"], "trainingMode": inputs["trainingMode"]}
        return Call(self.operations.create, with_tags(params, tags))

    def effect(self, field: str, inputs: Inputs) -> Effect:
        """When to train says nothing of how: changing it trains nothing."""
        return Effect.METADATA if field == "when" or field.startswith("when[") else Effect.RETRAIN

    def attributes(self, description: Mapping[str, Any]) -> dict[str, Any]:
        return {"trainingHours": description["trainingHours"]} if "trainingHours" in description else {}

    def find(self, client: ReadClient, name: str, bindings: Inputs) -> str | None:
        """Looks at every version, newest first: a list tells no names."""
        found = list(items(client, self.operations, solutionArn=bindings["solutionArn"]))
        for summary in sorted(found, key=lambda one: str(one.get("creationDateTime", "")), reverse=True):
            arn = str(summary["solutionVersionArn"])
            version = client.read(self.operations.describe, solutionVersionArn=arn)[
                self.operations.describe_key
            ]
            if version.get("name") == name:
                return arn
        return None
