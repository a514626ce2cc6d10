"""The rules of metadata: tags, dependsOn as addresses, paths to ignore."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from pzdecl.errors import nearest
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind
from pzdecl.kinds.fields import join, split
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report, Spot
from pzdecl.manifests.values import fields_at, has_field

MAX_TAGS = 50
MAX_KEY = 128
MAX_VALUE = 256
_PLAIN = re.compile(r"[\w .:/=+\-@]*")


def check_metadata(kind: Kind, address: Address, metadata: Any, positions: Positions, report: Report) -> None:
    """Reports what is wrong with metadata, as it is written, beyond its types."""
    plain = metadata if isinstance(metadata, dict) else {}
    tags = plain.get("tags")
    if isinstance(tags, dict) and tags:
        _tags(kind, address, {k: v for k, v in tags.items() if isinstance(v, str)}, positions, report)
    lifecycle = plain.get("lifecycle")
    ignored = lifecycle.get("ignoreChanges") if isinstance(lifecycle, dict) else None
    for index, path in enumerate(ignored if isinstance(ignored, list) else ()):
        if isinstance(path, str):
            place = ("metadata", "lifecycle", "ignoreChanges", index)
            _ignored(kind, path, Spot(positions.nearest(place), address, join(place)), report)
    if kind.name != "Solution" and isinstance(lifecycle, dict) and lifecycle.get("retrainOn"):
        entries = ("metadata", "lifecycle", "retrainOn")
        spot = Spot(positions.nearest(entries, on_key=True), address, join(entries))
        report.add("PZ3008", f"retrainOn does nothing for a {kind.name}", spot, expected="it in a Solution")


def _tags(kind: Kind, address: Address, tags: dict[str, str], positions: Positions, report: Report) -> None:
    top = Spot(positions.nearest(("metadata", "tags")), address, "metadata.tags")
    if not kind.taggable:
        report.add("PZ3014", f"a {kind.name} cannot have tags", top, expected="no tags")
        return
    if len(tags) > MAX_TAGS:
        report.add("PZ3013", f"there are {len(tags)} tags", top, expected=f"at most {MAX_TAGS}")
    for key, value in tags.items():
        if wrong := _wrong(key, value):
            what, expected, on_key = wrong
            place = ("metadata", "tags", key)
            spot = Spot(positions.nearest(place, on_key=on_key), address, join(place))
            report.add("PZ3013", what, spot, expected=expected)


def _wrong(key: str, value: str) -> tuple[str, str, bool] | None:
    """What is wrong with a tag, what was expected, and whether it is the key that is wrong."""
    signs = "letters, digits, spaces and _ . : / = + - @"
    if not 1 <= len(key) <= MAX_KEY:
        return f"the tag's key has {len(key)} characters", f"1 to {MAX_KEY}", True
    if key.lower().startswith("aws:"):
        return f"the tag's key {key} begins with aws:", "a key that is not reserved", True
    if not _allowed(key):
        return f"the tag's key {key!r} has other signs", signs, True
    if len(value) > MAX_VALUE:
        return f"the value of the tag {key} has {len(value)} characters", f"at most {MAX_VALUE}", False
    if not _allowed(value):
        return f"the value of the tag {key} has other signs", signs, False
    return None


def _allowed(text: str) -> bool:
    """Whether a text has only letters, digits, separators (Unicode's) and `_.:/=+-@`."""
    return bool(_PLAIN.fullmatch(text)) or all(
        sign in "_.:/=+-@" or unicodedata.category(sign)[0] in "LNZ" for sign in text
    )


def _ignored(kind: Kind, path: str, spot: Spot, report: Report) -> None:
    """Fields of the spec, tags (`tags.cost`), patterns of both; list elements by number, or all by `*`."""
    bare = path.removeprefix("spec.").removeprefix("metadata.")
    steps = split(bare.replace("[*]", "[0]"))
    if steps and has_field(kind.spec, steps):
        return
    if kind.taggable and (bare == "tags" or bare.startswith("tags.")):
        return
    valid = fields_at(kind.spec, steps[:-1]) or fields_at(kind.spec, ())
    close = nearest(str(steps[-1]), valid) if steps else None
    report.add(
        "PZ3009",
        f"a {kind.name} has no field {path}",
        spot,
        expected="the path of a field of spec, or tags.KEY" if kind.taggable else "the path of a field of spec",
        suggestion=join([*steps[:-1], close]) if close else None,
    )
