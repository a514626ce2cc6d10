"""A trained model, ready to answer: GetRecommendations and GetPersonalizedRanking without filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.engine.serving import hrnn, sims
from pzdecl.engine.serving.files import Ids, read_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCORE_DECIMALS = 7


class ServedModel:
    """Reads a model's folder; several threads may ask it at once, for nothing in it changes."""

    def __init__(self, facts: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> None:
        self.facts = facts
        self.recipe = str(facts["recipe"])
        self.tensors = tensors
        self.user_ids = Ids.unpack("user_ids", tensors)
        self.item_ids = Ids.unpack("item_ids", tensors)

    @classmethod
    def load(cls, folder: Path) -> ServedModel:
        """Maps the model in `folder`. Raises FileNotFoundError where none is complete."""
        return cls(*read_model(folder))

    def get_recommendations(
        self, user_id: str | None = None, item_id: str | None = None, num_results: int = 25
    ) -> list[dict[str, Any]]:
        """Up to `num_results` of `{"itemId", "score"}`, best first; only aws-hrnn gives scores.

        aws-sims answers for `item_id`, the others for `user_id`; what is unknown gets popular items. Raises
        ValueError if the id that the recipe needs is missing.
        """
        if self.recipe == "aws-sims":
            item = self._item(item_id)
            return self._listed(sims.related(self.tensors, item, num_results))
        user = self._user(user_id)
        if self.recipe == "aws-popularity-count":
            return self._listed(self.tensors["popular"][:num_results])
        chances = self._chances(user)
        items = hrnn.best(chances, num_results)
        return self._listed(items, chances[items])

    def get_personalized_ranking(self, user_id: str | None, input_list: Sequence[str]) -> list[dict[str, Any]]:
        """The given items, best for the user first, scores summing to one; unknown items last, without a score.

        Raises ValueError if `user_id` is missing, or for aws-sims, which knows no users.
        """
        import numpy as np

        if self.recipe == "aws-sims":
            raise ValueError("aws-sims does not rank items for a user: use GetRecommendations with an itemId")
        user = self._user(user_id)
        given = list(dict.fromkeys(input_list))
        known = [(one, index) for one in given if (index := self.item_ids.find(one)) is not None]
        unknown = [{"itemId": one} for one in given if self.item_ids.find(one) is None]
        items = np.array([index for _, index in known], np.int32)
        if not len(items):
            return list(unknown)
        if self.recipe == "aws-popularity-count":
            places = np.empty(len(self.item_ids), np.int64)
            places[self.tensors["popular"]] = np.arange(len(self.item_ids))
            return self._listed(items[np.argsort(places[items])]) + unknown
        chances = self._chances(user)[items]
        chances = chances / max(float(chances.sum()), 1e-300)
        order = hrnn.best(chances, len(items))
        return self._listed(items[order], chances[order]) + unknown

    def _chances(self, user: int | None) -> NDArray[np.float64]:
        """float64[N]: the softmax over all items."""
        import numpy as np

        t = self.tensors
        if user is None:
            return np.asarray(t["new_user"], np.float64)
        had = t["seen_items"][t["seen_offsets"][user] : t["seen_offsets"][user + 1]]
        one = slice(user, user + 1)
        return np.asarray(hrnn.softmax(hrnn.blended(t, t["expected"][one], t["context"][one], [had]))[0])

    def _user(self, user_id: str | None) -> int | None:
        if not user_id:
            raise ValueError(f"userId is required for {self.recipe}")
        return self.user_ids.find(user_id)

    def _item(self, item_id: str | None) -> int | None:
        if not item_id:
            raise ValueError(f"itemId is required for {self.recipe}")
        return self.item_ids.find(item_id)

    def _listed(
        self, items: NDArray[np.int32], scores: NDArray[np.float64] | None = None
    ) -> list[dict[str, Any]]:
        ids = [self.item_ids[int(item)] for item in items]
        if scores is None:
            return [{"itemId": one} for one in ids]
        return [
            {"itemId": one, "score": round(float(score), SCORE_DECIMALS)}
            for one, score in zip(ids, scores, strict=True)
        ]
