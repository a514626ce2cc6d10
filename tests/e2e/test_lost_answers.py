"""Whole projects over a network that loses answers, and against a target that is not theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.apply.pace import Pace
from pzdecl.engine import Engine
from pzdecl.engine.data.storage import S3Settings
from pzdecl.engine.store import store
from pzdecl.kinds import KINDS
from pzdecl.kinds.listing import items
from pzdecl.providers import open_aws
from tests.cli.conftest import Cli, cli, starter
from tests.e2e.test_aws_provider import BATCH, Target, aimed, target
from tests.engine.http.running import running
from tests.servers import proxy
from tests.shop import document, manifest

__all__ = ["cli", "starter", "target"]

pytest.importorskip("boto3")
pytest.importorskip("torch")

SEEN = """'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")'"""
MORE = manifest(
    BATCH,
    document("EventTracker", "shop", "datasetGroup: shop"),
    document("Filter", "seen", f"datasetGroup: shop, filterExpression: {SEEN}"),
)


def made(url: str) -> dict[str, list[str]]:
    """The ARNs of everything that a server has, by kind."""
    client = open_aws(endpoint=url)
    found = {
        kind.name: [str(one[kind.operations.arn_key]) for one in items(client, kind.operations)]
        for kind in KINDS.values()
        if kind.declared
    }
    for solution in found["Solution"]:
        listed = items(client, KINDS["SolutionVersion"].operations, solutionArn=solution)
        found.setdefault("SolutionVersion", []).extend(str(one["solutionVersionArn"]) for one in listed)
    client.close()
    return found


@pytest.mark.parametrize("fault", ["lose", pytest.param("cut", marks=pytest.mark.slow)])
def test_every_answer_to_a_creation_is_lost_once(
    cli: Cli, starter: Path, target: Target, fault: proxy.Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run makes all of it, each thing once; what never arrived is sent again."""
    monkeypatch.setattr("pzdecl.apply.running.Pace", lambda: Pace(lag=0.1))

    def first(operation: str, number: int) -> proxy.Fault | None:
        return fault if operation.startswith("Create") and number == 1 else None

    (starter / "more.yaml").write_text(MORE)
    (starter / "users.json").write_text('{"userId": "user-1"}\n')
    with proxy.before(target.url, first) as between:
        aimed(starter, target.provider(endpoint=between.url))
        done = cli("-C", starter, "apply", "--auto-approve")
        assert done.code == 0, done.err + done.out
        creations = {name for name in between.asked if name.startswith("Create")}
        assert len(creations) >= 10
        assert {between.asked[name] for name in creations} == {1 if fault == "lose" else 2}, between.asked
        found = made(between.url)
        listed = json.loads(cli("-C", starter, "state", "list", "--format", "json").out)["resources"]
        recorded = {one["arn"] for one in listed}
        assert {arn for arns in found.values() for arn in arns} == recorded, (
            "nothing is twice, nothing orphaned"
        )
        again = cli("-C", starter, "plan", "--detailed-exitcode")
        assert again.code == 0, again.out + again.err


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a server of another account."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    with (
        Engine(tmp_path / "other", account="210987654321", s3=S3Settings(root=tmp_path / "s3")) as engine,
        running(engine) as server,
    ):
        yield server.url


def test_another_account_is_no_place_for_a_project(
    cli: Cli, starter: Path, target: Target, elsewhere: str, tmp_path: Path
) -> None:
    """All would seem to be gone there, and would be made anew."""
    aimed(starter, target.provider())
    file = starter / "pzdecl.yaml"
    home = file.read_text()
    there = home.replace(target.url, elsewhere)
    plan = tmp_path / "first.plan"
    assert cli("-C", starter, "plan", "--out", plan).code == 0

    file.write_text(there)
    refused = cli("-C", starter, "apply", plan)
    assert refused.code == 1, refused.err
    assert "the plan knows arn:aws:personalize:local:000000000000:" in refused.err
    assert "the target is region local of account 210987654321" in refused.err
    assert not any(made(elsewhere).values())

    file.write_text(home)
    assert cli("-C", starter, "apply", plan).code == 0
    file.write_text(there)
    for command in (
        ("plan",),
        ("apply", "--auto-approve"),
        ("drift",),
        ("destroy", "--auto-approve"),
        ("adopt", "--all"),
    ):
        refused = cli("-C", starter, *command)
        assert refused.code == 1, refused.out + refused.err
        assert "the state knows arn:" in refused.err
    assert not any(made(elsewhere).values())


def test_data_that_changed_since_the_plan_is_not_imported(cli: Cli, starter: Path, tmp_path: Path) -> None:
    """A reviewed plan brings in what was reviewed, whichever the target."""
    plan, data = tmp_path / "a.plan", starter / "data/interactions.csv"
    assert cli("-C", starter, "plan", "--out", plan).code == 0
    content = data.read_text()
    data.write_text(content + "user-1,item-1,1700000000,buy\n")
    stale = cli("-C", starter, "apply", plan)
    assert stale.code == 5, stale.err
    assert "data/interactions.csv, which DatasetImport/shop-interactions reads, has changed" in stale.err
    data.write_text(content)
    assert cli("-C", starter, "apply", plan).code == 0
