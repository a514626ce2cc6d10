"""The memory of what usually follows what, and the gate that mixes it with the network.

The gate is fitted on validation users, whom neither the network nor the memory has seen, so both are weighed by
what they are worth for new histories. It is a multinomial logit in the products of a moment's facts and an
item's features (`pzdecl.engine.serving.blend`): few parameters and a convex loss, so Newton's method ends in a
few steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.serving.blend import CONTEXT, FACTS, FEATURES, facts, had_before, remembered

BACKWARD = 0.3
"""Weight of what came before an item beside what followed it: order is partly chance."""
FOLLOWERS = 2000
"""Likeliest followers that the memory keeps of an item."""
SAMPLED = 4096
"""Items that every moment is compared with, beside those it has a reason for; fewer items are all compared."""
MOST_CELLS = 3_000_000
"""Moments x items that are looked at when fitting the gate."""
MOST_MOMENTS = 2000
NEWTON_STEPS = 20
RIDGE = 1e-4


def memory(data: Interactions) -> dict[str, NDArray[Any]]:
    """How often each item was within CONTEXT events of each other, weight 1/gap, rows summing to one.

    Returns `memory_offsets` int64[N + 1], `memory_items` int32, `memory_shares` float32 (a sparse matrix by
    rows), and `memory_mass` float32[N]: the weight behind each row.
    """
    from scipy import sparse

    count = len(data.item_ids)
    total = sparse.csr_matrix((count, count), dtype=np.float32)
    for gap in range(1, min(CONTEXT, len(data) - 1) + 1):
        same = data.users[gap:] == data.users[:-gap]
        before, after = data.items[:-gap][same], data.items[gap:][same]
        weight = np.repeat(np.array([1 / gap, BACKWARD / gap], np.float32), len(before))
        places = np.concatenate((before, after)), np.concatenate((after, before))
        total = total + sparse.csr_matrix((weight, places), shape=(count, count))
    mass = np.asarray(total.sum(1)).ravel().astype(np.float32)
    offsets, items, weights = _likeliest(total.indptr.astype(np.int64), total.indices, total.data)
    shares = weights / np.repeat(np.maximum(mass, 1e-9), np.diff(offsets))
    return {
        "memory_offsets": offsets,
        "memory_items": items.astype(np.int32),
        "memory_shares": shares.astype(np.float32),
        "memory_mass": mass,
    }


def _likeliest(
    offsets: NDArray[np.int64], items: NDArray[Any], weights: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.float32]]:
    """The FOLLOWERS heaviest entries of each row, in the order they had."""
    sizes = np.diff(offsets)
    keep = np.ones(len(items), bool)
    for row in np.flatnonzero(sizes > FOLLOWERS):
        part = slice(offsets[row], offsets[row + 1])
        keep[part] = False
        keep[offsets[row] + np.argpartition(-weights[part], FOLLOWERS)[:FOLLOWERS]] = True
    kept = np.concatenate(([0], np.cumsum(np.minimum(sizes, FOLLOWERS)))).astype(np.int64)
    return kept, items[keep], weights[keep]


class Cells(NamedTuple):
    """n moments, each with the items it is about, side by side.

    features  float32[FEATURES, cells]
    offset    float32[cells], added to the score: the log of how many items a sampled one stands for
    starts    int64[n], where each moment's cells begin
    targets   int64[n], the cell of the item that came
    facts     float64[n, FACTS]
    """

    features: NDArray[np.float32]
    offset: NDArray[np.float32]
    starts: NDArray[np.int64]
    targets: NDArray[np.int64]
    facts: NDArray[np.float64]


def fit_blend(
    tensors: Mapping[str, NDArray[Any]],
    data: Interactions,
    rows: NDArray[np.int64],
    expected: NDArray[np.float32],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """float32[FACTS, COLUMNS]: the gate that makes the validation events `rows` of `data` most likely, and the
    bounds of the facts that they gave.

    expected float32[len(rows), h]: what the network expected before each of them. Some of them are drawn.
    """
    plain = np.zeros((len(FACTS), len(FEATURES)))
    plain[0, 0] = 1
    most = min(MOST_MOMENTS, MOST_CELLS // min(len(data.item_ids), SAMPLED))
    chosen = np.sort(rng.permutation(len(rows))[:most])
    if not len(chosen):
        return np.asarray(np.column_stack((plain, plain[:, :1], plain[:, :1])), np.float32)
    cells = _cells(tensors, data, rows[chosen], expected[chosen], rng)
    middle, spread = cells.facts.mean(0), cells.facts.std(0)
    middle[0], spread[spread < 1e-6] = 0, 1
    gate = _newton(cells._replace(facts=(cells.facts - middle) / spread), plain) / spread[:, None]
    gate[0] -= middle[1:] @ gate[1:]
    return np.asarray(np.column_stack((gate, cells.facts.min(0), cells.facts.max(0))), np.float32)


def _cells(
    tensors: Mapping[str, NDArray[Any]],
    data: Interactions,
    rows: NDArray[np.int64],
    expected: NDArray[np.float32],
    rng: np.random.Generator,
) -> Cells:
    """Of each moment: the items that it has a reason for, and SAMPLED others that stand for the rest."""
    count = len(data.item_ids)
    others = np.sort(rng.permutation(count)[:SAMPLED])
    stand_for = np.float32(np.log(count / len(others)))
    features, offsets, known, starts, targets = [], [], [], [0], []
    for row, state in zip(rows, expected, strict=True):
        past, target = data.items[data.offsets[data.users[row]] : row], data.items[row]
        usual, had = remembered(tensors, past), had_before(past)
        reasons = np.union1d(np.flatnonzero(usual), np.append(had.items, target))
        items = others if len(others) == count else np.union1d(reasons, others)
        one = np.zeros((len(FEATURES), len(items)), np.float32)
        one[0] = tensors["items"][items] @ state + tensors["bias"][items]
        one[1] = usual[items]
        one[2:, np.searchsorted(items, had.items)] = np.ones_like(had.age), had.age, had.times
        offset = np.full(len(items), stand_for)
        offset[np.searchsorted(items, reasons)] = 0
        features.append(one)
        offsets.append(offset)
        known.append(facts(tensors, past))
        targets.append(starts[-1] + int(np.searchsorted(items, target)))
        starts.append(starts[-1] + len(items))
    return Cells(
        np.concatenate(features, 1),
        np.concatenate(offsets),
        np.array(starts[:-1]),
        np.array(targets),
        np.array(known, np.float64),
    )


def _newton(cells: Cells, gate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Newton's method with steps that are halved until the loss falls."""
    loss, chances = _chances(cells, gate)
    for _ in range(NEWTON_STEPS):
        gradient, hessian = _slopes(cells, chances, gate)
        step = np.linalg.solve(hessian, gradient.ravel()).reshape(gate.shape)
        step *= min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-9))
        for _ in range(6):
            new_loss, new_chances = _chances(cells, gate - step)
            if new_loss < loss:
                break
            step /= 2
        if not new_loss < loss - 1e-6:
            break
        gate, loss, chances = gate - step, new_loss, new_chances
    return gate


def _chances(cells: Cells, gate: NDArray[np.float64]) -> tuple[float, NDArray[np.float32]]:
    """The mean loss under a gate, with its ridge, and float32[cells]: the chance of each item in its moment."""
    sizes = np.diff(cells.starts, append=len(cells.offset))
    trust = (cells.facts @ gate).astype(np.float32)
    scores = cells.offset.copy()
    for feature, much in zip(cells.features, trust.T, strict=True):
        scores += feature * np.repeat(much, sizes)
    highest = np.maximum.reduceat(scores, cells.starts)
    reached = (scores[cells.targets] - highest).astype(np.float64)
    scores -= np.repeat(highest, sizes)
    chances = np.exp(scores, out=scores)
    sums = np.add.reduceat(chances, cells.starts, dtype=np.float64)
    chances /= np.repeat(sums.astype(np.float32), sizes)
    return float((np.log(sums) - reached).mean() + RIDGE / 2 * (gate**2).sum()), chances


def _slopes(
    cells: Cells, chances: NDArray[np.float32], gate: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The gradient, shaped as the gate, and the Hessian, a row for each of the gate's numbers."""
    weighed = [chances * feature for feature in cells.features]
    means = np.stack([np.add.reduceat(w, cells.starts, dtype=np.float64) for w in weighed], 1)
    spread = np.empty((len(means), len(FEATURES), len(FEATURES)))
    for a, b in combinations_with_replacement(range(len(FEATURES)), 2):
        both = np.add.reduceat(weighed[a] * cells.features[b], cells.starts, dtype=np.float64)
        spread[:, a, b] = spread[:, b, a] = both - means[:, a] * means[:, b]
    gradient = cells.facts.T @ (means - cells.features[:, cells.targets].T) / len(means) + RIDGE * gate
    hessian = np.einsum("ni,nj,nab->iajb", cells.facts, cells.facts, spread, optimize=True) / len(means)
    return gradient, hessian.reshape(gate.size, gate.size) + RIDGE * np.eye(gate.size)
