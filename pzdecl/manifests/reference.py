"""`python -m pzdecl.manifests.reference [--check] FILE`: writes the reference of fields from their models."""

from __future__ import annotations

import argparse
import json
import sys
import types
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pzdecl.kinds import KINDS
from pzdecl.manifests.envelope import MetadataSpec
from pzdecl.manifests.moves import HistorySpec
from pzdecl.manifests.project_spec import ProjectSpec
from pzdecl.manifests.templates import InstanceSpec, TemplateSpec

HEAD = """\
# Fields

This page is generated from the models that read manifests (`make schemas`); `make check` says when it is out of
date. How they are used, with examples: [manifests](../manifests.md). A field in **bold** must be there, if what
holds it is; `[]` stands for the entries of a list, `NAME` for any name.
"""
_WORDS = {str: "text", int: "integer", float: "number", bool: "true or false", Any: "any value"}


def page() -> str:
    """The whole page, Markdown."""
    lines = [HEAD, "## Every manifest: metadata", "", *_table(MetadataSpec)]
    for kind in KINDS.values():
        if kind.declared:
            lines += ["", f"## {kind.name}", "", _first(kind.spec), "", *_table(kind.spec)]
    for title, model in (
        ("Template", TemplateSpec),
        ("Instance: spec", InstanceSpec),
        ("moved and removed", HistorySpec),
        ("The project file: pzdecl.yaml", ProjectSpec),
    ):
        lines += ["", f"## {title}", "", _first(model), "", *_table(model)]
    return "\n".join(lines) + "\n"


def _first(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| field | value | what it is |"
    yield "| --- | --- | --- |"
    for path, info in _fields(model, "", {}):
        name = f"**`{path}`**" if info.is_required() else f"`{path}`"
        what = (info.description or "").replace("|", "\\|")
        if info.default not in (None, ...) and not info.is_required() and _plain(info.default):
            what = f"{what} Default: `{json.dumps(info.default)}`."
        yield f"| {name} | {_type(info)} | {what.strip()} |"


def _fields(
    model: type[BaseModel], above: str, shown: dict[type[BaseModel], str]
) -> Iterator[tuple[str, FieldInfo]]:
    """The fields of a model and of the models in it, with dotted paths; `[]` and `.NAME` for lists and maps.

    What stands in several places is there once: `shown` are the models that were met, with their paths.
    """
    inside = []
    for name, info in model.model_fields.items():
        path = above + (info.alias or name)
        found = list(_models(info.annotation))
        seen = next((shown[inner] for inner, _ in found if inner in shown), None)
        told = copy(info)
        told.description = info.description or (_first(found[0][0]) if found else None)
        if seen is not None:
            told.description = f"{told.description} Fields as those of `{seen}`."
            found = []
        shown.update({inner: path for inner, _ in found})
        inside.append((path, told, found))
    for path, info, found in inside:
        yield path, info
        for inner, step in found:
            yield from _fields(inner, f"{path}{step}.", shown)


def _models(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        yield from ((model, f"[]{step}") for model, step in _models(arguments[0]))
    elif origin is dict:
        yield from ((model, f".NAME{step}") for model, step in _models(arguments[1]))
    elif origin in (Union, types.UnionType, Annotated):
        for inner in arguments:
            yield from _models(inner)


def _type(info: FieldInfo) -> str:
    words = _named(info.annotation)
    bounds = {type(bound): bound for bound in info.metadata}
    low, high = bounds.get(Ge), bounds.get(Le)
    if isinstance(low, Ge) and isinstance(high, Le):
        words += f", {low.ge} to {high.le}"
    elif isinstance(low, Ge):
        words += f", at least {low.ge}"
    most, least = bounds.get(MaxLen), bounds.get(MinLen)
    if isinstance(most, MaxLen) and "list" in words:
        words += f", at most {most.max_length}"
    elif isinstance(least, MinLen) and "list" in words:
        words += f", at least {least.min_length}"
    return words


def _named(annotation: Any) -> str:
    """A type in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if origin is list:
        return f"list of {_named(arguments[0])}"
    if origin is Annotated:
        return _named(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_named(one) for one in arguments if one is not type(None)))
    return _WORDS.get(annotation, "mapping")


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float | list) and not isinstance(value, BaseModel)


def main(arguments: list[str]) -> int:
    """Writes the page, or checks it; 1 where it is not current."""
    parser = argparse.ArgumentParser(prog="python -m pzdecl.manifests.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the page is current")
    parser.add_argument("file", type=Path)
    given = parser.parse_args(arguments)
    if not given.check:
        given.file.parent.mkdir(parents=True, exist_ok=True)
        given.file.write_text(page(), encoding="utf-8")
        return 0
    if given.file.exists() and given.file.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write(f"{given.file} is not current: run `make schemas`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
