"""A project as Python sees it: load it, plan, apply, look at what came out.

::

    project = load("examples/movies", environment="prod")
    plan = project.plan()
    with project.locked(command="nightly"):      # nobody changes the state between the plan and the apply
        run = project.apply(project.plan())
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.errors import InvalidProject, PzdeclError, UsageError, nearest
from pzdecl.kinds.address import Address

if TYPE_CHECKING:
    from pzdecl.apply.events import Event, Listener
    from pzdecl.apply.result import Run
    from pzdecl.comparison import Comparison
    from pzdecl.engine.serving.evaluation import Evaluated
    from pzdecl.engine.training.tuning.trials import Trials
    from pzdecl.manifests import model
    from pzdecl.plan.model import Plan
    from pzdecl.providers.client import Client
    from pzdecl.recording import Problem
    from pzdecl.serving import Measured
    from pzdecl.state import State, copying


def load(
    path: str | Path = ".",
    environment: str | None = None,
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
) -> Project:
    """Reads and checks the manifests in the folder `path`. Raises InvalidProject with all that is wrong."""
    from pzdecl import manifests

    root = Path(path)
    if not root.is_dir():
        raise PzdeclError(f"{root} is not a folder", hint="name the project's folder with -C DIR")
    return Project(
        manifests.load(root, environment=environment, variables=variables or {}, var_files=var_files)
    )


class Project:
    """A folder of manifests in one environment, with its state and its target."""

    def __init__(self, declared: model.Project) -> None:
        self.declared = declared
        self._state: State | None = None

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.declared.root

    @property
    def name(self) -> str:
        """The name in `pzdecl.yaml`."""
        return self.declared.name

    @property
    def environment(self) -> str:
        """The environment in use."""
        return self.declared.environment

    # Opening what the project works with

    @contextmanager
    def state(self) -> Iterator[State]:
        """The state, for reading; the one that `locked()` holds where that is the case."""
        from pzdecl.state import open_state

        if self._state is not None:
            yield self._state
            return
        with open_state(self.declared.state, create=False) as state:
            yield state

    @contextmanager
    def locked(self, *, command: str, timeout: float = 0.0) -> Iterator[State]:
        """Holds the state's lock, waiting `timeout` seconds for it. Raises StateLocked."""
        from pzdecl.state import open_state

        if self._state is not None:
            yield self._state
            return
        with (
            open_state(self.declared.state, create=True) as state,
            state.lock(command=command, timeout=timeout),
        ):
            self._state = state
            try:
                yield state
            finally:
                self._state = None

    @contextmanager
    def client(self, *, read_only: bool = True, resumes: bool = True) -> Iterator[Client]:
        """The target: the built-in engine, or Amazon Personalize. Raises MissingExtra, ServiceError.

        resumes  whether the engine goes on with what an earlier process left unfinished
        """
        from pzdecl import providers

        target = self.declared.provider
        if target.type == "aws":
            client: Client = providers.open_aws(
                region=target.region,
                profile=target.profile,
                endpoint=target.endpoint,
                role=target.role,
                assume_role=target.assume_role,
                external_id=target.external_id,
                staging=target.staging,
            )
        else:
            assert target.engine
            client = providers.open_local(
                target.engine,
                read_only=read_only,
                resumes=resumes,
                s3_root=target.s3_root,
                quotas=target.quotas,
            )
        try:
            yield client
        finally:
            client.close()

    # Planning and applying

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
            options = planning.PlanOptions(
                destroy=destroy,
                refresh=refresh,
                refresh_only=refresh_only,
                allow_destroy=self._addresses(allow_destroy),
                retrain=self._addresses(retrain),
                replace=self._addresses(replace),
                scope=self._scope(target, exclude, state, destroy=destroy),
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
            as_it_is = replace(wanted, inputs=row.inputs, tags=row.tags, depends_on=row.dependencies)
            declared = replace(self.declared, resources={**self.declared.resources, address: as_it_is})
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

        Raises StalePlan, StateLocked.
        """
        from pzdecl import apply as applying

        with (
            self.locked(command=command, timeout=lock_timeout) as state,
            self.client(read_only=False) as client,
        ):
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

    # Changing the state alone

    def move(self, source: str, target: str) -> dict[Address, Address]:
        """Gives a resource another address, a Solution its training too; returns old and new addresses.

        Raises UsageError where there is no such resource, the kinds differ or the new address is taken.
        """
        from pzdecl.state import editing

        old = self.address(source)
        with self.locked(command="state mv") as state:
            return editing.move(state, old, target)

    def forget(self, address: str) -> list[Address]:
        """Takes a resource out of the state without deleting it, a Solution's training too."""
        from pzdecl.state import editing

        wanted = self.address(address)
        with self.locked(command="state rm") as state:
            return editing.forget(state, wanted)

    def pull_state(self) -> bytes:
        """The whole state as the bytes of a state file. Raises PzdeclError where there is none yet."""
        from pzdecl.state import copying

        with self.state() as state:
            return copying.content(state)

    def push_state(self, file: bytes, name: str, *, force: bool = False) -> copying.Pushed:
        """Puts a state file in place of the state, wherever that is kept; see `copying.replace`.

        What was there before is kept in `.pzdecl/state-backups/`. Raises Refused, StateDamaged, StateTooNew.
        """
        from pzdecl.state import copying

        with self.locked(command="state push") as state:
            backups = self.root / ".pzdecl/state-backups"
            return copying.replace(state, file, name, force=force, backups=backups, label=self.environment)

    # Looking at what came out

    def graph(self, plan: Plan | None = None) -> tuple[list[Address], list[tuple[Address, Address]]]:
        """The declared resources and those that `plan` deletes, and pairs (what is needed, what needs it)."""
        from pzdecl.plan.graph import graph

        made = graph(self.declared, plan)
        parse = Address.parse
        return [parse(node) for node in made.nodes], sorted((parse(a), parse(b)) for a, b in made.edges)

    def metrics(self) -> list[Measured]:
        """The offline metrics of every trained version."""
        from pzdecl import serving

        with self.state() as state, self.client() as client:
            return serving.measured(state, client)

    def compare(self, against: str | None = None) -> list[Comparison]:
        """The trained versions with 95% intervals, each compared with one: see `pzdecl.comparison.compare`."""
        from pzdecl import comparison, serving
        from pzdecl.providers.client import Insight

        with self.state() as state, self.client() as client:

            def evaluated(version: serving.Measured) -> Evaluated | None:
                return client.evaluated(version.arn) if isinstance(client, Insight) else None

            return comparison.compare(serving.measured(state, client), evaluated, against)

    def trials(self) -> list[tuple[Measured, Trials]]:
        """What HPO and AutoML tried for every trained version; empty where the target does not tell."""
        from pzdecl import serving
        from pzdecl.providers.client import Insight

        with self.state() as state, self.client() as client:
            if not isinstance(client, Insight):
                return []
            found = [(version, client.trials(version.arn)) for version in serving.measured(state, client)]
        return [(version, trials) for version, trials in found if trials is not None]

    def segment(
        self, solution: str, *, item: str | None = None, where: str | None = None, size: int = 25
    ) -> list[str]:
        """The users most likely to take up an item, or items that fit an attribute expression, best first.

        `solution` names a solution, for its newest trained version, or SOLUTION/VERSION.
        """
        from pzdecl import serving

        with self.state() as state, self.client() as client:
            return serving.segment(state, client, solution, item=item, where=where, size=size)

    def recommend(
        self,
        campaign: str,
        user: str | None = None,
        item: str | None = None,
        count: int = 10,
        *,
        filter: str | None = None,
        filter_values: Mapping[str, str] | None = None,
        metadata: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The answer of GetRecommendations from the campaign or recommender of that name.

        filter         the name of a filter, or its ARN
        filter_values  of its placeholders, as the API wants them: `{"GENRES": '"Comedy","Drama"'}`
        metadata       columns of the items that the answer shall show
        """
        from pzdecl import serving

        address = self.answering(campaign)
        narrowing = serving.Narrowing(self._filter(filter), filter_values or {}, metadata)
        with self.state() as state, self.client() as client:
            return serving.recommend(
                state, client, address, user=user, item=item, count=count, narrowing=narrowing
            )

    def rank(
        self,
        campaign: str,
        user: str,
        items: Sequence[str],
        *,
        filter: str | None = None,
        filter_values: Mapping[str, str] | None = None,
        metadata: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The answer of GetPersonalizedRanking: the items in the order in which the user would like them."""
        from pzdecl import serving

        address = self._called("Campaign", campaign)
        narrowing = serving.Narrowing(self._filter(filter), filter_values or {}, metadata)
        with self.state() as state, self.client() as client:
            return serving.rank(state, client, address, items, user=user, narrowing=narrowing)

    def answering(self, name: str) -> Address:
        """The campaign or the recommender that a name or an address means; of both, the campaign.

        Raises UsageError for what is neither declared nor managed.
        """
        if "/" in name:
            return self.address(name)
        recommender = Address("Recommender", name)
        with self.state() as state:
            known = {*self.declared.resources, *state.resources()}
        if recommender in known and Address("Campaign", name) not in known:
            return recommender
        return self.address(f"Campaign/{name}")

    def _called(self, kind: str, name: str) -> Address:
        return self.address(name if "/" in name else f"{kind}/{name}")

    def _filter(self, name: str | None) -> Address | str | None:
        return name if name is None or name.startswith("arn:") else self._called("Filter", name)

    def put_events(self, tracker: str, lines: Iterable[str], told: Callable[[Problem], None]) -> int:
        """Records events, lines of JSON, through the event tracker of that name: see `pzdecl.recording`.

        Returns how many were put; what is wrong with the others is `told`.
        """
        from pzdecl import recording

        address = self._called("EventTracker", tracker)
        with self.state() as state, self.client(read_only=False, resumes=False) as client:
            return recording.put_lines(client, recording.tracking_id(state, address), lines, told)

    def address(self, text: str) -> Address:
        """The declared or managed resource that was meant, in any case. Raises UsageError with the nearest."""
        with self.state() as state:
            known = {*self.declared.resources, *state.resources()}
        return find_address(text, known)

    def _addresses(self, texts: Iterable[str]) -> frozenset[Address]:
        return frozenset(self.address(text) for text in texts)

    def _scope(
        self, target: Iterable[str], exclude: Iterable[str], state: State, *, destroy: bool
    ) -> frozenset[Address] | None:
        from pzdecl.manifests.changed import changed_since
        from pzdecl.plan import selection

        def changed(revision: str) -> frozenset[Address]:
            return changed_since(self.declared, revision)

        target, exclude = list(target), list(exclude)
        if not target and not exclude:
            return None
        return selection.scope(target, exclude, self.declared, state.resources(), changed, destroy=destroy)

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
        value: Any = self.declared.resources[address].inputs
        for part in path.split("."):
            value = value[int(part)] if isinstance(value, (list, tuple)) else value[part]
        return value


def find_address(text: str, known: Iterable[Address]) -> Address:
    """The one of `known` that `text` names, ignoring case. Raises UsageError."""
    try:
        asked = Address.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    names = {str(address): address for address in known}
    if str(asked) in names:
        return names[str(asked)]
    folded = [address for name, address in names.items() if name.casefold() == text.casefold()]
    if len(folded) == 1:
        return folded[0]
    near = nearest(text, names)
    raise UsageError(
        f"there is no {text} in this project",
        hint=f"did you mean {near}?" if near else "`pzdecl state list` and the manifests name what there is",
    )


def _ignore(event: Event) -> None:
    """Nobody listens."""
