"""Random projects and random edits of them, drawn with hypothesis."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.plan.projects import schema

Docs = dict[str, dict[str, Any]]
REFERENCES = {
    "Dataset": {"datasetGroup": "DatasetGroup", "schema": "Schema"},
    "DatasetImport": {"dataset": "Dataset"},
    "EventTracker": {"datasetGroup": "DatasetGroup"},
    "Solution": {"datasetGroup": "DatasetGroup"},
    "Campaign": {"solution": "Solution"},
}
RECIPES = ("aws-hrnn", "aws-sims", "aws-popularity-count")
WHEN: tuple[Any, ...] = (["config", "data"], ["config", "data"], ["config"], ["data"])
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
    return docs


def tags() -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(("team", "stage")), st.sampled_from(("a", "b")), max_size=2)


@st.composite
def edited(draw: st.DrawFn, docs: Docs, contents: dict[str, str]) -> Docs:
    """A copy with one to three things changed; contents of files change in `contents`, by address of their
    import.
    """
    docs = deepcopy(docs)
    for _ in range(draw(st.integers(1, 3))):
        if not docs:
            break
        address = draw(st.sampled_from(sorted(docs)))
        edit = draw(st.sampled_from((_field, _field, _tags, _remove, _rename, _content, _protect)))
        edit(draw, docs, address, contents)
    return docs


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


def _protect(draw: st.DrawFn, docs: Docs, address: str, contents: dict[str, str]) -> None:
    docs[address]["lifecycle"] = {"protect": draw(st.booleans())}


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
