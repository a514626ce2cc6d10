"""A solution's config as the API takes it: hyperparameters, thresholds and budgets are text there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.kinds import recipes
from pzdecl.kinds.wire import text, texts

RANGE_LISTS = (
    "integerHyperParameterRanges",
    "continuousHyperParameterRanges",
    "categoricalHyperParameterRanges",
)


def config_to_wire(config: Mapping[str, Any]) -> dict[str, Any]:
    """`solutionConfig` of the inputs as CreateSolution takes it."""
    wire = dict(config)
    for group in ("algorithmHyperParameters", "featureTransformationParameters"):
        if group in wire:
            wire[group] = texts(wire[group])
    if "autoMLConfig" in wire:
        wire["autoMLConfig"] = _auto_ml(wire["autoMLConfig"])
    if "hpoConfig" in wire:
        wire["hpoConfig"] = _hpo(wire["hpoConfig"])
    return wire


def _auto_ml(config: Mapping[str, Any]) -> dict[str, Any]:
    wire = dict(config)
    if "recipeList" in wire:
        wire["recipeList"] = [recipes.arn(name) for name in wire["recipeList"]]
    return wire


def _hpo(config: Mapping[str, Any]) -> dict[str, Any]:
    """The service expects all three lists of ranges, empty ones too."""
    wire = dict(config)
    if "hpoResourceConfig" in wire:
        wire["hpoResourceConfig"] = texts(wire["hpoResourceConfig"])
    if "algorithmHyperParameterRanges" in wire:
        ranges = {key: list(wire["algorithmHyperParameterRanges"].get(key, ())) for key in RANGE_LISTS}
        ranges["categoricalHyperParameterRanges"] = [
            {**one, "values": [text(value) for value in one["values"]]}
            for one in ranges["categoricalHyperParameterRanges"]
        ]
        wire["algorithmHyperParameterRanges"] = ranges
    return wire
