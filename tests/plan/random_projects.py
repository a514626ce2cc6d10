"""Random projects and random edits of them, drawn with hypothesis.

A document may have `each` (keys and values of a `forEach`, on campaigns) and `enabled`: `expanded` makes of
them what the manifests' own expansion makes.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from pzdecl.kinds.address import Address
from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.expansion import expand
from pzdecl.manifests.nodes import compose
from pzdecl.manifests.report import Report
from pzdecl.manifests.templates import Templates
from tests.plan.projects import schema

Docs = dict[str, dict[str, Any]]
Moved = dict[Address, Address]
REFERENCES = {
    "Dataset": {"datasetGroup": "DatasetGroup", "schema": "Schema"},
    "DatasetImport": {"dataset": "Dataset"},
    "EventTracker": {"datasetGroup": "DatasetGroup"},
    "Solution": {"datasetGroup": "DatasetGroup"},
    "Campaign": {"solution": "Solution"},
}
RECIPES = ("aws-hrnn", "aws-sims", "aws-popularity-count")
WHEN: tuple[Any, ...] = (["config", "data"], ["config", "data"], ["config"], ["data"])
KEYS = ("de", "fr", "it")
LEAVES = ("Campaign", "EventTracker", "DatasetImport")
"""Kinds that nothing refers to by name."""
IGNORED = {
    "Campaign": ("minProvisionedTPS", "solution", "solution*", "min*", "*"),
    "Solution": ("recipe", "solutionConfig", "solutionConfig.*", "performAuto*"),
    "Schema": ("schema.fields", "schema.fields[*]", "schema.fields[3]"),
    "EventTracker": ("datasetGroup",),
}
"""What a lifecycle may leave alone; and tags, where there are any."""
TRIGGERS = ("Schema/*", "Dataset/*", "Dataset/*.schema", "EventTracker/*", "DatasetImport/*.data", "*Import/*")


@st.composite
def projects(draw: st.DrawFn) -> Docs:
    """One or two groups with everything that may be in them."""
    docs: Docs = {}
    for group in ("g", "h")[: draw(st.integers(1, 2))]:
        docs[f"DatasetGroup/{group}"] = {"spec": {}, "tags": draw(tags())}
        for kind in draw(st.sets(st.sampled_from(("INTERACTIONS", "ITEMS")))):
            name = f"{group}-{kind.lower()}"
            docs[f"Schema/{name}"] = {"spec": schema(name=kind.capitalize())}
            docs[f"Dataset/{name}"] = {
                "spec": {"datasetGroup": group, "schema": name, "datasetType": kind},
                "tags": draw(tags()),
            }
            for number, mode in enumerate(draw(st.sampled_from(((), ("FULL",), ("FULL", "INCREMENTAL"))))):
                docs[f"DatasetImport/{name}-{number}"] = {
                    "spec": {
                        "dataset": name,
                        "dataSource": {"dataLocation": f"data/{name}-{number}.csv"},
                        "importMode": mode,
                    }
                }
        if draw(st.booleans()):
            docs[f"EventTracker/{group}-t"] = {"spec": {"datasetGroup": group}, "tags": draw(tags())}
        for number in range(draw(st.integers(0, 2))):
            name = f"{group}-x{number}"
            docs[f"Solution/{name}"] = {
                "spec": {"datasetGroup": group, "recipe": draw(st.sampled_from(RECIPES))},
                "tags": draw(tags()),
                "when": draw(st.sampled_from(WHEN)),
                "retrainOn": draw(st.lists(st.sampled_from(TRIGGERS), max_size=2, unique=True)),
            }
            for campaign in range(draw(st.integers(0, 2))):
                docs[f"Campaign/{name}-c{campaign}"] = {"spec": {"solution": name}, "tags": draw(tags())}
                if draw(st.integers(0, 3)) == 0:
                    docs[f"Campaign/{name}-c{campaign}"]["each"] = draw(_each())
    return docs


def _each() -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.sampled_from(KEYS), st.integers(2, 4), max_size=3)


def expanded(docs: Docs) -> Docs:
    """The documents as they count: copies of those with `each`, and none of those that are not enabled."""
    found: Docs = {}
    for address, doc in docs.items():
        if "each" not in doc and doc.get("enabled", True):
            found[address] = doc
            continue
        kind, _, name = address.partition("/")
        text = {"kind": kind, "metadata": {"name": name}, "enabled": doc.get("enabled", True)} | doc
        if "each" in doc:
            text["forEach"] = text.pop("each")
            text["metadata"] = {"name": f"{name}-${{each.key}}"}
            text["spec"] = {**doc["spec"], "minProvisionedTPS": "${each.value}"}
        report = Report()
        for node in compose(json.dumps(text), "m.yaml", report) or ():
            for copy in expand("m.yaml", node, Variables(), Templates(), report):
                value = Evaluator(copy.file, copy.variables, report).value(copy.node)
                found[f"{kind}/{value['metadata']['name']}"] = {k: v for k, v in value.items() if k in doc}
        report.raise_errors()
    return found


def settled_moves(moved: Moved, docs: Collection[str], busy: Collection[Address]) -> Moved:
    """The moves that manifests may tell of: from what is declared no more to what is, followed to their end.

    What a run that was cut short is `busy` with can't be moved.
    """
    found: Moved = {}
    for source in moved:
        target = source
        while target in moved and moved[target] != source:
            target = moved[target]
        if source.kind == "SolutionVersion":
            continue
        pair = {source: target}
        if source.kind == "Solution":
            pair[Address("SolutionVersion", source.name)] = Address("SolutionVersion", target.name)
        if str(source) not in docs and str(target) in docs and not busy & pair.keys():
            found |= pair
    return found


def tags() -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(("team", "stage")), st.sampled_from(("a", "b")), max_size=2)


@st.composite
def edited(draw: st.DrawFn, docs: Docs, contents: dict[str, str], moved: Moved | None = None) -> Docs:
    """A copy with one to three things changed; contents of files change in `contents`, by address of their
    import. `moved` takes what is told of renames; None: nothing is.
    """
    docs = deepcopy(docs)
    for _ in range(draw(st.integers(1, 3))):
        if not docs:
            break
        address = draw(st.sampled_from(sorted(docs)))
        edit = draw(
            st.sampled_from(
                (_field, _field, _tags, _remove, _rename, _content, _lifecycle, _lifecycle, _keys, _enable)
            )
        )
        before = deepcopy(docs)
        edit(draw, docs, address, contents)
        if moved is not None and draw(st.booleans()):
            _tell(moved, before, docs)
    return docs


def _tell(moved: Moved, before: Docs, after: Docs) -> None:
    """Of one rename, of a document or of a key, that it is one."""
    was, became = (
        sorted({*expanded(before)} - {*expanded(after)}),
        sorted({*expanded(after)} - {*expanded(before)}),
    )
    if len(was) == len(became) == 1 and was[0].partition("/")[0] == became[0].partition("/")[0]:
        moved[Address.parse(was[0])] = Address.parse(became[0])


def _field(  # noqa: PLR0912
    draw: st.DrawFn, docs: Docs, address: str, contents: dict[str, str]
) -> None:
    spec, kind = docs[address]["spec"], address.partition("/")[0]
    if kind == "Schema":
        record = spec["schema"]["name"]
        columns = draw(st.lists(st.sampled_from(("GENRE", "DEVICE", "AGE")), unique=True))
        docs[address]["spec"] = schema(*columns, name=record)
    elif kind == "DatasetGroup":
        spec["domain"] = draw(st.sampled_from(("ECOMMERCE", "VIDEO_ON_DEMAND")))
    elif kind == "Solution":
        change = draw(st.sampled_from(("recipe", "hyper", "auto", "events", "when", "group", "retrainOn")))
        config = spec.setdefault("solutionConfig", {})
        if change == "recipe":
            spec["recipe"] = draw(st.sampled_from(RECIPES))
        elif change == "hyper":
            config["algorithmHyperParameters"] = {"hidden_dimension": draw(st.integers(32, 35))}
        elif change == "auto":
            spec["performAutoTraining"] = True
        elif change == "events":
            weight = draw(st.sampled_from((0.1, 0.5)))
            config["eventsConfig"] = {"eventParametersList": [{"eventType": "watch", "weight": weight}]}
        elif change == "when":
            docs[address]["when"] = draw(st.sampled_from(WHEN))
        elif change == "retrainOn":
            docs[address]["retrainOn"] = draw(st.lists(st.sampled_from(TRIGGERS), max_size=2, unique=True))
        else:
            spec["datasetGroup"] = draw(st.sampled_from(_names(docs, "DatasetGroup")))
        if not config:
            del spec["solutionConfig"]
    elif kind == "Campaign":
        if draw(st.booleans()):
            spec["minProvisionedTPS"] = draw(st.integers(2, 5))
        else:
            spec["solution"] = draw(st.sampled_from(_names(docs, "Solution")))
    elif kind == "DatasetImport":
        spec["dataSource"] = {"dataLocation": draw(st.sampled_from(("s3://b/1.csv", "s3://b/2.csv")))}


def _names(docs: Docs, kind: str) -> list[str]:
    return sorted(address.partition("/")[2] for address in docs if address.startswith(f"{kind}/"))


def _tags(draw: st.DrawFn, docs: Docs, address: str, contents: dict[str, str]) -> None:
    if not address.startswith("Schema/"):
        docs[address]["tags"] = draw(tags())


def _lifecycle(draw: st.DrawFn, docs: Docs, address: str, contents: dict[str, str]) -> None:
    kind = address.partition("/")[0]
    known = (*IGNORED.get(kind, ()), *(("tags", "tags.team", "tags.*") if kind != "Schema" else ()))
    ignored = draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if draw(st.booleans()) else []
    docs[address]["lifecycle"] = {
        "protect": draw(st.integers(0, 3)) == 0,
        "on_delete": draw(st.sampled_from(("delete", "delete", "delete", "retain"))),
        "ignore_changes": ignored,
    }


def _keys(draw: st.DrawFn, docs: Docs, address: str, contents: dict[str, str]) -> None:
    """Entries of a `forEach` come, go, change, or are called otherwise."""
    each = docs[address].get("each")
    if each is None:
        if address.startswith("Campaign/") and draw(st.booleans()):
            docs[address]["each"] = draw(_each())
        return
    free = [key for key in KEYS if key not in each]
    if each and free and draw(st.booleans()):
        each[free[0]] = each.pop(draw(st.sampled_from(sorted(each))))
    else:
        docs[address]["each"] = draw(_each())


def _enable(draw: st.DrawFn, docs: Docs, address: str, contents: dict[str, str]) -> None:
    if address.startswith(LEAVES):
        docs[address]["enabled"] = draw(st.booleans())


def _content(draw: st.DrawFn, docs: Docs, address: str, contents: dict[str, str]) -> None:
    imports = [one for one in sorted(docs) if one.startswith("DatasetImport/")]
    if imports:
        contents[draw(st.sampled_from(imports))] = draw(st.sampled_from("pqr"))


def _remove(draw: st.DrawFn, docs: Docs, address: str, contents: dict[str, str]) -> None:
    """A document goes, and all that refers to it."""
    kind, _, name = address.partition("/")
    del docs[address]
    for other in list(docs):
        fields = REFERENCES.get(other.partition("/")[0], {})
        if other in docs and any(docs[other]["spec"].get(f) == name for f, k in fields.items() if k == kind):
            _remove(draw, docs, other, contents)


def _rename(draw: st.DrawFn, docs: Docs, address: str, contents: dict[str, str]) -> None:
    """A document gets another name, and all that refers to it follows."""
    kind, _, name = address.partition("/")
    new = f"{name[:20]}-{draw(st.integers(0, 3))}"
    if f"{kind}/{new}" in docs:
        return
    docs[f"{kind}/{new}"] = docs.pop(address)
    for other, doc in docs.items():
        for field, target in REFERENCES.get(other.partition("/")[0], {}).items():
            if target == kind and doc["spec"].get(field) == name:
                doc["spec"][field] = new
