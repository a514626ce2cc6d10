"""BatchInferenceJob and BatchSegmentJob: a trained version answers files of questions. They run again when the
version, the questions or their fields change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import (
    ArnOf,
    Call,
    Effect,
    Inputs,
    Kind,
    Operations,
    Problem,
    Reference,
    Spec,
    is_arn,
    reference,
)
from pzdecl.kinds.campaign import ItemExplorationConfig, Weight
from pzdecl.kinds.names import Ref, RoleArn, resolve
from pzdecl.kinds.places import JobInput, JobOutput, is_remote, sent
from pzdecl.kinds.solution_config import Column
from pzdecl.kinds.wire import given, texts, with_tags

SOURCE, TARGET = "jobInput.s3DataSource.path", "jobOutput.s3DataDestination.path"
RESULTS = 25
MODE, THEMES = "batchInferenceJobMode", "themeGenerationConfig"
PLAIN, THEMED = "BATCH_INFERENCE", "THEME_GENERATION"


class BatchInferenceJobConfig(Spec):
    """How a batch inference job answers."""

    item_exploration_config: ItemExplorationConfig | None = Field(
        None, description="How often items are shown that little is known of (aws-user-personalization)."
    )
    ranking_influence: dict[str, Weight] | None = Field(
        None, description="Weights beside similarity (aws-semantic-similarity)."
    )


class FieldsForThemeGeneration(Spec):
    """Columns of the Items dataset that themes are made of, beside its textual one."""

    item_name: Column = Field(
        description="The column of the Items dataset with the items' names.", examples=["TITLE"]
    )


class ThemeGenerationConfig(Spec):
    """What the themes of lists of similar items are made of."""

    fields_for_theme_generation: FieldsForThemeGeneration = Field(
        description="Columns of the Items dataset that themes are made of."
    )


class BatchSegmentJobSpec(Spec):
    """Users of items, or of items' attributes, one segment for every line of the input."""

    solution: Ref = Field(description="The solution whose newest version answers; or the ARN of a version.")
    job_input: JobInput = Field(description="The questions.")
    job_output: JobOutput = Field(description="Where the answers go.")
    num_results: int = Field(RESULTS, ge=1, le=5_000_000, description="Users of a segment, at most.")
    filter: Ref | None = Field(None, description="What is left out: the name of a filter, or its ARN.")
    role_arn: RoleArn | None = Field(None, description="The IAM role that reads and writes (in AWS).")


class BatchInferenceJobSpec(BatchSegmentJobSpec):
    """Recommendations, related items or rankings, one answer for every line of the input."""

    num_results: int = Field(RESULTS, ge=1, le=500, description="Items of an answer, at most.")
    batch_inference_job_config: BatchInferenceJobConfig | None = Field(None, description="How it answers.")
    batch_inference_job_mode: Literal["BATCH_INFERENCE", "THEME_GENERATION"] = Field(
        "BATCH_INFERENCE",
        description="THEME_GENERATION gives each list of similar items a theme (aws-similar-items).",
    )
    theme_generation_config: ThemeGenerationConfig | None = Field(
        None, description="What themes are made of, with batchInferenceJobMode THEME_GENERATION."
    )


class _Batch(Kind):
    """What both kinds share."""

    refers_to: ClassVar[Mapping[str, str]] = {"solution": "Solution", "filter": "Filter"}
    run_action = "infer"
    deletable = False
    reads = SOURCE
    writes = TARGET

    def check(self, spec: BatchSegmentJobSpec) -> list[Problem]:
        """An ARN must be that of a version: jobs take no solution."""
        solution = spec.solution
        if is_arn(solution) and not solution.partition(":solution/")[2].count("/"):
            return [
                Problem(
                    "PZ3006",
                    ("solution",),
                    f"{solution} is not the ARN of a solution version",
                    "a name, or arn:…:solution/NAME/VERSION",
                )
            ]
        return []

    def references(self, inputs: Inputs) -> list[Reference]:
        return [
            reference(field, kind, inputs[field]) for field, kind in self.refers_to.items() if field in inputs
        ]

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        solution = inputs["solution"]
        bound = {
            "solutionVersionArn": solution if is_arn(solution) else arn_of(Address("SolutionVersion", solution))
        }
        if "filter" in inputs:
            bound["filterArn"] = resolve("Filter", inputs["filter"], arn_of)
        return bound

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        config = dict(inputs.get("batchInferenceJobConfig") or {})
        if "itemExplorationConfig" in config:
            config["itemExplorationConfig"] = texts(config["itemExplorationConfig"])
        params = given(
            jobName=name,
            solutionVersionArn=bindings["solutionVersionArn"],
            filterArn=bindings.get("filterArn"),
            numResults=inputs.get("numResults", RESULTS),
            jobInput=sent(inputs["jobInput"], "s3DataSource"),
            jobOutput=sent(inputs["jobOutput"], "s3DataDestination"),
            roleArn=inputs.get("roleArn"),
            batchInferenceJobConfig=config or None,
            batchInferenceJobMode=inputs.get(MODE),
            themeGenerationConfig=inputs.get(THEMES),
        )
        return Call(self.operations.create, with_tags(params, tags))

    def effect(self, field: str, inputs: Inputs) -> Effect:
        """A file that only moved asks nothing new: its content decides."""
        if field == SOURCE and not is_remote(inputs["jobInput"]["s3DataSource"]["path"]):
            return Effect.METADATA
        return Effect.METADATA if field == "roleArn" else Effect.REPLACE

    def default(self, field: str, inputs: Inputs) -> Any:
        return RESULTS if field == "numResults" else None


class BatchInferenceJob(_Batch):
    """Row of facts for batch inference jobs."""

    name = "BatchInferenceJob"
    spec = BatchInferenceJobSpec
    operations = Operations(
        create="create_batch_inference_job",
        describe="describe_batch_inference_job",
        list="list_batch_inference_jobs",
        describe_key="batchInferenceJob",
        list_key="batchInferenceJobs",
        arn_key="batchInferenceJobArn",
    )

    def check(self, spec: BatchSegmentJobSpec) -> list[Problem]:
        """The mode of themes needs their configuration, and the other way round."""
        problems = super().check(spec)
        assert isinstance(spec, BatchInferenceJobSpec)
        themed, config = spec.batch_inference_job_mode == THEMED, spec.theme_generation_config
        if themed and config is None:
            summary = f"{MODE} is {THEMED}, and {THEMES} is not there"
            expected = f"{THEMES}: {{fieldsForThemeGeneration: {{itemName: COLUMN}}}}"
            problems.append(Problem("PZ3007", (MODE,), summary, expected))
        if config is not None and not themed:
            problems.append(
                Problem("PZ3008", (THEMES,), f"{THEMES} has no effect here", f"{THEMES} with {MODE}: {THEMED}")
            )
        return problems

    def default(self, field: str, inputs: Inputs) -> Any:
        return PLAIN if field == MODE else super().default(field, inputs)

    def inputs(self, spec: BatchInferenceJobSpec) -> dict[str, Any]:
        inputs = super().inputs(spec)
        if not inputs.get("batchInferenceJobConfig"):
            inputs.pop("batchInferenceJobConfig", None)
        return inputs

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"batch-inference-job/{name}"


class BatchSegmentJob(_Batch):
    """Row of facts for batch segment jobs."""

    name = "BatchSegmentJob"
    spec = BatchSegmentJobSpec
    operations = Operations(
        create="create_batch_segment_job",
        describe="describe_batch_segment_job",
        list="list_batch_segment_jobs",
        describe_key="batchSegmentJob",
        list_key="batchSegmentJobs",
        arn_key="batchSegmentJobArn",
    )

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"batch-segment-job/{name}"
