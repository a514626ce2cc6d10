"""pzdecl rehearse: a plan on a scratch copy, compared."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pzdecl.providers import open_local
from tests.cli.conftest import Cli
from tests.e2e.workbench import Workbench
from tests.rehearsal.conftest import run
from tests.shop import interactions

AWS = """\
name: shop
variables: {data: {default: data}}
environments:
  prod: {provider: {type: aws, region: eu-west-1}, variables: {data: s3://bucket/shop}}
"""


def rehearsed(cli: Cli, shop: Workbench, *arguments: object, code: int = 0) -> dict[str, Any]:
    return dict(
        json.loads(run(cli, shop, "rehearse", "--format", "json", "--users", 20, *arguments, code=code))
    )


def hashes(root: Path) -> dict[str, str]:
    """Everything that is there, but for the cache of file contents."""
    return {
        path.relative_to(root).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and "cache" not in path.parts and path.name != ".gitignore"
    }


def test_a_change_is_compared_and_nothing_is_touched(cli: Cli, shop: Workbench) -> None:
    shop.edit("recommender.yaml", "min_cointeraction_count: 1", "min_cointeraction_count: 6")
    before = hashes(shop.root)
    found = rehearsed(cli, shop)
    assert hashes(shop.root) == before
    assert not list((shop.root / ".pzdecl" / "scratch").glob("*/"))
    (campaign,) = found["campaigns"]
    assert campaign["address"] == "Campaign/shop-related"
    assert {change["action"] for change in campaign["changes"]} >= {"replace", "train"}
    assert campaign["before"]["solution_version"] != campaign["after"]["solution_version"]
    move = campaign["movement"]
    assert (move["asked"], move["count"], move["catalogue"]) == ("items", 20, 50)
    assert 0 <= move["overlap_at_10"] <= 1
    ndcg = campaign["differences"]["normalized_discounted_cumulative_gain_at_25"]
    values = [
        campaign[side]["metrics"]["normalized_discounted_cumulative_gain_at_25"] for side in ("after", "before")
    ]
    assert ndcg["value"] == pytest.approx(values[0] - values[1])
    assert ndcg["shared_test_users"] > 0
    assert found["unchanged"] == ["Campaign/shop-popular"]
    assert shop.actions() != {}, "the plan is still to be applied"
    assert found["campaigns"][0]["after"]["metrics"].items() <= _applied(cli, shop).items()


def _applied(cli: Cli, shop: Workbench) -> dict[str, float]:
    """The metrics that the real apply then gives: the rehearsal foretold them."""
    run(cli, shop, "apply", "--auto-approve")
    rows = json.loads(run(cli, shop, "metrics", "--format", "json"))["versions"]
    return dict(next(row["metrics"] for row in rows if row["serving"] == ["shop-related"]))


def test_other_data_moves_the_lists(cli: Cli, shop: Workbench) -> None:
    more = "".join(f"u{user},i49,{1_800_000_000 + user},view\n" for user in range(40) for _ in range(1))
    shop.write("data/interactions.csv", interactions() + more * 3)
    found = {one["address"]: one for one in rehearsed(cli, shop)["campaigns"]}
    popular = found["Campaign/shop-popular"]
    assert popular["movement"]["first_item_changed"] == 1
    assert popular["movement"]["asked"] == "users"
    assert popular["movement"]["newly_shown"][0] == {"item": "i49", "lists": 20}
    assert popular["titles"]["i49"] == "The 49th"
    text = run(cli, shop, "rehearse", "--users", 20)
    assert "Newly shown: 1 item: The 49th (20)." in text
    assert "Another first item: 100%" in text


def test_nothing_before(cli: Cli, shop: Workbench) -> None:
    again = Workbench(shop.root / "again")
    for name in ("pzdecl.yaml", "data.yaml", "popular.yaml", "data/interactions.csv", "data/items.csv"):
        again.write(name, (shop.root / name).read_text())
    found = rehearsed(cli, again)
    assert found["first_deployment"] is True
    (campaign,) = found["campaigns"]
    assert (campaign["before"], campaign["movement"]) == (None, None)
    assert campaign["after"]["metrics"]
    assert "there is no before" in run(cli, again, "rehearse", "--format", "markdown")
    assert not (again.root / ".pzdecl" / "engine").exists()
    assert not (again.root / ".pzdecl" / "state").exists()


def test_no_change(cli: Cli, shop: Workbench) -> None:
    assert "No campaign changes." in run(cli, shop, "rehearse")


def test_a_sample_is_trained_on_both_sides(cli: Cli, shop: Workbench) -> None:
    shop.edit("recommender.yaml", "min_cointeraction_count: 1", "min_cointeraction_count: 6")
    before = hashes(shop.root)
    found = rehearsed(cli, shop, "--sample", 0.9)
    assert hashes(shop.root) == before
    assert (found["sample"], found["rebuilt"]) == (0.9, True)
    (campaign,) = found["campaigns"]
    assert campaign["before"]["metrics"].keys() == campaign["after"]["metrics"].keys()
    assert campaign["movement"]["catalogue"] == 50
    small = cli("-C", shop.root, "rehearse", "--sample", 0.3)
    assert (small.code, "a sample of 0.3 is too small" in small.err) == (1, True)
    again = rehearsed(cli, shop, "--sample", 0.9)
    assert again["campaigns"][0]["movement"] == campaign["movement"], "the sample is the same each time"


def test_appended_data_is_taken_away_for_the_before(cli: Cli, shop: Workbench) -> None:
    more = "".join(
        f"u{user},i49,{1_800_000_000 + user + step},view\n" for user in range(40) for step in range(3)
    )
    shop.write("data/interactions.csv", interactions() + more)
    found = {
        one["address"]: one for one in rehearsed(cli, shop, "--sample", 1.0, "--data", _same(shop))["campaigns"]
    }
    assert found["Campaign/shop-popular"]["movement"]["first_item_changed"] == 0, "given data are those of both"
    found = {one["address"]: one for one in rehearsed(cli, shop, "--sample", 0.9)["campaigns"]}
    assert found["Campaign/shop-popular"]["movement"]["first_item_changed"] == 1


def _same(shop: Workbench) -> str:
    return f"DatasetImport/shop-events={shop.root / 'data/interactions.csv'}"


def test_another_target_is_rehearsed_on_a_scratch_engine(
    cli: Cli, shop: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = shop.root / ".pzdecl" / "engine"
    monkeypatch.setattr("pzdecl.providers.open_aws", lambda **_: open_local(engine, read_only=True))
    state = shop.root / ".pzdecl" / "state"
    shutil.copy(state / "default.db", state / "prod.db")
    shop.write("pzdecl.yaml", AWS)
    for name in ("interactions", "items"):
        shop.edit("data.yaml", f"dataLocation: data/{name}.csv", f'dataLocation: "${{var.data}}/{name}.csv"')
    shop.edit("recommender.yaml", "min_cointeraction_count: 1", "min_cointeraction_count: 6")
    result = cli("-C", shop.root, "-e", "prod", "rehearse")
    assert result.code == 64
    assert "FILE, or an environment that does: --data-from" in result.err
    found = rehearsed(cli, shop, "-e", "prod", "--data-from", "default")
    assert found["rebuilt"] is True
    one = next(one for one in found["campaigns"] if one["address"] == "Campaign/shop-related")
    assert one["movement"]["count"] == 20


def test_what_fails_is_told(cli: Cli, shop: Workbench) -> None:
    shop.edit("recommender.yaml", "recipe: aws-sims", "recipe: aws-sims, eventType: view")
    shop.write("data/interactions.csv", interactions().replace(",view", ",click"))
    result = cli("-C", shop.root, "rehearse")
    assert result.code in (1, 7)
    assert "view" in result.out + result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--sample", "0"), "0 of the data can't be sampled"),
        (("--data", "shop-events"), "names no file"),
        (("--data", "shop-events=nothing.csv"), "nothing.csv is not there"),
        (("--data", "Campaign/shop-popular=data.yaml"), "only imports read data"),
    ],
)
def test_wrong_wishes(arguments: tuple[str, ...], told: str, cli: Cli, shop: Workbench) -> None:
    result = cli("-C", shop.root, "rehearse", *arguments)
    assert result.code in (1, 64)
    assert told in result.err
