"""What others do to a service behind pzdecl's back, drawn with hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from pzdecl.engine.errors import ServiceError
from pzdecl.kinds import KINDS
from pzdecl.plan.model import Op
from pzdecl.state.model import Recorded
from tests.plan.projects import schema
from tests.plan.world import World

Draw = Callable[[st.SearchStrategy[Any]], Any]
BY_HAND = "by-hand"
"""The name of versions that others train."""


def disturb(draw: Draw, world: World) -> str:
    """Deletes, labels, reconfigures or redeploys something that state knows, or makes something foreign."""
    rows = sorted(world.state.rows.values(), key=lambda row: row.address)
    if not rows:
        return "nothing is there"
    row = draw(st.sampled_from(rows))
    change = draw(st.sampled_from((_delete, _delete, _label, _configure, _deploy, _intrude)))
    begun = {one.arn for one in world.state.open.values() if one.op == Op.CREATE}
    if row.arn in begun and change in (_label, _configure, _deploy):
        # A killed run makes it anew: what is done to it meanwhile is seen once that is on record.
        return f"{row.address} is being made"
    with suppress(ServiceError):
        change(draw, world, row)
    return f"{change.__name__} {row.address}"


def _delete(draw: Draw, world: World, row: Recorded) -> None:
    if row.address.kind != "DatasetGroup" and KINDS[row.address.kind].deletable:
        call = KINDS[row.address.kind].delete(row.arn)
        world.service.call(call.operation, **call.params)


def _label(draw: Draw, world: World, row: Recorded) -> None:
    if KINDS[row.address.kind].taggable:
        tags = [{"tagKey": draw(st.sampled_from(("team", "cost"))), "tagValue": "z"}]
        world.service.call("tag_resource", resourceArn=row.arn, tags=tags)


def _configure(draw: Draw, world: World, row: Recorded) -> None:
    if row.address.kind == "Campaign":
        tps = draw(st.integers(1, 9))
        world.service.call("update_campaign", campaignArn=row.arn, minProvisionedTPS=tps)


def _deploy(draw: Draw, world: World, row: Recorded) -> None:
    """Trains a version by hand, and has the campaign serve it."""
    if row.address.kind == "Campaign":
        solution = str(row.bindings["solutionVersionArn"]).rpartition("/")[0]
        made = world.service.call("create_solution_version", name=BY_HAND, solutionArn=solution)
        version = made["solutionVersionArn"]
        world.service.call("update_campaign", campaignArn=row.arn, solutionVersionArn=version)


def _intrude(draw: Draw, world: World, row: Recorded) -> None:
    """Makes something that no project knows, under a name that ours don't take."""
    name = f"foreign-{draw(st.integers(0, 3))}"
    world.service.call("create_schema", name=name, schema=str(schema()))
    world.foreign.add(world.service.arn(f"schema/{name}"))
