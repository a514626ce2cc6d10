"""The reference of the recipes says what the registry says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.hrnn import sessions
from pzdecl.engine.training.sims import CLOSENESS, DECAY, NEIGHBOURS, WINDOW

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "recipes.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    return PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_hyperparameter_with_its_default_and_range(name: str) -> None:
    rows = [line for line in section(name).splitlines() if line.startswith("| `")]
    wanted = []
    for parameter in RECIPES[name].hyperparameters:
        default = str(parameter.default).lower() if parameter.type == "boolean" else f"{parameter.default:g}"
        bounds = "true, false" if parameter.minimum is None else f"{parameter.minimum:g}..{parameter.maximum:g}"
        cells = f"`{parameter.name}`", parameter.type, default, bounds, f"`{parameter.group}`"
        wanted.append(f"| {' | '.join(cells)} |")
    assert rows == wanted


def test_the_constants_in_the_formulas_are_those_of_the_code() -> None:
    text = section("aws-sims")
    assert f"{CLOSENESS:g} · near" in text
    assert f"{DECAY} ^ gap" in text
    assert f"at most {WINDOW} events apart" in text
    assert f"best {NEIGHBOURS:,}" in text
    assert sessions.GAPS == (30 * 60, 24 * 60 * 60)
    assert "between half an hour and a day" in section("aws-hrnn")
