"""What must hold after a step: of its plan, of metrics, of recommendations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pzdecl.engine.errors import ServiceError
from pzdecl.engine.looking import fitting, known_ids
from pzdecl.errors import PzdeclError
from pzdecl.kinds.address import Address
from pzdecl.manifests.positions import Path as Steps
from pzdecl.manifests.positions import Positions
from pzdecl.plan.model import Action, Change, Plan
from pzdecl.project import Project
from pzdecl.providers.client import Client
from pzdecl.rehearsal.results import Check
from pzdecl.rehearsal.sampling import pick
from pzdecl.rehearsal.served import RANKED, Deployed, asked_at, asked_by, deployed, needs_user
from pzdecl.rehearsal.specs import ChangeSpec, MetricSpec, PlanSpec, RecommendationSpec
from pzdecl.serving import Measured

SHOWN = 5
"""Things that a failure names at most."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where an expectation is written."""

    positions: Positions
    path: Steps

    def check(self, what: str, found: str | None, *below: str | int) -> Check:
        """A check of what stands at `below`; `found` None: it holds."""
        return Check(what, self.positions.nearest((*self.path, *below)), found)


def of_plan(expected: PlanSpec, plan: Plan, held: Collection[Address], at: Written) -> Iterator[Check]:
    """`held`: what gates held back when the plan was carried out."""
    acting = [change for change in plan.changes if change.action is not Action.NO_OP or change.previous]
    if expected.empty is not None:
        told = ", ".join(map(_told, acting[:SHOWN])) if acting else "nothing changes"
        fine = expected.empty == (not acting)
        yield at.check(
            "nothing changes" if expected.empty else "something changes", None if fine else told, "empty"
        )
    for index, one in enumerate(expected.changes or ()):
        yield at.check(_wanted(one), _change(one, plan, held), "changes", index)
    if expected.nothing_else:
        patterns = [one.address.casefold() for one in expected.changes or ()]
        more = [c for c in acting if not any(fnmatchcase(str(c.address).casefold(), p) for p in patterns)]
        yield at.check("nothing else changes", ", ".join(map(_told, more[:SHOWN])) or None, "nothingElse")
    for action, count in (expected.counts or {}).items():
        found = sum(change.action.value == action and not change.blocked for change in plan.changes)
        yield at.check(f"{count} to {action}", None if found == count else str(found), "counts", action)


def _change(one: ChangeSpec, plan: Plan, held: Collection[Address]) -> str | None:
    """What is found instead of an expected change; every address that a pattern meets must fit."""
    pattern = one.address.casefold()
    met = [change for change in plan.changes if fnmatchcase(str(change.address).casefold(), pattern)]
    if not met:
        return f"the plan has no {one.address}"
    for change in met:
        if one.action is not None and change.action.value != one.action:
            return _told(change)
        blocked = change.blocked is not None or change.address in held
        if one.blocked is not None and blocked != one.blocked:
            why = f": {change.blocked.text}" if change.blocked else ""
            return f"{change.address} is {'' if blocked else 'not '}held back{why}"
        reasons = [reason.text for reason in (*change.reasons, *([change.blocked] if change.blocked else []))]
        if one.reason is not None and not any(one.reason.casefold() in text.casefold() for text in reasons):
            return f"{change.address}: {'; '.join(reasons) or 'no reason'}"
    return None


def _wanted(one: ChangeSpec) -> str:
    parts = [one.address]
    parts += [one.action] if one.action else []
    parts += [] if one.blocked is None else ["held back" if one.blocked else "not held back"]
    parts += [f"because of {one.reason!r}"] if one.reason else []
    return " ".join(parts)


def _told(change: Change) -> str:
    return f"{change.address} {change.action.value}"


def of_metric(expected: MetricSpec, versions: Collection[Measured], at: Written) -> Iterator[Check]:
    """The metric of what a campaign or recommender serves, or of a solution's newest version."""
    name = expected.campaign or expected.recommender or expected.solution or ""
    metric = expected.metric
    kind = "campaign" if expected.campaign else "recommender" if expected.recommender else "solution"
    value = _metric(name, metric, versions, kind)
    what = f"{name}: {metric}"
    if isinstance(value, str):
        yield at.check(what, value)
        return
    found = f"it is {value:.6g}"
    if expected.min is not None:
        fine = value >= expected.min
        yield at.check(f"{what} at least {expected.min:g}", None if fine else found, "min")
    if expected.max is not None:
        fine = value <= expected.max
        yield at.check(f"{what} at most {expected.max:g}", None if fine else found, "max")
    if expected.better_than is not None:
        other = _metric(expected.better_than, metric, versions, kind)
        margin = f" by {expected.by:g}" if expected.by else ""
        what = f"{what} better than that of {expected.better_than}{margin}"
        if isinstance(other, str):
            yield at.check(what, other, "betterThan")
        else:
            fine = value > other if not expected.by else value >= other + expected.by
            yield at.check(what, None if fine else f"{found}, the other one is {other:.6g}", "betterThan")


def _metric(name: str, metric: str, versions: Iterable[Measured], kind: str) -> float | str:
    """The value, or why there is none. `kind`: campaign, recommender or solution."""
    of_kind = [one for one in versions if (":recommender/" in one.arn) == (kind == "recommender")]
    if kind != "solution":
        met = [one for one in of_kind if name in one.serving]
        if not met:
            return f"the {kind} {name} serves nothing"
    else:
        met = [one for one in of_kind if one.solution == name and one.current]
        if not met:
            return f"the solution {name} is not trained"
    value = met[0].metrics.get(metric)
    return f"{met[0].recipe} is not measured by it" if value is None else value


def of_answer(expected: RecommendationSpec, project: Project, engine: Path, at: Written) -> Iterator[Check]:
    """What a campaign or recommender answers; of a sample, each answer must fit."""
    asked_for, what = expected.asked, f"{expected.asked.name} answers"
    with project.state() as state, project.client() as client:
        row = state.resources().get(asked_for)
        if row is None:
            kind = asked_for.kind.lower()
            yield at.check(what, f"there is no such {kind}", kind)
            return
        try:
            one = deployed(client, row.arn)
            if one is None:
                yield at.check(what, "it does not serve", asked_for.kind.lower())
                return
            for id, items in _answers(expected, client, row.arn, one, engine):
                yield from _answer(expected, id, items, engine, one.group, at)
        except (ServiceError, ValueError, PzdeclError) as error:
            yield at.check(what, str(error))


def _answers(
    expected: RecommendationSpec, client: Client, arn: str, one: Deployed, engine: Path
) -> Iterator[tuple[str, list[str]]]:
    """Whom was asked for, and the items that came. Where a user is wanted beside an item, and none is named,
    there is one of the sample.
    """
    asked, group = asked_by(one.recipe), one.group
    by_item = expected.item is not None or (expected.sample is not None and asked == "items")
    if expected.sample is not None:
        ids = pick(known_ids(engine, group, "ITEM_ID" if by_item else "USER_ID"), expected.sample)
    else:
        ids = [expected.item or expected.user or ""]
    users = [expected.user] if expected.user else []
    if by_item and not users and needs_user(one.recipe):
        users = pick(known_ids(engine, group, "USER_ID"), len(ids))
    ranked = expected.items
    if asked == "rankings" and ranked is None:
        ranked = pick(known_ids(engine, group, "ITEM_ID"), RANKED)
    for place, id in enumerate(ids):
        if asked == "rankings":
            request: dict[str, Any] = {**asked_at(arn), "userId": id, "inputList": ranked}
            found = client.read("get_personalized_ranking", **request)["personalizedRanking"]
        elif asked == "actions":
            request = {**asked_at(arn), "userId": id, "numResults": expected.count}
            actions = client.read("get_action_recommendations", **request)["actionList"]
            found = [{"itemId": action["actionId"]} for action in actions]
        else:
            who = {"itemId": id} if by_item else {"userId": id}
            beside = {"userId": users[place % len(users)]} if by_item and users else {}
            request = {**asked_at(arn), **who, **beside, "numResults": expected.count}
            found = client.read("get_recommendations", **request)["itemList"]
        yield id, [str(item["itemId"]) for item in found][: expected.count]


def _answer(
    expected: RecommendationSpec, id: str, items: list[str], engine: Path, group: str, at: Written
) -> Iterator[Check]:
    about = f"{expected.asked.name} for {id}"
    shown = f"{len(items)} items: {_list(items)}" if items else "no items"

    def check(what: str, wrong: bool, field: str, found: str = shown) -> Check:
        return at.check(f"{about}: {what}", found if wrong else None, field)

    if expected.at_least or expected.at_most is None:
        yield check(f"at least {expected.at_least} items", len(items) < expected.at_least, "atLeast")
    if expected.at_most is not None:
        yield check(f"at most {expected.at_most} items", len(items) > expected.at_most, "atMost")
    if expected.first is not None:
        yield check(f"{expected.first} is the first item", items[:1] != [expected.first], "first")
    for item in expected.contains or ():
        yield check(f"{item} is in it", item not in items, "contains")
    for item in expected.excludes or ():
        yield check(f"{item} is not in it", item in items, "excludes")
    if expected.all is not None:
        fits = fitting(engine, group, expected.all, items)
        others = [item for item in items if item not in fits]
        yield check(f"all fit {expected.all}", bool(others), "all", f"not so: {_list(others)}")
    if expected.any is not None:
        yield check(f"one fits {expected.any}", not fitting(engine, group, expected.any, items), "any")


def _list(items: list[str]) -> str:
    more = len(items) - 2 * SHOWN
    return ", ".join(items[: 2 * SHOWN]) + (f" and {more} more" if more > 0 else "")
