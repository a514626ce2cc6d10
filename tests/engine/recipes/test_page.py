"""The reference of the recipes says what the registry says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.engine.recipes.base import Hyperparameter
from pzdecl.engine.recipes.registry import CUSTOM
from pzdecl.engine.training.hrnn import sessions
from pzdecl.engine.training.related.closeness import BACKWARDS, WINDOW
from pzdecl.engine.training.related.lists import NEIGHBOURS

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "recipes.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    return PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]


def bounds(parameter: Hyperparameter) -> str:
    if parameter.type == "boolean":
        return "true, false"
    if parameter.choices:
        return ", ".join(parameter.choices)
    if parameter.maximum is None:
        return f"{'above' if parameter.exclusive else 'from'} {parameter.minimum:g}"
    return f"{parameter.minimum:g}..{parameter.maximum:g}"


@pytest.mark.parametrize("name", sorted(CUSTOM))
def test_every_hyperparameter_with_its_default_and_range(name: str) -> None:
    rows = [line for line in section(name).splitlines() if line.startswith("| `")]
    wanted = []
    for parameter in CUSTOM[name].hyperparameters:
        default = parameter.default
        text = f"{default:g}" if isinstance(default, float) else str(default).lower()
        text = default if isinstance(default, str) else text
        cells = f"`{parameter.name}`", parameter.type, text, bounds(parameter), f"`{parameter.group}`"
        wanted.append(f"| {' | '.join(cells)} |")
    assert rows == wanted


def test_the_constants_in_the_formulas_are_those_of_the_code() -> None:
    text = section("aws-sims")
    assert f"at most {WINDOW} items from i" in text
    assert f"{BACKWARDS:g} / gap where j came before" in text
    assert f"best {NEIGHBOURS:,}" in text
    assert sessions.GAPS == (30 * 60, 24 * 60 * 60)
    assert "between half an hour and a day" in section("aws-hrnn")
