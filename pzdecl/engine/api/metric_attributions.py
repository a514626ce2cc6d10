"""MetricAttribution: Create, Describe, Delete, List, Update, and the list of its metrics.

The engine keeps what is to be measured, and checks it against the data's columns. Reports are not written: the
events, with the recommendations and the sources that they name, come out with a dataset export.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pzdecl.engine.api.batch import place
from pzdecl.engine.api.common import create, describe, find, listing
from pzdecl.engine.api.families import DATASET_GROUP, METRIC_ATTRIBUTION
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import (
    InvalidInputException,
    InvalidNextTokenException,
    ResourceAlreadyExistsException,
)
from pzdecl.engine.filters.sources import group_columns
from pzdecl.engine.store.rows import Reader, Resource
from pzdecl.errors import nearest

EXPRESSION = re.compile(r"SAMPLECOUNT\(\)|SUM\((Items|Interactions)\.([A-Za-z_][A-Za-z\d_]*)\)", re.IGNORECASE)
MAX_METRICS = 10
NUMBERS = ("int", "long", "float", "double")
OUTPUT = "metricsOutputConfig"
Metric = Mapping[str, str]


@operation("CreateMetricAttribution")
def create_metric_attribution(context: Context, params: Params) -> Result:
    """Active at once. A dataset group has one."""
    name, group_arn = params["name"], params["datasetGroupArn"]
    arn = context.arn(f"{METRIC_ATTRIBUTION.type}/{name}")
    body = {"name": name, "metricAttributionArn": arn, "datasetGroupArn": group_arn}
    body |= {OUTPUT: _output(context, params[OUTPUT])}
    with context.store.write() as tx:
        find(tx, DATASET_GROUP, group_arn)
        others = tx.children(METRIC_ATTRIBUTION.type, group_arn)
        if others and others[0].arn != arn:
            raise ResourceAlreadyExistsException(
                f"The dataset group {group_arn} already has a metric attribution, {others[0].arn}: "
                "a group has one of them"
            )
        _check(tx, group_arn, params["metrics"])
        body["_metrics"] = list(params["metrics"])
        create(tx, METRIC_ATTRIBUTION, Resource(arn, METRIC_ATTRIBUTION.type, name, group_arn, body))
    return {"metricAttributionArn": arn}


@operation("DescribeMetricAttribution")
def describe_metric_attribution(context: Context, params: Params) -> Result:
    """Without its metrics, as the service: they come from ListMetricAttributionMetrics."""
    return describe(context, METRIC_ATTRIBUTION, params["metricAttributionArn"])


@operation("ListMetricAttributions")
def list_metric_attributions(context: Context, params: Params) -> Result:
    """Of one dataset group, or all."""
    parent = params.get("datasetGroupArn")
    return listing(context, METRIC_ATTRIBUTION, params, parent, "MetricAttributionSummary")


@operation("ListMetricAttributionMetrics")
def list_metric_attribution_metrics(context: Context, params: Params) -> Result:
    """Of one metric attribution, or of all."""
    with context.store.read() as reader:
        if "metricAttributionArn" in params:
            found = [find(reader, METRIC_ATTRIBUTION, params["metricAttributionArn"])]
        else:
            found, _ = reader.page(METRIC_ATTRIBUTION.type, None, 0, 1_000_000)
    metrics = [metric for one in found for metric in one.body["_metrics"]]
    token = params.get("nextToken")
    if token is not None and not re.fullmatch(r"metrics-[0-9]{1,9}", token):
        raise InvalidNextTokenException(
            f"The token {token!r} was not given by this operation: leave it out to start from the first page"
        )
    start = int(token.removeprefix("metrics-")) if token else 0
    end = start + params.get("maxResults", len(metrics) or 1)
    result: Result = {"metrics": metrics[start:end]}
    if end < len(metrics):
        result["nextToken"] = f"metrics-{end}"
    return result


@operation("UpdateMetricAttribution")
def update_metric_attribution(context: Context, params: Params) -> Result:
    """Removes and adds metrics, or changes where reports go."""
    if "metricAttributionArn" not in params:
        raise InvalidInputException("metricAttributionArn is missing: name the metric attribution to update")
    if not any(params.get(part) for part in ("addMetrics", "removeMetrics", OUTPUT)):
        raise InvalidInputException(f"Nothing to update: give addMetrics, removeMetrics or {OUTPUT}")
    arn = params["metricAttributionArn"]
    with context.store.write() as tx:
        found = find(tx, METRIC_ATTRIBUTION, arn)
        metrics: list[Metric] = found.body["_metrics"]
        names = [metric["metricName"] for metric in metrics]
        removed = list(params.get("removeMetrics") or ())
        for name in removed:
            if name not in names:
                near = nearest(name, names)
                meant = f" (did you mean {near}?)" if near else ""
                raise InvalidInputException(f"{arn} has no metric {name}: expected one of {names}{meant}")
        kept = [metric for metric in metrics if metric["metricName"] not in removed]
        added = list(params.get("addMetrics") or ())
        for metric in added:
            if metric["metricName"] in {one["metricName"] for one in kept}:
                raise ResourceAlreadyExistsException(f"{arn} already has a metric {metric['metricName']}")
        _check(tx, found.body["datasetGroupArn"], [*kept, *added])
        found.body["_metrics"] = [*kept, *added]
        if params.get(OUTPUT):
            found.body[OUTPUT] = _output(context, params[OUTPUT])
        tx.save(found)
    return {"metricAttributionArn": arn}


@operation("DeleteMetricAttribution")
def delete_metric_attribution(context: Context, params: Params) -> Result:
    """With its metrics."""
    arn = params["metricAttributionArn"]
    with context.store.write() as tx:
        find(tx, METRIC_ATTRIBUTION, arn)
        tx.delete(arn)
    return {}


def _output(context: Context, config: Mapping[str, Any]) -> Mapping[str, Any]:
    if "s3DataDestination" in config:
        place(context, config["s3DataDestination"]["path"], f"{OUTPUT}.s3DataDestination.path")
    return config


def _check(reader: Reader, group: str, metrics: Iterable[Metric]) -> None:
    """Raises InvalidInputException with all that is wrong."""
    listed = list(metrics)
    columns = {kind: found or () for kind, found in group_columns(reader, group).items()}
    problems = []
    if len(listed) > MAX_METRICS:
        problems.append(f"there would be {len(listed)} metrics: expected at most {MAX_METRICS}")
    names = [metric["metricName"] for metric in listed]
    problems += [f"the metric {name} is given more than once" for name in {*names} if names.count(name) > 1]
    if "INTERACTIONS" in columns and all(one.name != "EVENT_TYPE" for one in columns["INTERACTIONS"]):
        problems.append("the Interactions dataset has no column EVENT_TYPE, by which events are told apart")
    for metric in listed:
        found = EXPRESSION.fullmatch(metric["expression"].strip())
        where = f"the expression of {metric['metricName']}, {metric['expression']}"
        if found is None:
            problems.append(f"{where}: expected SUM(Items.COLUMN), SUM(Interactions.COLUMN) or SAMPLECOUNT()")
        elif found[1] and found[1].upper() in columns:
            numbers = [one.name for one in columns[found[1].upper()] if one.type in NUMBERS]
            if found[2].upper() not in (name.upper() for name in numbers):
                expected = f"one of {', '.join(numbers)}" if numbers else "a dataset with a column of numbers"
                problems.append(f"{where}: {found[1]} has no column of numbers {found[2]}; expected {expected}")
    if problems:
        raise InvalidInputException("; ".join(sorted(problems)))
