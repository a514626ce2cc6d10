"""BatchSegmentJob: Create, Describe, List. The API deletes none: they go with their solution."""

from __future__ import annotations

from pzdecl.engine.api.batch import body_of, filter_of, start, version_of
from pzdecl.engine.api.common import describe, listing
from pzdecl.engine.api.families import BATCH_SEGMENT_JOB
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.filters.syntax import CURRENT_ITEM, EVENTS

DEFAULT_RESULTS, MAX_RESULTS = 25, 5_000_000


@operation("CreateBatchSegmentJob", queues_job=True)
def create_batch_segment_job(context: Context, params: Params) -> Result:
    """Queues finding the users of every line of files of JSON lines: of an item, or of items' attributes."""
    body = body_of(context, BATCH_SEGMENT_JOB, params, most=MAX_RESULTS, default=DEFAULT_RESULTS)
    with context.store.write() as tx:
        version = version_of(tx, params["solutionVersionArn"])
        recipe = recipe_of(version.body["recipeArn"])
        if recipe.type != "USER_SEGMENTATION":
            raise InvalidInputException(
                f"The recipe of {version.arn}, {recipe.name}, finds no users: expected a recipe of type "
                "USER_SEGMENTATION, or CreateBatchInferenceJob"
            )
        expression = filter_of(tx, params, version, "UserID")
        refused = [CURRENT_ITEM]
        if recipe.name == "aws-item-attribute-affinity":
            refused += EVENTS
        if expression and (found := [one for one in refused if expression.uses(one)]):
            raise InvalidInputException(
                f"The filter {params['filterArn']} looks at {found[0]}, which {recipe.name} can't be asked with"
            )
        start(tx, BATCH_SEGMENT_JOB, body, version, "segment", params)
    return {"batchSegmentJobArn": body["batchSegmentJobArn"]}


@operation("DescribeBatchSegmentJob")
def describe_batch_segment_job(context: Context, params: Params) -> Result:
    """With the failure's reason, where it failed."""
    return describe(context, BATCH_SEGMENT_JOB, params["batchSegmentJobArn"])


@operation("ListBatchSegmentJobs")
def list_batch_segment_jobs(context: Context, params: Params) -> Result:
    """Of one solution version, or all."""
    parent = params.get("solutionVersionArn")
    return listing(context, BATCH_SEGMENT_JOB, params, parent, "BatchSegmentJobSummary")
