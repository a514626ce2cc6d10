"""What optimisation may search: the ranges that a request declares, or a recipe's own. Loads no numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pzdecl.engine.recipes.base import (
    Hyperparameter,
    HyperparameterType,
    ParameterError,
    Recipe,
    Value,
)
from pzdecl.errors import nearest

INTEGER, CONTINUOUS, CATEGORICAL = (
    "integerHyperParameterRanges",
    "continuousHyperParameterRanges",
    "categoricalHyperParameterRanges",
)
LISTS = (INTEGER, CONTINUOUS, CATEGORICAL)
DATA = frozenset({"recency_mask"})
"""Hyperparameters that descriptions show as `data.NAME`; the others are `training.NAME`."""
PREFIXES = ("training.", "data.")
WIDE = 8
"""A range of positive numbers whose ends are this many times apart is searched on a logarithmic scale."""
DEFAULT_TRIALS, MOST_TRIALS, MOST_PARALLEL = 10, 40, 10
METRICS = (
    "coverage",
    "mean_reciprocal_rank_at_25",
    "normalized_discounted_cumulative_gain_at_5",
    "normalized_discounted_cumulative_gain_at_10",
    "normalized_discounted_cumulative_gain_at_25",
    "precision_at_5",
    "precision_at_10",
    "precision_at_25",
)
"""What AutoML can compare recipes on."""
MEASURED = (
    *METRICS,
    "auc",
    "average_rewards_at_k",
    "hits_at_1_percent",
    "normalized_discounted_cumulative_gain_with_event_weights_at_5",
    "normalized_discounted_cumulative_gain_with_event_weights_at_10",
    "normalized_discounted_cumulative_gain_with_event_weights_at_25",
    "precision",
    "recall",
    "recall_at_1_percent",
    "trend_prediction_accuracy",
)
"""And all others that some version is measured by: other recipes, an objective, events with weights."""
COMPARED = frozenset({"USER_PERSONALIZATION", "RELATED_ITEMS", "PERSONALIZED_RANKING", "POPULAR_ITEMS"})
"""Types of recipes that AutoML can compare: those that recommend items."""
OBJECTIVE = "normalized_discounted_cumulative_gain_at_25"
"""What is compared unless something else is asked for."""
HRNN_FAMILY = ("aws-hrnn", "aws-hrnn-metadata", "aws-hrnn-coldstart")
"""What AutoML chooses from unless it is told."""


@dataclass(frozen=True, slots=True)
class Range:
    """What is tried for one hyperparameter: numbers from `low` to `high`, both inclusive, or `values`."""

    name: str
    type: HyperparameterType
    low: float = 0.0
    high: float = 0.0
    values: tuple[Value, ...] = ()

    @property
    def logarithmic(self) -> bool:
        """Whether a doubling counts as much at the lower end as at the upper one."""
        return not self.values and self.low > 0 and self.high >= WIDE * self.low

    @property
    def size(self) -> float:
        """How many values there are; infinite for numbers that need not be whole."""
        if self.values:
            return len(self.values)
        if self.low == self.high:
            return 1
        return self.high - self.low + 1 if self.type == "integer" else math.inf

    def __contains__(self, value: object) -> bool:
        if self.values:
            return value in self.values
        return isinstance(value, int | float) and self.low <= value <= self.high


class RangeProblem(NamedTuple):
    """What is wrong with a declared range; `path` leads to it from `algorithmHyperParameterRanges`.

    `unknown` says that the recipe has no such hyperparameter to optimise.
    """

    path: tuple[str | int, ...]
    error: ParameterError
    unknown: bool = False


class Budget(NamedTuple):
    """Trials in all, and at a time; None: as many as there are cores."""

    trials: int
    parallel: int | None


def plain(name: str) -> str:
    """`training.bptt` → `bptt`: both name the same hyperparameter."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def prefixed(name: str) -> str:
    """`bptt` → `training.bptt`, as DescribeSolution shows the names of ranges."""
    name = plain(name)
    return f"data.{name}" if name in DATA else f"training.{name}"


def search_space(recipe: Recipe, config: Mapping[str, Any]) -> list[Range]:
    """What is searched for a solution config.

    The ranges that `hpoConfig` declares; without any, those of all tunable hyperparameters of the recipe whose
    values the config does not set. Raises the first ParameterError of `problems`.
    """
    declared = _ranges(config)
    found = problems(recipe, declared)
    if found:
        raise found[0].error
    parameters = {parameter.name: parameter for parameter in recipe.hyperparameters}
    ranges = [
        _declared(parameters[plain(one["name"])], one) for kind in LISTS for one in declared.get(kind) or ()
    ]
    if ranges:
        return ranges
    set_already = config.get("algorithmHyperParameters") or {}
    return [_own(p) for p in recipe.hyperparameters if p.tunable and p.name not in set_already]


def problems(recipe: Recipe, ranges: Mapping[str, Any]) -> list[RangeProblem]:
    """Everything that is wrong with `algorithmHyperParameterRanges`, as manifests or requests have it."""
    tunable = {p.name: p for p in recipe.hyperparameters if p.tunable}
    found: list[RangeProblem] = []
    named: set[str] = set()
    for kind in LISTS:
        for index, one in enumerate(ranges.get(kind) or ()):
            if "name" not in one:
                names = f"one of {', '.join(sorted(tunable))}" if tunable else "no ranges"
                missing = ParameterError("the range has no name", parameter="name", expected=names)
                found.append(RangeProblem((kind, index), missing))
                continue
            name = plain(one["name"])
            parameter = tunable.get(name)
            if parameter is None:
                found.append(RangeProblem((kind, index, "name"), _not_tunable(recipe, name, tunable), True))
                continue
            if name in named:
                error = ParameterError(f"{name} has two ranges", parameter=name, expected="one range")
                found.append(RangeProblem((kind, index, "name"), error))
            named.add(name)
            found += [RangeProblem((kind, index, *path), error) for path, error in _wrong(parameter, kind, one)]
    return found


def nothing_to_search(recipe: Recipe) -> str:
    """Why HPO cannot be performed although no range is wrong."""
    if any(parameter.tunable for parameter in recipe.hyperparameters):
        return "performHPO is true, but algorithmHyperParameters sets all that could be optimised"
    return f"performHPO is true, but {recipe.name} has no hyperparameters to optimise"


def budget(config: Mapping[str, Any]) -> Budget:
    """Of `hpoConfig.hpoResourceConfig`, whose numbers are text. Raises ParameterError."""
    resources = (config.get("hpoConfig") or {}).get("hpoResourceConfig") or {}
    trials = _count(resources, "maxNumberOfTrainingJobs", MOST_TRIALS)
    return Budget(trials or DEFAULT_TRIALS, _count(resources, "maxParallelTrainingJobs", MOST_PARALLEL))


def _ranges(config: Mapping[str, Any]) -> Mapping[str, Any]:
    return (config.get("hpoConfig") or {}).get("algorithmHyperParameterRanges") or {}


def _count(resources: Mapping[str, Any], name: str, most: int) -> int | None:
    text = resources.get(name)
    if text is None:
        return None
    count = int(text) if str(text).isascii() and str(text).isdigit() else 0
    if not 1 <= count <= most:
        raise ParameterError(f"{name} is {text!r}", parameter=name, expected=f"an integer from 1 to {most}")
    return count


def _own(parameter: Hyperparameter) -> Range:
    if parameter.type == "boolean":
        return Range(parameter.name, "boolean", values=(True, False))
    if parameter.choices:
        return Range(parameter.name, parameter.type, values=parameter.choices)
    if parameter.minimum is None or parameter.maximum is None:
        raise ValueError(f"{parameter.name} is tunable without a range")
    return Range(parameter.name, parameter.type, parameter.minimum, parameter.maximum)


def _declared(parameter: Hyperparameter, one: Mapping[str, Any]) -> Range:
    if "values" in one:
        values = tuple(dict.fromkeys(parameter.parse(value) for value in one["values"]))
        return Range(parameter.name, parameter.type, values=values)
    return Range(parameter.name, parameter.type, one["minValue"], one["maxValue"])


def _not_tunable(recipe: Recipe, name: str, tunable: Mapping[str, Hyperparameter]) -> ParameterError:
    return ParameterError(
        f"{recipe.name} cannot optimise {name}",
        parameter=name,
        expected="one of " + ", ".join(sorted(tunable)) if tunable else "no ranges: it has nothing to optimise",
        suggestion=nearest(name, tunable),
    )


def _wrong(
    parameter: Hyperparameter, kind: str, one: Mapping[str, Any]
) -> list[tuple[tuple[str | int, ...], ParameterError]]:
    """The wrong kind of list, ends in the wrong order or beyond the recipe's limits, an empty list."""
    name = parameter.name
    fitting = {"integer": INTEGER, "float": CONTINUOUS}.get(parameter.type, CATEGORICAL)
    if kind not in (fitting, CATEGORICAL):
        problem = f"{name} does not belong in {kind}"
        return [(("name",), ParameterError(problem, parameter=name, expected=f"{name} in {fitting}"))]
    ends: list[tuple[tuple[str | int, ...], Any]] = [
        *(((end,), one[end]) for end in ("minValue", "maxValue") if end in one),
        *((("values", number), value) for number, value in enumerate(one.get("values", ()))),
    ]
    found: list[tuple[tuple[str | int, ...], ParameterError]] = []
    if kind == CATEGORICAL:
        missing = [] if one.get("values") else ["values"]
    else:
        missing = [end for end in ("minValue", "maxValue") if end not in one]
    for field in missing:
        error = ParameterError(f"{name} has no {field}", parameter=name, expected=f"a range with {field}")
        found.append(((), error))
    if "minValue" in one and "maxValue" in one and one["minValue"] > one["maxValue"]:
        problem = f"minValue {one['minValue']:g} is above maxValue {one['maxValue']:g}"
        error = ParameterError(problem, parameter=name, expected="minValue at most maxValue")
        found.append((("minValue",), error))
    for path, value in ends:
        try:
            parameter.parse(value)
        except ParameterError as error:
            found.append((path, error))
    return found
