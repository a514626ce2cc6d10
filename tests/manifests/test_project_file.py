"""The project file beyond variables: policies."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.manifests import load
from tests.manifests.projects import GROUP, errors, write

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
