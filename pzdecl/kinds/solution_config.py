"""The nested parts of a solution's spec, with the limits of the API."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import Spec

Text = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Column = Annotated[str, StringConstraints(max_length=150, pattern=r"^[A-Za-z_][A-Za-z\d_]*$")]
Scalar = str | int | float | bool
Parameters = Annotated[dict[Text, Scalar], Field(max_length=100)]
ColumnLists = Annotated[dict[str, Annotated[list[Column], Field(max_length=50)]], Field(max_length=3)]


class IntegerRange(Spec):
    """Whole numbers that optimisation tries for one hyperparameter."""

    name: Text = Field(description="The hyperparameter.")
    min_value: int = Field(ge=-1_000_000, description="The least that is tried.")
    max_value: int = Field(le=1_000_000, description="The most that is tried.")


class ContinuousRange(Spec):
    """Numbers that optimisation tries for one hyperparameter."""

    name: Text = Field(description="The hyperparameter.")
    min_value: float = Field(ge=-1_000_000, description="The least that is tried.")
    max_value: float = Field(ge=-1_000_000, description="The most that is tried.")


class CategoricalRange(Spec):
    """Values that optimisation tries for one hyperparameter."""

    name: Text = Field(description="The hyperparameter.")
    values: Annotated[list[Scalar], Field(min_length=1, max_length=100)] = Field(
        description="The values that are tried."
    )


class Ranges(Spec):
    """What optimisation searches."""

    integer_hyper_parameter_ranges: Annotated[list[IntegerRange], Field(max_length=100)] | None = None
    continuous_hyper_parameter_ranges: Annotated[list[ContinuousRange], Field(max_length=100)] | None = None
    categorical_hyper_parameter_ranges: Annotated[list[CategoricalRange], Field(max_length=100)] | None = None


class HpoObjective(Spec):
    """The metric that optimisation improves."""

    type: Literal["Maximize", "Minimize"] | None = Field(None, description="Which way is better.")
    metric_name: Text | None = Field(None, description="The metric; the recipe's own unless set.")
    metric_regex: Text | None = Field(None, description="How the service finds the metric in its log.")


class HpoResources(Spec):
    """How much optimisation may try."""

    max_number_of_training_jobs: int | None = Field(None, ge=1, le=40, description="Trials in all.")
    max_parallel_training_jobs: int | None = Field(None, ge=1, le=10, description="Trials at a time.")


class HpoConfig(Spec):
    """Hyperparameter optimisation; needs `performHPO: true`."""

    hpo_objective: HpoObjective | None = None
    hpo_resource_config: HpoResources | None = None
    algorithm_hyper_parameter_ranges: Ranges | None = None


class AutoMLConfig(Spec):
    """What AutoML chooses from; needs `performAutoML: true`."""

    metric_name: Text | None = Field(None, description="The metric by which the best recipe is chosen.")
    recipe_list: Annotated[list[Text], Field(max_length=100)] | None = Field(
        None, description="Recipes to choose from: names or ARNs."
    )


class EventParameters(Spec):
    """How much one type of event counts."""

    event_type: Text = Field(description="The EVENT_TYPE.")
    event_value_threshold: float | None = Field(
        None, description="Only events of at least this EVENT_VALUE are used."
    )
    weight: float | None = Field(None, ge=0, le=1, description="How much such an event counts.")


class EventsConfig(Spec):
    """Weights of event types (the -v2 recipes)."""

    event_parameters_list: Annotated[list[EventParameters], Field(max_length=10)]


class OptimizationObjective(Spec):
    """A numeric column of the items to favour beside relevance."""

    item_attribute: Annotated[str, StringConstraints(min_length=1, max_length=150)] = Field(
        description="The numeric column of the Items dataset."
    )
    objective_sensitivity: Literal["LOW", "MEDIUM", "HIGH", "OFF"] | None = Field(
        None, description="How much it counts beside relevance; MEDIUM unless set."
    )


class TrainingDataConfig(Spec):
    """Columns that training uses or leaves out, by dataset type."""

    excluded_dataset_columns: ColumnLists | None = Field(
        None, description="Columns that are left out, by type of dataset.", examples=[{"ITEMS": ["PRICE"]}]
    )
    included_dataset_columns: ColumnLists | None = Field(
        None, description="The only columns that are used, by type of dataset."
    )


class AutoTrainingConfig(Spec):
    """How often the service trains by itself; needs `performAutoTraining: true`."""

    scheduling_expression: Annotated[str, StringConstraints(max_length=16, pattern=r"^rate\(\d+ days?\)$")] = (
        Field(description="The interval, in days.", examples=["rate(7 days)"])
    )


class SolutionConfig(Spec):
    """How a solution trains. Everything here but autoTrainingConfig and eventsConfig is fixed once created."""

    event_value_threshold: str | float | None = Field(
        None, description="Only events of at least this EVENT_VALUE are used.", examples=[0.5]
    )
    algorithm_hyper_parameters: Parameters | None = Field(
        None, description="Hyperparameters of the recipe's algorithm; what is left out has its default."
    )
    feature_transformation_parameters: Parameters | None = Field(
        None, description="Which users and items are left out of training."
    )
    hpo_config: HpoConfig | None = None
    auto_ml_config: AutoMLConfig | None = Field(None, alias="autoMLConfig")
    events_config: EventsConfig | None = None
    optimization_objective: OptimizationObjective | None = None
    training_data_config: TrainingDataConfig | None = None
    auto_training_config: AutoTrainingConfig | None = None
