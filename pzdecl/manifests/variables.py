"""Variables: what is declared, and the values that they are given.

From the strongest to the weakest: `--var`, `--var-file` (the later one wins), `PZDECL_VAR_<name>`, the
environment's block in pzdecl.yaml, the default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pzdecl.errors import Position, nearest
from pzdecl.kinds.base import Spec
from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.nodes import MappingNode, compose, decode
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report
from pzdecl.manifests.scalars import describe, resolve
from pzdecl.manifests.values import validate, without_nulls

PREFIX = "PZDECL_VAR_"
_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
    "list": "a list",
    "map": "a mapping",
}


class VariableSpec(Spec):
    """A variable of the project."""

    type: Literal["string", "number", "integer", "boolean", "list", "map"] = Field(
        "string", description="The type of its values."
    )
    default: str | int | float | bool | list[Any] | dict[str, Any] | None = Field(
        None, description="Its value unless another is given; without one, a value must be given."
    )
    description: str | None = Field(None, description="What it is for.")
    sensitive: bool = Field(False, description="Whether its value must stay out of plans and state.")


@dataclass(frozen=True, slots=True)
class Given:
    """Values from outside the project file: the command line, files, the process's environment."""

    options: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[Path] = ()
    process: Mapping[str, str] = field(default_factory=dict)
    environment: str = "default"
    block: Mapping[str, Any] = field(default_factory=dict)
    """The `variables:` of the environment's block in the project file."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A value with where it comes from; `text` values are read by the variable's type."""

    value: Any
    source: str
    position: Position | None
    text: bool = False


def resolve_variables(declared: Any, given: Given, positions: Positions, report: Report) -> Variables | None:
    """The value of every declared variable. None if one has none or a wrong one: the report says why."""
    specs, fine = _declarations(declared, positions, report)
    candidates = _candidates(given, positions, report, specs)
    if candidates is None:
        return None
    values: dict[str, Any] = {}
    for name, spec in specs.items():
        at = positions.nearest(("variables", name), on_key=True)
        found = candidates.get(name)
        if found is None and spec.default is None:
            report.add(
                "PZ0004",
                f"the variable {name} has no value",
                at,
                expected=_WORDS[spec.type],
                hint=f"give one with --var {name}=..., {PREFIX}{name} or a default",
            )
            fine = False
            continue
        if found is None:
            default_at = positions.nearest(("variables", name, "default"))
            found = _Value(spec.default, "its default", default_at)
        fine = _checked(name, spec, found, at, report) and fine
        values[name] = _typed(spec, found)
    secret = frozenset(name for name, spec in specs.items() if spec.sensitive)
    return Variables(values, secret) if fine else None


def _declarations(declared: Any, positions: Positions, report: Report) -> tuple[dict[str, VariableSpec], bool]:
    specs: dict[str, VariableSpec] = {}
    if not isinstance(declared, dict):
        if declared is not None:
            at = positions.nearest(("variables",))
            report.add(
                "PZ3003", f"variables is {describe(declared)}", at, field="variables", expected="a mapping"
            )
        return {}, declared is None
    fine = True
    for name, value in declared.items():
        spec = validate(
            VariableSpec,
            without_nulls(value) if value is not None else {},
            below=("variables", name),
            positions=positions,
            report=report,
        )
        if spec is None:
            fine = False
        else:
            specs[name] = spec
    return specs, fine


def _candidates(
    given: Given, positions: Positions, report: Report, specs: Mapping[str, VariableSpec]
) -> dict[str, _Value] | None:
    """The strongest value for each name. None if a name is unknown or a file unreadable."""
    found: dict[str, _Value] = {}
    fine = True
    for name, value in given.block.items():
        path = ("environments", given.environment, "variables", name)
        found[name] = _Value(value, f"the environment {given.environment}", positions.nearest(path))
    for name in specs:
        if PREFIX + name in given.process:
            found[name] = _Value(given.process[PREFIX + name], PREFIX + name, None, text=True)
    for file in given.files:
        values = _file(file, report)
        fine = fine and values is not None
        found |= values or {}
    for name, text in given.options.items():
        found[name] = _Value(text, "--var", None, text=True)
    for name, value in found.items():
        if name not in specs:
            report.add(
                "PZ0003",
                f"there is no variable {name} ({value.source})",
                value.position,
                expected=", ".join(specs) or "no variables: pzdecl.yaml declares none",
                suggestion=nearest(name, specs),
            )
            fine = False
    return found if fine else None


def _file(path: Path, report: Report) -> dict[str, _Value] | None:
    """A variable file: a mapping in YAML or JSON."""
    name = path.as_posix()
    try:
        data = path.read_bytes()
    except OSError as error:
        report.add("PZ0008", f"{name}: {error.strerror}", expected="a file of variables, given with --var-file")
        return None
    text = decode(data, name, report)
    documents = compose(text, name, report) if text is not None else None
    if documents is None:
        return None
    if len(documents) != 1 or not isinstance(documents[0], MappingNode):
        report.add(
            "PZ0008", "this is no variable file", Position(name), expected="one mapping of names to values"
        )
        return None
    values = Evaluator(name, Variables(), report).value(documents[0])
    positions = Positions(name, documents[0])
    return {key: _Value(value, name, positions.nearest((key,))) for key, value in values.items()}


def _typed(spec: VariableSpec, found: _Value) -> Any:
    """The value; text from outside is read by the variable's type, lists and mappings as YAML (or JSON)."""
    if not found.text or spec.type == "string":
        return found.value
    if spec.type in ("list", "map"):
        nodes = compose(found.value, found.source, Report())
        return Evaluator(found.source, Variables(), Report()).value(nodes[0]) if nodes else found.value
    return resolve(found.value.strip())


def fits(spec: VariableSpec, value: Any) -> bool:
    """Whether a value is of a variable's type."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return {
        "string": isinstance(value, str),
        "integer": whole,
        "number": whole or (isinstance(value, float) and math.isfinite(value)),
        "boolean": isinstance(value, bool),
        "list": isinstance(value, list),
        "map": isinstance(value, dict),
    }[spec.type]


def expected(spec: VariableSpec) -> str:
    """What a value must be, in words."""
    return _WORDS[spec.type]


def _checked(name: str, spec: VariableSpec, found: _Value, declared: Position, report: Report) -> bool:
    """Whether a value is of its variable's type; reports it if not."""
    value = _typed(spec, found)
    fine = fits(spec, value)
    at = found.position or declared
    if isinstance(value, str) and "${" in value and not found.text:
        report.add("PZ0006", f"the variable {name} holds a placeholder", at, expected="a plain value")
        return False
    if not fine:
        shown = "a value of another type" if spec.sensitive else describe(value)
        report.add(
            "PZ0005",
            f"the variable {name} is {shown} ({found.source})",
            at,
            expected=_WORDS[spec.type],
            hint="write it in quotes" if spec.type == "string" and not found.text else None,
        )
    return fine
