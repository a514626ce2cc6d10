"""Avro schemas in files of their own (`schemaFile`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pzdecl.errors import Position
from pzdecl.kinds.address import Address
from pzdecl.manifests.nodes import compose, decode
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report

FIELD = "spec.schemaFile"


def read_schema(
    root: Path, positions: Positions, name: str, address: Address, report: Report
) -> tuple[Any, Positions] | None:
    """The schema in a file, and positions that lead into it; None if there is none (see the report).

    `name` is relative to the folder of the manifest.
    """
    at = positions.nearest(("spec", "schemaFile"))
    path = root / Path(positions.file).parent / name
    shown = _shown(path, root)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        report.add(
            "PZ6004",
            f"the schema file {shown} {reason}",
            at,
            address=address,
            field=FIELD,
            expected="a .json or .avsc file, relative to the manifest",
            suggestion=_neighbour(path),
        )
        return None
    text = decode(data, shown, report)
    if text is None:
        return None
    try:
        schema = json.loads(text)
    except json.JSONDecodeError as error:
        place = Position(shown, error.lineno, error.colno)
        report.add(
            "PZ6004",
            f"not JSON: {error.msg}",
            place,
            address=address,
            field=FIELD,
            expected="an Avro schema in JSON",
        )
        return None
    except (ValueError, RecursionError):  # thousands of digits, or of brackets
        report.add(
            "PZ6004",
            "not JSON that can be read: it is nested too deeply, or has a number that is too long",
            Position(shown, 1, 1),
            address=address,
            field=FIELD,
            expected="an Avro schema in JSON",
        )
        return None
    # JSON is almost YAML: where it is, its nodes tell the places of fields; where not, the file must do.
    nodes = compose(text, shown, Report())
    if nodes and len(nodes) == 1:
        grafts = {"spec.schema": (shown, nodes[0])}
        positions = Positions(positions.file, positions.root, grafts=grafts)
    else:
        positions = Positions(positions.file, positions.root, renamed={"spec.schema": FIELD})
    return schema, positions


def _shown(path: Path, root: Path) -> str:
    """A path from the project's root, where it lies below."""
    import os

    normal = Path(os.path.normpath(path))
    return normal.relative_to(root).as_posix() if normal.is_relative_to(root) else os.path.relpath(normal, root)


def _neighbour(path: Path) -> str | None:
    """A file of a similar name in the same folder."""
    from pzdecl.errors import nearest

    try:
        return nearest(path.name, sorted(one.name for one in path.parent.iterdir() if one.is_file()))
    except OSError:
        return None
