"""`rehearse`: what a plan would do to what users are shown.

The built-in engine is copied with its state, and the plan is carried out there. Where that can't be done
(Amazon Personalize), or a sample is asked for, an engine is made of the data files: what is on record is built
first, then what the plan makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pzdecl.apply.events import Listener
from pzdecl.apply.result import Outcome, Run
from pzdecl.comparison import differences
from pzdecl.engine.copying import copy_engine
from pzdecl.errors import Interrupted, InvalidProject, PzdeclError, StillRunning, UsageError
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action, Change, Plan, ReasonCode
from pzdecl.project import Project
from pzdecl.rehearsal import rebuilding
from pzdecl.rehearsal.lists import moved
from pzdecl.rehearsal.model import CampaignReport, Rehearsal
from pzdecl.rehearsal.scratch import Scratch, scratch
from pzdecl.rehearsal.served import SERVING, Sample, Served, look

ELSEWHERE = "name a copy on this machine: --data {address}=FILE, or an environment that does: --data-from"
TITLED = 20
"""Items of which the title is looked up, on either side."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to rehearse.

    share    of the users' data, above 0 and up to 1
    users    whose lists are compared at most
    data     files that imports read in place of what their manifests name
    timeout  seconds for all trainings together, None: as long as it takes
    options  of the plan: see `Project.plan`
    """

    share: float = 1.0
    users: int = 200
    data: Mapping[Address, Path] = field(default_factory=dict)
    timeout: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def rehearse(project: Project, wishes: Wishes, listener: Listener) -> Rehearsal:
    """Carries the project's plan out on a scratch copy, and compares. What is really there is only read.

    Raises UsageError for data that is not on this machine, Interrupted, StillRunning at the timeout, and all
    that `Project.plan` raises.
    """
    plan = project.plan(**wishes.options)
    with project.state() as state:
        exists = bool(state.lineage)
    rebuild = project.declared.provider.type != "local" or wishes.share < 1 or bool(wishes.data)
    with scratch(project.root) as place:
        stage = _Stage(project, plan, wishes, place, listener)
        return stage.rebuilt(exists) if rebuild else stage.copied(exists)


class _Stage:
    def __init__(
        self, project: Project, plan: Plan, wishes: Wishes, place: Scratch, listener: Listener
    ) -> None:
        self.project, self.plan, self.wishes, self.place = project, plan, wishes, place
        self.listener = listener
        self.sample = Sample(place.engine, wishes.users)
        self.problems: list[tuple[Address, str]] = [
            (change.address, change.blocked.text) for change in plan.blocked if change.blocked
        ]
        self.notes: list[str] = []
        self.failed = False

    def copied(self, exists: bool) -> Rehearsal:
        """On a copy of the engine and the state."""
        engine = self.project.declared.provider.engine
        assert engine
        if exists:
            from pzdecl.state import copying

            with self.project.state() as state:
                self.place.state.write_bytes(copying.content(state))
        copy_engine(engine, self.place.engine)
        here = self.place.project(self.project.declared)
        before = self._look(here, self._campaigns(here)) if exists else {}
        plan = here.plan(**self.wishes.options)
        self._apply(here, plan)
        return self._report(here, before, first=not exists, rebuilt=False)

    def rebuilt(self, exists: bool) -> Rehearsal:
        """On an engine made of the data files, with what the changed campaigns need."""
        declared = self.project.declared
        rows: dict[Address, Any] = {}
        if exists:
            with self.project.state() as state:
                rows = dict(state.resources())
        old = rebuilding.recorded(self.project.root, rows, declared.resources)
        new = rebuilding.after(old, declared.resources, self.plan)
        if self.wishes.share < 1:
            old, new = rebuilding.without_gates(old), rebuilding.without_gates(new)
            self.notes.append("Gates are left out: what a sample is worth says nothing about a bound.")
        changing = rebuilding.campaigns_that_change(self.plan, old, new)
        data = rebuilding.Data(self.project.root, self.place.folder, self.wishes.share, ELSEWHERE)
        data.given = self.wishes.data
        needed = rebuilding.needs(changing, old), rebuilding.needs(changing, new)
        old = {a: one for a, one in old.items() if a in needed[0]}
        new = {a: one for a, one in new.items() if a in needed[1]}
        before: dict[Address, Served] = {}
        if old:
            here = self.place.project(rebuilding.restricted(declared, data.place(old, rows), old))
            self._apply(here, self._planned(here), "before")
            before = self._look(here, changing)
        here = self.place.project(rebuilding.restricted(declared, data.place(new), new))
        again, replaced = self._requested(new)
        self._apply(
            here, self._planned(here, allow_destroy=map(str, {*old, *new}), retrain=again, replace=replaced)
        )
        self.notes += dict.fromkeys(data.notes)
        return self._report(here, before, first=not exists, rebuilt=True, changing=changing)

    def _planned(self, here: Project, **options: Any) -> Plan:
        try:
            return here.plan(**options)
        except InvalidProject as error:
            if self.wishes.share == 1:
                raise
            why = error.diagnostics[0]
            raise PzdeclError(
                f"{why.address}: a sample of {self.wishes.share:g} is too small: {why.summary}",
                hint="take more of the users, or the data as they are (without --sample)",
            ) from None

    def _requested(self, side: Mapping[Address, Any]) -> tuple[list[str], list[str]]:
        """What the command line asked to be trained again or replaced, of what is built here."""
        asked = [
            change
            for change in self.plan.changes
            if change.address in side and any(r.code is ReasonCode.REQUESTED for r in change.reasons)
        ]
        again = [str(c.address) for c in asked if c.action in (Action.TRAIN, Action.IMPORT)]
        return again, [str(c.address) for c in asked if c.action is Action.REPLACE]

    def _campaigns(self, here: Project) -> list[Address]:
        with here.state() as state:
            known = {*state.resources(), *here.declared.resources}
        return sorted(address for address in known if address.kind in SERVING)

    def _look(self, here: Project, campaigns: Sequence[Address]) -> dict[Address, Served]:
        return look(here, campaigns, self.sample)

    def _apply(self, here: Project, plan: Plan, side: str = "after") -> None:
        run = here.apply(plan, listener=self.listener, timeout=self.wishes.timeout, command="rehearse")
        ended(run, "give it longer (--timeout), or fewer data (--sample 0.1)")
        for failure in run.failed:
            self.failed = self.failed or not failure.held
            told = failure.message if side == "after" else f"(as it is on record) {failure.message}"
            self.problems.append((failure.address, told))

    def _report(
        self,
        here: Project,
        before: Mapping[Address, Served],
        *,
        first: bool,
        rebuilt: bool,
        changing: Sequence[Address] | None = None,
    ) -> Rehearsal:
        campaigns = sorted({*before, *(changing if changing is not None else self._campaigns(here))})
        after = self._look(here, campaigns)
        reports, same = [], []
        for address in campaigns:
            changes = _changes(self.plan, address, here)
            old, new = before.get(address), after.get(address)
            if not changes and (old is None or new is None or old.version == new.version):
                same.append(address)
            else:
                reports.append(self._compared(here, address, changes, old, new))
        if changing is not None:
            same = [a for a in self.project.declared.resources if a.kind in SERVING and a not in changing]
        return Rehearsal(
            self.project.name,
            self.project.environment,
            self.plan,
            tuple(reports),
            tuple(same),
            self.wishes.share,
            self.wishes.users,
            rebuilt,
            first,
            tuple(dict.fromkeys(self.problems)),
            self.failed,
            tuple(self.notes),
        )

    def _compared(
        self,
        here: Project,
        address: Address,
        changes: Sequence[Change],
        old: Served | None,
        new: Served | None,
    ) -> CampaignReport:
        movement, found, notes = None, {}, []
        if old is None:
            notes.append("Nothing before: it serves for the first time.")
        if new is None:
            goes = any(c.address == address and c.action is Action.DELETE for c in changes)
            notes.append("Nothing after: it goes." if goes else "Nothing after: see what went wrong.")
        if old and new:
            if old.measured and new.measured:
                found = differences(new.measured, old.measured, new.evaluated, old.evaluated)
            if old.asked == new.asked:
                movement = moved(
                    old.lists,
                    new.lists,
                    asked=new.asked,
                    catalogue=self.sample.catalogue(new.group),
                    again=old.again,
                )
            else:
                notes.append("It is asked otherwise than before, so its lists cannot be compared.")
            if old.version == new.version:
                notes.append("It goes on serving the version that it serves.")
        titles = {}
        if movement:
            from pzdecl import serving

            shown = [item for item, _ in (*movement.appeared[:TITLED], *movement.gone[:TITLED])]
            titles = serving.titles(here.declared.resources, address, shown)
        return CampaignReport(
            address,
            tuple(changes),
            old.measured if old else None,
            new.measured if new else None,
            found,
            movement,
            titles,
            tuple(notes),
        )


def _changes(plan: Plan, campaign: Address, here: Project) -> list[Change]:
    """What the plan does to a campaign, its solution and its training; to a recommender."""
    desired = here.declared.resources.get(campaign)
    with here.state() as state:
        row = state.resources().get(campaign)
    inputs = desired.inputs if desired else row.inputs if row else {}
    solution = str(inputs.get("solution", ""))
    about = (Address("Solution", solution), Address("SolutionVersion", solution), campaign)
    return [c for c in plan.changes if c.address in about and c.action is not Action.NO_OP]


def ended(run: Run, hint: str) -> None:
    """Raises unless the run came to its end, with or without failures. `hint`: for one that took too long."""
    if run.outcome is Outcome.INTERRUPTED:
        raise Interrupted("interrupted; the scratch copy is gone", hint="run the same command again")
    if run.outcome is Outcome.RUNNING:
        raise StillRunning(
            "it did not end in time; its scratch copy is gone",
            hint=hint,
        )


def check_share(share: float) -> float:
    """A share that data can be sampled with. Raises UsageError."""
    if not 0 < share <= 1:
        raise UsageError(
            f"{share:g} of the data can't be sampled", hint="give a share above 0 and up to 1: 0.1"
        )
    return share
