"""References between resources: to nothing, to the wrong kind, in a circle; and what follows from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pzdecl.errors import nearest
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Reference
from pzdecl.kinds.names import ARN, ARN_PREFIXES
from pzdecl.manifests.documents import Document
from pzdecl.manifests.report import Report, Spot

Documents = Mapping[Address, Document]
Edges = dict[Address, dict[Address, str]]
"""What each resource needs, with the field that says so (`spec.schema`, `metadata.dependsOn[0]`)."""

_REFERENCE_FIELDS = {
    "Dataset": {"datasetGroup": "DatasetGroup", "schema": "Schema"},
    "DatasetImport": {"dataset": "Dataset"},
    "EventTracker": {"datasetGroup": "DatasetGroup"},
    "Solution": {"datasetGroup": "DatasetGroup"},
    "Campaign": {"solution": "Solution"},
}


def connect(documents: Documents, report: Report) -> Edges:
    """What each declared resource refers to. Wrong references are reported and left out."""
    names = defaultdict(list)
    for address in documents:
        names[address.kind].append(address.name)
    edges: Edges = {}
    for address, document in documents.items():
        needs: dict[Address, str] = {}
        for reference in document.kind.references(document.inputs) if document.spec else ():
            if reference.target is None:
                _check_arn(document, reference, report)
            elif reference.target in documents:
                needs.setdefault(reference.target, f"spec.{reference.field}")
            else:
                _dangling(document, reference.target, f"spec.{reference.field}", names, report)
        for index, text in enumerate((document.metadata and document.metadata.depends_on) or ()):
            target = _address(document, text, index, names, report)
            if target is not None:
                needs.setdefault(target, f"metadata.dependsOn[{index}]")
        edges[address] = needs
    return edges


def imply(documents: Documents, edges: Edges) -> None:
    """Adds what follows from kinds: versions need their solution and the data of its group, campaigns the
    newest version, INCREMENTAL imports the FULL one.
    """
    valid = {address: document for address, document in documents.items() if document.spec is not None}
    imports: dict[str, list[Address]] = defaultdict(list)
    full: dict[str, Address] = {}
    for address, document in valid.items():
        if address.kind == "DatasetImport":
            name = document.inputs["dataset"]
            dataset = valid.get(Address("Dataset", name))
            if dataset is not None:
                imports[dataset.inputs["datasetGroup"]].append(address)
            if document.inputs["importMode"] == "FULL":
                full[name] = address
    for address, document in valid.items():
        if address.kind == "Solution":
            group = document.inputs["datasetGroup"]
            data = dict.fromkeys(imports[group], "spec.datasetGroup")
            edges[Address("SolutionVersion", address.name)] = {address: "metadata.name", **data}
        elif address.kind == "Campaign":
            for need in [need for need in edges[address] if need.kind == "Solution"]:
                edges[address].setdefault(Address("SolutionVersion", need.name), "spec.solution")
        elif address.kind == "DatasetImport" and document.inputs["importMode"] == "INCREMENTAL":
            first = full.get(document.inputs["dataset"])
            if first is not None:
                edges[address].setdefault(first, "spec.importMode")


def find_cycles(documents: Documents, edges: Edges, report: Report) -> None:
    """Reports each circle once, beginning with its first address."""
    if _acyclic(edges):
        return
    done: set[Address] = set()
    for start in sorted(edges):
        trail: list[Address] = []
        stack: list[tuple[Address, bool]] = [(start, False)]
        on_trail: set[Address] = set()
        while stack:
            address, leaving = stack.pop()
            if leaving:
                trail.pop()
                on_trail.discard(address)
                done.add(address)
            elif address in on_trail:
                _cycle(documents, edges, trail[trail.index(address) :], report)
            elif address not in done:
                trail.append(address)
                on_trail.add(address)
                stack.append((address, True))
                stack += [(need, False) for need in sorted(edges.get(address, ()), reverse=True)]


def _acyclic(edges: Edges) -> bool:
    """Whether all can be put in an order: takes away what needs nothing more, until nothing is left."""
    missing = {address: len(needs) for address, needs in edges.items()}
    followers: dict[Address, list[Address]] = defaultdict(list)
    for address, needs in edges.items():
        for need in needs:
            followers[need].append(address)
    free = [address for address, count in missing.items() if not count]
    done = 0
    while free:
        done += 1
        for follower in followers.get(free.pop(), ()):
            missing[follower] -= 1
            if not missing[follower]:
                free.append(follower)
    return done == len(missing)


def _cycle(documents: Documents, edges: Edges, cycle: Sequence[Address], report: Report) -> None:
    first = cycle.index(min(cycle))
    circle = [*cycle[first:], *cycle[:first]]
    address, needs = circle[0], circle[1 % len(circle)]
    field = edges[address][needs]
    declared = Address("Solution", address.name) if address.kind == "SolutionVersion" else address
    report.add(
        "PZ4006",
        f"{' → '.join(map(str, [*circle, circle[0]]))} is a circle",
        _spot(documents[declared], field),
        expected="resources that do not need each other in a circle",
        hint="remove one of the dependsOn entries",
    )


def _dangling(
    document: Document, target: Address, field: str, names: Mapping[str, Sequence[str]], report: Report
) -> None:
    spot = _spot(document, field)
    others = [kind for kind, found in names.items() if target.name in found and kind != target.kind]
    plain = target.name.rpartition("/")[2]
    if others:
        report.add(
            "PZ4002",
            f"{target.name} is a {' and a '.join(others)}, not a {target.kind}",
            spot,
            expected=f"the name of a {target.kind}",
            suggestion=nearest(target.name, names[target.kind]),
        )
        return
    close = plain if plain in names[target.kind] else nearest(target.name, names[target.kind])
    report.add(
        "PZ4001",
        f"there is no {target.kind} {target.name}",
        spot,
        expected=f"the name of a {target.kind}, or an ARN",
        suggestion=close,
        hint=None if close else f"declare it: kind: {target.kind}, metadata: {{name: {target.name}}}",
    )


def _address(
    document: Document, text: str, index: int, names: Mapping[str, Sequence[str]], report: Report
) -> Address | None:
    """The resource that an entry of dependsOn names. A Solution's version may be named too."""
    field = f"metadata.dependsOn[{index}]"
    spot = _spot(document, field)
    try:
        address = Address.parse(text)
    except ValueError:
        every = [f"{kind}/{name}" for kind, found in names.items() for name in found]
        near = next((one for one in every if one.endswith(f"/{text}")), None) or nearest(text, every)
        report.add("PZ4004", f"{text} is no address", spot, expected="Kind/name", suggestion=near)
        return None
    if address.kind not in KINDS:
        report.add(
            "PZ2002",
            f"there is no kind {address.kind}",
            spot,
            expected=f"one of {', '.join(KINDS)}",
            suggestion=nearest(address.kind, KINDS),
        )
        return None
    declared = "Solution" if address.kind == "SolutionVersion" else address.kind
    if address.name in names.get(declared, ()):
        return address
    close = nearest(address.name, names.get(declared, ()))
    report.add(
        "PZ4001",
        f"there is no {address}",
        spot,
        expected="the address of a resource of this project",
        suggestion=f"{address.kind}/{close}" if close else None,
    )
    return None


def _check_arn(document: Document, reference: Reference, report: Report) -> None:
    arn = reference.arn or ""
    kind = _REFERENCE_FIELDS[document.kind.name][reference.field]
    match = ARN.fullmatch(arn)
    if match is None or not match["tail"].startswith(ARN_PREFIXES[kind]):
        field = f"spec.{reference.field}"
        report.add(
            "PZ4003",
            f"{arn} is not the ARN of a {kind}",
            _spot(document, field),
            expected=f"arn:aws:personalize:REGION:ACCOUNT:{ARN_PREFIXES[kind]}NAME",
        )


def _spot(document: Document, field: str) -> Spot:
    return Spot(document.positions.get(field, document.position), document.address, field)
