"""Rules for batch inference jobs that make themes: their recipe, and the columns of the items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.errors import nearest
from pzdecl.kinds import recipes
from pzdecl.kinds.address import Address
from pzdecl.kinds.batch import MODE, THEMED, THEMES
from pzdecl.kinds.fields import lookup
from pzdecl.manifests.documents import Document
from pzdecl.manifests.report import Report

Documents = Mapping[Address, Document]
FIELD = f"{THEMES}.fieldsForThemeGeneration.itemName"


def check_themes(document: Document, documents: Documents, report: Report) -> None:
    """Reports a job whose solution recommends without themes, or whose items lack what they are made of.

    A solution, dataset or schema that is not declared here is not judged.
    """
    solution = documents.get(Address("Solution", document.inputs["solution"]))
    if document.inputs.get(MODE) != THEMED or solution is None:
        return
    recipe = solution.inputs.get("recipe")
    if recipe not in recipes.THEMED:
        what = recipe or "a recipe that AutoML chooses"
        _add(document, report, "PZ5015", MODE, f"{what} recommends without themes", _fit())
        return
    group = solution.inputs["datasetGroup"]
    datasets = [
        one for one in documents.values() if one.kind.name == "Dataset" and one.inputs["datasetGroup"] == group
    ]
    items = next((one for one in datasets if one.inputs["datasetType"] == "ITEMS"), None)
    if items is not None:
        schema = documents.get(Address("Schema", items.inputs["schema"]))
        fields = schema.inputs["schema"].get("fields") if schema else None
        if schema and isinstance(fields, list):
            _columns(document, schema.address, [one for one in fields if isinstance(one, dict)], report)
    elif datasets and Address("DatasetGroup", group) in documents:
        summary = f"themes need a dataset of type ITEMS, which {group} does not have"
        expected = f"a Dataset of type ITEMS in {group} with the items' names and a textual column"
        _add(document, report, "PZ5012", THEMES, summary, expected)


def _columns(document: Document, schema: Address, fields: list[dict[str, Any]], report: Report) -> None:
    from pzdecl.engine.data.schema import columns

    found = columns({"fields": fields})
    texts = [one.name for one in found if one.type == "string" and one.name != "ITEM_ID"]
    name = lookup(document.inputs, FIELD)
    if name not in texts:
        is_there = name in [one.name for one in found]
        summary = f"{name} of {schema} holds no names" if is_there else f"{schema} has no field {name}"
        expected = f"one of {', '.join(texts)}" if texts else "a field of type string"
        _add(document, report, "PZ5011", FIELD, summary, expected, nearest(str(name), texts))
    if not any(one.textual for one in found):
        summary = f"themes are made of a textual field, which {schema} does not have"
        _add(document, report, "PZ5011", THEMES, summary, 'a field with "textual": true')


def _add(
    document: Document,
    report: Report,
    code: str,
    field: str,
    summary: str,
    expected: str,
    suggestion: str | None = None,
) -> None:
    report.add(
        code,
        summary,
        document.positions.nearest(("spec", *field.split("."))),
        address=document.address,
        field=f"spec.{field}",
        expected=expected,
        suggestion=suggestion,
    )


def _fit() -> str:
    return f"a solution with {' or '.join(sorted(recipes.THEMED))}"
