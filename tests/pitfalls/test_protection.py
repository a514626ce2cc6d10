"""Protection that holds, and holds up nothing else."""

from __future__ import annotations

from tests.pitfalls.conftest import POPULAR, Site

PROTECTED = POPULAR.replace("{name: popular,", "{name: popular, lifecycle: {protect: true},")
SIMILAR = POPULAR.replace("popular", "similar").replace("aws-similarity-count", "aws-sims")


def test_08_protection_outlives_its_document(site: Site) -> None:
    """It is kept in state: removing the whole document does not remove it."""
    site.write("popular.yaml", PROTECTED)
    site.apply()
    (site.root / "popular.yaml").unlink()
    answer = site("plan", "--detailed-exitcode")
    assert answer.code == 4
    assert "protect" in answer.out
    site.apply(expect=4)
    assert site("apply", "--destroy", "--auto-approve").code == 4
    assert site.there() == ["popular"]
    # Who really means it says so in the manifest, and deletes afterwards.
    site.write("popular.yaml", POPULAR)
    site.apply()
    (site.root / "popular.yaml").unlink()
    site.apply()
    assert site.there() == []


def test_09_one_protected_resource_stops_nothing_else(site: Site) -> None:
    site.write("popular.yaml", PROTECTED)
    site.apply()
    site.edit("popular.yaml", "aws-popularity-count", "aws-sims")
    site.write("similar.yaml", SIMILAR)
    answer = site("plan")
    assert "Solution/popular" in answer.out
    assert "Plan: 1 to create" in answer.out
    done = site.apply(expect=4)
    assert "1 created" in done.out
    assert site.there() == ["popular", "similar"]
