"""What a recipe is: its facts (this file needs no torch), and where the half that does the work is.

A recipe module declares one `Recipe`; its `trainer` is imported only when a job runs. `registry.py` collects
them; ListRecipes, DescribeRecipe, validation of manifests and requests, and training all read from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pzdecl.errors import nearest

HyperparameterType = Literal["integer", "float", "boolean"]
Group = Literal["algorithmHyperParameters", "featureTransformationParameters"]
GROUPS: tuple[Group, ...] = ("algorithmHyperParameters", "featureTransformationParameters")


class ParameterError(ValueError):
    """A hyperparameter is unknown or wrong.

    parameter   its name, as given
    group       the map of the solution config that it stood in
    expected    what would have been right
    suggestion  the nearest valid name, or None
    """

    def __init__(
        self,
        problem: str,
        *,
        parameter: str,
        expected: str,
        suggestion: str | None = None,
        group: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.parameter = parameter
        self.group = group
        self.expected = expected
        self.suggestion = suggestion

    def __str__(self) -> str:
        hint = f" (did you mean {self.suggestion}?)" if self.suggestion else ""
        return f"{self.problem}: expected {self.expected}{hint}"


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyperparameter as the service documents it. On the wire every value is a string.

    `group` is the request's map that it belongs in. `minimum` and `maximum` are inclusive; `tunable` says
    whether hyperparameter optimisation may search it.
    """

    name: str
    type: HyperparameterType
    default: int | float | bool
    minimum: float | None = None
    maximum: float | None = None
    tunable: bool = False
    group: Group = "algorithmHyperParameters"
    description: str = ""

    @property
    def expected(self) -> str:
        """What a value must be, in words: "an integer from 32 to 256"."""
        if self.type == "boolean":
            return "true or false"
        noun = "an integer" if self.type == "integer" else "a number"
        if self.minimum is None or self.maximum is None:
            return noun
        return f"{noun} from {self.minimum:g} to {self.maximum:g}"

    def parse(self, value: object) -> int | float | bool:
        """Reads the wire's text, or a plain value. Raises ParameterError saying what was expected."""
        number = _boolean(value) if self.type == "boolean" else _number(value, whole=self.type == "integer")
        if number is None or not self._within(number):
            raise ParameterError(
                f"{self.name} cannot be {value!r}",
                parameter=self.name,
                expected=self.expected,
                group=self.group,
            )
        return number

    def _within(self, number: float) -> bool:
        return (self.minimum is None or number >= self.minimum) and (
            self.maximum is None or number <= self.maximum
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """`trainer()` returns the function that fits it: see `pzdecl.engine.training.model.Fit`."""

    name: str
    type: Literal["USER_PERSONALIZATION", "RELATED_ITEMS", "PERSONALIZED_RANKING", "POPULAR_ITEMS"]
    description: str
    algorithm: str
    feature_transformation: str
    created: str
    hyperparameters: tuple[Hyperparameter, ...]
    trainer: Callable[[], Any]
    returns_scores: bool

    @property
    def arn(self) -> str:
        """The recipe's ARN; built-ins have neither region nor account."""
        return f"arn:aws:personalize:::recipe/{self.name}"

    def parameters(self, solution_config: Mapping[str, Any]) -> dict[str, int | float | bool]:
        """All hyperparameters, defaults filled in. Raises the first ParameterError of `problems`."""
        values, problems = self._read(solution_config)
        if problems:
            raise problems[0]
        return values

    def problems(self, solution_config: Mapping[str, Any]) -> list[ParameterError]:
        """Everything that is wrong with the hyperparameters of a solution config."""
        return self._read(solution_config)[1]

    def _read(
        self, solution_config: Mapping[str, Any]
    ) -> tuple[dict[str, int | float | bool], list[ParameterError]]:
        values = {parameter.name: parameter.default for parameter in self.hyperparameters}
        known = {parameter.name: parameter for parameter in self.hyperparameters}
        problems: list[ParameterError] = []
        for group in GROUPS:
            for name, value in (solution_config.get(group) or {}).items():
                parameter = known.get(name)
                try:
                    if parameter is None or parameter.group != group:
                        raise self._misplaced(name, group, parameter)
                    values[name] = parameter.parse(value)
                except ParameterError as error:
                    problems.append(error)
        return values, problems or _crossed(values)

    def _misplaced(self, name: str, group: Group, parameter: Hyperparameter | None) -> ParameterError:
        if parameter is not None:
            return ParameterError(
                f"{name} does not belong in {group}",
                parameter=name,
                group=group,
                expected=f"{name} in {parameter.group}",
            )
        valid = [p.name for p in self.hyperparameters if p.group == group]
        return ParameterError(
            f"{self.name} has no {name} in {group}",
            parameter=name,
            group=group,
            expected="one of " + ", ".join(sorted(valid)) if valid else "no parameters there",
            suggestion=nearest(name, valid),
        )


def history_percentiles(low: float, high: float) -> tuple[Hyperparameter, Hyperparameter]:
    """The pair that drops users with very short and very long histories before training."""
    return (
        percentile(
            "min_user_history_length_percentile", low, "Users with shorter histories are left out of training."
        ),
        percentile(
            "max_user_history_length_percentile", high, "Users with longer histories are left out of training."
        ),
    )


def percentile(name: str, default: float, description: str) -> Hyperparameter:
    """A percentile of the feature transformation, from 0 to 1."""
    return Hyperparameter(
        name, "float", default, 0.0, 1.0, group="featureTransformationParameters", description=description
    )


def _crossed(values: Mapping[str, int | float | bool]) -> list[ParameterError]:
    """A lower percentile that is not below its upper one leaves nothing to train on."""
    found = []
    for low in (name for name in values if name.startswith("min_") and name.endswith("_percentile")):
        high = "max_" + low.removeprefix("min_")
        if values[low] >= values[high]:
            problem = f"{low} is {values[low]:g}, {high} is {values[high]:g}"
            group = "featureTransformationParameters"
            found.append(ParameterError(problem, parameter=low, group=group, expected=f"{low} below {high}"))
    return found


def _boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def _number(value: object, *, whole: bool) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number) or (whole and number != int(number)):
        return None
    return int(number) if whole else number
