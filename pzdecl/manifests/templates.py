"""Templates: documents with parameters, and their instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from pzdecl.errors import nearest
from pzdecl.kinds.base import Spec
from pzdecl.manifests.envelope import API_VERSION, Name
from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.nodes import MappingNode, Node, ScalarNode, SequenceNode, duplicate, place
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report
from pzdecl.manifests.scalars import describe
from pzdecl.manifests.values import validate, without_nulls
from pzdecl.manifests.variables import VariableSpec, expected, fits


class TemplateMetadata(Spec):
    """What a template or an instance is called."""

    name: Name = Field(description="Its name, unique among its kind.", examples=["site"])


class TemplateSpec(Spec):
    """Documents with parameters."""

    api_version: str = Field(alias="apiVersion", pattern=API_VERSION, description="The version of the format.")
    kind: str = Field(description="Template")
    metadata: TemplateMetadata = Field(description="What it is called.")
    parameters: dict[str, VariableSpec] | None = Field(
        None, description="Parameters that the documents use as `${param.NAME}`."
    )
    documents: list[dict[str, Any]] = Field(
        min_length=1, description="Manifests; they need no apiVersion. `${param.name}` is the instance's name."
    )


class InstanceSpec(Spec):
    """A template's documents, with parameters."""

    template: Name = Field(description="The template's name.", examples=["site"])
    parameters: dict[str, Any] | None = Field(None, description="Values of its parameters.")


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was read. `documents` are the nodes of its documents, in `file`."""

    file: str
    name: Node
    parameters: Mapping[str, VariableSpec]
    documents: SequenceNode


@dataclass(slots=True)
class Templates:
    """The templates of a project. `broken` are the names of those that could not be read."""

    found: dict[str, Template] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    instances: dict[str, Node] = field(default_factory=dict)

    def add(self, file: str, node: Node, report: Report) -> None:
        """Takes a document in if it is a template. What is wrong with it is reported."""
        places = Positions(file, node)
        kind, name = places.node(("kind",)), places.node(("metadata", "name"))
        if not isinstance(kind, ScalarNode) or kind.value != "Template":
            return
        called = str(name.value) if isinstance(name, ScalarNode) else ""
        template = self._read(file, node, places, report)
        if template is None:
            self.broken.add(called)
        elif called in self.found:
            at = places.nearest(("metadata", "name"))
            first = place(self.found[called].file, self.found[called].name.start_mark)
            report.add("PZ4005", f"Template/{called} is declared twice", at, hint=f"the first is at {first}")
        else:
            self.found[called] = template

    def _read(self, file: str, node: Node, places: Positions, report: Report) -> Template | None:
        documents = places.node(("documents",))
        # Placeholders inside the documents are filled in for each instance; the rest is plain.
        plain = Evaluator(file, Variables(), Report()).value(node)
        spec = validate(
            TemplateSpec, without_nulls(plain), below=(), positions=places, report=report, address="Template"
        )
        if spec is None or not isinstance(documents, SequenceNode):
            return None
        parameters = spec.parameters or {}
        name = places.node(("metadata", "name"))
        assert name is not None
        if "name" in parameters:
            at = places.nearest(("parameters", "name"), on_key=True)
            report.add(
                "PZ2007", "name is the instance's own name", at, expected="another name for the parameter"
            )
            return None
        return Template(file, name, parameters, documents)

    def instance(
        self, file: str, node: Node, variables: Variables, report: Report
    ) -> Iterator[tuple[Node, str, Variables]]:
        """The nodes of an instance's documents, their file, and what their placeholders mean."""
        places = Positions(file, node)
        evaluator = Evaluator(file, variables, report)
        before = len(report.errors)
        value = evaluator.value(node)
        metadata = validate(
            TemplateMetadata, value.get("metadata") or {}, below=("metadata",), positions=places, report=report
        )
        spec = validate(InstanceSpec, value.get("spec") or {}, below=("spec",), positions=places, report=report)
        if spec is None or metadata is None or len(report.errors) > before:
            return
        first = self.instances.setdefault(metadata.name, node)
        if first is not node:
            at = places.nearest(("metadata", "name"))
            hint = (
                "put ${param.name}, ${each.key} or another parameter into the name, so that the copies differ"
            )
            report.add(
                "PZ4005",
                f"Instance/{metadata.name} is declared twice",
                at,
                address=f"Instance/{metadata.name}",
                expected="each name once",
                hint=hint,
            )
            return
        template = self.found.get(spec.template)
        if template is None:
            if spec.template not in self.broken:
                self._unknown(spec.template, f"Instance/{metadata.name}", places, report)
            return
        values = _parameters(template, spec.parameters or {}, places, report, f"Instance/{metadata.name}")
        if values is None:
            return
        hidden = frozenset(
            name
            for name in values
            if _any_sensitive(places.node(("spec", "parameters", name)), evaluator.sensitive)
        )
        local = variables.within("param", {**values, "name": metadata.name}, hidden)
        for document in template.documents.value:
            yield _complete(duplicate(document)), template.file, local

    def _unknown(self, name: str, address: str, places: Positions, report: Report) -> None:
        report.add(
            "PZ2006",
            f"there is no template {name}",
            places.nearest(("spec", "template")),
            address=address,
            field="spec.template",
            expected=f"one of {', '.join(sorted(self.found))}" if self.found else "a document of kind Template",
            suggestion=nearest(name, self.found),
        )


def _parameters(
    template: Template, given: Mapping[str, Any], places: Positions, report: Report, address: str
) -> dict[str, Any] | None:
    """Every parameter's value. None if one is missing, unknown or of another type: the report says which."""
    fine = True
    for name in given:
        if name not in template.parameters:
            report.add(
                "PZ2007",
                f"the template has no parameter {name}",
                places.nearest(("spec", "parameters", name), on_key=True),
                address=address,
                field=f"spec.parameters.{name}",
                expected=", ".join(template.parameters) or "no parameters",
                suggestion=nearest(name, template.parameters),
            )
            fine = False
    values: dict[str, Any] = {}
    for name, spec in template.parameters.items():
        value = given.get(name, spec.default)
        if value is None or not fits(spec, value):
            at = places.nearest(("spec", "parameters", name))
            what = f"the parameter {name} has no value" if value is None else f"{name} is {describe(value)}"
            field_name = f"spec.parameters.{name}"
            hint = "give it below spec.parameters, or a default in the template" if value is None else None
            report.add(
                "PZ2007", what, at, address=address, field=field_name, expected=expected(spec), hint=hint
            )
            fine = False
        values[name] = value
    return values if fine else None


def _any_sensitive(node: Node | None, sensitive: set[int]) -> bool:
    if node is None:
        return False
    if isinstance(node, ScalarNode):
        return id(node) in sensitive
    parts = (part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,)))
    return any(_any_sensitive(part, sensitive) for part in parts)


def _complete(node: Node) -> Node:
    """A template's document with the apiVersion that it need not say."""
    if isinstance(node, MappingNode) and not any(key.value == "apiVersion" for key, _ in node.value):
        mark = node.start_mark
        pair = (ScalarNode("", "apiVersion", mark, mark), ScalarNode("", API_VERSION, mark, mark))
        node.value = [pair, *node.value]
    return node
