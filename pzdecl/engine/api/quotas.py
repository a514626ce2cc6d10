"""Quotas: how much there may be of everything. None unless the engine is opened with `quotas="aws"`.

The figures are the defaults of an account of Amazon Personalize; those that AWS raises on request are marked
adjustable in docs/reference/quotas.md. What has no bounds to be chosen (names, filters' fields, columns of
schemas, sizes of events) is checked always, where it belongs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from pzdecl.engine.api.throttle import Rates
from pzdecl.engine.errors import LimitExceededException
from pzdecl.engine.filters.parser import parse
from pzdecl.engine.filters.syntax import ExpressionError
from pzdecl.engine.store.rows import Reader, Resource

Name = Literal["none", "aws"]
NAMES: tuple[Name, ...] = ("none", "aws")
GONE = ("CREATE FAILED", "CREATE STOPPED")
"""Statuses in which a resource takes up no place."""
PENDING = ("CREATE PENDING", "CREATE IN_PROGRESS", "PENDING", "IN_PROGRESS")
WORDS = {"INTERACTIONS": "interactions", "ITEMS": "items", "USERS": "users", "ACTIONS": "actions",
         "ACTION_INTERACTIONS": "action interactions"}  # fmt: skip
GIB = 1024**3

Figures = Mapping[str, int]
"""By the type of a resource (the word of its ARN), or of a dataset."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """Each part empty or None: no such limit.

    in_account     resources of a type
    in_group       resources of a type in a dataset group
    pending        jobs of a type that wait or are at work
    pending_in_group
                   the same in a dataset group
    filter_fields  different fields that all filters of a group use
    rows           rows of a type of dataset that a training takes; `rows_of` has those of single recipes
    import_bytes   of an import, by its importMode
    batch_files, batch_bytes, batch_lines
                   of a batch job's input; lines are those of one file
    segment_lines  of a batch segment job's file, by the name of the recipe
    theme_lines    of a file whose answers have themes
    sources        different event attribution sources of a metric attribution
    rates          requests a second
    """

    in_account: Figures = field(default_factory=dict)
    in_group: Figures = field(default_factory=dict)
    pending: Figures = field(default_factory=dict)
    pending_in_group: Figures = field(default_factory=dict)
    filter_fields: int | None = None
    rows: Figures = field(default_factory=dict)
    rows_of: Mapping[str, Figures] = field(default_factory=dict)
    import_bytes: Figures = field(default_factory=dict)
    batch_files: int | None = None
    batch_bytes: int | None = None
    batch_lines: int | None = None
    segment_lines: Mapping[str, int] = field(default_factory=dict)
    theme_lines: int | None = None
    sources: int | None = None
    rates: Rates = field(default_factory=Rates)

    def rows_for(self, recipe: str, dataset_type: str) -> int | None:
        """How many rows of a type of dataset a training of a recipe takes."""
        return {**self.rows, **self.rows_of.get(recipe, {})}.get(dataset_type)


NONE = Quotas()
_LARGE = {"ITEMS": 5_000_000, "INTERACTIONS": 3_000_000_000}
AWS = Quotas(
    in_account={"schema": 500, "dataset-group": 5},
    in_group={"solution": 10, "campaign": 5, "recommender": 5, "filter": 30},
    pending={
        "dataset-import-job": 5,
        "batch-inference-job": 5,
        "batch-segment-job": 5,
        "solution-version": 20,
    },
    pending_in_group={"data-deletion-job": 5},
    filter_fields=20,
    rows={"INTERACTIONS": 500_000_000, "ITEMS": 750_000, "ACTIONS": 1000, "ACTION_INTERACTIONS": 500_000_000},
    rows_of={
        "aws-user-personalization-v2": _LARGE,
        "aws-personalized-ranking-v2": _LARGE,
        "aws-semantic-similarity": {"ITEMS": 10_000_000},
    },
    import_bytes={"FULL": 100 * GIB, "INCREMENTAL": GIB},
    batch_files=1000,
    batch_bytes=GIB,
    batch_lines=50_000_000,
    segment_lines={"aws-item-affinity": 500, "aws-item-attribute-affinity": 10},
    theme_lines=100,
    sources=100,
    rates=Rates(
        each={
            "put_events": ("trackingId", 1000.0),
            "put_action_interactions": ("trackingId", 1000.0),
            "put_items": ("datasetArn", 10.0),
            "put_users": ("datasetArn", 10.0),
            "put_actions": ("datasetArn", 10.0),
            "get_recommendations": ("campaignArn", 500.0),
            "get_personalized_ranking": ("campaignArn", 500.0),
            "get_action_recommendations": ("campaignArn", 500.0),
        },
        runtime=2500.0,
    ),
)
BY_NAME: Mapping[str, Quotas] = {"none": NONE, "aws": AWS}

_IN_FORCE: ContextVar[Quotas] = ContextVar("quotas", default=NONE)


@contextlib.contextmanager
def in_force(quotas: Quotas) -> Iterator[None]:
    """While a client's operation is performed. What the engine begins by itself is not held to quotas."""
    token = _IN_FORCE.set(quotas)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def check(tx: Reader, resource: Resource, words: str) -> None:
    """Raises LimitExceededException where a resource that was just inserted is one too many.

    words   what its type is called: "solution version"
    """
    quotas, kind = _IN_FORCE.get(), resource.type
    most = quotas.in_account.get(kind)
    if most is not None and _count(tx, kind) > most:
        raise _too_many(words, most)
    most = quotas.in_group.get(kind)
    if most is not None and _count_in_group(tx, resource) > most:
        raise _too_many(words, most)
    for figures, group in ((quotas.pending, None), (quotas.pending_in_group, resource.parent)):
        most = figures.get(kind)
        if most is not None and _pending(tx, kind, group) > most:
            raise LimitExceededException(f"More than {most} resources with PENDING or IN_PROGRESS status.")
    if kind == "filter" and quotas.filter_fields is not None:
        _check_fields(tx, str(resource.parent), quotas.filter_fields)
    if kind == "solution-version":
        _check_rows(tx, resource, quotas)


def _too_many(words: str, most: int) -> LimitExceededException:
    return LimitExceededException(
        f"Cannot create a {words}. More than {most} resources in ACTIVE state. "
        "Please delete some and try again."
    )


def _count(tx: Reader, kind: str) -> int:
    rows = tx.query(f"SELECT count(*) FROM resources WHERE type = ? AND status NOT IN {GONE!r}", (kind,))
    return int(rows[0][0])


def _count_in_group(tx: Reader, resource: Resource) -> int:
    """Of a campaign's type in its solution's group; of all others below the parent, which is the group."""
    if resource.type != "campaign":
        rows = tx.query(
            f"SELECT count(*) FROM resources WHERE type = ? AND parent = ? AND status NOT IN {GONE!r}",
            (resource.type, resource.parent),
        )
        return int(rows[0][0])
    rows = tx.query(
        "SELECT count(*) FROM resources AS campaign JOIN resources AS solution "
        "ON campaign.parent = solution.arn WHERE campaign.type = ? "
        f"AND campaign.status NOT IN {GONE!r} AND solution.parent = "
        "(SELECT parent FROM resources WHERE arn = ?)",
        (resource.type, resource.parent),
    )
    return int(rows[0][0])


def _pending(tx: Reader, kind: str, group: str | None) -> int:
    rows = tx.query(
        "SELECT count(*) FROM resources WHERE type = ? AND (? IS NULL OR parent = ?) "
        f"AND status IN {PENDING!r}",
        (kind, group, group),
    )
    return int(rows[0][0])


def _check_fields(tx: Reader, group: str, most: int) -> None:
    fields: set[tuple[str, str]] = set()
    for one in tx.children("filter", group):
        with contextlib.suppress(ExpressionError):
            parsed = parse(one.body["filterExpression"])
            fields |= {(found.dataset, found.name.casefold()) for found in parsed.fields()}
    if len(fields) > most:
        raise LimitExceededException(
            f"Cannot create a filter. All filters of the dataset group {group} together would use "
            f"{len(fields)} different fields. More than {most} are not allowed. "
            "Please delete some filters and try again."
        )


def _check_rows(tx: Reader, version: Resource, quotas: Quotas) -> None:
    recipe = str(version.body.get("recipeArn", "")).rpartition("/")[2]
    for dataset in tx.children("dataset", version.body["datasetGroupArn"]):
        kind = dataset.body["datasetType"]
        most = quotas.rows_for(recipe, kind)
        rows = sum(part.rows for part in tx.parts(dataset.arn))
        if most is not None and rows > most:
            raise LimitExceededException(
                f"Cannot create a solution version. The dataset {dataset.arn} has {rows:,} {WORDS[kind]}: "
                f"{recipe or 'AutoML'} takes at most {most:,}."
            )
