"""A trained model, ready to answer: GetRecommendations and GetPersonalizedRanking, ids in and ids out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.serving.query import Answer, Answerer, Event, Query, Stored
from pzdecl.engine.serving.segments import Segments
from pzdecl.engine.serving.update import read_stored, with_update

SCORE_DECIMALS = 7
PAGE, BLOCK = 4096, 1 << 26
"""Bytes of which one is looked at where all are to be in memory, and bytes between looks at other things."""


class ServedModel:
    """Reads a model's folder; several threads may ask it at once, for nothing in it changes."""

    def __init__(self, stored: Stored) -> None:
        self.facts = stored.facts
        self.tensors = stored.tensors
        self.recipe = RECIPES[str(stored.facts["recipe"])]
        self.user_ids = stored.user_ids
        self.item_ids = stored.item_ids
        self.answers: Answerer = self.recipe.answerer()(stored)

    @classmethod
    def load(cls, folder: Path, update: str | None = None) -> ServedModel:
        """Maps the model in `folder`, with an update: the name of a file there.

        Raises FileNotFoundError where none is complete, or the update is gone.
        """
        stored = read_stored(folder)
        return cls(with_update(stored, folder / update) if update else stored)

    def prepare(self, check: Callable[[], None] = lambda: None) -> None:
        """Has all that answers are made of in memory, and what comes with the first one behind it.

        check  called now and then; what it raises ends this
        """
        import numpy as np

        for tensor in self.tensors.values():
            data = tensor.reshape(-1).view(np.uint8)
            for start in range(0, len(data), BLOCK):
                check()
                data[start : start + BLOCK : PAGE].max()
        if self.recipe.type not in ("PERSONALIZED_ACTIONS", "USER_SEGMENTATION") and len(self.item_ids):
            user = self.user_ids[0] if len(self.user_ids) else "nobody"
            self.ask(user, self.item_ids[0], 1, Query())

    def get_recommendations(
        self,
        user_id: str | None = None,
        item_id: str | None = None,
        num_results: int = 25,
        query: Query = Query(),  # noqa: B008 - frozen
    ) -> list[dict[str, Any]]:
        """Up to `num_results` of `{"itemId", "score"}`, best first; scores only where the recipe gives them.

        The same as `listed(ask(...))`.
        """
        return self.listed(self.ask(user_id, item_id, num_results, query))

    def ask(
        self,
        user_id: str | None = None,
        item_id: str | None = None,
        num_results: int = 25,
        query: Query = Query(),  # noqa: B008 - frozen
    ) -> Answer:
        """Up to `num_results` items in the model's codes, best first, and how exploration came to them.

        `query` carries the rest of the request: context, filters, new events, exploration. What is unknown gets
        popular items. Raises ValueError if the id that the recipe needs is missing.
        """
        asks = self.recipe.asks
        needed = asks if asks is not None else (self.answers.needs,)
        for id in needed:
            if id and not (user_id if id == "user" else item_id):
                raise ValueError(f"{id}Id is required for {self.recipe.name}")
        return self.answers.answer(self._coded(query, user_id, item_id, num_results))

    def event(
        self,
        item_id: str,
        timestamp: int,
        columns: Mapping[str, str] | None = None,
        impressions: Sequence[str] = (),
    ) -> Event:
        """Something that was done after the training, for `Query.events`, in the model's codes.

        timestamp    seconds
        columns      the event's other columns (EVENT_TYPE, context ...)
        impressions  ids of what was shown when it happened
        """
        codes = [self.item_ids.find(one) for one in (item_id, *impressions)]
        item, *shown = (-1 if code is None else code for code in codes)
        return Event(item, timestamp, columns or {}, tuple(code for code in shown if code >= 0))

    def get_personalized_ranking(
        self,
        user_id: str | None,
        input_list: Sequence[str],
        query: Query = Query(),  # noqa: B008 - frozen
    ) -> list[dict[str, Any]]:
        """The given items, best for the user first, scores summing to one; unknown items last, without a score.

        Raises ValueError if `user_id` is missing, or for a recipe that knows no users.
        """
        import numpy as np

        if self.answers.needs != "user":
            how = " with an itemId" if self.answers.needs == "item" else ""
            raise ValueError(f"{self.recipe.name} does not rank items for a user: use GetRecommendations{how}")
        if not user_id:
            raise ValueError(f"userId is required for {self.recipe.name}")
        given = list(dict.fromkeys(input_list))
        codes = {one: code for one in given if (code := self.item_ids.find(one)) is not None}
        unknown = [{"itemId": one} for one in given if one not in codes]
        if not codes:
            return list(unknown)
        among = np.array(list(codes.values()), np.int32)
        query = self._coded(replace(query, among=among), user_id, None, len(among))
        return self.listed(self.answers.answer(query)) + unknown

    def get_user_segment(self, item_id: str | None, where: str | None, num_results: int = 25) -> list[str]:
        """Up to `num_results` users most likely to take up an item, or items that fit an attribute expression.

        Raises ValueError for a recipe of another type, and where not just what it asks for is given.
        """
        if not isinstance(self.answers, Segments):
            raise ValueError(f"{self.recipe.name} finds no user segments: expected a USER_SEGMENTATION recipe")
        return [self.user_ids[int(user)] for user in self.answers.asked(item_id, where, num_results)]

    def listed(self, answer: Answer) -> list[dict[str, Any]]:
        """An answer in the words of the API."""
        ids = self.item_ids.some(answer.items.tolist())
        if answer.scores is None or not self.recipe.returns_scores:
            return [{"itemId": one} for one in ids]
        return [
            {"itemId": one, "score": round(score, SCORE_DECIMALS)}
            for one, score in zip(ids, answer.scores.tolist(), strict=True)
        ]

    def _coded(self, query: Query, user_id: str | None, item_id: str | None, count: int) -> Query:
        user = self.user_ids.find(user_id) if user_id else None
        item = self.item_ids.find(item_id) if item_id else None
        return replace(query, user=user, item=item, count=count)
