"""What happens by itself: trainings of recommenders and of solutions with performAutoTraining, and updates of
deployed models.

A worker of a process that stays looks every `TICK` seconds. Several processes may look at once: whether
something is due is asked again in the transaction that queues it.
"""

from __future__ import annotations

import re
from typing import Any

from pzdecl.engine.api.common import ACTIVE, IN_PROGRESS, PENDING, STOPPING
from pzdecl.engine.api.families import CAMPAIGN, RECOMMENDER, SOLUTION, SOLUTION_VERSION
from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.api.solution_versions import start_version
from pzdecl.engine.events.parts import Content, content
from pzdecl.engine.jobs import recommending, reporting
from pzdecl.engine.jobs.updating import known_update, outdated
from pzdecl.engine.store.rows import Reader, Resource

TICK = 30.0
"""Seconds between looks."""
UPDATE_SECONDS = 2 * 60 * 60
"""Between automatic updates of a model, as in the service."""
FIRST_SECONDS = 60 * 60
"""From a solution's creation to its first automatic training, unless one was asked for before."""
DEFAULT_DAYS = 7
DAY = 24 * 60 * 60


def tick(context: Context) -> None:
    """Queues the trainings, updates and reports that are due now."""
    if not context.store.exists():
        return
    now = context.clock()
    with context.store.read() as reader:
        trainings = [one.arn for one in _automatic(reader) if training_due(reader, one, now)]
        retrainings = [arn for arn in sorted(reader.arns(RECOMMENDER.type)) if _retraining(reader, arn, now)]
        updates = [arn for arn in deployed(reader) if update_due(reader, arn, now)]
    reporting.queue_reports(context, now)
    for arn in trainings:
        with context.store.write() as tx:
            solution = tx.get(arn)
            if solution is not None and training_due(tx, solution, now):
                start_version(tx, solution, training_type="AUTOMATIC", created=round(now, 3))
    for arn in retrainings:
        with context.store.write() as tx:
            recommender = _retraining(tx, arn, now)
            if recommender is not None:
                recommending.retrain(tx, recommender, now)
    for arn in updates:
        with context.store.write() as tx:
            version = tx.get(arn)
            if version is not None and update_due(tx, arn, now):
                tx.enqueue(arn, "update", version.body["datasetGroupArn"])


def training_due(reader: Reader, solution: Resource, now: float) -> bool:
    """Whether a solution's interval is over, nothing is being trained, and there are new interactions.

    The interval begins with the newest version, however it was made, or with a later change of the schedule.
    """
    body = solution.body
    if not body.get("performAutoTraining"):
        return False
    versions = reader.children(SOLUTION_VERSION.type, solution.arn)
    if any(version.status in {PENDING, IN_PROGRESS, STOPPING} for version in versions):
        return False
    change = body.get("latestSolutionUpdate") or {}
    since = max(versions[-1].created if versions else 0.0, solution.created)
    if change.get("performAutoTraining") or (change.get("solutionUpdateConfig") or {}).get(
        "autoTrainingConfig"
    ):
        since = max(since, float(change["creationDateTime"]))
    wait = interval(body) if versions else FIRST_SECONDS
    if now - since < wait:
        return False
    trained = [version.body.get("_content") for version in versions if version.status == ACTIVE]
    held = content(reader, body["datasetGroupArn"])
    return _interactions(held) != _interactions(trained[-1] if trained else None)


def _retraining(reader: Reader, arn: str, now: float) -> Resource | None:
    """The recommender, where it is to be trained again."""
    found = reader.get(arn)
    return found if found is not None and recommending.training_due(reader, found, now) else None


def interval(body: dict[str, Any]) -> float:
    """The seconds of a solution's `schedulingExpression`: rate(N days), seven unless set."""
    config = (body.get("solutionConfig") or {}).get("autoTrainingConfig") or {}
    days = re.search(r"\d+", str(config.get("schedulingExpression", "")))
    return (int(days[0]) if days else DEFAULT_DAYS) * DAY


def update_due(reader: Reader, version_arn: str, now: float) -> bool:
    """Whether a deployed version has been as it is for long while data came in, and is one that is updated."""
    version = reader.get(version_arn)
    if version is None or version.status != ACTIVE or not recipe_of(version.body["recipeArn"]).explores:
        return False
    if any(kind == "update" and arn == version_arn for _, arn, kind in reader.unfinished()):
        return False
    known = known_update(reader, version_arn)
    return now - (known["at"] if known else version.updated) >= UPDATE_SECONDS and outdated(reader, version)


def _automatic(reader: Reader) -> list[Resource]:
    rows = reader.query(
        "SELECT arn FROM resources WHERE type = ? AND json_extract(body, '$.performAutoTraining')",
        (SOLUTION.type,),
    )
    return [found for (arn,) in rows if (found := reader.get(arn)) is not None]


def deployed(reader: Reader) -> list[str]:
    """The versions that campaigns and recommenders serve."""
    rows = reader.query(
        "SELECT DISTINCT json_extract(body, '$.solutionVersionArn') FROM resources "
        "WHERE type = ? AND status = ? UNION SELECT json_extract(body, '$._version') FROM resources "
        "WHERE type = ? AND status = ? ORDER BY 1",
        (CAMPAIGN.type, ACTIVE, RECOMMENDER.type, ACTIVE),
    )
    return [str(arn) for (arn,) in rows]


def _interactions(held: Content | None) -> tuple[Any, ...]:
    """What of a group's content are interactions; nothing for what was trained before this was noted."""
    if not held:
        return (0, 0, [], [])
    parts = held["parts"]
    kinds = ("INTERACTIONS", "ACTION_INTERACTIONS")
    return (held["events"], held.get("acts", 0), *(parts.get(kind, []) for kind in kinds))
