"""Random projects that the built-in engine applies in a moment, and random edits of them, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import yaml

FIELDS = {
    "INTERACTIONS": {
        "USER_ID": "string",
        "ITEM_ID": "string",
        "TIMESTAMP": "long",
        "EVENT_TYPE": "string",
        "DEVICE": ["null", "string"],
        "PLACE": ["null", "string"],
    },
    "ITEMS": {
        "ITEM_ID": "string",
        "GENRES": ["null", "string"],
        "CREATION_TIMESTAMP": ["null", "long"],
        "MAKER": ["null", "string"],
        "COLOUR": ["null", "string"],
    },
    "USERS": {"USER_ID": "string", "AGE": ["null", "long"], "CITY": ["null", "string"]},
}
"""What a schema may have, in order; the data has all of it."""
LEAST = {"INTERACTIONS": 4, "ITEMS": 3, "USERS": 2}
REFERENCES = {
    "Dataset": {"datasetGroup": "DatasetGroup", "schema": "Schema"},
    "DatasetImport": {"dataset": "Dataset"},
    "EventTracker": {"datasetGroup": "DatasetGroup"},
    "Solution": {"datasetGroup": "DatasetGroup"},
    "Campaign": {"solution": "Solution"},
}
RECIPES = ("aws-sims", "aws-popularity-count")
WHEN: tuple[Any, ...] = (["config", "data"], ["config", "data"], ["config"], ["data"], "manual")
Doc = dict[str, Any]


@dataclass
class Shop:
    """Documents by address, each with the file that it stands in; the seed and growth of each data file."""

    docs: dict[str, Doc] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    data: dict[str, tuple[str, int, int]] = field(default_factory=dict)

    def copy(self) -> Shop:
        return deepcopy(self)

    def add(self, kind: str, name: str, spec: Doc, rng: Random, **metadata: Any) -> None:
        address = f"{kind}/{name}"
        if kind != "Schema" and rng.random() < 0.5:
            metadata["tags"] = _tags(rng)
        self.docs[address] = {
            "apiVersion": "pzdecl/v1",
            "kind": kind,
            "metadata": {"name": name, **metadata},
            "spec": spec,
        }
        self.files[address] = f"{rng.choice('abc')}.yaml"

    def names(self, kind: str) -> list[str]:
        return sorted(address.partition("/")[2] for address in self.docs if address.startswith(f"{kind}/"))

    def spec(self, kind: str, name: str) -> Doc:
        spec: Doc = self.docs[f"{kind}/{name}"]["spec"]
        return spec

    def write(self, root: Path) -> None:
        """All files of the project, without those that it has no more."""
        (root / "data").mkdir(parents=True, exist_ok=True)
        (root / "pzdecl.yaml").write_text(
            "name: shop\nprovider: {type: local}\n"
            "environments:\n  other: {provider: {type: local, engine: .pzdecl/other}}\n"
        )
        for letter in "abc":
            found = [self.docs[a] for a in sorted(self.docs) if self.files[a] == f"{letter}.yaml"]
            path = root / f"{letter}.yaml"
            path.unlink(missing_ok=True)
            if found:
                path.write_text(yaml.safe_dump_all(found, sort_keys=False))
        for name in self.names("DatasetImport"):
            spec = self.spec("DatasetImport", name)
            schema = self.spec("Schema", self.spec("Dataset", spec["dataset"])["schema"])["schema"]
            location = spec["dataSource"]["dataLocation"]
            file = location.removeprefix("data/")
            (root / location).write_text(rows(*self.data[file], width=len(schema["fields"])))


def draw(rng: Random) -> Shop:
    """One or two groups with most of what may be in them."""
    shop = Shop()
    for group in ("g", "h")[: rng.randint(1, 2)]:
        domain = rng.choice((None, None, "VIDEO_ON_DEMAND"))
        shop.add("DatasetGroup", group, {"domain": domain} if domain else {}, rng)
        for kind in ("INTERACTIONS", "ITEMS", "USERS"):
            if kind == "INTERACTIONS" or rng.random() < 0.4:
                _dataset(shop, group, kind, rng)
        if rng.random() < 0.6:
            shop.add("EventTracker", f"{group}-web", {"datasetGroup": group}, rng)
        for number in range(rng.randint(0, 2)):
            _solution(shop, group, f"{group}-x{number}", rng)
    return shop


def edit(shop: Shop, rng: Random, edits: int) -> tuple[Shop, list[str]]:
    """A copy with some things changed, and what was done."""
    shop, told = shop.copy(), []
    for _ in range(edits):
        if shop.docs:
            name, change = rng.choice(EDITS)
            address = rng.choice(sorted(shop.docs))
            told.append(f"{name} {address}")
            change(shop, address, rng)
    return shop, told


def rows(kind: str, seed: int, more: int, width: int) -> str:
    """A file of the first `width` fields: equal seeds give equal rows, `more` of them at the end."""
    rng = Random(seed)
    if kind == "ITEMS":
        found = [f"i{n},g{rng.randint(0, 3)},{1_500_000_000 + n},m{n % 3},c{n % 2}" for n in range(50 + more)]
    elif kind == "USERS":
        found = [f"u{n},{rng.randint(18, 80)},t{n % 4}" for n in range(40 + more)]
    else:
        found = [
            f"u{n % 40},i{rng.randint(0, 49)},{1_600_000_000 + n * 60 + seed},watch,d{n % 2},p{n % 3}"
            for n in range(1040 + more)
        ]
    lines = [",".join(FIELDS[kind]), *found]
    return "".join(",".join(line.split(",")[:width]) + "\n" for line in lines)


def _tags(rng: Random) -> dict[str, str]:
    return {key: rng.choice("ab") for key in ("team", "stage") if rng.random() < 0.6}


def _schema(kind: str, more: int, domain: str | None) -> Doc:
    fields: list[Doc] = []
    for name in list(FIELDS[kind])[: LEAST[kind] + more]:
        fields.append({"name": name, "type": FIELDS[kind][name]})
        if name == "GENRES":
            fields[-1]["categorical"] = True
    record = {"INTERACTIONS": "Interactions", "ITEMS": "Items", "USERS": "Users"}[kind]
    written = {
        "type": "record",
        "name": record,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": fields,
        "version": "1.0",
    }
    return {"schema": written, "domain": domain} if domain else {"schema": written}


def _dataset(shop: Shop, group: str, kind: str, rng: Random) -> None:
    name = f"{group}-{kind.lower()}"
    domain = shop.spec("DatasetGroup", group).get("domain")
    shop.add("Schema", name, _schema(kind, rng.randint(0, 1), domain), rng)
    shop.add("Dataset", name, {"datasetGroup": group, "datasetType": kind, "schema": name}, rng)
    for number in range(1 if kind == "INTERACTIONS" else rng.randint(0, 2)):
        _import(shop, name, f"{name}-{number}", "FULL" if number == 0 else "INCREMENTAL", rng)
    if kind == "INTERACTIONS" and rng.random() < 0.4:
        _import(shop, name, f"{name}-more", "INCREMENTAL", rng)


def _import(shop: Shop, dataset: str, name: str, mode: str, rng: Random) -> None:
    file = f"{name}.csv"
    kind = shop.spec("Dataset", dataset)["datasetType"]
    shop.data[file] = (kind, rng.randint(0, 9), 0)
    source = {"dataLocation": f"data/{file}"}
    shop.add("DatasetImport", name, {"dataset": dataset, "dataSource": source, "importMode": mode}, rng)


def _solution(shop: Shop, group: str, name: str, rng: Random) -> None:
    spec: Doc = {"datasetGroup": group, "recipe": rng.choice(RECIPES)}
    if rng.random() < 0.4:
        spec["training"] = {"when": rng.choice(WHEN[:4])}
    shop.add("Solution", name, spec, rng)
    for number in range(rng.randint(0, 2)):
        shop.add("Campaign", f"{name}-c{number}", {"solution": name}, rng)


# Edits


def _field(shop: Shop, address: str, rng: Random) -> None:
    kind, _, name = address.partition("/")
    spec = shop.docs[address]["spec"]
    if kind == "Campaign":
        if rng.random() < 0.7:
            spec["minProvisionedTPS"] = rng.randint(1, 4)
        else:
            spec["solution"] = rng.choice(shop.names("Solution"))
    elif kind == "Solution":
        _solution_field(shop, spec, rng)
    elif kind == "Schema":
        found = next(t for t in FIELDS if t.capitalize() == spec["schema"]["name"])
        shop.docs[address]["spec"] = _schema(found, rng.randint(0, 2), spec.get("domain"))
    elif kind == "DatasetImport":
        spec["importMode"] = rng.choice(("FULL", "INCREMENTAL"))
        _one_full(shop, spec["dataset"], rng)
    elif kind == "DatasetGroup":
        _domain(shop, name, rng)
    elif kind == "EventTracker":
        free = [
            g
            for g in shop.names("DatasetGroup")
            if not any(shop.spec("EventTracker", t)["datasetGroup"] == g for t in shop.names("EventTracker"))
        ]
        if free:
            spec["datasetGroup"] = rng.choice(free)


def _solution_field(shop: Shop, spec: Doc, rng: Random) -> None:
    change = rng.choice(("recipe", "hyper", "event", "when", "group", "auto"))
    if change == "recipe":
        spec["recipe"] = next(recipe for recipe in RECIPES if recipe != spec["recipe"])
        spec.pop("solutionConfig", None)
    elif change == "hyper" and spec["recipe"] == "aws-sims":
        parameters = {"min_cointeraction_count": rng.randint(1, 4)}
        spec["solutionConfig"] = {"algorithmHyperParameters": parameters}
    elif change == "event":
        spec["eventType"] = "watch"
    elif change == "auto":
        spec["performAutoTraining"] = not spec.get("performAutoTraining", False)
    elif change == "group":
        spec["datasetGroup"] = rng.choice(shop.names("DatasetGroup"))
    else:
        spec["training"] = {"when": rng.choice(WHEN)}


def _one_full(shop: Shop, dataset: str, rng: Random) -> None:
    """An INCREMENTAL import needs a FULL one."""
    mine = [n for n in shop.names("DatasetImport") if shop.spec("DatasetImport", n)["dataset"] == dataset]
    if mine and all(shop.spec("DatasetImport", n)["importMode"] == "INCREMENTAL" for n in mine):
        shop.spec("DatasetImport", rng.choice(mine))["importMode"] = "FULL"


def _domain(shop: Shop, group: str, rng: Random) -> None:
    domain = rng.choice((None, "VIDEO_ON_DEMAND"))
    schemas = {
        shop.spec("Dataset", d)["schema"]
        for d in shop.names("Dataset")
        if shop.spec("Dataset", d)["datasetGroup"] == group
    }
    for spec in (shop.spec("DatasetGroup", group), *(shop.spec("Schema", name) for name in sorted(schemas))):
        spec.pop("domain", None)
        if domain:
            spec["domain"] = domain


def _retag(shop: Shop, address: str, rng: Random) -> None:
    if not address.startswith("Schema/"):
        shop.docs[address]["metadata"]["tags"] = _tags(rng)


def _grow(shop: Shop, address: str, rng: Random) -> None:
    if shop.data:
        name = rng.choice(sorted(shop.data))
        kind, seed, more = shop.data[name]
        shop.data[name] = (kind, seed, more + rng.randint(1, 20))


def _other_data(shop: Shop, address: str, rng: Random) -> None:
    if shop.data:
        name = rng.choice(sorted(shop.data))
        kind, _, more = shop.data[name]
        shop.data[name] = (kind, rng.randint(0, 9), more)


def _remove(shop: Shop, address: str, rng: Random) -> None:
    """A document goes, and all that refers to it."""
    kind, _, name = address.partition("/")
    doc = shop.docs.pop(address)
    for other in list(shop.docs):
        if other in shop.docs and name in _referred(shop.docs[other], kind):
            _remove(shop, other, rng)
    if kind == "DatasetImport":
        _one_full(shop, doc["spec"]["dataset"], rng)
    _forget_dependency(shop, address, None)


def _referred(doc: Doc, kind: str) -> set[str]:
    fields = REFERENCES.get(doc["kind"], {})
    return {doc["spec"][f] for f, target in fields.items() if target == kind}


def _forget_dependency(shop: Shop, address: str, new: str | None) -> None:
    for doc in shop.docs.values():
        needed = doc["metadata"].get("dependsOn", [])
        if address in needed:
            doc["metadata"]["dependsOn"] = [new if a == address else a for a in needed if new or a != address]


def _rename(shop: Shop, address: str, rng: Random) -> None:
    """A document gets another name, and all that refers to it follows."""
    kind, _, name = address.partition("/")
    new = f"{name[:16]}-{rng.randint(0, 3)}"
    if f"{kind}/{new}" in shop.docs:
        return
    doc = shop.docs[f"{kind}/{new}"] = shop.docs.pop(address)
    doc["metadata"]["name"] = new
    shop.files[f"{kind}/{new}"] = shop.files[address]
    for other in shop.docs.values():
        for field_, target in REFERENCES.get(other["kind"], {}).items():
            if target == kind and other["spec"][field_] == name:
                other["spec"][field_] = new
    _forget_dependency(shop, address, f"{kind}/{new}")


def _move(shop: Shop, address: str, rng: Random) -> None:
    shop.files[address] = f"{rng.choice('abc')}.yaml"


def _lifecycle(shop: Shop, address: str, rng: Random) -> None:
    metadata = shop.docs[address]["metadata"]
    lifecycle = {
        "protect": rng.random() < 0.3,
        "onDelete": rng.choice(("delete", "delete", "retain")),
    }
    metadata["lifecycle"] = lifecycle


def _ignore(shop: Shop, address: str, rng: Random) -> None:
    """Leaves alone what others change."""
    kind = address.partition("/")[0]
    lifecycle = shop.docs[address]["metadata"].setdefault("lifecycle", {})
    if kind == "Campaign":
        lifecycle["ignoreChanges"] = ["minProvisionedTPS"]
    elif kind == "Solution":
        lifecycle["ignoreChanges"] = [rng.choice(("recipe", "solutionConfig", "eventType"))]


def _swap(shop: Shop, address: str, rng: Random) -> None:
    """Two documents of a kind exchange what they say."""
    kind = address.partition("/")[0]
    if kind not in ("Solution", "Campaign", "EventTracker"):
        return
    other = f"{kind}/{rng.choice(shop.names(kind))}"
    one, two = shop.docs[address], shop.docs[other]
    one["spec"], two["spec"] = two["spec"], one["spec"]


def _depend(shop: Shop, address: str, rng: Random) -> None:
    """Depends on a tracker or on a group, which depend on nothing that could close a circle."""
    metadata, kind = shop.docs[address]["metadata"], address.partition("/")[0]
    metadata.pop("dependsOn", None)
    trackers = [f"EventTracker/{name}" for name in shop.names("EventTracker")]
    if kind in ("Solution", "Campaign") and trackers:
        metadata["dependsOn"] = [rng.choice(trackers)]


def _more(shop: Shop, address: str, rng: Random) -> None:
    """Something new."""
    groups = shop.names("DatasetGroup")
    if not groups:
        shop.add("DatasetGroup", f"n{rng.randint(0, 9)}", {}, rng)
        return
    group, number = rng.choice(groups), rng.randint(0, 3)
    types = {
        (s["datasetGroup"], s["datasetType"]): n
        for n in shop.names("Dataset")
        for s in [shop.spec("Dataset", n)]
    }
    missing = [kind for kind in FIELDS if (group, kind) not in types]
    filled = {shop.spec("DatasetImport", n)["dataset"] for n in shop.names("DatasetImport")}
    if missing and rng.random() < 0.5:
        kind = rng.choice(missing)
        name = f"{group}-{kind.lower()}"
        if f"Schema/{name}" not in shop.docs and f"Dataset/{name}" not in shop.docs:
            _dataset(shop, group, kind, rng)
    elif (group, "INTERACTIONS") in types and types[group, "INTERACTIONS"] in filled:
        if f"Solution/{group}-y{number}" not in shop.docs:
            _solution(shop, group, f"{group}-y{number}", rng)
        dataset = types[group, "INTERACTIONS"]
        if rng.random() < 0.3 and f"DatasetImport/{group}-z{number}" not in shop.docs:
            _import(shop, dataset, f"{group}-z{number}", "INCREMENTAL", rng)


EDITS: tuple[tuple[str, Callable[[Shop, str, Random], None]], ...] = (
    ("field", _field),
    ("field", _field),
    ("field", _field),
    ("tags", _retag),
    ("grow", _grow),
    ("other data", _other_data),
    ("remove", _remove),
    ("rename", _rename),
    ("move", _move),
    ("lifecycle", _lifecycle),
    ("depend", _depend),
    ("ignore", _ignore),
    ("swap", _swap),
    ("more", _more),
)


def trainable(shop: Shop) -> bool:
    """Whether every solution has interactions to be trained on: others fail, as they should."""
    filled = {
        shop.spec("Dataset", shop.spec("DatasetImport", n)["dataset"])["datasetGroup"]
        for n in shop.names("DatasetImport")
        if shop.spec("Dataset", shop.spec("DatasetImport", n)["dataset"])["datasetType"] == "INTERACTIONS"
    }
    return all(shop.spec("Solution", n)["datasetGroup"] in filled for n in shop.names("Solution"))
