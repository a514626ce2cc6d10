"""A project of every kind that trains in a moment, and a change to most of it."""

from __future__ import annotations

from pathlib import Path

from tests.shop import EVENTS, PROJECT, Folder, data, deployed, document, group, interactions, manifest

MANIFESTS = manifest(
    group(metadata="tags: {team: discovery}"),
    data("events", EVENTS, file="interactions.csv"),
    document("EventTracker", "web", "datasetGroup: shop"),
    deployed("popular", "aws-popularity-count"),
)


def write(root: Path) -> Path:
    """The project in the folder `root`, which is made."""
    made = Folder(root)
    made.write("pzdecl.yaml", PROJECT)
    made.write("shop.yaml", MANIFESTS)
    made.write("interactions.csv", interactions())
    return root


def change(root: Path) -> None:
    """Replaces the solution (so: trains and deploys), renames the campaign, appends data, changes tags."""
    for before, after in (
        ("recipe: aws-popularity-count", "recipe: aws-sims"),
        ("kind: Campaign\nmetadata: {name: popular}", "kind: Campaign\nmetadata: {name: top, tags: {a: b}}"),
        ("team: discovery", "team: search"),
    ):
        replace(root, before, after)
    append(root, "i1", 1_700_000_000)


def replace(root: Path, before: str, after: str) -> None:
    """Changes the manifests: `before`, which must be there, to `after`."""
    Folder(root).edit("shop.yaml", before, after)


def append(root: Path, item: str, start: int) -> None:
    """Twenty users more have viewed the item."""
    with (root / "interactions.csv").open("a") as file:
        file.writelines(f"u{n},{item},{start + n},view\n" for n in range(20))
