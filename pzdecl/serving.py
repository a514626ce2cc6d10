"""What trained models are worth and what they recommend, read from the target."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.engine.data.location import data_files
from pzdecl.engine.errors import ResourceNotFoundException
from pzdecl.errors import PzdeclError, UsageError, nearest
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.listing import items

if TYPE_CHECKING:
    from pzdecl.manifests.model import Desired
    from pzdecl.providers.client import ReadClient
    from pzdecl.state.model import Reader

TITLES = ("title", "name", "item_name", "product_name")
"""Columns of items' data that hold what people call an item, compared ignoring case."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One trained version. `serving` names the campaigns that serve it; `current`: its solution's newest.

    A recommender's model stands as a version of the recommender's name.
    """

    solution: str
    version: str
    recipe: str
    group: str
    metrics: Mapping[str, float]
    serving: tuple[str, ...] = ()
    current: bool = True
    arn: str = ""


def measured(state: Reader, client: ReadClient) -> list[Measured]:
    """Every ACTIVE version of every managed solution that is there, by dataset group and quality."""
    resources = state.resources()
    serving: dict[str, list[str]] = {}
    for address, row in resources.items():
        if address.kind == "Campaign":
            with suppress(ResourceNotFoundException):  # deleted behind our back: the next plan tells
                found = client.read("describe_campaign", campaignArn=row.arn)["campaign"]
                serving.setdefault(found.get("solutionVersionArn", ""), []).append(address.name)
    out: list[Measured] = []
    for address, row in resources.items():
        if address.kind != "Solution":
            continue
        newest = resources.get(Address("SolutionVersion", address.name))
        for arn in _versions(client, row.arn):
            about = client.read("describe_solution_version", solutionVersionArn=arn)["solutionVersion"]
            if about["status"] != "ACTIVE":
                continue
            scores = client.read("get_solution_metrics", solutionVersionArn=arn)["metrics"]
            out.append(
                Measured(
                    solution=address.name,
                    version=arn.rpartition("/")[2],
                    recipe=about.get("recipeArn", "").rpartition("/")[2] or "AutoML",
                    group=about["datasetGroupArn"].rpartition("/")[2],
                    metrics=scores,
                    serving=tuple(sorted(serving.get(arn, ()))),
                    current=newest is not None and newest.arn == arn,
                    arn=arn,
                )
            )
    return sorted(out, key=lambda m: (m.group, m.metrics.get(ORDER, 0.0), m.solution))


def use_cases(state: Reader, client: ReadClient) -> list[Measured]:
    """The models that managed recommenders serve, by dataset group and name; their versions have no names."""
    out = []
    for address, row in state.resources().items():
        if address.kind != "Recommender":
            continue
        with suppress(ResourceNotFoundException):  # deleted behind our back: the next plan tells
            about = client.read("describe_recommender", recommenderArn=row.arn)["recommender"]
            if not about.get("modelMetrics"):
                continue
            out.append(
                Measured(
                    solution=address.name,
                    version="-",
                    recipe=about["recipeArn"].rpartition("/")[2],
                    group=about["datasetGroupArn"].rpartition("/")[2],
                    metrics=about["modelMetrics"],
                    serving=(address.name,) if about["status"] == "ACTIVE" else (),
                    arn=row.arn,
                )
            )
    return sorted(out, key=lambda one: (one.group, one.solution))


ORDER = "normalized_discounted_cumulative_gain_at_25"
"""Versions of a group are listed from the weakest to the best by this metric."""


def _versions(client: ReadClient, solution: str) -> Iterable[str]:
    operations = KINDS["SolutionVersion"].operations
    with suppress(ResourceNotFoundException):
        for version in items(client, operations, solutionArn=solution):
            yield version[operations.arn_key]


def segment(
    state: Reader,
    client: ReadClient,
    solution: str,
    *,
    item: str | None,
    where: str | None,
    size: int,
) -> list[str]:
    """The users whom a trained version finds, best first. `solution`: its name, or NAME/VERSION.

    Raises UsageError for an unknown one, PzdeclError where the target answers batch jobs only, ServiceError.
    """
    from pzdecl.providers.client import Insight

    if not isinstance(client, Insight):
        raise PzdeclError(
            "Amazon Personalize finds user segments in batch segment jobs only",
            hint="the built-in engine answers at once: provider: {type: local}",
        )
    name, _, version = solution.removeprefix("Solution/").partition("/")
    resources = state.resources()
    row = resources.get(Address("Solution", name))
    if row is None:
        near = nearest(name, (address.name for address in resources if address.kind == "Solution"))
        raise UsageError(
            f"there is no solution {name} that was applied",
            hint=f"did you mean {near}?" if near else "`pzdecl metrics` lists what is trained",
        )
    if version:
        return client.user_segment(f"{row.arn}/{version}", item=item, where=where, size=size)
    newest = resources.get(Address("SolutionVersion", name))
    if newest is None:
        raise PzdeclError(f"{name} is not trained yet", hint="run `pzdecl apply` first")
    return client.user_segment(newest.arn, item=item, where=where, size=size)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a request asks for besides items.

    filter    the address of a managed filter, or an ARN
    values    of its placeholders, as the API wants them
    metadata  columns of items that the answer shall show
    """

    filter: Address | str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    metadata: Sequence[str] = ()


def recommend(
    state: Reader,
    client: ReadClient,
    campaign: Address,
    *,
    user: str | None,
    item: str | None,
    count: int,
    narrowing: Narrowing = Narrowing(),
) -> dict[str, Any]:
    """GetRecommendations from a campaign or recommender; GetActionRecommendations where it recommends actions.

    Raises PzdeclError for what was not deployed yet, UsageError for what actions can't be asked with,
    ServiceError.
    """
    asked = {"numResults": count, **_asked(state, campaign, user, narrowing, ("Campaign", "Recommender"))}
    with _still_there(campaign, asked):
        return _recommended(client, campaign, item, narrowing, asked)


def _recommended(
    client: ReadClient, campaign: Address, item: str | None, narrowing: Narrowing, asked: dict[str, Any]
) -> dict[str, Any]:
    if "campaignArn" in asked and _recommends_actions(client, asked["campaignArn"]):
        for option, given in (("--item", item is not None), ("--metadata", bool(narrowing.metadata))):
            if given:
                raise UsageError(f"{campaign} recommends actions: {option} is for items", hint="leave it out")
        return client.read("get_action_recommendations", **asked)
    if item is not None:
        asked["itemId"] = item
    return client.read("get_recommendations", **asked)


def _recommends_actions(client: ReadClient, campaign: str) -> bool:
    """Whether the version that a campaign serves is of a recipe for actions."""
    described = client.read("describe_campaign", campaignArn=campaign)["campaign"]
    arn = described.get("solutionVersionArn", "")
    if not arn or arn.endswith("$LATEST"):
        return False
    version = client.read("describe_solution_version", solutionVersionArn=arn)["solutionVersion"]
    return str(version.get("recipeArn", "")).endswith("/aws-next-best-action")


def rank(
    state: Reader,
    client: ReadClient,
    campaign: Address,
    items: Sequence[str],
    *,
    user: str,
    narrowing: Narrowing = Narrowing(),
) -> dict[str, Any]:
    """GetPersonalizedRanking. Raises PzdeclError for what was not deployed yet, ServiceError."""
    asked = _asked(state, campaign, user, narrowing, ("Campaign",))
    with _still_there(campaign, asked):
        return client.read("get_personalized_ranking", inputList=list(items), **asked)


@contextmanager
def _still_there(campaign: Address, asked: Mapping[str, Any]) -> Iterator[None]:
    """What was applied and is gone since is told by its address, with what helps."""
    try:
        yield
    except ResourceNotFoundException as error:
        if asked[KINDS[campaign.kind].operations.arn_key] not in error.message:
            raise
        raise PzdeclError(
            f"{campaign} was applied, and is not there any more",
            hint="`pzdecl plan` shows what apply would make again",
        ) from None


def _asked(
    state: Reader, campaign: Address, user: str | None, narrowing: Narrowing, kinds: Sequence[str]
) -> dict[str, Any]:
    """What requests have in common. Raises UsageError for an address of none of the `kinds`."""
    if campaign.kind not in kinds:
        expected = " or ".join(f"{kind}/NAME" for kind in kinds)
        raise UsageError(f"{campaign} can't be asked", hint=f"expected {expected}")

    def arn(address: Address) -> str:
        row = state.resources().get(address)
        if row is None:
            raise PzdeclError(f"{address} is declared but not deployed yet", hint="run `pzdecl apply` first")
        return row.arn

    asked: dict[str, Any] = {KINDS[campaign.kind].operations.arn_key: arn(campaign)}
    if user is not None:
        asked["userId"] = user
    if narrowing.filter is not None:
        named = narrowing.filter
        asked["filterArn"] = arn(named) if isinstance(named, Address) else named
    if narrowing.values:
        asked["filterValues"] = dict(narrowing.values)
    if narrowing.metadata:
        asked["metadataColumns"] = {"ITEMS": list(narrowing.metadata)}
    return asked


def titles(resources: Mapping[Address, Desired], campaign: Address, items: Iterable[str]) -> dict[str, str]:
    """What the items' data of the campaign's or recommender's group calls them; empty without such a column."""
    wanted = set(items)
    found: dict[str, str] = {}
    for path in _item_files(resources, campaign):
        for name, title in _read_titles(path):
            if name in wanted:
                found[name] = title
        if len(found) == len(wanted):
            break
    return found


def _item_files(resources: Mapping[Address, Desired], campaign: Address) -> Iterable[Path]:
    asked = _inputs(resources, campaign)
    solution = _inputs(resources, Address("Solution", str(asked.get("solution", ""))))
    group = asked.get("datasetGroup") or solution.get("datasetGroup")
    for address, desired in resources.items():
        if address.kind != "DatasetImport" or desired.data is None or desired.data.path is None:
            continue
        dataset = _inputs(resources, Address("Dataset", str(desired.inputs.get("dataset"))))
        if dataset.get("datasetGroup") == group and str(dataset.get("datasetType", "")).casefold() == "items":
            yield from (file for _, file in data_files(desired.data.path))


def _inputs(resources: Mapping[Address, Desired], address: Address) -> Mapping[str, Any]:
    desired = resources.get(address)
    return desired.inputs if desired else {}


def _read_titles(path: Path) -> Iterable[tuple[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
            rows = csv.reader(file)
            header = [name.strip().casefold() for name in next(rows, [])]
            column = next((header.index(name) for name in TITLES if name in header), None)
            if column is None or "item_id" not in header:
                return
            key = header.index("item_id")
            for row in rows:
                if len(row) > max(key, column):
                    yield row[key], row[column]
    except OSError:
        # The data may have gone since it was imported: ids are still shown.
        return
