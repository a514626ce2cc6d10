"""Loading a project: everything that is wrong comes out in one go."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from pzdecl.engine.data.location import data_files
from pzdecl.errors import Position
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.names import NAME_LENGTH
from pzdecl.kinds.solution import SolutionSpec
from pzdecl.kinds.solution_version import version_inputs
from pzdecl.manifests import project_file
from pzdecl.manifests.discovery import discover
from pzdecl.manifests.documents import Document, read_document
from pzdecl.manifests.evaluate import Variables
from pzdecl.manifests.expansion import expand
from pzdecl.manifests.filters import check_filters
from pzdecl.manifests.lost import Lost
from pzdecl.manifests.model import Desired, Project, Trigger
from pzdecl.manifests.moves import History, is_history
from pzdecl.manifests.nesting import find_endless
from pzdecl.manifests.nodes import Node, ScalarNode, SequenceNode, compose, decode
from pzdecl.manifests.patches import Patch, check_targets
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.project_file import Settings
from pzdecl.manifests.references import Edges, connect, find_cycles, imply, imply_datasets
from pzdecl.manifests.report import Report
from pzdecl.manifests.rules import check_rules
from pzdecl.manifests.schema_rules import check_schemas
from pzdecl.manifests.templates import Templates
from pzdecl.manifests.triggers import settle as settle_triggers
from pzdecl.manifests.variables import Given

Documents = Mapping[Address, Document]
_VERSION_FIELDS = {
    "spec.trainingMode": "spec.training.trainingMode",
    "spec.when": "spec.training.when",
    "spec.solution": "metadata.name",
}


def load(
    root: Path,
    *,
    environment: str | None = None,
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    patches: Sequence[Patch] = (),
) -> Project:
    """Reads, evaluates and checks all manifests below `root`.

    `patches` are put over them after those of the environment.
    Raises InvalidProject with every error. What is in the data files is not looked at: see `data.check_data`.
    """
    # Thousands of nodes that all live on: looking for garbage among them again and again would double the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _load(Path(os.path.abspath(root)), environment, variables or {}, var_files, patches)
    finally:
        if collecting:
            gc.enable()


def _load(
    root: Path,
    environment: str | None,
    variables: Mapping[str, str],
    var_files: Sequence[Path],
    patches: Sequence[Patch],
) -> Project:
    report = Report()
    given = Given(variables, tuple(var_files), os.environ)
    settings = project_file.read(root, environment, given, report)
    lost = Lost()
    missed = partial(_missed, report, lost)
    files = discover(root, settings.exclude if settings else (), var_files, missed if settings else None)
    composed = {file: nodes for file in files if (nodes := _compose(root, file, report)) is not None}
    if settings is None:
        # Without variables every placeholder would be one more error: only what is no YAML is added.
        report.raise_errors()
        raise AssertionError("a project file that cannot be read is reported")
    settings = replace(settings, patches=(*settings.patches, *patches))
    _add_texts(root, [file for file in files if file not in composed], lost)
    history = _history(composed, settings.variables, report)
    documents = _documents(root, composed, settings, report, lost)
    check_targets(settings.patches, documents, report)
    _check_lengths(documents, settings.name_prefix, report)
    moved, removed = history.settle(documents, report)
    edges = connect(documents, report, lost)
    imply(documents, edges)
    imply_datasets(documents, edges)
    triggers = settle_triggers(documents, edges, report, lost)
    find_cycles(documents, edges, report)
    check_rules(documents, settings.provider, report)
    check_schemas(documents, report)
    check_filters(root, documents, report)
    _check_files(root, documents, report)
    report.raise_errors()
    return Project(
        root=root,
        name=settings.name,
        environment=settings.environment,
        provider=settings.provider,
        state=settings.state,
        resources=MappingProxyType(_resources(documents, edges, triggers)),
        warnings=tuple(report.warnings),
        policies=settings.policies,
        name_prefix=settings.name_prefix,
        moved=MappingProxyType(moved),
        removed=MappingProxyType(removed),
    )


def _history(composed: dict[str, list[Node]], variables: Variables, report: Report) -> History:
    """Takes the documents that declare nothing out of `composed`."""
    history = History()
    for file, nodes in composed.items():
        found = [node for node in nodes if is_history(node)]
        for node in found:
            history.add(file, node, variables, report)
        if found:
            composed[file] = [node for node in nodes if node not in found]
    return history


def _compose(root: Path, file: str, report: Report) -> list[Node] | None:
    try:
        data = (root / file).read_bytes()
    except OSError as error:
        report.add(
            "PZ1007",
            f"the file cannot be read: {error.strerror}",
            Position(file),
            expected="a readable file",
            hint="it is a link, and leads nowhere" if isinstance(error, FileNotFoundError) else None,
        )
        return None
    text = decode(data, file, report)
    nodes = compose(text, file, report) if text is not None else None
    if nodes is not None and (not nodes or (len(nodes) == 1 and _blank(nodes[0]))):
        report.add(
            "PZ1005",
            "the file is empty",
            Position(file),
            expected="at least one manifest",
            hint="remove it, or name it under exclude: in pzdecl.yaml",
        )
        return None
    return nodes


def _name(node: Node) -> set[str]:
    """The name that is written in a document."""
    found = Positions("", node).node(("metadata", "name"))
    return {str(found.value)} if isinstance(found, ScalarNode) else set()


def _names_in_templates(composed: Mapping[str, list[Node]]) -> set[str]:
    """The names of what instances of templates make, with placeholders in them."""
    found: set[str] = set()
    for node in (node for nodes in composed.values() for node in nodes):
        documents = Positions("", node).node(("documents",))
        if isinstance(documents, SequenceNode):
            found.update(name for document in documents.value for name in _name(document))
    return found


def _blank(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.value and not node.style and not node.tag


def _documents(
    root: Path, composed: Mapping[str, list[Node]], settings: Settings, report: Report, lost: Lost
) -> dict[Address, Document]:
    """All documents that have an address; the first of those that share one."""
    found: dict[Address, Document] = {}
    templates = Templates()
    for file, nodes in composed.items():
        for node in nodes:
            templates.add(file, node, report)
    find_endless(templates, report)
    failed = bool(templates.broken)
    for file, nodes in composed.items():
        for node in nodes:
            try:
                before = len(report.errors)
                copies = list(expand(file, node, settings.variables, templates, report))
                if len(report.errors) > before:
                    failed = True
                    lost.names |= _name(node)
                for one in copies:
                    document = read_document(root, one._replace(patches=settings.patches), report)
                    if document is None:
                        lost.names |= _name(one.node)
                    elif (first := found.setdefault(document.address, document)) is not document:
                        _declared_twice(document, first, report)
            except RecursionError:
                report.add("PZ1002", "nested too deeply", Position(file), expected="fewer levels")
    if failed:
        lost.names |= _names_in_templates(composed)
    return found


def _check_lengths(documents: Documents, prefix: str, report: Report) -> None:
    """A name and what stands before it must fit into the service's name together."""
    for document in documents.values() if prefix else ():
        if len(prefix) + len(document.address.name) > NAME_LENGTH:
            report.add(
                "PZ3006",
                f"{prefix}{document.address.name} is too long for a name",
                document.positions.nearest(("metadata", "name")),
                address=document.address,
                field="metadata.name",
                expected=f"at most {NAME_LENGTH} characters with the environment's namePrefix",
            )


def _declared_twice(document: Document, first: Document, report: Report) -> None:
    at = document.positions.nearest(("metadata", "name"))
    copies = first.positions.nearest(("metadata", "name")) == at
    report.add(
        "PZ4005",
        f"{document.address} is declared twice",
        at,
        address=document.address,
        field="metadata.name",
        expected="one manifest of each kind and name",
        hint="put ${each.key} or a parameter into the name, so that the copies differ"
        if copies
        else f"the first is at {first.position}",
    )


def _check_files(root: Path, documents: Documents, report: Report) -> None:
    """The data of every import, and the questions of every batch job, are there."""
    for document in documents.values():
        source = document.data
        if document.spec is None or source is None or source.path is None:
            continue
        try:
            if data_files(source.path):
                continue
            missing = "holds no files" if source.path.is_dir() else "is not there"
        except OSError as error:
            missing = f"cannot be read: {error.strerror}: {os.path.relpath(str(error.filename), root)}"
        field = f"spec.{document.kind.reads}"
        what = "a CSV file" if document.kind.name == "DatasetImport" else "a file of JSON lines"
        report.add(
            "PZ7001",
            f"{source.location} {missing}",
            document.positions.get(field, document.position),
            address=document.address,
            field=field,
            expected=f"{what} or a folder of them, relative to the manifest",
            suggestion=None if source.path.is_dir() else _neighbour(source.path),
            hint="Amazon S3 is s3://BUCKET/KEY, with two slashes" if _half_s3(source.location) else None,
        )


def _missed(report: Report, lost: Lost, folder: str, error: OSError) -> None:
    """A folder that cannot be read: going on without its manifests would plan to delete what they declare."""
    lost.anything = True
    report.add(
        "PZ1007",
        f"the folder cannot be read: {error.strerror}",
        Position(folder.rstrip("/") or "."),
        expected="a folder that this user can list",
        hint="if no manifests are in it, name it under exclude: in pzdecl.yaml",
    )


def _add_texts(root: Path, files: Iterable[str], lost: Lost) -> None:
    """Takes in the texts of files that could not be parsed; one that may not be read was reported."""
    for file in files:
        try:
            lost.texts.append((root / file).read_text("utf-8", "replace"))
        except OSError:
            lost.anything = True


def _half_s3(location: str) -> bool:
    return location.casefold().startswith("s3:") and not location.startswith("s3://")


def _neighbour(path: Path) -> str | None:
    from pzdecl.errors import nearest

    try:
        return nearest(path.name, sorted(one.name for one in path.parent.iterdir()))
    except OSError:
        return None


def _resources(
    documents: Documents, edges: Edges, triggers: Mapping[Address, tuple[Trigger, ...]]
) -> dict[Address, Desired]:
    """Every resource, and the versions of solutions, sorted by address."""
    resources: dict[Address, Desired] = {}
    for address, document in documents.items():
        resources[address] = _desired(document, edges[address])
        if document.kind.name == "Solution":
            version = Address("SolutionVersion", address.name)
            resources[version] = _version(document, edges[version], triggers.get(version, ()))
    return {address: resources[address] for address in sorted(resources, key=_by_name)}


def _by_name(address: Address) -> tuple[str, str]:
    return (address.kind, address.name)


def _desired(document: Document, needs: Iterable[Address]) -> Desired:
    assert document.metadata
    return Desired(
        address=document.address,
        inputs=document.inputs,
        position=document.position,
        references=tuple(document.kind.references(document.inputs)),
        depends_on=tuple(sorted(needs, key=_by_name)),
        tags=document.metadata.tags or {},
        lifecycle=document.lifecycle,
        positions=document.positions,
        data=document.data,
        sensitive=document.sensitive,
    )


def _version(document: Document, needs: Iterable[Address], triggers: tuple[Trigger, ...]) -> Desired:
    """The SolutionVersion of a Solution. Protection is of the solution: its versions come and go."""
    assert isinstance(document.spec, SolutionSpec)
    inputs = version_inputs(document.address.name, document.spec, document.inputs)
    return Desired(
        address=Address("SolutionVersion", document.address.name),
        inputs=inputs,
        position=document.position,
        references=tuple(KINDS["SolutionVersion"].references(inputs)),
        depends_on=tuple(sorted(needs, key=_by_name)),
        lifecycle=replace(document.lifecycle, protect=False),
        positions=Positions(document.positions.file, document.positions.root, renamed=_VERSION_FIELDS),
        triggers=triggers,
    )
