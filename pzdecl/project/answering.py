"""Looking at what came out: graphs, metrics, recommendations; and events that come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pzdecl.kinds.address import Address
from pzdecl.project.opening import Opened

if TYPE_CHECKING:
    from pzdecl.comparison import Comparison
    from pzdecl.engine.serving.evaluation import Evaluated
    from pzdecl.engine.training.tuning.trials import Trials
    from pzdecl.plan.model import Plan
    from pzdecl.recording import Problem
    from pzdecl.serving import Measured


class Answering(Opened):
    """Asks the target what was made of the project."""

    def graph(self, plan: Plan | None = None) -> tuple[list[Address], list[tuple[Address, Address]]]:
        """The declared resources and those that `plan` deletes, and pairs (what is needed, what needs it)."""
        from pzdecl.plan.graph import graph

        made = graph(self.declared, plan)
        parse = Address.parse
        return [parse(node) for node in made.nodes], sorted((parse(a), parse(b)) for a, b in made.edges)

    def metrics(self) -> list[Measured]:
        """The offline metrics of every trained version, and then of what recommenders serve."""
        from pzdecl import serving

        with self.state() as state, self.client() as client:
            return [*serving.measured(state, client), *serving.use_cases(state, client)]

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

    def _filter(self, name: str | None) -> Address | str | None:
        return name if name is None or name.startswith("arn:") else self._called("Filter", name)

    def put_events(self, tracker: str, lines: Iterable[str], told: Callable[[Problem], None]) -> int:
        """Records events, lines of JSON, through the event tracker of that name: see `pzdecl.recording`.

        `Dataset/NAME` names a dataset of action interactions, and the lines are those.
        Returns how many were put; what is wrong with the others is `told`.
        """
        from pzdecl import recording

        address = self._called("EventTracker", tracker)
        with self.state() as state, self.client(read_only=False, resumes=False) as client:
            tracking = recording.tracking_id(state, address)
            return recording.put_lines(client, tracking, lines, told, actions=address.kind == "Dataset")
