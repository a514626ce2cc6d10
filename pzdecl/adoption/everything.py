"""`pzdecl adopt --all`: everything in an account or an engine that no state here knows, manifests included.

What a manifest declares already, by the name that a plan would give it, is taken for that, so that a state that
was lost comes back as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pzdecl.adoption import placing, writing
from pzdecl.adoption.one import newest_version, recording
from pzdecl.adoption.rows import Adopter
from pzdecl.adoption.surveying import Found, Survey
from pzdecl.engine.errors import ResourceNotFoundException
from pzdecl.errors import PzdeclError, UsageError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Desired
from pzdecl.plan.refresh import describe
from pzdecl.project.fitting import check_target
from pzdecl.providers.client import ReadClient
from pzdecl.state.model import Recorded

if TYPE_CHECKING:
    from pzdecl.project import Project


@dataclass(frozen=True, slots=True)
class Adopted:
    """What came under management, which files were written, and what was left or taken for granted.

    `declared` are those of the addresses that manifests had declared before.
    """

    addresses: tuple[Address, ...]
    files: tuple[str, ...]
    left: tuple[str, ...]
    assumed: tuple[str, ...]
    declared: tuple[Address, ...] = ()


def adopt_all(project: Project, into: Path, again: Callable[[], Project]) -> Adopted:
    """Records everything that no row of the state names, and writes a manifest for what none declares.

    into   a folder below the project's root that is not there yet, or is empty
    again  loads the project anew, with the manifests that were written

    The manifests go again where the project does not load with them; state is written in one transaction after
    that. Where a run was killed before that transaction, the next one begins anew.

    Raises UsageError, InvalidProject, PzdeclError (the state is about another account, too), ServiceError.
    """
    root = project.root.resolve()
    into = (root / into).resolve()
    if not into.is_relative_to(root) or into == root:
        raise UsageError(f"--into {into} is not below the project's folder", hint="name a new folder in it")
    taken = not placing.marked(into) and _taken(into)
    _refuse_unfinished(into, root, project)
    with project.locked(command="adopt --all") as state, project.client() as client:
        rows = state.resources()
        if placing.unfinished(into, root, (row.source for row in rows.values())):
            placing.take_back(into, existed=False)
            project = again()
        known = {row.arn: address for address, row in rows.items()}
        check_target(client, known, "the state")
        survey = Survey(client, known, project.declared)
        found = survey.all()
        unknown = [one for one in found if not one.declared]
        if taken and (unknown or not found):
            raise UsageError(f"--into {into} is there already", hint="name a new folder")
        if not found:
            return Adopted((), (), tuple(survey.left), ())
        existed, files, declared = into.exists(), [], project.declared
        try:
            if unknown:
                files = writing.write(unknown, root, into, placing.draft(into))
                placing.place(into)
                declared = again().declared
            adopter = Adopter(declared, client, rows)
            new = _rows(found, declared.resources, adopter, client)
            with recording(state, "adopt --all", len(new)) as run:
                for row in new:
                    deletable = KINDS[row.address.kind].deletable
                    state.record(run, f"adopt:{row.address}", row, deletable=deletable)
        except BaseException:
            if unknown:
                placing.take_back(into, existed=existed)
            raise
        placing.finish(into)
    addresses = tuple(sorted(row.address for row in new))
    before = tuple(sorted(Address(one.kind.name, one.name) for one in found if one.declared))
    return Adopted(addresses, tuple(files), tuple(survey.left), (*survey.notes, *adopter.assumed), before)


def _taken(into: Path) -> bool:
    return into.exists() and (not into.is_dir() or any(into.iterdir()))


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
