"""Logistic regression for many actions at once, each with weights of its own that begin at what is shared.

    chance(taken) = 1 / (1 + exp(-w_a . x)),    w_a = c_a G + d_a

x are the features of user, action and moment, c_a a one and the cells of the action's metadata. G says what
holds for all actions and for those with the same metadata, d_a what is peculiar to one: both are drawn to zero,
so an action with few events behaves as its metadata suggest, and one without any entirely so. It is a
multilevel model (A. Gelman and J. Hill, "Data Analysis Using Regression and Multilevel/Hierarchical Models",
2007, chapter 13) by its most likely parameters. The loss is convex: there is one solution, whatever the
machine. As the base rate and the actions' own levels are (nearly) free, the chances are calibrated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.5
"""How strongly an action's own level is drawn to that of its metadata, at most: a spread of 1.4 logits."""
FREE = 1e-4
"""How strongly the base rate is: hardly."""
LEAST = 0.1
STEPS = 30
TOLERANCE = 1e-5
"""Newton's steps (each solved by conjugate gradients) end when weights move no further on average."""


class Standard(NamedTuple):
    """Features are drawn alike as (x - centre) / scale; float64[d] each, 0 and 1 for the first."""

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]


class Weights(NamedTuple):
    """float64[m, d] and float64[A, d], over the features as they are: see above for G and d_a."""

    shared: NDArray[np.float64]
    own: NDArray[np.float64]

    def of(self, cells: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64[A, d]: w of each action, of cells float32[A, m]."""
        return np.asarray(cells @ self.shared + self.own)


def fit_weights(
    x: NDArray[np.float32],
    actions: NDArray[np.int64],
    taken: NDArray[np.bool_],
    weights: NDArray[np.float64],
    cells: NDArray[np.float32],
    units: Standard,
    strength: float,
    alive: Callable[[], None],
    start: Weights | None = None,
) -> Weights:
    """The most likely weights.

    x         float32[n, d]; the first column is one
    actions   int64[n], codes of A actions
    weights   float64[n]: how much each row counts
    cells     float32[A, m]; the first column is one
    units     how features are drawn alike: see `standard`
    strength  how strongly weights are drawn to zero
    alive     is called at every step
    """
    from scipy.optimize import minimize

    order = np.argsort(actions, kind="stable")
    x = ((x[order] - units.centre) / units.scale).astype(np.float32)
    taken, weights = taken[order], weights[order]
    bounds = np.searchsorted(actions[order], np.arange(len(cells) + 1))
    (count, width), m = (len(cells), x.shape[1]), cells.shape[1]
    wide = cells.astype(np.float64)
    pull_shared = np.full((m, width), strength)
    pull_own = np.full((count, width), 2 * strength)
    pull_shared[:, 0] = pull_own[:, 0] = min(strength, LEVEL)
    pull_shared[0, 0] = FREE
    parts = [slice(a, b) for a, b in pairwise(bounds.tolist())]
    signs, size = np.where(taken, 1.0, -1.0), m * width

    def apart(flat: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return flat[:size].reshape(m, width), flat[size:].reshape(count, width)

    def scores(shared: NDArray[np.float64], own: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[n]: of each row its action's weights times the features."""
        w = (wide @ shared + own).astype(np.float32)
        return np.concatenate([x[part] @ w[action] for action, part in enumerate(parts)]).astype(np.float64)

    def slopes(
        rows: NDArray[np.float64], shared: NDArray[np.float64], own: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What `rows` float64[n] come to for each weight, and the pull to zero."""
        thin = rows.astype(np.float32)
        slope = np.stack([thin[part] @ x[part] for part in parts]).astype(np.float64)
        return np.concatenate(
            ((wide.T @ slope + pull_shared * shared).ravel(), (slope + pull_own * own).ravel())
        )

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        alive()
        shared, own = apart(flat)
        margin = signs * scores(shared, own)
        total = 0.5 * float((pull_shared * shared**2).sum() + (pull_own * own**2).sum())
        total += float(weights @ np.logaddexp(0, -margin))
        return total, slopes(-weights * signs * _sigmoid(-margin), shared, own)

    def curvature(flat: NDArray[np.float64], along: NDArray[np.float64]) -> NDArray[np.float64]:
        """The second derivative times a direction."""
        chances = _sigmoid(scores(*apart(flat)))
        ahead = apart(along)
        return slopes(weights * chances * (1 - chances) * scores(*ahead), *ahead)

    first = np.zeros(size + count * width)
    if start is not None:
        first = np.concatenate([_inside(one, units).ravel() for one in start])
    options = {"maxiter": STEPS, "xtol": TOLERANCE}
    found = minimize(loss, first, method="Newton-CG", jac=True, hessp=curvature, options=options).x
    return Weights(*(_outside(one, units) for one in apart(found)))


def _inside(weights: NDArray[np.float64], units: Standard) -> NDArray[np.float64]:
    """float64[k, d] over the features as they are, as weights over the standard ones."""
    found = weights * units.scale
    found[:, 0] += weights @ units.centre
    return found


def _outside(weights: NDArray[np.float64], units: Standard) -> NDArray[np.float64]:
    """The other way round."""
    found = weights / units.scale
    found[:, 0] -= found @ units.centre
    return found


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -50, 50))))


def standard(x: NDArray[np.float32], alike: Sequence[slice]) -> Standard:
    """Of float32[n, d]. The columns of each slice in `alike` are one thing, and keep their proportions.

    No spread is taken to be less than LEAST: what hardly varies in training says nothing, and must not say a
    lot of somebody in whom it is otherwise.
    """
    centre, spread = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64)
    for part in alike:
        spread[part] = np.sqrt(np.mean(spread[part] ** 2)) if part.start < part.stop else spread[part]
    centre[0], spread[0] = 0.0, 1.0
    return Standard(centre, np.maximum(spread, LEAST))
