"""MetricAttribution: Create, Describe, Delete, List, Update, and the list of its metrics.

What is to be measured is checked against the data's columns here; `pzdecl.engine.jobs.reporting` writes the
reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pzdecl.engine.api.batch import place
from pzdecl.engine.api.common import (
    DEFAULT_PAGE,
    create,
    describe,
    find,
    listing,
    read_token,
    write_token,
)
from pzdecl.engine.api.families import DATASET_GROUP, METRIC_ATTRIBUTION
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import InvalidInputException, ResourceAlreadyExistsException
from pzdecl.engine.events import log
from pzdecl.engine.events.attribution import EXPRESSION, NUMBERS, SINCE, Metric
from pzdecl.engine.events.recent import interactions
from pzdecl.engine.filters.sources import group_columns
from pzdecl.engine.store.rows import Reader, Resource, Writer
from pzdecl.errors import nearest

MAX_METRICS = 10
OUTPUT = "metricsOutputConfig"
TARGET = "_target"
"""In a body: where reports go, as every process understands it."""


@operation("CreateMetricAttribution")
def create_metric_attribution(context: Context, params: Params) -> Result:
    """Active at once. A dataset group has one."""
    name, group_arn = params["name"], params["datasetGroupArn"]
    arn = context.arn(f"{METRIC_ATTRIBUTION.type}/{name}")
    body = {"name": name, "metricAttributionArn": arn, "datasetGroupArn": group_arn}
    body |= _output(context, params[OUTPUT])
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
        body |= {"_through": log.newest(tx, interactions(group_arn)), "_reported": context.clock()}
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
    metrics = [
        {name: value for name, value in metric.items() if name != SINCE}
        for one in found
        for metric in one.body["_metrics"]
    ]
    of = ("metrics", params.get("metricAttributionArn"))
    start = read_token(params.get("nextToken"), *of)
    end = start + params.get("maxResults", DEFAULT_PAGE)
    result: Result = {"metrics": metrics[start:end]}
    if end < len(metrics):
        result["nextToken"] = write_token(end, *of)
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
        newest = log.newest(tx, interactions(found.body["datasetGroupArn"]))
        found.body["_metrics"] = [*kept, *({**metric, SINCE: newest} for metric in added)]
        if params.get(OUTPUT):
            # One that an older pzdecl made has noted neither: it reports from now on.
            found.body.setdefault("_through", newest)
            found.body.setdefault("_reported", context.clock())
            found.body.pop(TARGET, None)
            found.body |= _output(context, params[OUTPUT])
        tx.save(found)
    return {"metricAttributionArn": arn}


@operation("DeleteMetricAttribution")
def delete_metric_attribution(context: Context, params: Params) -> Result:
    """With its metrics. Events that no report has had by then are in none."""
    arn = params["metricAttributionArn"]
    with context.store.write() as tx:
        find(tx, METRIC_ATTRIBUTION, arn)
        tx.delete(arn)
    return {}


def note_source(tx: Writer, group: str, sources: Iterable[str], most: int) -> None:
    """Counts the event attribution sources of a group with a metric attribution.

    Raises InvalidInputException where there would be more than `most` different ones.
    """
    for found in tx.children(METRIC_ATTRIBUTION.type, group):
        known = set(found.body.get("_sources", ()))
        new = set(sources) - known
        if len(known | new) > most:
            raise InvalidInputException(
                f"The metric attribution {found.arn} would have {len(known | new)} event attribution sources: "
                f"expected at most {most}"
            )
        if new:
            found.body["_sources"] = sorted(known | new)
            tx.save(found, touch=False)


def _output(context: Context, config: Mapping[str, Any]) -> dict[str, Any]:
    """What a body has of where reports go."""
    if "s3DataDestination" not in config:
        return {OUTPUT: config}
    path = config["s3DataDestination"]["path"]
    return {OUTPUT: config, TARGET: place(context, path, f"{OUTPUT}.s3DataDestination.path")}


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
