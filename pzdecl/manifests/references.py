"""References between resources: to nothing, to the wrong kind, in a circle; and what follows from them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pzdecl.errors import nearest
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Reference, reference
from pzdecl.kinds.names import ARN, ARN_PREFIXES, NAME_PATTERN
from pzdecl.manifests.documents import Document
from pzdecl.manifests.lost import Lost
from pzdecl.manifests.report import Report, Spot

Documents = Mapping[Address, Document]
NAME = re.compile(NAME_PATTERN)
Edges = dict[Address, dict[Address, str]]
"""What each resource needs, with the field that says so (`spec.schema`, `metadata.dependsOn[0]`)."""


def connect(documents: Documents, report: Report, lost: Lost) -> Edges:
    """What each declared resource refers to, valid or not. Wrong references are reported and left out."""
    names = defaultdict(list)
    for address in documents:
        names[address.kind].append(address.name)
    edges: Edges = {}
    for address, document in documents.items():
        needs: dict[Address, str] = {}
        for one in document.kind.references(document.inputs) if document.spec else _written(document):
            if report.errors and report.blames(_spot(document, f"spec.{one.field}")):
                continue
            if one.target is None:
                _check_arn(document, one, report)
            elif one.target in documents:
                needs.setdefault(one.target, f"spec.{one.field}")
            elif not lost.may_hold(one.target):
                _dangling(document, one.target, f"spec.{one.field}", names, report)
        for index, text in _depends_on(document):
            target = _address(documents, document, text, index, names, report, lost)
            if target is not None:
                needs.setdefault(target, f"metadata.dependsOn[{index}]")
        edges[address] = needs
    return edges


def _written(document: Document) -> Iterator[Reference]:
    """The references of a document that is not valid, as far as they can be read."""
    spec = document.written.get("spec")
    for field, kind in document.kind.refers_to.items():
        text = spec.get(field) if isinstance(spec, dict) else None
        if isinstance(text, str) and text:
            yield reference(field, kind, text)


def _depends_on(document: Document) -> Iterator[tuple[int, str]]:
    """The entries of dependsOn with their numbers, also where the rest of the metadata is wrong."""
    metadata = document.written.get("metadata")
    entries = metadata.get("dependsOn") if isinstance(metadata, dict) else None
    for index, text in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(text, str):
            yield index, text


def imply(documents: Documents, edges: Edges) -> None:
    """Adds what follows from kinds: versions need their solution and the data of its group, recommenders
    that data, campaigns and batch jobs the newest version, exports the imports of their dataset, INCREMENTAL
    imports the FULL one.
    """
    valid = {address: document for address, document in documents.items() if document.spec is not None}
    imports: dict[str, list[Address]] = defaultdict(list)
    filling: dict[str, list[Address]] = defaultdict(list)
    full: dict[str, Address] = {}
    for address, document in valid.items():
        if address.kind == "DatasetImport":
            name = document.inputs["dataset"]
            filling[name].append(address)
            dataset = valid.get(Address("Dataset", name))
            if dataset is not None:
                imports[dataset.inputs["datasetGroup"]].append(address)
            if document.inputs["importMode"] == "FULL":
                full[name] = address
    for address, document in valid.items():
        if address.kind in ("Solution", "Recommender"):
            _imply_data(address, imports[document.inputs["datasetGroup"]], edges)
        elif address.kind == "DatasetExport":
            for one in filling[document.inputs["dataset"]]:
                edges[address].setdefault(one, "spec.dataset")
        elif address.kind in ("Campaign", "BatchInferenceJob", "BatchSegmentJob"):
            for need in [need for need in edges[address] if need.kind == "Solution"]:
                edges[address].setdefault(Address("SolutionVersion", need.name), "spec.solution")
        elif address.kind == "DatasetImport" and document.inputs["importMode"] == "INCREMENTAL":
            first = full.get(document.inputs["dataset"])
            if first is not None:
                edges[address].setdefault(first, "spec.importMode")


def _imply_data(address: Address, imports: Iterable[Address], edges: Edges) -> None:
    """Adds the data of its group to what is trained: a solution's version, or a recommender itself."""
    data = dict.fromkeys(imports, "spec.datasetGroup")
    if address.kind == "Solution":
        edges[Address("SolutionVersion", address.name)] = {address: "metadata.name", **data}
    else:
        edges[address] = {**data, **edges[address]}


def imply_datasets(documents: Documents, edges: Edges) -> None:
    """Adds the datasets of its group to what a filter needs, whose expression is checked by their schemas, and
    a recommender, which is refused without them; and to a batch job that makes themes of its group's items.
    """
    datasets: dict[str, list[Address]] = defaultdict(list)
    for address, document in documents.items():
        if address.kind == "Dataset" and document.spec is not None:
            datasets[document.inputs["datasetGroup"]].append(address)
    for address, document in documents.items():
        if address.kind in ("Filter", "Recommender") and document.spec is not None:
            for dataset in datasets[document.inputs["datasetGroup"]]:
                edges[address].setdefault(dataset, "spec.datasetGroup")
        elif address.kind == "BatchInferenceJob" and document.inputs.get("themeGenerationConfig"):
            solution = documents.get(Address("Solution", document.inputs["solution"]))
            if solution is not None and solution.spec is not None:
                for dataset in datasets[solution.inputs["datasetGroup"]]:
                    edges[address].setdefault(dataset, "spec.themeGenerationConfig")


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
    pairs = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    # An entry of dependsOn or retrainOn is what can be removed, so that is the place to show.
    removable = (pair for pair in pairs if edges[pair[0]][pair[1]].endswith("]"))
    address, needs = next((p for p in removable if edges[p[0]][p[1]].startswith("metadata.")), pairs[0])
    field = edges[address][needs]
    declared = Address("Solution", address.name) if address.kind == "SolutionVersion" else address
    report.add(
        "PZ4006",
        f"{' → '.join(map(str, [*circle, circle[0]]))} is a circle",
        _spot(documents[declared], field),
        expected="resources that do not need each other in a circle",
        hint=f"remove one of the {'retrainOn' if 'retrainOn' in field else 'dependsOn'} entries",
    )


def _dangling(
    document: Document, target: Address, field: str, names: Mapping[str, Sequence[str]], report: Report
) -> None:
    spot = _spot(document, field)
    # A campaign is often called like its solution: that it has the name itself says nothing.
    known = {kind: found for kind, found in names.items() if kind not in (target.kind, document.kind.name)}
    others = [kind for kind, found in known.items() if target.name in found]
    named = [name for name in names[target.kind] if NAME.fullmatch(name)]
    plain = target.name.rpartition("/")[2]
    if others:
        report.add(
            "PZ4002",
            f"{target.name} is {' and '.join(map(with_article, others))}, not {with_article(target.kind)}",
            spot,
            expected=f"the name of {with_article(target.kind)}",
            suggestion=nearest(target.name, named),
        )
        return
    close = plain if plain in named else nearest(target.name, named)
    report.add(
        "PZ4001",
        f"there is no {target.kind} {target.name}",
        spot,
        expected=f"the name of {with_article(target.kind)}, or an ARN",
        suggestion=close,
        hint=None if close else f"declare it: kind: {target.kind}, metadata: {{name: {target.name}}}",
    )


def _address(
    documents: Documents,
    document: Document,
    text: str,
    index: int,
    names: Mapping[str, Sequence[str]],
    report: Report,
    lost: Lost,
) -> Address | None:
    """The resource that an entry of dependsOn names. A Solution's version may be named too."""
    field = f"metadata.dependsOn[{index}]"
    try:
        address = Address.parse(text)
    except ValueError:
        every = [f"{kind}/{name}" for kind, found in names.items() for name in found]
        near = next((one for one in every if one.endswith(f"/{text}")), None) or nearest(text, every)
        report.add(
            "PZ4004", f"{text} is no address", _spot(document, field), expected="Kind/name", suggestion=near
        )
        return None
    if address.kind not in KINDS:
        report.add(
            "PZ2002",
            f"there is no kind {address.kind}",
            _spot(document, field),
            expected=f"one of {', '.join(KINDS)}",
            suggestion=nearest(address.kind, KINDS),
        )
        return None
    declared = "Solution" if address.kind == "SolutionVersion" else address.kind
    if Address(declared, address.name) in documents:
        return address
    if lost.may_hold(address):
        return None
    close = nearest(address.name, names.get(declared, ()))
    report.add(
        "PZ4001",
        f"there is no {address}",
        _spot(document, field),
        expected="the address of a resource of this project",
        suggestion=f"{address.kind}/{close}" if close else None,
    )
    return None


def _check_arn(document: Document, reference: Reference, report: Report) -> None:
    arn = reference.arn or ""
    kind = document.kind.refers_to[reference.field]
    match = ARN.fullmatch(arn)
    if match is None or not match["tail"].startswith(ARN_PREFIXES[kind]):
        field = f"spec.{reference.field}"
        report.add(
            "PZ4003",
            f"{arn} is not the ARN of {with_article(kind)}",
            _spot(document, field),
            expected=f"arn:aws:personalize:REGION:ACCOUNT:{ARN_PREFIXES[kind]}NAME",
        )


def with_article(kind: str) -> str:
    """`a Campaign`, `an EventTracker`."""
    return f"{'an' if kind[:1] in 'AEIOU' else 'a'} {kind}"


def _spot(document: Document, field: str) -> Spot:
    return Spot(document.positions.get(field, document.position), document.address, field)
