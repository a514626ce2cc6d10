"""MetricAttribution: what is measured of the effect of recommendations, by type of event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import ArnOf, Call, Effect, Inputs, Kind, Operations, Problem, Spec
from pzdecl.kinds.names import Ref, RoleArn, resolve
from pzdecl.kinds.places import S3Destination, wire

EXPRESSION = r"^(?i:SAMPLECOUNT\(\)|SUM\((Items|Interactions)\.[A-Za-z_][A-Za-z\d_]*\))$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
OUTPUT = "metricsOutputConfig"


class Metric(Spec):
    """One metric."""

    metric_name: Name = Field(description="Its name in reports.")
    event_type: Name = Field(description="The EVENT_TYPE that it looks at.")
    expression: Annotated[str, StringConstraints(max_length=256, pattern=EXPRESSION)] = Field(
        description="What is added up over the events.", examples=["SUM(Items.PRICE)", "SAMPLECOUNT()"]
    )


class MetricsOutputConfig(Spec):
    """Where reports go."""

    role_arn: RoleArn | None = Field(None, description="The IAM role that writes (needed in AWS).")
    s3_data_destination: S3Destination | None = Field(None, description="The folder for reports.")


class MetricAttributionSpec(Spec):
    """A metric attribution. A dataset group has at most one."""

    dataset_group: Ref = Field(description="The dataset group whose events it measures: a name, or an ARN.")
    metrics: list[Metric] = Field(min_length=1, max_length=10, description="What is measured.")
    metrics_output_config: MetricsOutputConfig | None = Field(None, description="Where reports go.")


class MetricAttribution(Kind):
    """Row of facts for metric attributions.

    Where reports go changes in place. Another list of metrics makes it anew: the service's update takes what
    comes and goes, and no description shows what there is.
    """

    name = "MetricAttribution"
    spec = MetricAttributionSpec
    refers_to: ClassVar[Mapping[str, str]] = {"datasetGroup": "DatasetGroup"}
    operations = Operations(
        create="create_metric_attribution",
        describe="describe_metric_attribution",
        list="list_metric_attributions",
        update="update_metric_attribution",
        delete="delete_metric_attribution",
        describe_key="metricAttribution",
        list_key="metricAttributions",
        arn_key="metricAttributionArn",
    )
    taggable = False
    one_per_parent = True
    writes = f"{OUTPUT}.s3DataDestination.path"

    def inputs(self, spec: MetricAttributionSpec) -> dict[str, Any]:
        inputs = super().inputs(spec)
        if not inputs.get(OUTPUT):
            inputs.pop(OUTPUT, None)
        return inputs

    def check(self, spec: MetricAttributionSpec) -> list[Problem]:
        """Names are there once."""
        names = [metric.metric_name for metric in spec.metrics]
        return [
            Problem("PZ3006", ("metrics", index, "metricName"), f"{name} is there twice", "another name")
            for index, name in enumerate(names)
            if name in names[:index]
        ]

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {"datasetGroupArn": resolve("DatasetGroup", inputs["datasetGroup"], arn_of)}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"metric-attribution/{name}"

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = {
            "name": name,
            "datasetGroupArn": bindings["datasetGroupArn"],
            "metrics": inputs["metrics"],
            OUTPUT: _output(inputs),
        }
        return Call(self.operations.create, params)

    def update(self, arn: Any, inputs: Inputs, bindings: Inputs) -> Call:
        return Call("update_metric_attribution", {"metricAttributionArn": arn, OUTPUT: _output(inputs)})

    def effect(self, field: str, inputs: Inputs) -> Effect:
        return Effect.IN_PLACE if field.startswith(OUTPUT) else Effect.REPLACE


def _output(inputs: Inputs) -> dict[str, Any]:
    config = dict(inputs.get(OUTPUT) or {})
    if "s3DataDestination" in config:
        destination = config["s3DataDestination"]
        config["s3DataDestination"] = {**destination, "path": wire(destination["path"])}
    return config
