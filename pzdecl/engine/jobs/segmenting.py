"""Batch segment jobs: the users of every line's item, or of items with a line's attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.selection import Serving
from pzdecl.engine.filters.parser import parse
from pzdecl.engine.filters.values import ValueProblem, bind
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.inference import done, opened
from pzdecl.engine.jobs.lines import Asked, Outcome, run_lines
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.store.rows import Resource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEYS = {"aws-item-affinity": "itemId", "aws-item-attribute-affinity": "itemAttributes"}


def run_segments(context: Context, job: Job, control: Control) -> None:
    """Answers the lines, delivers the files, and makes the job ACTIVE."""
    resource, serving = opened(context, job)
    segments = Segmentation(context, resource, serving)
    quotas = context.quotas
    most = quotas.segment_lines.get(serving.recipe.name, quotas.batch_lines)
    run_lines(context, resource, control, segments.answer, 1, most)
    done(context, job, control, resource)


class Segmentation:
    """Answers lines by one model. All users are scored for each, so one at a time."""

    def __init__(self, context: Context, job: Resource, serving: Serving) -> None:
        self._context = context
        self._job = job
        self._serving = serving
        self._key = KEYS[serving.recipe.name]
        self._size = int(job.body["numResults"])

    def answer(self, lines: Sequence[Asked]) -> list[Outcome]:
        """An outcome for each line."""
        return [self._one(line) for line in lines]

    def _one(self, line: Asked) -> Outcome:
        value = line.get(self._key)
        if not isinstance(value, str) or not value:
            return f'{self._key} is missing or no text: expected a line such as {{"{self._key}": "..."}}'
        item, where = (value, None) if self._key == "itemId" else (None, value)
        model = self._serving.model
        try:
            allowed = self._allowed(line, item)
            users = model.answers.asked(item, where, self._size if allowed is None else len(model.user_ids))
        except ValueError as error:
            return str(error)
        if allowed is not None:
            users = users[allowed[users]][: self._size]
        return {"usersList": [model.user_ids[user] for user in users.tolist()]}

    def _allowed(self, line: Asked, item: str | None) -> NDArray[np.bool_] | None:
        """bool[U]: the users whom the job's filter lets through; None without one. Raises ValueError."""
        if "filterArn" not in self._job.body:
            return None
        from pzdecl.engine.filters.evaluate import allowed

        with self._context.store.read() as reader:
            found = reader.get(self._job.body["filterArn"])
        if found is None:
            raise JobFailed(f"The filter {self._job.body['filterArn']} was deleted")
        expression = parse(found.body["filterExpression"])
        values = line.get("filterValues") or {}
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise ValueError("filterValues is no map of texts")
        serving, sources = self._serving, self._context.sources
        try:
            bound = bind(expression, values)
            known = sources.known(self._context.store, serving.group, expression, None, item)
            users = sources.catalogue(f"{serving.version.arn} users", serving.model.user_ids)
            return allowed(expression, users, known, bound)
        except ValueProblem as error:
            raise ValueError(str(error)) from error
