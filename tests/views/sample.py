"""Plans and runs made by hand, for the views to render."""

from __future__ import annotations

from pzdecl.errors import Diagnostic, Position, Severity
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Effect
from pzdecl.plan.model import Action, Change, Drift, FieldChange, Op, Plan, Reason, ReasonCode, Step

SOLUTION = Address("Solution", "movies-hrnn")
VERSION = Address("SolutionVersion", "movies-hrnn")
CAMPAIGN = Address("Campaign", "movies-hrnn")
GROUP = Address("DatasetGroup", "movies")
TRACKER = Address("EventTracker", "movies-web")
IMPORT = Address("DatasetImport", "movies-interactions")
SIMS = Address("Solution", "movies-sims")

LINE = Position("solutions.yaml", 12, 7)
HIDDEN = FieldChange("solutionConfig.algorithmHyperParameters.hidden_dimension", 43, 64, Effect.REPLACE, LINE)
REPLACED = Change(
    SOLUTION,
    Action.REPLACE,
    (Reason(ReasonCode.FIELD_CHANGED, "hidden_dimension 43 → 64 forces replacement", LINE),),
    (HIDDEN,),
    before={"recipe": "aws-hrnn", "solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": 43}}},
    after={"recipe": "aws-hrnn", "solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": 64}}},
    name="movies-hrnn-0a1b2c3d",
    position=Position("solutions.yaml", 3),
)
TRAINED = Change(
    VERSION,
    Action.TRAIN,
    (Reason(ReasonCode.PARENT_CHANGED, "Solution/movies-hrnn is replaced", None, SOLUTION),),
    after={"solution": "movies-hrnn"},
    after_unknown=("arn",),
    position=Position("solutions.yaml", 3),
)
DEPLOYED = Change(
    CAMPAIGN,
    Action.DEPLOY,
    (Reason(ReasonCode.PARENT_CHANGED, "SolutionVersion/movies-hrnn is trained anew", None, VERSION),),
    position=Position("campaigns.yaml", 2),
)
CREATED = Change(
    GROUP,
    Action.CREATE,
    (Reason(ReasonCode.NEW, "not there yet"),),
    after={},
    position=Position("data.yaml", 2),
)
DELETED = Change(SIMS, Action.DELETE, (Reason(ReasonCode.NOT_DECLARED, "no longer declared"),), before={})
IMPORTED = Change(
    IMPORT,
    Action.IMPORT,
    (Reason(ReasonCode.DATA_CHANGED, "data changed: 12,003 rows added"),),
    position=Position("data.yaml", 40),
)
TAGGED = Change(
    SIMS,
    Action.UPDATE,
    (),
    (FieldChange("tags.team", "discovery", "search", Effect.METADATA, Position("solutions.yaml", 30)),),
)
KEPT = Change(GROUP, Action.NO_OP)
REFUSED = Change(
    TRACKER,
    Action.DELETE,
    (Reason(ReasonCode.NOT_DECLARED, "no longer declared"),),
    before={},
    blocked=Reason(ReasonCode.HOLDS_DATA, "holds data; name it with --allow-destroy EventTracker/movies-web"),
)


def plan(*changes: Change, drift: tuple[Drift, ...] = (), warnings: tuple[Diagnostic, ...] = ()) -> Plan:
    """A plan of these changes, with one step for each."""
    steps = tuple(
        Step(f"{i}:{c.address}", Op.CREATE, c.address, "create_x", {"name": c.address.name})
        for i, c in enumerate(changes)
    )
    ordered = tuple(sorted(changes, key=lambda c: c.address))
    return Plan("movies", "dev", "lineage", ordered, steps, drift=drift, warnings=warnings)


RETRAIN = plan(REPLACED, TRAINED, DEPLOYED, KEPT)
EVERYTHING = plan(
    REPLACED,
    TRAINED,
    DEPLOYED,
    CREATED,
    IMPORTED,
    DELETED,
    REFUSED,
    drift=(
        Drift(CAMPAIGN, fields=(FieldChange("minProvisionedTPS", 1, 5, Effect.IN_PLACE),)),
        Drift(TRACKER, missing=True),
    ),
    warnings=(Diagnostic("PZ9999", "look here", Position("a.yaml", 1), severity=Severity.WARNING),),
)
NOTHING = plan(KEPT)
