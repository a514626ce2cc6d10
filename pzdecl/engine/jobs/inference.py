"""Batch inference jobs: recommendations, related items or rankings for every line."""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pzdecl.engine.api.common import ACTIVE
from pzdecl.engine.api.exploration import exploration
from pzdecl.engine.api.families import SOLUTION_VERSION
from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.api.selection import Serving, allowed_ids, allowed_items
from pzdecl.engine.api.themes import THEME_GENERATION
from pzdecl.engine.errors import ServiceError
from pzdecl.engine.events.live import live_model
from pzdecl.engine.events.recent import new_events
from pzdecl.engine.filters.parser import parse
from pzdecl.engine.filters.syntax import CURRENT_ITEM, CURRENT_USER, EVENTS
from pzdecl.engine.jobs import queue
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.lines import Answer as Answering
from pzdecl.engine.jobs.lines import Asked, Outcome, run_lines
from pzdecl.engine.jobs.queue import Job, JobLost
from pzdecl.engine.jobs.theming import Themed
from pzdecl.engine.jobs.updating import outdated, update_version
from pzdecl.engine.serving.batch import CELLS, MOST, answers
from pzdecl.engine.serving.query import Answer, Query
from pzdecl.engine.store.rows import Resource, Writer

SCORED = ("USER_PERSONALIZATION", "PERSONALIZED_RANKING")
"""Types of recipes whose outputs have scores."""
LONGEST_LIST = 500
"""Items of a list that is to be ranked."""


def run_inference(context: Context, job: Job, control: Control) -> None:
    """Answers the lines, delivers the files, and makes the job ACTIVE.

    The newest version that was trained in full first takes in what is new since, as by an automatic update.
    """
    refresh(context, job, control)
    resource, serving = opened(context, job)
    inference = Inference(context, resource, serving)
    answer: Answering = inference.answer
    most = context.quotas.batch_lines
    if resource.body.get("batchInferenceJobMode") == THEME_GENERATION:
        answer = Themed(context, serving, answer).answer
        most = context.quotas.theme_lines or most
    run_lines(context, resource, control, answer, inference.size, most)
    done(context, job, control, resource)


def refresh(context: Context, job: Job, control: Control) -> None:
    """Updates the job's version where it is outdated. Where that fails, what serves answers."""
    with context.store.read() as reader:
        resource = reader.get(job.arn)
        version = reader.get(resource.body["solutionVersionArn"]) if resource else None
        if version is None or not outdated(reader, version):
            return

    def finish(tx: Writer) -> None:
        if tx.get(job.arn) is None:
            raise JobLost(job.arn)

    try:
        update_version(context, job, version.arn, control, finish)
    except JobFailed as error:
        logging.getLogger(__name__).warning("%s was not updated: %s", version.arn, error)


def opened(context: Context, job: Job) -> tuple[Resource, Serving]:
    """The job and what answers it. Raises JobFailed where its version is gone, or the model is damaged."""
    with context.store.read() as reader:
        resource = reader.get(job.arn)
        version = reader.get(resource.body["solutionVersionArn"]) if resource else None
    if resource is None or version is None or version.type != SOLUTION_VERSION.type:
        raise JobFailed("The solution version was deleted")
    try:
        model = live_model(context, version)
    except (OSError, ValueError, KeyError) as error:
        raise JobFailed(
            f"The model of {version.arn} can't be loaded ({error}): train a new solution version"
        ) from error
    return resource, Serving(recipe_of(version.body["recipeArn"]), resource, version, model)


def done(context: Context, job: Job, control: Control, resource: Resource) -> None:
    """Makes a batch job ACTIVE; its files are where they belong."""
    with context.store.write() as tx:
        queue.finish(tx, job, progress=control.progress)
        resource.status = ACTIVE
        tx.save(resource)
    shutil.rmtree(control.workspace(), ignore_errors=True)


class Inference:
    """Answers lines by one model, many at once."""

    def __init__(self, context: Context, job: Resource, serving: Serving) -> None:
        self._context = context
        self._job = job
        self._serving = serving
        self._model = serving.model
        self._count = int(job.body["numResults"])
        self._config = job.body.get("batchInferenceJobConfig") or {}
        self._mask: tuple[str, Any] | None = None
        self._personal = False
        if "filterArn" in job.body:
            with context.store.read() as reader:
                found = reader.get(job.body["filterArn"])
            if found is None:
                raise JobFailed(f"The filter {job.body['filterArn']} was deleted")
            expression = parse(found.body["filterExpression"])
            self._personal = expression.uses(CURRENT_USER, CURRENT_ITEM, *EVENTS)

    @property
    def size(self) -> int:
        """Lines that are answered at one time."""
        return min(max(CELLS // max(len(self._model.item_ids), 1), 1), MOST)

    def answer(self, lines: Sequence[Asked]) -> list[Outcome]:
        """An outcome for each line."""
        if self._serving.recipe.type == "PERSONALIZED_RANKING":
            return [self._ranked(line) for line in lines]
        outcomes: list[Outcome | None] = []
        queries: list[Query] = []
        for line in lines:
            try:
                queries.append(self._query(line))
                outcomes.append(None)
            except (ValueError, ServiceError) as error:
                outcomes.append(_told(error))
        try:
            found: list[Answer | str] = [*answers(self._model.answers, queries)]
        except ValueError:  # one of them is at fault: the others have their answers all the same
            found = [self._alone(query) for query in queries]
        rest = iter(found)
        return [one if one is not None else self._output(next(rest)) for one in outcomes]

    def _alone(self, query: Query) -> Answer | str:
        try:
            answer: Answer = self._model.answers.answer(query)
        except ValueError as error:
            return str(error)
        return answer

    def _query(self, line: Asked) -> Query:
        of_item = self._model.answers.needs == "item"
        key = "itemId" if of_item else "userId"
        id = _text(line, key)
        params = {key: id}
        seed = f"RID-{uuid.uuid5(uuid.NAMESPACE_URL, f'{self._job.arn} {id}')}"
        return Query(
            user=None if of_item else self._model.user_ids.find(id),
            item=self._model.item_ids.find(id) if of_item else None,
            count=self._count,
            allowed=self._allowed(line, params),
            context=_context(line),
            events=new_events(self._context.store, self._serving.version, self._model, params.get("userId")),
            explore=exploration(self._config, self._serving.recipe, seed),
        )

    def _allowed(self, line: Asked, params: Mapping[str, Any]) -> Any:
        given = self._given(line)
        key = repr(sorted(given.get("filterValues", {}).items()))
        if not self._personal and self._mask is not None and self._mask[0] == key:
            return self._mask[1]
        mask = allowed_items(self._context, self._serving, params, given)
        self._mask = key, mask
        return mask

    def _given(self, line: Asked) -> dict[str, Any]:
        """The filter in the words of a runtime request."""
        given = {"filterArn": self._job.body["filterArn"]} if "filterArn" in self._job.body else {}
        values = line.get("filterValues")
        if values is None:
            return given
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise ValueError('filterValues is no map of texts: expected an object such as {"GENRE": "\\"a\\""}')
        return {**given, "filterValues": values}

    def _ranked(self, line: Asked) -> Outcome:
        try:
            user, listed = _text(line, "userId"), line.get("itemList")
            if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
                return 'itemList is missing or no list of texts: expected "itemList": ["1", "2"]'
            if len(listed) > LONGEST_LIST:
                return f"itemList has {len(listed)} items: expected at most {LONGEST_LIST}"
            items = allowed_ids(self._context, self._serving, {"userId": user, **self._given(line)}, listed)
            events = new_events(self._context.store, self._serving.version, self._model, user)
            query = Query(context=_context(line), events=events)
            ranked = self._model.get_personalized_ranking(user, items, query)
        except (ValueError, ServiceError) as error:
            return _told(error)
        return {
            "recommendedItems": [one["itemId"] for one in ranked],
            "scores": [one.get("score", 0.0) for one in ranked],
        }

    def _output(self, answer: Answer | str) -> Outcome:
        if isinstance(answer, str):
            return answer
        listed = self._model.listed(answer)
        output: dict[str, Any] = {"recommendedItems": [one["itemId"] for one in listed]}
        if answer.scores is not None and self._serving.recipe.type in SCORED:
            output["scores"] = [one["score"] for one in listed]
        return output


def _text(line: Asked, key: str) -> str:
    value = line.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f'{key} is missing or no text: expected a line such as {{"{key}": "1"}}')
    return value


def _context(line: Asked) -> Mapping[str, str]:
    found = line.get("context") or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError('context is no map of texts: expected an object such as {"DEVICE": "phone"}')
    return found


def _told(error: ValueError | ServiceError) -> str:
    return error.message if isinstance(error, ServiceError) else str(error)
