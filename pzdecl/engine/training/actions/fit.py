"""Fits aws-next-best-action: the features' spaces, then the weights, whose strength validation users choose."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.actions import TAKEN, Actions
from pzdecl.engine.data.tables import Table
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.serving.action_features import BASIC, DAY, NEWEST, Moments, Space, dense, features
from pzdecl.engine.serving.actions import metadata_cells, rules
from pzdecl.engine.serving.features import Cells, Design
from pzdecl.engine.serving.files import Ids
from pzdecl.engine.training.actions.episodes import Episodes, episodes
from pzdecl.engine.training.actions.logistic import Weights, fit_weights, standard
from pzdecl.engine.training.actions.spaces import logs, space
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.features.design import cells_of, side_design
from pzdecl.engine.training.model import Job

MOST_ACTIONS = 1000
"""Actions that are considered, as in the service: new ones first, then those with the newest events."""
MOST_EPISODES = 500_000
"""The newest count."""
MOST_CELLS = 64
"""Of what the Users dataset says, the most frequent."""
SCORED, WINDOW = 50, 6 * 7 * DAY
"""An action has a score with so many takings, and as many other events, in the newest six weeks: as in the
service."""
STRENGTHS, USUAL = (300.0, 100.0, 30.0, 10.0, 3.0), 10.0
SHARE = 10
"""One training user in so many validates."""
UNLEARNED = frozenset(
    {"VALUE", "CREATION_TIMESTAMP", "EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP", "REPEAT_FREQUENCY"}
)
"""Columns that are rules, not features."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Episodes with their features, float32[n, d]."""

    episodes: Episodes
    x: NDArray[np.float32]


class ActionModel:
    """A fitted model: `chances` of moments, `threshold` above which a taking is foretold.

    design     of the actions' metadata; `cells` float32[A, m] are the actions' own
    strength   of the weights, chosen by validation users
    """

    def __init__(self, data: TrainingData, job: Job) -> None:
        self.job = job
        self.period = int(job.parameters["action_optimization_period"])
        actions = _actions(data)
        learned = _learned(actions.table)
        self.design = side_design(learned)
        self.cells = metadata_cells(self.design, _rows(learned, self.design))
        self.considered = considered(actions)
        self.users = side_design(data.users)
        self.kept = _frequent(data.users, self.users)
        self.strength = USUAL
        self.threshold = 0.5
        self.space: Space
        self.weights: Weights

    def fit(self, data: TrainingData) -> None:
        """Chooses strength and threshold by validation users, then learns from everybody in `data`."""
        actions = _actions(data)
        validating = _drawn(actions.events.user_ids, f"validation:{self.job.seed}", SHARE)
        self._learn(of_users(data, ~validating))
        held = self.seen(data, episodes(actions.of_users(validating), self.period))
        own = self.seen(data, episodes(actions.of_users(~validating), self.period))
        if len(held.episodes) and len(own.episodes):
            self._choose(own, held)
        self.learn(data)

    def learn(self, data: TrainingData) -> None:
        """From everybody in `data`, with the strength that was chosen."""
        self._learn(data)
        found = self.seen(data, episodes(_actions(data), self.period))
        self.weights = self._fitted(found, self.strength)

    def chances(self, data: TrainingData, moments: Moments) -> NDArray[np.float64]:
        """float64[n]: propensities, from what was known at each moment."""
        x = self._features(data, moments)
        return _sigmoid((x * self.weights.of(self.cells)[moments.actions]).sum(1, dtype=np.float64))

    def seen(self, data: TrainingData, found: Episodes) -> Seen:
        """Episodes of considered actions, the newest, with their features."""
        found = found.select(self.considered[found.moments.actions])
        if len(found) > MOST_EPISODES:
            since = np.sort(found.moments.times)[-MOST_EPISODES]
            found = found.select(found.moments.times >= since)
        return Seen(found, self._features(data, found.moments))

    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """Learns from all of `data`; the tensors that `pzdecl.engine.serving.actions` reads."""
        actions, events = _actions(data), data.interactions
        self.considered = considered(actions)
        self.learn(data)
        acted = actions.events
        count = len(actions.ids)
        first = np.full(count, max(acted.timestamps.max(initial=0), events.timestamps.max(initial=0)), np.int64)
        newest = first[:1].copy() if count else np.zeros(1, np.int64)
        np.minimum.at(first, acted.items, acted.timestamps)
        value, expires, repeat, created = rules(_rows(actions.table, None))
        weights = self.weights.of(self.cells).astype(np.float32)
        did = _newest_events(events.offsets)
        tensors = {
            **Ids.pack("action_ids", actions.ids),
            "action_codes": np.arange(count, dtype=np.int64),
            "action_cells": self.cells,
            "action_value": value,
            "action_expires": expires,
            "action_repeat": repeat,
            "action_created": created,
            "action_considered": self.considered,
            "action_scored": scored(actions) & self.considered,
            "action_events": np.bincount(acted.items, minlength=count).astype(np.int32),
            "action_first": first,
            "action_base": self.space.base,
            "action_kin": self.space.kin,
            "action_weights": weights,
            "metadata_weights": self.weights.shared.astype(np.float32),
            "item_vectors": self.space.items,
            "features.actions.design": self.design.pack(),
            "newest_event": newest,
            "acted_offsets": acted.offsets,
            "acted_actions": acted.items,
            "acted_times": acted.timestamps,
            "acted_types": actions.types.astype(np.uint8),
            "did_offsets": _offsets(events.users[did], len(events.user_ids)),
            "did_items": events.items[did],
            "did_times": events.timestamps[did],
            "user_cells": self.kept,
        }
        if len(self.kept):
            cells = self._user_cells(data)
            parts: dict[str, NDArray[Any]] = {
                "offsets": cells.offsets,
                "columns": cells.columns,
                "weights": cells.weights,
            }
            tensors |= {f"features.users.{name}": part for name, part in parts.items()}
            tensors["features.users.design"] = self.users.pack()
        return tensors

    def _learn(self, data: TrainingData) -> None:
        """What features are made of."""
        self.space = space(data, self.period, self.job.seed, self._alive)
        width = BASIC + self.space.kin.shape[1] + self.space.items.shape[1] + len(self.kept)
        shape = self.cells.shape
        self.weights = Weights(np.zeros((shape[1], width)), np.zeros((shape[0], width)))

    def _choose(self, own: Seen, held: Seen) -> None:
        """The strength with the least loss of validation users, and the threshold with their best F1.

        Another strength than USUAL is only taken where it is clearly better: by more than the standard error of
        the difference.
        """
        of, start = held.episodes, None
        losses, chances = {}, {}
        for number, strength in enumerate(STRENGTHS):
            start = self._fitted(own, strength, start)
            w = start.of(self.cells)[of.moments.actions]
            chances[strength] = _sigmoid((held.x * w).sum(1, dtype=np.float64))
            right = np.where(of.taken, chances[strength], 1 - chances[strength])
            losses[strength] = -of.weights * np.log(right)
            self.job.report(Progress("trials", number + 1, len(STRENGTHS)))
        best = min(STRENGTHS, key=lambda strength: float(losses[strength].sum()))
        better = losses[USUAL] - losses[best]
        clear = better.sum() > better.std() * np.sqrt(len(better))
        self.strength = best if clear else USUAL
        self.threshold = best_threshold(chances[self.strength], of.taken)

    def _fitted(self, found: Seen, strength: float, start: Weights | None = None) -> Weights:
        if not len(found.episodes):
            return self.weights
        of, kin = found.episodes, BASIC + self.space.kin.shape[1]
        alike = (slice(BASIC, kin), slice(kin, kin + self.space.items.shape[1]))
        return fit_weights(
            found.x,
            of.moments.actions,
            of.taken,
            of.weights,
            self.cells,
            standard(found.x, alike),
            strength,
            self._alive,
            start,
        )

    def _features(self, data: TrainingData, moments: Moments) -> NDArray[np.float32]:
        acted, did = logs(data)
        cells = np.zeros((len(moments.users), 0), np.float32)
        if len(self.kept):
            cells = dense(self._user_cells(data).take(moments.users), self.kept)
        return features(moments, acted, did, self.space, cells)

    def _user_cells(self, data: TrainingData) -> Cells:
        assert data.users is not None
        return cells_of(self.users, data.users.rows)

    def _alive(self) -> None:
        if self.job.cancelled():
            raise TrainingCancelled


def fit_actions(data: TrainingData, job: Job) -> ActionModel:
    """Fits to everybody in `data`."""
    model = ActionModel(data, job)
    model.fit(data)
    return model


def of_users(data: TrainingData, chosen: NDArray[np.bool_]) -> TrainingData:
    """The same with the events of the users where `chosen` (bool[U]) is true."""
    events, actions = data.interactions.of_users(chosen), _actions(data).of_users(chosen)
    return TrainingData(events, data.items, data.users, actions)


def considered(actions: Actions) -> NDArray[np.bool_]:
    """bool[A]: at most MOST_ACTIONS; those without events first, then those with the newest ones."""
    newest = np.full(len(actions.ids), np.iinfo(np.int64).max)
    newest[np.unique(actions.events.items)] = 0
    np.maximum.at(newest, actions.events.items, actions.events.timestamps)
    found = np.zeros(len(newest), bool)
    found[np.argsort(-newest, kind="stable")[:MOST_ACTIONS]] = True
    return found


def scored(actions: Actions) -> NDArray[np.bool_]:
    """bool[A]: of which enough is known for a score."""
    events, count = actions.events, len(actions.ids)
    recent = events.timestamps >= events.timestamps.max(initial=0) - WINDOW
    taken = actions.types == TAKEN
    takings, others = (np.bincount(events.items[recent & which], minlength=count) for which in (taken, ~taken))
    return np.asarray((takings >= SCORED) & (others >= SCORED))


def best_threshold(chances: NDArray[np.float64], taken: NDArray[np.bool_]) -> float:
    """The chance from which on to foretell a taking, for the best F1; 0.5 where nothing was taken."""
    if not taken.any():
        return 0.5
    order = np.argsort(-chances, kind="stable")
    right = np.cumsum(taken[order])
    found = 2 * right / (np.arange(1, len(order) + 1) + taken.sum())
    ends = np.append(np.diff(chances[order]) != 0, True)  # equals are foretold together
    return float(chances[order][np.argmax(np.where(ends, found, -1.0))])


def drawn_users(user_ids: Any, seed: int, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[U]: one user in ten of those `among` whom to test; at least one, where there are any."""
    marks = np.array([zlib.crc32(f"{seed}:{one}".encode()) for one in user_ids], np.int64)
    able = np.flatnonzero(among)
    found = np.zeros(len(among), bool)
    found[able[np.argsort(marks[able], kind="stable")[: max(1, len(able) // SHARE)]]] = True
    return found


def _drawn(user_ids: Any, seed: str, share: int) -> NDArray[np.bool_]:
    """bool[U]: one user in `share`, by a hash of the id."""
    marks = (zlib.crc32(f"{seed}:{one}".encode()) % share == 0 for one in user_ids)
    return np.fromiter(marks, bool, len(user_ids))


def _actions(data: TrainingData) -> Actions:
    assert data.actions is not None
    return data.actions


def _learned(table: Table) -> Table:
    """The columns of actions that say what they are. TYPE does so whether it is categorical or not."""
    names = [name for name in table.rows.column_names if name not in UNLEARNED]
    kinds = {name: "categorical" if name == "TYPE" else table.kinds[name] for name in names}
    return Table(table.rows.select(names), kinds, table.known, table.unlisted)


def _rows(table: Table, design: Design | None) -> list[dict[str, Any]]:
    names = table.rows.column_names if design is None else [column.name for column in design.columns]
    if not names:
        return [{} for _ in range(len(table.known))]
    rows: list[dict[str, Any]] = table.rows.select(names).to_pylist()
    return rows


def _frequent(table: Table | None, design: Design) -> NDArray[np.int64]:
    """int64[c], rising: the cells that most users have."""
    if table is None or not design.width:
        return np.zeros(0, np.int64)
    counts = np.bincount(cells_of(design, table.rows).columns, minlength=design.width)
    order = np.argsort(-counts, kind="stable")[:MOST_CELLS]
    return np.sort(order[counts[order] > 0])


def _newest_events(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of each user's newest events with items."""
    places = np.arange(offsets[-1])
    until_end = np.repeat(offsets[1:], np.diff(offsets)) - places
    return places[until_end <= NEWEST]


def _offsets(users: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(np.bincount(users, minlength=count)))).astype(np.int64)


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))))
