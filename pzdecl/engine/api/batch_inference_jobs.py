"""BatchInferenceJob: Create, Describe, List. The API deletes none: they go with their solution."""

from __future__ import annotations

from pzdecl.engine.api import exploration
from pzdecl.engine.api.batch import body_of, filter_of, start, version_of
from pzdecl.engine.api.common import describe, given, listing
from pzdecl.engine.api.families import BATCH_INFERENCE_JOB
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.api.themes import THEME_GENERATION, THEMES, check_themes, item_name, mode_of
from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.filters.syntax import CURRENT_ITEM

TYPES = ("USER_PERSONALIZATION", "RELATED_ITEMS", "PERSONALIZED_RANKING")
DEFAULT_RESULTS, MAX_RESULTS = 25, 500
CONFIG = "batchInferenceJobConfig"


@operation("CreateBatchInferenceJob", queues_job=True)
def create_batch_inference_job(context: Context, params: Params) -> Result:
    """Queues recommendations for every line of files of JSON lines."""
    mode = mode_of(params)
    config = params.get(CONFIG) or {}
    body = body_of(context, BATCH_INFERENCE_JOB, params, most=MAX_RESULTS, default=DEFAULT_RESULTS)
    body |= {"batchInferenceJobMode": mode, **given(params, CONFIG, THEMES)}
    with context.store.write() as tx:
        version = version_of(tx, params["solutionVersionArn"])
        recipe = recipe_of(version.body["recipeArn"])
        if recipe.type not in TYPES:
            other = ": use CreateBatchSegmentJob" if recipe.type == "USER_SEGMENTATION" else ""
            raise InvalidInputException(
                f"The recipe of {version.arn}, {recipe.name}, has no batch inference{other}; expected a recipe "
                f"of type {', '.join(TYPES)}"
            )
        problems = [f"{CONFIG}.{problem}" for problem in exploration.problems(config, recipe)]
        if config.get("rankingInfluence"):
            problems.append(f"{CONFIG}.rankingInfluence is of no use to {recipe.name}")
        if problems:
            raise InvalidInputException("; ".join(problems))
        expression = filter_of(tx, params, version, "ItemID")
        if expression and expression.uses(CURRENT_ITEM) and recipe.type != "RELATED_ITEMS":
            raise InvalidInputException(
                f"The filter {params['filterArn']} looks at CurrentItem, and {recipe.name} recommends beside "
                "no item: expected a recipe of type RELATED_ITEMS"
            )
        if mode == THEME_GENERATION:
            check_themes(tx, version, recipe, item_name(body))
        start(tx, BATCH_INFERENCE_JOB, body, version, "infer", params)
    return {"batchInferenceJobArn": body["batchInferenceJobArn"]}


@operation("DescribeBatchInferenceJob")
def describe_batch_inference_job(context: Context, params: Params) -> Result:
    """With the failure's reason, where it failed."""
    return describe(context, BATCH_INFERENCE_JOB, params["batchInferenceJobArn"])


@operation("ListBatchInferenceJobs")
def list_batch_inference_jobs(context: Context, params: Params) -> Result:
    """Of one solution version, or all."""
    parent = params.get("solutionVersionArn")
    return listing(context, BATCH_INFERENCE_JOB, params, parent, "BatchInferenceJobSummary")
