"""personalize-runtime: GetActionRecommendations."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pzdecl.engine.api.exploration import seed_of
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.runtime import RUNTIME, new_recommendation_id, serving_of
from pzdecl.engine.api.selection import Serving, allowed_actions
from pzdecl.engine.data.actions import event_type
from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.events import log
from pzdecl.engine.events.recent import action_interactions, new_events, trained_on_actions
from pzdecl.engine.serving.query import Exploration
from pzdecl.engine.store.shown import Shown

if TYPE_CHECKING:
    from pzdecl.engine.serving.actions import Acted, Catalogue

DEFAULT_RESULTS = 5
MAX_RESULTS = 100
SCORE_DIGITS = 7


@operation("GetActionRecommendations", service=RUNTIME)
def get_action_recommendations(context: Context, params: Params) -> Result:
    """The actions that a user will most likely take, best first; those that expired or wait are left out."""
    for name, what in (("campaignArn", "the campaign"), ("userId", "the user")):
        if not params.get(name):
            raise InvalidInputException(f"{name} is missing: name {what} to ask for actions")
    wanted = params.get("numResults", DEFAULT_RESULTS)
    if wanted > MAX_RESULTS:
        raise InvalidInputException(f"numResults is {wanted}: expected 0 to {MAX_RESULTS}")
    from pzdecl.engine.serving.actions import ActionQuery

    serving = serving_of(context, params)
    if serving.recipe.type != "PERSONALIZED_ACTIONS":
        raise InvalidInputException(
            f"The campaign's recipe, {serving.recipe.name}, does not recommend actions: use "
            "GetRecommendations, or a campaign of aws-next-best-action"
        )
    user, id = params["userId"], new_recommendation_id()
    model = serving.model
    catalogue = _catalogue(context, serving)
    query = ActionQuery(
        user=model.user_ids.find(user),
        count=wanted,
        catalogue=catalogue,
        allowed=allowed_actions(context, serving, params, catalogue.ids),
        events=new_events(context.store, serving.version, model, user),
        acted=_acted(context, serving, user),
        now=context.clock(),
        explore=Exploration(seed=seed_of(id)) if wanted else None,
    )
    answer = _answers(context, serving).recommend(query)
    ids = [catalogue.ids[place] for place in answer.items.tolist()]
    if answer.propensities is not None and answer.explored is not None and ids:
        line = Shown(
            id,
            time.time(),
            serving.campaign.arn,
            serving.version.arn,
            user,
            tuple(ids),
            tuple(answer.propensities.tolist()),
            tuple(answer.explored.tolist()),
        )
        context.shown.append(line)
    scores = answer.scores.tolist() if answer.scores is not None else []
    actions = [
        {"actionId": one, "score": round(float(score), SCORE_DIGITS)}
        for one, score in zip(ids, scores, strict=True)
    ]
    return {"actionList": actions, "recommendationId": id}


def _catalogue(context: Context, serving: Serving) -> Catalogue:
    """The actions as the dataset has them now, those that were just put among them; kept while it stays."""
    table = context.sources.table(context.store, serving.group, "ACTIONS")
    answers = serving.model.answers
    if table is None:  # the dataset was deleted: what was trained goes on being recommended
        trained: Catalogue = answers.trained
        return trained

    def make() -> Any:
        names = [name for name, column in table.columns.items() if name != "ACTION_ID" and not column.textual]
        ids = [table.ids[place] for place in range(len(table))]
        return answers.catalogue(ids, [table.shown(place, names) for place in range(len(table))])

    found: Catalogue = context.models.kept(serving.model, table, make)
    return found


def _acted(context: Context, serving: Serving, user: str) -> tuple[Acted, ...]:
    """What the user did with actions since the training, the oldest first."""
    dataset = action_interactions(serving.group)
    with context.store.read() as reader:
        rows = log.of_user(reader, dataset, user, trained_on_actions(serving.version))
    found = ((row, event_type(row.type)) for row in rows)
    from pzdecl.engine.serving.actions import Acted

    return tuple(Acted(row.item, type, row.at) for row, type in found if type is not None)


def _answers(context: Context, serving: Serving) -> Any:
    """The answers, with how often people met each action since the training: counted now and then."""
    model = serving.model

    def refresh() -> Any:
        return model.answers.counting(_counts(context, serving))

    return context.models.refreshed(model, context.clock(), refresh).answers


def _counts(context: Context, serving: Serving) -> Mapping[str, int]:
    with context.store.read() as reader:
        rows = reader.query(
            "SELECT item, count(*) FROM events WHERE dataset = ? AND id > ? GROUP BY item",
            (action_interactions(serving.group), trained_on_actions(serving.version)),
        )
    return {str(item): int(count) for item, count in rows}
