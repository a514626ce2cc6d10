"""A rehearsal as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pzdecl.comparison import Difference
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Change, Plan
from pzdecl.rehearsal.lists import Movement
from pzdecl.serving import Measured


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """What becomes of one campaign or recommender.

    changes       what the plan does to it, to its solution and its training
    before, after what it serves; None: nothing, since it is new, goes, or failed
    differences   by metric, after less before
    movement      of the top 10; None where there is nothing to compare
    titles        what items are called
    notes         why something is missing, in sentences
    """

    address: Address
    changes: tuple[Change, ...]
    before: Measured | None
    after: Measured | None
    differences: Mapping[str, Difference] = field(default_factory=dict)
    movement: Movement | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a plan would do.

    plan       the plan that was rehearsed
    campaigns  campaigns and recommenders that change, sorted by address
    unchanged  those that serve what they served
    share      the share of the users' data that it was done with; 1: all
    users      how many users (or items) were asked for at most
    rebuilt    the engine was made anew from data files, so `before` was trained again, too
    first      nothing was deployed before
    problems   what failed or was held back: (address, why)
    failed     whether something failed that is not held back by a policy or a gate
    notes      what to know about all of it, in sentences
    """

    project: str
    environment: str
    plan: Plan
    campaigns: tuple[CampaignReport, ...]
    unchanged: tuple[Address, ...]
    share: float
    users: int
    rebuilt: bool
    first: bool
    problems: tuple[tuple[Address, str], ...] = ()
    failed: bool = False
    notes: tuple[str, ...] = ()
