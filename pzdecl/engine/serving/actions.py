"""What aws-next-best-action answers: the actions that a user will most likely take, each with its propensity.

An action has a score when its training knew enough of it (`SCORED`); what has none is listed after those that
have, with the score 0.0, or comes in by exploration (`pzdecl.engine.serving.explore`).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pzdecl.engine.serving.action_features import DAY, Log, Moments, Space, dense, features
from pzdecl.engine.serving.explore import Novelty, explore
from pzdecl.engine.serving.features import Cells, Design
from pzdecl.engine.serving.files import Ids
from pzdecl.engine.serving.query import Answer, Event, Exploration, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCORE_DECIMALS = 3
"""More would tell differences that no training can; of equals the one with the greater VALUE comes first."""
LEAST = 10.0**-SCORE_DECIMALS / 2
NEVER = 2**62
"""When actions without an expiration expire."""
REFRESHED = 600.0
"""Seconds after which everybody's newest events are counted again, for exploration."""


class Acted(NamedTuple):
    """What a user did with an action after the training. `type`: TAKEN, NOT_TAKEN or VIEWED; `at`: seconds."""

    action: str
    type: int
    at: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """M actions as they are now.

    ids      sorted
    codes    int64[M]: their codes in the model; -1 for those that are new since the training
    cells    float32[M, m]: what their metadata says
    value    float64[M]: what each is worth, 0 where nothing says
    expires  int64[M]: seconds, NEVER without an expiration
    repeat   int64[M]: days for which a user who had to do with it is not asked again
    created  int64[M]: seconds, -1 where it is not known
    """

    ids: Sequence[str]
    codes: NDArray[np.int64]
    cells: NDArray[np.float32]
    value: NDArray[np.float64]
    expires: NDArray[np.int64]
    repeat: NDArray[np.int64]
    created: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ActionQuery:
    """One request.

    user       the user's code; None for one whom the training did not know
    count      how many actions at most
    catalogue  the actions as they are now; None: as they were at the training
    allowed    bool[M]: what filters let through; None lets all
    events     what the user did with items after the training, the oldest first
    acted      and with actions
    now        seconds: actions that expired by then are out. None: when the newest trained event was
    explore    None: pure relevance
    """

    user: int | None = None
    count: int = 5
    catalogue: Catalogue | None = None
    allowed: NDArray[np.bool_] | None = None
    events: tuple[Event, ...] = ()
    acted: tuple[Acted, ...] = ()
    now: float | None = None
    explore: Exploration | None = None


class ActionAnswers:
    """Actions for a user, with scores; items are only looked at for what they tell of the user.

    `refresh_seconds` says how old the counts of `counting` may become.
    """

    needs = "user"
    refresh_seconds = REFRESHED

    def __init__(self, stored: Stored) -> None:
        tensors = stored.tensors
        self.action_ids = Ids.unpack("action_ids", tensors)
        self.design = Design.unpack(tensors["features.actions.design"])
        self._tensors = tensors
        self._space = Space(
            tensors["action_base"],
            tensors["action_kin"],
            tensors["item_vectors"],
            float(stored.facts["hyperparameters"]["action_optimization_period"]),
        )
        self._since: Mapping[str, int] = {}
        names = ("codes", "cells", "value", "expires", "repeat", "created")
        codes, *rest = (tensors[f"action_{name}"] for name in names)
        self.trained = Catalogue(self.action_ids, codes, *rest)

    def answer(self, query: Query) -> Answer:
        """Refused: these are no items. Raises ValueError."""
        del query
        raise ValueError("aws-next-best-action recommends actions, not items: use GetActionRecommendations")

    def counting(self, since: Mapping[str, int]) -> ActionAnswers:
        """The same answers, knowing how often people met each action since the training: by its id."""
        fresh = copy.copy(self)
        fresh._since = since
        return fresh

    def catalogue(self, ids: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Catalogue:
        """The actions with sorted `ids`, whose columns `rows` have: numbers may be texts."""
        import numpy as np

        found = [self.action_ids.find(one) for one in ids]
        return Catalogue(
            list(ids),
            np.array([-1 if one is None else one for one in found], np.int64),
            metadata_cells(self.design, rows),
            *rules(rows),
        )

    def recommend(self, query: ActionQuery) -> Answer:
        """Up to `count` places in the catalogue, best first, with propensities as scores."""
        import numpy as np

        now = self._newest(query) if query.now is None else query.now
        catalogue = query.catalogue or self.trained
        known = catalogue.codes >= 0
        chances = self.chances(query, catalogue)
        able = (catalogue.expires > now) & ~self._waiting(query, catalogue, now)
        able[known] &= self._tensors["action_considered"][catalogue.codes[known]]
        if query.allowed is not None:
            able &= query.allowed
        scored = np.zeros(len(able), bool)
        scored[known] = self._tensors["action_scored"][catalogue.codes[known]]
        order = np.lexsort((-catalogue.created, -chances, -catalogue.value))
        others = order[(able & ~scored)[order]]
        order = np.lexsort((-catalogue.value, -chances))
        best = order[(able & scored)[order]][: query.count]
        if len(best) < query.count or query.explore is None:
            listed = np.concatenate((best, others))[: query.count].astype(np.int32)
            return Answer(listed, np.where(scored[listed], chances[listed], 0.0))
        relevant = Answer(best.astype(np.int32), chances[best])
        found = explore(relevant, np.log(chances), able & ~scored, self._novelty(catalogue), query.explore)
        assert found.explored is not None
        assert found.propensities is not None
        last = np.argsort(found.explored, kind="stable")
        listed = found.items[last]
        scores = np.where(found.explored[last], 0.0, chances[listed])
        return Answer(listed, scores, found.propensities[last], found.explored[last])

    def chances(self, query: ActionQuery, catalogue: Catalogue) -> NDArray[np.float64]:
        """float64[M]: the propensity of each action, to SCORE_DECIMALS, at least LEAST."""
        import numpy as np

        tensors, count = self._tensors, len(catalogue.codes)
        moments = Moments(np.zeros(count, np.int64), catalogue.codes, np.full(count, self._newest(query) + 1))
        seen = features(moments, self._acted(query), self._did(query), self._space, self._cells(query, count))
        trained = tensors["action_weights"][catalogue.codes]
        from_metadata = catalogue.cells @ tensors["metadata_weights"]
        weights = np.where((catalogue.codes >= 0)[:, None], trained, from_metadata)
        logits = (seen * weights).sum(1, dtype=np.float64)
        chances = np.round(1 / (1 + np.exp(-np.clip(logits, -30, 30))), SCORE_DECIMALS)
        return np.asarray(np.maximum(chances, LEAST))

    def _newest(self, query: ActionQuery) -> int:
        """When the user's newest event was, or the newest of all that the training knew: ages count from there.

        Not the clock: a model of old data would take everybody for somebody who left long ago.
        """
        newest = [int(self._tensors["newest_event"][0])]
        newest += [event.timestamp for event in query.events[-1:]] + [event.at for event in query.acted[-1:]]
        return max(newest)

    def _part(self, name: str, user: int | None) -> slice:
        if user is None:
            return slice(0, 0)
        offsets = self._tensors[f"{name}_offsets"]
        return slice(int(offsets[user]), int(offsets[user + 1]))

    def _acted(self, query: ActionQuery) -> Log:
        import numpy as np

        part, new = self._part("acted", query.user), query.acted
        found = (self.action_ids.find(event.action) for event in new)
        things = np.array([-1 if code is None else code for code in found], np.int32)
        types = np.array([event.type for event in new], np.int8)
        return _log(
            np.concatenate((self._tensors["acted_actions"][part], things)),
            np.concatenate((self._tensors["acted_times"][part], np.array([e.at for e in new], np.int64))),
            np.concatenate((self._tensors["acted_types"][part].astype(np.int8), types)),
        )

    def _did(self, query: ActionQuery) -> Log:
        import numpy as np

        part, new = self._part("did", query.user), query.events
        things = np.array([event.item for event in new], np.int32)
        times = np.array([event.timestamp for event in new], np.int64)
        return _log(
            np.concatenate((self._tensors["did_items"][part], things)),
            np.concatenate((self._tensors["did_times"][part], times)),
            np.zeros(0, np.int8),
        )

    def _cells(self, query: ActionQuery, count: int) -> NDArray[np.float32]:
        """float32[count, c]: what the Users dataset says of the user, `count` times."""
        import numpy as np

        kept = self._tensors["user_cells"]
        if not len(kept):
            return np.zeros((count, 0), np.float32)
        if query.user is None:
            row = Design.unpack(self._tensors["features.users.design"]).row({})
        else:
            parts = (self._tensors[f"features.users.{part}"] for part in ("offsets", "columns", "weights"))
            row = Cells(*parts).take(np.array([query.user]))
        return np.repeat(dense(row, kept), count, 0)

    def _waiting(self, query: ActionQuery, catalogue: Catalogue, now: float) -> NDArray[np.bool_]:
        """bool[M]: actions with which the user had to do less than REPEAT_FREQUENCY days ago."""
        import numpy as np

        last = np.full(len(self.action_ids) + 1, -1, np.int64)
        part = self._part("acted", query.user)
        np.maximum.at(last, self._tensors["acted_actions"][part], self._tensors["acted_times"][part])
        newest = last[catalogue.codes]  # the code -1 takes the last, which is of none
        later = {event.action: event.at for event in query.acted}
        for place, one in enumerate(catalogue.ids) if later else ():
            newest[place] = max(newest[place], later.get(one, -1))
        return (newest >= 0) & (now < newest + catalogue.repeat * DAY)

    def _novelty(self, catalogue: Catalogue) -> Novelty:
        import numpy as np

        tensors, known = self._tensors, catalogue.codes >= 0
        newest = int(tensors["newest_event"][0])
        met = np.zeros(len(known), np.int32)
        met[known] = tensors["action_events"][catalogue.codes[known]]
        met += np.array([self._since.get(one, 0) for one in catalogue.ids], np.int32)
        first = np.full(len(known), newest, np.int64)
        first[known] = tensors["action_first"][catalogue.codes[known]]
        created = np.where(catalogue.created >= 0, catalogue.created, first)
        return Novelty(created, met, np.zeros(len(known), np.int32), newest)


def metadata_cells(design: Design, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
    """float32[M, 1 + width]: a one for all actions, then the cells of their columns."""
    import numpy as np

    found = np.ones((len(rows), 1 + design.width), np.float32)
    every = np.arange(design.width)
    for place, row in enumerate(rows):
        found[place, 1:] = dense(design.row(row), every)[0]
    return found


def rules(
    rows: Sequence[Mapping[str, Any]],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """VALUE, the expiration, REPEAT_FREQUENCY and CREATION_TIMESTAMP of actions, as `Catalogue` has them."""
    import numpy as np

    def numbers(otherwise: int, *names: str) -> NDArray[np.int64]:
        given = ([row[name] for name in names if row.get(name) is not None] for row in rows)
        return np.array([int(one[0]) if one else otherwise for one in given], np.int64)

    return (
        numbers(0, "VALUE").astype(np.float64),
        numbers(NEVER, "EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP"),
        numbers(0, "REPEAT_FREQUENCY"),
        numbers(-1, "CREATION_TIMESTAMP"),
    )


def _log(things: NDArray[Any], times: NDArray[np.int64], types: NDArray[np.int8]) -> Log:
    """One user's events, sorted by time."""
    import numpy as np

    order = np.argsort(times, kind="stable")
    offsets = np.array([0, len(things)], np.int64)
    return Log(offsets, things[order].astype(np.int32), times[order], types[order] if len(types) else types)
