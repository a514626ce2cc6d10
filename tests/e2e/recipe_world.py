"""A project with a solution for every recipe on one data set, and what the data say of users and items."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pzdecl.engine.recipes.base import Recipe
from tests.e2e.workbench import PZDECL

TYPES = ("Interactions", "Items", "Users")
SMALLEST = 32
"""The least `hidden_dimension`: what is tested here is not how good a recipe is."""


@dataclass
class World:
    """A project's folder and its commands; `events` and `users` count the interactions of each."""

    root: Path
    group: str
    events: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)

    def run(self, *arguments: str) -> str:
        done = subprocess.run([PZDECL, *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def recommend(self, recipe: str, user: str | None = None, item: str | None = None) -> list[dict[str, Any]]:
        ids = [part for name, one in (("--user", user), ("--item", item)) if one for part in (name, one)]
        answer = json.loads(self.run("recommend", name_of(recipe), *ids, "--format", "json"))
        return list(answer["itemList"])

    def segment(self, recipe: str, *ask: str) -> list[str]:
        return list(
            json.loads(self.run("segment", name_of(recipe), *ask, "--format", "json"))["output"]["usersList"]
        )

    def metrics(self) -> dict[str, dict[str, float]]:
        """By recipe."""
        versions = json.loads(self.run("metrics", "--format", "json"))["versions"]
        return {version["recipe"]: version["metrics"] for version in versions}

    def solutions(self, recipes: Iterable[Recipe], event_type: str | None = None) -> None:
        """Writes a solution for each recipe, and a campaign where it has some."""
        documents = []
        for recipe in recipes:
            spec: dict[str, Any] = {"datasetGroup": self.group, "recipe": recipe.name}
            if event_type is not None:
                spec["eventType"] = event_type
            if config := settings(recipe):
                spec["solutionConfig"] = config
            documents.append(document("Solution", name_of(recipe.name), spec))
            if recipe.type != "USER_SEGMENTATION":
                documents.append(document("Campaign", name_of(recipe.name), {"solution": name_of(recipe.name)}))
        (self.root / "recommenders.yaml").write_text(yaml.safe_dump_all(documents))


def name_of(recipe: str) -> str:
    return recipe.removeprefix("aws-")


def settings(recipe: Recipe) -> dict[str, Any]:
    """The smallest network; and everything rare counts as new, whenever it came out."""
    config: dict[str, dict[str, Any]] = {}
    for parameter in recipe.hyperparameters:
        if parameter.name == "hidden_dimension":
            config.setdefault(parameter.group, {})[parameter.name] = SMALLEST
        if parameter.name == "cold_start_max_duration":
            config.setdefault(parameter.group, {})[parameter.name] = 36_500.0
    return config


def document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "pzdecl/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def real(folder: Path, root: Path, share: int) -> World:
    """A project on one in `share` of the users of a data set, and all of its items."""
    world = World(root, folder.name)
    root.mkdir()
    documents = [document("DatasetGroup", folder.name, {})]
    (root / "pzdecl.yaml").write_text(f"name: {folder.name}\nprovider: {{type: local}}\n")
    for kind in TYPES:
        stem, name = kind.lower(), f"{folder.name}-{kind.lower()}"
        with (root / f"{stem}.csv").open("w", encoding="utf-8", newline="") as out:
            copy(rows(folder / f"{stem}.csv"), out, share, world if kind == "Interactions" else None)
        shutil.copy(folder / f"{stem}.schema.json", root)
        documents += [
            document("Schema", name, {"schemaFile": f"{stem}.schema.json"}),
            document("Dataset", name, {"datasetGroup": folder.name, "datasetType": kind, "schema": name}),
            document("DatasetImport", name, {"dataset": name, "dataSource": {"dataLocation": f"{stem}.csv"}}),
        ]
    (root / "data.yaml").write_text(yaml.safe_dump_all(documents))
    return world


def rows(file: Path) -> Iterator[list[str]]:
    """The rows of a CSV file, packed or not, its header first."""
    packed = file.with_name(f"{file.name}.gz")
    with gzip.open(packed) if packed.is_file() else file.open("rb") as source:
        yield from csv.reader(io.TextIOWrapper(source, encoding="utf-8-sig", newline=""))


def copy(content: Iterator[list[str]], out: io.TextIOBase, share: int, world: World | None) -> None:
    writer = csv.writer(out)
    header = next(content)
    writer.writerow(header)
    user, item = (header.index(name) if name in header else None for name in ("USER_ID", "ITEM_ID"))
    for row in content:
        if user is None or zlib.crc32(row[user].encode()) % share == 0:
            writer.writerow(row)
            if world is not None and user is not None and item is not None:
                world.users[row[user]] += 1
                world.events[row[item]] += 1
