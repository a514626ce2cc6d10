"""Planning and applying: what changes a project's resources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pzdecl.errors import InvalidProject, UsageError
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import lookup
from pzdecl.project.fitting import check_files, check_target, planned_arns
from pzdecl.project.opening import Opened

if TYPE_CHECKING:
    from pzdecl.apply.events import Event, Listener
    from pzdecl.apply.result import Run
    from pzdecl.plan.model import Plan
    from pzdecl.state import State


class Changing(Opened):
    """Plans what would change, and carries plans out."""

    def plan(
        self,
        *,
        destroy: bool = False,
        refresh: bool = True,
        refresh_only: bool = False,
        allow_destroy: Iterable[str] = (),
        retrain: Iterable[str] = (),
        replace: Iterable[str] = (),
        target: Iterable[str] = (),
        exclude: Iterable[str] = (),
    ) -> Plan:
        """What would change. Nothing is written.

        `refresh_only` plans to take into state what moved behind our back, and nothing else.
        `target` and `exclude` take the selectors of `pzdecl.plan.selection`. Raises InvalidProject where data
        that would be imported is bad, UsageError for an unknown address or a selector that finds nothing.
        """
        from pzdecl import plan as planning
        from pzdecl.manifests import data
        from pzdecl.providers.client import ReadOnly

        with self.state() as state, self.client() as client:
            if refresh:
                check_target(client, state.arns().values(), "the state")
            options = planning.PlanOptions(
                destroy=destroy,
                refresh=refresh,
                refresh_only=refresh_only,
                allow_destroy=self._addresses(allow_destroy),
                retrain=self._addresses(retrain),
                replace=self._addresses(replace),
                scope=self._scope(target, exclude, state, destroy=destroy, moves=not (destroy or refresh_only)),
                data={} if destroy or refresh_only else data.contents(self.declared, state.resources()),
            )
            made = planning.make(self.declared, state, ReadOnly(client), options)
        if not (destroy or refresh_only):
            self._check_data(made)
        return made

    def rollback(self, campaign: str, to: str | None = None, *, release: bool = False) -> Plan:
        """The plan that puts a campaign back to an earlier version and pins it there, and does nothing else.

        to       a version of its solution: its ARN or the last part of it; None: the one before today's
        release  lets it follow the newest version again instead

        Raises UsageError where there is no such campaign or version.
        """
        from pzdecl import plan as planning
        from pzdecl.plan import versions
        from pzdecl.providers.client import ReadOnly

        with self.state() as state, self.client() as client:
            address = self._called("Campaign", campaign)
            row = versions.campaign(state, address)
            wanted = self.declared.resources.get(address)
            if wanted is None:
                raise UsageError(f"{address} is not declared any more", hint="take its manifest back first")
            if release:
                versions.check_pinned(row)
                pin = None
            else:
                pin = versions.earlier(client, row, to)
            # Nothing else of the campaign changes now, whatever its manifest says meanwhile.
            resources = {**self.declared.resources, address: versions.as_it_is(wanted, row)}
            declared = replace(self.declared, resources=resources)
            options = planning.PlanOptions(pins={address: pin}, scope=frozenset({address}))
            return planning.make(declared, state, ReadOnly(client), options)

    def apply(
        self,
        plan: Plan,
        *,
        listener: Listener | None = None,
        parallelism: int = 10,
        timeout: float | None = None,
        lock_timeout: float = 0.0,
        command: str = "apply",
    ) -> Run:
        """Carries the plan out. Failed steps are in the Run, not raised; `timeout` is in seconds.

        Raises StalePlan, StateLocked, PzdeclError where the target is another account or region.
        """
        from pzdecl import apply as applying
        from pzdecl.plan.secrets import refuse_others

        refuse_others(plan, self.declared)
        with (
            self.locked(command=command, timeout=lock_timeout) as state,
            self.client(read_only=False) as client,
        ):
            check_files(plan, state, self.root)
            check_target(client, planned_arns(plan), "the plan")
            check_target(client, state.arns().values(), "the state")
            return applying.run(
                plan,
                state=state,
                client=client,
                root=self.root,
                resolve_sensitive=self._sensitive,
                listener=listener or _ignore,
                parallelism=parallelism,
                deadline=timeout,
                command=command,
            )

    def _scope(
        self, target: Iterable[str], exclude: Iterable[str], state: State, *, destroy: bool, moves: bool
    ) -> frozenset[Address] | None:
        from pzdecl.manifests.changed import changed_since
        from pzdecl.plan import selection

        def changed(revision: str) -> frozenset[Address]:
            return changed_since(self.declared, revision)

        target, exclude = list(target), list(exclude)
        if not target and not exclude:
            return None
        return selection.scope(
            target, exclude, self.declared, state.resources(), changed, destroy=destroy, moves=moves
        )

    def _check_data(self, plan: Plan) -> None:
        """Reads the data behind the planned imports, so that bad data is found before anything changes."""
        from pzdecl.manifests import data
        from pzdecl.plan.model import Action

        # A training can fail for want of data that was imported before: of events of another type, say.
        making = (Action.IMPORT, Action.TRAIN, Action.CREATE, Action.REPLACE)
        acted = {c.address for c in plan.changes if c.action in making and not c.blocked}
        wanted = {a for a in acted if a.kind == "DatasetImport"}
        trained = {a for a in acted if a.kind in ("SolutionVersion", "Recommender")}
        problems = data.check_data(self.declared, wanted, trained) if wanted or trained else []
        if problems:
            raise InvalidProject(problems)

    def _sensitive(self, address: Address, path: str) -> Any:
        """The value of a sensitive input, which neither plans nor state hold."""
        return lookup(self.declared.resources[address].inputs, path)


def _ignore(event: Event) -> None:
    """Nobody listens."""
