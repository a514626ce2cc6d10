"""Exploration: new items among the relevant ones, and the chance that each item had to be shown.

The service's policy is not published; this is Thompson sampling (Chapelle and Li, "An Empirical Evaluation of
Thompson Sampling", NIPS 2011) whose spread is set so that the weight has a plain meaning:

1. Candidates are items not older than the cut-off that the user has not had, and that relevance alone does not
   put into the list of K already.
2. u = 1 / (1 + n / 15) says how little is known of a candidate, n counting its events and the impressions that
   led to nothing. Its score s is taken to be  s + u * max(0, mean of all scores - s):  what was not there for
   most of the training was learned to be unlikely, which is no evidence against it.
3. Each gets a draw from a logistic distribution with that centre and the spread  lambda * sqrt(u).  Draws that
   exceed items of the list take their places; the list loses its last ones.
4. lambda is such that  weight * min(K / 2, sum of u / 2)  candidates are expected above the list's last item.
   So the weight says what share of the places new items get (half of them at 1) as long as there are unknown
   ones; as they become known, exploration ends by itself.

The items of the list do not move, so an item's chance to be in the answer follows from how many candidates lie
above a value: a sum of independent yes-or-no draws. For an item of the list that is one number, for a candidate
an integral over its own draw, taken in cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pzdecl.engine.serving.query import Answer, Event, Exploration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KNOWN = 15
"""Events and ignored impressions that halve the uncertainty; an item of aws-hrnn-coldstart is warm by then."""
MOST = 0.5
"""The share of places that exploration gets at weight 1."""
NEAREST = 0.05
"""Least distance of a candidate from the list, in standard deviations of the scores: equals stay listed."""
CELLS = 32
"""Parts of the integral over a candidate's draw, beside those that the list's scores make."""
ONE_BY_ONE = 64
"""Candidates counted exactly; the number of the others, all unlikely, is Poisson's (Le Cam)."""
CANDIDATES = 2_000
"""Most candidates of one answer; of more, so many are drawn first, each with the same chance."""
DAY = 24 * 60 * 60


class Novelty(NamedTuple):
    """What is known of the items' age and exposure, from the training; all of length N.

    created   int64, seconds
    events    int32
    ignored   int32, impressions that led to nothing
    newest    seconds: the newest event of the data; ages count back from there
    """

    created: NDArray[np.int64]
    events: NDArray[np.int32]
    ignored: NDArray[np.int32]
    newest: int

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]]) -> Novelty:
        """From a model's files: see `pzdecl.engine.training.novelty`."""
        created, events, ignored = (tensors[f"item_{part}"] for part in ("created", "events", "ignored"))
        return cls(created, events, ignored, int(tensors["newest_event"][0]))


def explore(
    relevant: Answer,
    scores: NDArray[np.float64],
    able: NDArray[np.bool_],
    novelty: Novelty,
    settings: Exploration,
    ignored: NDArray[np.int64] | None = None,
) -> Answer:
    """The list with candidates in it, and every item's chance to be in it. At weight 0 it is `relevant` itself.

    relevant  the list by relevance alone, K items
    scores    float64[N], logarithms of chances
    able      bool[N]: what filters let through and the user has not had
    ignored   int64[N]: how often this very user was shown an item and did not take it up
    """
    import numpy as np

    count = len(relevant.items)
    if settings.weight <= 0 or not count:
        return relevant
    young = novelty.newest - novelty.created <= settings.cut_off * DAY
    young &= able
    young[relevant.items] = False
    candidates = np.flatnonzero(young)
    listed = scores[relevant.items]
    if not len(candidates):
        return Answer(relevant.items, relevant.scores, np.ones(count), np.zeros(count, bool))
    random, drawn = np.random.default_rng(settings.seed), 1.0
    if len(candidates) > CANDIDATES:
        drawn = CANDIDATES / len(candidates)
        candidates = random.choice(candidates, CANDIDATES, replace=False)

    seen = novelty.events[candidates].astype(np.int64) + novelty.ignored[candidates]
    unknown = 1 / (1 + (seen if ignored is None else seen + ignored[candidates]) / KNOWN)
    own = scores[candidates]
    centres = own + unknown * np.maximum(scores.mean() - own, 0)
    distances = np.maximum(listed[-1] - centres, NEAREST * scores.std() + 1e-9)
    wanted = settings.weight * min(MOST * count, unknown.sum() / 2)
    spreads = np.sqrt(unknown)
    spreads *= _scale(distances / spreads, wanted)
    centres = listed[-1] - distances

    draws = centres + spreads * random.logistic(size=len(candidates))
    values = np.concatenate((listed, draws))
    order = np.argsort(-values, kind="stable")[:count]
    chosen = order >= count
    chances = np.empty(count)
    stay, come = chances_in_list(listed, centres, spreads, order[chosen] - count)
    chances[~chosen], chances[chosen] = stay[order[~chosen]], come * drawn
    chances = np.clip(chances, np.finfo(float).tiny, 1.0)  # sums of chances end a rounding error beside 1
    items = np.concatenate((relevant.items, candidates))[order].astype(np.int32)
    return Answer(items, np.exp(scores[items]), chances, chosen)


def chances_in_list(
    listed: NDArray[np.float64],
    centres: NDArray[np.float64],
    spreads: NDArray[np.float64],
    asked: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The chance to be among the K highest: of the K established items, and of the candidates `asked`.

    listed   float64[K], falling; centres and spreads float64[C] of the candidates' logistic draws
    """
    import numpy as np

    count = len(listed)
    top = max(float(listed[0]), float((centres + 7 * spreads).max()))
    edges = np.unique(np.concatenate((listed, np.linspace(listed[-1], top, CELLS))))
    values = np.concatenate((listed, (edges[1:] + edges[:-1]) / 2, edges[-1:]))
    single = np.zeros(len(centres), bool)
    single[np.argsort((listed[-1] - centres) / spreads, kind="stable")[:ONE_BY_ONE]] = True
    single[asked] = True
    rest = (part[~single, None].astype(np.float32) for part in (centres, spreads))
    numbers = _poisson(_above(values.astype(np.float32), *rest).sum(0, dtype=float), count)
    single[asked] = False
    for one in _above(values, centres[single, None], spreads[single, None]):
        numbers = _joined(numbers, one)

    everybody, shown = numbers, _above(values, centres[asked, None], spreads[asked, None])
    for one in shown:
        everybody = _joined(everybody, one)
    room = count - 1 - np.arange(count)
    stay = np.cumsum(everybody[:count], 1)[np.arange(count), room]

    cells = np.arange(count, len(values))
    room = count - 1 - (listed[None] > values[cells, None]).sum(1)
    come = np.empty(len(asked))
    for place, candidate in enumerate(asked):
        others = numbers
        for one in np.delete(shown, place, 0):
            others = _joined(others, one)
        beyond = _above(edges, centres[candidate], spreads[candidate])
        mass = beyond - np.append(beyond[1:], 0.0)
        come[place] = mass @ np.cumsum(others[cells], 1)[np.arange(len(cells)), room]
    return stay, come


def ignored_by(events: tuple[Event, ...], items: int) -> NDArray[np.int64] | None:
    """int64[items]: how often each was shown beside what the user took up; None where nothing was."""
    import numpy as np

    shown = [item for event in events for item in event.impressions if item != event.item and item >= 0]
    return np.bincount(shown, minlength=items) if shown else None


def _scale(distances: NDArray[np.float64], wanted: float) -> float:
    """The lambda with which `wanted` of the candidates are expected above the list, by bisection."""
    import numpy as np

    wanted = min(wanted, 0.49 * len(distances))
    low, high = np.log(distances.min()) - 8.0, np.log(distances.max()) + 8.0
    for _ in range(40):
        middle = (low + high) / 2
        if _above(0.0, -distances, np.exp(middle)).sum() < wanted:
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))


def _above(value: Any, centre: Any, spread: Any) -> Any:
    """The chance of a logistic draw to lie above a value."""
    import numpy as np

    found = np.asarray(value - centre)  # the rest happens in place: the tables are large
    found /= spread
    np.minimum(found, 80, out=found)  # 1 / (1 + e^80) is nothing, and nothing overflows
    np.exp(found, out=found)
    found += 1
    return np.reciprocal(found, out=found)


def _poisson(mean: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """float64[G, count]: the chance of 0, 1, ... of means float64[G]."""
    import numpy as np

    steps = np.concatenate((np.exp(-mean)[:, None], mean[:, None] / np.arange(1, count)), 1)
    return np.asarray(np.cumprod(steps, 1))


def _joined(numbers: NDArray[np.float64], chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The number when one more joins with a chance: float64[G, count] and float64[G]."""
    more = numbers * (1 - chance)[:, None]
    more[:, 1:] += numbers[:, :-1] * chance[:, None]
    return more
