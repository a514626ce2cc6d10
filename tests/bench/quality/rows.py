"""What is measured: one row for each recipe, data set and protocol, with the least that is accepted.

A new row needs no more than a `Row` here; a new protocol is a function like those of `protocols.py`, or any
`Measure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bench.quality.cold import cold_items
from tests.bench.quality.measure import Measure, ranking
from tests.bench.quality.peer import RATIO, faster_than_gru
from tests.bench.quality.protocols import (
    as_published,
    first_hit,
    leave_last_out,
    newest_tenth,
    next_invoice,
    several_hits,
)

LOO = ranking(leave_last_out, first_hit)
PUBLISHED = ranking(newest_tenth, as_published)
INVOICE = ranking(next_invoice, several_hits)


@dataclass(frozen=True)
class Row:
    """`limits` names the figures that count, each with the least that is accepted: "unseen NDCG@10": .1.

    `title` tells rows of one recipe and data set apart; `seeds` is how many are averaged unless told.
    """

    data: str
    recipe: str
    title: str
    measure: Measure
    limits: Mapping[str, float]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 3


WIDE = {"hidden_dimension": 128}
QUICK = {"hidden_dimension": 72}
"""About as narrow as reaches .165 with every seed."""
COLD = {"hidden_dimension": 64}
TIMES = {"P@5 / random": 3.0, "popularity of the genre P@5 / random": 0.0}
"""A tenth of the items is held out of training, and ranked; the second figure is to compare with."""

ROWS = (
    Row("ml-100k", "aws-hrnn", "leave last out", LOO, {"unseen NDCG@10": 0.108}, {"hidden_dimension": 64}),
    Row("online-retail", "aws-hrnn", "leave last out", LOO, {"all NDCG@10": 0.215}, WIDE),
    Row("online-retail", "aws-hrnn", "next invoice", INVOICE, {"all P@10": 0, "all HR@10": 0}, WIDE),
    Row(
        "ml-1m",
        "aws-hrnn",
        "published test",
        PUBLISHED,
        {"all P@5": 0.130, "all NDCG@10": 0.260, "unseen P@5": 0.200},
        WIDE,
    ),
    Row("ml-1m", "aws-hrnn", "published test, 43 wide", PUBLISHED, {"all P@5": 0.122, "all NDCG@10": 0.248}),
    Row("ml-1m", "aws-hrnn", "leave last out", LOO, {"unseen NDCG@10": 0.175}, WIDE),
    Row("ml-1m", "aws-hrnn", "time to .165 beside a GRU", faster_than_gru, {RATIO: 2.0}, QUICK, seeds=1),
    Row("ml-1m", "aws-user-personalization-v2", "leave last out", LOO, {"unseen NDCG@10": 0.185}, seeds=1),
    Row("ml-100k", "aws-user-personalization-v2", "leave last out", LOO, {"unseen NDCG@10": 0.108}),
    Row("online-retail", "aws-user-personalization-v2", "leave last out", LOO, {"all NDCG@10": 0.215}),
    Row("ml-100k", "aws-hrnn-metadata", "leave last out", LOO, {"unseen NDCG@10": 0.108}),
    Row("ml-100k", "aws-hrnn-coldstart", "a tenth is cold", cold_items(0.1), TIMES, COLD),
    Row("ml-1m", "aws-hrnn-coldstart", "a tenth is cold", cold_items(0.1), TIMES, COLD),
    Row(
        "ml-1m",
        "aws-hrnn-coldstart",
        "half is cold, the published run",
        cold_items(0.5, users=1000),
        {"P@5": 0.162, "P@10": 0.152, "P@25": 0.133, "random": 0.0, "popularity of the genre P@5": 0.0},
        COLD,
        seeds=1,
    ),
)
