"""Plans that can be trusted: in a fixed order, in the future tense, exact, and without effect."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pzdecl.providers.client import READ_PREFIXES
from tests.pitfalls.conftest import POPULAR, Site, Strike

PZDECL = str(Path(sys.executable).parent / "pzdecl")


def test_01_plan_order_is_fixed(site: Site) -> None:
    """Sets and hash tables have another order in each process: it shows nowhere."""
    site.edit("popular.yaml", "{team: discovery}", "{team: discovery, site: a, owner: b, tier: c}")
    found = {
        subprocess.run(
            [PZDECL, "plan", "--format", form],
            cwd=site.root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
        for form in ("json",)
    }
    assert len(found) == 1
    addresses = [change["address"] for change in json.loads(found.pop())["resource_changes"]]
    assert addresses == sorted(addresses)
    before = _without_places(site("plan").out)
    documents = (site.root / "shop.yaml").read_text().split("---\n")
    for number, document in enumerate(documents):
        site.write(f"{9 - number}.yaml", document)
    (site.root / "shop.yaml").unlink()
    assert _without_places(site("plan").out) == before, "where things are declared says nothing of their order"


def test_02_a_plan_speaks_of_the_future(site: Site) -> None:
    told = site("plan").out
    assert "Plan: 4 to create, 0 to delete." in told
    assert told.count(" will be created") == 4
    past = told.replace(" will be created", "")
    assert not any(word in past for word in ("created", "Created", "complete", "deleted"))
    assert "4 created" in site.apply().out


def test_04_an_empty_saved_plan_is_refused(site: Site, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    assert site("plan", "--out", saved).code == 0
    whole = saved.read_bytes()
    steps = json.loads(whole)["steps"]
    assert len(steps) == 4
    without = json.dumps({**json.loads(whole), "steps": []}).encode()
    for bad, why in (
        (b"", "is empty"),
        (b"{}", "is no plan"),
        (whole[: len(whole) // 2], "cut short"),
        (without, "was changed"),
    ):
        saved.write_bytes(bad)
        answer = site("apply", saved)
        assert answer.code == 1
        assert why in answer.err
    assert site.managed() == []
    assert not (site.root / ".pzdecl/engine").exists()
    saved.write_bytes(whole)
    assert site("apply", saved).code == 0
    assert len(site.managed()) == 4


def test_05_the_same_plan_is_not_applied_twice(site: Site, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    for saved in (first, second):
        assert site("plan", "--out", saved).code == 0
    assert site("apply", first).code == 0
    made = site.there()
    for saved in (first, second):
        stale = site("apply", saved)
        assert stale.code == 5
        assert "stale" in stale.err or "moved" in stale.err or "changed" in stale.err
    assert site.there() == made == ["popular"]
    assert site.settled()


def test_13_times_are_no_changes(site: Site) -> None:
    """Neither new timestamps of files, nor another folder, nor a later hour."""
    planned = site("plan", "--format", "json").out
    site.apply()
    for file in site.root.rglob("*.yaml"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
        file.write_bytes(file.read_bytes())
    assert site.settled()
    elsewhere = Site(site.root.parent / "elsewhere", site.cli)
    shutil.copytree(site.root, elsewhere.root)
    assert elsewhere.settled()
    shutil.rmtree(elsewhere.root / ".pzdecl")
    assert elsewhere("plan", "--format", "json").out == planned


@pytest.mark.parametrize("applied", [False, True])
def test_14_looking_writes_nothing(site: Site, strike: Strike, applied: bool) -> None:
    """Only what reads is asked of the service, and no file changes."""
    if applied:
        site.apply()
        site.edit("popular.yaml", "discovery", "search")
    clients = strike()
    before = _files(site.root)
    for command in ("validate", "plan", "plan --destroy", "plan --no-refresh", "drift", "graph", "state list"):
        assert site(*command.split()).code == 0
    after = _files(site.root)
    assert {name: after.get(name) for name in before} == before
    assert all(name.endswith(("-wal", "-shm")) for name in after.keys() - before.keys())
    asked = [call for client in clients for call in client.calls]
    assert asked
    assert all(call.startswith(READ_PREFIXES) for call in asked)


def test_15_a_second_look_finds_no_drift(trained: Site) -> None:
    """Statuses and times that the service moves by itself are no drift, run by run."""
    trained.apply()
    for _ in range(2):
        answer = trained("plan", "--detailed-exitcode")
        assert answer.code == 0
        assert answer.out.startswith("Nothing to change")
        assert json.loads(trained("plan", "--format", "json").out).get("resource_drift", []) == []
        assert trained("drift").code == 0


def test_16_what_is_planned_is_what_is_done(trained: Site) -> None:
    """One edit at the head of a chain: no cascade of what might change, and the run does what was counted."""
    trained.apply()
    trained.edit(
        "popular.yaml",
        "{name: popular}\nspec: {datasetGroup",
        "{name: popular, tags: {a: b}}\nspec: {datasetGroup",
    )
    planned, done = _counts(trained)
    assert planned == done == {"update": 1}
    trained.edit("popular.yaml", "minProvisionedTPS: 1", "minProvisionedTPS: 2")
    with (trained.root / "data/events.csv").open("a") as file:
        file.write("u1,i1,1800000000,view\n")
    planned, done = _counts(trained)
    assert planned == done == {"import": 1, "train": 1, "deploy": 1}
    trained.edit("popular.yaml", "name: popular", "name: best")
    trained.edit("popular.yaml", "solution: popular", "solution: best")
    kinds = ("Solution", "Campaign")
    moves = ", ".join(f"{{from: {kind}/popular, to: {kind}/best}}" for kind in kinds)
    trained.write("moved.yaml", f"apiVersion: pzdecl/v1\nmoved: [{moves}]\n")
    planned, done = _counts(trained)
    assert planned == done
    assert planned["move"] == 3, "the solution, its training, and the campaign"
    assert trained.settled()


def _counts(site: Site) -> tuple[dict[str, int], dict[str, int]]:
    lines = [json.loads(line) for line in site.apply("--format", "jsonl").out.splitlines()]
    told = [line["changes"] for line in lines if line["type"] == "change_summary"]
    by_operation = {one["operation"]: one["actions"] for one in told}
    return by_operation["plan"], by_operation["apply"]


def test_17_every_environment_tells_what_is_destroyed(site: Site) -> None:
    """The same edit meets the same refusal everywhere, not first where it hurts."""
    site.write("pzdecl.yaml", "name: shop\nprovider: {type: local}\nenvironments: {dev: {}, prod: {}}\n")
    for environment in ("dev", "prod"):
        site.apply("-e", environment)
    documents = (site.root / "shop.yaml").read_text().split("---\n")
    site.write("shop.yaml", "---\n".join(documents[:2]))
    told = []
    for environment in ("dev", "prod"):
        answer = site("-e", environment, "plan", "--detailed-exitcode")
        assert answer.code == 4
        assert "Dataset/events" in answer.out
        assert "--allow-destroy Dataset/events" in answer.out
        told.append(answer.out.replace(environment, "ENV"))
    assert told[0] == told[1]


def test_21_a_target_among_copies_is_exactly_that(site: Site) -> None:
    """Copies are called by their key, not by a number: what one is does not hang on the others."""
    copies = (
        POPULAR.replace("name: popular,", 'name: "popular-${each.value}",') + "forEach: [oslo, rome, lima]\n"
    )
    site.write("popular.yaml", copies)
    site.apply("--target", "Solution/popular-rome")
    assert site.there() == ["popular-rome"]
    site.apply()
    site.edit("popular.yaml", "[oslo, rome, lima]", "[rome, lima]")
    planned = json.loads(site("plan", "--format", "json").out)["resource_changes"]
    changed = {one["address"]: one["action"] for one in planned if one["action"] != "no-op"}
    assert changed == {"Solution/popular-oslo": "delete"}
    assert "Nothing to change" in site("plan", "--target", "Solution/popular-l*").out
    assert site("plan", "--target", "Solution/popular[0]").code == 64


def _without_places(told: str) -> str:
    return re.sub(r"  \(\S+\.yaml:\d+\)", "", told)


def _files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
