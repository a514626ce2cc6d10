"""What is there, enumerated and given names, before any of it comes under management.

Where names have a prefix, what has none is another environment's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pzdecl.adoption import pairing, reading
from pzdecl.adoption.one import newest_version
from pzdecl.engine.data.location import data_files
from pzdecl.engine.errors import ResourceNotFoundException
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind, Status
from pzdecl.kinds.listing import items
from pzdecl.kinds.names import NAME_PATTERN
from pzdecl.manifests.model import Desired, Project
from pzdecl.plan.refresh import describe, each, tags_of
from pzdecl.providers.client import ReadClient

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
    declared: bool = False
    """A manifest declares it already."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is at an ARN."""

    arn: str
    description: Mapping[str, Any]
    tags: Mapping[str, str]


class Survey:
    """Enumerates what is there and gives it names."""

    def __init__(self, client: ReadClient, known: Mapping[str, Address], project: Project) -> None:
        self._client = client
        self._names = {arn: address.name for arn, address in known.items()}
        self._managed = set(known)
        self._taken = {(a.kind, a.name) for a in (*project.resources, *known.values())}
        self._prefix = project.name_prefix
        self._wanted = pairing.Wanted(project, known.values())
        self._others: set[str] = set()
        """The ARNs of what other environments have, by their names."""
        self._adopted = set(known.values())
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
        if self._others:
            what = "1 resource" if len(self._others) == 1 else f"{len(self._others)} resources"
            self.left.append(f"{what} of other environments: their names do not begin with {self._prefix}")
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
        listed = [(str(one[kind.operations.arn_key]), one) for one in items(self._client, kind.operations)]
        found = {arn: str(one.get("name") or "") for arn, one in listed if arn not in self._managed}
        self._wanted.meet(kind, found.values())
        return list(found)

    def _past(self, kind: Kind) -> None:
        if count := len(self._listed(kind)):
            self.left.append(
                f"{count} past {kind.name}{'s' if count > 1 else ''}: jobs are declared to be run anew"
            )

    def _one(self, kind: Kind, look: Look, name: str | None = None) -> Iterator[Found]:
        arn, description = look.arn, look.description
        if self._elsewhere(kind, look):
            self._others.add(arn)
            return
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
        called = name or str(description.get("name") or description.get("jobName"))
        declared = self._wanted.take(kind, called)
        if declared and (missing := self._missing(declared)):
            self.left.append(
                f"{arn}: the manifest of {declared.address} refers to {missing}, which is not there"
            )
            return
        own = declared.address.name if declared else self._free(kind, self._without_prefix(called))
        self._names[arn] = own
        group = str(description.get("datasetGroupArn") or "").rpartition("/")[2]
        if kind.name == "DatasetGroup":
            group = str(description["name"])
        self._groups[arn] = group = group or self._groups.get(str(description.get("datasetArn")), "")
        if kind.name == "Campaign":
            solution = str(description["solutionVersionArn"]).rpartition("/")[0]
            self._groups[arn] = group = self._groups.get(solution, "")
        if kind.name == "Solution" and not declared:
            found |= self._training(own, newest)
        self._adopted.add(Address(kind.name, own))
        file = self._without_prefix(group)
        yield Found(kind, arn, description, own, found, look.tags, file, declared is not None)

    def _elsewhere(self, kind: Kind, look: Look) -> bool:
        """Whether it is another environment's: its name has not this one's prefix, or what it is in has not."""
        if not self._prefix:
            return False
        if kind.name in ("DatasetGroup", "Schema"):
            return not str(look.description["name"]).startswith(self._prefix)
        above = [str(look.description.get(key) or "") for key in ("datasetGroupArn", "datasetArn")]
        above.append(str(look.description.get(reading.VERSION) or "").rpartition("/")[0])
        return any(arn in self._others for arn in above)

    def _without_prefix(self, name: str) -> str:
        bare = name.removeprefix(self._prefix)
        return bare if re.fullmatch(NAME_PATTERN, bare) else name

    def _missing(self, declared: Desired) -> Address | None:
        """What its manifest refers to and was not found."""
        targets = (reference.target for reference in declared.references)
        return next((one for one in targets if one and one not in self._adopted), None)

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
            listed = [job for job in listed if job not in self._wanted.former(kind, listed)]
            for look in self._looks(kind, listed):
                job = look.arn
                for found in self._one(kind, look, pairing.plain(job.rpartition("/")[2])):
                    location = str(found.spec["dataSource"]["dataLocation"])
                    if not found.declared and "://" not in location and not data_files(Path(location)):
                        self.left.append(f"{job}: its data is no more at {location}")
                        self._taken.discard((kind.name, found.name))
                        continue
                    yield found
