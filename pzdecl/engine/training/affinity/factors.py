"""The factors of a segment's score, by a conditional logit.

Of each event of users whom the network did not train on it asks: which of them was it? The chance that it was
user u is softmax over users of factors . features(u, item), so an item's own popularity plays no part and users
become comparable. The loss is convex (McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior",
1974); Newton's method ends in a few steps. A normal prior of spread one around `prior` holds factors of small
data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 25
LONGEST = 2.0
"""No factor moves further in one step."""


def fit_factors(
    features: NDArray[np.float32], counts: NDArray[np.float32], prior: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The k factors that make `counts` most likely.

    features  float32[k, V, M]: of each of V users for each of M questions
    counts    float32[V, M]: how often it was them
    """
    factors = prior.astype(np.float64)
    x, asked = features.astype(np.float64), counts.sum(0).astype(np.float64)
    for _ in range(STEPS):
        scores = np.tensordot(factors, x, 1)
        chances = np.exp(scores - scores.max(0))
        chances *= asked / chances.sum(0)
        gradient = np.tensordot(x, chances - counts, 2) + (factors - prior)
        means = np.einsum("kvm,vm->km", x, chances)
        spread = np.einsum("kvm,lvm,vm->kl", x, x, chances, optimize=True)
        hessian = spread - (means / np.maximum(asked, 1e-9)) @ means.T + np.eye(len(prior))
        step = np.linalg.solve(hessian, gradient)
        factors = factors - step * min(1.0, LONGEST / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-6:
            break
    return factors.astype(np.float32)
