"""What differs from a Git revision: for `changed-since:REF`.

A document counts as changed where its content differs (not its comments or its place in a file), and a
document of an import also where the data file that it names does. A changed `pzdecl.yaml` may change
everything, so then all resources count.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pzdecl.errors import UsageError
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Project
from pzdecl.manifests.nodes import Node, ScalarNode, compose
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.project_file import FILE
from pzdecl.manifests.report import Report


def changed_since(project: Project, revision: str) -> frozenset[Address]:
    """The addresses that were added, changed or removed since a Git revision, the work tree included.

    Raises UsageError where there is no Git repository or no such revision.
    """
    root = project.root
    _git(root, revision, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    names = _git(root, revision, "diff", "--name-only", "--relative", "-z", revision, "--", ".")
    names += _git(root, revision, "ls-files", "--others", "--exclude-standard", "-z")
    files = {name for name in names.split("\0") if name}
    if FILE in files:
        return frozenset(project.resources)
    found: set[Address] = set()
    for name in sorted(files):
        if name.endswith((".yaml", ".yml")):
            found |= _differing(_then(root, revision, name), _now(root / name))
    data = {(root / name).resolve() for name in files}
    found |= {a for a, d in project.resources.items() if d.data and d.data.path and _touched(d.data.path, data)}
    return frozenset(found)


def _touched(path: Path, changed: Iterable[Path]) -> bool:
    place = path.resolve()
    return any(one == place or place in one.parents for one in changed)


def _differing(before: Mapping[Address, Any], after: Mapping[Address, Any]) -> set[Address]:
    return {a for a in {*before, *after} if before.get(a) != after.get(a)}


def _now(file: Path) -> dict[Address, Any]:
    return _documents(file.read_text("utf-8", "replace")) if file.is_file() else {}


def _then(root: Path, revision: str, name: str) -> dict[Address, Any]:
    shown = _run(root, "show", f"{revision}:./{name}")
    return _documents(shown.stdout.decode("utf-8", "replace")) if shown.returncode == 0 else {}


def _documents(text: str) -> dict[Address, Any]:
    """The documents of a file as plain text, by address; none where it is no YAML, which loading has told."""
    found = {}
    for node in compose(text, "", Report()) or ():
        places = Positions("", node)
        kind, name = places.node(("kind",)), places.node(("metadata", "name"))
        if isinstance(kind, ScalarNode) and isinstance(name, ScalarNode):
            found[Address(str(kind.value), str(name.value))] = _plain(node)
    return found


def _plain(node: Node) -> Any:
    if isinstance(node, ScalarNode):
        return (node.value, bool(node.style), node.tag)
    if isinstance(node.value, list) and node.value and isinstance(node.value[0], tuple):
        return sorted((repr(_plain(key)), _plain(value)) for key, value in node.value)
    return [_plain(one) for one in node.value]


def _git(root: Path, revision: str, *arguments: str) -> str:
    done = _run(root, *arguments)
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = told[-1] if told else f"there is no revision {revision}"
        raise UsageError(
            f"changed-since:{revision}: {why}",
            hint="name a branch, tag or commit of the project's Git repository; a shallow clone may lack it",
        )
    return done.stdout.decode("utf-8", "replace")


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError(
            "changed-since: git is not installed", hint="install git, or name the resources"
        ) from None
