"""Deployment jobs: a campaign begins to serve a solution version."""

from __future__ import annotations

import time

from pzdecl.engine.api.campaigns import catch_up
from pzdecl.engine.api.common import ACTIVE, FAILED
from pzdecl.engine.api.operation import Context
from pzdecl.engine.jobs import queue
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.store.rows import Resource


def run_deployment(context: Context, job: Job, control: Control) -> None:
    """Loads the model, so that what can't be served is never switched to; then switches in one transaction."""
    with context.store.read() as reader:
        campaign = reader.get(job.arn)
    if campaign is None:
        raise JobFailed("The campaign was deleted")
    update = pending_update(campaign)
    version = str((update or campaign.body)["solutionVersionArn"])
    try:
        context.models.get(version)
    except (OSError, ValueError, KeyError) as error:
        raise JobFailed(f"The model of {version} can't be loaded: {error}") from error
    control.check()
    with context.store.write() as tx:
        queue.finish(tx, job)
        if update:
            wanted = ("solutionVersionArn", "minProvisionedTPS", "campaignConfig")
            campaign.body.update({key: update[key] for key in wanted if key in update})
            update |= {"status": ACTIVE, "lastUpdatedDateTime": round(time.time(), 3)}
            campaign.parent = version.rpartition("/")[0]
        campaign.body.pop("failureReason", None)
        campaign.status = ACTIVE
        tx.save(campaign)
        catch_up(tx, campaign)  # a version may have been trained meanwhile


def fail_deployment(campaign: Resource, reason: str) -> None:
    """Writes a failure where it belongs: to the update that failed, or to the campaign that never served."""
    update = pending_update(campaign)
    if update:
        update |= {"status": FAILED, "failureReason": reason, "lastUpdatedDateTime": round(time.time(), 3)}
    else:
        campaign.status = FAILED
        campaign.body["failureReason"] = reason


def pending_update(campaign: Resource) -> dict[str, object] | None:
    """The campaign's update, where one is under way."""
    update: dict[str, object] | None = campaign.body.get("latestCampaignUpdate")
    return update if update and update["status"] not in {ACTIVE, FAILED} else None
