"""Sensitive values are in no plan and in no state, and a change of one is seen all the same."""

from __future__ import annotations

import pytest

from pzdecl.errors import PzdeclError, StalePlan
from pzdecl.kinds.address import Address
from pzdecl.plan.file import dump
from pzdecl.plan.secrets import refuse_others
from tests.plan.projects import movies
from tests.plan.world import World, actions, changes

ROLE = "arn:aws:iam::123456789012:role/very-secret"


def test_a_secret_is_sent_and_never_written_down(world: World) -> None:
    docs = movies()
    docs["DatasetGroup/g"] = {"spec": {"roleArn": ROLE}, "sensitive": ["spec.roleArn"]}
    plan = world.plan(docs)
    assert b"very-secret" not in dump(plan)
    step = next(step for step in plan.steps if step.address == Address("DatasetGroup", "g"))
    assert step.params["roleArn"] == {"$sensitive": "roleArn"}
    assert changes(plan)["DatasetGroup/g"].after is not None
    assert changes(plan)["DatasetGroup/g"].after["spec"] == {"roleArn": "(sensitive)"}  # type: ignore[index]
    world.apply(docs, plan)
    assert world.service.resources[world.service.arn("dataset-group/g")]["roleArn"] == ROLE
    assert "very-secret" not in str(world.state.rows)
    assert not world.plan(docs).has_changes

    docs["DatasetGroup/g"]["spec"] = {"roleArn": ROLE + "-2"}
    refused = world.plan(docs, allow=False)
    assert actions(refused)["DatasetGroup/g"] == "[replace]"
    [field] = changes(refused)["DatasetGroup/g"].fields
    assert (field.path, field.before, field.after) == ("roleArn", "(sensitive)", "(sensitive)")
    assert b"very-secret" not in dump(refused)


def test_a_secret_inside_another_value_is_refused(world: World) -> None:
    docs = movies()
    docs["Schema/s"]["sensitive"] = ["schema.version"]
    with pytest.raises(
        PzdeclError, match=r"movies.yaml:\d+:1: Schema/s: schema.version can't hold a sensitive value"
    ):
        world.plan(docs)


def test_a_plan_is_not_carried_out_with_another_secret(world: World) -> None:
    """The record would tell of the value that the plan was made with."""
    docs = movies()
    docs["DatasetGroup/g"] = {"spec": {"roleArn": ROLE}, "sensitive": ["spec.roleArn"]}
    plan = world.plan(docs)
    refuse_others(plan, world.project(docs))
    docs["DatasetGroup/g"]["spec"] = {"roleArn": ROLE + "-2"}
    with pytest.raises(StalePlan, match=r"DatasetGroup/g: roleArn.*has another value now") as told:
        refuse_others(plan, world.project(docs))
    assert "very-secret" not in str(told.value)
    with pytest.raises(StalePlan, match=r"DatasetGroup/g: roleArn.*is gone from the manifests"):
        refuse_others(plan, world.project({}))
