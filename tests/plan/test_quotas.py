"""Quotas of Amazon Personalize at the time of the plan: what can be known then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pzdecl.engine.api.quotas import AWS
from pzdecl.manifests.model import Project
from pzdecl.plan.model import Plan
from tests.plan.projects import Documents, movies
from tests.plan.world import World, actions


class Counted(World):
    """A world whose project keeps to the quotas of AWS."""

    def project(self, docs: Documents) -> Project:
        made = super().project(docs)
        return replace(made, provider=replace(made.provider, quotas="aws"))


@pytest.fixture
def counted() -> Counted:
    return Counted()


def blocked(plan: Plan) -> dict[str, str]:
    return {str(change.address): change.blocked.text for change in plan.blocked if change.blocked}


def campaigns(count: int) -> dict[str, Any]:
    docs = movies()
    docs |= {f"Campaign/c{n}": docs["Campaign/c"] for n in range(1, count)}
    return docs


def filters(*expressions: str) -> dict[str, Any]:
    docs = movies()
    for number, text in enumerate(expressions):
        docs[f"Filter/f{number:02}"] = {"spec": {"datasetGroup": "g", "filterExpression": text}}
    return docs


def test_a_sixth_campaign_of_a_group_is_refused(counted: Counted) -> None:
    assert blocked(counted.plan(campaigns(5))) == {}
    found = blocked(counted.plan(campaigns(6)))
    assert found == {
        "Campaign/c5": "provider.quotas: it would be Campaign number 6, and a dataset group has 5 at most"
    }


def test_what_is_there_already_counts_first(counted: Counted) -> None:
    docs = campaigns(5)
    counted.settle(docs)
    docs["Campaign/a"] = docs["Campaign/c"]
    assert list(blocked(counted.plan(docs))) == ["Campaign/a"]
    del docs["Campaign/c1"]
    plan = counted.plan(docs)
    assert blocked(plan) == {}
    assert actions(plan) == {"Campaign/a": "create", "Campaign/c1": "delete"}


def test_groups_and_schemas_of_an_account(counted: Counted) -> None:
    docs = movies()
    docs |= {f"DatasetGroup/h{n}": {"spec": {}} for n in range(4)}
    assert blocked(counted.plan(docs)) == {}
    docs["DatasetGroup/h4"] = {"spec": {}}
    assert "an account has 5 at most" in blocked(counted.plan(docs))["DatasetGroup/h4"]


def test_fields_of_all_filters_of_a_group(counted: Counted) -> None:
    def uses(*numbers: int) -> str:
        return "INCLUDE ItemID WHERE " + " AND ".join(f"Items.F{n} > 1" for n in numbers)

    docs = filters(uses(*range(10)), uses(*range(10, 20)), uses(0, 19))
    assert blocked(counted.plan(docs)) == {}
    docs["Filter/more"] = {"spec": {"datasetGroup": "g", "filterExpression": uses(20)}}
    found = blocked(counted.plan(docs))
    assert list(found) == ["Filter/more"]
    assert "would use 21 different fields, and 20 are allowed" in found["Filter/more"]


def test_bytes_of_an_import(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AWS.import_bytes, "INCREMENTAL", 5)  # type: ignore[arg-type]
    counted.files = {"DatasetImport/full": "123456", "DatasetImport/more": "12345"}
    assert blocked(counted.plan(movies())) == {}
    counted.files["DatasetImport/more"] = "123456"
    found = blocked(counted.plan(movies()))
    expected = "the data has 6 bytes, and an import with importMode INCREMENTAL takes 5 at most"
    assert expected in found["DatasetImport/more"]
    assert "DatasetImport/full" not in found


def test_without_quotas_nothing_is_counted(world: World) -> None:
    assert blocked(world.plan(campaigns(9))) == {}
