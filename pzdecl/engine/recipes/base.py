"""What a recipe is: its facts (this file needs no torch), and the two halves that do the work.

A recipe module declares one `Recipe`; its `trainer` is imported only when a job runs. `registry.py` collects them;
ListRecipes, DescribeRecipe, validation of manifests and requests, and training all read from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

HyperparameterType = Literal["integer", "float", "boolean"]


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyperparameter as the service documents it. On the wire every value is a string.

    `group` is the request's map that it belongs in. `minimum` and `maximum` are inclusive.
    """

    name: str
    type: HyperparameterType
    default: int | float | bool
    minimum: float | None = None
    maximum: float | None = None
    tunable: bool = False
    group: Literal["algorithmHyperParameters", "featureTransformationParameters"] = "algorithmHyperParameters"
    description: str = ""

    def parse(self, text: str) -> int | float | bool:
        """Reads the wire's text. Raises ValueError saying what was expected."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Recipe:
    """`trainer()` returns the function that trains it: see `pzdecl.engine.training.train`."""

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
        return f"arn:aws:personalize:::recipe/{self.name}"

    def parameters(self, solution_config: Mapping[str, Any]) -> dict[str, int | float | bool]:
        """All hyperparameters, defaults filled in. Raises ValueError naming the parameter that is wrong."""
        raise NotImplementedError
