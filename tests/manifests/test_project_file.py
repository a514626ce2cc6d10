"""The project file beyond variables: policies, and what environments have otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.errors import InvalidProject
from pzdecl.kinds.address import Address
from pzdecl.manifests import load
from tests.manifests.projects import CAMPAIGN, GROUP, SOLUTION, errors, write

POLICIES = """\
name: shop
policies:
  allowedRecipes: [aws-hrnn, "arn:aws:personalize:::recipe/aws-sims"]
  maximumTPS: ${var.most}
  requiredTags: [team]
  namedDeletions: true
variables:
  most: {type: integer, default: 4}
environments:
  dev: {policies: {}}
"""


def test_policies_are_read_and_an_environment_has_its_own(tmp_path: Path) -> None:
    root = write(tmp_path, {"m.yaml": GROUP}, POLICIES)
    found = load(root).policies
    assert found.allowed_recipes == ("aws-hrnn", "aws-sims")
    assert (found.maximum_tps, found.required_tags, found.named_deletions) == (4, ("team",), True)
    assert str(found.position("maximumTPS")) == "pzdecl.yaml:4:15"
    assert load(root, environment="dev").policies.allowed_recipes is None


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("aws-hrnn,", "aws-hrn,", "no recipe aws-hrn"),
        ("${var.most}", "0", "maximumTPS is"),
        ("namedDeletions", "namedDeletion", "no field namedDeletion"),
        ("[team]", "team", "requiredTags is"),
    ],
)
def test_wrong_policies_are_told(old: str, new: str, text: str, tmp_path: Path) -> None:
    found = errors(write(tmp_path, {"m.yaml": GROUP}, POLICIES.replace(old, new)))
    assert any(text in one.summary for one in found), [one.summary for one in found]


def test_quotas_of_the_provider(tmp_path: Path) -> None:
    root = write(tmp_path, {"m.yaml": GROUP}, "name: shop\nprovider: {type: local, quotas: aws}\n")
    assert load(root).provider.quotas == "aws"
    assert load(write(tmp_path / "other", {"m.yaml": GROUP}, "name: shop\n")).provider.quotas == "none"
    wrong = write(tmp_path / "wrong", {"m.yaml": GROUP}, "name: shop\nprovider: {quotas: asw}\n")
    (found,) = errors(wrong)
    assert "quotas" in found.summary
    assert "aws" in f"{found.expected} {found.suggestion}"


ENVIRONMENTS = """\
name: shop
namePrefix: shop-
variables:
  most: {type: integer, default: 4}
  secret: {type: string, default: s, sensitive: true}
environments:
  dev: {namePrefix: dev-}
  prod:
    patches:
      - target: campaign/*
        set: {spec.minProvisionedTPS: "${var.most}", metadata.tags.tier: gold}
      - target: Solution/hrnn
        set:
          spec.solutionConfig.algorithmHyperParameters.hidden_dimension: 64
          spec.eventType: null
"""


def environments(tmp_path: Path, patches: str = ENVIRONMENTS) -> Path:
    documents = [GROUP, SOLUTION + "  eventType: watch\n", CAMPAIGN]
    return write(tmp_path, {"m.yaml": "---\n".join(documents)}, patches)


def test_an_environment_patches_manifests_and_names(tmp_path: Path) -> None:
    root = environments(tmp_path)
    plain, dev, prod = (load(root, environment=name) for name in (None, "dev", "prod"))
    assert [one.name_prefix for one in (plain, dev, prod)] == ["shop-", "dev-", "shop-"]
    campaign, solution = Address("Campaign", "movies"), Address("Solution", "hrnn")
    assert "minProvisionedTPS" not in plain.resources[campaign].inputs
    assert prod.resources[campaign].inputs["minProvisionedTPS"] == 4
    assert prod.resources[campaign].tags == {"tier": "gold"}
    assert prod.resources[solution].inputs["solutionConfig"] == {
        "algorithmHyperParameters": {"hidden_dimension": 64}
    }
    assert plain.resources[solution].inputs["eventType"] == "watch"
    assert "eventType" not in prod.resources[solution].inputs
    assert str(prod.resources[campaign].positions["spec.minProvisionedTPS"]) == "pzdecl.yaml:11:39"


def test_a_wrong_value_in_a_patch_is_told_where_it_is_written(tmp_path: Path) -> None:
    root = environments(tmp_path, ENVIRONMENTS.replace('"${var.most}"', "0"))
    with pytest.raises(InvalidProject) as raised:
        load(root, environment="prod")
    [found] = raised.value.diagnostics
    assert (found.code, found.address, str(found.position)) == (
        "PZ3005",
        "Campaign/movies",
        "pzdecl.yaml:11:39",
    )
    load(root, environment="dev")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("campaign/*", "campain/*", "campain/* is nothing that is declared"),
        ("metadata.tags.tier", "metadata.name", "metadata.name cannot be patched"),
        ("metadata.tags.tier", "kind", "kind cannot be patched"),
        ("spec.eventType", "spec.recipe.x", "leads through a value"),
        ("gold", '"${var.secret}"', "a patch holds a sensitive variable"),
        ("namePrefix: shop-", 'namePrefix: "shop "', "namePrefix cannot be"),
        ("namePrefix: shop-", f"namePrefix: {'p' * 20}", "too long for a name"),
        ("target:", "targt:", "no field targt"),
    ],
)
def test_wrong_environments_are_told(old: str, new: str, text: str, tmp_path: Path) -> None:
    root = environments(tmp_path, ENVIRONMENTS.replace(old, new))
    if "too long" in text:
        file = root / "m.yaml"
        file.write_text(file.read_text().replace("movies", "m" * 50))
    with pytest.raises(InvalidProject) as raised:
        load(root, environment="prod")
    found = raised.value.diagnostics
    assert any(text in one.summary for one in found), [one.summary for one in found]
