"""A description by the service as the spec of a manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pzdecl.kinds import KINDS, recipes
from pzdecl.kinds.base import Kind
from pzdecl.kinds.recommender import CONFIG
from pzdecl.providers.client import ReadClient

Named = Callable[[str, str], str]
"""The name by which manifests refer to a kind's resource with an ARN; the ARN itself for a foreign one."""

PARENTS = {
    "datasetGroup": ("DatasetGroup", "datasetGroupArn"),
    "schema": ("Schema", "schemaArn"),
    "dataset": ("Dataset", "datasetArn"),
    "filter": ("Filter", "filterArn"),
}
"""Fields that name another resource, and where a description has its ARN."""
VERSION = "solutionVersionArn"


def spec(kind: Kind, description: Mapping[str, Any], named: Named, client: ReadClient) -> dict[str, Any]:
    """The spec that describes what is there, with nothing at its default that the kind leaves out.

    Raises ServiceError where more has to be asked for and can't be.
    """
    fields = [model.alias or name for name, model in kind.spec.model_fields.items()]
    found = {name: description[name] for name in fields if description.get(name) not in (None, {}, [])}
    for field, (parent, key) in PARENTS.items():
        if field in fields and description.get(key):
            found[field] = named(parent, str(description[key]))
    if "solution" in fields and VERSION in description:
        found["solution"] = named("Solution", str(description[VERSION]).rpartition("/")[0])
    change = _CHANGES.get(kind.name)
    if change:
        found = change(found, description, client)
    return found


def inputs(kind: Kind, found: Mapping[str, Any]) -> dict[str, Any]:
    """A spec as normalised inputs. Raises ValueError where it is none that a manifest could have."""
    return kind.inputs(kind.spec.model_validate(found))


def _schema(found: dict[str, Any], description: Mapping[str, Any], client: ReadClient) -> dict[str, Any]:
    del client
    return {**found, "schema": json.loads(description["schema"])}


def _campaign(found: dict[str, Any], description: Mapping[str, Any], client: ReadClient) -> dict[str, Any]:
    del description, client
    seen = KINDS["Campaign"].observe(found)
    config = seen["campaignConfig"]
    rest = {key: value for key, value in found.items() if key != "campaignConfig"}
    return {**rest, **({"campaignConfig": config} if config else {})}


def _recommender(found: dict[str, Any], description: Mapping[str, Any], client: ReadClient) -> dict[str, Any]:
    del client
    seen = KINDS["Recommender"].observe(description)
    rest = {key: value for key, value in found.items() if key != CONFIG}
    rest["recipe"] = recipes.short(str(description["recipeArn"]))
    return {**rest, **{key: value for key, value in seen.items() if value is not None}}


def _solution(found: dict[str, Any], description: Mapping[str, Any], client: ReadClient) -> dict[str, Any]:
    del client
    found = {key: value for key, value in found.items() if value is not False}
    if description.get("recipeArn") and not description.get("performAutoML"):
        found["recipe"] = recipes.short(str(description["recipeArn"]))
    if description.get("performAutoML"):
        found.pop("performHPO", None)
    config = dict(description.get("solutionConfig") or {})
    latest = description.get("latestSolutionUpdate") or {}
    if latest.get("status") == "ACTIVE":
        config |= latest.get("solutionUpdateConfig") or {}
    if not description.get("performAutoTraining"):
        config.pop("autoTrainingConfig", None)
    config = _config(config, recipes.built_in(found.get("recipe", "")))
    found.pop("solutionConfig", None)
    return {**found, **({"solutionConfig": config} if config else {})}


def _config(wire: Mapping[str, Any], recipe: Any) -> dict[str, Any]:
    """A described solutionConfig in the types of manifests: numbers, names without prefixes."""
    config = {key: value for key, value in wire.items() if value not in (None, {}, [])}
    for group in ("algorithmHyperParameters", "featureTransformationParameters"):
        if group in config and recipe:
            config[group] = recipes.parse_all(recipe, group, config[group])
    if "autoMLConfig" in config:
        listed = config["autoMLConfig"].get("recipeList")
        if listed:
            config["autoMLConfig"] = {
                **config["autoMLConfig"],
                "recipeList": [recipes.short(one) for one in listed],
            }
    if "hpoConfig" in config:
        config["hpoConfig"] = _hpo(config["hpoConfig"])
    return {key: value for key, value in config.items() if value not in ({}, [])}


def _hpo(wire: Mapping[str, Any]) -> dict[str, Any]:
    config = dict(wire)
    if "hpoResourceConfig" in config:
        config["hpoResourceConfig"] = {key: int(text) for key, text in config["hpoResourceConfig"].items()}
    ranges = config.get("algorithmHyperParameterRanges")
    if ranges is not None:
        kept = {}
        for key, listed in ranges.items():
            if listed:
                kept[key] = [
                    {name: _number(key, value) for name, value in one.items() if name != "isTunable"}
                    for one in listed
                ]
        config["algorithmHyperParameterRanges"] = kept
    return {key: value for key, value in config.items() if value not in (None, {}, [])}


def _number(group: str, value: Any) -> Any:
    return float(value) if group.startswith("continuous") and isinstance(value, int) else value


def _import(found: dict[str, Any], description: Mapping[str, Any], client: ReadClient) -> dict[str, Any]:
    del description, client
    return {key: value for key, value in found.items() if value is not False}


def _metrics(found: dict[str, Any], description: Mapping[str, Any], client: ReadClient) -> dict[str, Any]:
    """The metrics come from another operation than everything else."""
    metrics: list[Any] = []
    token: str | None = None
    while True:
        more = {"nextToken": token} if token else {}
        page = client.read(
            "list_metric_attribution_metrics",
            metricAttributionArn=description["metricAttributionArn"],
            **more,
        )
        metrics += page.get("metrics", ())
        token = page.get("nextToken")
        if not token:
            return {**found, "metrics": metrics}


_CHANGES: dict[str, Callable[[dict[str, Any], Mapping[str, Any], ReadClient], dict[str, Any]]] = {
    "Schema": _schema,
    "Solution": _solution,
    "Campaign": _campaign,
    "Recommender": _recommender,
    "DatasetImport": _import,
    "MetricAttribution": _metrics,
}
