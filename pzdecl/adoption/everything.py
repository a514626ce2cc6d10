"""`pzdecl adopt --all`: everything in an account or an engine that no state here knows, manifests included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.adoption import placing, reading, writing
from pzdecl.adoption.one import newest_version, recording
from pzdecl.adoption.rows import Adopter
from pzdecl.engine.data.location import data_files
from pzdecl.engine.errors import ResourceNotFoundException
from pzdecl.errors import PzdeclError, UsageError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind, Status
from pzdecl.kinds.listing import items
from pzdecl.manifests.model import Desired
from pzdecl.plan.refresh import describe, each, tags_of
from pzdecl.providers.client import ReadClient
from pzdecl.state.model import Recorded

if TYPE_CHECKING:
    from pzdecl.project import Project

RUN_NAME = re.compile(r"(.+)-[0-9a-f]{8}")
"""A job's name as plans give them: the address's, and what tells runs apart."""
PAST = ("BatchInferenceJob", "BatchSegmentJob", "DatasetExport")
"""Jobs of which the past ones are not worth declaring: they would be run again when something changes."""


@dataclass(slots=True)
class Found:
    """Something that is there: its description, its spec, and the name that it gets here."""

    kind: Kind
    arn: str
    description: Mapping[str, Any]
    name: str
    spec: dict[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    """The name of its dataset group, by which manifests are sorted into files."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is at an ARN."""

    arn: str
    description: Mapping[str, Any]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Adopted:
    """What came under management, which files were written, and what was left or taken for granted."""

    addresses: tuple[Address, ...]
    files: tuple[str, ...]
    left: tuple[str, ...]
    assumed: tuple[str, ...]


def adopt_all(project: Project, into: Path, again: Callable[[], Project]) -> Adopted:
    """Writes a manifest for everything that no row of the state names, and records it.

    into   a folder below the project's root that is not there yet, or is empty
    again  loads the project anew, with the manifests that were written

    The manifests go again where the project does not load with them; state is written in one transaction after
    that. Where a run was killed before that transaction, the next one begins anew.

    Raises UsageError, InvalidProject, PzdeclError, ServiceError.
    """
    root = project.root.resolve()
    into = (root / into).resolve()
    if not into.is_relative_to(root) or into == root:
        raise UsageError(f"--into {into} is not below the project's folder", hint="name a new folder in it")
    if not placing.marked(into):
        _refuse_taken(into)
    _refuse_unfinished(into, root, project)
    with project.locked(command="adopt --all") as state, project.client() as client:
        rows = state.resources()
        if placing.unfinished(into, root, (row.source for row in rows.values())):
            placing.take_back(into, existed=False)
            project = again()
        known = {row.arn: address for address, row in rows.items()}
        survey = Survey(client, known, set(project.declared.resources))
        found = survey.all()
        if not found:
            return Adopted((), (), tuple(survey.left), ())
        _refuse_taken(into)
        existed = into.exists()
        try:
            files = writing.write(found, root, into, placing.draft(into))
            placing.place(into)
            declared = again().declared
            adopter = Adopter(declared, client, rows)
            new = _rows(found, declared.resources, adopter, client)
            with recording(state, "adopt --all", len(new)) as run:
                for row in new:
                    deletable = KINDS[row.address.kind].deletable
                    state.record(run, f"adopt:{row.address}", row, deletable=deletable)
        except BaseException:
            placing.take_back(into, existed=existed)
            raise
        placing.finish(into)
    addresses = tuple(sorted(row.address for row in new))
    return Adopted(addresses, tuple(files), tuple(survey.left), (*survey.notes, *adopter.assumed))


def _refuse_taken(into: Path) -> None:
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UsageError(f"--into {into} is there already", hint="name a new folder")


def _refuse_unfinished(into: Path, root: Path, project: Project) -> None:
    """What a killed run declared must not be taken for somebody's own manifests."""
    folders = {root / desired.position.file for desired in project.declared.resources.values()}
    for folder in sorted({file.parent for file in folders} - {into}):
        if placing.marked(folder):
            name = folder.relative_to(root).as_posix()
            raise UsageError(
                f"an earlier `adopt --all` was cut short when it had written {name}",
                hint=f"go on with it: pzdecl adopt --all --into {name}",
            )


def _rows(
    found: Sequence[Found], resources: Mapping[Address, Desired], adopter: Adopter, client: ReadClient
) -> list[Recorded]:
    """The rows of what was found, and of the newest versions of solutions."""
    rows: list[Recorded] = []
    for one in found:
        try:
            desired = resources[Address(one.kind.name, one.name)]
            rows.append(adopter.row(desired, one.arn, one.description, one.tags))
            rows += _version(one, resources, adopter, client)
        except ResourceNotFoundException as error:
            raise PzdeclError(
                f"{one.arn} was deleted while everything was adopted", hint="run it again: nothing was changed"
            ) from error
    return rows


def _version(
    one: Found, resources: Mapping[Address, Desired], adopter: Adopter, client: ReadClient
) -> list[Recorded]:
    """The row of a solution's newest trained version, where there is one."""
    desired = resources.get(Address("SolutionVersion", one.name))
    if one.kind.name != "Solution" or desired is None:
        return []
    newest = newest_version(client, one.arn)
    about = describe(KINDS["SolutionVersion"], newest, client) if newest else None
    return [adopter.row(desired, newest, about)] if newest and about else []


class Survey:
    """Enumerates what is there and gives it names."""

    def __init__(self, client: ReadClient, known: Mapping[str, Address], declared: set[Address]) -> None:
        self._client = client
        self._names = {arn: address.name for arn, address in known.items()}
        self._managed = set(known)
        self._taken = {(address.kind, address.name) for address in (*declared, *known.values())}
        self._groups: dict[str, str] = {}
        self.left: list[str] = []
        """What is there and stays unmanaged, and why."""
        self.notes: list[str] = []

    def all(self) -> list[Found]:
        """Everything that can be declared, in the order in which it would be created."""
        found: list[Found] = []
        for kind in KINDS.values():
            if not kind.declared or kind.name == "DatasetImport":
                continue
            if kind.name in PAST:
                self._past(kind)
                continue
            for look in self._looks(kind, self._listed(kind)):
                found += self._one(kind, look)
            if kind.name == "Dataset":
                found += self._imports()
        return self._still_there(found)

    def _looks(self, kind: Kind, arns: Sequence[str]) -> Iterator[Look]:
        """What is at ARNs, asked for side by side where the service is far away."""

        def look(arn: str) -> Look | None:
            description = describe(kind, arn, self._client)
            if description is None:
                return None
            return Look(arn, description, (tags_of(arn, self._client) or {}) if kind.taggable else {})

        return (one for one in each(look, arns) if one is not None)

    def _still_there(self, found: list[Found]) -> list[Found]:
        """Without what was deleted while others were looked at: looking at hundreds takes a while."""
        there: dict[str, set[str]] = {}
        for kind in {one.kind.name: one.kind for one in found}.values():
            there[kind.name] = {
                str(one[kind.operations.arn_key]) for one in items(self._client, kind.operations)
            }
        gone = [one for one in found if one.arn not in there[one.kind.name]]
        self.left += [f"{one.arn}: it was deleted meanwhile" for one in gone]
        return [one for one in found if one.arn in there[one.kind.name]]

    def _listed(self, kind: Kind) -> list[str]:
        arns = [str(one[kind.operations.arn_key]) for one in items(self._client, kind.operations)]
        return [arn for arn in arns if arn not in self._managed]

    def _past(self, kind: Kind) -> None:
        if count := len(self._listed(kind)):
            self.left.append(
                f"{count} past {kind.name}{'s' if count > 1 else ''}: jobs are declared to be run anew"
            )

    def _one(self, kind: Kind, look: Look, name: str | None = None) -> Iterator[Found]:
        arn, description = look.arn, look.description
        if kind.status(description) is not Status.READY:
            self.left.append(f"{arn}: its status is {description.get('status')}")
            return
        try:
            found = reading.spec(kind, description, self._named, self._client)
            reading.inputs(kind, found)
            newest = self._newest(arn) if kind.name == "Solution" else None
        except ResourceNotFoundException:
            self.left.append(f"{arn}: it was deleted meanwhile")
            return
        except (ValueError, KeyError, TypeError) as error:
            first = str(error).splitlines()[0]
            self.left.append(f"{arn}: no manifest can say what it is ({first})")
            return
        parents = [
            value for key, value in found.items() if key in ("solution", "dataset", "datasetGroup", "schema")
        ]
        foreign = [value for value in parents if isinstance(value, str) and value in self._unmade]
        if foreign:
            self.left.append(f"{arn}: it belongs to {foreign[0]}, which stays unmanaged")
            return
        own = self._free(kind, name or str(description.get("name") or description.get("jobName")))
        self._names[arn] = own
        group = str(description.get("datasetGroupArn") or "").rpartition("/")[2]
        if kind.name == "DatasetGroup":
            group = str(description["name"])
        self._groups[arn] = group = group or self._groups.get(str(description.get("datasetArn")), "")
        if kind.name == "Campaign":
            solution = str(description["solutionVersionArn"]).rpartition("/")[0]
            self._groups[arn] = group = self._groups.get(solution, "")
        if kind.name == "Solution":
            found |= self._training(own, newest)
        yield Found(kind, arn, description, own, found, look.tags, group)

    def _newest(self, solution: str) -> Mapping[str, Any] | None:
        """The description of a solution's newest trained version."""
        newest = newest_version(self._client, solution)
        return describe(KINDS["SolutionVersion"], newest, self._client) if newest else None

    def _training(self, name: str, about: Mapping[str, Any] | None) -> dict[str, Any]:
        """How its newest version was trained; what never was is left alone until somebody asks for it."""
        if about is None:
            self.notes.append(f"Solution/{name} was never trained: its manifest says training.when: manual")
            return {"training": {"when": "manual"}}
        return {"training": {"trainingMode": "UPDATE"}} if about.get("trainingMode") == "UPDATE" else {}

    @property
    def _unmade(self) -> set[str]:
        """ARNs of what was left: what is below it would refer to nothing."""
        return {entry.partition(": ")[0] for entry in self.left}

    def _named(self, kind: str, arn: str) -> str:
        del kind
        return self._names.get(arn, arn)

    def _free(self, kind: Kind, name: str) -> str:
        """A name that no other address of the kind has."""
        free, count = name, 1
        while (kind.name, free) in self._taken:
            count += 1
            free = f"{name[:60]}-{count}"
        self._taken.add((kind.name, free))
        return free

    def _imports(self) -> Iterator[Found]:
        """Of every dataset the imports that made its content: the newest FULL one and what was added to it."""
        kind, datasets = KINDS["DatasetImport"], KINDS["Dataset"]
        for dataset in items(self._client, datasets.operations):
            arn = str(dataset[datasets.operations.arn_key])
            if arn not in self._names:
                continue
            jobs = [
                one for one in items(self._client, kind.operations, datasetArn=arn) if one["status"] == "ACTIVE"
            ]
            jobs.sort(key=lambda one: one["creationDateTime"])
            full = max((place for place, one in enumerate(jobs) if one.get("importMode") == "FULL"), default=0)
            listed = [str(one[kind.operations.arn_key]) for one in jobs[full:]]
            if any(job in self._managed for job in listed):
                continue
            for look in self._looks(kind, listed):
                job = look.arn
                for found in self._one(kind, look, _plain(job)):
                    location = str(found.spec["dataSource"]["dataLocation"])
                    if "://" not in location and not data_files(Path(location)):
                        self.left.append(f"{job}: its data is no more at {location}")
                        self._taken.discard((kind.name, found.name))
                        continue
                    yield found


def _plain(arn: str) -> str:
    """The name of a run without what tells it from others."""
    name = arn.rpartition("/")[2]
    found = RUN_NAME.fullmatch(name)
    return found[1] if found else name
