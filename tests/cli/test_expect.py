"""Applying just the plan that was reviewed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytest.importorskip("torch")


def test_the_reviewed_plan_is_applied_and_no_other(cli: Cli, starter: Path) -> None:
    digest = json.loads(cli("-C", starter, "plan", "--format", "json").out)["digest"]
    told = re.findall(r"sha256:[0-9a-f]{64}", cli("-C", starter, "plan", "--format", "markdown").out)
    assert told == [digest]
    other = cli("-C", starter, "apply", "--expect", "sha256:" + "0" * 64)
    assert other.code == 5
    assert digest in other.err
    assert not (starter / ".pzdecl" / "engine" / "datasets").exists(), "nothing was done"
    assert cli("-C", starter, "apply", "--expect", digest).code == 0
    assert cli("-C", starter, "apply", "--expect", digest).code == 5, "it is done: the plan is another one now"


def test_what_is_no_digest_is_told(cli: Cli, starter: Path) -> None:
    answer = cli("-C", starter, "apply", "--expect", "abc")
    assert answer.code == 64
    assert "sha256:" in answer.err


@pytest.mark.parametrize("format", ["junit", "sarif", "github"])
def test_validate_and_plan_speak_to_ci(format: str, cli: Cli, starter: Path) -> None:
    assert cli("-C", starter, "validate", "--format", format).code == 0
    good = cli("-C", starter, "plan", "--format", format)
    assert "Solution/shop-popular" in good.out or 'name="shop-popular"' in good.out
    (starter / "wrong.yaml").write_text("apiVersion: pzdecl/v1\nkind: Solutoin\nmetadata: {name: x}\n")
    wrong = cli("-C", starter, "validate", "--format", format)
    assert wrong.code == 1
    assert "PZ2002" in wrong.out
