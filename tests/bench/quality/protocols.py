"""What is held back, and how the answers are scored. Every answer ranks the whole catalogue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tests import datasets
from tests.bench.quality.data import Held, by_user, places, read_csv, splits

LIST = 25
"""Answers asked for."""
Scores = dict[str, float]
Relevant = NDArray[np.bool_]
"""bool[U, LIST]: which answers came true."""


def leave_last_out(name: str) -> Held | None:
    """Each user's last event is the truth; fitted to all but the last two, shown all but the last.

    The protocol of the literature on sequential recommendation, without sampled negatives.
    """
    parts = splits(name)
    if parts is None:
        return None
    train, valid, test = parts
    return Held(train, by_user(pa.concat_tables([train, valid])), test)


def newest_tenth(name: str) -> Held | None:
    """The newest tenth of each user's events is the truth: the published test of the service's HRNN."""
    parts = splits(name)
    if parts is None:
        return None
    events = by_user(pa.concat_tables(parts))
    place, length = places(events)
    held = (place + 1) / length > 0.9
    earlier = events.filter(pa.array(~held))
    return Held(earlier, earlier, events.filter(pa.array(held)))


def next_invoice(name: str) -> Held | None:
    """Each customer's last invoice, all of its lines, is the truth. Returns count for nothing."""
    folder = datasets.splits(name)
    if folder is None:
        return None
    events = read_csv(folder.parent.parent / name / "interactions.csv.gz")
    events = events.filter(pc.equal(events["EVENT_TYPE"], "purchase"))
    events = by_user(events.sort_by([("TIMESTAMP", "ascending")]))
    users, invoices = (events[c].combine_chunks().dictionary_encode().indices.to_numpy() for c in _INVOICE)
    starts, ends = np.flatnonzero(np.diff(users, prepend=-1)), np.flatnonzero(np.diff(users, append=-1))
    lengths = ends - starts + 1
    held = invoices == np.repeat(invoices[ends], lengths)
    several = np.repeat(np.add.reduceat((~held).astype(int), starts) > 0, lengths)
    return Held(*(events.filter(pa.array(keep)) for keep in (~held, several & ~held, several & held)))


_INVOICE = ("USER_ID", "INVOICE")


def relevant(lists: NDArray[np.int32], truth: Mapping[int, NDArray[np.int32]]) -> Relevant:
    """Which answers came true; `lists` int32[U, LIST] has a row for each user of `truth`, in its order."""
    return np.array([np.isin(row, items[items >= 0]) for row, items in zip(lists, truth.values(), strict=True)])


def first_hit(found: Relevant) -> Scores:
    """For one true item each: NDCG@10 = 1/log2(rank + 1), and the hit rate (recall)."""
    discount = 1 / np.log2(np.arange(2, 12))
    return {"NDCG@10": float((found[:, :10] * discount).sum(1).mean()), "HR@10": _any(found)}


def as_published(found: Relevant) -> Scores:
    """The formulas of the service's published test: weights 1, 1, 1/log2 3, ...; ideal is the best order of the
    same 25 answers."""
    weights = np.concatenate(([1.0], 1 / np.log2(np.arange(2, LIST + 1))))[:10]
    gained = (found[:, :10] * weights).sum(1)
    ideal = (-np.sort(-found.astype(float), axis=1)[:, :10] * weights).sum(1)
    return {
        "P@5": float(found[:, :5].mean()),
        "NDCG@10": float(np.where(ideal > 0, gained / np.maximum(ideal, 1e-9), 0).mean()),
    }


def several_hits(found: Relevant) -> Scores:
    """For many true items each: precision and hit rate."""
    return {"P@10": float(found[:, :10].mean()), "HR@10": _any(found)}


def _any(found: Relevant) -> float:
    return float(found[:, :10].any(1).mean())
