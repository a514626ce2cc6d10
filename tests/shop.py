"""Small projects: manifests and data, put together of what a test asks for.

    shop = Folder(tmp_path / "shop")
    shop.write("pzdecl.yaml", PROJECT)
    shop.write("shop.yaml", manifest(
        group("shop", metadata="tags: {team: web}"),
        data("events", EVENTS, file="events.csv"),
        document("EventTracker", "web", "datasetGroup: shop"),
        deployed("popular", "aws-popularity-count", campaign="minProvisionedTPS: 2"),
    ))
    shop.write("events.csv", interactions())
    shop.edit("shop.yaml", "minProvisionedTPS: 2", "minProvisionedTPS: 3")

Manifests are text, laid out as here and nowhere else, so that a test may name what it changes: what is given of
a document (`spec`, `metadata`, the type of a column) stands in it word for word, several lines indented, one
line in braces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

PROJECT = "name: shop\nprovider: {type: local}\n"
EVENTS = {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long", "EVENT_TYPE": "string"}
"""The columns of `interactions()`, as `data` takes them."""


@dataclass(frozen=True)
class Folder:
    """A project's folder and its files, by names relative to it."""

    root: Path

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, before: str, after: str) -> None:
        """Changes what must be in a file to something else, wherever it is."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert before in text, f"{name} has no {before!r}"
        self.write(name, text.replace(before, after))


def manifest(*documents: str) -> str:
    """The text of a file of these documents."""
    return "---\n".join(documents)


def document(kind: str, name: str, spec: str = "", *, metadata: str = "") -> str:
    """A resource: `spec` in one line stands in braces, as `metadata` does beside the name."""
    told = f"name: {name}, {metadata}" if metadata else f"name: {name}"
    block = f"\n{indent(spec.rstrip(), '  ')}" if "\n" in spec else f" {{{spec}}}"
    return f"apiVersion: pzdecl/v1\nkind: {kind}\nmetadata: {{{told}}}\nspec:{block}\n"


def group(name: str = "shop", domain: str = "", *, metadata: str = "") -> str:
    return document("DatasetGroup", name, f"domain: {domain}" if domain else "", metadata=metadata)


def data(
    name: str,
    columns: Mapping[str, str],
    *,
    type: str = "Interactions",
    group: str = "shop",
    domain: str = "",
    file: str = "",
    metadata: str = "",
) -> str:
    """A schema and a dataset of this name, and an import if there is a `file` (relative to the manifest).

    `columns` are types by name, or what else a column is, too: `{"GENRE": "string, categorical: true"}`.
    `metadata` is that of the dataset and of the import.
    """
    schema = [
        *([f"domain: {domain}"] if domain else []),
        "schema:",
        "  type: record",
        f"  name: {type.replace('_', '')}",
        "  namespace: com.amazonaws.personalize.schema",
        "  fields:",
        *(f"    - {{name: {column}, type: {of}}}" for column, of in columns.items()),
        '  version: "1.0"',
    ]
    of = f"datasetGroup: {group}, datasetType: {type}, schema: {name}"
    made = [document("Schema", name, "\n".join(schema)), document("Dataset", name, of, metadata=metadata)]
    if file:
        source = f"dataset: {name}, dataSource: {{dataLocation: {file}}}"
        made.append(document("DatasetImport", name, source, metadata=metadata))
    return manifest(*made)


def deployed(
    name: str, recipe: str, *, group: str = "shop", solution: str = "", campaign: str = "", metadata: str = ""
) -> str:
    """A solution and a campaign of this name; what else is said of them, `metadata` of the solution alone."""
    one, other = f"datasetGroup: {group}, recipe: {recipe}", f"solution: {name}"
    return manifest(
        document("Solution", name, f"{one}, {solution}" if solution else one, metadata=metadata),
        document("Campaign", name, f"{other}, {campaign}" if campaign else other),
    )


def table(columns: Iterable[str], rows: Iterable[str]) -> str:
    """The text of a CSV file: its header, and rows as they stand in it."""
    return "\n".join([",".join(columns), *rows]) + "\n"


def interactions(users: int = 40, each: int = 30, start: int = 1_700_000_000) -> str:
    """Users who walk round a ring of 50 items: an order that a sequence model learns at once."""
    rows = (
        f"u{user},i{(user * 7 + step) % 50},{start + user * 10_000 + step * 60},view"
        for user in range(users)
        for step in range(each)
    )
    return table(EVENTS, rows)
