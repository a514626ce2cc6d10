"""`lifecycle.retrainOn` of solutions: what each entry names, and the order that follows from it.

Schema/ratings                  the resource changes: it is replaced, updated or run again
DatasetImport/ratings.data      the content that an import reads is another one
Dataset/users.schema            one field of its spec
DatasetImport/*                 any that fits the pattern, those that come later too
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from pzdecl.errors import nearest
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import split
from pzdecl.manifests.documents import Document
from pzdecl.manifests.lost import Lost
from pzdecl.manifests.model import DATA, Trigger
from pzdecl.manifests.references import Edges
from pzdecl.manifests.report import Report, Spot
from pzdecl.manifests.values import fields_at, has_field

Documents = Mapping[Address, Document]
_FORM = "Kind/name, or Kind/name.field"
VERSION = "SolutionVersion"


class Entry(NamedTuple):
    """One entry as it is written: `kind/name`, each perhaps a pattern, and the path behind it."""

    text: str
    kind: str
    name: str
    path: str | None

    @property
    def pattern(self) -> bool:
        """Whether it may name several resources, and need not name one that is there already."""
        return any(sign in self.kind + self.name for sign in "*?[")

    def fits(self, address: Address) -> bool:
        """Whether it names this resource."""
        return fnmatchcase(address.kind, self.kind) and fnmatchcase(address.name, self.name)


def read(text: str) -> Entry | None:
    """The parts of an entry; None if it has not the form of one."""
    address, dot, path = text.partition(".")
    kind, slash, name = address.partition("/")
    if not (kind and slash and name) or "/" in name or (dot and not path):
        return None
    return Entry(text, kind, name, path.removeprefix("spec.") or None)


def settle(
    documents: Documents, edges: Edges, report: Report, lost: Lost
) -> dict[Address, tuple[Trigger, ...]]:
    """By version what its solution's entries name; adds that to what the version needs.

    A training then comes after the change that calls for it. Reported are entries that name nothing.
    """
    found: dict[Address, tuple[Trigger, ...]] = {}
    for address, document in documents.items():
        if address.kind != "Solution":
            continue
        version = Address(VERSION, address.name)
        triggers = []
        for index, text in _written(document):
            field = f"metadata.lifecycle.retrainOn[{index}]"
            spot = Spot(document.positions.get(field, document.position), address, field)
            entry = read(text)
            if entry is None:
                report.add("PZ4004", f"{text} is no address", spot, expected=_FORM)
                continue
            named = _named(entry, version, documents)
            if _sound(entry, named, documents, spot, report, lost) and version in edges:
                triggers.append(Trigger(text, tuple(named), entry.path))
                for one in named:
                    edges[version].setdefault(one, field)
        if triggers:
            found[version] = tuple(triggers)
    return found


def _written(document: Document) -> Iterator[tuple[int, str]]:
    """The entries with their numbers, also where the rest of the metadata is wrong."""
    metadata = document.written.get("metadata")
    lifecycle = metadata.get("lifecycle") if isinstance(metadata, dict) else None
    entries = lifecycle.get("retrainOn") if isinstance(lifecycle, dict) else None
    for index, text in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(text, str):
            yield index, text


def _named(entry: Entry, version: Address, documents: Documents) -> list[Address]:
    """The declared resources, and versions of solutions, that an entry names; a pattern never the own one."""
    if not entry.pattern:
        address = Address(entry.kind, entry.name)
        declared = Address("Solution", entry.name) if entry.kind == VERSION else address
        return [address] if declared in documents else []
    versions = [Address(VERSION, a.name) for a in documents if a.kind == "Solution"]
    return sorted(a for a in (*documents, *versions) if entry.fits(a) and a != version)


def _sound(
    entry: Entry, named: list[Address], documents: Documents, spot: Spot, report: Report, lost: Lost
) -> bool:
    if not entry.pattern and entry.kind not in KINDS:
        close = nearest(entry.kind, KINDS)
        kinds = ", ".join(KINDS)
        report.add(
            "PZ2002", f"there is no kind {entry.kind}", spot, expected=f"one of {kinds}", suggestion=close
        )
        return False
    if not named:
        unread = bool(lost.names or lost.texts)
        if not (unread if entry.pattern else lost.may_hold(Address(entry.kind, entry.name))):
            _nothing(entry, documents, spot, report)
        return False
    wrong = [kind for kind in sorted({one.kind for one in named}) if not _has(kind, entry.path)]
    for kind in wrong:
        steps = split(entry.path or "")
        valid = fields_at(KINDS[kind].spec, steps[:-1]) or fields_at(KINDS[kind].spec, ())
        more = [DATA] if KINDS[kind].reads else []
        close = nearest(str(steps[-1]), [*valid, *more]) if steps else None
        report.add(
            "PZ3009",
            f"a {kind} has no field {entry.path}",
            spot,
            expected=f"the path of a field of spec{f', or {DATA}' if more else ''}",
            suggestion=f"{entry.kind}/{entry.name}.{close}" if close else None,
        )
    return not wrong


def _has(kind: str, path: str | None) -> bool:
    """Whether a kind has what a path, perhaps a pattern, names."""
    if path is None or (path == DATA and KINDS[kind].reads):
        return True
    steps = split(path.replace("[*]", "[0]"))
    return bool(steps) and has_field(KINDS[kind].spec, steps)


def _nothing(entry: Entry, documents: Documents, spot: Spot, report: Report) -> None:
    named = f"{entry.kind}/{entry.name}"
    close = nearest(named, [str(address) for address in documents])
    if close and entry.path:
        close = f"{close}.{entry.path}"
    what = "nothing fits" if entry.pattern else "there is no"
    expected = "a resource of this project" if not entry.pattern else "a pattern of addresses of this project"
    report.add("PZ4001", f"{what} {named}", spot, expected=expected, suggestion=close)
