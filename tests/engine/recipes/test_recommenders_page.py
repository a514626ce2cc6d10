"""The page of recommenders says what the registry says."""

from __future__ import annotations

from pathlib import Path

from pzdecl.engine.recipes.registry import CUSTOM, DOMAIN

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "recommenders.md").read_text(encoding="utf-8")


def test_every_use_case_with_its_events_and_ids() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if "| `aws-" in line]
    assert [row[0] for row in rows] == [f"`{name}`" for name in sorted(DOMAIN)]
    for name, domain, learns, asks, hides, base in rows:
        recipe = DOMAIN[name.strip("`")]
        items = ", Items" if "ITEMS" in recipe.datasets else ""
        assert domain == recipe.domain
        assert learns == (recipe.event_type or "all events") + items
        assert asks == (", ".join(f"{one}Id" for one in recipe.asks or ()) or "nothing")
        assert hides == (recipe.hides or "")
        assert CUSTOM[base].trainer() is recipe.trainer()


def test_the_values_that_the_page_names() -> None:
    for recipe in DOMAIN.values():
        values = {one.name: one.default for one in recipe.hyperparameters}
        if "min_cointeraction_count" in values:
            assert values["min_cointeraction_count"] == 2
            assert values["popularity_discount_factor"] == (0.5 if "bought" in recipe.name else 0.25)
        assert not any(one.tunable for one in recipe.hyperparameters)
