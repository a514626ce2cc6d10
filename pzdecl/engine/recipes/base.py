"""What a recipe is: its facts (this file needs no torch), and where the half that does the work is.

A recipe module declares one `Recipe`; its `trainer` is imported only when a job runs. `registry.py` collects
them; ListRecipes, DescribeRecipe, validation of manifests and requests, and training all read from there.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pzdecl.errors import nearest

HyperparameterType = Literal["integer", "float", "boolean", "string"]
Value = int | float | bool | str
RecipeType = Literal[
    "USER_PERSONALIZATION",
    "RELATED_ITEMS",
    "PERSONALIZED_RANKING",
    "POPULAR_ITEMS",
    "USER_SEGMENTATION",
    "PERSONALIZED_ACTIONS",
]
Domain = Literal["ECOMMERCE", "VIDEO_ON_DEMAND"]
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

    `group` is the request's map that it belongs in. `minimum` and `maximum` are inclusive, unless `exclusive`
    says that the minimum itself is out; a string is one of `choices`. `tunable` says whether hyperparameter
    optimisation may search it; `fixed` that nothing but optimisation may set it.
    """

    name: str
    type: HyperparameterType
    default: Value
    minimum: float | None = None
    maximum: float | None = None
    tunable: bool = False
    group: Group = "algorithmHyperParameters"
    description: str = ""
    choices: tuple[str, ...] = ()
    exclusive: bool = False
    fixed: bool = False

    @property
    def expected(self) -> str:
        """What a value must be, in words: "an integer from 32 to 256"."""
        if self.type == "boolean":
            return "true or false"
        noun = "an integer" if self.type == "integer" else "a number"
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.minimum is not None and self.maximum is None:
            return f"{noun} {'above' if self.exclusive else 'from'} {self.minimum:g}"
        if self.minimum is None or self.maximum is None:
            return noun
        return f"{noun} from {self.minimum:g} to {self.maximum:g}"

    def parse(self, value: object) -> Value:
        """Reads the wire's text, or a plain value. Raises ParameterError saying what was expected."""
        read: Value | None
        if self.type == "string":
            read = value if isinstance(value, str) and value in self.choices else None
        elif self.type == "boolean":
            read = _boolean(value)
        else:
            number = as_number(value, whole=self.type == "integer")
            read = number if number is not None and self._within(number) else None
        if read is None:
            raise ParameterError(
                f"{self.name} cannot be {value!r}",
                parameter=self.name,
                expected=self.expected,
                suggestion=nearest(str(value), self.choices) if self.choices else None,
                group=self.group,
            )
        return read

    def _within(self, number: float) -> bool:
        if self.minimum is not None and (number < self.minimum or (self.exclusive and number == self.minimum)):
            return False
        return self.maximum is None or number <= self.maximum


def late(place: str) -> Callable[[], Any]:
    """Of "package.module:name": a function that imports it. Recipes can be listed without torch that way."""

    def load() -> Any:
        module, _, name = place.partition(":")
        return getattr(importlib.import_module(module), name)

    return load


recommendations = late("pzdecl.engine.training.protocol:measure_recommendations")
"""The protocol of evaluation of all recipes that recommend items."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The facts of a recipe, and functions that import the halves that do its work.

    trainer          returns what fits it: see `pzdecl.engine.training.model.Fit`
    answerer         returns the class that answers from its files: see `pzdecl.engine.serving.query.Answerer`
    protocol         returns how it is measured: see `pzdecl.engine.training.model.Measure`
    datasets         the dataset types without which it does not train
    whole_catalogue  whether items that only the Items dataset knows can be recommended, too
    whole_audience   whether users that only the Users dataset knows are known, too
    explores         whether answers explore new items, as a campaign's `itemExplorationConfig` says
    training_modes   what CreateSolutionVersion accepts
    domain           ECOMMERCE or VIDEO_ON_DEMAND for a recipe of recommenders; None for one of solutions
    event_type       the only type of events that it learns from; None: all of them
    hides            the type of events whose items are left out of a user's answers; None hides nothing
    asks             the ids that a request must have ("user", "item"); None: what its answerer needs
    """

    name: str
    type: RecipeType
    description: str
    algorithm: str
    feature_transformation: str
    created: str
    hyperparameters: tuple[Hyperparameter, ...]
    trainer: Callable[[], Any]
    answerer: Callable[[], Any]
    returns_scores: bool
    protocol: Callable[[], Any] = recommendations
    datasets: tuple[str, ...] = ("INTERACTIONS",)
    whole_catalogue: bool = False
    whole_audience: bool = False
    explores: bool = False
    training_modes: tuple[str, ...] = ("FULL",)
    domain: Domain | None = None
    event_type: str | None = None
    hides: str | None = None
    asks: tuple[str, ...] | None = None

    @property
    def arn(self) -> str:
        """The recipe's ARN; built-ins have neither region nor account."""
        return f"arn:aws:personalize:::recipe/{self.name}"

    def parameters(self, solution_config: Mapping[str, Any]) -> dict[str, Value]:
        """All hyperparameters, defaults filled in. Raises the first ParameterError of `problems`."""
        values, problems = self._read(solution_config)
        if problems:
            raise problems[0]
        return values

    def problems(self, solution_config: Mapping[str, Any]) -> list[ParameterError]:
        """Everything that is wrong with the hyperparameters of a solution config."""
        return self._read(solution_config)[1]

    def _read(self, solution_config: Mapping[str, Any]) -> tuple[dict[str, Value], list[ParameterError]]:
        values = {parameter.name: parameter.default for parameter in self.hyperparameters}
        known = {parameter.name: parameter for parameter in self.hyperparameters}
        problems: list[ParameterError] = []
        for group in GROUPS:
            for name, value in (solution_config.get(group) or {}).items():
                parameter = known.get(name)
                try:
                    if parameter is None or parameter.group != group:
                        raise self._misplaced(name, group, parameter)
                    if parameter.fixed:
                        raise _only_searched(parameter)
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


def _only_searched(parameter: Hyperparameter) -> ParameterError:
    return ParameterError(
        f"{parameter.name} can only be optimised",
        parameter=parameter.name,
        group=parameter.group,
        expected="a range in hpoConfig.algorithmHyperParameterRanges",
    )


def _crossed(values: Mapping[str, Value]) -> list[ParameterError]:
    """A lower percentile that is not below its upper one leaves nothing to train on."""
    found = []
    for low in (name for name in values if name.startswith("min_") and name.endswith("_percentile")):
        high = "max_" + low.removeprefix("min_")
        least, most = float(values[low]), float(values[high])
        if least >= most:
            problem = f"{low} is {least:g}, {high} is {most:g}"
            group = "featureTransformationParameters"
            found.append(ParameterError(problem, parameter=low, group=group, expected=f"{low} below {high}"))
    return found


def _boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def as_number(value: object, *, whole: bool = False) -> int | float | None:
    """A number, or what a text has for one; None for what is none, is not finite, or should be whole."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return None  # a number to Python, and to nobody else
    try:
        number = float(value)
    except (ValueError, OverflowError):  # a whole number may be too large for any other
        return None
    if not math.isfinite(number) or (whole and number != int(number)):
        return None
    return int(number) if whole else number
