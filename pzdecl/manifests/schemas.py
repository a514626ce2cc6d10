"""`python -m pzdecl.manifests.schemas [--check] DIR`: JSON Schemas of manifests and the project file.

Draft-07, which is what YAML language servers read. `--check` writes nothing and exits with 1 if a file is not
current.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from pzdecl.engine.recipes.base import GROUPS, Hyperparameter
from pzdecl.engine.recipes.registry import CUSTOM, DOMAIN
from pzdecl.kinds import KINDS, recipes
from pzdecl.kinds.dataset import TYPES
from pzdecl.manifests.envelope import API_VERSION, MetadataSpec
from pzdecl.manifests.moves import WORDS, HistorySpec
from pzdecl.manifests.project_spec import ProjectSpec
from pzdecl.manifests.templates import InstanceSpec, TemplateSpec

DRAFT = "http://json-schema.org/draft-07/schema#"
PLACEHOLDER = {"type": "string", "pattern": r"\$\{\s*(var|each|param)\.[A-Za-z0-9_][A-Za-z0-9_.-]*\s*\}"}
"""A value that is filled in, wherever it would be checked itself."""


def schemas() -> dict[str, dict[str, Any]]:
    """All schemas by file name."""
    return {"manifest.schema.json": manifest_schema(), "project.schema.json": project_schema()}


def manifest_schema() -> dict[str, Any]:
    """The schema of one document: what `spec` may hold depends on `kind`."""
    kinds = [kind for kind in KINDS.values() if kind.declared]
    definitions = definitions_of(
        [MetadataSpec, TemplateSpec, InstanceSpec, HistorySpec, *(kind.spec for kind in kinds)]
    )
    template = definitions.pop("TemplateSpec")
    _loosen_dataset_type(definitions["DatasetSpec"])
    definitions["SolutionSpec"]["allOf"] = list(_recipe_rules())
    definitions["SolutionSpec"]["properties"]["recipe"]["examples"] = sorted(CUSTOM)
    definitions["RecommenderSpec"]["properties"]["recipe"]["examples"] = sorted(DOMAIN)
    rules = []
    for kind in kinds:
        spec: dict[str, Any] = {"$ref": f"#/definitions/{kind.spec.__name__}"}
        then: dict[str, Any] = {"properties": {"spec": spec}}
        if any(field.is_required() for field in kind.spec.model_fields.values()) or kind.name == "Schema":
            then["required"] = ["spec"]
        else:
            then["properties"]["spec"] = {"anyOf": [spec, {"type": "null"}]}
        metadata: dict[str, Any] = {"$ref": "#/definitions/MetadataSpec"}
        if not kind.taggable:
            metadata = {"allOf": [metadata, {"not": {"required": ["tags"]}}]}
        then["properties"]["metadata"] = metadata
        rules.append({"if": {"properties": {"kind": {"const": kind.name}}}, "then": then})
    named = {"metadata": {"$ref": "#/definitions/TemplateMetadata"}}
    rules += [
        {
            "if": {"properties": {"kind": {"const": "Template"}}},
            "then": {"required": ["documents"], "properties": {**named, "spec": False}},
            "else": {"properties": {"parameters": False, "documents": False}},
        },
        {
            "if": {"properties": {"kind": {"const": "Instance"}}},
            "then": {
                "required": ["spec"],
                "properties": {**named, "spec": {"$ref": "#/definitions/InstanceSpec"}},
            },
        },
    ]
    resource = {
        "type": "object",
        "additionalProperties": False,
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "The version of the format."},
            "kind": {
                "enum": [*(kind.name for kind in kinds), "Template", "Instance"],
                "description": "What is declared.",
            },
            "metadata": {"type": "object", "description": "What it is called, and how it is treated."},
            "spec": {"type": ["object", "null"], "description": "The fields of the kind, named as in the API."},
            "forEach": {
                "anyOf": [{"type": ["array", "object"]}, PLACEHOLDER],
                "description": "A copy for each entry: ${each.key} and ${each.value} stand for it.",
            },
            "enabled": {
                "anyOf": [{"type": "boolean"}, PLACEHOLDER],
                "default": True,
                "description": "Whether the document counts.",
            },
            **{name: template["properties"][name] for name in ("parameters", "documents")},
        },
        "allOf": rules,
    }
    return {
        "$schema": DRAFT,
        "title": "A manifest of pzdecl",
        "if": {"anyOf": [{"required": [word]} for word in WORDS]},
        "then": {"$ref": "#/definitions/HistorySpec"},
        "else": resource,
        "definitions": definitions,
    }


def project_schema() -> dict[str, Any]:
    """The schema of pzdecl.yaml."""
    definitions = definitions_of([ProjectSpec])
    top = definitions.pop("ProjectSpec")
    return {"$schema": DRAFT, **top, "title": "A project of pzdecl", "definitions": definitions}


def definitions_of(models: list[type[BaseModel]]) -> dict[str, Any]:
    """The schemas of models and of what is in them, by name, as editors want them."""
    pairs = [(model, "validation") for model in models]
    _, schema = models_json_schema(pairs, ref_template="#/definitions/{model}")  # type: ignore[arg-type]
    return {name: _draft07(definition) for name, definition in schema["$defs"].items()}


def _draft07(schema: Any, *, scalar: bool = True) -> Any:
    """Pydantic's output as editors want it: references alone, no titles, `${var.NAME}` for any scalar."""
    if isinstance(schema, list):
        return [_draft07(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    result = {key: value for key, value in schema.items() if key != "title" or not isinstance(value, str)}
    if result.get("default", "") is None:
        del result["default"]
    if "$ref" in result and len(result) > 1:
        result["allOf"] = [{"$ref": result.pop("$ref")}]
    for key in ("properties", "definitions"):
        if key in result:
            result[key] = {name: _draft07(value) for name, value in result[key].items()}
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(result.get(key), Mapping):
            result[key] = _draft07(result[key])
    for key in ("anyOf", "allOf", "oneOf"):
        if key in result:
            result[key] = [_draft07(one, scalar=False) for one in result[key]]
    members = result.get("anyOf", [result])
    if scalar and any(map(_checked, members)):
        about = {key: result.pop(key) for key in ("description", "default", "examples") if key in result}
        plain = members if "anyOf" in result else [result]
        return {"anyOf": [*plain, PLACEHOLDER], **about}
    return result


def _checked(schema: Mapping[str, Any]) -> bool:
    """Whether a schema turns away the text `${var.x}` in place of a scalar."""
    if "enum" in schema or "const" in schema or "pattern" in schema:
        return True
    return schema.get("type") in ("integer", "number", "boolean")


def _loosen_dataset_type(definition: dict[str, Any]) -> None:
    """Types of datasets may be written in upper or lower case."""
    names = [spelling for name in TYPES for spelling in (name, name.title(), name.lower())]
    about = definition["properties"]["datasetType"]
    about["anyOf"] = [{"enum": names}, PLACEHOLDER]


def _recipe_rules() -> Iterator[dict[str, Any]]:
    """For each recipe of the built-in engine, its hyperparameters with ranges and defaults."""
    for name, recipe in sorted(CUSTOM.items()):
        config = {}
        for group in GROUPS:
            found = [p for p in recipe.hyperparameters if p.group == group]
            config[group] = {
                "properties": {parameter.name: _hyperparameter(parameter) for parameter in found},
                "additionalProperties": False,
            }
        yield {
            "if": {"properties": {"recipe": {"enum": [name, recipes.arn(name)]}}, "required": ["recipe"]},
            "then": {"properties": {"solutionConfig": {"properties": config}}},
        }


def _hyperparameter(parameter: Hyperparameter) -> dict[str, Any]:
    """A value of the hyperparameter's type; text too, as the API itself has it."""
    value: dict[str, Any] = {"type": {"float": "number"}.get(parameter.type, parameter.type)}
    if parameter.minimum is not None:
        value["minimum"] = parameter.minimum
    if parameter.maximum is not None:
        value["maximum"] = parameter.maximum
    pattern = "^(true|false)$" if parameter.type == "boolean" else r"^[-+]?[0-9.]+([eE][-+]?[0-9]+)?$"
    described = f"{parameter.description} {parameter.expected[:1].upper()}{parameter.expected[1:]}."
    return {
        "anyOf": [value, {"type": "string", "pattern": pattern}, PLACEHOLDER],
        "description": described,
        "default": parameter.default,
    }


def text(schema: Mapping[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes the schemas, or checks that they are current."""
    parser = argparse.ArgumentParser(prog="python -m pzdecl.manifests.schemas", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if a file is not current"
    )
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    stale = []
    for name, schema in schemas().items():
        path = options.folder / name
        if options.check:
            if not path.exists() or path.read_text(encoding="utf-8") != text(schema):
                stale.append(path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text(schema), encoding="utf-8")
    for path in stale:
        sys.stderr.write(f"{path} is not current: run `make schemas`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
