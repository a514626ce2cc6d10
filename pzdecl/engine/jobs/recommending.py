"""What becomes of recommenders: a trained model takes over, a configuration changes, they stop and start."""

from __future__ import annotations

import logging
import time
from typing import Any

from pzdecl.engine.api.common import ACTIVE, FAILED, IN_PROGRESS, PENDING
from pzdecl.engine.api.families import RECOMMENDER, RECOMMENDER_VERSION
from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.recommenders import INACTIVE, VERSION, pending_update, start_training
from pzdecl.engine.api.solution_versions import METRIC_DIGITS
from pzdecl.engine.events.parts import content
from pzdecl.engine.jobs import queue
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.store.rows import Reader, Resource, Writer

TYPES = (RECOMMENDER.type, RECOMMENDER_VERSION.type)
RETRAIN_SECONDS = 7 * 24 * 60 * 60
"""From one training of a recommender to the next, as in the service."""
BEGUN = {
    PENDING: IN_PROGRESS,
    "STOP PENDING": "STOP IN_PROGRESS",
    "START PENDING": "START IN_PROGRESS",
}
ENDED = {"STOP IN_PROGRESS": INACTIVE, "START IN_PROGRESS": ACTIVE}


def begin(tx: Writer, resource: Resource) -> None:
    """A job for a recommender, or for a model of one, is being worked on."""
    if resource.type == RECOMMENDER_VERSION.type:
        resource.status = IN_PROGRESS
        tx.save(resource)
        if (owner := tx.get(str(resource.parent))) is None:
            return
        if resource.body["_update"] or VERSION not in owner.body:
            _begin(tx, owner)
    else:
        _begin(tx, resource)


def _begin(tx: Writer, recommender: Resource) -> None:
    update = pending_update(recommender)
    if update is not None:
        update["status"] = IN_PROGRESS
    else:
        recommender.status = BEGUN.get(recommender.status, recommender.status)
    tx.save(recommender)


def check_model(context: Context, version: Resource) -> None:
    """What can't be served is never switched to. Raises JobFailed."""
    try:
        context.models.get(version.arn)
    except (OSError, ValueError, KeyError) as error:
        raise JobFailed(f"The model of {version.arn} can't be loaded: {error}") from error


def take_over(tx: Writer, version: Resource) -> list[str]:
    """A trained model begins to serve, with the configuration that it was trained for.

    Returns the ARNs of models that nobody needs any more. The one that served until now stays until the next
    time: another process may just be about to load it.
    """
    recommender = tx.get(str(version.parent))
    if recommender is None:
        return []
    former, body = recommender.body.get(VERSION), recommender.body
    metrics = version.body["_metrics"]
    body[VERSION] = version.arn
    body["modelMetrics"] = {name: round(metrics[name], METRIC_DIGITS) for name in sorted(metrics)}
    body.pop("failureReason", None)
    update = pending_update(recommender)
    if update is not None and version.body["_update"]:
        _settle(recommender, update)
    if recommender.status in (PENDING, IN_PROGRESS, FAILED):  # else it serves, or is being stopped
        recommender.status = ACTIVE
    tx.save(recommender)
    old = [
        one.arn
        for one in tx.children(RECOMMENDER_VERSION.type, recommender.arn)
        if one.arn not in (former, version.arn) and one.status in (ACTIVE, FAILED)
    ]
    for arn in old:
        tx.delete(arn)
    return old


def run_switch(context: Context, job: Job, control: Control) -> None:
    """Carries out an update that needs no training, a stop, or a start."""
    with context.store.read() as reader:
        recommender = reader.get(job.arn)
        version = reader.get(recommender.body[VERSION]) if recommender else None
    if recommender is None or version is None:
        raise JobFailed("The recommender was deleted")
    if ENDED.get(recommender.status) == ACTIVE:
        check_model(context, version)
    control.check()
    with context.store.write() as tx:
        queue.finish(tx, job)
        recommender = tx.get(job.arn) or recommender  # an automatic training may just have ended
        update = pending_update(recommender)
        if update is not None:
            _settle(recommender, update)
        recommender.status = ENDED.get(recommender.status, recommender.status)
        recommender.body.pop("failureReason", None)
        tx.save(recommender)


def fail(tx: Writer, resource: Resource, reason: str) -> None:
    """Writes a failure where it belongs: to the update that failed, or to what never served.

    Where only an automatic training failed, what serves goes on serving, and the next one comes when it is due.
    """
    recommender = resource
    if resource.type == RECOMMENDER_VERSION.type:
        resource.status = FAILED
        resource.body["failureReason"] = reason
        tx.save(resource)
        owner = tx.get(str(resource.parent))
        if owner is None:
            return
        recommender = owner
        if VERSION in owner.body and not resource.body["_update"]:
            logging.getLogger(__name__).warning("%s was not trained again: %s", owner.arn, reason)
            return
    update = pending_update(recommender)
    if update is not None:
        update |= {"status": FAILED, "failureReason": reason, "lastUpdatedDateTime": round(time.time(), 3)}
    else:
        stopped = recommender.status in ENDED
        recommender.status = INACTIVE if stopped else FAILED
        recommender.body["failureReason"] = reason
    tx.save(recommender)


def training_due(reader: Reader, recommender: Resource, now: float) -> bool:
    """Whether an active recommender's newest training is a week old, and its data are not what they were."""
    if recommender.status != ACTIVE or pending_update(recommender) is not None:
        return False
    versions = reader.children(RECOMMENDER_VERSION.type, recommender.arn)
    if not versions or versions[-1].status in BEGUN or versions[-1].status == IN_PROGRESS:
        return False
    if round(now - versions[-1].created, 2) < RETRAIN_SECONDS:  # what is created has a time to the millisecond
        return False
    serving = reader.get(recommender.body[VERSION])
    known = serving.body.get("_content") if serving else None
    return content(reader, recommender.body["datasetGroupArn"]) != known


def retrain(tx: Writer, recommender: Resource, now: float) -> None:
    """Queues an automatic training."""
    start_training(tx, recommender, recommender.body.get("recommenderConfig") or {}, now)


def _settle(recommender: Resource, update: dict[str, Any]) -> None:
    config = update["recommenderConfig"]
    if config:
        recommender.body["recommenderConfig"] = config
    else:
        recommender.body.pop("recommenderConfig", None)
    update |= {"status": ACTIVE, "lastUpdatedDateTime": round(time.time(), 3)}
