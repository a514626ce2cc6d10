"""What another policy would have been worth, from what a policy that explored has logged.

Inverse propensity scores (Horvitz and Thompson, JASA 47, 1952) and their self-normalised form (Swaminathan and
Joachims, "The Self-Normalized Estimator for Counterfactual Learning", NIPS 2015), an item at a time: whether an
item is taken up is held to depend on its being in the list, not on its neighbours there. What another policy
would show has to have had a chance in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Estimate(NamedTuple):
    """The expected reward of a list.

    ips, ips_error      without bias; its standard error
    snips               steadier, with a bias that falls as the log grows
    effective_size      how many logged items of the other policy's own this is worth; where it is small next to
                        the log's, the estimates are a guess
    """

    ips: float
    ips_error: float
    snips: float
    effective_size: float


def evaluate_policy(
    rewards: NDArray[np.float64],
    propensities: NDArray[np.float64],
    other: NDArray[np.float64],
    lists: NDArray[np.int64],
    *,
    clip: float = float("inf"),
) -> Estimate:
    """Of n shown items: what each earned, its chance to be in its list, its chance with the other policy.

    rewards, propensities, other  float64[n]; `other` is 0 or 1 for a policy without chance
    lists                         int64[n], which list each was in, numbered from 0
    clip                          upper bound of the ratio of the two chances: less variance for some bias

    Raises ValueError where there is nothing, or a propensity is not above zero.
    """
    import numpy as np

    if not len(rewards) or not (propensities > 0).all():
        raise ValueError("a log of at least one item is needed, with propensities above zero")
    ratios = np.minimum(other / propensities, clip)
    count = int(lists.max()) + 1
    earned = np.bincount(lists, ratios * rewards, count)
    shown = len(rewards) / count
    total, squares = float(ratios.sum()), float(np.square(ratios).sum())
    return Estimate(
        ips=float(earned.mean()),
        ips_error=float(earned.std(ddof=1) / np.sqrt(count)) if count > 1 else float("nan"),
        snips=float((ratios * rewards).sum() / total * shown) if total else 0.0,
        effective_size=total**2 / squares if squares else 0.0,
    )
